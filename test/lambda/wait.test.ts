import {
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  TagResourceCommand,
} from '@aws-sdk/client-fsx';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import { generationOf } from '../../lambda/identity';
import {
  awsError,
  BACKUP,
  backupOf,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  RESPONSE_URL,
  stackEvent,
  START,
  updateEvent,
  WAIT_HANDLE,
} from '../fixtures/events';

const OTHER_FILE_SYSTEM = 'fs-0aaaaaaaaaaaaaaaa';
const HOUR = 3600_000;
const WAIT = { TimeoutSeconds: '21600', WaitHandle: WAIT_HANDLE };
const GENERATION = generationOf({ source: { fileSystemId: FILE_SYSTEM }, triggers: [] });

const world = new MockedAws();
beforeEach(() => {
  world.reset();
  world.stackIs(
    'UPDATE_IN_PROGRESS',
    stackEvent(5, 'UPDATE_IN_PROGRESS'),
    stackEvent(1000, 'CREATE_COMPLETE'),
  );
});

const backup = (changes = {}) => backupOf(GENERATION, changes);
const begun = async (changes = {}) => world.run(createEvent({ ...WAIT, ...changes }));

describe('the custom resource', () => {
  test('is answered as soon as the backup exists, and the execution goes on', async () => {
    const execution = await begun();
    expect(world.delivered).toEqual([
      {
        url: RESPONSE_URL,
        body: expect.objectContaining({
          Status: 'SUCCESS',
          PhysicalResourceId: BACKUP,
          Data: expect.objectContaining({ BackupId: BACKUP, BackupLifecycle: 'CREATING' }),
        }),
      },
    ]);
    expect(execution).toMatchObject({
      over: false,
      wait: 5,
      work: { answered: true, awaited: { id: BACKUP } },
    });
    expect(execution.work.answer).toBeUndefined();
    expect(world.calls(StartExecutionCommand)).toEqual([
      expect.objectContaining({ input: JSON.stringify(execution) }),
    ]);
  });

  test('is not answered before FSx has taken the request', async () => {
    world.fsx
      .on(CreateBackupCommand)
      .rejectsOnce(awsError('BackupInProgress', 'another'))
      .resolves({ Backup: backup({ Lifecycle: 'PENDING' }) });
    const execution = await begun();
    expect(world.delivered).toEqual([]);
    await world.lookAgain(execution, 2400);
    expect(world.answers).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }),
    ]);
    expect(world.signals).toEqual([]);
  });

  test('fails after 55 minutes without a backup, and the wait condition is never told', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another backup is in progress'));
    await world.toTheEnd(await begun());
    expect(world.now - START).toBe(55 * 60_000);
    expect(world.answers).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason: expect.stringMatching(/was not possible in 55 min\. BackupInProgress/),
      }),
    ]);
    expect(world.signals).toEqual([]);
  });

  test('fails at once where the backup cannot be started, and the wait condition is never told', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('UnsupportedOperation', 'no'));
    expect(await begun()).toMatchObject({ over: true });
    expect([world.answers.map(({ Status }) => Status), world.signals]).toEqual([['FAILED'], []]);
  });

  test('fails at once where the backup has failed already', async () => {
    world.fsx
      .on(CreateBackupCommand)
      .resolves({ Backup: backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'no space' } }) });
    expect(await begun()).toMatchObject({ over: true });
    expect([world.answers.map(({ Status }) => Status), world.signals]).toEqual([['FAILED'], []]);
  });

  test('and its wait condition are told at once where the backup is finished', async () => {
    world.listed(backup());
    expect(await begun()).toMatchObject({ over: true });
    expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL, WAIT_HANDLE]);
    expect(world.calls(StartExecutionCommand)).toEqual([]);
  });

  test('and its wait condition are told at once where nothing is deployed yet', async () => {
    world.cloudFormation
      .on(DescribeStackResourceCommand)
      .rejects(awsError('ValidationError', 'Resource Source does not exist for stack Files'));
    expect(await begun({ FileSystemId: undefined, DeployedFileSystem: 'Source' })).toMatchObject({
      over: true,
    });
    expect(world.answers[0]).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'none',
      Data: { BackupId: 'none', BackupArn: '' },
    });
    expect(world.signals).toEqual([
      { Status: 'SUCCESS', UniqueId: 'FsxBackup', Data: 'none', Reason: expect.any(String) },
    ]);
  });

  test('that cannot be answered yet is answered later, and then waited for', async () => {
    world.problems[RESPONSE_URL] = new Error('HTTP 503');
    let execution = await begun();
    expect(execution).toMatchObject({ over: false, wait: 5, work: { answer: { status: 'SUCCESS' } } });
    world.problems = {};
    execution = await world.lookAgain(execution);
    expect(world.answers).toHaveLength(1);
    expect(execution).toMatchObject({ over: false, work: { answered: true } });
    world.described(backup());
    await world.lookAgain(execution);
    expect(world.signals).toHaveLength(1);
  });
});

