import {
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  type Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
} from '@aws-sdk/client-fsx';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import { generationOf, identityTags } from '../../lambda/identity';
import { awsError, BACKUP, EXECUTION, FILE_SYSTEM, STACK_ID, START } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const started = (input: unknown, execution = EXECUTION) => ({
  started: { input, execution, startTime: new Date(START).toISOString() },
});
const pipeline = (changes: Record<string, unknown> = {}, execution = EXECUTION) =>
  started({ source: FILE_SYSTEM, series: 'Pipeline/Prod', run: '4242', ...changes }, execution);

function backup(changes: Partial<Backup> = {}, run = '4242', logicalId = 'series/Pipeline/Prod'): Backup {
  const generation = generationOf({ source: { fileSystemId: FILE_SYSTEM }, triggers: [`run:${run}`] });
  return {
    BackupId: BACKUP,
    Lifecycle: 'AVAILABLE',
    Type: 'USER_INITIATED',
    CreationTime: new Date(START - MINUTE),
    ResourceARN: `arn:aws:fsx:us-east-1:123456789012:backup/${BACKUP}`,
    Tags: identityTags({ stackId: STACK_ID, logicalId, generation }),
    FileSystem: { FileSystemId: FILE_SYSTEM },
    ...changes,
  };
}

test('takes a backup with the identity of its series and run, asks no stack, starts nothing', async () => {
  const execution = await world.run(pipeline({ name: 'release', tags: { team: 'files' } }));
  expect(world.calls(CreateBackupCommand)).toEqual([
    {
      FileSystemId: FILE_SYSTEM,
      ClientRequestToken: expect.stringMatching(/^Files\.series-Pipeline-Pr\.[0-9a-f]{20}$/),
      Tags: [...backup().Tags!, { Key: 'Name', Value: 'release' }, { Key: 'team', Value: 'files' }],
    },
  ]);
  expect(execution).toMatchObject({ over: false, wait: 5 });
  for (const command of [StartExecutionCommand, DescribeStacksCommand, DescribeStackEventsCommand]) {
    expect(world.calls(command)).toEqual([]);
  }
});

test('looks for backups of its source, and of no other', async () => {
  await world.run(pipeline());
  expect(world.calls(DescribeBackupsCommand)).toEqual([
    { Filters: expect.arrayContaining([{ Name: 'file-system-id', Values: [FILE_SYSTEM] }]) },
  ]);
});

test('ends with the attributes of the backup, and tells nobody else', async () => {
  const execution = await world.run(pipeline());
  world.described(backup());
  expect(await world.lookAgain(execution)).toEqual({
    over: true,
    result: expect.objectContaining({
      BackupId: BACKUP,
      BackupLifecycle: 'AVAILABLE',
      SourceFileSystemId: FILE_SYSTEM,
    }),
  });
  expect(world.delivered).toEqual([]);
});

test('ends at once with waitUntil STARTED', async () => {
  expect(await world.run(pipeline({ waitUntil: 'STARTED' }))).toMatchObject({
    over: true,
    result: { BackupLifecycle: 'CREATING' },
  });
});

test.each([
  ['running', 'CREATING'],
  ['finished, and a week old', 'AVAILABLE'],
] as const)('takes up the backup of the same run: %s', async (_, Lifecycle) => {
  world.listed(backup({ Lifecycle, CreationTime: new Date(START - 7 * DAY) }));
  const execution = await world.run(pipeline({}, `${EXECUTION}-again`));
  expect(world.calls(CreateBackupCommand)).toEqual([]);
  expect(execution.over).toBe(Lifecycle === 'AVAILABLE');
});

test.each([
  ['another run', backup({}, '4241')],
  ['another series', backup({}, '4242', 'series/Pipeline/Test')],
  ['a resource of a stack', backup({}, '4242', 'Pipeline')],
  ['a failed attempt', backup({ Lifecycle: 'FAILED' })],
  ['a copy', backup({ SourceBackupId: 'backup-0aaaaaaaaaaaaaaaa' })],
])('does not take up that of %s', async (_, other) => {
  world.listed(other);
  await world.run(pipeline());
  expect(world.calls(CreateBackupCommand)).toHaveLength(1);
});

test('a retry after a failed backup has another token, the next look of one execution the same', async () => {
  world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'somebody else'));
  const execution = await world.run(pipeline());
  await world.lookAgain(execution);
  await world.run(pipeline({}, `${EXECUTION}-again`));
  const [first, second, third] = world.calls(CreateBackupCommand).map((call) => call.ClientRequestToken);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test('a bad input fails, with a text, and calls nothing', async () => {
  expect(await world.run(started({ source: 'vpc-1' }))).toEqual({
    over: true,
    failure: {
      error: 'InvalidInput',
      cause: expect.stringMatching(/^No backup was taken: source is "vpc-1"; it must be/),
    },
  });
  expect(world.calls(DescribeBackupsCommand)).toEqual([]);
  expect(world.logged).toEqual([
    expect.objectContaining({ message: 'the input is not valid', execution: EXECUTION }),
  ]);
});

