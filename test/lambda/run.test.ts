import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  FSxClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-fsx';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { aws, run } from './mocked-aws';
import { generationOf, identityTags } from '../../lambda/identity';
import type { Effects, Execution } from '../../lambda/run';
import { secondsToNextLook } from '../../lambda/schedule';
import {
  awsError,
  BACKUP,
  backupOf,
  createEvent,
  deleteEvent,
  EXECUTION,
  FILE_SYSTEM,
  RESPONSE_URL,
  STACK_ID,
  START,
  updateEvent,
} from '../fixtures/events';

const fsx = mockClient(FSxClient);
const cloudFormation = mockClient(CloudFormationClient);
const stepFunctions = mockClient(SFNClient);

const OTHER_FILE_SYSTEM = 'fs-0aaaaaaaaaaaaaaaa';

let now: number;
let answers: any[];
let logged: any[];
let deliveryProblem: Error | undefined;

const effects: Effects = {
  aws: aws(),
  deliver: async (url, body) => {
    if (deliveryProblem) throw deliveryProblem;
    expect(url).toBe(RESPONSE_URL);
    answers.push(JSON.parse(body));
  },
  now: () => now,
  sleep: async (ms) => {
    now += ms;
  },
  remainingMs: () => START + 100_000 - now,
  log: (about) => ({
    info: (message, details) => logged.push({ message, ...about, ...details }),
    warn: (message, details) => logged.push({ message, ...about, ...details }),
  }),
  stackId: STACK_ID,
};

beforeEach(() => {
  now = START;
  answers = [];
  logged = [];
  deliveryProblem = undefined;
  for (const client of [fsx, cloudFormation, stepFunctions]) client.reset();
  fsx.on(DescribeBackupsCommand).resolves({ Backups: [] });
  fsx.on(DescribeFileSystemsCommand).resolves({ FileSystems: [{ FileSystemId: FILE_SYSTEM }] });
  fsx.on(CreateBackupCommand).resolves({ Backup: backup({ Lifecycle: 'CREATING' }) });
  stackIs('CREATE_IN_PROGRESS');
  stepFunctions.on(StartExecutionCommand).resolves({ executionArn: EXECUTION });
});

function backup(changes: Partial<Backup> = {}, source = FILE_SYSTEM): Backup {
  const generation = generationOf({ source: { fileSystemId: source }, triggers: [] });
  const FileSystem = { FileSystemId: source, FileSystemType: 'OPENZFS' as const };
  return backupOf(generation, { FileSystem, ...changes });
}

function listed(...backups: Backup[]) {
  fsx.on(DescribeBackupsCommand, { BackupIds: undefined }).resolves({ Backups: backups });
}

function described(found: Backup | undefined) {
  if (found) {
    fsx.on(DescribeBackupsCommand, { BackupIds: [found.BackupId!] }).resolves({ Backups: [found] });
  } else {
    fsx
      .on(DescribeBackupsCommand, { BackupIds: [BACKUP] })
      .rejects(awsError('BackupNotFound', 'no such backup'));
  }
}

/** The stack's status, and how long ago which deployments of it ended. */
function stackIs(status: string, ...ended: Array<{ status: string; secondsAgo: number }>) {
  cloudFormation.on(DescribeStacksCommand).resolves({
    Stacks: [{ StackName: 'Files', StackStatus: status as any, CreationTime: new Date(START) }],
  });
  const events = [...ended, { status: 'CREATE_IN_PROGRESS', secondsAgo: 1_000_000 }].map((event) => ({
    StackId: STACK_ID,
    EventId: 'e',
    StackName: 'Files',
    PhysicalResourceId: STACK_ID,
    ResourceStatus: event.status as any,
    Timestamp: new Date(START - event.secondsAgo * 1000),
  }));
  cloudFormation.on(DescribeStackEventsCommand).resolves({ StackEvents: events });
}

function calls(command: any): any[] {
  return [fsx, cloudFormation, stepFunctions]
    .flatMap((client) => client.commandCalls(command))
    .map((call) => call.args[0].input);
}

async function lookAgain(execution: Execution, seconds = execution.wait): Promise<Execution> {
  now += seconds * 1000;
  return run(JSON.parse(JSON.stringify(execution)), effects);
}

