import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { COMPLETE, deploy, failService, held, ROLLED_BACK, takenBefore, upgrade, versions } from './scene';
import { lifecycleOf } from '../../sandbox';
import { FsxBackup, FsxBackupProps } from '../../src';
import { bystander, HOUR, MINUTE, sourceOf, start, synthesize, World } from '../fixtures';

/* What the handler asks about the past of the stack, and AWS does not promise to answer. */

const { DESTROY } = RemovalPolicy;

/**
 * Version 2 is rolled back. The Update of that rollback is delivered again while version 3 is deployed, after
 * the backup before version 3.
 *
 * @param third what becomes of version 3
 */
async function lateRollback(
  third: 'is rolled back' | 'succeeds',
  props: Partial<FsxBackupProps> = {},
): Promise<{ world: World; first: string }> {
  const world = await start();
  const { options } = world.cloudFormation;
  await deploy(world, upgrade('1', props));
  const first = held(world)!;
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'event' || entry.logicalId !== 'Files') return;
    if (entry.status === 'UPDATE_ROLLBACK_IN_PROGRESS') options.redeliveries = [20 * MINUTE];
    if (entry.status === 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS') options.redeliveries = [];
  });
  failService(world);
  await deploy(world, upgrade('2', props), ROLLED_BACK);
  expect(held(world)).toBe(first);
  options.duration = (_type, _operation, logicalId) => (logicalId === 'Bystander' ? HOUR : undefined);
  if (third === 'is rolled back') failService(world, 50 * MINUTE);
  await deploy(world, upgrade('3', props), third === 'succeeds' ? COMPLETE : ROLLED_BACK);
  return { world, first };
}

test("A1: a rollback's Update takes no backup if it is delivered again in the next deployment", async () => {
  const { world } = await lateRollback('succeeds');
  expect({ backupsBeforeVersion1: takenBefore(world, '1').length }).toEqual({ backupsBeforeVersion1: 1 });
});

test('A1: after such a delivery, the next rollback returns to the backup that was held before', async () => {
  const { world, first } = await lateRollback('is rolled back');
  expect({ heldAfterTheRollback: held(world) }).toEqual({ heldAfterTheRollback: first });
});

test('A1: after such a delivery, with DESTROY, no backup is left when the stack is deleted', async () => {
  const { world } = await lateRollback('succeeds', { removalPolicy: DESTROY });
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect({ left: versions(world).join() }).toEqual({ left: '' });
});

test('A2: with CONFIGURATION_COMPLETE events of the stack, keepLast: 1 leaves one backup', async () => {
  const world = await start({ cloudFormation: { configurationComplete: true } });
  for (const version of ['1', '2', '3', '4']) await deploy(world, upgrade(version, { keepLast: 1 }));
  expect({ left: versions(world).join() }).toEqual({ left: '4' });
});

test('A2: with CONFIGURATION_COMPLETE events, a retry without rollback keeps its backup', async () => {
  const world = await start({
    cloudFormation: { configurationComplete: true },
    fsx: { backupDuration: () => 12 * MINUTE },
  });
  const app = upgrade('1', { removalPolicy: DESTROY, timeout: Duration.minutes(5) });
  await deploy(world, app, /^CREATE_FAILED$/, { disableRollback: true });
  await deploy(world, upgrade('1', { removalPolicy: DESTROY }));
  const fate = world.fsx.backups.has(held(world)!) ? 'there' : 'deleted';
  expect({ heldBackup: fate }).toEqual({ heldBackup: 'there' });
});

test('A3: A → B → A changes the service when the third backup is AVAILABLE, hours later', async () => {
  const world = await start();
  const props = { timeout: Duration.hours(6) };
  for (const version of ['A', 'B']) await deploy(world, upgrade(version, props));
  world.fsx.options.backupDuration = () => 3 * HOUR;
  await deploy(world, upgrade('A', props));
  const third = takenBefore(world, 'A').at(-1)!;
  expect(world.calls('fsx:CreateBackup')).toBe(3);
  const changed = world.timeOf('Bystander', 'UPDATE_IN_PROGRESS');
  expect({ thirdBackup: lifecycleOf(third, changed) }).toEqual({ thirdBackup: 'AVAILABLE' });
});

test('A3: a deployment that timed out continues its backup when it is repeated', async () => {
  const world = await start();
  const props = { timeout: Duration.hours(2) };
  await deploy(world, upgrade('1', props));
  world.fsx.options.backupDuration = () => 3 * HOUR;
  await deploy(world, upgrade('2', props), ROLLED_BACK);
  const [attempt] = takenBefore(world, '2');
  const { status, reason } = (await world.deploy(upgrade('2', props))).Files;
  expect({ status, reason }).toEqual({ status: 'UPDATE_COMPLETE', reason: undefined });
  expect(held(world)).toBe(attempt.id);
});

test('A3: no stack has a wait condition', async () => {
  const world = await start();
  await deploy(world, upgrade('1', { timeout: Duration.hours(12) }));
  const { resources } = world.cloudFormation.stack('Files');
  expect(Object.values(resources).filter(({ type }) => type.includes('WaitCondition'))).toEqual([]);
});

/** A backup that the releases of a service do not concern. */
const release = (value: string, team: string) =>
  synthesize((stack) => {
    const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'LUSTRE') });
    Tags.of(backup).add('team', team);
    bystander(stack, undefined, value);
  });

test('A4: no event is read, also if a backup was deleted by hand deployments ago', async () => {
  const world = await start();
  await deploy(world, release('1', 'a'));
  expect(world.people.deleteBackup(held(world)!)).toBe(true);
  for (const value of ['2', '3', '4']) await deploy(world, release(value, 'a'));
  await deploy(world, release('4', 'b'));
  expect(world.calls('cloudformation:DescribeStackEvents')).toBe(0);
});

test('A10: a poll that gets a state of another version takes no second backup', async () => {
  const world = await start({ fsx: { backupDuration: () => 20 * MINUTE } });
  const deployment = world.cloudFormation.deployAssembly(upgrade('1'));
  const { event } = await world.clock.run(firstRequest(world));
  await world.pass(5 * MINUTE);
  let state: unknown = { version: 2, phase: { phase: 'Polling', operation: { id: 'unknown' } } };
  for (let polls = 0; polls < 3; polls++) {
    const answered = world.lambda.invoke(event.ServiceToken, {
      machine: 'requests',
      input: event,
      execution: 'arn:aws:states:us-east-1:123456789012:execution:FsxBackup:another',
      startTime: new Date(world.clock.now()).toISOString(),
      state,
    });
    ({ state } = await world.clock.run(answered));
  }
  expect(state).toMatchObject({ version: 1, phase: { phase: 'Waiting', backupId: world.newest.id } });
  expect(world.ownBackups).toHaveLength(1);
  expect((await world.clock.run(deployment)).Files.status).toBe('CREATE_COMPLETE');
});

/** The first request of CloudFormation. */
function firstRequest(world: World): Promise<{ event: any }> {
  return new Promise((resolve) => {
    world.journal.onEntry((entry) => {
      if (entry.kind === 'request') resolve(entry);
    });
  });
}
