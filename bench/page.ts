import type { Goal, Section } from './goals';
import { anchor, blocksOf, table } from '../test/engines/markdown';

export function page(sections: Section[], machine: string[][]): string {
  const goals = sections.flatMap((section) => section.goals.map((goal) => goalRow(section, goal)));
  return blocksOf([
    '# Benchmarks',
    'Written by `npm run bench`, in one run, side by side with what people would use instead; not by ' +
      'hand. Ratios count. Absolute figures are those of one machine, and only illustrate.',
    '## Goals',
    table(['', 'goal', 'measured', 'met'], goals),
    '## Machine',
    table(['', ''], machine),
    ...sections.flatMap(({ title, blocks, plots = {} }) => [
      `## ${title}`,
      ...blocks,
      ...Object.keys(plots).map((name) => `![${title}](benchmarks/${name}.svg)`),
    ]),
  ]);
}

function goalRow({ title }: Section, { what, wanted, got, isMet }: Goal): string[] {
  return [`[${title}](#${anchor(title)}): ${what}`, wanted, got, isMet ? 'yes' : '**no**'];
}

export const ratio = (value: number) => value.toFixed(2);
export const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const kilobytes = (value: number) => `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} KB`;
export const megabytes = (value: number) => `${Math.round(value / 1024 ** 2)} MiB`;

export function time(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  return seconds < 3600
    ? `${Number((seconds / 60).toFixed(1))} min`
    : `${Number((seconds / 3600).toFixed(1))} h`;
}