test("a backup that fails, fails the execution with FSx's reason", async () => {
  const execution = await world.run(pipeline());
  world.described(backup({ Lifecycle: 'FAILED', FailureDetails: { Message: 'the volume is full' } }));
  expect(await world.lookAgain(execution)).toEqual({
    over: true,
    failure: {
      error: 'BackupFailed',
      cause: expect.stringMatching(new RegExp(`${BACKUP} of ${FILE_SYSTEM}: the volume is full`)),
    },
  });
});

test('runs out of time with the progress, and says how the backup is taken up', async () => {
  const execution = await world.run(pipeline({ timeout: 600 }));
  world.described(backup({ Lifecycle: 'CREATING', ProgressPercent: 43 }));
  const { failure } = (await world.lookAgain(execution, 600)) as any;
  expect(failure.cause).toMatch(
    new RegExp(
      /is not finished after 10 min \(CREATING, 43 %\)\. It goes on: retry the pipeline's /.source +
        /action, or start another execution with the same `run`, and it is taken up\. Or allow /.source +
        /more time/.source,
    ),
  );
});

test('runs out of time, counted from the start of the execution, however late the first look', async () => {
  world.now += 10 * MINUTE;
  expect(await world.run(pipeline({ timeout: 600 }))).toMatchObject({
    over: true,
    failure: { cause: expect.stringMatching(/is not finished after 10 min/) },
  });
});

test('advises more time than a stack could wait for', async () => {
  const execution = await world.run(pipeline({ timeout: 86_400 }));
  world.described(backup({ Lifecycle: 'CREATING' }));
  expect(await world.lookAgain(execution, 86_400)).toMatchObject({
    over: true,
    failure: { cause: expect.stringMatching(/Or allow more time/) },
  });
});

test('waits for days, and keeps five minutes of the seven days that CodePipeline waits', async () => {
  let execution = await world.run(pipeline({ timeout: 604_800 }));
  world.described(backup({ Lifecycle: 'CREATING' }));
  execution = await world.lookAgain(execution, 604_800 - 301);
  expect(execution).toMatchObject({ over: false, wait: 1 });
  expect(await world.lookAgain(execution)).toMatchObject({
    over: true,
    failure: { cause: expect.not.stringMatching(/Or allow more time/) },
  });
});

test('a look that failed for good ends the execution with a text', async () => {
  const execution = await world.run(pipeline());
  expect(await world.lookAgain({ ...execution, error: { Error: 'Sandbox.Timedout' } })).toMatchObject({
    over: true,
    failure: {
      error: 'BackupFailed',
      cause: expect.stringMatching(
        /Looking at the backup failed several times in a row \(Sandbox\.Timedout\)/,
      ),
    },
  });
});

test('so does a first look that failed for good', async () => {
  expect(await world.run({ ...pipeline(), error: { Error: 'Sandbox.Timedout' } })).toMatchObject({
    over: true,
    failure: { error: 'BackupFailed' },
  });
  expect(world.calls(CreateBackupCommand)).toEqual([]);
});

