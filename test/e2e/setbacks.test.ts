import { CfnOutput, CfnParameter, Duration, NestedStack, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { createExisting, type Fault } from '../../sandbox';
import { BackupSource, FsxBackup, FsxBackupProps } from '../../src';
import {
  backupStack,
  bystander,
  DAY,
  MINUTE,
  nameOf,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
} from '../fixtures';

/*
 * When something else goes wrong while something has gone wrong already: rollbacks go on, nothing leaks,
 * nothing good is lost.
 */

const { DESTROY, RETAIN } = RemovalPolicy;

const tagged = (tags: Record<string, string>) =>
  backupStack('OPENZFS', {}, (stack, backup) => {
    for (const [key, value] of Object.entries(tags)) Tags.of(backup).add(key, value);
    new CfnOutput(stack, 'Lifecycle', { value: backup.backupLifecycle });
    new CfnOutput(stack, 'Arn', { value: backup.backupArn });
  });

/** Two sources, one backup that moves from one to the other; the engine stands by itself. */
const moving = (which: 'One' | 'Two', props: Partial<FsxBackupProps> = {}) =>
  synthesize((stack) => {
    const sources = { One: sourceOf(stack, 'OPENZFS', 'One'), Two: sourceOf(stack, 'OPENZFS', 'Two') };
    new FsxBackup(stack, 'Backup', { source: sources[which], removalPolicy: DESTROY, ...props });
    bystander(stack, undefined, which);
    for (const source of ['One', 'Two']) {
      stack.node.findChild('Bystander').node.addDependency(stack.node.findChild(source));
    }
  });

/** The backup comes with version 2, and before the bystander. */
const versioned = (version: string, present: boolean, props: Partial<FsxBackupProps> = {}) =>
  synthesize((stack) => {
    const source = sourceOf(stack, 'OPENZFS');
    new FsxBackup(stack, 'Standing', { source });
    bystander(stack, present ? new FsxBackup(stack, 'Backup', { source, ...props }) : undefined, version);
  });

/** Without rollback, a resource that has answered holds a backup that fails in the link behind it. */
async function heldAndFailed(props: Partial<FsxBackupProps> = {}): Promise<World> {
  const world = await start({
    fsx: { backupDuration: () => 90 * MINUTE, fail: () => 'failed for the test' },
  });
  const app = backupStack('OPENZFS', { timeout: Duration.hours(2), ...props });
  const { Files } = await world.deploy(app, { disableRollback: true });
  expect(Files.status).toBe('CREATE_FAILED');
  expect(world.physicalIdFor(theOnly(world.ownBackups))).toBe(theOnly(world.ownBackups).id);
  return world;
}

describe('a retry', () => {
  test.each([
    ['new id', RETAIN, 1],
    ['old id', RETAIN, 1],
    ['new id', DESTROY, 2],
    ['old id', DESTROY, 2],
  ] as const)('without rollback keeps its backup (%s, %s)', async (cleanupShows, removalPolicy, taken) => {
    const world = await start({
      cloudFormation: { cleanupShows },
      fsx: { backupDuration: () => 15 * MINUTE },
    });
    const app = backupStack('OPENZFS', { removalPolicy, timeout: Duration.minutes(10) });
    expect((await world.deploy(app, { disableRollback: true })).Files.status).toBe('CREATE_FAILED');
    world.fsx.options.backupDuration = () => MINUTE;
    const { Files } = await world.deploy(app, { disableRollback: true });
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups.map((backup) => backup.id)).toEqual([Files.outputs.BackupId]);
    expect(world.ownBackups).toHaveLength(1);
    const calls = world.journal.calls('fsx:CreateBackup').filter(({ outcome }) => outcome === 'ok');
    expect(calls).toHaveLength(taken);
    if (removalPolicy === RETAIN) return;
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toEqual([]);
  });

  test.each([0, 0.9, 80])('of a failed deployment after %d days takes a backup of its own', async (days) => {
    const world = await start();
    await world.deploy(versioned('1', false));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(versioned('2', true))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(days * DAY);
    expect((await world.deploy(versioned('2', true))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups.filter((backup) => nameOf(backup) === 'Files/Backup')).toHaveLength(2);
    expect(world.physicalIdFor(world.newest)).toBe(world.newest.id);
  });

  test('after the nested stack had succeeded and its parent had not takes a backup of its own', async () => {
    const world = await start();
    const app = (version: string, present: boolean) =>
      synthesize((stack) => {
        const source = sourceOf(stack, 'OPENZFS');
        const nested = new NestedStack(stack, 'Nested');
        new FsxBackup(nested, 'Standing', { source });
        if (present) new FsxBackup(nested, 'Backup', { source });
        bystander(stack, undefined, version);
        stack.node.findChild('Bystander').node.addDependency(nested);
      });
    await world.deploy(app('1', false));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(app('2', true))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await world.deploy(app('2', true))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(3);
  });

  test('of a first deployment is told that it will not continue with the backup', async () => {
    const world = await start({ fsx: { backupDuration: () => 70 * MINUTE } });
    const { Files } = await world.deploy(backupStack('OPENZFS'));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /is not finished after 55 min \(CREATING, 78 %\)\. It goes on and stays, but a stack /.source +
          /whose creation failed has to be created again/.source,
      ),
    );
  });
});

