import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/* docs/runbook.md as a test reads it: each heading, its command, and the answer that it promises. */

const PAGE = readFileSync(resolve(__dirname, '../../docs/runbook.md'), 'utf8');
/** The blocks that somebody would paste into a shell. */
const SHELL = /^```(?:sh|bash|shell|console)\n([^]*?)^```$/gm;
const ANSWER = /^```text\n([^]*?)^```$/m;

export interface Section {
  readonly heading: string;
  readonly commands: string[];
  /** one line for each line that is printed; `…` stands for what differs */
  readonly answer?: string;
}

export const SECTIONS: Section[] = PAGE.split(/^## /m)
  .slice(1)
  .map((text) => ({
    heading: text.slice(0, text.indexOf('\n')),
    commands: [...text.matchAll(SHELL)].map(([, command]) => command),
    answer: ANSWER.exec(text)?.[1],
  }));

/** The languages of all blocks, before the first heading, too. */
export const LANGUAGES = [...PAGE.matchAll(/^```([^\n]+)\n[^]*?^```$/gm)].map(([, language]) => language);

export function sectionOf(heading: string): Section {
  const section = SECTIONS.find((one) => one.heading === heading);
  if (!section) throw new Error(`docs/runbook.md has no section "${heading}"`);
  return section;
}

/** The permissions that the page asks for. */
export const PERMISSIONS = [...PAGE.matchAll(/`((?:cloudformation|fsx|states|logs):\w+)`/g)].map(
  ([, action]) => action,
);

/** The commands of AWS's CLI that the page names in its text. */
export const MENTIONED = [...PAGE.matchAll(/`aws ([\w-]+ [\w-]+)`/g)].map(([, command]) => command);

/** What the command that restores needs for other kinds of file systems. */
export const RESTORED_WITH = [...PAGE.matchAll(/^\| (\w+) \| `(--[^`]+)` \|$/gm)].map(([, kind, options]) => [
  kind.toUpperCase(),
  options,
]);

/** What is printed, as far as the page says so. */
export function patternOf(answer: string): RegExp {
  const lines = answer
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/…/).map(literal).join('.*?'));
  return new RegExp(`^${lines.join('\n')}$`);
}

/** Columns are apart by a tab or by blanks. */
export function plain(output: string): string {
  return output
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .join('\n');
}

function literal(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
