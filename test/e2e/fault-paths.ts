import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { bystander, Kind, KINDS, MINUTE, ownBackupsIn, sourceOf, start, synthesize } from './fixture';
import type { Fault } from '../../sandbox/faults';
import type { Sandbox } from '../../sandbox/sandbox';
import { FsxBackup, FsxBackupProps } from '../../src';

/*
 * Every call of every path meets every fault, but for looks that are like the ones before. A passing fault
 * must leave no trace in the result; a final error must fail the deployment with its text, leave nothing
 * unnamed, and touch no other backup.
 */

const { DESTROY, RETAIN } = RemovalPolicy;

export const PASSING: Record<string, Fault> = {
  'a throttled call': { kind: 'throttle' },
  'an internal error': { kind: 'server-error' },
  'a hang': { kind: 'hang' },
  'a reset': { kind: 'reset' },
  'a lost response': { kind: 'lost-response' },
};
export const FINAL: Fault = { kind: 'error', code: 'BadRequest', message: 'refused for the test' };

export interface Path {
  readonly policy: RemovalPolicy;
  /** Before the faults. */
  readonly prepare?: (sandbox: Sandbox, app: Apps) => Promise<void>;
  /** With the faults. Its status must be the same with passing faults as without any. */
  readonly act: (sandbox: Sandbox, app: Apps) => Promise<string>;
  readonly failing?: boolean;
}

export interface Apps {
  readonly none: string;
  readonly one: string;
  readonly tagged: string;
  readonly other: string;
}

export const deploy = async (sandbox: Sandbox, directory: string) =>
  (await sandbox.deploy(directory)).Files.status;
const destroy = async (sandbox: Sandbox) => (await sandbox.destroy('Files')).status;
const withOne = async (sandbox: Sandbox, apps: Apps) => void (await sandbox.deploy(apps.one));
const withNone = async (sandbox: Sandbox, apps: Apps) => void (await sandbox.deploy(apps.none));

export const PATHS: Record<string, Path> = {
  'a create': { policy: RETAIN, prepare: withNone, act: (sandbox, apps) => deploy(sandbox, apps.one) },
  'a change of tags': {
    policy: RETAIN,
    prepare: withOne,
    act: (sandbox, apps) => deploy(sandbox, apps.tagged),
  },
  'a change of source': {
    policy: RETAIN,
    prepare: withOne,
    act: (sandbox, apps) => deploy(sandbox, apps.other),
  },
  'a change of source that deletes the old backup': {
    policy: DESTROY,
    prepare: withOne,
    act: (sandbox, apps) => deploy(sandbox, apps.other),
  },
  'a rolled back change of source': {
    policy: DESTROY,
    prepare: withOne,
    act: async (sandbox, apps) => {
      sandbox.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
      return deploy(sandbox, apps.other);
    },
  },
  'a create that is cancelled': {
    policy: DESTROY,
    prepare: withNone,
    act: async (sandbox, apps) => {
      sandbox.cloudFormation.failures.fail({ target: 'Sibling', on: 'create', after: 6_000 });
      return deploy(sandbox, apps.one);
    },
  },
  'a create whose backup fails': {
    policy: DESTROY,
    prepare: withNone,
    failing: true,
    act: async (sandbox, apps) => {
      sandbox.fsx.options.fail = () => 'failed for the test';
      return deploy(sandbox, apps.one);
    },
  },
  'a delete': { policy: DESTROY, prepare: withOne, act: destroy },
  'a delete with RETAIN': { policy: RETAIN, prepare: withOne, act: destroy },
};

export function appsFor(kind: Kind, removalPolicy: RemovalPolicy): Apps {
  const app = (which: 'One' | 'Two' | undefined, team = 'a') =>
    synthesize((stack: Stack) => {
      const sources = { One: sourceOf(stack, kind, 'One'), Two: sourceOf(stack, kind, 'Two') };
      const props: Partial<FsxBackupProps> = { removalPolicy };
      // The engine is there before the backup, so that a rollback does not take it away.
      new FsxBackup(stack, 'Standing', { source: sourceOf(stack, kind, 'Three'), removalPolicy });
      if (!which) return;
      bystander(stack, undefined, which);
      const backup = new FsxBackup(stack, 'Backup', { source: sources[which], ...props });
      stack.node.findChild('Bystander').node.addDependency(backup);
      bystander(stack, undefined, '1', 'Sibling');
      Tags.of(backup).add('team', team);
      new CfnOutput(stack, 'BackupId', { value: backup.backupId });
    });
  return { none: app(undefined), one: app('One'), tagged: app('One', 'b'), other: app('Two') };
}