describe('a rollback goes on', () => {
  test.each<[string, Fault]>([
    ['fsx:DescribeBackups', { kind: 'error', code: 'AccessDeniedException', message: 'explicit deny' }],
    ['fsx:DescribeBackups', { kind: 'error', code: 'BadRequest', message: 'no' }],
    ['fsx:*', { kind: 'hang' }],
  ])('where %s ends in %j', async (operation, fault) => {
    const world = await start();
    await world.deploy(tagged({ team: 'a' }));
    const [backup] = world.ownBackups;
    world.faults.add(operation, { from: 1 }, fault);
    const { Files } = await world.deploy(tagged({ team: 'b' }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.physicalIdFor(backup)).toBe(backup.id);
    expect(world.log).toContain('something was left undone');
  });

  test('where tags can no longer be changed', async () => {
    const world = await start();
    await world.deploy(tagged({ team: 'a', cost: '1' }));
    world.faults.add(
      'fsx:TagResource',
      { from: 1 },
      { kind: 'error', code: 'AccessDeniedException', message: 'explicit deny in a service control policy' },
    );
    const { Files } = await world.deploy(tagged({ team: 'b', level: 'gold' }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /Updating backup-\w+ failed\. AccessDeniedException: explicit deny.*lacks this permission/,
    );
    expect(Object.fromEntries(world.ownBackups[0].tags)).toMatchObject({ team: 'a', cost: '1' });
  });

  test('where the source is gone', async () => {
    const world = await start({ fsx: { filterOfMissingSource: 'error' } });
    const app = (team: string) =>
      synthesize((stack) => {
        const backup = new FsxBackup(stack, 'Backup', {
          source: BackupSource.fromFileSystemId(new CfnParameter(stack, 'Id').valueAsString),
        });
        Tags.of(backup).add('team', team);
        bystander(stack, backup, team);
      });
    const fileSystemId = createExisting(world.fsx);
    const parameters = { Id: fileSystemId };
    expect((await world.deploy(app('a'), { parameters })).Files.status).toBe('CREATE_COMPLETE');
    world.fsx.deleteFileSystem(fileSystemId);
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(app('b'), { parameters })).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await world.deploy(app('b'), { parameters })).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(1);
  });

  test('of a create whose source never was, with DESTROY', async () => {
    const world = await start({ fsx: { filterOfMissingSource: 'error' } });
    const { Files } = await world.deploy(
      synthesize((stack) => {
        new FsxBackup(stack, 'Backup', {
          source: BackupSource.fromFileSystemId('fs-0123456789abcdef0'),
          removalPolicy: DESTROY,
        });
      }),
    );
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/FileSystemNotFound: .*Check that the file system exists/);
  });

  test('of a create whose source was nonsense and that was cancelled before it could say so', async () => {
    const world = await start();
    const app = synthesize((stack) => {
      new FsxBackup(stack, 'Backup', {
        source: BackupSource.fromFileSystemId(new CfnParameter(stack, 'Id').valueAsString),
        removalPolicy: DESTROY,
      });
      bystander(stack, undefined, '1');
      stack.node.findChild('Bystander').node.addDependency(stack.node.findChild('FsxBackupDefaultProvider'));
    });
    world.journal.onEntry((entry) => {
      // the function is throttled when the request arrives
      if (entry.kind === 'request' && entry.type === 'Create') {
        world.faults.add('lambda:*', { from: 1, to: 2 }, { kind: 'throttle' });
      }
    });
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'create', after: 2000 });
    const { Files } = await world.deploy(app, { parameters: { Id: 'nonsense' } });
    expect(Files.events.map((event) => event.reason).join()).toContain('Resource creation cancelled');
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
  });

  test('where FSx does not delete what is left of a failed backup, which the text names', async () => {
    const world = await start({
      fsx: { fail: () => 'The volume ran out of space.', deletionOfFailed: 'BadRequest' },
    });
    const { Files } = await world.deploy(backupStack('OPENZFS', { removalPolicy: DESTROY }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    const [failed] = world.ownBackups;
    expect(Files.reason).toMatch(
      new RegExp(
        `backup ${failed.id} .*ran out of space\\. .*counts towards your quota: delete it .* could not ` +
          'delete it: BadRequest: .*Delete the backup by hand',
      ),
    );
    expect(Files.reason).not.toMatch(/The failed backup is deleted|Check that the source/);
  });

  test('where the answer to the deletion of what is left of a failed backup was lost', async () => {
    const world = await start({ fsx: { fail: () => 'The volume ran out of space.' } });
    world.faults.add('fsx:DeleteBackup', 1, { kind: 'lost-response' });
    const { Files } = await world.deploy(backupStack('OPENZFS', { removalPolicy: DESTROY }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/The failed backup is deleted\./);
    expect(world.ownBackups).toEqual([]);
  });

  test('and waits for a backup that FSx cannot delete while it runs, however short the timeout', async () => {
    const world = await start({
      fsx: { backupDuration: () => 30 * MINUTE, deletionInProgress: 'BackupInProgress' },
    });
    const { Files } = await world.deploy(
      backupStack('OPENZFS', { removalPolicy: DESTROY, timeout: Duration.minutes(10) }),
    );
    expect(Files.reason).toMatch(
      /is not finished after 10 min \(CREATING, 33 %\)\. It is deleted with the rollback/,
    );
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(world.ownBackups).toEqual([]);
  });

  test('of a cancelled create with the shortest timeout', async () => {
    const world = await start();
    await world.deploy(versioned('1', false));
    world.fsx.plantBackup({
      type: 'AUTOMATIC',
      duration: 20 * MINUTE,
      fileSystemId: world.backups[0].source.fileSystemId,
    });
    const app = synthesize((stack) => {
      const source = sourceOf(stack, 'OPENZFS');
      new FsxBackup(stack, 'Standing', { source });
      new FsxBackup(stack, 'Backup', { source, removalPolicy: DESTROY, timeout: Duration.minutes(1) });
      bystander(stack, undefined, '2');
    });
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 20_000 });
    const { Files } = await world.deploy(app);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
  });
});

