import { atMost, type Section } from './goals';
import { median } from './median';
import { milliseconds, ratio } from './page';
import { LONG, SUBJECTS, synthesize } from './templates';
import { table } from '../test/engines/markdown';

const MORE = 100;
/** Backups that are each triggered by 300 resources. */
const TRIGGERED = 'cdk-fsx-backup-triggers';
const FEW = 100;
const MANY = 400;

/** What synthesis takes longer because of one stack with a backup, and because of one more backup. */
export async function measureSynthesis(repetitions: number): Promise<Section> {
  const measured = Object.entries(SUBJECTS).filter(([subject]) => subject !== LONG);
  const subjects = ['nothing', ...measured.map(([subject]) => subject)];
  const taken: Record<string, Array<{ stack: number; backup: number }>> = {};
  for (let nth = 0; nth < repetitions; nth++) {
    // in turn, so that what disturbs the machine disturbs all
    for (const subject of subjects) {
      const [first, one, many] = await synthesize(subject, [1, 1, 1 + MORE], { hasFlags: true });
      (taken[subject] ??= []).push({
        stack: first.milliseconds,
        backup: (many.milliseconds - one.milliseconds) / MORE,
      });
    }
  }
  const growth = await measureGrowth(repetitions);
  const nothing = median(taken.nothing.map(({ stack }) => stack));
  const added = (subject: string) => ({
    stack: median(taken[subject].map(({ stack }) => stack)) - nothing,
    backup: median(taken[subject].map(({ backup }) => backup)),
  });
  const [own, framework] = [added('cdk-fsx-backup'), added('provider-framework')];
  return {
    title: 'Synthesis',
    goals: [
      atMost(
        "time for a stack with one backup, of the Provider framework's",
        0.6,
        own.stack / framework.stack,
        ratio,
      ),
      atMost(
        "time for one more backup, of the Provider framework's",
        0.6,
        own.backup / framework.backup,
        ratio,
      ),
      atMost('time for one more backup, in ms', 1, own.backup, (value) => value.toFixed(2)),
      atMost(
        `time for ${MANY} backups, each triggered by 300 resources, of that for ${FEW}`,
        MANY / FEW,
        growth,
        ratio,
      ),
    ],
    blocks: [
      'What a new process takes longer to load, define and synthesize a stack with one backup than one ' +
        `with none (${milliseconds(nothing)}); and what each of ${MORE} further ones takes, when all is ` +
        `loaded. Medians of ${repetitions} processes, with the recommended feature flags, without the ` +
        'template validation of newer versions of aws-cdk-lib.',
      table(
        ['', 'a stack', 'ratio', 'one more backup', 'ratio'],
        measured.map(([subject, title]) => {
          const { stack, backup } = added(subject);
          return [
            title,
            milliseconds(stack),
            ratio(stack / framework.stack),
            `${backup.toFixed(2)} ms`,
            ratio(backup / framework.backup),
          ];
        }),
      ),
    ],
  };
}

/** How synthesis grows with the backups, where each reads many resources. */
async function measureGrowth(repetitions: number): Promise<number> {
  const ratios: number[] = [];
  for (let nth = 0; nth < repetitions; nth++) {
    const [, few, many] = await synthesize(TRIGGERED, [1, FEW, MANY], { hasFlags: true });
    ratios.push(many.milliseconds / few.milliseconds);
  }
  return median(ratios);
}
