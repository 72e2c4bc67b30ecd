import {
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  StackEvent,
} from '@aws-sdk/client-cloudformation';
import {
  Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
} from '@aws-sdk/client-fsx';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import {
  awsError,
  BACKUP,
  backupOf,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  properties,
  stackEvent,
  START,
  updateEvent,
} from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

/** Backups of the resource by their age, each of another generation. */
const backups = (...changes: Array<Partial<Backup>>): Backup[] =>
  changes.map((change, hours) => {
    const digit = (hours + 1).toString(16);
    return backupOf(digit.repeat(16), {
      BackupId: `backup-${digit.repeat(17)}`,
      CreationTime: new Date(START - hours * 3600_000),
      ...change,
    });
  });
const [NEWEST, SECOND, THIRD, FOURTH] = backups({}, {}, {}, {}).map(({ BackupId }) => BackupId!);
const keeping = (KeepLast?: number) => (KeepLast === undefined ? {} : { KeepLast: String(KeepLast) });
const deleted = () => world.calls(DeleteBackupCommand).map(({ BackupId }) => BackupId);
const done = { Status: 'SUCCESS', PhysicalResourceId: SECOND };

/**
 * The stack is cleaning up after an update in which the resource came to hold the newest, and to have these
 * properties.
 */
function cleaningUp(changes: Record<string, unknown> = keeping(2), more: Partial<StackEvent> = {}): void {
  world.stackIs(
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    stackEvent(1, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'),
    stackEvent(5, 'UPDATE_COMPLETE', {
      LogicalResourceId: 'Backup',
      PhysicalResourceId: NEWEST,
      ResourceProperties: JSON.stringify(properties(changes)),
      ...more,
    }),
    stackEvent(600, 'UPDATE_IN_PROGRESS'),
    stackEvent(9000, 'UPDATE_COMPLETE', {
      LogicalResourceId: 'Backup',
      PhysicalResourceId: SECOND,
      ResourceProperties: JSON.stringify(properties(keeping(1))),
    }),
    stackEvent(9000, 'UPDATE_COMPLETE'),
  );
}

const cleanup = (changes: Record<string, unknown> = keeping(2), physicalId = SECOND) =>
  world.run(deleteEvent(physicalId, changes));

describe('in the cleanup of an update', () => {
  beforeEach(() => {
    cleaningUp();
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    world.listed(...backups({}, {}, {}, {}));
  });
  afterEach(() => {
    expect(world.answers.map(({ Status, PhysicalResourceId }) => ({ Status, PhysicalResourceId }))).toEqual([
      done,
    ]);
  });

  test('what is older than the newest goes, whatever the Delete names', async () => {
    expect(await cleanup()).toMatchObject({ over: true });
    expect(deleted()).toEqual([THIRD, FOURTH]);
    expect(world.logged).toContainEqual(
      expect.objectContaining({
        message: 'older backup deleted, as keepLast says',
        backupId: THIRD,
        keepLast: 2,
      }),
    );
    expect(world.calls(StartExecutionCommand)).toEqual([]);
  });

  test('the order is that of creation, not that of the list', async () => {
    world.listed(...backups({}, {}, {}, {}).reverse());
    await cleanup();
    expect(deleted().sort()).toEqual([THIRD, FOURTH]);
  });

  test('nothing goes where there are not more than shall stay', async () => {
    world.listed(...backups({}, {}));
    await cleanup();
    expect(deleted()).toEqual([]);
  });

  test.each([
    [3, [FOURTH]],
    [1, [SECOND, THIRD, FOURTH]],
    [9, []],
  ])('the number is that of the properties in force: %i', async (number, gone) => {
    cleaningUp(keeping(number));
    await cleanup(keeping(2));
    expect(deleted()).toEqual(gone);
  });

  test('nothing goes where the properties in force have no number', async () => {
    cleaningUp(keeping(undefined));
    await cleanup();
    expect(deleted()).toEqual([]);
  });

  test.each<[string, string | undefined]>([
    ['are missing', undefined],
    ['are cut off', '{"KeepLast":"2","Tags":[{"Ke'],
    ['are no object', 'null'],
    ['have a number that is none', '{"KeepLast":"2x"}'],
  ])("nothing goes where the properties of CloudFormation's event %s", async (_, ResourceProperties) => {
    cleaningUp({}, { ResourceProperties });
    expect(await cleanup()).toMatchObject({ over: true });
    expect(deleted()).toEqual([]);
  });

  test('what the resource holds stays, however old it is', async () => {
    cleaningUp(keeping(2), { PhysicalResourceId: FOURTH });
    await cleanup();
    expect(deleted()).toEqual([THIRD]);
  });

  test('nothing goes where the resource has not come to hold anything in this update', async () => {
    world.stackIs(
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      stackEvent(600, 'UPDATE_IN_PROGRESS'),
      stackEvent(9000, 'UPDATE_COMPLETE', {
        LogicalResourceId: 'Backup',
        PhysicalResourceId: SECOND,
        ResourceProperties: JSON.stringify(properties(keeping(1))),
      }),
    );
    await cleanup();
    expect(deleted()).toEqual([]);
  });

  test('the event of another resource says nothing', async () => {
    cleaningUp(keeping(1), { LogicalResourceId: 'Other' });
    await cleanup();
    expect(deleted()).toEqual([]);
  });

  test('the event is found on a later page', async () => {
    const event = stackEvent(5, 'UPDATE_COMPLETE', {
      LogicalResourceId: 'Backup',
      PhysicalResourceId: NEWEST,
      ResourceProperties: JSON.stringify(properties(keeping(3))),
    });
    world.cloudFormation
      .on(DescribeStackEventsCommand)
      .resolvesOnce({ StackEvents: [stackEvent(1, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')], NextToken: 'two' })
      .resolvesOnce({ StackEvents: [event], NextToken: 'three' });
    await cleanup();
    expect(deleted()).toEqual([FOURTH]);
  });

  test.each(['PENDING', 'CREATING', 'TRANSFERRING', 'COPYING', 'SOMETHING_NEW'] as any[])(
    'one that is %s stays, and is not counted',
    async (Lifecycle) => {
      world.listed(...backups({}, { Lifecycle }, {}, {}));
      await cleanup();
      expect(deleted()).toEqual([FOURTH]);
    },
  );

  test('what is left of failed ones goes, unless the resource holds it', async () => {
    cleaningUp(keeping(9));
    world.listed(...backups({ Lifecycle: 'FAILED' }, {}, { Lifecycle: 'FAILED' }, {}));
    await cleanup();
    expect(deleted()).toEqual([THIRD]);
  });

  test("nobody else's goes", async () => {
    const tagged = (key: string, Value: string) => ({
      Tags: backupOf('9'.repeat(16)).Tags!.map((tag) => (tag.Key === key ? { ...tag, Value } : tag)),
    });
    const others = [
      tagged('cdk-fsx-backup:stack-id', 'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/0'),
      tagged('cdk-fsx-backup:logical-id', 'Other'),
      { SourceBackupId: BACKUP },
      { Tags: [] },
      { Tags: undefined },
    ].map((change) =>
      backupOf('9'.repeat(16), {
        BackupId: 'backup-0fffffffffffffff0',
        CreationTime: new Date(0),
        ...change,
      }),
    );
    world.listed(
      ...others,
      ...backups({}, {}),
      ...others.map((other) => ({ ...other, Lifecycle: 'FAILED' as const })),
    );
    await cleanup();
    expect(deleted()).toEqual([]);
  });

  test('the backups of all sources are looked through, but no automatic ones, page by page', async () => {
    const [first, second, third, fourth] = backups({}, {}, {}, {});
    world.fsx
      .on(DescribeBackupsCommand)
      .resolvesOnce({ Backups: [fourth], NextToken: 'two' })
      .resolvesOnce({ Backups: [], NextToken: 'three' })
      .resolvesOnce({ Backups: [first, second, third] });
    await cleanup();
    expect(deleted().sort()).toEqual([THIRD, FOURTH]);
    expect(world.calls(DescribeBackupsCommand).map(({ Filters, NextToken }) => [Filters, NextToken])).toEqual(
      [undefined, 'two', 'three'].map((token) => [
        [{ Name: 'backup-type', Values: ['USER_INITIATED'] }],
        token,
      ]),
    );
  });

  test.each([
    'BackupInProgress',
    'BackupRestoring',
    'BackupBeingCopied',
    'BadRequest',
    'AccessDeniedException',
  ])('%s leaves the one, and the others go', async (name) => {
    world.fsx.on(DeleteBackupCommand, { BackupId: THIRD }).rejects(awsError(name, 'no'));
    expect(await cleanup()).toMatchObject({ over: true });
    expect(deleted()).toEqual([THIRD, FOURTH]);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('tried again next time'), backupId: THIRD }),
    );
  });

  test('one that is gone already is no trouble', async () => {
    world.fsx.on(DeleteBackupCommand, { BackupId: THIRD }).rejects(awsError('BackupNotFound', 'gone'));
    expect(await cleanup()).toMatchObject({ over: true });
    expect(deleted()).toEqual([THIRD, FOURTH]);
  });

  test('a passing error is waited out', async () => {
    world.fsx
      .on(DeleteBackupCommand, { BackupId: THIRD })
      .rejectsOnce(awsError('ThrottlingException', 'slow down'))
      .resolves({ Lifecycle: 'DELETED' });
    const execution = await cleanup();
    expect([execution.over, world.answers]).toEqual([false, []]);
    world.listed(...backups({}, {}, {}, {}));
    await world.lookAgain(execution);
    expect(deleted()).toEqual([THIRD, THIRD, FOURTH]);
  });

  test.each([
    ['throttled', DeleteBackupCommand, awsError('ThrottlingException', 'slow down')],
    ['throttled', DescribeBackupsCommand, awsError('ThrottlingException', 'slow down')],
    ['throttled', DescribeStacksCommand, awsError('ThrottlingException', 'slow down')],
    ['throttled', DescribeStackEventsCommand, awsError('ThrottlingException', 'slow down')],
    ['denied', DescribeBackupsCommand, awsError('AccessDeniedException', 'no')],
    ['denied', DescribeStacksCommand, awsError('AccessDeniedException', 'no')],
    ['denied', DescribeStackEventsCommand, awsError('AccessDeniedException', 'no')],
    ['refused', DescribeBackupsCommand, awsError('BadRequest', 'no')],
  ])(
    'an operation that is %s for good is given up in time, and the log says so',
    async (_, command: any, error) => {
      [world.fsx, world.cloudFormation].forEach((client) => client.on(command).rejects(error));
      await world.toTheEnd(await cleanup());
      expect(world.now - START).toBeLessThanOrEqual(55 * 60_000);
      expect(world.logged).toContainEqual(
        expect.objectContaining({
          message: 'the cleanup goes on, and something was left undone',
          reason: expect.stringContaining(error.name),
        }),
      );
    },
  );

  test('an execution that cannot be started is no failure', async () => {
    world.fsx.on(DeleteBackupCommand).rejects(awsError('ThrottlingException', 'slow down'));
    world.stepFunctions.on(StartExecutionCommand).rejects(awsError('StateMachineDoesNotExist', 'gone'));
    expect(await cleanup()).toMatchObject({ over: true });
  });
});

describe('nothing goes', () => {
  test.each([
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'ROLLBACK_IN_PROGRESS',
    'DELETE_IN_PROGRESS',
    'UPDATE_IN_PROGRESS',
    'UPDATE_COMPLETE',
    'UPDATE_ROLLBACK_COMPLETE',
    'DELETE_COMPLETE',
    'UPDATE_FAILED',
  ])('while the stack is %s', async (status) => {
    cleaningUp();
    world.statusIs(status);
    world.listed(...backups({}, {}, {}, { Lifecycle: 'FAILED' }));
    expect(await cleanup()).toMatchObject({ over: true });
    expect(world.answers[0]).toMatchObject(done);
    expect(deleted()).toEqual([]);
  });

  test('by the Delete of a create that was cancelled or never answered', async () => {
    world.stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
    for (const id of ['Files-Backup-1A2B3C', 'none-Files.Backup.0123', 'none']) await cleanup(keeping(2), id);
    expect(world.answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(world.fsx.calls()).toEqual([]);
  });
});

describe('the Delete of a guard', () => {
  const guard = (KeepLast: string) => ({ FileSystemId: undefined, DeployedFileSystem: 'Source', KeepLast });

  test('that had nothing to back up yet prunes as any other', async () => {
    cleaningUp(guard('1'));
    world.cloudFormation.on(DescribeStackResourceCommand).resolves({
      StackResourceDetail: { ResourceStatus: 'UPDATE_COMPLETE', PhysicalResourceId: FILE_SYSTEM } as any,
    });
    world.listed(...backups({}, {}));
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    await cleanup(guard('1'), 'none');
    expect(deleted()).toEqual([SECOND]);
    expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'none' });
  });

  test('asks for nothing that it does not need: permission for the source may be gone', async () => {
    await cleanup(guard('1'));
    expect(world.calls(DescribeStackResourceCommand)).toEqual([]);
  });
});

describe('with keepLast, what is left of a backup that failed', () => {
  const failing = { Lifecycle: 'FAILED' as const, FailureDetails: { Message: 'the volume is full' } };

  test('is removed at once', async () => {
    const execution = await world.run(createEvent(keeping(2)));
    world.described(backupOf('', failing));
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    await world.lookAgain(execution);
    expect(deleted()).toEqual([BACKUP]);
    expect(world.answers[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: BACKUP,
      Reason: expect.stringMatching(/the volume is full.*What was left of it is removed/),
    });
  });

  test('is named where it cannot be removed', async () => {
    const execution = await world.run(createEvent(keeping(2)));
    world.described(backupOf('', failing));
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
    await world.lookAgain(execution);
    expect(world.answers[0].Reason).toMatch(
      new RegExp(
        /the volume is full.*could not be removed, and counts towards the quota until you /.source +
          /delete it.*BadRequest: no/.source,
      ),
    );
  });
});

test('an update of keepLast takes nothing and deletes nothing', async () => {
  world.stackIs('UPDATE_IN_PROGRESS');
  world.fsx.on(DescribeBackupsCommand).resolves({ Backups: [] });
  await world.run(updateEvent(BACKUP, keeping(1), keeping(5)));
  expect(world.answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
  expect([world.calls(CreateBackupCommand), deleted()]).toEqual([[], []]);
});
