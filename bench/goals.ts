/** What was aimed at, and whether it was met. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly isMet: boolean;
}

/** A part of the page: what was measured, as Markdown, and what it says about the goals. */
export interface Section {
  readonly title: string;
  readonly goals: Goal[];
  readonly blocks: string[];
  /** SVG by file name */
  readonly plots?: Record<string, string>;
}

/** A value that is no number is no success. */
export function atMost(
  what: string,
  limit: number,
  value: number,
  show: (value: number) => string = String,
): Goal {
  return { what, wanted: `≤ ${show(limit)}`, got: show(value), isMet: value <= limit };
}
