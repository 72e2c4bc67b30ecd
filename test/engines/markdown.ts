/** A table of Markdown. Cells may have bars in them. */
export function table(head: string[], rows: Array<Array<string | number>>): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => String(cell).replace(/\|/g, '\\|')).join(' | ')} |`)
    .join('\n');
}

/** What GitHub makes of a heading, for links to it. */
export function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replace(/ /g, '-');
}

/** The blocks of a page, with one sentence a line in its paragraphs. */
export function blocksOf(blocks: string[]): string {
  const isProse = (block: string) => !/^[|#!<`]/.test(block);
  const broken = (block: string) => block.replace(/(?<=[.!?]) (?=[A-Z]|cfn-lint )/g, '\n');
  return `${blocks.map((block) => (isProse(block) ? broken(block) : block)).join('\n\n')}\n`;
}