/** What matters in the end: which backups there are, what they carry, and which of them the stack holds. */
export function outcome(sandbox: Sandbox): unknown {
  const stack = sandbox.cloudFormation.stack('Files');
  const held = new Set(Object.values(stack.resources).map((resource) => resource.physicalId));
  return ownBackupsIn(sandbox)
    .map((backup) => ({
      tags: Object.fromEntries(backup.tags),
      held: held.has(backup.id),
      failed: backup.failure,
    }))
    .map(({ tags: { 'cdk-fsx-backup:stack-id': _, ...tags }, ...rest }) => JSON.stringify({ ...rest, tags }))
    .sort();
}

function eachRequestIsAnsweredOnce(sandbox: Sandbox): void {
  const answered = sandbox.journal
    .of('response')
    .filter((response) => response.effect === 'accepted')
    .map((response) => response.requestId);
  expect(new Set(answered).size).toBe(answered.length);
  for (const response of sandbox.journal.of('response')) expect(response.bytes).toBeLessThanOrEqual(4096);
  expect(
    sandbox.journal
      .of('response')
      .filter((response) => response.effect === 'refused' && !response.why?.startsWith('fault:')),
  ).toEqual([]);
}

export async function play(path: Path, apps: Apps, disturb: (sandbox: Sandbox) => void = () => {}) {
  const sandbox = await start({ fsx: { backupDuration: () => 7_000 } });
  await path.prepare?.(sandbox, apps);
  const before = sandbox.journal.entries.length;
  disturb(sandbox);
  const status = await path.act(sandbox, apps);
  await sandbox.clock.run(sandbox.clock.sleep(90 * MINUTE)); // whatever still runs gets its time
  sandbox.faults.clear();
  eachRequestIsAnsweredOnce(sandbox);
  const calls = sandbox.journal.entries
    .slice(before)
    .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
  return { sandbox, status, calls };
}

/**
 * The path's calls, each with which one of its operation it is: fsx:DescribeBackups 3. Of those that are made
 * again and again, the first ones and the last.
 */
export function numbered(calls: string[]): Array<[string, number]> {
  const counts: Record<string, number> = {};
  const all = [...calls, 'response:PUT'].map((operation): [string, number] => [
    operation,
    (counts[operation] = (counts[operation] ?? 0) + 1),
  ]);
  return all.filter(([operation, nth]) => nth <= 4 || nth === counts[operation]);
}

/** Every call of these paths meets every passing fault: the end must be the same as without. */
export function meetPassingFaults(paths: Array<[string, Path]>): void {
  describe.each(paths)('%s', (name, path) => {
    const kinds = name === 'a create' ? KINDS : [KINDS[Object.keys(PATHS).indexOf(name) % KINDS.length]];

    test.each(kinds)(
      'comes to the same end whatever passing fault meets whichever call (%s)',
      async (kind) => {
        const apps = appsFor(kind, path.policy);
        const undisturbed = await play(path, apps);
        const expected = outcome(undisturbed.sandbox);
        const positions = numbered(undisturbed.calls);
        expect(positions.length).toBeGreaterThan(
          path.policy === RETAIN && name.startsWith('a delete') ? 0 : 1,
        );
        for (const [operation, nth] of positions) {
          for (const [what, fault] of Object.entries(PASSING)) {
            const { sandbox, status } = await play(path, apps, ({ faults }) =>
              faults.add(operation, nth, fault),
            );
            const where = `${what} at ${operation} ${nth}`;
            expect([where, status, outcome(sandbox)]).toEqual([where, undisturbed.status, expected]);
            await sandbox.close();
          }
        }
      },
      300_000,
    );
  });
}
