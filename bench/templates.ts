import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { child } from './child';
import { atMost, type Section } from './goals';
import { kilobytes, ratio } from './page';
import { root, work } from './paths';
import { linksOf } from './polls';
import { table } from '../test/engines/markdown';

export interface Synthesized {
  readonly count: number;
  readonly milliseconds: number;
  readonly resources: number;
  readonly templateBytes: number;
  readonly assets: number;
}

export const SUBJECTS: Record<string, string> = {
  'cdk-fsx-backup': 'cdk-fsx-backup',
  'cdk-fsx-backup-own-sources': 'the same, each source defined in the stack',
  'cdk-fsx-backup-twelve-hours': 'the same, `timeout` of 12 h',
  'provider-framework': 'Provider framework',
  'in-lambda-polling': 'in-Lambda polling (15 min at most)',
  'aws-custom-resource': 'AwsCustomResource (waits for nothing)',
  'cfn-backup': '`AWS::FSx::Backup`, where it is enough',
};
const COUNTS = [1, 10, 100, 400];
/** Not with so many backups as the others. */
export const LONG = 'cdk-fsx-backup-twelve-hours';
/** More than 500 resources are too many for a stack, and here each backup has 14. */
const LONG_COUNTS = COUNTS.slice(0, 2);
/** Resources for each backup: its own, and its continuations. */
const FOR_EACH: Record<string, number> = {
  'cdk-fsx-backup': 1,
  'cdk-fsx-backup-own-sources': 1,
  [LONG]: linksOf(12 * 3600),
};
const WHICH: Record<string, string> = {
  'cdk-fsx-backup-own-sources': ', each of a source of the stack',
  [LONG]: ', each with a timeout of 12 h',
};

export function synthesize(
  subject: string,
  rounds: number[],
  options: { isOldest?: boolean; hasFlags?: boolean } = {},
): Promise<Synthesized[]> {
  const library = options.isOldest ? 'aws-cdk-lib' : 'aws-cdk-lib-latest';
  const flags = options.hasFlags
    ? JSON.parse(readFileSync(join(root, 'node_modules', library, 'recommended-feature-flags.json'), 'utf8'))
    : {};
  const context = { ...flags, '@aws-cdk/core:stackResourceLimit': 0 }; // to be told how many they would be
  return child(
    'synthesize.cjs',
    { subject: join(work, `${subject}.js`), rounds, context },
    { preload: options.isOldest ? undefined : 'latest.cjs' },
  );
}

/** What a stack with so many backups consists of. */
export async function measureTemplates(): Promise<Section> {
  const rows: string[][] = [];
  const goals: Section['goals'] = [];
  for (const [subject, title] of Object.entries(SUBJECTS)) {
    const isOwnSources = subject === 'cdk-fsx-backup-own-sources';
    const counts = subject === LONG ? LONG_COUNTS : COUNTS;
    const [plain, flagged] = [
      await synthesize(subject, counts),
      await synthesize(subject, counts, { hasFlags: true }),
    ];
    const resources = (all: Synthesized[]) =>
      all.map((one) => (isOwnSources ? one.resources - one.count : one.resources));
    rows.push([
      title,
      ...COUNTS.map((count, nth) =>
        counts.includes(count) ? both(resources(plain)[nth], resources(flagged)[nth]) : '–',
      ),
      plain.map(({ templateBytes }) => kilobytes(templateBytes)).join(', '),
      both(plain[0].assets, flagged[0].assets),
    ]);
    const each = FOR_EACH[subject];
    if (each === undefined) continue;
    const oldest = [
      await synthesize(subject, counts, { isOldest: true }),
      await synthesize(subject, counts, { isOldest: true, hasFlags: true }),
    ];
    const [none, ...others] = [plain, flagged, ...oldest].map(resources);
    const which = WHICH[subject] ?? '';
    goals.push(
      atMost(`resources for the first backup${which}`, 7 + each, none[0]),
      atMost(
        `resources for each of the next ${counts.at(-1)! - 1}${which}`,
        each,
        (none.at(-1)! - none[0]) / (counts.at(-1)! - 1),
        ratio,
      ),
      ...(counts.length > 2
        ? [atMost(`resources for each of the next 9${which}`, each, (none[1] - none[0]) / 9, ratio)]
        : []),
      atMost(
        `resources that feature flags or the oldest aws-cdk-lib add${which}`,
        0,
        Math.max(...others.flatMap((all) => all.map((count, nth) => count - none[nth]))),
      ),
    );
  }
  return {
    title: 'Resources',
    goals,
    blocks: [
      'CloudFormation resources of a stack with so many backups, with no feature flag; in brackets with ' +
        'all that CDK recommends, where that differs. File systems are not counted. More than 500 are too ' +
        'many for a stack. A backup has one continuation for each 55 minutes, or part of them, that its ' +
        '`timeout` is longer than 55 minutes.',
      table(['', ...COUNTS.map((count) => `${count}`), `template for ${COUNTS.join(', ')}`, 'assets'], rows),
    ],
  };
}

function both(plain: number, flagged: number): string {
  return plain === flagged ? `${plain}` : `${plain} (${flagged})`;
}
