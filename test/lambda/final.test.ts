import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-fsx';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import { finalGenerationOf } from '../../lambda/identity';
import type { CloudFormationEvent } from '../../lambda/request';
import {
  awsError,
  BACKUP,
  backupOf,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  stackEvent,
  START,
  updateEvent,
  VOLUME,
} from '../fixtures/events';

const OTHER_FILE_SYSTEM = 'fs-0aaaaaaaaaaaaaaaa';
const GENERATION = finalGenerationOf({ fileSystemId: FILE_SYSTEM });
const HOUR = 3600_000;

const world = new MockedAws();
beforeEach(() => world.reset());

const final = (event: CloudFormationEvent): CloudFormationEvent => ({
  ...event,
  ResourceType: 'Custom::FsxFinalBackup',
});
const deletion = (physicalId = `final-${FILE_SYSTEM}`, changes = {}) =>
  final(deleteEvent(physicalId, changes));
const backup = (changes = {}) => backupOf(GENERATION, changes);

describe('until the deletion', () => {
  test('a create is called after its source, and nothing is called', async () => {
    expect(await world.run(final(createEvent()))).toMatchObject({ over: true });
    expect(world.answers).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: `final-${FILE_SYSTEM}` }),
    ]);
    expect([...world.fsx.calls(), ...world.cloudFormation.calls(), ...world.stepFunctions.calls()]).toEqual(
      [],
    );
  });

  test('a create for a volume is called after the volume', async () => {
    await world.run(final(createEvent({ FileSystemId: undefined, VolumeId: VOLUME })));
    expect(world.answers[0].PhysicalResourceId).toBe(`final-${VOLUME}`);
  });

  test('an update of tags changes nothing', async () => {
    await world.run(final(updateEvent(`final-${FILE_SYSTEM}`, { Tags: [] })));
    expect(world.answers).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: `final-${FILE_SYSTEM}` }),
    ]);
    expect(world.fsx.calls()).toEqual([]);
  });

  test('an update to another source is another resource: CloudFormation deletes this one', async () => {
    await world.run(final(updateEvent(`final-${FILE_SYSTEM}`, { FileSystemId: OTHER_FILE_SYSTEM })));
    expect(world.answers[0]).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: `final-${OTHER_FILE_SYSTEM}`,
    });
    expect(world.fsx.calls()).toEqual([]);
  });

  test('a source that is none fails at once, and there is nothing to delete', async () => {
    await world.run(final(createEvent({ FileSystemId: 'vpc-1' })));
    expect(world.answers[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('"vpc-1"') });
    await world.run(deletion(world.answers[0].PhysicalResourceId, { FileSystemId: 'vpc-1' }));
    expect(world.answers[1].Status).toBe('SUCCESS');
    expect(world.fsx.calls()).toEqual([]);
  });
});