describe('of what a stack has deployed', () => {
  const deployed = pipeline({ source: { stack: 'Prod-Files', logicalId: 'FileSystem' } });

  test('is taken of its physical id', async () => {
    world.cloudFormation
      .on(DescribeStackResourceCommand, { StackName: 'Prod-Files', LogicalResourceId: 'FileSystem' })
      .resolves({
        StackResourceDetail: { PhysicalResourceId: FILE_SYSTEM, ResourceStatus: 'UPDATE_COMPLETE' } as any,
      });
    await world.run(deployed);
    expect(world.calls(CreateBackupCommand)).toEqual([
      expect.objectContaining({ FileSystemId: FILE_SYSTEM }),
    ]);
  });

  test.each(["Stack 'Prod-Files' does not exist", 'Resource FileSystem does not exist for stack Prod-Files'])(
    'is none at the first run: %s',
    async (message) => {
      world.cloudFormation.on(DescribeStackResourceCommand).rejects(awsError('ValidationError', message));
      expect(await world.run(deployed)).toMatchObject({
        over: true,
        result: { BackupId: 'none', BackupArn: '' },
      });
      expect(world.calls(CreateBackupCommand)).toEqual([]);
      expect(world.logged).toContainEqual(
        expect.objectContaining({
          message: 'no backup taken: nothing is deployed yet',
          source: 'Prod-Files/FileSystem',
        }),
      );
    },
  );

  test('of a run that is repeated is the first one, also when the source was replaced since', async () => {
    const taken = backup({
      FileSystem: { FileSystemId: 'fs-0aaaaaaaaaaaaaaaa' } as any,
      Tags: identityTags({
        stackId: STACK_ID,
        logicalId: 'series/Pipeline/Prod',
        generation: generationOf({
          source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
          triggers: ['run:4242'],
        }),
      }),
    });
    world.cloudFormation.on(DescribeStackResourceCommand).resolves({
      StackResourceDetail: { PhysicalResourceId: FILE_SYSTEM, ResourceStatus: 'CREATE_COMPLETE' } as any,
    });
    world.fsx
      .on(DescribeBackupsCommand, { Filters: [{ Name: 'backup-type', Values: ['USER_INITIATED'] }] })
      .resolves({ Backups: [taken] });
    expect(await world.run(deployed)).toMatchObject({ over: true, result: { BackupId: BACKUP } });
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('is refused where it is something else', async () => {
    world.cloudFormation.on(DescribeStackResourceCommand).resolves({
      StackResourceDetail: { PhysicalResourceId: 'vpc-1', ResourceStatus: 'CREATE_COMPLETE' } as any,
    });
    expect(await world.run(deployed)).toMatchObject({
      over: true,
      failure: {
        cause: expect.stringMatching(/Prod-Files\/FileSystem is "vpc-1", and no FSx file system or volume/),
      },
    });
  });
});

describe('keepLast', () => {
  const old = (nth: number, changes: Partial<Backup> = {}) =>
    backup(
      { BackupId: `backup-0${nth}`.padEnd(24, '0'), CreationTime: new Date(START - nth * DAY), ...changes },
      `run ${nth}`,
    );
  const series = [old(1), old(2), old(3), old(4, { Lifecycle: 'FAILED' })];
  const finished = async (keepLast: number) => {
    const execution = await world.run(pipeline({ keepLast }));
    const foreign = [
      backup({ BackupId: 'backup-0f' }, '1', 'series/Other'),
      backup({ BackupId: 'backup-0e', SourceBackupId: BACKUP }, '1'),
      backup({ BackupId: 'backup-0d', Tags: [] }),
    ];
    world.listed(...series, ...foreign, backup());
    world.described(backup());
    return world.lookAgain(execution);
  };
  const deleted = () => world.calls(DeleteBackupCommand).map((call) => call.BackupId);
  beforeEach(() => world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' }));

  test('deletes older ones of the series, and failed ones, when the new one is AVAILABLE', async () => {
    expect(await finished(2)).toMatchObject({ over: true, result: { BackupId: BACKUP } });
    expect(deleted()).toEqual([series[1], series[2], series[3]].map((gone) => gone.BackupId));
  });

  test('keeps all of them as long as it is not', async () => {
    const execution = await world.run(pipeline({ keepLast: 1 }));
    world.listed(...series, backup({ Lifecycle: 'CREATING' }));
    world.described(backup({ Lifecycle: 'CREATING' }));
    await world.lookAgain(execution);
    expect(deleted()).toEqual([]);
  });

  test('deletes nothing but what is left of the new one where that fails', async () => {
    const execution = await world.run(pipeline({ keepLast: 1 }));
    world.listed(...series);
    world.described(backup({ Lifecycle: 'FAILED' }));
    expect(await world.lookAgain(execution)).toMatchObject({
      over: true,
      failure: { error: 'BackupFailed' },
    });
    expect(deleted()).toEqual([BACKUP]);
  });

  test('deletes nothing where there is nothing to back up', async () => {
    world.listed(...series);
    world.cloudFormation
      .on(DescribeStackResourceCommand)
      .rejects(awsError('ValidationError', "Stack 'Prod-Files' does not exist"));
    expect(
      await world.run(pipeline({ source: { stack: 'Prod-Files', logicalId: 'FileSystem' }, keepLast: 1 })),
    ).toMatchObject({ over: true, result: { BackupId: 'none' } });
    expect(deleted()).toEqual([]);
  });

  test('deletes nothing without it', async () => {
    world.listed(...series, backup());
    expect(await world.run(pipeline())).toMatchObject({ over: true, result: { BackupId: BACKUP } });
    expect(deleted()).toEqual([]);
  });

  test('keeps the backup of a run that is repeated late, beside the newest', async () => {
    world.listed(...series.slice(0, 2), backup({ CreationTime: new Date(START - 7 * DAY) }));
    expect(await world.run(pipeline({ keepLast: 1 }))).toMatchObject({
      over: true,
      result: { BackupId: BACKUP },
    });
    expect(deleted()).toEqual([series[1].BackupId]);
  });

  test.each([
    ['InternalServerError', 500],
    ['AccessDeniedException', 400],
  ])('fails nothing when deleting meets %s', async (name, httpStatusCode) => {
    world.fsx.on(DeleteBackupCommand).rejects(awsError(name, 'no', { $metadata: { httpStatusCode } }));
    expect(await finished(1)).toMatchObject({ over: true, result: { BackupId: BACKUP } });
    expect(world.logged.map(({ message }) => message).join()).toMatch(/not deleted/);
  });
});
