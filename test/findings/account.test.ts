import { aws_ec2 as ec2, Duration } from 'aws-cdk-lib';
import { deploy, operators, physicalId, run, upgrade, versions } from './scene';
import { BackupSource, FsxFinalBackup } from '../../src';
import { backupStack, DAY, HOUR, MINUTE, sourceOf, start, synthesize, World } from '../fixtures';

/* Accounts with many backups, sources that are not ready yet, and a Lambda that refuses for a while. */

/** Backups of others. Their pages take a minute to list, which is more than one invocation has time for. */
interface Crowd {
  readonly backups: number;
  readonly pages: number;
  readonly msPerPage: number;
}
const TEN_THOUSAND: Crowd = { backups: 10_000, pages: 200, msPerPage: 300 };
/** The same time with fewer pages, for tests that list again and again. */
const SLOW_THOUSAND: Crowd = { backups: 1_000, pages: 20, msPerPage: 3_000 };

function startSlow({ msPerPage }: Crowd): Promise<World> {
  return start({ callDuration: (operation) => (operation === 'fsx:DescribeBackups' ? msPerPage : 0) });
}

/** Pages of backups that were asked for. A poll of one backup names its id, and is no listing. */
function listings(world: World): number {
  return world.journal.calls('fsx:DescribeBackups').filter(({ input }) => !input.BackupIds).length;
}

test('A5: in an account with 10,000 backups a creation takes its own', async () => {
  const world = await startSlow(TEN_THOUSAND);
  world.fsx.crowd(TEN_THOUSAND.backups);
  const app = backupStack('LUSTRE', { timeout: Duration.minutes(5) });
  const { status, reason } = (await world.deploy(app)).Files;
  expect({ status, reason }).toEqual({ status: 'CREATE_COMPLETE', reason: undefined });
  expect(world.calls('fsx:CreateBackup')).toBe(1);
  expect(listings(world)).toBeLessThanOrEqual(TEN_THOUSAND.pages + 10);
});

test('A5: a run with fromDeployed takes its own in an account that takes a minute to list', async () => {
  const world = await startSlow(SLOW_THOUSAND);
  await deploy(
    world,
    operators((stack) => {
      sourceOf(stack, 'LUSTRE');
      return BackupSource.fromDeployed(stack.node.findChild('Source'));
    }),
  );
  world.fsx.crowd(SLOW_THOUSAND.backups);
  const input = { source: { stack: 'Files', logicalId: 'Source' }, timeout: 300 };
  const { status, cause } = await run(world, input);
  expect({ status, cause }).toEqual({ status: 'SUCCEEDED', cause: undefined });
  expect(world.calls('fsx:CreateBackup')).toBe(1);
  expect(listings(world)).toBeLessThanOrEqual(SLOW_THOUSAND.pages + 10);
});

test('A5: keepLast prunes in an account that takes a minute to list', async () => {
  const world = await startSlow(SLOW_THOUSAND);
  await deploy(world, upgrade('1', { keepLast: 1 }));
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'event' || entry.status !== 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') return;
    world.fsx.crowd(SLOW_THOUSAND.backups);
  });
  const before = listings(world);
  await deploy(world, upgrade('2', { keepLast: 1 }));
  expect({ left: versions(world).join() }).toEqual({ left: '2' });
  expect(listings(world) - before).toBeLessThanOrEqual(SLOW_THOUSAND.pages + 10);
});

test('A6: in Express mode, a backup waits for a file system that is still CREATING', async () => {
  const world = await start();
  const { status, reason } = (await world.deploy(backupStack('LUSTRE'), { express: true })).Files;
  expect({ status, reason }).toEqual({ status: 'CREATE_COMPLETE', reason: undefined });
});

test('A6: a backup waits for a file system that is UPDATING', async () => {
  const world = await start();
  await deploy(world, upgrade('1'));
  world.fsx.keepBusy(physicalId(world, 'Source'), 10 * MINUTE);
  const { status, reason } = (await world.deploy(upgrade('2'))).Files;
  expect({ status, reason }).toEqual({ status: 'UPDATE_COMPLETE', reason: undefined });
});

