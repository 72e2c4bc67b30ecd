import { CreateBackupCommand, DeleteBackupCommand, TagResourceCommand } from '@aws-sdk/client-fsx';
import { backup } from './backups';
import { MockedAws } from './mocked-aws';
import { BACKUP, createEvent, deleteEvent, START, updateEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const MINUTE = 60_000;

const told = (changes: object = {}) => ({
  FileSystemId: undefined,
  RemovalPolicy: undefined,
  BackupId: BACKUP,
  BackupLifecycle: 'CREATING',
  BackupCreationTime: new Date(START - 55 * MINUTE).toISOString(),
  TimeoutSeconds: '3300',
  ...changes,
});
const asLink = (event: object) => ({ ...event, ResourceType: 'Custom::FsxBackupContinuation' });
const created = (changes: object = {}) => asLink(createEvent(told(changes)));
const updated = (changes: object = {}, former: object = { BackupId: 'backup-0aaaaaaaaaaaaaaaa' }) =>
  asLink(updateEvent('continuation-Backup', told(changes), told(former)));
const running = () => backup({}, { Lifecycle: 'CREATING', minutesOld: 55, ProgressPercent: 40 });
const finish = (Lifecycle: any = 'AVAILABLE') => (world.backups = [backup({}, { Lifecycle })]);

describe('a link of the chain', () => {
  test('responds as soon as the backup is AVAILABLE, with its attributes', async () => {
    world.backups = [running()];
    const polled = await world.poll(created());
    expect(polled.state.phase).toMatchObject({ phase: 'Waiting', backupId: BACKUP });
    finish();
    await world.poll(created(), polled);
    expect(world.responses).toEqual([
      expect.objectContaining({
        Status: 'SUCCESS',
        PhysicalResourceId: 'continuation-Backup',
        Data: expect.objectContaining({ BackupId: BACKUP, BackupLifecycle: 'AVAILABLE' }),
      }),
    ]);
  });

  test('keeps its physical id', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    finish();
    await world.toTheEnd(updated());
    expect(world.responses[0].PhysicalResourceId).toBe('continuation-Backup');
  });

  test('polls by the age of the backup', async () => {
    world.backups = [running()];
    expect((await world.poll(created())).wait).toBe(60);
  });

  test('hands over to the next link after 55 minutes', async () => {
    world.backups = [running()];
    await world.toTheEnd(created({ TimeoutSeconds: '6600' }));
    expect(world.now).toBe(START + 55 * MINUTE);
    expect(world.responses).toEqual([
      expect.objectContaining({
        Status: 'SUCCESS',
        Data: expect.objectContaining({
          BackupId: BACKUP,
          BackupLifecycle: 'CREATING',
          BackupCreationTime: running().CreationTime!.toISOString(),
        }),
      }),
    ]);
  });

  test('that is the last one fails by the deadline', async () => {
    world.backups = [running()];
    await world.toTheEnd(created({ TimeoutSeconds: '1200' }));
    expect(world.now).toBe(START + 20 * MINUTE);
    expect(world.responses).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason: expect.stringMatching(
          /is not finished after \d+ min \(CREATING, 40 %\)\. It goes on: deploy/,
        ),
      }),
    ]);
  });

  test('owns nothing: it deletes not even a FAILED backup, and says what to do', async () => {
    world.backups = [running()];
    const polled = await world.poll(created());
    finish('FAILED');
    await world.poll(created(), polled);
    expect(world.responses[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: 'continuation-Backup',
    });
    expect(world.responses[0].Reason).toMatch(/^FSx could not finish backup backup-\S+ of the FsxBackup: it/);
    expect(world.responses[0].Reason).toMatch(
      /If rollback is disabled, roll back first \(cdk rollback\), or/,
    );
    for (const command of [CreateBackupCommand, DeleteBackupCommand, TagResourceCommand]) {
      expect(world.calls(command)).toEqual([]);
    }
  });

  test('fails if the backup vanishes while it waits', async () => {
    world.backups = [running()];
    const polled = await world.poll(created());
    world.backups = [];
    const waited = await world.poll(created(), { ...polled, wait: 30 });
    expect(waited.state.phase.phase).toBe('Waiting');
    await world.poll(created(), { ...waited, wait: 30 });
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED' });
    expect(world.responses[0].Reason).toMatch(/was deleted.*roll back first/);
  });
});

describe('told that the backup was not running any more, a link accepts it', () => {
  test.each(['AVAILABLE', 'FAILED', 'DELETED', ''])('%s, and gone since', async (BackupLifecycle) => {
    expect(await world.poll(created({ BackupLifecycle }))).toMatchObject({
      output: {
        BackupId: BACKUP,
        BackupArn: `arn:aws:fsx:us-east-1:123456789012:backup/${BACKUP}`,
        PhysicalResourceId: 'continuation-Backup',
      },
    });
  });

  test('and still there, with its attributes', async () => {
    finish('FAILED');
    expect(await world.poll(created({ BackupLifecycle: 'FAILED' }))).toMatchObject({
      output: { BackupLifecycle: 'FAILED', BackupType: 'USER_INITIATED' },
    });
  });

  test('or that there is none', async () => {
    const none = { BackupId: 'none', BackupLifecycle: '', BackupCreationTime: '' };
    expect(await world.poll(created(none))).toMatchObject({
      output: { BackupId: 'none', BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none' },
    });
    expect(world.fsx.calls()).toEqual([]);
  });

  test('but not one that was running, however long ago: the deployment had waited, and failed', async () => {
    const BackupCreationTime = new Date(START - 100 * 60 * MINUTE).toISOString();
    expect(await world.toTheEnd(created({ BackupCreationTime }))).toHaveProperty('failure');
  });

  test('or was told of the same before: only the timeout has changed', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    expect(await world.poll(updated({}, {}))).toHaveProperty('output');
  });
});

describe('a link responds at once', () => {
  test('to its Delete, without a call', async () => {
    await world.poll(asLink(deleteEvent('continuation-Backup', told())));
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    expect(world.fsx.calls()).toEqual([]);
  });

  test('to its rollback, with what is there', async () => {
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    world.backups = [running()];
    expect(await world.poll(updated())).toMatchObject({ output: { BackupLifecycle: 'CREATING' } });
  });

  test('to its rollback, once CloudFormation tells of that', async () => {
    world.stack.status = 'UPDATE_FAILED'; // a person rolls back, and the status is late
    world.backups = [running()];
    const polled = await world.poll(updated());
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    await world.toTheEnd(updated(), polled);
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    expect(world.now).toBeLessThan(START + MINUTE);
  });
});
