import { CfnOutput, Duration, NestedStack, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { Construct } from 'constructs';
import {
  answersIn,
  bystander,
  calls,
  events,
  finishedAt,
  Kind,
  logOf,
  MINUTE,
  ownBackupsIn,
  passTime,
  physicalIdOf,
  sourceOf,
  start,
  synthesize,
  theOnly,
  timeOf,
} from './fixture';
import type { Fault } from '../../sandbox/faults';
import type { Sandbox } from '../../sandbox/sandbox';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupOptions } from '../../src';

/*
 * A guard: whenever a deployment is about to change or replace a file system of its own stack, that is backed
 * up before.
 */

const { DESTROY } = RemovalPolicy;
const HOUR = 60 * MINUTE;
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

const fileSystemOf = (scope: Construct, { kind = 'OPENZFS', id = 'Fs', throughput = 64, key }: Files) => {
  const configuration = {
    WINDOWS: { windowsConfiguration: { throughputCapacity: throughput, activeDirectoryId: 'd-1234abcd12' } },
    LUSTRE: { lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: throughput } },
    OPENZFS: { openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: throughput } },
    ONTAP: { ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: throughput } },
  }[kind];
  return new fsx.CfnFileSystem(scope, id, {
    fileSystemType: kind,
    subnetIds: ['subnet-0123456789abcdef0'],
    storageCapacity: 1200,
    kmsKeyId: key,
    ...configuration,
  });
};

/** A file system, and a guard before it. */
const files = (given: Files = {}) =>
  synthesize((stack) => {
    const fileSystem = fileSystemOf(stack, given);
    const guard =
      given.guard === false ? undefined : FsxBackup.beforeUpdateOf(stack, 'Guard', fileSystem, given.guard);
    if (guard) new CfnOutput(stack, 'BackupId', { value: guard.backupId });
    given.more?.(stack, fileSystem, guard);
  });

const deploy = async (sandbox: Sandbox, directory: string) => (await sandbox.deploy(directory)).Files;
const fails = (target: string, on: 'create' | 'update' = 'update') => ({
  target,
  on,
  reason: 'failed for the test',
});
const guardId = (sandbox: Sandbox) => physicalIdOf(sandbox, /^Guard[0-9A-F]{8}$/);
const fileSystemId = (sandbox: Sandbox) => physicalIdOf(sandbox, /^Fs$/);

/** What the handler asked of AWS that changes anything. */
const changing = (sandbox: Sandbox) =>
  [
    'fsx:CreateBackup',
    'fsx:DeleteBackup',
    'fsx:TagResource',
    'fsx:UntagResource',
    'states:StartExecution',
  ].map((operation) => calls(sandbox, operation));

