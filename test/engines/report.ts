import type { Divergence } from './divergences';
import type { Evidence } from './evidence';
import type { ExplainedFinding } from './explained-findings';
import { anchor, blocksOf, table } from './markdown';
import { type Part, PARTS } from './parts';

/* What a run has shown, as a page and as a few lines. */

/** What jest writes with `--json`, as far as it is needed. */
export interface TestRun {
  testResults: Array<{
    name: string;
    assertionResults: Array<{ ancestorTitles: string[]; title: string; fullName: string; status: string }>;
  }>;
}

interface Shown {
  part: string;
  group: string;
  title: string;
  counts: Record<string, number>;
  divergence?: Divergence;
}

export function page(run: TestRun, evidence: Evidence[]): string {
  const shown = shownBy(run, evidence);
  return blocksOf([
    "# What other people's engines say",
    'Written by `npm run e2e`, from what that run has shown; not by hand. The sandbox is ours, and may ' +
      'share our misunderstandings: here, software judges that nobody here wrote.',
    table(
      ['', 'engines', 'behaviours', 'known divergences', 'seen'],
      PARTS.map((part) => {
        const own = ofPart(part, shown);
        return [
          `[${part.title}](#${anchor(part.title)})`,
          part.engines.join(', '),
          String(behavioursIn(own).length),
          String(own.length - behavioursIn(own).length),
          text(sum(own)),
        ];
      }),
    ),
    ...PARTS.flatMap((part) => section(part, ofPart(part, shown))),
  ]);
}

export function summary(run: TestRun, evidence: Evidence[]): string {
  const shown = shownBy(run, evidence);
  const lines = PARTS.map((part) => ({ part, own: ofPart(part, shown) }))
    .filter(({ own }) => own.length > 0)
    .map(({ part, own }) => {
      const behaviours = behavioursIn(own).length;
      const counts = [
        counted(behaviours, 'behaviour'),
        counted(own.length - behaviours, 'known divergence'),
        text(sum(own)),
      ]
        .filter(Boolean)
        .join(', ');
      return (
        `${[part.title, ...(part.engines.length > 0 ? [`(${part.engines.join(', ')})`] : [])].join(' ')}: ` +
        `${counts}`
      );
    });
  return `${lines.join('\n')}\n${shown.length} passed, 0 failed\n`;
}

function section(part: Part, shown: Shown[]): string[] {
  const behaviours = behavioursIn(shown);
  const groups = [...new Set(behaviours.map(({ group }) => group))];
  const divergences = shown.flatMap(({ divergence }) => (divergence ? [divergence] : []));
  return [
    `## ${part.title}`,
    part.about,
    ...groups.flatMap((group) => [
      ...(group ? [`### ${sentence(group)}`] : []),
      behaviours
        .filter((behaviour) => behaviour.group === group)
        .map(({ title, counts }) => `* ${[sentence(title), text(counts)].filter(Boolean).join(' — ')}`)
        .join('\n'),
    ]),
    ...(divergences.length > 0
      ? [
          '### Where the engine differs from AWS',
          table(['engine', 'what it does', 'the sandbox does, in'], divergences.map(row)),
        ]
      : []),
    ...(part.explained
      ? [
          '### Findings that stand',
          table(['finding', 'in', 'why it stands'], part.explained.map(explanation)),
        ]
      : []),
  ];
}

function row({ engine, what, coveredBy }: Divergence): string[] {
  const [file, title] = coveredBy;
  return [engine, what, `\`${file}\`: ${title}`];
}

function explanation({ rules, what, where, why }: ExplainedFinding): string[] {
  const code = (names: string[]) => names.map((name) => `\`${name}\``).join(', ');
  return [what ? `${rules.join(', ')}: ${code(what)}` : rules.join(', '), code(where), why];
}

function shownBy(run: TestRun, evidence: Evidence[]): Shown[] {
  // jest gives them as they end
  const files = [...run.testResults].sort((one, other) => (one.name < other.name ? -1 : 1));
  return files
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed')
    .map(({ ancestorTitles, title, fullName }) => {
      const [part, ...groups] = ancestorTitles;
      if (!PARTS.some((known) => known.title === part)) {
        throw new Error(`"${fullName}" is in no part of parts.ts`);
      }
      const own = evidence.filter(({ test }) => test === fullName);
      return {
        part,
        group: groups.join(': '),
        title,
        counts: sum(own),
        divergence: own.find(({ divergence }) => divergence)?.divergence,
      };
    });
}

function ofPart(part: Part, shown: Shown[]): Shown[] {
  return shown.filter(({ part: title }) => title === part.title);
}

function behavioursIn(shown: Shown[]): Shown[] {
  return shown.filter(({ divergence }) => !divergence);
}

function sum(all: Array<{ counts?: Record<string, number> }>): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { counts } of all) {
    for (const [what, count] of Object.entries(counts ?? {})) total[what] = (total[what] ?? 0) + count;
  }
  return total;
}

function text(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function sentence(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