describe('a wait condition that is there already', () => {
  const there = (ResourceStatus: any) =>
    world.cloudFormation.on(DescribeStackResourceCommand, { LogicalResourceId: 'Wait1' }).resolves({
      StackResourceDetail: {
        LogicalResourceId: 'Wait1',
        PhysicalResourceId: 'arn',
        ResourceType: 'AWS::CloudFormation::WaitCondition',
        LastUpdatedTimestamp: new Date(),
        ResourceStatus,
      },
    });

  test('is not relied upon: the answer waits, for the hour, and the handle is never told', async () => {
    there('CREATE_COMPLETE');
    let execution = await begun({ WaitCondition: 'Wait1' });
    expect([execution.over, world.delivered]).toEqual([false, []]);
    world.described(backup({ Lifecycle: 'CREATING' }));
    execution = await world.lookAgain(execution, 600);
    expect([execution.over, world.delivered]).toEqual([false, []]);
    world.described(backup());
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect(world.delivered).toEqual([
      { url: RESPONSE_URL, body: expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }) },
    ]);
  });

  test('and a backup that is finished: the handle is not told', async () => {
    there('CREATE_COMPLETE');
    world.listed(backup());
    expect(await begun({ WaitCondition: 'Wait1' })).toMatchObject({ over: true });
    expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL]);
  });

  test.each(['CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_COMPLETE'])('but is %s waits', async (status) => {
    there(status);
    expect(await begun({ WaitCondition: 'Wait1' })).toMatchObject({ over: false, work: { answered: true } });
    expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL]);
  });
});

