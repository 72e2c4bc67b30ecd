import type { History } from './history';
import { check } from './runner';

const MINUTES = 60_000;

/** A few random runs, the same ones each time. `npm run properties` makes as many as you like. */
test(
  'no invariant is violated in random runs',
  async () => {
    const { runs, failure } = await check({
      seed: Number(process.env.PROPERTY_SEED ?? 1),
      runs: Number(process.env.PROPERTY_RUNS ?? 15),
    });
    expect(failure).toBeUndefined();
    expect(runs).toBeGreaterThan(0);
  },
  30 * MINUTES,
);

describe('a violation', () => {
  const plan = { seed: 1, runs: 5 };
  const judge = ({ entries }: History) => {
    const index = entries.findIndex(
      (entry) => entry.kind === 'call' && entry.operation === 'fsx:CreateBackup' && entry.outcome === 'ok',
    );
    return index < 0 ? [] : [{ invariant: 'noBackupIsTaken', index, what: 'a backup was taken' }];
  };

  test(
    'is told with the simplest run that shows it, and can be seen again by its seed and path',
    async () => {
      const { failure, path } = await check(plan, judge);
      const simplest = [
        'values come from: text',
        'FsxProtection of the stack: none',
        'Alpha: OPENZFS',
        'One: .*of Alpha, RETAIN, 60 min.*team a\n',
      ];
      expect(failure).toMatch(new RegExp(`^${simplest.join('\n')}`));
      expect(failure).toContain('VIOLATED: noBackupIsTaken\n  a backup was taken\n');
      expect(failure).toMatch(/^> [-0-9: ]{14} fsx:CreateBackup ok fs-\w+ backup-\w+/m);
      const again = await check({ seed: 1, path, runs: 1 }, judge);
      expect(again.failure).toContain(failure!.slice(0, failure!.indexOf('VIOLATED')));
    },
    5 * MINUTES,
  );
});
