import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { finding } from './finding';
import {
  COMPLETE,
  deploy,
  failService,
  held,
  heldBackup,
  ROLLED_BACK,
  takenBefore,
  upgrade,
  versions,
} from './scene';
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

finding(
  'A1',
  "a rollback's Update that is delivered again during the next deployment takes no backup",
  /\+ +"backupsBeforeVersion1": 2,/,
  async () => {
    const { world } = await lateRollback('succeeds');
    expect({ backupsBeforeVersion1: takenBefore(world, '1').length }).toEqual({ backupsBeforeVersion1: 1 });
  },
);

finding(
  'A1',
  'after such a delivery, the next rollback returns to the backup that the resource held before',
  /\+ +"heldAfterTheRollback": "backup-\w+",/,
  async () => {
    const { world, first } = await lateRollback('is rolled back');
    expect({ heldAfterTheRollback: held(world) }).toEqual({ heldAfterTheRollback: first });
  },
);

finding(
  'A1',
  'after such a delivery, with DESTROY, no backup is left when the stack is deleted',
  /\+ +"left": "1",/,
  async () => {
    const { world } = await lateRollback('succeeds', { removalPolicy: DESTROY });
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect({ left: versions(world).join() }).toEqual({ left: '' });
  },
);

finding(
  'A2',
  'with CONFIGURATION_COMPLETE events of the stack, keepLast: 1 leaves one backup after four deployments',
  /\+ +"left": "1,2,3,4",/,
  async () => {
    const world = await start({ cloudFormation: { configurationComplete: true } });
    for (const version of ['1', '2', '3', '4']) await deploy(world, upgrade(version, { keepLast: 1 }));
    expect({ left: versions(world).join() }).toEqual({ left: '4' });
  },
);

finding(
  'A2',
  'with CONFIGURATION_COMPLETE events of the stack, a retry without rollback keeps the backup that it holds',
  /\+ +"heldBackup": "deleted",/,
  async () => {
    const world = await start({
      cloudFormation: { configurationComplete: true },
      fsx: { backupDuration: () => 12 * MINUTE },
    });
    const app = upgrade('1', { removalPolicy: DESTROY, timeout: Duration.minutes(5) });
    await deploy(world, app, /^CREATE_FAILED$/, { disableRollback: true });
    await deploy(world, upgrade('1', { removalPolicy: DESTROY }));
    const fate = world.fsx.backups.has(held(world)!) ? 'there' : 'deleted';
    expect({ heldBackup: fate }).toEqual({ heldBackup: 'there' });
  },
);

finding(
  'A3',
  'with wait handles that remember, A → B → A changes the service when the third backup is AVAILABLE',
  /\+ +"thirdBackup": "(PENDING|CREATING)",/,
  async () => {
    const world = await start({ cloudFormation: { waitHandlesRemember: true } });
    const props = { timeout: Duration.hours(6) };
    for (const version of ['A', 'B']) await deploy(world, upgrade(version, props));
    world.fsx.options.backupDuration = () => 3 * HOUR;
    await deploy(world, upgrade('A', props));
    const third = takenBefore(world, 'A').at(-1)!;
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    const changed = world.timeOf('Bystander', 'UPDATE_IN_PROGRESS');
    expect({ thirdBackup: lifecycleOf(third, changed) }).toEqual({ thirdBackup: 'AVAILABLE' });
  },
);

finding(
  'A3',
  'with wait handles that remember, a deployment that timed out goes on when it is repeated, and succeeds',
  /\+ +"reason": "WaitCondition received failed message: '.* after 120 min \(CREATING, 66 %\)/,
  async () => {
    const world = await start({ cloudFormation: { waitHandlesRemember: true } });
    const props = { timeout: Duration.hours(2) };
    await deploy(world, upgrade('1', props));
    world.fsx.options.backupDuration = () => 3 * HOUR;
    await deploy(world, upgrade('2', props), ROLLED_BACK);
    const { status, reason } = (await world.deploy(upgrade('2', props))).Files;
    expect({ status, reason }).toEqual({ status: 'UPDATE_COMPLETE', reason: undefined });
    expect(heldBackup(world).tags.get('version')).toBe('2');
  },
);

/** A service of twelve resources, and a backup that its releases do not concern. */
const release = (value: string, team: string) =>
  synthesize((stack) => {
    const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'LUSTRE') });
    Tags.of(backup).add('team', team);
    for (let nth = 0; nth < 12; nth++) bystander(stack, undefined, value, `Part${nth}`);
  });

finding(
  'A4',
  'a tag change forty deployments after a backup was deleted by hand reads at most 3 pages of events',
  /Expected: <= 3\nReceived: +\d\d/,
  async () => {
    const world = await start();
    await deploy(world, release('1', 'a'));
    expect(world.people.deleteBackup(held(world)!)).toBe(true);
    const apps = ['2', '3'].map((value) => release(value, 'a'));
    for (let nth = 0; nth < 40; nth++) await deploy(world, apps[nth % 2]);
    const before = world.calls('cloudformation:DescribeStackEvents');
    await deploy(world, release('3', 'b'));
    expect(world.calls('cloudformation:DescribeStackEvents') - before).toBeLessThanOrEqual(3);
  },
);