describe('create', () => {
  test('starts a backup with the identity tags and hands the waiting to the state machine', async () => {
    const execution = await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([
      {
        FileSystemId: FILE_SYSTEM,
        ClientRequestToken: expect.stringMatching(/^Files\.Backup\.[0-9a-f]{20}$/),
        Tags: expect.arrayContaining([
          { Key: 'cdk-fsx-backup:stack-id', Value: STACK_ID },
          { Key: 'Name', Value: 'Files/Backup' },
        ]),
      },
    ]);
    expect(execution).toMatchObject({ over: false, wait: 5 });
    expect(calls(StartExecutionCommand)).toEqual([
      {
        stateMachineArn: expect.stringContaining('Waiter'),
        name: 'Backup-request-1',
        input: JSON.stringify(execution),
      },
    ]);
    expect(answers).toEqual([]);
  });

  test('answers with the attributes once the backup is AVAILABLE, and only then', async () => {
    let execution = await run(createEvent(), effects);
    for (const Lifecycle of ['PENDING', 'CREATING', 'TRANSFERRING', 'COPYING', 'SOMETHING_NEW'] as any[]) {
      described(backup({ Lifecycle }));
      execution = await lookAgain(execution);
      expect(execution.over).toBe(false);
    }
    described(backup());
    execution = await lookAgain(execution);
    expect(execution.over).toBe(true);
    expect(answers).toEqual([
      expect.objectContaining({
        Status: 'SUCCESS',
        PhysicalResourceId: BACKUP,
        Data: expect.objectContaining({
          BackupId: BACKUP,
          BackupLifecycle: 'AVAILABLE',
          SourceFileSystemId: FILE_SYSTEM,
          SourceFileSystemType: 'OPENZFS',
          SourceVolumeId: '',
        }),
      }),
    ]);
  });

  test('needs no execution where the answer is known at once', async () => {
    listed(backup({ CreationTime: new Date(START - 1000) }));
    expect(await run(createEvent(), effects)).toMatchObject({ over: true });
    expect(calls(StartExecutionCommand)).toEqual([]);
  });

  test('does not wait with waitUntil STARTED', async () => {
    expect(await run(createEvent({ WaitUntil: 'STARTED' }), effects)).toMatchObject({ over: true });
    expect(answers[0]).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: BACKUP,
      Data: { BackupLifecycle: 'CREATING' },
    });
  });

  test('with waitUntil STARTED still fails where the backup has failed already', async () => {
    fsx
      .on(CreateBackupCommand)
      .resolves({ Backup: backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'no space' } }) });
    await run(createEvent({ WaitUntil: 'STARTED' }), effects);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('no space') });
  });

  test('adopts the backup of an earlier delivery that is still running', async () => {
    listed(backup({ Lifecycle: 'TRANSFERRING' }));
    const execution = await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
    expect(execution.work.awaited?.id).toBe(BACKUP);
  });

  test('adopts the finished backup of a deployment that failed', async () => {
    stackIs('CREATE_IN_PROGRESS', { status: 'UPDATE_ROLLBACK_COMPLETE', secondsAgo: 10 });
    listed(backup());
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
  });

  test.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'IMPORT_COMPLETE'])(
    'takes a new backup where a deployment has succeeded (%s) since the old one',
    async (status) => {
      stackIs('UPDATE_IN_PROGRESS', { status, secondsAgo: 10 });
      listed(backup());
      await run(createEvent(), effects);
      expect(calls(CreateBackupCommand)).toHaveLength(1);
    },
  );

  test('adopts nothing that belongs to somebody else, failed, or is a copy', async () => {
    stackIs('CREATE_IN_PROGRESS', { status: 'CREATE_IN_PROGRESS', secondsAgo: 30 });
    listed(
      backup({ Tags: [] }),
      backup({
        Tags: identityTags({
          stackId: STACK_ID,
          logicalId: 'Other',
          generation: generationOf({ source: { fileSystemId: FILE_SYSTEM }, triggers: [] }),
        }),
      }),
      backup({ Lifecycle: 'FAILED' }),
      backup({ Lifecycle: 'DELETED' }),
      backup({ SourceBackupId: 'backup-0aaaaaaaaaaaaaaaa' }),
    );
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test.each([
    ['another where the first attempt of it has failed', [], 1],
    ['none where it was answered before its backup failed', ['CREATE_COMPLETE'], 0],
    ['none where the answer was that its backup failed', ['CREATE_FAILED'], 0],
  ] as const)('late, takes %s', async (_, statuses, taken) => {
    stackIs('CREATE_IN_PROGRESS');
    const completed = statuses.map((ResourceStatus) => ({
      StackId: STACK_ID,
      EventId: 'e',
      StackName: 'Files',
      LogicalResourceId: 'Backup',
      PhysicalResourceId: BACKUP,
      ResourceStatus,
      Timestamp: new Date(START - 1000),
    }));
    const begun = {
      StackId: STACK_ID,
      EventId: 'e',
      StackName: 'Files',
      PhysicalResourceId: STACK_ID,
      ResourceStatus: 'CREATE_IN_PROGRESS',
      Timestamp: new Date(START - 60_000),
    };
    cloudFormation.on(DescribeStackEventsCommand).resolves({ StackEvents: [...completed, begun] as any[] });
    listed(backup({ Lifecycle: 'FAILED' }));
    await run(createEvent({ WaitUntil: 'STARTED' }), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(taken);
  });

  test.each([
    ['RETAIN', 0],
    ['DESTROY', 1],
  ])(
    'at another delivery, which finds that the backup of the first has failed, fails like it (%s)',
    async (RemovalPolicy, deleted) => {
      stackIs('CREATE_IN_PROGRESS', { status: 'CREATE_IN_PROGRESS', secondsAgo: 90 });
      listed(backup({ Lifecycle: 'FAILED' }));
      await run(createEvent({ RemovalPolicy }), effects);
      expect(answers).toEqual([
        expect.objectContaining({
          Status: 'FAILED',
          PhysicalResourceId: BACKUP,
          Reason: expect.stringMatching(/^FSx could not finish backup/),
        }),
      ]);
      expect([calls(CreateBackupCommand).length, calls(DeleteBackupCommand).length]).toEqual([0, deleted]);
    },
  );

  test('late, takes none where what has failed was removed and told', async () => {
    const event = (
      PhysicalResourceId: string,
      LogicalResourceId: string,
      ResourceStatus: 'CREATE_FAILED' | 'CREATE_IN_PROGRESS',
    ) => {
      return {
        StackId: STACK_ID,
        EventId: 'e',
        StackName: 'Files',
        LogicalResourceId,
        PhysicalResourceId,
        ResourceStatus,
        Timestamp: new Date(START - 1000),
      };
    };
    cloudFormation.on(DescribeStackEventsCommand).resolves({
      StackEvents: [event(BACKUP, 'Backup', 'CREATE_FAILED'), event(STACK_ID, 'Files', 'CREATE_IN_PROGRESS')],
    });
    await run(createEvent({ RemovalPolicy: 'DESTROY' }), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('finds its backup on a later page, behind an empty one', async () => {
    fsx
      .on(DescribeBackupsCommand)
      .resolvesOnce({ Backups: [], NextToken: 'two' })
      .resolvesOnce({ Backups: [backup({ Lifecycle: 'CREATING' })] });
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
    expect(calls(DescribeBackupsCommand)[1].NextToken).toBe('two');
  });

  test('gives an adopted backup the tags of this deployment', async () => {
    listed(
      backup({ Lifecycle: 'CREATING', Tags: [...backup().Tags!.slice(0, 3), { Key: 'Name', Value: 'old' }] }),
    );
    await run(createEvent(), effects);
    expect(calls(TagResourceCommand)).toEqual([
      { ResourceARN: backup().ResourceARN, Tags: [{ Key: 'Name', Value: 'Files/Backup' }] },
    ]);
  });

  test.each([
    'ROLLBACK_IN_PROGRESS',
    'DELETE_IN_PROGRESS',
    'CREATE_FAILED',
    'CREATE_COMPLETE',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
  ])('takes nothing while the stack is %s', async (status) => {
    stackIs(status);
    let execution = await run(createEvent(), effects);
    while (!execution.over) execution = await lookAgain(execution);
    expect(calls(CreateBackupCommand)).toEqual([]);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(status) });
    expect(now - START).toBeLessThan(80_000);
  });

  test('gives CloudFormation a minute to show that an operation has begun', async () => {
    stackIs('UPDATE_ROLLBACK_COMPLETE');
    const execution = await run(createEvent(), effects);
    expect(execution.over).toBe(false);
    stackIs('UPDATE_IN_PROGRESS');
    await lookAgain(execution);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test('adopts a running backup also where a deployment succeeded since: there is no other', async () => {
    stackIs('UPDATE_IN_PROGRESS', { status: 'UPDATE_COMPLETE', secondsAgo: 10 });
    listed(backup({ Lifecycle: 'PENDING' }));
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('adopts no finished backup that is older than a day', async () => {
    listed(backup({ CreationTime: new Date(START - 25 * 3600_000) }));
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test("adopts where a nested stack's deployment succeeded and was rolled back with its parent", async () => {
    stackIs(
      'UPDATE_IN_PROGRESS',
      { status: 'UPDATE_IN_PROGRESS', secondsAgo: 1 },
      { status: 'UPDATE_ROLLBACK_COMPLETE', secondsAgo: 5 },
      { status: 'UPDATE_ROLLBACK_IN_PROGRESS', secondsAgo: 6 },
      { status: 'UPDATE_COMPLETE', secondsAgo: 10 },
    );
    listed(backup());
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('takes a new one where a success lies between, behind a deployment that was rolled back', async () => {
    stackIs(
      'UPDATE_IN_PROGRESS',
      { status: 'UPDATE_ROLLBACK_COMPLETE', secondsAgo: 1 },
      { status: 'UPDATE_ROLLBACK_IN_PROGRESS', secondsAgo: 2 },
      { status: 'UPDATE_IN_PROGRESS', secondsAgo: 3 },
      { status: 'UPDATE_COMPLETE', secondsAgo: 10 },
    );
    listed(backup());
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test('names what stands in the way now, and no more what did before', async () => {
    stackIs('UPDATE_IN_PROGRESS');
    let execution = await run(createEvent({ TimeoutSeconds: '60' }), effects);
    fsx
      .on(DescribeBackupsCommand, { BackupIds: [BACKUP] })
      .rejectsOnce(awsError('ThrottlingException', 'slow down'))
      .resolves({ Backups: [backup({ Lifecycle: 'CREATING' })] });
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0].Reason).toMatch(/is not finished after 1 min/);
    expect(answers[0].Reason).not.toContain('Throttling');
  });

  test("reads the stack's events page by page, and no further than it must", async () => {
    const event = (secondsAgo: number, changes: object) => ({
      Timestamp: new Date(START - secondsAgo * 1000),
      StackId: STACK_ID,
      EventId: 'e',
      StackName: 'Files',
      ...changes,
    });
    const resource = { PhysicalResourceId: 'something', ResourceStatus: 'UPDATE_COMPLETE' as const };
    cloudFormation
      .on(DescribeStackEventsCommand)
      .resolvesOnce({ StackEvents: [event(1, resource)], NextToken: 'two' })
      .resolvesOnce({
        StackEvents: [event(2, { PhysicalResourceId: STACK_ID, ResourceStatus: 'UPDATE_COMPLETE' })],
        NextToken: 'three',
      });
    listed(backup());
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
    expect(calls(DescribeStackEventsCommand).map((input) => input.NextToken)).toEqual([undefined, 'two']);
  });

  test('fails where the token brings back a backup that was deleted', async () => {
    fsx.on(CreateBackupCommand).resolves({ Backup: backup({ Lifecycle: 'DELETED' }) });
    await run(createEvent(), effects);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
  });

  test('asks for user-initiated backups of the source, and of nothing else', async () => {
    await run(createEvent(), effects);
    expect(calls(DescribeBackupsCommand)).toEqual([
      {
        Filters: [
          { Name: 'file-system-id', Values: [FILE_SYSTEM] },
          { Name: 'backup-type', Values: ['USER_INITIATED'] },
        ],
      },
    ]);
  });

  test('takes a source that FSx does not know for one without backups', async () => {
    fsx.on(DescribeBackupsCommand).rejects(awsError('FileSystemNotFound', 'no'));
    await run(createEvent(), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test("copies the source's tags where the source asks for it", async () => {
    fsx.on(DescribeFileSystemsCommand).resolves({
      FileSystems: [
        {
          FileSystemId: FILE_SYSTEM,
          OpenZFSConfiguration: { CopyTagsToBackups: true } as any,
          Tags: [
            { Key: 'team', Value: 'a' },
            { Key: 'aws:x', Value: 'y' },
          ],
        },
      ],
    });
    await run(createEvent(), effects);
    const keys = calls(CreateBackupCommand)[0].Tags.map((tag: any) => tag.Key);
    expect(keys).toContain('team');
    expect(keys).not.toContain('aws:x');
  });

  test("waits while somebody else's backup is running, and then takes its own", async () => {
    fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another backup is in progress'));
    let execution = await run(createEvent(), effects);
    execution = await lookAgain(execution);
    expect(answers).toEqual([]);
    fsx.on(CreateBackupCommand).resolves({ Backup: backup({ Lifecycle: 'CREATING' }) });
    execution = await lookAgain(execution);
    expect(execution.work.awaited?.id).toBe(BACKUP);
    expect(new Set(calls(CreateBackupCommand).map((input) => input.ClientRequestToken)).size).toBe(1);
  });

  test('says what stood in the way when the time is up', async () => {
    fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another backup is in progress'));
    let execution = await run(createEvent({ TimeoutSeconds: '600' }), effects);
    while (!execution.over) execution = await lookAgain(execution);
    expect(now - START).toBe(600_000);
    expect(answers[0].Reason).toMatch(
      new RegExp(
        /Backing up fs-0498eed5fe91001ec was not possible in 10 min.*BackupInProgress: another /.source +
          /backup is in progress.*timeout/.source,
      ),
    );
    // CreateBackup was called: there may be one after all
    expect(answers[0].PhysicalResourceId).toMatch(/^Files\.Backup\./);
  });

  test("reports progress and the backup's id when the time is up", async () => {
    stackIs('UPDATE_IN_PROGRESS');
    let execution = await run(createEvent({ TimeoutSeconds: '600' }), effects);
    described(backup({ Lifecycle: 'CREATING', ProgressPercent: 43 }));
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(answers[0].Reason).toMatch(
      /is not finished after 10 min \(CREATING, 43 %\)\. It goes on: deploy again/,
    );
  });

  test("a failed backup fails with FSx's reason and names what is left", async () => {
    const execution = await run(createEvent(), effects);
    described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
    expect(await lookAgain(execution)).toMatchObject({ over: true });
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(answers[0].Reason).toMatch(
      new RegExp(
        `${BACKUP} of ${FILE_SYSTEM}: the volume is full.*counts towards the quota until you delete it`,
      ),
    );
    expect(calls(DeleteBackupCommand)).toEqual([]);
  });

  test('a failed backup is removed where the removal policy allows it', async () => {
    let execution = await run(createEvent({ RemovalPolicy: 'DESTROY' }), effects);
    described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
    fsx
      .on(DeleteBackupCommand)
      .rejectsOnce(awsError('BackupInProgress', 'wait'))
      .resolves({ Lifecycle: 'DELETED' });
    execution = await lookAgain(execution);
    expect(answers).toEqual([]);
    await lookAgain(execution);
    expect(answers[0].Reason).toMatch(/the volume is full.*What was left of it is removed/);
  });

  test('a failed backup that cannot be removed is named all the same', async () => {
    const execution = await run(createEvent({ RemovalPolicy: 'DESTROY' }), effects);
    described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
    fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
    await lookAgain(execution);
    expect(answers[0].Reason).toMatch(/the volume is full.*could not be removed.*BadRequest: no/);
  });

  test('a new backup that FSx does not know yet gets a minute', async () => {
    let execution = await run(createEvent(), effects);
    described(undefined);
    execution = await lookAgain(execution, 59);
    expect(execution.over).toBe(false);
    execution = await lookAgain(execution, 2);
    expect(answers[0].Reason).toMatch(/was deleted by somebody while it was awaited/);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test.each([
    ['FileSystemNotFound', {}, /FileSystemNotFound: no\. Check that the file system exists/],
    ['UnsupportedOperation', {}, /persistent deployment types.*ONTAP: back up read-write volumes/],
    [
      'ServiceLimitExceeded',
      { Limit: 'TOTAL_USER_INITIATED_BACKUPS' },
      /quota TOTAL_USER_INITIATED_BACKUPS.*higher quota/,
    ],
    ['BadRequest', {}, /Check that the source is AVAILABLE/],
    ['VolumeNotFound', {}, /Check that the ONTAP volume exists/],
    ['SomethingElse', {}, /SomethingElse: no\. The log/],
  ])('%s fails at once, with its remedy', async (name, more, reason) => {
    fsx.on(CreateBackupCommand).rejects(awsError(name, 'no', more));
    expect(await run(createEvent(), effects)).toMatchObject({ over: true });
    expect(answers[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) });
    expect(calls(StartExecutionCommand)).toEqual([]);
  });

  test.each([
    ['a throttled call', awsError('ThrottlingException', 'slow down')],
    ['an internal error', Object.assign(awsError('InternalServerError', 'oops'), { $fault: 'server' })],
    ['a 503', Object.assign(new Error('?'), { name: 'Unknown', $metadata: { httpStatusCode: 503 } })],
    ['a reset connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    ['a time-out', Object.assign(new Error('timed out'), { name: 'TimeoutError' })],
    [
      'an answer that cannot be parsed',
      Object.assign(new SyntaxError('Unexpected token'), {
        $response: {},
        $metadata: { httpStatusCode: 200 },
      }),
    ],
    [
      "a proxy's page",
      awsError('Unknown', 'Unknown', { $response: {}, $fault: 'client', $metadata: { httpStatusCode: 403 } }),
    ],
    [
      'what is no HTTP',
      Object.assign(new Error('Parse Error: Expected HTTP/'), { code: 'HPE_INVALID_CONSTANT' }),
    ],
    ['a wrong clock', awsError('RequestTimeTooSkewed', 'five hours')],
    ['credentials that have run out', awsError('ExpiredTokenException', 'expired')],
    ['a token used with other tags', awsError('IncompatibleParameterError', 'other parameters')],
  ])('%s is waited out', async (_, error) => {
    fsx
      .on(CreateBackupCommand)
      .rejectsOnce(error)
      .resolves({ Backup: backup({ Lifecycle: 'CREATING' }) });
    const execution = await run(createEvent(), effects);
    expect(execution.over).toBe(false);
    expect((await lookAgain(execution)).work.awaited?.id).toBe(BACKUP);
  });

  describe('throttled,', () => {
    const throttled = awsError('ThrottlingException', 'slow down');
    const requests = Array.from({ length: 40 }, (_, nth) => ({
      ...createEvent(),
      RequestId: `request-${nth}`,
    }));
    const waits = (executions: Execution[]) => new Set(executions.map(({ wait }) => wait));
    const all = async (look: (nth: number) => Promise<Execution>) => {
      const executions: Execution[] = [];
      for (let nth = 0; nth < requests.length; nth++) {
        now = START;
        executions.push(await look(nth));
      }
      return executions;
    };

    test('those who began together do not come together again, but give each other more time', async () => {
      fsx.on(CreateBackupCommand).rejects(throttled);
      let executions = await all((nth) => run(requests[nth], effects));
      for (const longest of [20, 40, 60, 60]) {
        expect(waits(executions).size).toBeGreaterThan(longest / 4);
        expect(Math.max(...waits(executions))).toBeLessThanOrEqual(longest);
        expect(Math.max(...waits(executions))).toBeGreaterThan(longest * 0.75);
        executions = await all((nth) => lookAgain(executions[nth]));
      }
    });

    test('those whose backup is running give way to those who have to start one', async () => {
      let executions = await all((nth) => run(requests[nth], effects));
      expect(waits(executions)).toEqual(new Set([5]));
      fsx.on(DescribeBackupsCommand).rejects(throttled);
      for (let failed = 1; failed < 6; failed++) executions = await all((nth) => lookAgain(executions[nth]));
      expect(Math.max(...waits(executions))).toBeGreaterThan(90);
      expect(Math.max(...waits(executions))).toBeLessThanOrEqual(132);

      fsx.on(DescribeBackupsCommand).resolves({ Backups: [backup({ Lifecycle: 'CREATING' })] });
      executions = await all((nth) => lookAgain(executions[nth]));
      // one that gets through does not change that at once
      expect(Math.max(...waits(executions))).toBeGreaterThan(90);
      for (let calm = 1; calm < 5; calm++) executions = await all((nth) => lookAgain(executions[nth], 5));
      expect(waits(executions)).toEqual(new Set([5]));

      fsx.on(DescribeBackupsCommand).rejects(throttled);
      executions = await all((nth) => lookAgain(executions[nth], 1800));
      expect(Math.min(...waits(executions))).toBeGreaterThanOrEqual(60); // no earlier than without
      expect(Math.max(...waits(executions))).toBeLessThanOrEqual(80);
    });

    test.each(['BackupInProgress', 'AccessDeniedException'])(
      'those who are answered otherwise come as seldom as ever: %s',
      async (name) => {
        fsx.on(CreateBackupCommand).rejects(throttled);
        let executions = await all((nth) => run(requests[nth], effects));
        fsx.on(CreateBackupCommand).rejects(awsError(name, 'not now'));
        executions = await all((nth) => lookAgain(executions[nth], 60));
        expect(waits(executions)).toEqual(new Set([secondsToNextLook(60)]));
      },
    );

    test('whoever knows the tags of its source does not ask for them again', async () => {
      fsx.on(DescribeFileSystemsCommand).resolves({
        FileSystems: [
          {
            FileSystemId: FILE_SYSTEM,
            OpenZFSConfiguration: { CopyTagsToBackups: true },
            Tags: [{ Key: 'team', Value: 'a' }],
          },
        ],
      });
      fsx
        .on(CreateBackupCommand)
        .rejectsOnce(throttled)
        .resolves({ Backup: backup({ Lifecycle: 'CREATING' }) });
      await lookAgain(await run(createEvent(), effects));
      expect(calls(DescribeFileSystemsCommand)).toHaveLength(1);
      expect(calls(CreateBackupCommand)).toHaveLength(2);
      expect(calls(CreateBackupCommand)[1]).toEqual(calls(CreateBackupCommand)[0]);
      expect(calls(CreateBackupCommand)[0].Tags).toContainEqual({ Key: 'team', Value: 'a' });
    });
  });

  test.each<[string, () => unknown]>([
    [
      'CreateBackup',
      () =>
        fsx
          .on(CreateBackupCommand)
          .resolvesOnce({ $metadata: {} })
          .resolves({ Backup: backup({ Lifecycle: 'CREATING' }) }),
    ],
    [
      'DescribeBackups',
      () => fsx.on(DescribeBackupsCommand).resolvesOnce({ $metadata: {} }).resolves({ Backups: [] }),
    ],
    [
      'DescribeFileSystems',
      () => fsx.on(DescribeFileSystemsCommand).resolvesOnce({ $metadata: {} }).resolves({ FileSystems: [] }),
    ],
    [
      'DescribeStacks',
      () =>
        cloudFormation
          .on(DescribeStacksCommand)
          .resolvesOnce({ $metadata: {} })
          .resolves({
            Stacks: [
              { StackName: 'Files', StackStatus: 'CREATE_IN_PROGRESS', CreationTime: new Date(START) },
            ],
          }),
    ],
    [
      'StartExecution',
      () =>
        stepFunctions
          .on(StartExecutionCommand)
          .resolvesOnce({ $metadata: {} })
          .resolves({ executionArn: EXECUTION }),
    ],
  ])('an empty answer to %s is not taken for one of AWS', async (operation, answer) => {
    answer();
    const execution = await run(createEvent(), effects);
    const again = operation === 'StartExecution' ? execution : await lookAgain(execution);
    expect(again.work.awaited?.id).toBe(BACKUP);
    expect(calls(StartExecutionCommand)).toHaveLength(operation === 'StartExecution' ? 2 : 1);
    expect(logged.map(({ error }) => error).filter(Boolean)).toEqual(
      operation === 'StartExecution'
        ? []
        : [expect.stringMatching(/^The answer is empty: it is not one of AWS/)],
    );
  });

  test('a list that AWS leaves out is empty', async () => {
    fsx.on(DescribeBackupsCommand).resolves({ $metadata: { requestId: 'request' } });
    expect((await run(createEvent(), effects)).work.awaited?.id).toBe(BACKUP);
  });

  test('an answer that is never readable is said to be so, without hints for developers', async () => {
    const error = Object.assign(
      new SyntaxError('Unexpected token\n  Deserialization error: to see the raw response, …'),
      { $response: {}, $metadata: { httpStatusCode: 200 } },
    );
    fsx.on(CreateBackupCommand).rejects(error);
    let execution = await run(createEvent(), effects);
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0].Reason).toMatch(
      new RegExp(
        /^Backing up fs-\w+ was not possible in 55 min\. An answer \(HTTP 200\) could not be /.source +
          /read: .* In a VPC, check/.source,
      ),
    );
  });

  test('a request that CloudFormation would not send is refused in words, and nothing done', async () => {
    await run({ ...createEvent(), StackId: undefined, LogicalResourceId: 'a b' }, effects);
    expect(answers).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason:
          'Nothing was done: StackId is "missing", LogicalResourceId is "a b", which CloudFormation ' +
          'would not send. Send what it would.',
      }),
    ]);
    expect(fsx.calls()).toEqual([]);
  });

  test('a wrong clock that stays so is named, and is not said to be a permission', async () => {
    fsx.on(CreateBackupCommand).rejects(awsError('InvalidSignatureException', 'Signature expired'));
    let execution = await run(createEvent(), effects);
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0].Reason).toMatch(
      new RegExp(
        /InvalidSignatureException: Signature expired\. AWS does not accept the function's /.source +
          /credentials or its clock\. .*try again/.source,
      ),
    );
  });

  test('a missing permission gets two minutes to come into force, and then fails with its name', async () => {
    fsx
      .on(CreateBackupCommand)
      .rejects(awsError('AccessDeniedException', 'not authorized to perform: fsx:CreateBackup'));
    let execution = await run(createEvent(), effects);
    expect(execution.over).toBe(false);
    while (!execution.over) execution = await lookAgain(execution);
    expect(now - START).toBeLessThan(140_000);
    expect(answers[0].Reason).toMatch(
      /fsx:CreateBackup.*role of the FsxBackupProvider lacks this permission/,
    );
  });

  test('unusable properties fail with what is wrong, and nothing is called', async () => {
    await run(createEvent({ FileSystemId: 'vpc-1' }), effects);
    expect(answers[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: expect.stringMatching(/^none-/),
      Reason: expect.stringContaining('"vpc-1"'),
    });
    expect(fsx.calls()).toEqual([]);
  });
});

describe('update', () => {
  beforeEach(() => stackIs('UPDATE_IN_PROGRESS', { status: 'CREATE_COMPLETE', secondsAgo: 10 }));

  test('of tags changes them in place', async () => {
    described(backup({ Tags: [...backup().Tags!, { Key: 'team', Value: 'a' }] }));
    await run(
      updateEvent(
        BACKUP,
        { Tags: [{ Key: 'Name', Value: 'new' }] },
        {
          Tags: [
            { Key: 'Name', Value: 'Files/Backup' },
            { Key: 'team', Value: 'a' },
          ],
        },
      ),
      effects,
    );
    expect(calls(TagResourceCommand)[0].Tags).toEqual([{ Key: 'Name', Value: 'new' }]);
    expect(calls(UntagResourceCommand)[0].TagKeys).toEqual(['team']);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('of options takes nothing and changes nothing', async () => {
    described(backup());
    await run(updateEvent(BACKUP, { TimeoutSeconds: '600', RemovalPolicy: 'DESTROY' }), effects);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    for (const command of [
      CreateBackupCommand,
      TagResourceCommand,
      UntagResourceCommand,
      DeleteBackupCommand,
    ]) {
      expect(calls(command)).toEqual([]);
    }
  });

  test('to waiting waits for the backup that was only started', async () => {
    described(backup({ Lifecycle: 'CREATING' }));
    let execution = await run(updateEvent(BACKUP, {}, { WaitUntil: 'STARTED' }), effects);
    expect(execution.over).toBe(false);
    described(backup());
    execution = await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
  });

  test('of the source takes another backup', async () => {
    fsx.on(CreateBackupCommand).resolves({
      Backup: backup({ BackupId: 'backup-0bbbbbbbbbbbbbbbb', Lifecycle: 'CREATING' }, OTHER_FILE_SYSTEM),
    });
    const execution = await run(updateEvent(BACKUP, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(calls(CreateBackupCommand)[0].FileSystemId).toBe(OTHER_FILE_SYSTEM);
    described(backup({ BackupId: 'backup-0bbbbbbbbbbbbbbbb' }, OTHER_FILE_SYSTEM));
    await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'backup-0bbbbbbbbbbbbbbbb' });
  });

  test('back to an earlier source takes a new backup, not the old one', async () => {
    listed(backup());
    await run(updateEvent('backup-0bbbbbbbbbbbbbbbb', {}, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test('that fails reports the id the resource had', async () => {
    fsx.on(CreateBackupCommand).rejects(awsError('FileSystemNotFound', 'no'));
    await run(updateEvent(BACKUP, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
  });

  test('of a backup that somebody deleted succeeds and says so', async () => {
    await run(updateEvent(BACKUP, { Tags: [] }), effects);
    expect(answers[0]).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: BACKUP,
      Data: { BackupLifecycle: 'DELETED', BackupId: BACKUP },
    });
    expect(logged).toContainEqual(
      expect.objectContaining({ message: 'the backup of this resource no longer exists' }),
    );
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('of a backup that failed after it was started takes another for who now waits', async () => {
    stackIs('UPDATE_IN_PROGRESS', { status: 'UPDATE_IN_PROGRESS', secondsAgo: 30 });
    described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'disk' } }));
    listed(backup({ Lifecycle: 'FAILED' }));
    await run(updateEvent(BACKUP, {}, { WaitUntil: 'STARTED' }), effects);
    expect(calls(CreateBackupCommand)).toHaveLength(1);
  });

  test('of a backup that failed after it was started says so to who still does not wait', async () => {
    described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'disk' } }));
    await run(updateEvent(BACKUP, { WaitUntil: 'STARTED', Tags: [] }, { WaitUntil: 'STARTED' }), effects);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', Data: { BackupLifecycle: 'FAILED' } });
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('of a backup that fails while awaited leaves the husk to its resource, with DESTROY too', async () => {
    described(backup({ Lifecycle: 'CREATING' }));
    const destroy = { RemovalPolicy: 'DESTROY' };
    const execution = await run(updateEvent(BACKUP, destroy, { ...destroy, WaitUntil: 'STARTED' }), effects);
    described(backup({ Lifecycle: 'FAILED' }));
    await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(calls(DeleteBackupCommand)).toEqual([]);
  });

  test('of a backup that is deleted while it is waited for succeeds and says so', async () => {
    described(backup({ Lifecycle: 'CREATING' }));
    const execution = await run(updateEvent(BACKUP, {}, { WaitUntil: 'STARTED' }), effects);
    described(undefined);
    await lookAgain(execution, 61);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', Data: { BackupLifecycle: 'DELETED' } });
  });

  test("makes room for the user's tags before it sets them, and only then removes first", async () => {
    const full = Array.from({ length: 46 }, (_, n) => ({ Key: `copied${n}`, Value: 'v' }));
    const order: string[] = [];
    fsx.on(TagResourceCommand).callsFake(() => {
      order.push('tag');
      return {};
    });
    fsx.on(UntagResourceCommand).callsFake(() => {
      order.push('untag');
      return {};
    });
    described(backup({ Tags: [...backup().Tags!, ...full] }));
    const wanted = {
      Tags: [
        { Key: 'Name', Value: 'new' },
        { Key: 'extra', Value: 'v' },
      ],
    };
    await run(updateEvent(BACKUP, wanted), effects);
    expect(order).toEqual(['untag', 'tag']);
    described(backup({ Tags: [...backup().Tags!, { Key: 'old', Value: 'v' }] }));
    await run(updateEvent(BACKUP, wanted, { Tags: [{ Key: 'old', Value: 'v' }] }), effects);
    expect(order.slice(2)).toEqual(['tag', 'untag']);
  });
});

describe('rollback', () => {
  beforeEach(() => stackIs('UPDATE_ROLLBACK_IN_PROGRESS', { status: 'CREATE_COMPLETE', secondsAgo: 30 }));

  test('of a finished change of source returns to the old backup', async () => {
    listed(backup());
    await run(updateEvent('backup-0bbbbbbbbbbbbbbbb', {}, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    expect(calls(CreateBackupCommand)).toEqual([]);
  });

  test('of a finished change of source leaves the new one to CloudFormation, with DESTROY too', async () => {
    const newer = backup({ BackupId: 'backup-0bbbbbbbbbbbbbbbb' }, OTHER_FILE_SYSTEM);
    fsx.on(DescribeBackupsCommand).callsFake((input) => ({
      Backups:
        (input.BackupIds?.[0] ?? input.Filters[0].Values[0]) === FILE_SYSTEM ||
        input.BackupIds?.[0] === BACKUP
          ? [backup()]
          : [newer],
    }));
    await run(
      updateEvent(
        newer.BackupId!,
        { RemovalPolicy: 'DESTROY' },
        { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' },
      ),
      effects,
    );
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    expect(calls(DeleteBackupCommand)).toEqual([]);
  });

  test('never deletes what CloudFormation holds, not even a husk of which no event tells', async () => {
    stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
    described(backup({ Lifecycle: 'FAILED' }));
    listed(backup({ Lifecycle: 'FAILED' }));
    const destroy = { RemovalPolicy: 'DESTROY' };
    let execution = await run(updateEvent(BACKUP, { ...destroy, WaitUntil: 'STARTED' }, destroy), effects);
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    expect(calls(DeleteBackupCommand)).toEqual([]);
  });

  test('of tags changes them back', async () => {
    described(
      backup({
        Tags: [...backup().Tags!.slice(0, 3), { Key: 'Name', Value: 'new' }, { Key: 'extra', Value: 'v' }],
      }),
    );
    await run(
      updateEvent(
        BACKUP,
        {},
        {
          Tags: [
            { Key: 'Name', Value: 'new' },
            { Key: 'extra', Value: 'v' },
          ],
        },
      ),
      effects,
    );
    expect(calls(TagResourceCommand)[0].Tags).toEqual([{ Key: 'Name', Value: 'Files/Backup' }]);
    expect(calls(UntagResourceCommand)[0].TagKeys).toEqual(['extra']);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
  });

  test('returns to the newest of several old backups', async () => {
    listed(
      backup({ BackupId: 'backup-0ccccccccccccccc1', CreationTime: new Date(START - 900_000) }),
      backup(),
      backup({ BackupId: 'backup-0ccccccccccccccc2', CreationTime: new Date(START - 800_000) }),
    );
    await run(updateEvent('backup-0bbbbbbbbbbbbbbbb', {}, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(answers[0]).toMatchObject({ PhysicalResourceId: BACKUP });
  });

  test('never takes a backup: without the old one it keeps what it has', async () => {
    await run(updateEvent('backup-0bbbbbbbbbbbbbbbb', {}, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
    expect(calls(CreateBackupCommand)).toEqual([]);
    expect(answers[0]).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'backup-0bbbbbbbbbbbbbbbb',
      Data: { BackupLifecycle: 'DELETED' },
    });
  });

  describe('of an update that failed', () => {
    const attempt = backup(
      { BackupId: 'backup-0bbbbbbbbbbbbbbbb', Lifecycle: 'CREATING', CreationTime: new Date(START - 5_000) },
      OTHER_FILE_SYSTEM,
    );
    const another = { ...attempt, BackupId: 'backup-0ddddddddddddddddd' };
    let deleted: boolean;
    beforeEach(() => {
      deleted = false;
      fsx.on(DescribeBackupsCommand).callsFake((input) => {
        if (input.BackupIds) return { Backups: [backup()] };
        return {
          Backups:
            input.Filters[0].Values[0] === OTHER_FILE_SYSTEM
              ? deleted
                ? []
                : [attempt, another]
              : [backup()],
        };
      });
      fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    });

    test('waits two minutes for an attempt that may just be calling CreateBackup, with DESTROY', async () => {
      fsx.on(DescribeBackupsCommand).callsFake((input) => ({ Backups: input.BackupIds ? [backup()] : [] }));
      let execution = await run(
        updateEvent(
          BACKUP,
          { TimeoutSeconds: '60' },
          { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' },
        ),
        effects,
      );
      while (!execution.over) execution = await lookAgain(execution);
      expect(now - START).toBeGreaterThanOrEqual(120_000);
      expect(now - START).toBeLessThan(140_000);
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    });

    test('keeps what the attempt had started, with RETAIN', async () => {
      await run(updateEvent(BACKUP, {}, { FileSystemId: OTHER_FILE_SYSTEM }), effects);
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
      expect(calls(DeleteBackupCommand)).toEqual([]);
    });

    test('deletes what the attempt had started, with DESTROY', async () => {
      fsx.on(DeleteBackupCommand).resolvesOnce({ Lifecycle: 'CREATING' }).resolves({ Lifecycle: 'DELETED' });
      const execution = await run(
        updateEvent(BACKUP, {}, { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' }),
        effects,
      );
      expect(execution.over).toBe(false);
      await lookAgain(execution);
      expect(calls(DeleteBackupCommand).map((input) => input.BackupId)).toEqual([
        attempt.BackupId,
        another.BackupId,
        attempt.BackupId,
        another.BackupId,
      ]);
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    });

    test('succeeds also where the state machine cannot be started to wait for the deletion', async () => {
      fsx.on(DeleteBackupCommand).rejects(awsError('BackupInProgress', 'wait'));
      stepFunctions.on(StartExecutionCommand).rejects(awsError('StateMachineDoesNotExist', 'gone'));
      await run(
        updateEvent(BACKUP, {}, { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' }),
        effects,
      );
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    });

    test('deletes nothing that an earlier deployment had reported', async () => {
      stackIs('UPDATE_ROLLBACK_IN_PROGRESS', { status: 'UPDATE_COMPLETE', secondsAgo: 1 });
      let execution = await run(
        updateEvent(BACKUP, {}, { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' }),
        effects,
      );
      // the update that was cancelled may be about to start one beside it
      while (!execution.over) execution = await lookAgain(execution);
      expect(calls(DeleteBackupCommand)).toEqual([]);
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
    });

    test.each([
      ['a final error', awsError('BadRequest', 'no')],
      ['time running out', awsError('BackupInProgress', 'wait')],
    ])('succeeds all the same where what the attempt had started cannot be deleted: %s', async (_, error) => {
      fsx.on(DeleteBackupCommand).rejects(error);
      let execution = await run(
        updateEvent(
          BACKUP,
          { TimeoutSeconds: '60' },
          { FileSystemId: OTHER_FILE_SYSTEM, RemovalPolicy: 'DESTROY' },
        ),
        effects,
      );
      while (!execution.over) execution = await lookAgain(execution);
      expect(answers[0]).toMatchObject({
        Status: 'SUCCESS',
        PhysicalResourceId: BACKUP,
        Data: { BackupLifecycle: 'AVAILABLE' },
      });
      expect(JSON.stringify(logged)).toContain(attempt.BackupId);
    });
  });
});

describe('delete', () => {
  beforeEach(() => stackIs('DELETE_IN_PROGRESS', { status: 'CREATE_COMPLETE', secondsAgo: 30 }));

  test('with RETAIN deletes nothing, whatever the id', async () => {
    for (const id of [BACKUP, 'Files-Backup-1A2B3C', 'none-x']) await run(deleteEvent(id), effects);
    expect(answers.map((answer) => answer.Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(fsx.calls()).toEqual([]);
  });

  test('with DESTROY deletes the backup', async () => {
    described(backup());
    fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(calls(DeleteBackupCommand)).toEqual([{ BackupId: BACKUP }]);
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: BACKUP });
  });

  describe('in the cleanup of an update', () => {
    const completed = (LogicalResourceId: string, secondsAgo: number) => ({
      LogicalResourceId,
      PhysicalResourceId: BACKUP,
      ResourceStatus: 'CREATE_COMPLETE' as const,
      Timestamp: new Date(START - secondsAgo * 1000),
      StackId: STACK_ID,
      EventId: 'e',
      StackName: 'Files',
    });
    const phase = {
      ...completed('Files', 10),
      PhysicalResourceId: STACK_ID,
      ResourceStatus: 'UPDATE_IN_PROGRESS' as const,
    };
    beforeEach(() => {
      stackIs('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      described(backup());
      fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    });

    test('keeps the backup that the resource has come to hold in this update', async () => {
      cloudFormation
        .on(DescribeStackEventsCommand)
        .resolves({ StackEvents: [completed('Backup', 5), phase] });
      await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
      expect(answers[0].Status).toBe('SUCCESS');
      expect(calls(DeleteBackupCommand)).toEqual([]);
    });

    test.each([
      ['another resource holds one of that id', [completed('Other', 5), phase]],
      ['the resource held it before', [phase, completed('Backup', 15)]],
    ])('deletes it where %s', async (_, StackEvents) => {
      cloudFormation.on(DescribeStackEventsCommand).resolves({ StackEvents });
      await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
      expect(calls(DeleteBackupCommand)).toEqual([{ BackupId: BACKUP }]);
    });
  });

  test('of what a failed backup left is a success also where FSx refuses it, of a good one not', async () => {
    fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
    described(backup({ Lifecycle: 'FAILED' }));
    await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    described(backup());
    await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(answers.map((answer) => answer.Status)).toEqual(['SUCCESS', 'FAILED']);
  });

  test('of a backup that is gone is a success', async () => {
    described(undefined);
    const execution = await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(answers).toEqual([]); // it may have been made a moment ago, and not show yet
    await lookAgain(execution, 60);
    expect(answers[0].Status).toBe('SUCCESS');
    described(backup());
    fsx.on(DeleteBackupCommand).rejects(awsError('BackupNotFound', 'gone'));
    await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(answers[1].Status).toBe('SUCCESS');
  });

  test.each(['BackupInProgress', 'BackupRestoring', 'BackupBeingCopied'])('waits out %s', async (name) => {
    described(backup());
    fsx.on(DeleteBackupCommand).rejectsOnce(awsError(name, 'wait')).resolves({ Lifecycle: 'DELETED' });
    const execution = await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(answers).toEqual([]);
    await lookAgain(execution);
    expect(answers[0].Status).toBe('SUCCESS');
  });

  test('that is blocked until the time is up fails with what blocks it', async () => {
    described(backup());
    fsx.on(DeleteBackupCommand).rejects(awsError('BackupRestoring', 'a restore is running'));
    let execution = await run(
      deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY', TimeoutSeconds: '300' }),
      effects,
    );
    while (!execution.over) execution = await lookAgain(execution);
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(answers[0].Reason).toMatch(
      new RegExp(
        /Deleting backup-03e3c82e0183b7b6b was not possible in 55 min\. BackupRestoring: a /.source +
          /restore is running\. FSx still uses the backup.*Try again when that is over/.source,
      ),
    );
  });

  test('leaves a backup without the identity tags alone, and says so', async () => {
    described(backup({ Tags: [{ Key: 'Name', Value: 'mine' }] }));
    await run(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), effects);
    expect(calls(DeleteBackupCommand)).toEqual([]);
    expect(answers[0]).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('does not carry the tags'),
    });
  });

  test('after unusable properties has nothing to delete', async () => {
    await run(
      deleteEvent('none-Files.Backup.0123', { FileSystemId: 'vpc-1', RemovalPolicy: 'DESTROY' }),
      effects,
    );
    expect(answers[0].Status).toBe('SUCCESS');
  });

  describe('of a create that was cancelled', () => {
    const INVENTED = 'Files-Backup-1A2B3C4D5E6F';
    beforeEach(() => stackIs('ROLLBACK_IN_PROGRESS'));

    test('finds the running backup and deletes it', async () => {
      fsx
        .on(DescribeBackupsCommand)
        .resolvesOnce({ Backups: [backup({ Lifecycle: 'CREATING' })] })
        .resolves({ Backups: [] });
      fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
      expect(await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects)).toMatchObject({
        over: true,
      });
      expect(calls(DeleteBackupCommand)).toEqual([{ BackupId: BACKUP }]);
    });

    describe('beside what is left of an earlier attempt, which FSx does not delete', () => {
      const husk = backup({ BackupId: 'backup-0aaaaaaaaaaaaaaaa', Lifecycle: 'FAILED' });
      beforeEach(() => {
        fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
        fsx
          .on(DeleteBackupCommand, { BackupId: husk.BackupId })
          .rejects(awsError('BadRequest', 'it is FAILED'));
      });

      test('deletes the running one all the same', async () => {
        listed(husk, backup({ Lifecycle: 'CREATING' }));
        expect(await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects)).toMatchObject({
          over: true,
        });
        expect(calls(DeleteBackupCommand)).toContainEqual({ BackupId: BACKUP });
        expect(logged).toContainEqual(
          expect.objectContaining({
            message: 'FSx does not delete what is left of a failed backup',
            backupId: husk.BackupId,
          }),
        );
      });

      test('goes on looking for the one that may just be starting', async () => {
        listed(husk);
        expect(await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects)).toMatchObject({
          over: false,
        });
      });
    });

    test('goes on looking for two minutes, because the create may just be starting one', async () => {
      let execution = await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects);
      while (!execution.over && now - START < 100_000) execution = await lookAgain(execution);
      expect(execution.over).toBe(false);
      listed(backup({ Lifecycle: 'CREATING' }));
      fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
      execution = await lookAgain(execution);
      expect(execution.over).toBe(true);
      expect(calls(DeleteBackupCommand)).toHaveLength(1);
    });

    test('ends after two minutes where there is nothing', async () => {
      let execution = await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects);
      while (!execution.over) execution = await lookAgain(execution);
      expect(now - START).toBeGreaterThanOrEqual(120_000);
      expect(now - START).toBeLessThan(140_000);
      expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: INVENTED });
    });

    test('leaves alone what an earlier deployment had reported', async () => {
      stackIs('UPDATE_ROLLBACK_IN_PROGRESS', { status: 'UPDATE_COMPLETE', secondsAgo: 1 });
      listed(backup());
      let execution = await run(deleteEvent(INVENTED, { RemovalPolicy: 'DESTROY' }), effects);
      while (!execution.over) execution = await lookAgain(execution);
      expect(now - START).toBeGreaterThanOrEqual(120_000); // beside it, the create may just be starting one
      expect(calls(DeleteBackupCommand)).toEqual([]);
    });
  });

  test('after a failed create that had no backup does not wait', async () => {
    expect(
      await run(deleteEvent('none-Files.Backup.0123', { RemovalPolicy: 'DESTROY' }), effects),
    ).toMatchObject({ over: true });
  });
});

describe('the answer', () => {
  test('that cannot be delivered is kept and delivered by the state machine', async () => {
    deliveryProblem = new Error('HTTP 503');
    fsx.on(CreateBackupCommand).rejects(awsError('FileSystemNotFound', 'no'));
    let execution = await run(createEvent(), effects);
    expect(execution).toMatchObject({ over: false, work: { answer: { status: 'FAILED' } } });
    expect(calls(StartExecutionCommand)).toHaveLength(1);
    execution = await lookAgain(execution);
    deliveryProblem = undefined;
    fsx.reset();
    execution = await lookAgain(execution);
    expect(execution.over).toBe(true);
    expect(answers).toHaveLength(1);
    expect(fsx.calls()).toEqual([]);
  });

  test('that can neither be delivered nor kept makes Lambda deliver the event again', async () => {
    deliveryProblem = new Error('HTTP 503');
    fsx.on(CreateBackupCommand).rejects(awsError('FileSystemNotFound', 'no'));
    stepFunctions.on(StartExecutionCommand).rejects(awsError('StateMachineDoesNotExist', 'gone'));
    await expect(run(createEvent(), effects)).rejects.toThrow('gone');
  });

  test('is given up, loudly, when CloudFormation has stopped waiting', async () => {
    deliveryProblem = new Error('HTTP 403');
    fsx.on(CreateBackupCommand).rejects(awsError('FileSystemNotFound', 'no'));
    const execution = await run(createEvent(), effects);
    await expect(lookAgain(execution, 3700)).rejects.toThrow('HTTP 403');
  });

  test('says that looking failed when the state machine gives up', async () => {
    const execution = await run(createEvent(), effects);
    await run({ ...execution, error: { Error: 'Lambda.Unknown', Cause: '{}' } }, effects);
    expect(answers[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: BACKUP,
      Reason: expect.stringContaining('Lambda.Unknown'),
    });
  });

  test('never lets the URL into the log', async () => {
    deliveryProblem = new Error('HTTP 403');
    await run(createEvent({ FileSystemId: 'vpc-1' }), effects);
    expect(JSON.stringify(logged)).not.toContain('verysecret');
    expect(logged.length).toBeGreaterThan(0);
  });
});

describe('the state machine', () => {
  test('that another delivery has started is left alone', async () => {
    stepFunctions.on(StartExecutionCommand).rejects(awsError('ExecutionAlreadyExists', 'it does'));
    expect(await run(createEvent(), effects)).toMatchObject({ over: false });
    expect(answers).toEqual([]);
  });

  test('is tried again while its permission is not yet in force', async () => {
    stepFunctions
      .on(StartExecutionCommand)
      .rejectsOnce(awsError('AccessDeniedException', 'not yet'))
      .resolves({ executionArn: EXECUTION });
    await run(createEvent(), effects);
    expect(calls(StartExecutionCommand)).toHaveLength(2);
    expect(answers).toEqual([]);
  });

  test('that cannot be started ends in a failure that names the backup', async () => {
    stepFunctions
      .on(StartExecutionCommand)
      .rejects(awsError('AccessDeniedException', 'not authorized to perform: states:StartExecution'));
    await run(createEvent(), effects);
    expect(answers[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: BACKUP,
      Reason: expect.stringContaining('states:StartExecution'),
    });
    expect(now - START).toBeLessThan(100_000);
  });
});

test.each([[undefined], [{}], ['text'], [{ RequestType: 'Create' }], [{ work: {} }]])(
  'an input that is none is refused: %j',
  async (input) => {
    await expect(run(input, effects)).rejects.toThrow(
      'neither a request of CloudFormation nor the state of an execution',
    );
  },
);