describe('the wait condition', () => {
  test('is told the id when the backup is AVAILABLE, and only then', async () => {
    let execution = await begun();
    for (const Lifecycle of ['PENDING', 'CREATING', 'TRANSFERRING', 'COPYING', 'SOMETHING_NEW'] as any[]) {
      world.described(backup({ Lifecycle }));
      execution = await world.lookAgain(execution);
      expect([Lifecycle, execution.over, world.signals]).toEqual([Lifecycle, false, []]);
    }
    world.described(backup());
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect(world.signals).toEqual([
      { Status: 'SUCCESS', UniqueId: 'FsxBackup', Data: BACKUP, Reason: expect.any(String) },
    ]);
    expect(world.answers).toHaveLength(1);
  });

  test.each([
    ['21600', 6 * HOUR],
    ['43200', 11 * HOUR + 55 * 60_000],
    ['3601', HOUR + 1000],
  ])('is told of the progress when %s s are over', async (TimeoutSeconds, after) => {
    const execution = await begun({ TimeoutSeconds });
    world.described(backup({ Lifecycle: 'TRANSFERRING', ProgressPercent: 43 }));
    await world.toTheEnd(execution);
    expect(world.now - START).toBe(after);
    expect(world.signals).toEqual([
      expect.objectContaining({ Status: 'FAILURE', UniqueId: 'FsxBackup', Data: BACKUP }),
    ]);
    expect(world.signals[0].Reason).toMatch(
      new RegExp(
        `Backup ${BACKUP} of ${FILE_SYSTEM} is not finished after ${Math.round(after / 60_000)} min ` +
          '\\(TRANSFERRING, 43 %\\)\\. It goes on: deploy again',
      ),
    );
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });

  test('costs at most 260 looks in five hours, and 330 in twelve', async () => {
    const execution = await begun({ TimeoutSeconds: '43200' });
    world.described(backup({ Lifecycle: 'CREATING' }));
    let last = execution;
    while (world.now - START < 5 * HOUR && !last.over) last = await world.lookAgain(last);
    expect(world.calls(DescribeBackupsCommand).length).toBeLessThanOrEqual(260);
    await world.toTheEnd(last);
    expect(world.now - START).toBeGreaterThan(11 * HOUR);
    expect(world.calls(DescribeBackupsCommand).length).toBeLessThanOrEqual(330);
  });

  test.each([
    ['with RETAIN is named', {}, /the volume is full.*counts towards the quota until you delete it/, 0],
    [
      'with DESTROY is removed',
      { RemovalPolicy: 'DESTROY' },
      /the volume is full.*What was left of it is removed/,
      1,
    ],
    ['with keepLast is removed', { KeepLast: '3' }, /the volume is full.*What was left of it is removed/, 1],
  ])('is told why the backup failed; what is left of it %s', async (_, changes, reason, deletions) => {
    const execution = await begun(changes);
    world.described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect(world.signals).toEqual([
      expect.objectContaining({ Status: 'FAILURE', Reason: expect.stringMatching(reason) }),
    ]);
    expect(world.calls(DeleteBackupCommand)).toHaveLength(deletions);
    expect(world.answers).toHaveLength(1);
  });

  test('is told when the backup was deleted meanwhile', async () => {
    const execution = await begun();
    world.described(undefined);
    await world.toTheEnd(execution);
    expect(world.signals[0]).toMatchObject({
      Status: 'FAILURE',
      Reason: expect.stringContaining('was deleted by somebody while it was awaited'),
    });
    expect(world.now - START).toBeLessThan(2 * 60_000);
  });

  test('is not told of throttling that passes', async () => {
    let execution = await begun();
    world.fsx.on(DescribeBackupsCommand).rejects(awsError('ThrottlingException', 'slow down'));
    while (world.now - START < 2 * HOUR) execution = await world.lookAgain(execution);
    expect(execution.over).toBe(false);
    world.described(backup());
    await world.lookAgain(execution);
    expect(world.signals.map(({ Status }) => Status)).toEqual(['SUCCESS']);
  });

  test('is told when a permission is taken away', async () => {
    const begin = await begun();
    world.described(backup({ Lifecycle: 'CREATING' }));
    const execution = await world.lookAgain(begin, 2 * 3600);
    world.fsx.on(DescribeBackupsCommand).rejects(awsError('AccessDeniedException', 'explicit deny'));
    await world.toTheEnd(execution);
    expect(world.signals[0]).toMatchObject({
      Status: 'FAILURE',
      Reason: expect.stringMatching(/explicit deny.*lacks this permission/),
    });
  });

  test('is told when the execution cannot be started', async () => {
    world.stepFunctions.on(StartExecutionCommand).rejects(awsError('StateMachineDoesNotExist', 'gone'));
    expect(await begun()).toMatchObject({ over: true });
    expect(world.signals).toEqual([
      expect.objectContaining({
        Status: 'FAILURE',
        Data: BACKUP,
        Reason: expect.stringMatching(/Starting the state machine that waits failed/),
      }),
    ]);
    expect(world.answers).toHaveLength(1);
  });

  test('is told when looking failed several times', async () => {
    const execution = await begun();
    await world.lookAgain({ ...execution, error: { Error: 'Lambda.Unknown', Cause: '{}' } });
    expect(world.signals).toEqual([
      expect.objectContaining({ Status: 'FAILURE', Reason: expect.stringContaining('Lambda.Unknown') }),
    ]);
    expect(world.answers).toHaveLength(1);
  });

  test('that cannot be told yet is told later, without another look', async () => {
    let execution = await begun();
    world.described(backup());
    world.problems[WAIT_HANDLE] = new Error('HTTP 503');
    execution = await world.lookAgain(execution, 3 * 3600);
    expect(execution).toMatchObject({ over: false, work: { answer: { status: 'SUCCESS' } } });
    const looks = world.calls(DescribeBackupsCommand).length;
    execution = await world.lookAgain(execution);
    world.problems = {};
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect(world.calls(DescribeBackupsCommand)).toHaveLength(looks);
    expect([world.signals.length, world.answers.length]).toEqual([1, 1]);
  });

  test('that cannot be told at once, where the backup is finished already, is told later', async () => {
    world.listed(backup());
    world.problems[WAIT_HANDLE] = new Error('HTTP 503');
    const execution = await begun();
    expect(execution).toMatchObject({ over: false, work: { answered: true, answer: { status: 'SUCCESS' } } });
    expect(world.calls(StartExecutionCommand)).toHaveLength(1);
    world.problems = {};
    expect(await world.lookAgain(execution)).toMatchObject({ over: true });
    expect([world.signals.length, world.answers.length]).toEqual([1, 1]);
  });

  test('that can never be told is given up, loudly, when it waits no more', async () => {
    const execution = await begun();
    world.described(backup());
    world.problems[WAIT_HANDLE] = new Error('HTTP 403');
    const late = await world.lookAgain(execution, 11 * 3600);
    await expect(world.lookAgain(late, 2 * 3600)).rejects.toThrow('HTTP 403');
  });

  test('is told in at most 1 KB', async () => {
    const execution = await begun();
    world.described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: '\u{1F4BE}'.repeat(2000) } }));
    await world.lookAgain(execution);
    expect(Buffer.byteLength(world.signals[0].Reason)).toBeLessThanOrEqual(1024);
  });
});