describe('the first deployment', () => {
  const firstDeployment = async (directory: string) => {
    const sandbox = await start();
    return { sandbox, outcome: await deploy(sandbox, directory) };
  };

  test('takes no backup, says so, and calls FSx not once', async () => {
    const { sandbox, outcome } = await firstDeployment(files());
    expect(outcome).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(ownBackupsIn(sandbox)).toEqual([]);
    expect(sandbox.journal.of('call').filter((call) => call.operation.startsWith('fsx:'))).toEqual([]);
    expect(calls(sandbox, 'states:StartExecution')).toBe(0);
    expect(logOf(sandbox)).toMatch(/no backup taken: nothing is deployed yet[^}]*'Fs'/);
  });

  test('leaves all other attributes empty', async () => {
    const { sandbox } = await firstDeployment(files());
    const { BackupId, ...others } = answersIn(sandbox)[0].Data;
    expect(BackupId).toBe('none');
    expect(new Set(Object.values(others))).toEqual(new Set(['']));
    expect(Object.keys(others)).toHaveLength(11);
  });

  test('goes on at once with a timeout over an hour', async () => {
    const { sandbox, outcome } = await firstDeployment(files({ guard: { timeout: Duration.hours(6) } }));
    expect(outcome).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(timeOf(sandbox, 'Fs', 'CREATE_IN_PROGRESS') - answeredAt(sandbox)).toBeLessThan(1000);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(0);
  });

  test('whose file system fails takes nothing back, and can be repeated', async () => {
    const sandbox = await start();
    sandbox.cloudFormation.failures.fail(fails('Fs', 'create'));
    expect((await deploy(sandbox, files({ guard: { removalPolicy: DESTROY } }))).status).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect(await deploy(sandbox, files({ guard: { removalPolicy: DESTROY } }))).toMatchObject({
      status: 'CREATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(changing(sandbox)).toEqual([0, 0, 0, 0, 0]);
  });

  test('whose file system failed and stayed, with rollback disabled, is no deployment of it', async () => {
    const sandbox = await start();
    sandbox.cloudFormation.failures.fail(fails('Fs', 'create'));
    expect((await sandbox.deploy(files(), { disableRollback: true })).Files.status).toBe('CREATE_FAILED');
    expect(await deploy(sandbox, files({ throughput: 128 }))).toMatchObject({
      status: 'UPDATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(0);
  });

  test('can be taken down again, with DESTROY too', async () => {
    const { sandbox } = await firstDeployment(files({ guard: { removalPolicy: DESTROY } }));
    expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(changing(sandbox)).toEqual([0, 0, 0, 0, 0]);
  });

  test.each([300, 30_000, 3 * MINUTE, 9 * MINUTE])(
    'takes none either where the event comes again after %i ms',
    async (delay) => {
      const sandbox = await start({ cloudFormation: { redeliveries: [delay] } });
      await deploy(sandbox, files());
      await passTime(sandbox, 2 * HOUR);
      expect(ownBackupsIn(sandbox)).toEqual([]);
    },
  );

  test('takes none if the event comes again when the file system is there, but not the stack', async () => {
    const sandbox = await start({ cloudFormation: { redeliveries: [20 * MINUTE] } });
    sandbox.cloudFormation.options.duration = (_type, _operation, logicalId) =>
      ({ Fs: 10 * MINUTE, Bystander: 40 * MINUTE })[logicalId];
    await deploy(sandbox, files({ more: (stack) => bystander(stack) }));
    await passTime(sandbox, 2 * HOUR);
    expect(ownBackupsIn(sandbox)).toEqual([]);
  });
});

test('a second deployment without a change is none: no event, no call, no execution', async () => {
  const sandbox = await start();
  await deploy(sandbox, files());
  const before = sandbox.journal.entries.length;
  expect(await deploy(sandbox, files())).toMatchObject({ noChanges: true });
  expect(sandbox.journal.entries).toHaveLength(before);
});

test('a change of something else does not concern the guard', async () => {
  const sandbox = await start();
  const version = (value: string) => files({ more: (stack) => bystander(stack, undefined, value) });
  await deploy(sandbox, version('1'));
  const before = sandbox.journal.of('request').length;
  expect((await deploy(sandbox, version('2'))).status).toBe('UPDATE_COMPLETE');
  expect(sandbox.journal.of('request')).toHaveLength(before);
});

describe.each<Kind>(['WINDOWS', 'LUSTRE', 'OPENZFS'])('%s', (kind) => {
  test('a change: the backup is AVAILABLE before the file system is touched', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ kind }));
    const { status, outputs } = await deploy(sandbox, files({ kind, throughput: 128 }));
    const backup = theOnly(ownBackupsIn(sandbox));
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expect(backup.source.fileSystemId).toBe(fileSystemId(sandbox));
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a replacement: the backup is of the old file system, and stays when that is gone', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ kind }));
    const old = fileSystemId(sandbox);
    expect((await deploy(sandbox, files({ kind, key: KEY }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(ownBackupsIn(sandbox));
    expect(fileSystemId(sandbox)).not.toBe(old);
    expect(sandbox.fsx.fileSystems.has(old!)).toBe(false);
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });
});

describe('an ONTAP volume', () => {
  const volumes = (sizeInMegabytes: string, name = 'vol1') =>
    synthesize((stack) => {
      sourceOf(stack, 'ONTAP', 'Ontap');
      const volume = stack.node.findChild('OntapVolume') as fsx.CfnVolume;
      volume.name = name;
      volume.addPropertyOverride('OntapConfiguration.SizeInMegabytes', sizeInMegabytes);
      new CfnOutput(stack, 'BackupId', { value: FsxBackup.beforeUpdateOf(stack, 'Guard', volume).backupId });
    });

  test('is backed up before it is changed', async () => {
    const sandbox = await start();
    expect((await deploy(sandbox, volumes('1024'))).outputs).toEqual({ BackupId: 'none' });
    const { status, outputs } = await deploy(sandbox, volumes('2048'));
    const backup = theOnly(ownBackupsIn(sandbox));
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expect(backup.source.volumeId).toBe(physicalIdOf(sandbox, /^OntapVolume$/));
    expectFinishedBefore(sandbox, 'OntapVolume', 'UPDATE_IN_PROGRESS');
    expect(answersIn(sandbox).at(-1)!.Data).toMatchObject({
      BackupResourceType: 'VOLUME',
      SourceVolumeId: backup.source.volumeId,
    });
  });
});

describe('a guard that comes to a file system that is deployed already', () => {
  test('takes a backup at once, also where nothing else changes', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ guard: false }));
    const { status, outputs } = await deploy(sandbox, files());
    expect({ status, outputs }).toEqual({
      status: 'UPDATE_COMPLETE',
      outputs: { BackupId: theOnly(ownBackupsIn(sandbox)).id },
    });
    expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
  });

  test('together with a change of it comes first', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ guard: false }));
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });
});

