import { RemovalPolicy } from 'aws-cdk-lib';
import { BackupTrigger, type FsxBackupProps } from '../../src';
import { backupStack, bystander, finishedAt, MINUTE, start, theOnly, type World } from '../fixtures';

/* What a deployment that fails returns to, and how its executions end. */

const { DESTROY } = RemovalPolicy;

/** A backup before each version of the bystander. */
const version = (value: string, props: Partial<FsxBackupProps> = {}) =>
  backupStack('OPENZFS', { triggers: [BackupTrigger.onValue(value)], ...props }, (stack, backup) =>
    bystander(stack, backup, value),
  );

async function deployed(...directories: string[]): Promise<World> {
  const world = await start();
  for (const directory of directories) {
    expect((await world.deploy(directory)).Files.status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
  }
  return world;
}

/** Deploys, fails when the backup is there, and rolls back; something may happen when it is. */
async function fails(world: World, directory: string, meanwhile: () => void = () => {}): Promise<void> {
  const { length } = world.ownBackups;
  world.journal.onEntry((entry) => {
    if (entry.kind === 'event' && entry.status === 'UPDATE_ROLLBACK_IN_PROGRESS') meanwhile();
  });
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
  expect((await world.deploy(directory)).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(world.ownBackups.length).toBeLessThanOrEqual(length + 1);
}

const previousOf = (world: World) => world.ownBackups.map(({ tags }) => tags.get('cdk-fsx-backup:previous'));
const holds = (world: World) => world.physicalIdFor(world.newest);

describe('a rollback returns to', () => {
  test('the backup that the failed one names as the previous one, and takes none', async () => {
    const world = await deployed(version('1'), version('2'));
    const [first, second] = world.ownBackups;
    await fails(world, version('3'));
    expect(holds(world)).toBe(second.id);
    expect(previousOf(world)).toEqual(['none', first.id, second.id]);
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expect(world.cloudFormation.stack('Files').outputs.BackupId).toBe(second.id);
  });

  test('the newest of that generation, if somebody has deleted the previous one meanwhile', async () => {
    const world = await deployed(version('1'), version('2'));
    await fails(world, version('1'));
    const [first, second, attempt] = world.ownBackups;
    expect(holds(world)).toBe(second.id);
    // version 1 has two backups by now; the rollback to it finds the newer one
    expect((await world.deploy(version('1'))).Files.status).toBe('UPDATE_COMPLETE');
    const held = world.newest;
    await fails(world, version('4'), () => world.fsx.backups.delete(held.id));
    expect(holds(world)).toBe(attempt.id);
    expect(world.ownBackups.map(({ id }) => id)).toEqual(
      expect.arrayContaining([first.id, second.id, attempt.id]),
    );
    expect(world.log).toContain('the backup before this one no longer exists');
  });

  // An attempt must not pass for what was held.
  test('the former id, if there is no other backup left', async () => {
    const world = await deployed(version('1'));
    const [first] = world.ownBackups;
    await fails(world, version('2'), () => world.fsx.backups.delete(first.id));
    expect(holds(world)).toBe(first.id);
  });

  test.each([
    ['was computed by another version', '0-0123456789abcdef'],
    ['is lost', undefined],
  ])('the one before, even if its generation %s, and a retry takes one of its own', async (_, generation) => {
    const world = await deployed(version('1'));
    const [{ id, tags }] = world.ownBackups;
    if (generation) tags.set('cdk-fsx-backup:generation', generation);
    else tags.delete('cdk-fsx-backup:generation');
    await fails(world, version('2'));
    expect(holds(world)).toBe(id);
    expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(3);
  });
});

describe('a backup with the tag `hold`', () => {
  const hold = (world: World, index = -1) =>
    world.ownBackups.at(index)!.tags.set('cdk-fsx-backup:hold', 'the auditors');

  test('stays when its stack is deleted, which succeeds', async () => {
    const world = await deployed(version('1', { removalPolicy: DESTROY }));
    hold(world);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toHaveLength(1);
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
  });

  test('stays when a deployment that succeeded cleans up', async () => {
    const world = await deployed(version('1', { removalPolicy: DESTROY }));
    hold(world);
    const [held] = world.ownBackups;
    expect((await world.deploy(version('2', { removalPolicy: DESTROY }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(world.ownBackups).toHaveLength(2);
    expect(world.ownBackups).toContain(held);
  });

  test('stays when a deployment that failed is undone', async () => {
    const world = await deployed(version('1', { removalPolicy: DESTROY }));
    await fails(world, version('2', { removalPolicy: DESTROY }), () => hold(world));
    expect(world.ownBackups).toHaveLength(2);
    expect(holds(world)).toBe(world.ownBackups[0].id);
  });

  test('stays when older backups are deleted by keepLast', async () => {
    const world = await deployed(version('1', { keepLast: 1 }));
    hold(world);
    for (const value of ['2', '3', '4']) await world.deploy(version(value, { keepLast: 1 }));
    expect(world.ownBackups).toHaveLength(2);
    expect(world.ownBackups[0].tags.get('cdk-fsx-backup:hold')).toBe('the auditors');
  });

  test('cannot be deleted by the role either', async () => {
    const world = await deployed(version('1', { removalPolicy: DESTROY }));
    hold(world);
    const [backup] = world.ownBackups;
    const resourceTags = [...backup.tags].map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
    const { attributes } = world.resourcesOf('AWS::IAM::Role').find(({ logicalId }) => {
      return /^FsxBackupDefaultProviderRole/.test(logicalId);
    })!;
    await expect(
      world.policies.authorize({
        principal: attributes.Arn as string,
        action: 'fsx:DeleteBackup',
        resource: backup.arn,
        context: Object.fromEntries(resourceTags),
      }),
    ).rejects.toThrow(/not authorized/);
  });
});

describe('an execution', () => {
  const executions = (world: World) => [...world.stepFunctions.executions.values()];
  const answeredAt = (world: World, status: string) =>
    world.journal
      .of('response')
      .filter(({ effect, body }) => effect === 'accepted' && body.Status === status)
      .at(-1)!.at;

  test('ends with the facts of the backup', async () => {
    const world = await deployed(version('1'));
    const { status, output } = theOnly(executions(world));
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output!)).toMatchObject({
      BackupId: world.newest.id,
      BackupLifecycle: 'AVAILABLE',
      PhysicalResourceId: world.newest.id,
    });
  });

  test('whose backup fails ends FAILED after CloudFormation was answered, and is in the log', async () => {
    const world = await deployed(version('1'));
    world.fsx.options.fail = () => 'The volume ran out of space.';
    expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(MINUTE); // the last of them ends after the stack
    const [, updated, rolledBack] = executions(world);
    expect(updated).toMatchObject({
      status: 'FAILED',
      error: 'BackupFailed',
      cause: expect.stringMatching(/could not finish backup .*ran out of space/),
    });
    expect(updated.stopped!).toBeGreaterThanOrEqual(answeredAt(world, 'FAILED'));
    expect(rolledBack.status).toBe('SUCCEEDED');
    const errors = world.journal.of('log').filter(({ line }) => line.includes('is not there'));
    expect(errors).toHaveLength(1);
  });

  test('that nobody waits for any more ends SUCCEEDED, and says that it is abandoned', async () => {
    const world = await deployed(version('1'));
    const [first] = world.ownBackups;
    const other = world.fsx.plantBackup({
      type: 'AUTOMATIC',
      duration: 20 * MINUTE,
      fileSystemId: first.source.fileSystemId,
    });
    world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Files'), 5 * MINUTE);
    expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(60 * MINUTE);
    expect(world.clock.now()).toBeGreaterThan(finishedAt(other));
    expect(world.ownBackups).toEqual([first]);
    expect(executions(world).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const outputs = executions(world).map(({ output }) => JSON.parse(output!));
    expect(outputs.filter(({ abandoned }) => abandoned)).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/no longer waits/) }),
    ]);
    expect(world.log).not.toContain('that was asked for is not there');
  });
});