describe('a rolled back update leaks nothing, with DESTROY', () => {
  test.each([
    ['was just calling CreateBackup, which hung', {}, true],
    ['had started a backup that does not show yet', { visibilityDelay: 20_000 }, false],
  ])('where it was cancelled when it %s', async (_, options, hang) => {
    const world = await start({ fsx: options });
    await world.deploy(moving('One'));
    if (hang) world.faults.add('fsx:CreateBackup', { from: 1, to: 2 }, { kind: 'hang' });
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 8000 });
    const { Files } = await world.deploy(moving('Two'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(90 * MINUTE);
    expect(world.calls('fsx:CreateBackup')).toBeGreaterThanOrEqual(2);
    expect(world.ownBackups).toHaveLength(1);
    expect(world.physicalIdFor(world.ownBackups[0])).toBe(world.ownBackups[0].id);
  });

  test('where it was cancelled before its backup showed, beside one of an earlier attempt', async () => {
    const world = await start({ fsx: { visibilityDelay: 20_000, deletionInProgress: 'BackupInProgress' } });
    await world.deploy(moving('One'));
    const [{ id }] = world.ownBackups;
    Object.assign(world.fsx.options, { backupDuration: () => 120 * MINUTE });
    await world.deploy(moving('Two', { timeout: Duration.minutes(30) }));
    Object.assign(world.fsx.options, { backupDuration: () => 8 * MINUTE });
    await world.pass(26 * 60 * MINUTE);
    expect(world.ownBackups).toHaveLength(2); // it could not be deleted while it was running
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 8000 });
    const { Files } = await world.deploy(moving('Two', { timeout: Duration.minutes(30) }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(90 * MINUTE);
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expect(world.ownBackups.map((backup) => backup.id)).toEqual([id]);
  });

  test('where it was to replace a backup that had failed', async () => {
    const world = await heldAndFailed({ removalPolicy: DESTROY });
    Object.assign(world.fsx.options, { fail: () => undefined, backupDuration: () => 60 * MINUTE });
    const { Files } = await world.deploy(
      backupStack('OPENZFS', { removalPolicy: DESTROY, timeout: Duration.minutes(10) }),
    );
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect(world.ownBackups).toEqual([]);
  });

  test('where somebody has deleted the old backup', async () => {
    const world = await start({ fsx: { backupDuration: () => 30 * MINUTE } });
    await world.deploy(moving('One'));
    world.fsx.backups.delete(world.ownBackups[0].id);
    const { Files } = await world.deploy(moving('Two', { timeout: Duration.minutes(10) }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.ownBackups).toEqual([]);
    expect(world.answers.at(-1)).toMatchObject({ Status: 'SUCCESS', Data: { BackupLifecycle: 'DELETED' } });
  });
});

test('a create whose calls of CreateBackup were never answered leaks nothing, with DESTROY', async () => {
  const world = await start({ fsx: { visibilityDelay: 30_000 } });
  await world.deploy(versioned('1', false));
  world.fsx.plantBackup({
    type: 'AUTOMATIC',
    duration: 65_000,
    fileSystemId: world.backups[0].source.fileSystemId,
  });
  world.faults.add('fsx:CreateBackup', { from: 1 }, { kind: 'lost-response' });
  const { Files } = await world.deploy(
    versioned('2', true, { removalPolicy: DESTROY, timeout: Duration.minutes(1) }),
  );
  expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  await world.pass(60 * MINUTE);
  expect(world.ownBackups.map(nameOf)).toEqual(['Files/Standing']);
});

test("somebody else's backup that takes an hour fails the deployment, and the text says so", async () => {
  const world = await start();
  await world.deploy(versioned('1', false));
  world.fsx.plantBackup({
    type: 'AUTOMATIC',
    duration: 60 * MINUTE,
    fileSystemId: world.backups[0].source.fileSystemId,
  });
  const { Files } = await world.deploy(versioned('2', true));
  expect(Files.reason).toMatch(
    /Backing up fs-\w+ was not possible in 55 min\. BackupInProgress: .*Try again when it is over/,
  );
});

test('an update that is delivered after it was rolled back changes nothing', async () => {
  const world = await start();
  const app = (team: string) =>
    synthesize((stack) => {
      Tags.of(new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'OPENZFS') })).add('team', team);
      bystander(stack, undefined, team);
    });
  await world.deploy(app('a'));
  world.faults.add('lambda:*', { from: 1, to: 5 }, { kind: 'throttle' });
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 16_000 });
  expect((await world.deploy(app('b'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  await world.pass(60 * MINUTE);
  expect(world.ownBackups[0].tags.get('team')).toBe('a');
});

test('a function that Lambda runs three minutes late still answers in time', async () => {
  const world = await start({ fsx: { backupDuration: () => 90 * MINUTE } });
  world.journal.onEntry((entry) => {
    if (entry.kind === 'request' && entry.type === 'Create') {
      world.faults.add('lambda:*', { from: 1, to: 7 }, { kind: 'throttle' });
    }
  });
  const { Files } = await world.deploy(backupStack('OPENZFS'));
  expect(world.journal.of('invocation')[0].at - world.journal.of('request')[0].at).toBeGreaterThan(
    2 * MINUTE,
  );
  expect(Files.reason).toMatch(/is not finished after 55 min/);
});

describe('the backup a resource has', () => {
  test('by a rollback is not the new one of a retry a month later', async () => {
    const world = await start();
    const app = (which: 'One' | 'Two') =>
      synthesize((stack) => {
        const sources = { One: sourceOf(stack, 'OPENZFS', 'One'), Two: sourceOf(stack, 'OPENZFS', 'Two') };
        bystander(stack, new FsxBackup(stack, 'Backup', { source: sources[which] }), which);
      });
    await world.deploy(app('One'));
    world.fsx.backups.delete(world.ownBackups[0].id); // by somebody
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(app('Two'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await world.pass(30 * DAY);
    const before = world.calls('fsx:CreateBackup');
    expect((await world.deploy(app('Two'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup') - before).toBe(1);
  });

  test('is reported as it is where it has lost its tags', async () => {
    const world = await start();
    await world.deploy(tagged({ team: 'a' }));
    const [backup] = world.ownBackups;
    backup.tags.delete('cdk-fsx-backup:logical-id');
    const { Files } = await world.deploy(tagged({ team: 'b' }));
    expect(Files).toMatchObject({
      status: 'UPDATE_COMPLETE',
      outputs: { Lifecycle: 'AVAILABLE', Arn: backup.arn },
    });
    expect(backup.tags.get('team')).toBe('a');
    expect(world.log).toContain('has lost the tags');
  });

  test('is replaced if it failed in a long wait without rollback, and the next deployment asks', async () => {
    const world = await heldAndFailed();
    world.fsx.options.fail = () => undefined;
    const { Files } = await world.deploy(backupStack('OPENZFS', { timeout: Duration.hours(3) }));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(world.fsx.backups.get(Files.outputs.BackupId)?.failure).toBeUndefined();
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('stays where a change of options does not get it finished in time', async () => {
    const world = await start({ fsx: { backupDuration: () => 180 * MINUTE } });
    const within = (timeout: Duration) =>
      world.deploy(backupStack('OPENZFS', { removalPolicy: DESTROY, timeout }), { disableRollback: true });
    expect((await within(Duration.hours(2))).Files.status).toBe('CREATE_FAILED');
    const { Files } = await within(Duration.minutes(5));
    expect(Files.status).toBe('UPDATE_FAILED');
    expect(Files.reason).toMatch(
      /is not finished after 5 min .*It goes on, and stays this resource's backup/,
    );
    expect(world.ownBackups).toHaveLength(1);
  });
});

describe('no circular dependency and no needless wait', () => {
  test('where a file system is restored from one backup and backed up by another', async () => {
    const world = await start();
    const { Files } = await world.deploy(
      synthesize((stack: Stack) => {
        const first = new FsxBackup(stack, 'First', { source: sourceOf(stack, 'LUSTRE') });
        const clone = new fsx.CfnFileSystem(stack, 'Clone', {
          backupId: first.backupId,
          fileSystemType: 'LUSTRE',
          subnetIds: ['subnet-0123456789abcdef0'],
          storageCapacity: 1200,
          lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
        });
        new FsxBackup(stack, 'Second', { source: BackupSource.of(clone) });
      }),
    );
    expect(Files.status).toBe('CREATE_COMPLETE');
    expect(world.backups.map(nameOf).sort()).toEqual(['Files/First', 'Files/Second']);
  });

  test("a backup does not wait for another backup's source", async () => {
    const world = await start();
    world.cloudFormation.options.duration = (_type, operation, logicalId) =>
      operation === 'create' && logicalId === 'Slow' ? 60 * MINUTE : undefined;
    await world.deploy(
      synthesize((stack) => {
        for (const id of ['Quick', 'Slow']) {
          new FsxBackup(stack, `${id}Backup`, { source: sourceOf(stack, 'OPENZFS', id) });
        }
      }),
    );
    const [quick, slow] = world.backups;
    expect(slow.createdAt - quick.createdAt).toBeGreaterThan(40 * MINUTE);
  });
});

test('a minute of throttled invocations does not fail a deployment', async () => {
  const world = await start();
  world.journal.onEntry((entry) => {
    if (entry.kind === 'call' && entry.operation === 'states:StartExecution') {
      world.faults.add('lambda:*', { from: 3, to: 8 }, { kind: 'throttle' });
    }
  });
  expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
  expect(world.answers).toHaveLength(1);
});

test.each(['KmsAccessDeniedException', 'KmsThrottlingException'])(
  '%s of StartExecution is waited out',
  async (code) => {
    const world = await start();
    world.faults.add(
      'states:StartExecution',
      { from: 1, to: 2 },
      { kind: 'error', code, message: 'not yet' },
    );
    expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
  },
);
