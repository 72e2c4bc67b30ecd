import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CreateBackupCommand, DeleteBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, NEW, ofOther, OLD, OLDER, OLDEST } from './backups';
import { MockedAws } from './mocked-aws';
import { awsError, BACKUP, EXECUTION, FILE_SYSTEM, START } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const MINUTE = 60_000;

const input = (changes: object = {}) => ({ source: FILE_SYSTEM, series: 'Pipeline/Prod', ...changes });
const asRun = (execution = EXECUTION) => ({ machine: 'runs' as const, execution });
const poll = (given: unknown = input(), before?: any) => world.poll(given, before, asRun());
const toTheEnd = (given: unknown = input(), before?: any) => world.toTheEnd(given, before, asRun());
const taken = async (given: unknown = input()) => poll(given, await poll(given));
const finish = (Lifecycle: any = 'AVAILABLE', more: object = {}) =>
  (world.backups = world.backups.map((one) => (one.BackupId === NEW ? { ...one, Lifecycle, ...more } : one)));

describe('a run', () => {
  test('takes a backup with the identity of its series', async () => {
    await taken(input({ name: 'release', tags: { team: 'files' } }));
    const [call] = world.calls(CreateBackupCommand);
    expect(call.ClientRequestToken).toMatch(/^Files\.series-Pipeline-Pr\.[0-9a-f]{20}$/);
    expect(call.Tags).toContainEqual({ Key: 'cdk-fsx-backup:logical-id', Value: 'series/Pipeline/Prod' });
    expect(call.Tags).toContainEqual({ Key: 'Name', Value: 'release' });
    expect(call.Tags).toContainEqual({ Key: 'team', Value: 'files' });
  });

  test('is named after its series and the time, if it gives no name', async () => {
    await taken();
    const [call] = world.calls(CreateBackupCommand);
    expect(call.Tags).toContainEqual({ Key: 'Name', Value: 'Pipeline/Prod 2026-11-02T09:00Z' });
  });

  test('ends with the attributes of the backup, responds to nobody, and asks no stack', async () => {
    const polled = await taken();
    finish();
    expect(await poll(input(), polled)).toEqual({
      output: expect.objectContaining({
        BackupId: NEW,
        BackupLifecycle: 'AVAILABLE',
        PhysicalResourceId: NEW,
      }),
    });
    expect(world.responses).toEqual([]);
    expect(world.cloudFormation.calls()).toEqual([]);
  });

  test('takes its own in each execution, and the same in each poll', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another'));
    await poll(input(), await taken());
    await world.poll(input(), await world.poll(input(), undefined, asRun('again')), asRun('again'));
    const [first, second, third] = world.calls(CreateBackupCommand).map((call) => call.ClientRequestToken);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('continues no running backup: it waits, and takes its own afterwards', async () => {
    world.backups = [backup({ logicalId: 'series/Pipeline/Prod' }, { Lifecycle: 'CREATING' })];
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another'));
    const polled = await taken();
    expect(polled.state.phase.phase).toBe('Taking');
    expect(world.calls(DescribeBackupsCommand)).toEqual([]);
  });

  test('fails with what is wrong with its input, and calls nothing', async () => {
    expect(await poll({ source: 'vpc-1' })).toEqual({
      failure: {
        error: 'InvalidInput',
        cause: expect.stringMatching(/^No backup was taken: source is "vpc-1"; it must be/),
      },
    });
    expect(world.fsx.calls()).toEqual([]);
  });

  test('fails with the reason of FSx', async () => {
    const polled = await taken();
    finish('FAILED', { FailureDetails: { Message: 'the volume is full' } });
    expect(await poll(input(), polled)).toEqual({
      failure: {
        error: 'BackupFailed',
        cause: expect.stringMatching(/of fs-\S+: the volume is full\. Fix the/),
      },
    });
  });

  test('runs out of time with the progress, and says that a retry takes its own', async () => {
    const polled = await taken(input({ timeout: 600 }));
    finish('CREATING', { ProgressPercent: 43 });
    const { failure } = await toTheEnd(input({ timeout: 600 }), polled);
    expect(failure.cause).toMatch(
      /is not finished after 10 min \(CREATING, 43 %\)\. It goes on\. Retry: the next run waits for/,
    );
    expect(failure.cause).toMatch(/Or allow more time with `timeout`\.$/);
  });

  test('counts its time from the start of the execution', async () => {
    world.now += 10 * MINUTE;
    expect(await poll(input({ timeout: 600 }))).toHaveProperty('failure');
  });

  test('waits for days, and keeps five minutes of the seven days that CodePipeline waits', async () => {
    const week = input({ timeout: 604_800 });
    const polled = await taken(week);
    expect((await toTheEnd(week, { ...polled, wait: 0 })).failure.cause).not.toMatch(/`timeout`/);
    expect(world.now).toBe(START + (604_800 - 300) * 1000);
  });
});

describe('of what a stack has deployed, a run', () => {
  const deployed = (changes: object = {}) =>
    input({ source: { stack: 'Prod-Files', logicalId: 'FileSystem' }, ...changes });
  const present = (...ids: string[]) =>
    world.cloudFormation.on(DescribeStackResourcesCommand).resolves({
      StackResources: ids.map((LogicalResourceId) => ({
        LogicalResourceId,
        ResourceType: 'AWS::FSx::FileSystem',
      })) as any,
    });

  test('takes a backup of its physical id', async () => {
    world.resources.FileSystem = { status: 'CREATE_COMPLETE', id: FILE_SYSTEM };
    expect((await poll(deployed())).state.phase).toMatchObject({ source: { FileSystemId: FILE_SYSTEM } });
  });

  test('fails closed, and names what is there, if the stack lacks it', async () => {
    world.stack.status = 'UPDATE_COMPLETE';
    present('Files', 'Data');
    expect(await poll(deployed())).toMatchObject({
      failure: {
        cause: expect.stringMatching(
          /stack Prod-Files has no deployed file system or volume FileSystem \(it has Files, Data\);.*SKIP/s,
        ),
      },
    });
  });

  test('fails closed, too, if the stack has none', async () => {
    world.stack.status = 'CREATE_COMPLETE';
    present();
    expect((await poll(deployed())).failure.cause).toMatch(/\(it has none\)/);
  });

  test('skips it, if the input says so', async () => {
    world.stack.status = 'UPDATE_COMPLETE';
    expect(await poll(deployed({ whenMissing: 'SKIP' }))).toMatchObject({ output: { BackupId: 'none' } });
  });

  test.each([undefined, 'REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE'])(
    'gives `none` if the stack is not there (%s)',
    async (status) => {
      world.stack = { status };
      expect(await poll(deployed())).toMatchObject({
        output: { BackupId: 'none', BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none' },
      });
    },
  );

  test('fails if it is something else', async () => {
    world.resources.FileSystem = { status: 'CREATE_COMPLETE', id: 'vpc-1' };
    expect(await poll(deployed())).toMatchObject({
      failure: { cause: expect.stringMatching(/Prod-Files\/FileSystem is "vpc-1", and no FSx file system/) },
    });
  });
});

describe('keepLast', () => {
  const kept = input({ keepLast: 2 });
  const ids = () => world.backups.map(({ BackupId }) => BackupId);
  const ofSeries = (BackupId: string, minutesOld: number, marks: object = {}, more: object = {}) =>
    backup(
      { logicalId: 'series/Pipeline/Prod', removal: 'KEEP_LAST:2', ...marks },
      { BackupId, minutesOld, ...more },
    );
  beforeEach(() => {
    world.backups = [ofSeries(OLDEST, 9), ofSeries(OLDER, 7), ofSeries(OLD, 5)];
  });

  test('deletes older ones of the series when the new one is AVAILABLE', async () => {
    const polled = await taken(kept);
    expect(ids()).toHaveLength(4);
    finish();
    expect(await toTheEnd(kept, polled)).toHaveProperty('output');
    expect(ids()).toEqual([OLD, NEW]);
  });

  test('deletes nothing of another series or source, and nothing that is held', async () => {
    world.backups = [
      ofSeries(OLDEST, 9, { logicalId: 'series/Other' }),
      ofSeries(OLDER, 8, { isHeld: true }),
      ofSeries(BACKUP, 7, {}, ofOther),
      ofSeries(OLD, 6),
    ];
    const polled = await taken(kept);
    finish();
    await toTheEnd(kept, polled);
    expect(ids()).toEqual([OLDEST, OLDER, BACKUP, OLD, NEW]);
  });

  test('deletes nothing but what is left of the new one, if that fails', async () => {
    const polled = await taken(kept);
    finish('FAILED');
    const { failure } = await toTheEnd(kept, polled);
    expect(failure.cause).toMatch(/The failed backup is deleted\. Fix the cause/);
    expect(ids()).toEqual([OLDEST, OLDER, OLD]);
  });

  test('deletes nothing without it', async () => {
    const polled = await taken();
    finish();
    await toTheEnd(input(), polled);
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });

  test('is not worth a failure: what cannot be deleted in ten minutes stays', async () => {
    const polled = await taken(kept);
    finish();
    const begun = world.now;
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BackupBeingCopied', 'wait'));
    expect(await toTheEnd(kept, polled)).toHaveProperty('output');
    expect(world.now - begun).toBeLessThanOrEqual(605_000);
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'something was left undone' }));
  });
});