describe('a source that is not ready', () => {
  test('since somebody changes it is waited for', async () => {
    const world = await deployed(version('1'));
    world.fsx.keepBusy(world.newest.source.fileSystemId, 15 * MINUTE);
    const since = world.clock.now();
    expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.newest.createdAt - since).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(world.newest.createdAt - since).toBeLessThan(18 * MINUTE);
  });

  test('since it is still being created is waited for', async () => {
    const world = await deployed(version('1'));
    const fileSystem = world.fsx.fileSystems.get(world.newest.source.fileSystemId)!;
    fileSystem.lifecycle = 'CREATING';
    world.clock.setTimeout(() => (fileSystem.lifecycle = 'AVAILABLE'), 30 * MINUTE);
    const since = world.clock.now();
    expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.newest.createdAt - since).toBeGreaterThanOrEqual(30 * MINUTE);
  });

  test('of a volume: its file system is waited for, too', async () => {
    const volume = (value: string) => backupStack('ONTAP', { triggers: [BackupTrigger.onValue(value)] });
    const world = await deployed(volume('1'));
    world.fsx.keepBusy(world.newest.source.fileSystemId, 15 * MINUTE);
    const since = world.clock.now();
    expect((await world.deploy(volume('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.newest.createdAt - since).toBeGreaterThanOrEqual(15 * MINUTE);
  });
});