describe('an event that comes again', () => {
  test('while the backup is running ends at the same backup and starts nothing', async () => {
    await begun();
    world.listed(backup({ Lifecycle: 'CREATING', CreationTime: new Date(START) }));
    world.stepFunctions.on(StartExecutionCommand).rejects(awsError('ExecutionAlreadyExists', 'it does'));
    world.now += 600_000;
    await begun();
    expect(world.calls(CreateBackupCommand)).toHaveLength(1);
    expect(new Set(world.calls(StartExecutionCommand).map(({ name }) => name)).size).toBe(1);
    expect(world.signals).toEqual([]);
  });

  test('when the stack is done is refused, and the wait condition hears nothing of it', async () => {
    world.statusIs('UPDATE_COMPLETE');
    world.listed(backup());
    await world.toTheEnd(await begun());
    expect([world.answers.map(({ Status }) => Status), world.signals]).toEqual([['FAILED'], []]);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });
});

describe('an update', () => {
  const WAIT_BEFORE = { ...WAIT, WaitHandle: `${WAIT_HANDLE}0` };

  test('to another source waits for the new backup', async () => {
    const execution = await world.run(
      updateEvent(BACKUP, { ...WAIT, FileSystemId: OTHER_FILE_SYSTEM }, WAIT_BEFORE),
    );
    expect(world.answers).toHaveLength(1);
    expect(execution).toMatchObject({ over: false, work: { answered: true } });
  });

  test('to a longer timeout tells the new wait condition of the backup that is there', async () => {
    world.described(backup());
    expect(
      await world.run(updateEvent(BACKUP, { ...WAIT, TimeoutSeconds: '28800' }, WAIT_BEFORE)),
    ).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    expect(world.signals).toEqual([expect.objectContaining({ Status: 'SUCCESS', Data: BACKUP })]);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('to an hour at most tells no wait condition anything', async () => {
    world.described(backup());
    expect(await world.run(updateEvent(BACKUP, {}, WAIT))).toMatchObject({ over: true });
    expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL]);
  });

  test('of tags tells the wait condition of before nothing', async () => {
    world.described(backup());
    await world.run(updateEvent(BACKUP, { ...WAIT, Tags: [{ Key: 'Name', Value: 'new' }] }, WAIT));
    expect(world.calls(TagResourceCommand)).toHaveLength(1);
    expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL]);
  });

  test('to another source with the old wait condition is answered when AVAILABLE, without it', async () => {
    let execution = await world.run(updateEvent(BACKUP, { ...WAIT, FileSystemId: OTHER_FILE_SYSTEM }, WAIT));
    expect([execution.over, world.delivered]).toEqual([false, []]);
    world.described(backup());
    execution = await world.lookAgain(execution);
    expect(execution.over).toBe(true);
    expect(world.delivered).toEqual([
      { url: RESPONSE_URL, body: expect.objectContaining({ Status: 'SUCCESS' }) },
    ]);
  });

  test('to another source with the wait condition of before has 55 minutes', async () => {
    const execution = await world.run(
      updateEvent(BACKUP, { ...WAIT, FileSystemId: OTHER_FILE_SYSTEM }, WAIT),
    );
    world.described(backup({ Lifecycle: 'CREATING', ProgressPercent: 9 }));
    await world.toTheEnd(execution);
    expect(world.now - START).toBe(55 * 60_000);
    expect(world.delivered).toEqual([
      {
        url: RESPONSE_URL,
        body: expect.objectContaining({
          Status: 'FAILED',
          Reason: expect.stringContaining('is not finished after 55 min'),
        }),
      },
    ]);
  });

  test('of a backup that was deleted succeeds, and the new wait condition is told its id', async () => {
    world.described(undefined);
    expect(
      await world.run(updateEvent(BACKUP, { ...WAIT, TimeoutSeconds: '28800' }, WAIT_BEFORE)),
    ).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', Data: { BackupLifecycle: 'DELETED' } });
    expect(world.signals[0]).toMatchObject({ Status: 'SUCCESS', Data: BACKUP });
  });

  describe('of a backup that is gone', () => {
    const failedWait = (secondsAgo: number, backupId: string, changes = {}) =>
      stackEvent(secondsAgo, 'CREATE_FAILED', {
        LogicalResourceId: 'BackupWaitCondition',
        ResourceType: 'AWS::CloudFormation::WaitCondition',
        PhysicalResourceId: 'condition',
        ResourceStatusReason:
          `WaitCondition received failed message: 'FSx could not finish backup ${backupId} of ` +
          `${FILE_SYSTEM}: no space.' for uniqueId: FsxBackup`,
        ...changes,
      });
    const completed = (secondsAgo: number, status = 'CREATE_COMPLETE') =>
      stackEvent(secondsAgo, status, { LogicalResourceId: 'Backup', PhysicalResourceId: BACKUP });
    const now = stackEvent(5, 'UPDATE_IN_PROGRESS');
    const update = async (...events: StackEvent[]) => {
      world.stackIs('UPDATE_IN_PROGRESS', ...events);
      world.described(undefined);
      return world.run(updateEvent(BACKUP, {}, WAIT));
    };

    test('and had failed its wait condition takes another', async () => {
      const execution = await update(now, failedWait(800, BACKUP), completed(900));
      expect(world.calls(CreateBackupCommand)).toHaveLength(1);
      expect([execution.over, world.answers]).toEqual([false, []]);
    });

    test.each<[string, StackEvent[]]>([
      [
        'the wait condition had failed since time was up',
        [
          failedWait(800, '', {
            ResourceStatusReason: 'WaitCondition timed out. Received 0 conditions when expecting 1',
          }),
          completed(900),
        ],
      ],
      [
        'another backup had failed its wait condition',
        [failedWait(800, 'backup-0bbbbbbbbbbbbbbbb'), completed(900)],
      ],
      [
        'it was kept in spite of that',
        [completed(700, 'UPDATE_COMPLETE'), failedWait(800, BACKUP), completed(900)],
      ],
      [
        'something else failed for want of it',
        [failedWait(800, BACKUP, { ResourceType: 'AWS::FSx::FileSystem' }), completed(900)],
      ],
      [
        'its wait condition was deleted with a text',
        [failedWait(800, BACKUP, { ResourceStatus: 'DELETE_COMPLETE' }), completed(900)],
      ],
    ])('takes no other where %s', async (_, events) => {
      expect(await update(now, ...events)).toMatchObject({ over: true });
      expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', Data: { BackupLifecycle: 'DELETED' } });
      expect(world.calls(CreateBackupCommand)).toEqual([]);
    });

    test('takes none where there was none, whatever another condition says, reading no events', async () => {
      world.stackIs('UPDATE_IN_PROGRESS', now, failedWait(800, 'none'), completed(900));
      await world.run(updateEvent('none', {}, WAIT));
      expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'none' });
      expect([world.calls(CreateBackupCommand), world.calls(DescribeStackEventsCommand)]).toEqual([[], []]);
    });

    test('takes no other at a late delivery, when the update has failed as well', async () => {
      const failed = stackEvent(2, 'UPDATE_FAILED', {
        LogicalResourceId: 'Backup',
        PhysicalResourceId: BACKUP,
      });
      expect(await update(failed, now, failedWait(800, BACKUP), completed(900))).toMatchObject({
        over: true,
      });
      expect(world.calls(CreateBackupCommand)).toEqual([]);
    });
  });

  test('whose former properties cannot be read tells its wait condition', async () => {
    world.described(backup());
    world.listed(backup());
    await world.toTheEnd(await world.run(updateEvent(BACKUP, WAIT, { SchemaVersion: '9' })));
    expect(world.signals).toHaveLength(1);
  });
});