test('A6: a final backup waits for a file system that is UPDATING', async () => {
  const world = await start();
  await deploy(
    world,
    synthesize((stack) => void new FsxFinalBackup(stack, 'Final', { source: sourceOf(stack, 'LUSTRE') })),
  );
  world.fsx.keepBusy(physicalId(world, 'Source'), 10 * MINUTE);
  const { status, reason } = await world.destroy('Files');
  expect({ status, reason }).toEqual({ status: 'DELETE_COMPLETE', reason: undefined });
});

/** Backups take a quarter of an hour. A minute after the first invocation, Lambda begins to refuse them. */
async function refused(code: string, ms: number) {
  const world = await start({ fsx: { backupDuration: () => 15 * MINUTE } });
  let isFirst = true;
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'invocation' || !isFirst) return;
    isFirst = false;
    world.clock.setTimeout(() => world.lambda.refuse(code, ms), MINUTE);
  });
  const { status, reason } = (await world.deploy(backupStack('LUSTRE'))).Files;
  return { status, reason };
}

test('A7: a deployment succeeds if Lambda is not ready for two minutes', async () => {
  expect(await refused('ResourceNotReadyException', 2 * MINUTE)).toEqual({
    status: 'CREATE_COMPLETE',
    reason: undefined,
  });
});

test('A7: a deployment succeeds if Lambda has no concurrency for five minutes', async () => {
  expect(await refused('TooManyRequestsException', 5 * MINUTE)).toEqual({
    status: 'CREATE_COMPLETE',
    reason: undefined,
  });
});

test('A7: a run succeeds if the function is in a VPC and was idle for 14 days', async () => {
  const world = await start();
  await deploy(
    world,
    operators(
      (stack) => sourceOf(stack, 'LUSTRE'),
      (stack) => ({ vpc: new ec2.Vpc(stack, 'Vpc', { natGateways: 0 }) }),
    ),
  );
  await world.pass(14 * DAY);
  const { status, cause } = await run(world, { source: physicalId(world, 'Source') }, 2 * HOUR);
  expect({ status, cause }).toEqual({ status: 'SUCCEEDED', cause: undefined });
});

test.each(['file system', 'both'] as const)(
  'A8: a backup of a volume is allowed if FSx authorizes it on: %s',
  async (volumeBackupsNeed) => {
    const world = await start({ fsx: { volumeBackupsNeed } });
    const { status, reason } = (await world.deploy(backupStack('ONTAP'))).Files;
    expect({ status, reason }).toEqual({ status: 'CREATE_COMPLETE', reason: undefined });
  },
);

test('A8: so is a final backup of a volume', async () => {
  const world = await start({ fsx: { volumeBackupsNeed: 'both' } });
  await deploy(
    world,
    synthesize((stack) => void new FsxFinalBackup(stack, 'Final', { source: sourceOf(stack, 'ONTAP') })),
  );
  const { status, reason } = await world.destroy('Files');
  expect({ status, reason }).toEqual({ status: 'DELETE_COMPLETE', reason: undefined });
  expect(world.ownBackups).toHaveLength(1);
});

test('A9: an event that is 6 minutes late is answered within the hour of its request', async () => {
  const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
  world.journal.onEntry((entry) => {
    if (entry.kind === 'request') world.lambda.refuse('TooManyRequestsException', 6 * MINUTE);
  });
  await world.deploy(backupStack('LUSTRE'), { disableRollback: true });
  const [request] = world.journal.of('request');
  const [invocation] = world.journal.of('invocation');
  const [response] = world.journal.of('response');
  const minutesTo = ({ at }: { at: number }) => (at - request.at) / MINUTE;
  expect(minutesTo(invocation)).toBeGreaterThanOrEqual(6);
  expect(response).toMatchObject({ effect: 'accepted', body: { Status: 'FAILED' } });
  expect(minutesTo(response)).toBeLessThan(60);
});
