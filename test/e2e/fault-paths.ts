import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import type { Fault } from '../../sandbox';
import { FsxBackup, FsxBackupProps } from '../../src';
import {
  bystander,
  type Kind,
  KINDS,
  MINUTE,
  nameOf,
  sourceOf,
  start,
  synthesize,
  type World,
} from '../fixtures';

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
  readonly prepare?: (world: World, app: Apps) => Promise<void>;
  /** With the faults. Its status must be the same with passing faults as without any. */
  readonly act: (world: World, app: Apps) => Promise<string>;
  readonly failing?: boolean;
}

export interface Apps {
  readonly none: string;
  readonly one: string;
  readonly tagged: string;
  readonly other: string;
}

export const deploy = async (world: World, directory: string) => (await world.deploy(directory)).Files.status;
const destroy = async (world: World) => (await world.destroy('Files')).status;
const withOne = async (world: World, apps: Apps) => void (await world.deploy(apps.one));
const withNone = async (world: World, apps: Apps) => void (await world.deploy(apps.none));

export const PATHS: Record<string, Path> = {
  'a create': { policy: RETAIN, prepare: withNone, act: (world, apps) => deploy(world, apps.one) },
  'a change of tags': {
    policy: RETAIN,
    prepare: withOne,
    act: (world, apps) => deploy(world, apps.tagged),
  },
  'a change of source': {
    policy: RETAIN,
    prepare: withOne,
    act: (world, apps) => deploy(world, apps.other),
  },
  'a change of source that deletes the old backup': {
    policy: DESTROY,
    prepare: withOne,
    act: (world, apps) => deploy(world, apps.other),
  },
  'a rolled back change of source': {
    policy: DESTROY,
    prepare: withOne,
    act: async (world, apps) => {
      world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
      return deploy(world, apps.other);
    },
  },
  'a create that is cancelled': {
    policy: DESTROY,
    prepare: withNone,
    act: async (world, apps) => {
      world.cloudFormation.failures.fail({ target: 'Sibling', on: 'create', after: 6_000 });
      return deploy(world, apps.one);
    },
  },
  'a create whose backup fails': {
    policy: DESTROY,
    prepare: withNone,
    failing: true,
    act: async (world, apps) => {
      world.fsx.options.fail = () => 'failed for the test';
      return deploy(world, apps.one);
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
export function outcome(world: World): unknown {
  const stack = world.cloudFormation.stack('Files');
  const held = new Set(Object.values(stack.resources).map((resource) => resource.physicalId));
  return world.ownBackups
    .map((backup) => ({
      // A passing fault may have another resource be a minute later.
      tags: { ...Object.fromEntries(backup.tags), Name: nameOf(backup) } as Record<string, unknown>,
      held: held.has(backup.id),
      failed: backup.failure,
    }))
    .map(({ tags: { 'cdk-fsx-backup:stack-id': _, ...tags }, ...rest }) => JSON.stringify({ ...rest, tags }))
    .sort();
}

function eachRequestIsAnsweredOnce(world: World): void {
  const answered = world.journal
    .of('response')
    .filter((response) => response.effect === 'accepted')
    .map((response) => response.requestId);
  expect(new Set(answered).size).toBe(answered.length);
  for (const response of world.journal.of('response')) expect(response.bytes).toBeLessThanOrEqual(4096);
  expect(
    world.journal
      .of('response')
      .filter((response) => response.effect === 'refused' && !response.why?.startsWith('fault:')),
  ).toEqual([]);
}

export async function play(path: Path, apps: Apps, disturb: (world: World) => void = () => {}) {
  const world = await start({ fsx: { backupDuration: () => 7_000 } });
  await path.prepare?.(world, apps);
  const before = world.journal.entries.length;
  disturb(world);
  const status = await path.act(world, apps);
  await world.pass(90 * MINUTE); // whatever still runs gets its time
  world.faults.clear();
  eachRequestIsAnsweredOnce(world);
  const calls = world.journal.entries
    .slice(before)
    .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
  return { world, status, calls };
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
        const expected = outcome(undisturbed.world);
        const positions = numbered(undisturbed.calls);
        expect(positions.length).toBeGreaterThan(
          path.policy === RETAIN && name.startsWith('a delete') ? 0 : 1,
        );
        for (const [operation, nth] of positions) {
          for (const [what, fault] of Object.entries(PASSING)) {
            const { world, status } = await play(path, apps, ({ faults }) =>
              faults.add(operation, nth, fault),
            );
            const where = `${what} at ${operation} ${nth}`;
            expect([where, status, outcome(world)]).toEqual([where, undisturbed.status, expected]);
            await world.close();
          }
        }
      },
      300_000,
    );
  });
}