describe('a file system whose construct has moved', () => {
  test('is backed up under its former name before the new one is created', async () => {
    const sandbox = await start();
    await deploy(sandbox, files());
    const old = fileSystemId(sandbox);
    expect((await deploy(sandbox, files({ id: 'Moved' }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(ownBackupsIn(sandbox));
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(sandbox, 'Moved', 'CREATE_IN_PROGRESS');
    expect(sandbox.fsx.fileSystems.has(old!)).toBe(false);
  });

  test('that fails goes back to what was there, and a retry takes up the backup', async () => {
    const sandbox = await start();
    await deploy(sandbox, files());
    sandbox.cloudFormation.failures.fail(fails('Moved', 'create'));
    expect((await deploy(sandbox, files({ id: 'Moved' }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await deploy(sandbox, files({ id: 'Moved' }))).status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    expect(guardId(sandbox)).toBe(theOnly(ownBackupsIn(sandbox)).id);
  });
});

test('a file system that was removed and comes back is not backed up, nor as what it was', async () => {
  const sandbox = await start();
  const none = synthesize((stack) => bystander(stack));
  const some = (throughput?: number) => files({ throughput, more: (stack) => bystander(stack) });
  await deploy(sandbox, some());
  expect((await deploy(sandbox, none)).status).toBe('UPDATE_COMPLETE');
  expect(await deploy(sandbox, some())).toMatchObject({
    status: 'UPDATE_COMPLETE',
    outputs: { BackupId: 'none' },
  });
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(0);
  await deploy(sandbox, some(128));
  expect(theOnly(ownBackupsIn(sandbox)).source.fileSystemId).toBe(fileSystemId(sandbox));
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
    const sandbox = await start();
    await deploy(sandbox, app({ guard: false }));
    await deploy(sandbox, app({ guard }));
    return { sandbox, before: theOnly(ownBackupsIn(sandbox)), fileSystem: fileSystemId(sandbox) };
  };
  const failing = async (sandbox: Sandbox, directory: string) => {
    const created = calls(sandbox, 'fsx:CreateBackup');
    sandbox.cloudFormation.failures.fail(failure);
    expect((await deploy(sandbox, directory)).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    return calls(sandbox, 'fsx:CreateBackup') - created;
  };

  test('the guard holds its old backup again, and the new one stays', async () => {
    const { sandbox, before, fileSystem } = await deployed();
    expect(await failing(sandbox, upgrade())).toBe(1);
    expect(guardId(sandbox)).toBe(before.id);
    expect(fileSystemId(sandbox)).toBe(fileSystem);
    expect(ownBackupsIn(sandbox).map((backup) => backup.source.fileSystemId)).toEqual([
      fileSystem,
      fileSystem,
    ]);
    expect(calls(sandbox, 'fsx:DeleteBackup')).toBe(0);
  });

  test('a retry takes up the new backup', async () => {
    const { sandbox, before } = await deployed();
    await failing(sandbox, upgrade());
    const after = ownBackupsIn(sandbox).find((backup) => backup !== before)!;
    expect((await deploy(sandbox, upgrade())).status).toBe('UPDATE_COMPLETE');
    expect(guardId(sandbox)).toBe(after.id);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('a retry after 25 hours takes another', async () => {
    const { sandbox } = await deployed();
    await failing(sandbox, upgrade());
    await passTime(sandbox, 25 * HOUR);
    expect((await deploy(sandbox, upgrade())).status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
    expect(guardId(sandbox)).toBe(newest(sandbox).id);
  });

  test('another upgrade that fails too has its own backup, and the guard holds the first again', async () => {
    const { sandbox, before, fileSystem } = await deployed();
    await failing(sandbox, upgrade());
    expect(await failing(sandbox, app({ throughput: 512, key: change.key && `${change.key}2` }))).toBe(1);
    expect(guardId(sandbox)).toBe(before.id);
    expect(ownBackupsIn(sandbox)).toHaveLength(3);
    expect(new Set(ownBackupsIn(sandbox).map((backup) => backup.source.fileSystemId))).toEqual(
      new Set([fileSystem]),
    );
  });

  test('with DESTROY, only the old backup is left', async () => {
    const { sandbox, before } = await deployed({ removalPolicy: DESTROY });
    await failing(sandbox, upgrade({ removalPolicy: DESTROY }));
    expect(ownBackupsIn(sandbox)).toEqual([before]);
    expect(guardId(sandbox)).toBe(before.id);
  });

  test.each([300, 20_000, 70_000, 25 * MINUTE])(
    'events that come again after %i ms change nothing of it',
    async (delay) => {
      const { sandbox, before } = await deployed();
      sandbox.cloudFormation.options.redeliveries = [delay];
      await failing(sandbox, upgrade());
      await passTime(sandbox, 2 * HOUR);
      expect(guardId(sandbox)).toBe(before.id);
      expect(ownBackupsIn(sandbox)).toHaveLength(2);
    },
  );

  describe('the first time that there was something to back up', () => {
    const deployedFirst = async (guard?: FsxBackupOptions) => {
      const sandbox = await start();
      await deploy(sandbox, app({ guard }));
      return sandbox;
    };

    test('the guard holds none again', async () => {
      const sandbox = await deployedFirst();
      await failing(sandbox, upgrade());
      expect(guardId(sandbox)).toBe('none');
      expect(sandbox.cloudFormation.stack('Files').outputs.BackupId).toBe('none');
    });

    test('the backup stays, and a retry takes it up', async () => {
      const sandbox = await deployedFirst();
      expect(await failing(sandbox, upgrade())).toBe(1);
      expect(ownBackupsIn(sandbox)).toHaveLength(1);
      expect((await deploy(sandbox, upgrade())).status).toBe('UPDATE_COMPLETE');
      expect(guardId(sandbox)).toBe(theOnly(ownBackupsIn(sandbox)).id);
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    });

    test('with DESTROY, the backup goes', async () => {
      const sandbox = await deployedFirst({ removalPolicy: DESTROY });
      await failing(sandbox, upgrade({ removalPolicy: DESTROY }));
      expect(ownBackupsIn(sandbox)).toEqual([]);
    });

    test('a retry after 25 hours takes another', async () => {
      const sandbox = await deployedFirst();
      await failing(sandbox, upgrade());
      await passTime(sandbox, 25 * HOUR);
      expect((await deploy(sandbox, upgrade())).status).toBe('UPDATE_COMPLETE');
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
      expect(guardId(sandbox)).toBe(newest(sandbox).id);
    });

    test('who gives the upgrade up deploys without another backup', async () => {
      const sandbox = await deployedFirst();
      await failing(sandbox, upgrade());
      expect(
        (await deploy(sandbox, app({ more: (stack) => bystander(stack, undefined, '1', 'Other') }))).status,
      ).toBe('UPDATE_COMPLETE');
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    });
  });
});

describe('a guard whose backup is not finished in time', () => {
  test.each([
    ['still running', 70],
    ['finished meanwhile', 56],
  ])(
    'leaves the file system as it is, and the next deployment takes the backup up (%s)',
    async (_, minutes) => {
      const sandbox = await start({ fsx: { backupDuration: () => minutes * MINUTE } });
      await deploy(sandbox, files());
      const failed = await deploy(sandbox, files({ throughput: 128 }));
      expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(failed.reason).toMatch(
        /is not finished after 55 min .*deploy again and the deployment takes it up/,
      );
      expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
      expect(guardId(sandbox)).toBe('none');
      if (minutes < 60) await passTime(sandbox, 10 * MINUTE);
      expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
      expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
    },
  );

  test('with DESTROY is removed with the rollback', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 70 * MINUTE } });
    const guard = { removalPolicy: DESTROY };
    await deploy(sandbox, files({ guard }));
    expect((await deploy(sandbox, files({ guard, throughput: 128 }))).status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect(ownBackupsIn(sandbox)).toEqual([]);
    expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
  });
});

describe('a deployment that is broken off', () => {
  test('by the user during the backup leaves the file system as is; the next takes it up', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 30 * MINUTE } });
    await deploy(sandbox, files());
    sandbox.clock.setTimeout(() => sandbox.cloudFormation.cancelUpdate('Files'), 10 * MINUTE);
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(guardId(sandbox)).toBe('none');
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('with rollback disabled holds the new backup, and going on takes no other', async () => {
    const sandbox = await start();
    await deploy(sandbox, files());
    sandbox.cloudFormation.failures.fail(fails('Fs'));
    expect((await sandbox.deploy(files({ throughput: 128 }), { disableRollback: true })).Files.status).toBe(
      'UPDATE_FAILED',
    );
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(guardId(sandbox)).toBe(theOnly(ownBackupsIn(sandbox)).id);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  });
});

test('a backup that fails leaves the file system as it is', async () => {
  const sandbox = await start({ fsx: { fail: () => 'The volume ran out of space.' } });
  await deploy(sandbox, files());
  const { status, reason } = await deploy(sandbox, files({ key: KEY }));
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(reason).toMatch(
    new RegExp(
      `could not finish backup backup-\\w+ of ${fileSystemId(sandbox)}: The volume ran out of space`,
    ),
  );
  expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
});

describe('with a timeout over an hour', () => {
  const guard = { timeout: Duration.hours(6) };

  test('the change waits for a backup of three hours', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    await deploy(sandbox, files({ guard }));
    const { status, outputs } = await deploy(sandbox, files({ guard, throughput: 128 }));
    const backup = theOnly(ownBackupsIn(sandbox));
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a replacement waits for it too, and is not what is backed up', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    await deploy(sandbox, files({ guard }));
    const old = fileSystemId(sandbox);
    expect((await deploy(sandbox, files({ guard, key: KEY }))).status).toBe('UPDATE_COMPLETE');
    const backup = theOnly(ownBackupsIn(sandbox));
    expect(backup.source.fileSystemId).toBe(old);
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('to one of an hour and back, no other backup is taken', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ guard: false }));
    for (const hours of [1, 6, 1]) {
      expect((await deploy(sandbox, files({ guard: { timeout: Duration.hours(hours) } }))).status).toBe(
        'UPDATE_COMPLETE',
      );
    }
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    expect(guardId(sandbox)).toBe(theOnly(ownBackupsIn(sandbox)).id);
  });
});

describe('events that come again', () => {
  test.each([300, 3_000, 30_000, 55_000, 20 * MINUTE])('after %i ms give one backup', async (delay) => {
    const sandbox = await start({ cloudFormation: { redeliveries: [delay] } });
    await deploy(sandbox, files());
    await passTime(sandbox, HOUR);
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    await passTime(sandbox, 2 * HOUR);
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
  });

  test('when the file system was replaced and the stack goes on, back up no replacement', async () => {
    const sandbox = await start();
    const app = (key?: string) => files({ key, more: (stack) => bystander(stack, undefined, key ?? 'none') });
    await deploy(sandbox, app());
    const old = fileSystemId(sandbox);
    sandbox.cloudFormation.options.redeliveries = [30 * MINUTE];
    sandbox.cloudFormation.options.duration = (_type, operation, logicalId) =>
      operation === 'delete' ? undefined : { Fs: 10 * MINUTE, Bystander: 60 * MINUTE }[logicalId];
    expect((await deploy(sandbox, app(KEY))).status).toBe('UPDATE_COMPLETE');
    await passTime(sandbox, 2 * HOUR);
    expect(ownBackupsIn(sandbox).map((backup) => backup.source.fileSystemId)).toEqual([old]);
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
    const sandbox = await start();
    await deploy(sandbox, files());
    sandbox.lambda.crashAfter(operation);
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
    expect(sandbox.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('at DescribeStackResource of the first deployment takes none all the same', async () => {
    const sandbox = await start();
    sandbox.lambda.crashAfter('cloudformation:DescribeStackResource');
    expect(await deploy(sandbox, files())).toMatchObject({
      status: 'CREATE_COMPLETE',
      outputs: { BackupId: 'none' },
    });
    expect(sandbox.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
  });
});

describe('DescribeStackResource', () => {
  test.each(['throttle', 'server-error', 'reset', 'hang', 'lost-response'] as const)(
    'that meets a %s is asked again, at the first deployment and later',
    async (kind) => {
      const sandbox = await start();
      sandbox.faults.add('cloudformation:DescribeStackResource', { from: 1, to: 7 }, { kind });
      expect(await deploy(sandbox, files())).toMatchObject({
        status: 'CREATE_COMPLETE',
        outputs: { BackupId: 'none' },
      });
      sandbox.faults.clear();
      sandbox.faults.add('cloudformation:DescribeStackResource', { from: 1, to: 7 }, { kind });
      expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_COMPLETE');
      expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
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
    const sandbox = await start();
    await deploy(sandbox, files());
    sandbox.faults.add('cloudformation:DescribeStackResource', { from: 1 }, fault);
    expect((await deploy(sandbox, files({ throughput: 128 }))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(guardId(sandbox)).toBe('none');
  });

  test('that is denied does not keep the stack from being deleted: it need not be called', async () => {
    const sandbox = await start();
    await deploy(sandbox, files({ guard: { removalPolicy: DESTROY } }));
    const before = calls(sandbox, 'cloudformation:DescribeStackResource');
    sandbox.faults.add(
      'cloudformation:DescribeStackResource',
      { from: 1 },
      { kind: 'error', code: 'AccessDenied', message: 'explicit deny', status: 403 },
    );
    expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(calls(sandbox, 'cloudformation:DescribeStackResource')).toBe(before);
  });

  test('that is throttled for an hour fails the deployment before any change, and says why', async () => {
    const sandbox = await start();
    await deploy(sandbox, files());
    sandbox.faults.add('cloudformation:DescribeStackResource', { from: 1 }, { kind: 'throttle' });
    const { reason } = await deploy(sandbox, files({ throughput: 128 }));
    expect(reason).toMatch(/Backing up Fs was not possible in 55 min\. Throttling\w*: .*Then try again/);
    expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(guardId(sandbox)).toBe('none');
  });
});

test('a change of tags changes those of the backup, and takes none', async () => {
  const sandbox = await start();
  const tagged = (team: string, guard = {}) =>
    files({ guard, more: (_stack, _fileSystem, backup) => Tags.of(backup!).add('team', team) });
  await deploy(sandbox, files({ guard: false }));
  await deploy(sandbox, tagged('a'));
  expect((await deploy(sandbox, tagged('b'))).status).toBe('UPDATE_COMPLETE');
  expect(theOnly(ownBackupsIn(sandbox)).tags.get('team')).toBe('b');
});

test('a change of tags before there is a backup takes none', async () => {
  const sandbox = await start();
  const tagged = (team: string) =>
    files({ more: (_stack, _fileSystem, backup) => Tags.of(backup!).add('team', team) });
  await deploy(sandbox, tagged('a'));
  expect(await deploy(sandbox, tagged('b'))).toMatchObject({
    status: 'UPDATE_COMPLETE',
    outputs: { BackupId: 'none' },
  });
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(0);
});

test("a trigger of its own is added to the guard's", async () => {
  const sandbox = await start();
  const version = (value: string) => files({ guard: { triggers: [BackupTrigger.onValue(value)] } });
  await deploy(sandbox, version('1'));
  expect((await deploy(sandbox, version('2'))).outputs.BackupId).toBe(theOnly(ownBackupsIn(sandbox)).id);
  expect(events(sandbox, 'Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
});

test('two guards of two file systems do not wait for each other', async () => {
  const sandbox = await start();
  const app = (throughput: number) =>
    synthesize((stack) => {
      for (const id of ['One', 'Two']) {
        FsxBackup.beforeUpdateOf(stack, `${id}Guard`, fileSystemOf(stack, { id, throughput }));
      }
    });
  await deploy(sandbox, app(64));
  expect((await deploy(sandbox, app(128))).status).toBe('UPDATE_COMPLETE');
  const [first, second] = ownBackupsIn(sandbox);
  expect(Math.abs(first.createdAt - second.createdAt)).toBeLessThan(MINUTE);
});

test('two guards of one file system take turns, and it waits for both', async () => {
  const sandbox = await start();
  const app = (throughput: number) =>
    synthesize((stack) => {
      const fileSystem = fileSystemOf(stack, { throughput });
      for (const id of ['One', 'Two']) FsxBackup.beforeUpdateOf(stack, id, fileSystem);
    });
  await deploy(sandbox, app(64));
  expect((await deploy(sandbox, app(128))).status).toBe('UPDATE_COMPLETE');
  expect(ownBackupsIn(sandbox)).toHaveLength(2);
  expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
});

describe('in a nested stack', () => {
  const nested = (throughput: number, version = '1') =>
    synthesize((stack) => {
      const inner = new NestedStack(stack, 'Inner');
      const guard = FsxBackup.beforeUpdateOf(inner, 'Guard', fileSystemOf(inner, { throughput }));
      new CfnOutput(stack, 'BackupId', { value: guard.backupId });
      bystander(stack, undefined, version);
      stack.node.findChild('Bystander').node.addDependency(inner);
    });

  test('the file system of that stack is backed up before its change', async () => {
    const sandbox = await start();
    expect((await deploy(sandbox, nested(64))).outputs).toEqual({ BackupId: 'none' });
    const { status, outputs } = await deploy(sandbox, nested(128));
    const backup = theOnly(ownBackupsIn(sandbox));
    expect({ status, outputs }).toEqual({ status: 'UPDATE_COMPLETE', outputs: { BackupId: backup.id } });
    expectFinishedBefore(sandbox, 'Fs', 'UPDATE_IN_PROGRESS');
  });

  test('a rollback of the stack around it takes none, and a retry takes up the backup', async () => {
    const sandbox = await start();
    await deploy(sandbox, nested(64));
    sandbox.cloudFormation.failures.fail(fails('Bystander'));
    expect((await deploy(sandbox, nested(128, '2'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await deploy(sandbox, nested(128, '2'))).status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  });
});

test('the source can be a deployed file system that is not waited for', async () => {
  const sandbox = await start();
  const app = (value: string, present = true) =>
    synthesize((stack) => {
      const fileSystem = fileSystemOf(stack, {});
      if (present) {
        new FsxBackup(stack, 'Guard', {
          source: BackupSource.fromDeployed(fileSystem),
          triggers: [BackupTrigger.onValue(value)],
        });
      }
    });
  await deploy(sandbox, app('1', false));
  for (const value of ['1', '2']) await deploy(sandbox, app(value));
  expect(ownBackupsIn(sandbox).map((backup) => backup.source.fileSystemId)).toEqual([
    fileSystemId(sandbox),
    fileSystemId(sandbox),
  ]);
});

test('a stack with a guard can be deleted, and the backups stay', async () => {
  const sandbox = await start();
  await deploy(sandbox, files());
  await deploy(sandbox, files({ throughput: 128 }));
  expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(ownBackupsIn(sandbox)).toHaveLength(1);
  expect(calls(sandbox, 'fsx:DeleteBackup')).toBe(0);
});

test('with DESTROY the backups go with their stack, also after their file system was replaced', async () => {
  const sandbox = await start({ fsx: { filterOfMissingSource: 'error' } });
  const guard = { removalPolicy: DESTROY };
  await deploy(sandbox, files({ guard }));
  await deploy(sandbox, files({ guard, key: KEY }));
  expect(ownBackupsIn(sandbox)).toHaveLength(1);
  expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(ownBackupsIn(sandbox)).toEqual([]);
});

/** When CloudFormation was answered last. */
function answeredAt(sandbox: Sandbox): number {
  return sandbox.journal
    .of('response')
    .filter((response) => response.effect === 'accepted')
    .at(-1)!.at;
}

/** Each backup was there before this came about; and the handler has said so. */
function expectFinishedBefore(sandbox: Sandbox, logicalId: string, status: string): void {
  expect(ownBackupsIn(sandbox)).not.toEqual([]);
  for (const backup of ownBackupsIn(sandbox)) {
    expect(timeOf(sandbox, logicalId, status)).toBeGreaterThanOrEqual(finishedAt(backup));
  }
}

function newest(sandbox: Sandbox) {
  return ownBackupsIn(sandbox).reduce((a, b) => (b.createdAt > a.createdAt ? b : a));
}
