import { aws_fsx as fsx, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FIRST, pipelineApp, pipelineIn, SECOND } from './pipeline';
import {
  deploy,
  failService,
  heldBackup,
  oldestFirst,
  operators,
  physicalId,
  ROLLED_BACK,
  run,
  upgrade,
} from './scene';
import { BackupSource, FsxBackup, FsxBackupOptions } from '../../src';
import { DAY, HOUR, MINUTE, recreate, sourceOf, start, synthesize, World } from '../fixtures';

/* Old backups that pass for new ones, nothing that passes for a backup, and the last copy of what is gone. */

test('B3: a repeat 23 hours after a rollback takes a backup of its own', async () => {
  const world = await start();
  await deploy(world, upgrade('1'));
  failService(world);
  await deploy(world, upgrade('2'), ROLLED_BACK);
  await world.pass(23 * HOUR);
  const began = world.clock.now();
  await deploy(world, upgrade('2'));
  expect({ hoursOld: hoursOldAt(began, world) }).toEqual({ hoursOld: 0 });
});

test('B3: a repeat 23 hours after a time-out without rollback takes a backup of its own', async () => {
  const world = await start();
  const props = { timeout: Duration.minutes(5) };
  await deploy(world, upgrade('1', props));
  world.fsx.options.backupDuration = () => 10 * MINUTE;
  await deploy(world, upgrade('2', props), /^UPDATE_FAILED$/, { disableRollback: true });
  world.fsx.options.backupDuration = () => MINUTE;
  await world.pass(23 * HOUR);
  const began = world.clock.now();
  await deploy(world, upgrade('2', props), undefined, { disableRollback: true });
  expect({ hoursOld: hoursOldAt(began, world) }).toEqual({ hoursOld: 0 });
});

/** The age at that instant of the backup that the resource holds now, in hours; 0 if it came later. */
function hoursOldAt(instant: number, world: World): number {
  return Math.max(0, Math.round((instant - heldBackup(world).createdAt) / HOUR));
}

test('B3: a stage of a pipeline that is retried three days later takes a backup of its own', async () => {
  const world = await start();
  await deploy(world, pipelineApp());
  const [first, second] = [FIRST, SECOND].map((logicalId) => physicalId(world, logicalId));
  world.fsx.options.fail = ({ fileSystemId }) => (fileSystemId === second ? 'no space' : undefined);
  const { id, status } = await world.clock.run(world.codePipeline.start(pipelineIn(world).name));
  expect(status).toBe('Failed');
  world.fsx.options.fail = () => undefined;
  await world.pass(3 * DAY);
  const retry = world.codePipeline.retry(id, 'Backup', { mode: 'ALL_ACTIONS' });
  expect((await world.clock.run(retry)).status).toBe('Succeeded');
  const backups = world.backups.filter(({ source }) => source.fileSystemId === first).length;
  expect({ backups }).toEqual({ backups: 2 });
});

test('B3: a run that is repeated with the same input takes a backup of its own', async () => {
  const world = await start();
  await deploy(
    world,
    operators((stack) => sourceOf(stack, 'LUSTRE')),
  );
  const input = { source: physicalId(world, 'Source'), series: 'nightly' };
  for (const wait of [0, 3 * DAY]) {
    await world.pass(wait);
    expect((await run(world, input)).status).toBe('SUCCEEDED');
  }
  expect({ backups: world.ownBackups.length }).toEqual({ backups: 2 });
});

test('B4: a run fails if the stack lacks the logical id of the source, and the cause names it', async () => {
  const world = await start();
  await deploy(
    world,
    operators((stack) => {
      sourceOf(stack, 'LUSTRE');
      return BackupSource.fromDeployed(stack.node.findChild('Source'));
    }),
  );
  const { status, cause } = await run(world, { source: { stack: 'Files', logicalId: 'Sauce' } });
  expect({ status, cause }).toEqual({ status: 'FAILED', cause: expect.stringContaining('Sauce') });
});

/** A file system with a guard: the first one, one that has replaced it, and that one changed. */
const guarded = (state: 'first' | 'replaced' | 'changed', options: FsxBackupOptions) =>
  synthesize((stack) => {
    sourceOf(stack, 'LUSTRE');
    const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
    if (state !== 'first') recreate(stack);
    if (state === 'changed') fileSystem.storageCapacity = 2400;
    FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, options);
  });

const POLICIES: Record<string, FsxBackupOptions> = {
  'keepLast: 1': { keepLast: 1 },
  'DESTROY': { removalPolicy: RemovalPolicy.DESTROY },
};
for (const [policy, options] of Object.entries(POLICIES)) {
  test(`B7: with ${policy}, the last backup of a file system that was replaced stays`, async () => {
    const world = await start();
    await deploy(world, guarded('first', options));
    const first = physicalId(world, 'Source');
    await deploy(world, guarded('replaced', options));
    const [backup] = oldestFirst(world.ownBackups);
    expect(backup.source.fileSystemId).toBe(first);
    await deploy(world, guarded('changed', options));
    expect(heldBackup(world).source.fileSystemId).not.toBe(first);
    const backupOfTheFirst = world.fsx.backups.has(backup.id) ? 'there' : 'deleted';
    expect({ backupOfTheFirst }).toEqual({ backupOfTheFirst: 'there' });
  });
}
