import { CfnOutput, Duration, NestedStack, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { Construct } from 'constructs';
import type { Fault } from '../../sandbox';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupOptions } from '../../src';
import {
  bystander,
  fileSystemOf,
  finishedAt,
  HOUR,
  type Kind,
  MINUTE,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
} from '../fixtures';

/*
 * A guard: whenever a deployment is about to change or replace a file system of its own stack, that is backed
 * up before.
 */

const { DESTROY } = RemovalPolicy;
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/1';

interface Files {
  kind?: Kind;
  id?: string;
  throughput?: number;
  /** Another one replaces the file system. */
  key?: string;
  /** False: there is no guard. */
  guard?: FsxBackupOptions | false;
  more?: (stack: Stack, fileSystem: Construct, guard: FsxBackup | undefined) => void;
}

const fileSystemIn = (scope: Construct, { kind = 'OPENZFS', id = 'Fs', throughput = 64, key }: Files) =>
  fileSystemOf(scope, id, { kind, throughput, kmsKeyId: key });

/** A file system, and a guard before it. */
const files = (given: Files = {}) =>
  synthesize((stack) => {
    const fileSystem = fileSystemIn(stack, given);
    const guard =
      given.guard === false ? undefined : FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, given.guard);
    if (guard) new CfnOutput(stack, 'BackupId', { value: guard.backupId });
    given.more?.(stack, fileSystem, guard);
  });

const deploy = async (world: World, directory: string) => (await world.deploy(directory)).Files;
const fails = (target: string, on: 'create' | 'update' = 'update') => ({
  target,
  on,
  reason: 'failed for the test',
});
const guardId = (world: World) => world.physicalIdOf(/^Guard[0-9A-F]{8}$/);
const fileSystemId = (world: World) => world.physicalIdOf('Fs');

/** What the handler asked of AWS that changes anything. */
const changing = (world: World) =>
  ['fsx:CreateBackup', 'fsx:DeleteBackup', 'fsx:TagResource', 'fsx:UntagResource'].map((operation) =>
    world.calls(operation),
  );

