import { type Divergence, DIVERGENCES } from './divergences';
import { type Part, PARTS } from './parts';

/* What a run has shown, as a page and as a few lines. */

/** What jest writes with `--json`, as far as it is needed. */
export interface TestRun {
  testResults: Array<{ assertionResults: Array<{ ancestorTitles: string[]; title: string; fullName: string; status: string }> }>;
}

export interface Evidence {
  test: string;
  counts: Record<string, number>;
}

interface Behaviour {
  part: string;
  group: string;
  title: string;
  counts: Record<string, number>;
}

export function page(run: TestRun, evidence: Evidence[]): string {
  const shown = behavioursOf(run, evidence);
  return [
    '# What other people\'s engines say',
    'Written by `npm run e2e`, from what that run has shown; not by hand. The sandbox is ours, and may share our misunderstandings: here, software judges that nobody here wrote.',
    ...table(['', 'engines', 'behaviours', 'seen'], PARTS.map((part) => {
      const own = shown.filter(({ part: title }) => title === part.title);
      return [`[${part.title}](#${anchor(part.title)})`, part.engines.join(', '), String(own.length), text(sum(own))];
    })),
    `${counted(shown.length, 'behaviour')}, ${counted(DIVERGENCES.length, 'known divergence')} of an engine.`,
    ...PARTS.flatMap((part) => section(part, shown.filter(({ part: title }) => title === part.title))),
  ].join('\n\n').concat('\n');
}

export function summary(run: TestRun, evidence: Evidence[]): string {
  const shown = behavioursOf(run, evidence);
  const lines = PARTS.map((part) => ({ part, own: shown.filter(({ part: title }) => title === part.title) })).filter(({ own }) => own.length > 0).map(({ part, own }) => {
    return `${part.title} (${part.engines.join(', ')}): ${[counted(own.length, 'behaviour'), text(sum(own))].filter(Boolean).join('; ')}`;
  });
  return `${lines.join('\n')}\n${shown.length} passed, 0 failed\n`;
}

function section(part: Part, behaviours: Behaviour[]): string[] {
  const groups = [...new Set(behaviours.map(({ group }) => group))];
  const known = DIVERGENCES.filter((divergence) => divergence.part === part.title);
  return [
    `## ${part.title}`,
    part.about,
    ...groups.flatMap((group) => [
      ...group ? [`### ${group}`] : [],
      behaviours.filter((behaviour) => behaviour.group === group).map(({ title, counts }) => `* ${[title, text(counts)].filter(Boolean).join(' — ')}`).join('\n'),
    ]),
    ...known.length > 0 ? ['### Where the engine differs from AWS', ...table(['engine', 'what it does', 'covered by'], known.map(row))] : [],
  ];
}

function row({ engine, what, coveredBy }: Divergence): string[] {
  return [engine, what, `\`${coveredBy.file}\`: ${coveredBy.test}`];
}

function behavioursOf(run: TestRun, evidence: Evidence[]): Behaviour[] {
  return run.testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').map(({ ancestorTitles, title, fullName }) => {
    const [part, ...groups] = ancestorTitles;
    if (!PARTS.some((known) => known.title === part)) throw new Error(`"${fullName}" is in no part of parts.ts`);
    const own = evidence.filter(({ test }) => test === fullName);
    return { part, group: groups.join(': '), title, counts: sum(own) };
  });
}

function sum(all: Array<{ counts: Record<string, number> }>): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { counts } of all) for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
  return total;
}

function text(counts: Record<string, number>): string {
  return Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function anchor(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9 -]/g, '').replace(/ /g, '-');
}

function table(head: string[], rows: string[][]): string[] {
  return [[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`).join('\n')];
}
