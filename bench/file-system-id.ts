/** Each backup has a source of its own. */
export function fileSystemId(nth: number): string {
  return `fs-${nth.toString(16).padStart(17, '0')}`;
}