describe('the deletion', () => {
  beforeEach(() =>
    world.stackIs(
      'DELETE_IN_PROGRESS',
      stackEvent(5, 'DELETE_IN_PROGRESS'),
      stackEvent(1000, 'CREATE_COMPLETE'),
    ),
  );

  test('starts a backup, and is answered when it is AVAILABLE, and only then', async () => {
    let execution = await world.run(deletion());
    expect(world.calls(CreateBackupCommand)).toEqual([
      {
        FileSystemId: FILE_SYSTEM,
        ClientRequestToken: expect.stringMatching(/^Files\.Backup\.[0-9a-f]{20}$/),
        Tags: expect.arrayContaining([
          { Key: 'cdk-fsx-backup:generation', Value: GENERATION },
          { Key: 'Name', Value: 'Files/Backup' },
        ]),
      },
    ]);
    expect(world.calls(StartExecutionCommand)).toHaveLength(1);
    for (const Lifecycle of ['PENDING', 'CREATING', 'TRANSFERRING', 'SOMETHING_NEW'] as any[]) {
      world.described(backup({ Lifecycle }));
      execution = await world.lookAgain(execution);
      expect([Lifecycle, execution.over, world.answers]).toEqual([Lifecycle, false, []]);
    }
    world.described(backup());
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect(world.answers).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: `final-${FILE_SYSTEM}` }),
    ]);
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });

  test('backs up what its physical id names, whatever the properties say', async () => {
    await world.run(deletion(`final-${OTHER_FILE_SYSTEM}`));
    expect(world.calls(CreateBackupCommand)[0]).toMatchObject({ FileSystemId: OTHER_FILE_SYSTEM });
  });

  test('backs up a volume', async () => {
    world.fsx.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: VOLUME }] });
    await world.run(deletion(`final-${VOLUME}`, { FileSystemId: undefined, VolumeId: VOLUME }));
    expect(world.calls(CreateBackupCommand)[0]).toMatchObject({ VolumeId: VOLUME });
  });

  test('of a create that was cancelled before it was answered has nothing to back up', async () => {
    expect(await world.run(deletion('Files-Backup-1A2B3C'))).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'Files-Backup-1A2B3C' });
    expect(world.fsx.calls()).toEqual([]);
  });

  test.each([
    'ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  ])('while the stack is %s takes nothing, and the log says so', async (status) => {
    world.statusIs(status);
    expect(await world.run(deletion())).toMatchObject({ over: true });
    expect(world.answers[0].Status).toBe('SUCCESS');
    expect(world.fsx.calls()).toEqual([]);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('no final backup'), source: FILE_SYSTEM }),
    );
  });

  test.each(['DELETE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'])(
    'while the stack is %s takes one',
    async (status) => {
      world.statusIs(status);
      await world.run(deletion());
      expect(world.calls(CreateBackupCommand)).toHaveLength(1);
    },
  );

  // CloudFormation may still show the status of the stack's last operation.
  test('takes another in a cleanup that is tried again, when the first has failed', async () => {
    world.stackIs(
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      stackEvent(5, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'),
      stackEvent(60, 'UPDATE_COMPLETE', {
        LogicalResourceId: 'Backup',
        PhysicalResourceId: 'final-fs-0aaaaaaaaaaaaaaaa',
      }),
      stackEvent(100, 'UPDATE_IN_PROGRESS'),
    );
    world.listed(backup({ Lifecycle: 'FAILED' }));
    await world.run(deletion());
    expect(world.calls(CreateBackupCommand)).toHaveLength(1);
  });

  test.each(['ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED', 'ROLLBACK_FAILED'])(
    'takes one, where the stack is shown for a moment as it was before: %s',
    async (before) => {
      world.statusIs(before);
      let execution = await world.run(deletion());
      world.statusIs('DELETE_IN_PROGRESS');
      execution = execution.over ? execution : await world.lookAgain(execution);
      expect(world.calls(CreateBackupCommand)).toHaveLength(1);
    },
  );

  test.each(['UPDATE_COMPLETE', 'DELETE_COMPLETE', 'DELETE_FAILED'])(
    'takes none, where nobody waits for it any more: the stack stays %s',
    async (status) => {
      world.statusIs(status);
      await world.toTheEnd(await world.run(deletion()));
      expect(world.calls(CreateBackupCommand)).toEqual([]);
    },
  );

  test('takes up a backup that is running', async () => {
    world.listed(backup({ Lifecycle: 'TRANSFERRING', CreationTime: new Date(START - 100 * HOUR) }));
    const execution = await world.run(deletion());
    expect(execution.work.awaited?.id).toBe(BACKUP);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('takes up the finished backup of a deletion that failed', async () => {
    world.stackIs(
      'DELETE_IN_PROGRESS',
      stackEvent(5, 'DELETE_IN_PROGRESS'),
      stackEvent(20, 'DELETE_FAILED'),
      stackEvent(1000, 'DELETE_IN_PROGRESS'),
      stackEvent(100_000, 'CREATE_COMPLETE'),
    );
    world.listed(backup());
    expect(await world.run(deletion())).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `final-${FILE_SYSTEM}` });
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test.each([
    [1.9, 0],
    [2.1, 1],
    [25, 1],
  ])(
    'with a finished one that was begun %d hours ago takes %i others: what was written since is not in it',
    async (hours, others) => {
      world.listed(backup({ CreationTime: new Date(START - hours * HOUR) }));
      world.stackIs('DELETE_IN_PROGRESS');
      await world.run(deletion());
      expect(world.calls(CreateBackupCommand)).toHaveLength(others);
    },
  );

  test.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE'])(
    'does not take up a finished one where a deployment has succeeded since (%s)',
    async (status) => {
      world.stackIs('DELETE_IN_PROGRESS', stackEvent(30, status));
      world.listed(backup());
      await world.run(deletion());
      expect(world.calls(CreateBackupCommand)).toHaveLength(1);
    },
  );

  test('takes up nothing failed, of another source or resource, of FsxBackup, or a copy', async () => {
    world.listed(
      backup({ Lifecycle: 'FAILED' }),
      backupOf(finalGenerationOf({ fileSystemId: OTHER_FILE_SYSTEM })),
      backup({
        Tags: backup().Tags!.map((tag) =>
          tag.Key === 'cdk-fsx-backup:logical-id' ? { ...tag, Value: 'Other' } : tag,
        ),
      }),
      backupOf('0123456789abcdef'),
      backup({ SourceBackupId: 'backup-0aaaaaaaaaaaaaaaa' }),
      backup({ Tags: [] }),
    );
    await world.run(deletion());
    expect(world.calls(CreateBackupCommand)).toHaveLength(1);
  });

  test.each([
    ['FileSystemNotFound', DescribeFileSystemsCommand],
    ['FileSystemNotFound', CreateBackupCommand],
    ['VolumeNotFound', CreateBackupCommand],
  ])('of a source that is gone (%s) is a success', async (name, command: any) => {
    world.fsx.on(command).rejects(awsError(name, 'no'));
    expect(await world.run(deletion())).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `final-${FILE_SYSTEM}` });
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('gone already') }),
    );
  });

  test("waits while somebody else's backup is running, and then takes its own", async () => {
    world.fsx
      .on(CreateBackupCommand)
      .rejectsOnce(awsError('BackupInProgress', 'another'))
      .resolves({ Backup: backup({ Lifecycle: 'CREATING' }) });
    let execution = await world.run(deletion());
    expect(world.answers).toEqual([]);
    execution = await world.lookAgain(execution);
    expect(execution.work.awaited?.id).toBe(BACKUP);
  });

  describe('that fails keeps the source, and the text names the ways on:', () => {
    const ways = new RegExp(
      /^fs-0498eed5fe91001ec is not deleted, since its final backup is not AVAILABLE\. .* To /.source +
        /delete without it, retain Backup \(delete-stack --retain-resources, once the stack is /.source +
        /DELETE_FAILED\)\.$/.source,
    );
    afterEach(() => {
      expect(world.answers).toEqual([
        expect.objectContaining({
          Status: 'FAILED',
          PhysicalResourceId: `final-${FILE_SYSTEM}`,
          Reason: expect.stringMatching(ways),
        }),
      ]);
      expect(world.answers[0].Reason.match(/is not deleted/g)).toHaveLength(1);
      expect(world.calls(DeleteBackupCommand)).toEqual([]);
    });

    test('the backup failed', async () => {
      const execution = await world.run(deletion());
      world.described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
      await world.lookAgain(execution);
      expect(world.answers[0].Reason).toMatch(
        new RegExp(
          /FSx could not finish backup backup-03e3c82e0183b7b6b of fs-0498eed5fe91001ec: the /.source +
            /volume is full\..*counts towards the quota/.source,
        ),
      );
    });

    test('it was deleted meanwhile', async () => {
      const execution = await world.run(deletion());
      world.described(undefined);
      await world.toTheEnd(execution);
      expect(world.answers[0].Reason).toMatch(/was deleted by somebody while it was awaited/);
    });

    test('it is not finished after 55 minutes', async () => {
      const execution = await world.run(deletion());
      world.described(backup({ Lifecycle: 'CREATING', ProgressPercent: 43 }));
      await world.toTheEnd(execution);
      expect(world.now - START).toBe(55 * 60_000);
      expect(world.answers[0].Reason).toMatch(
        /is not finished after 55 min \(CREATING, 43 %\)\. It goes on, and deleting again takes it up\./,
      );
    });

    test('it could not be begun in 55 minutes', async () => {
      world.fsx
        .on(CreateBackupCommand)
        .rejects(awsError('BackupInProgress', 'another backup is in progress'));
      await world.toTheEnd(await world.run(deletion()));
      expect(world.answers[0].Reason).toMatch(
        /It was not possible in 55 min\. BackupInProgress: another backup is in progress\./,
      );
    });

    test.each([
      [
        'ServiceLimitExceeded',
        { Limit: 'TOTAL_USER_INITIATED_BACKUPS' },
        /quota TOTAL_USER_INITIATED_BACKUPS.*Delete backups/,
      ],
      ['UnsupportedOperation', {}, /FSx cannot back this up/],
      ['BadRequest', {}, /Check that the source is AVAILABLE/],
      ['SomethingElse', {}, /SomethingElse: no\. The log/],
    ])('%s', async (name, more, reason) => {
      world.fsx.on(CreateBackupCommand).rejects(awsError(name, 'no', more));
      expect(await world.run(deletion())).toMatchObject({ over: true });
      expect(world.answers[0].Reason).toMatch(reason);
    });

    test('a permission is missing', async () => {
      world.fsx
        .on(DescribeBackupsCommand)
        .rejects(awsError('AccessDeniedException', 'not authorized to perform: fsx:DescribeBackups'));
      await world.toTheEnd(await world.run(deletion()));
      expect(world.answers[0].Reason).toMatch(
        /not authorized to perform: fsx:DescribeBackups.*lacks this permission/,
      );
      expect(world.now - START).toBeLessThan(140_000);
    });

    test('the state machine could not be started', async () => {
      world.stepFunctions.on(StartExecutionCommand).rejects(awsError('StateMachineDoesNotExist', 'gone'));
      await world.run(deletion());
      expect(world.answers[0].Reason).toMatch(/Starting the state machine that waits failed/);
    });

    test('looking failed several times', async () => {
      const execution = await world.run(deletion());
      await world.lookAgain({ ...execution, error: { Error: 'Lambda.Unknown' } });
      expect(world.answers[0].Reason).toMatch(/several times in a row \(Lambda\.Unknown\)/);
    });
  });

  test('of properties that cannot be used does not pass for a backup', async () => {
    await world.run(deletion(undefined, { SchemaVersion: '9' }));
    expect(world.answers[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: `final-${FILE_SYSTEM}`,
      Reason: expect.stringContaining('schema version "9"'),
    });
  });

  test("that meets somebody else's backup does not recommend what a final backup does not have", async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another backup is in progress'));
    await world.toTheEnd(await world.run(deletion()));
    expect(world.answers[0].Reason).not.toMatch(/`timeout`|Deploy again/);
  });
});