describe('a rollback', () => {
  beforeEach(() =>
    world.stackIs('UPDATE_ROLLBACK_IN_PROGRESS', stackEvent(5, 'UPDATE_ROLLBACK_IN_PROGRESS')),
  );

  test.each([
    ['to a wait condition', WAIT, {}],
    ['between two', WAIT, { ...WAIT, WaitHandle: `${WAIT_HANDLE}0` }],
    ['from one', {}, WAIT],
  ])('%s tells none anything', async (_, wanted, old) => {
    world.listed(backup());
    const execution = await world.run(
      updateEvent('backup-0bbbbbbbbbbbbbbbb', wanted, { ...old, FileSystemId: OTHER_FILE_SYSTEM }),
    );
    expect(execution.over).toBe(true);
    expect(world.delivered).toEqual([
      { url: RESPONSE_URL, body: expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }) },
    ]);
  });

  test('to an old backup that still runs is answered when it is AVAILABLE, within the hour', async () => {
    world.listed(backup({ Lifecycle: 'CREATING' }));
    const execution = await world.run(
      updateEvent('backup-0bbbbbbbbbbbbbbbb', WAIT, { FileSystemId: OTHER_FILE_SYSTEM }),
    );
    expect([execution.over, world.delivered]).toEqual([false, []]);
    world.described(backup({ Lifecycle: 'CREATING' }));
    await world.toTheEnd(execution);
    expect(world.now - START).toBe(55 * 60_000);
    expect(world.delivered).toEqual([
      { url: RESPONSE_URL, body: expect.objectContaining({ Status: 'SUCCESS' }) },
    ]);
  });
});

test('a deletion tells no wait condition anything', async () => {
  world.stackIs('DELETE_IN_PROGRESS');
  world.described(backup());
  world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
  for (const RemovalPolicy of ['RETAIN', 'DESTROY']) {
    await world.run(deleteEvent(BACKUP, { ...WAIT, RemovalPolicy }));
  }
  expect(world.delivered.map(({ url }) => url)).toEqual([RESPONSE_URL, RESPONSE_URL]);
});

test('the log never holds the URL of a handle', async () => {
  world.problems[WAIT_HANDLE] = new Error('HTTP 503');
  world.listed(backup());
  await begun();
  await world.run(createEvent({ ...WAIT, WaitHandle: 'nonsense with X-Amz-Signature=alsosecret' }));
  expect(JSON.stringify(world.logged)).not.toContain('secret');
  expect(JSON.stringify(world.answers)).not.toContain('secret');
});
