import { CreateBackupCommand, DescribeBackupsCommand, DescribeFileSystemsCommand } from '@aws-sdk/client-fsx';
import { Account } from './account';
import { atMost, type Section } from './goals';
import { ratio, time } from './page';
import { lines, type Series } from './plot';
import { eventOf, respond } from './request';
import { table } from '../test/engines/markdown';

const COUNTS = [1, 10, 100, 400];
const ALLOWED = { perSecond: 10 };
const MINUTE = 60_000;
/** The shortest and the longest of backups that are started together, in milliseconds. */
const [SHORTEST, LONGEST] = [5 * MINUTE, 45 * MINUTE];
const HOUR = 60 * MINUTE;

interface Outcome {
  readonly failures: number;
  readonly lastResponse: number;
  readonly calls: number[];
}

/** Has one backup taken; resolves to whether it succeeded. */
type Taker = (account: Account, fileSystemId: string, nth: number) => Promise<boolean>;

export const TAKERS: Record<string, Taker> = {
  'cdk-fsx-backup': ours,
  'Provider framework, every 5 s': (account, fileSystemId) => framework(account, fileSystemId, 5_000),
  'Provider framework, every 30 s': (account, fileSystemId) => framework(account, fileSystemId, 30_000),
};

async function ours(account: Account, FileSystemId: string, nth: number): Promise<boolean> {
  const changes = { LogicalResourceId: `Backup${nth}`, RequestId: `request-${nth}` };
  return (await respond(account, eventOf({ FileSystemId }, changes))).Status === 'SUCCESS';
}

/**
 * As the framework and a plain handler behave: what an onEvent or isComplete throws, throttling too, fails
 * the resource (`safeHandler` in its runtime); so does the end of its hour.
 */
async function framework(
  { clock, client }: Account,
  FileSystemId: string,
  interval: number,
): Promise<boolean> {
  const begun = clock.now();
  try {
    await client.send(new DescribeFileSystemsCommand({ FileSystemIds: [FileSystemId] }));
    const { Backup } = await client.send(
      new CreateBackupCommand({ FileSystemId, ClientRequestToken: FileSystemId }),
    );
    while (clock.now() - begun < HOUR) {
      const { Backups } = await client.send(new DescribeBackupsCommand({ BackupIds: [Backup.BackupId] }));
      if (Backups[0].Lifecycle === 'AVAILABLE') return true;
      await clock.sleep(interval);
    }
  } catch {
    // the deployment fails
  }
  return false;
}

export async function startTogether(
  take: Taker,
  count: number,
  perSecond = ALLOWED.perSecond,
): Promise<Outcome> {
  const account = new Account({ perSecond });
  const sources = Array.from({ length: count }, () => account.createFileSystem());
  // Spread over the range, and not in the order in which they are started.
  const durationOf = (nth: number) =>
    count === 1 ? LONGEST : SHORTEST + ((LONGEST - SHORTEST) * ((nth * 7) % count)) / (count - 1);
  const durations = new Map(sources.map((id, nth) => [id, durationOf(nth)]));
  account.fsx.options.backupDuration = ({ fileSystemId }) => durations.get(fileSystemId)!;
  let [failures, lastResponse] = [0, 0];
  await account.clock.run(
    Promise.all(
      sources.map(async (source, nth) => {
        if (!(await take(account, source, nth))) failures++;
        lastResponse = Math.max(lastResponse, account.clock.now() - account.begun);
      }),
    ),
  );
  return { failures, lastResponse, calls: account.calls };
}

/** Most calls in any second, from whichever moment it is counted. */
export function peakRate(calls: number[]): number {
  const sorted = [...calls].sort((a, b) => a - b);
  let [most, first] = [0, 0];
  sorted.forEach((at, nth) => {
    while (sorted[first] <= at - 1000) first++;
    most = Math.max(most, nth - first + 1);
  });
  return most;
}

export async function measureLoad(): Promise<Section> {
  const outcomes: Record<string, Outcome[]> = {};
  for (const [name, take] of Object.entries(TAKERS)) {
    outcomes[name] = [];
    for (const count of COUNTS) outcomes[name].push(await startTogether(take, count));
  }
  const own = outcomes['cdk-fsx-backup'];
  const last = own.at(-1)!;
  const afterStart = last.calls.filter((at) => at > 10 * MINUTE);
  return {
    title: 'Many backups at once',
    goals: [
      atMost(`failures with ${COUNTS.at(-1)} backups`, 0, last.failures),
      atMost(
        `the last response with ${COUNTS.at(-1)}, of the longest backup`,
        1.1,
        last.lastResponse / LONGEST,
        ratio,
      ),
      // one call at a time, with the SDK's three attempts
      atMost(
        `peak calls a second with ${COUNTS.at(-1)}, for each backup`,
        3,
        peakRate(last.calls) / COUNTS.at(-1)!,
        ratio,
      ),
      atMost(
        `peak calls a second with ${COUNTS.at(-1)}, from ten minutes on, for each backup`,
        1,
        peakRate(afterStart) / COUNTS.at(-1)!,
        ratio,
      ),
    ],
    blocks: [
      `Backups of ${time(SHORTEST / 1000)} to ${time(LONGEST / 1000)}, all started in the same moment, ` +
        `and FSx throttles what is beyond ${ALLOWED.perSecond} calls a second. The real handler in virtual ` +
        "time with the sandbox's FSx, and the SDK's three attempts, for all. Throttled calls are counted. " +
        'With the framework, a call that fails three times fails the deployment, and what has failed calls ' +
        'no more.',
      table(
        ['backups', ...Object.keys(TAKERS)],
        COUNTS.map((count, nth) => [
          `${count}`,
          ...Object.values(outcomes).map((all) => {
            const { failures, lastResponse, calls } = all[nth];
            return (
              `${failures} failed; ${calls.length} calls, at most ${peakRate(calls)} a second; last ` +
              `response after ${time(lastResponse / 1000)}`
            );
          }),
        ]),
      ),
    ],
    plots: {
      calls: lines({
        title: `FSx calls a second with ${COUNTS.at(-1)} backups (most in any second of each minute)`,
        series: Object.fromEntries(
          Object.entries(outcomes).map(([name, all]) => [name, perMinute(all.at(-1)!.calls)]),
        ) as Series,
        x: { title: 'minutes since the start', isLogarithmic: false },
        y: { title: '', isLogarithmic: true, ticks: [1, 10, 100, 1000] },
      }),
    },
  };
}

function perMinute(calls: number[]): Array<[number, number]> {
  const minutes = Math.ceil(Math.max(...calls) / MINUTE);
  return Array.from({ length: minutes }, (_, nth): [number, number] => {
    return [nth, Math.max(1, peakRate(calls.filter((at) => at >= nth * MINUTE && at < (nth + 1) * MINUTE)))];
  });
}