describe('the first deployment', () => {
  const firstDeployment = async (directory: string) => {
    const world = await start();
    return { world, outcome: await deploy(world, directory) };
  };

  test('takes no backup, says so, and calls FSx not once', async () => {
    const { world, outcome } = await firstDeployment(files());
    expect(outcome).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(world.ownBackups).toEqual([]);
    expect(world.journal.of('call').filter((call) => call.operation.startsWith('fsx:'))).toEqual([]);
    expect(world.log).toMatch(/no backup taken: nothing is deployed yet[^}]*'Fs'/);
  });

  test('leaves all other attributes empty, but for an ARN that is well-formed', async () => {
    const { world } = await firstDeployment(files());
    const { BackupId, BackupArn, ...others } = world.answers[0].Data;
    expect(BackupId).toBe('none');
    expect(BackupArn).toBe('arn:aws:fsx:us-east-1:123456789012:backup/none');
    expect(new Set(Object.values(others))).toEqual(new Set(['']));
    expect(Object.keys(others)).toHaveLength(10);
  });

  test('goes on at once with a timeout over an hour', async () => {
    const { world, outcome } = await firstDeployment(files({ guard: { timeout: Duration.hours(6) } }));
    expect(outcome).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(world.timeOf('Fs', 'CREATE_IN_PROGRESS') - answeredAt(world)).toBeLessThan(1000);
    expect(world.calls('fsx:CreateBackup')).toBe(0);
  });

  test('whose file system fails takes nothing back, and can be repeated', async () => {
    const world = await start();
    world.cloudFormation.failures.fail(fails('Fs', 'create'));
    expect((await deploy(world, files({ guard: { removalPolicy: DESTROY } }))).status).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect(await deploy(world, files({ guard: { removalPolicy: DESTROY } }))).toMatchObject({
      status: 'CREATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(changing(world)).toEqual([0, 0, 0, 0]);
  });

  test('whose file system failed and stayed, with rollback disabled, is no deployment of it', async () => {
    const world = await start();
    world.cloudFormation.failures.fail(fails('Fs', 'create'));
    expect((await world.deploy(files(), { disableRollback: true })).Files.status).toBe('CREATE_FAILED');
    expect(await deploy(world, files({ throughput: 128 }))).toMatchObject({
      status: 'UPDATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(world.calls('fsx:CreateBackup')).toBe(0);
  });

  test('can be taken down again, with DESTROY too', async () => {
    const { world } = await firstDeployment(files({ guard: { removalPolicy: DESTROY } }));
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(changing(world)).toEqual([0, 0, 0, 0]);
  });

  test.each([300, 30_000, 3 * MINUTE, 9 * MINUTE])(
    'takes none either where the event comes again after %i ms',
    async (delay) => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      await deploy(world, files());
      await world.pass(2 * HOUR);
      expect(world.ownBackups).toEqual([]);
    },
  );

  test('takes none either where the event comes again when the file system is there alone', async () => {
    const world = await start({ cloudFormation: { redeliveries: [20 * MINUTE] } });
    world.cloudFormation.options.duration = (_type, _operation, logicalId) =>
      ({ Fs: 10 * MINUTE, Bystander: 40 * MINUTE })[logicalId];
    await deploy(world, files({ more: (stack) => bystander(stack) }));
    await world.pass(2 * HOUR);
    expect(world.ownBackups).toEqual([]);
  });
});

test('a second deployment without a change is none: no event, no call, no execution', async () => {
  const world = await start();
  await deploy(world, files());
  const before = world.journal.entries.length;
  expect(await deploy(world, files())).toMatchObject({ noChanges: true });
  expect(world.journal.entries).toHaveLength(before);
});

test('a change of something else does not concern the guard', async () => {
  const world = await start();
  const version = (value: string) => files({ more: (stack) => bystander(stack, undefined, value) });
  await deploy(world, version('1'));
  const before = world.journal.of('request').length;
  expect((await deploy(world, version('2'))).status).toBe('UPDATE_COMPLETE');
  expect(world.journal.of('request')).toHaveLength(before);
});

describe.each<Kind>(['WINDOWS', 'LUSTRE', 'OPENZFS'])('%s', (kind) => {
  test('a change: the backup is AVAILABLE before the file system is touched', async () => {
    const world = await start();
    await deploy(world, files({ kind }));
    const { status, outputs } = await deploy(world, files({ kind, throughput: 128 }));
    const backup = theOnly(world.ownBackups);
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expect(backup.source.fileSystemId).toBe(fileSystemId(world));
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a replacement: the backup is of the old file system, and stays when that is gone', async () => {
    const world = await start();
    await deploy(world, files({ kind }));
    const old = fileSystemId(world);
    expect((await deploy(world, files({ kind, key: KEY }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(world.ownBackups);
    expect(fileSystemId(world)).not.toBe(old);
    expect(world.fsx.fileSystems.has(old!)).toBe(false);
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });
});

describe('an ONTAP volume', () => {
  const volumes = (sizeInMegabytes: string, name = 'vol1') =>
    synthesize((stack) => {
      sourceOf(stack, 'ONTAP', 'Ontap');
      const volume = stack.node.findChild('OntapVolume') as fsx.CfnVolume;
      volume.name = name;
      volume.addPropertyOverride('OntapConfiguration.SizeInMegabytes', sizeInMegabytes);
      new CfnOutput(stack, 'BackupId', { value: FsxBackup.beforeChangeOf(stack, 'Guard', volume).backupId });
    });

  test('is backed up before it is changed', async () => {
    const world = await start();
    expect((await deploy(world, volumes('1024'))).outputs).toEqual({ BackupId: 'none' });
    const { status, outputs } = await deploy(world, volumes('2048'));
    const backup = theOnly(world.ownBackups);
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expect(backup.source.volumeId).toBe(world.physicalIdOf(/^OntapVolume$/));
    expectFinishedBefore(world, 'OntapVolume', 'UPDATE_IN_PROGRESS');
    expect(world.answers.at(-1)!.Data).toMatchObject({
      BackupResourceType: 'VOLUME',
      SourceVolumeId: backup.source.volumeId,
    });
  });
});

describe('a guard that comes to a file system that is deployed already', () => {
  test('takes a backup at once, also where nothing else changes', async () => {
    const world = await start();
    await deploy(world, files({ guard: false }));
    const { status, outputs } = await deploy(world, files());
    expect({ status, outputs }).toEqual({
      status: 'UPDATE_COMPLETE',
      outputs: { BackupId: theOnly(world.ownBackups).id },
    });
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
  });

  test('together with a change of it comes first', async () => {
    const world = await start();
    await deploy(world, files({ guard: false }));
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });
});

describe('a file system whose construct has moved', () => {
  test('is backed up under its former name before the new one is created', async () => {
    const world = await start();
    await deploy(world, files());
    const old = fileSystemId(world);
    expect((await deploy(world, files({ id: 'Moved' }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(world.ownBackups);
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(world, 'Moved', 'CREATE_IN_PROGRESS');
    expect(world.fsx.fileSystems.has(old!)).toBe(false);
  });

  test('that fails goes back to what was there, and a retry takes a backup of its own', async () => {
    const world = await start();
    await deploy(world, files());
    world.cloudFormation.failures.fail(fails('Moved', 'create'));
    expect((await deploy(world, files({ id: 'Moved' }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(guardId(world)).toBe('none');
    expect((await deploy(world, files({ id: 'Moved' }))).status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(2);
    expect(guardId(world)).toBe(world.newest.id);
    expectFinishedBefore(world, 'Moved', 'CREATE_IN_PROGRESS');
  });
});

test('a file system that was removed and comes back is backed up neither then nor as it was', async () => {
  const world = await start();
  const none = synthesize((stack) => bystander(stack));
  const some = (throughput?: number) => files({ throughput, more: (stack) => bystander(stack) });
  await deploy(world, some());
  expect((await deploy(world, none)).status).toBe('UPDATE_COMPLETE');
  expect(await deploy(world, some())).toMatchObject({
    status: 'UPDATE_COMPLETE',
    outputs: { BackupId: 'none' },
  });
  expect(world.calls('fsx:CreateBackup')).toBe(0);
  await deploy(world, some(128));
  expect(theOnly(world.ownBackups).source.fileSystemId).toBe(fileSystemId(world));
});

/** The ways an upgrade of the file system can fail, once the backup is there. */
const FAILURES: Array<[string, Files, ReturnType<typeof fails>]> = [
  ['the change of the file system fails', { throughput: 128 }, fails('Fs')],
  ['its replacement fails', { key: KEY }, fails('Fs', 'create')],
  ['something else fails after its change', { throughput: 128 }, fails('Bystander')],
  ['something else fails after its replacement', { key: KEY }, fails('Bystander')],
];

describe.each(FAILURES)('where %s', (_, change, failure) => {
  /** Something comes after the file system. */
  const app = (given: Files = {}) =>
    files({
      ...given,
      more: (stack, fileSystem, guard) => {
        bystander(stack, undefined, JSON.stringify(given));
        stack.node.findChild('Bystander').node.addDependency(fileSystem);
        given.more?.(stack, fileSystem, guard);
      },
    });
  const upgrade = (guard?: FsxBackupOptions) => app({ ...change, guard });
  /** The guard comes later, so that it holds a backup from before. */
  const deployed = async (guard?: FsxBackupOptions) => {
    const world = await start();
    await deploy(world, app({ guard: false }));
    await deploy(world, app({ guard }));
    return { world, before: theOnly(world.ownBackups), fileSystem: fileSystemId(world) };
  };
  const failing = async (world: World, directory: string) => {
    const created = world.calls('fsx:CreateBackup');
    world.cloudFormation.failures.fail(failure);
    expect((await deploy(world, directory)).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    return world.calls('fsx:CreateBackup') - created;
  };

  test('the guard holds its old backup again, and the new one stays', async () => {
    const { world, before, fileSystem } = await deployed();
    expect(await failing(world, upgrade())).toBe(1);
    expect(guardId(world)).toBe(before.id);
    expect(fileSystemId(world)).toBe(fileSystem);
    expect(world.ownBackups.map((backup) => backup.source.fileSystemId)).toEqual([fileSystem, fileSystem]);
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
  });

  test('a retry takes a backup of its own, before the file system is touched', async () => {
    const { world } = await deployed();
    await failing(world, upgrade());
    expect((await deploy(world, upgrade())).status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(3);
    expect(guardId(world)).toBe(world.newest.id);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('another upgrade that fails too has its own backup, and the guard holds the first again', async () => {
    const { world, before, fileSystem } = await deployed();
    await failing(world, upgrade());
    expect(await failing(world, app({ throughput: 512, key: change.key && `${change.key}2` }))).toBe(1);
    expect(guardId(world)).toBe(before.id);
    expect(world.ownBackups).toHaveLength(3);
    expect(new Set(world.ownBackups.map((backup) => backup.source.fileSystemId))).toEqual(
      new Set([fileSystem]),
    );
  });

  test('with DESTROY, only the old backup is left', async () => {
    const { world, before } = await deployed({ removalPolicy: DESTROY });
    await failing(world, upgrade({ removalPolicy: DESTROY }));
    expect(world.ownBackups).toEqual([before]);
    expect(guardId(world)).toBe(before.id);
  });

  test.each([300, 20_000, 70_000, 25 * MINUTE])(
    'events that come again after %i ms change nothing of it',
    async (delay) => {
      const { world, before } = await deployed();
      world.cloudFormation.options.redeliveries = [delay];
      await failing(world, upgrade());
      await world.pass(2 * HOUR);
      expect(guardId(world)).toBe(before.id);
      expect(world.ownBackups).toHaveLength(2);
    },
  );

  describe('the first time that there was something to back up', () => {
    const deployedFirst = async (guard?: FsxBackupOptions) => {
      const world = await start();
      await deploy(world, app({ guard }));
      return world;
    };

    test('the guard holds none again', async () => {
      const world = await deployedFirst();
      await failing(world, upgrade());
      expect(guardId(world)).toBe('none');
      expect(world.cloudFormation.stack('Files').outputs.BackupId).toBe('none');
    });

    test('the backup stays, and a retry takes one of its own', async () => {
      const world = await deployedFirst();
      expect(await failing(world, upgrade())).toBe(1);
      expect(world.ownBackups).toHaveLength(1);
      expect((await deploy(world, upgrade())).status).toBe('UPDATE_COMPLETE');
      expect(world.ownBackups).toHaveLength(2);
      expect(guardId(world)).toBe(world.newest.id);
    });

    test('with DESTROY, the backup goes', async () => {
      const world = await deployedFirst({ removalPolicy: DESTROY });
      await failing(world, upgrade({ removalPolicy: DESTROY }));
      expect(world.ownBackups).toEqual([]);
    });

    test('who gives the upgrade up deploys without another backup', async () => {
      const world = await deployedFirst();
      await failing(world, upgrade());
      expect(
        (await deploy(world, app({ more: (stack) => bystander(stack, undefined, '1', 'Other') }))).status,
      ).toBe('UPDATE_COMPLETE');
      expect(world.calls('fsx:CreateBackup')).toBe(1);
    });
  });
});

describe('a guard whose backup is not finished in time', () => {
  test.each([
    ['continues with it, since it is still running', 70, 1],
    ['takes one of its own, since that is finished', 56, 2],
  ])('leaves the file system as it is, and the next deployment %s', async (_, minutes, count) => {
    const world = await start({ fsx: { backupDuration: () => minutes * MINUTE } });
    await deploy(world, files());
    const failed = await deploy(world, files({ throughput: 128 }));
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(failed.reason).toMatch(
      /is not finished after 55 min .*deploy again, and the deployment continues with it/,
    );
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(guardId(world)).toBe('none');
    if (minutes < 60) await world.pass(10 * MINUTE);
    world.fsx.options.backupDuration = () => MINUTE; // the second one is incremental
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(count);
    expect(guardId(world)).toBe(world.newest.id);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('with DESTROY is removed with the rollback', async () => {
    const world = await start({ fsx: { backupDuration: () => 70 * MINUTE } });
    const guard = { removalPolicy: DESTROY };
    await deploy(world, files({ guard }));
    expect((await deploy(world, files({ guard, throughput: 128 }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.ownBackups).toEqual([]);
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
  });
});

describe('a deployment that is broken off', () => {
  test('by the user during the backup leaves the file system as is; the next continues with it', async () => {
    const world = await start({ fsx: { backupDuration: () => 30 * MINUTE } });
    await deploy(world, files());
    world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Files'), 10 * MINUTE);
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(guardId(world)).toBe('none');
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(guardId(world)).toBe(theOnly(world.ownBackups).id);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('with rollback disabled holds the new backup, and going on takes no other', async () => {
    const world = await start();
    await deploy(world, files());
    world.cloudFormation.failures.fail(fails('Fs'));
    expect((await world.deploy(files({ throughput: 128 }), { disableRollback: true })).Files.status).toBe(
      'UPDATE_FAILED',
    );
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(guardId(world)).toBe(theOnly(world.ownBackups).id);
    expect(world.calls('fsx:CreateBackup')).toBe(1);
  });
});

test('a backup that fails leaves the file system as it is', async () => {
  const world = await start({ fsx: { fail: () => 'The volume ran out of space.' } });
  await deploy(world, files());
  const { status, reason } = await deploy(world, files({ key: KEY }));
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(reason).toMatch(/could not finish backup backup-\w+ of Fs: The volume ran out of space/);
  expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
});

describe('with a timeout over an hour', () => {
  const guard = { timeout: Duration.hours(6) };

  test('the change waits for a backup of three hours', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    await deploy(world, files({ guard }));
    const { status, outputs } = await deploy(world, files({ guard, throughput: 128 }));
    const backup = theOnly(world.ownBackups);
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a replacement waits for it too, and is not what is backed up', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    await deploy(world, files({ guard }));
    const old = fileSystemId(world);
    expect((await deploy(world, files({ guard, key: KEY }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(world.ownBackups);
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('to one of an hour and back, no other backup is taken', async () => {
    const world = await start();
    await deploy(world, files({ guard: false }));
    for (const hours of [1, 6, 1]) {
      expect((await deploy(world, files({ guard: { timeout: Duration.hours(hours) } }))).status).toBe(
        'UPDATE_COMPLETE',
      );
    }
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    expect(guardId(world)).toBe(theOnly(world.ownBackups).id);
  });
});

describe('events that come again', () => {
  test.each([300, 3_000, 30_000, 55_000, 20 * MINUTE])('after %i ms give one backup', async (delay) => {
    const world = await start({ cloudFormation: { redeliveries: [delay] } });
    await deploy(world, files());
    await world.pass(HOUR);
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    await world.pass(2 * HOUR);
    expect(world.ownBackups).toHaveLength(1);
  });

  test('when the file system was replaced, but the stack is not finished, back up no new one', async () => {
    const world = await start();
    const app = (key?: string) => files({ key, more: (stack) => bystander(stack, undefined, key ?? 'none') });
    await deploy(world, app());
    const old = fileSystemId(world);
    world.cloudFormation.options.redeliveries = [30 * MINUTE];
    world.cloudFormation.options.duration = (_type, operation, logicalId) =>
      operation === 'delete' ? undefined : { Fs: 10 * MINUTE, Bystander: 60 * MINUTE }[logicalId];
    expect((await deploy(world, app(KEY))).status).toBe('UPDATE_COMPLETE');
    await world.pass(2 * HOUR);
    expect(world.ownBackups.map((backup) => backup.source.fileSystemId)).toEqual([old]);
  });
});

describe('a function that dies', () => {
  test.each([
    'cloudformation:DescribeStackResource',
    'cloudformation:DescribeStacks',
    'fsx:DescribeBackups',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('at %s is run again, and there is one backup, before the change', async (operation) => {
    const world = await start();
    await deploy(world, files());
    world.lambda.crashAfter(operation);
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(world.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('at DescribeStackResource of the first deployment takes none all the same', async () => {
    const world = await start();
    world.lambda.crashAfter('cloudformation:DescribeStackResource');
    expect(await deploy(world, files())).toMatchObject({
      status: 'CREATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(world.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
  });
});

test.each([
  [1, 'is decided'],
  [2, 'is said'],
])(
  'a poll whose result is lost (%i) when it %s that there is nothing to back up yet takes nothing later',
  async (from) => {
    const world = await start();
    world.cloudFormation.options.duration = (_type, _operation, logicalId) =>
      ({ Fs: 1000, Bystander: HOUR })[logicalId];
    world.journal.onEntry((entry) => {
      if (entry.kind !== 'call' || entry.operation !== 'states:StartExecution') return;
      world.faults.add('lambda:*', { from, to: from + 5 }, { kind: 'lost-response' });
    });
    const { status } = await deploy(world, files({ more: (stack) => bystander(stack) }));
    expect(status).toBe('CREATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(0);
    expect(world.answers).toHaveLength(1);
  },
);

describe('DescribeStackResource', () => {
  test.each(['throttle', 'server-error', 'reset', 'hang', 'lost-response'] as const)(
    'that meets a %s is asked again, at the first deployment and later',
    async (kind) => {
      const world = await start();
      world.faults.add('cloudformation:DescribeStackResource', { from: 1, to: 7 }, { kind });
      expect(await deploy(world, files())).toMatchObject({
        status: 'CREATE_COMPLETE',
        outputs: { BackupId: 'none' },
      });
      world.faults.clear();
      world.faults.add('cloudformation:DescribeStackResource', { from: 1, to: 7 }, { kind });
      expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
      expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
    },
  );

  test.each<[string, Fault]>([
    ['throttled', { kind: 'throttle' }],
    [
      'denied',
      {
        kind: 'error',
        code: 'AccessDenied',
        message: 'explicit deny in a service control policy',
        status: 403,
      },
    ],
  ])('that is %s all the time does not fail the rollback', async (_, fault) => {
    const world = await start();
    await deploy(world, files());
    world.faults.add('cloudformation:DescribeStackResource', { from: 1 }, fault);
    expect((await deploy(world, files({ throughput: 128 }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(guardId(world)).toBe('none');
  });

  test('that is denied does not keep the stack from being deleted: it need not be called', async () => {
    const world = await start();
    await deploy(world, files({ guard: { removalPolicy: DESTROY } }));
    const before = world.calls('cloudformation:DescribeStackResource');
    world.faults.add(
      'cloudformation:DescribeStackResource',
      { from: 1 },
      { kind: 'error', code: 'AccessDenied', message: 'explicit deny', status: 403 },
    );
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.calls('cloudformation:DescribeStackResource')).toBe(before);
  });

  test('that is throttled for an hour fails the deployment before any change, and says why', async () => {
    const world = await start();
    await deploy(world, files());
    world.faults.add('cloudformation:DescribeStackResource', { from: 1 }, { kind: 'throttle' });
    const { reason } = await deploy(world, files({ throughput: 128 }));
    expect(reason).toMatch(/Backing up Fs was not possible in 55 min\. Throttling\w*: .*Then try again/);
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(guardId(world)).toBe('none');
  });
});

test('a change of tags changes those of the backup, and takes none', async () => {
  const world = await start();
  const tagged = (team: string, guard = {}) =>
    files({ guard, more: (_stack, _fileSystem, backup) => Tags.of(backup!).add('team', team) });
  await deploy(world, files({ guard: false }));
  await deploy(world, tagged('a'));
  expect((await deploy(world, tagged('b'))).status).toBe('UPDATE_COMPLETE');
  expect(theOnly(world.ownBackups).tags.get('team')).toBe('b');
});

// Whether attempts without rollback have failed, or nothing was deployed before, cannot be told apart.
test('a change of tags before there is a backup takes the first one', async () => {
  const world = await start();
  const tagged = (team: string) =>
    files({ more: (_stack, _fileSystem, backup) => Tags.of(backup!).add('team', team) });
  await deploy(world, tagged('a'));
  const { status, outputs } = await deploy(world, tagged('b'));
  expect({ status, id: outputs.BackupId }).toEqual({
    status: 'UPDATE_COMPLETE',
    id: theOnly(world.ownBackups).id,
  });
  expect((await deploy(world, tagged('c'))).outputs.BackupId).toBe(outputs.BackupId);
});

test("a trigger of its own is added to the guard's", async () => {
  const world = await start();
  const version = (value: string) => files({ guard: { triggers: [BackupTrigger.onValue(value)] } });
  await deploy(world, version('1'));
  expect((await deploy(world, version('2'))).outputs.BackupId).toBe(theOnly(world.ownBackups).id);
  expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
});

test('two guards of two file systems do not wait for each other', async () => {
  const world = await start();
  const app = (throughput: number) =>
    synthesize((stack) => {
      for (const id of ['One', 'Two']) {
        FsxBackup.beforeChangeOf(stack, `${id}Guard`, fileSystemIn(stack, { id, throughput }));
      }
    });
  await deploy(world, app(64));
  expect((await deploy(world, app(128))).status).toBe('UPDATE_COMPLETE');
  const [first, second] = world.ownBackups;
  expect(Math.abs(first.createdAt - second.createdAt)).toBeLessThan(MINUTE);
});

test('two guards of one file system take turns, and it waits for both', async () => {
  const world = await start();
  const app = (throughput: number) =>
    synthesize((stack) => {
      const fileSystem = fileSystemIn(stack, { throughput });
      for (const id of ['One', 'Two']) FsxBackup.beforeChangeOf(stack, id, fileSystem);
    });
  await deploy(world, app(64));
  expect((await deploy(world, app(128))).status).toBe('UPDATE_COMPLETE');
  expect(world.ownBackups).toHaveLength(2);
  expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
});

describe('in a nested stack', () => {
  const nested = (throughput: number, version = '1') =>
    synthesize((stack) => {
      const inner = new NestedStack(stack, 'Inner');
      const guard = FsxBackup.beforeChangeOf(inner, 'Guard', fileSystemIn(inner, { throughput }));
      new CfnOutput(stack, 'BackupId', { value: guard.backupId });
      bystander(stack, undefined, version);
      stack.node.findChild('Bystander').node.addDependency(inner);
    });

  test('the file system of that stack is backed up before its change', async () => {
    const world = await start();
    expect((await deploy(world, nested(64))).outputs).toEqual({ BackupId: 'none' });
    const { status, outputs } = await deploy(world, nested(128));
    const backup = theOnly(world.ownBackups);
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expectFinishedBefore(world, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a rollback of the stack around it takes none, and a retry takes one of its own', async () => {
    const world = await start();
    await deploy(world, nested(64));
    world.cloudFormation.failures.fail(fails('Bystander'));
    expect((await deploy(world, nested(128, '2'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    expect((await deploy(world, nested(128, '2'))).status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(2);
  });
});

test('the source can be a deployed file system that is not waited for', async () => {
  const world = await start();
  const app = (value: string, present = true) =>
    synthesize((stack) => {
      const fileSystem = fileSystemIn(stack, {});
      if (present) {
        new FsxBackup(stack, 'Guard', {
          source: BackupSource.fromDeployed(fileSystem),
          triggers: [BackupTrigger.onValue(value)],
        });
      }
    });
  await deploy(world, app('1', false));
  for (const value of ['1', '2']) await deploy(world, app(value));
  expect(world.ownBackups.map((backup) => backup.source.fileSystemId)).toEqual([
    fileSystemId(world),
    fileSystemId(world),
  ]);
});

test('a stack with a guard can be deleted, and the backups stay', async () => {
  const world = await start();
  await deploy(world, files());
  await deploy(world, files({ throughput: 128 }));
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(world.ownBackups).toHaveLength(1);
  expect(world.calls('fsx:DeleteBackup')).toBe(0);
});

test('with DESTROY the backups go with their stack, also after their file system was replaced', async () => {
  const world = await start({ fsx: { filterOfMissingSource: 'error' } });
  const guard = { removalPolicy: DESTROY };
  await deploy(world, files({ guard }));
  await deploy(world, files({ guard, key: KEY }));
  expect(world.ownBackups).toHaveLength(1);
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(world.ownBackups).toEqual([]);
});

/** When CloudFormation was answered last. */
function answeredAt(world: World): number {
  return world.journal
    .of('response')
    .filter((response) => response.effect === 'accepted')
    .at(-1)!.at;
}

/** Each backup was there before this came about; and the handler has said so. */
function expectFinishedBefore(world: World, logicalId: string, status: string): void {
  expect(world.ownBackups).not.toEqual([]);
  for (const backup of world.ownBackups) {
    expect(world.timeOf(logicalId, status)).toBeGreaterThanOrEqual(finishedAt(backup));
  }
}
