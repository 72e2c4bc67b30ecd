import { aws_fsx as fsx, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FsxBackup } from '../../src';
import { deploy, held, oldestFirst, upgrade } from '../findings/scene';
import { HOUR, MINUTE, recreate, sourceOf, start, synthesize } from '../fixtures';

/* What is left of an attempt that failed, and what comes after it. */

const { DESTROY } = RemovalPolicy;

test('a backup that is continued is retained if its resource says RETAIN now', async () => {
  const world = await start();
  await deploy(world, upgrade('1', { removalPolicy: DESTROY }));
  world.fsx.options.backupDuration = () => 30 * MINUTE;
  const short = { removalPolicy: DESTROY, timeout: Duration.minutes(5) };
  await deploy(world, upgrade('2', short), /^UPDATE_FAILED$/, { disableRollback: true });
  await deploy(world, upgrade('2'), undefined, { disableRollback: true });
  const second = held(world)!;
  await deploy(world, upgrade('3', { removalPolicy: DESTROY }));
  expect(world.fsx.backups.has(second)).toBe(true);
});

test('a link fails if the backup it was told of as running has failed since, however long ago', async () => {
  const world = await start();
  const props = { timeout: Duration.hours(2) };
  await deploy(world, upgrade('1', props));
  world.fsx.options.backupDuration = () => 3 * HOUR;
  world.fsx.options.fail = () => 'no space';
  await deploy(world, upgrade('2', props), /^UPDATE_FAILED$/, { disableRollback: true });
  await world.pass(26 * HOUR);
  const { status } = (await world.deploy(upgrade('2', props), { disableRollback: true })).Files;
  expect(status).toBe('UPDATE_FAILED');
});

test('a rollback after an attempt without rollback returns to what was held before', async () => {
  const world = await start();
  const props = { timeout: Duration.minutes(30) };
  await deploy(world, upgrade('1', props));
  const first = held(world)!;
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 0 });
  await deploy(world, upgrade('2', props), /^UPDATE_FAILED$/, { disableRollback: true });
  world.fsx.options.fail = () => 'no space';
  await deploy(world, upgrade('3', props), /^UPDATE_ROLLBACK_COMPLETE$/);
  expect(held(world)).toBe(first);
});

const replaced = (isReplaced: boolean, isGuard: boolean) =>
  synthesize((stack) => {
    const source = sourceOf(stack, 'LUSTRE');
    if (isReplaced) recreate(stack);
    if (isGuard) {
      const target = stack.node.findChild('Source') as fsx.CfnFileSystem;
      FsxBackup.beforeChangeOf(stack, 'Backup', target, { removalPolicy: DESTROY });
    } else {
      new FsxBackup(stack, 'Backup', { source, removalPolicy: DESTROY });
    }
  });

test.each(['new id', 'old id'] as const)(
  'the last backup of a file system that was replaced stays if a cleanup shows the %s',
  async (cleanupShows) => {
    const world = await start({ cloudFormation: { cleanupShows } });
    await deploy(world, replaced(false, false));
    const [first] = oldestFirst(world.ownBackups);
    await deploy(world, replaced(true, false));
    expect(held(world)).not.toBe(first.id);
    expect(world.fsx.backups.has(first.id)).toBe(true);
  },
);
