import { CreateBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, generation, NEW, OLD } from './backups';
import { MockedAws } from './mocked-aws';
import { awsError, createEvent, FILE_SYSTEM, VOLUME } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const finish = () => (world.backups = world.backups.map((one) => ({ ...one, Lifecycle: 'AVAILABLE' })));

describe('a Create', () => {
  test('fixes the tags in the state before its first CreateBackup', async () => {
    const polled = await world.poll(createEvent());
    expect(polled).toMatchObject({
      state: { phase: { phase: 'Taking', source: { FileSystemId: FILE_SYSTEM } } },
      wait: 1,
    });
    expect(world.calls(CreateBackupCommand)).toEqual([]);
    await world.poll(createEvent(), polled);
    expect(world.calls(CreateBackupCommand)).toEqual([
      {
        FileSystemId: FILE_SYSTEM,
        ClientRequestToken: expect.stringMatching(/^Files\.Backup\.[0-9a-f]{20}$/),
        Tags: polled.state.phase.tags,
      },
    ]);
  });

  test('takes a backup with the tags of the resource, and the user’s', async () => {
    await world.toTheEnd(createEvent({ RemovalPolicy: 'DESTROY', TimeoutSeconds: '60' }));
    expect(world.calls(CreateBackupCommand)[0].Tags).toEqual([
      { Key: 'cdk-fsx-backup:stack-id', Value: expect.stringContaining('stack/Files/') },
      { Key: 'cdk-fsx-backup:logical-id', Value: 'Backup' },
      { Key: 'cdk-fsx-backup:generation', Value: generation() },
      { Key: 'cdk-fsx-backup:previous', Value: 'none' },
      { Key: 'cdk-fsx-backup:removal', Value: 'DESTROY' },
      { Key: 'Name', Value: 'Files/Backup' },
    ]);
  });

  test('of a volume', async () => {
    await world.poll(
      createEvent({ FileSystemId: undefined, VolumeId: VOLUME }),
      await world.poll(createEvent({ FileSystemId: undefined, VolumeId: VOLUME })),
    );
    expect(world.calls(CreateBackupCommand)).toEqual([expect.objectContaining({ VolumeId: VOLUME })]);
  });

  test('responds when the backup is AVAILABLE, and not before', async () => {
    const polled = await world.poll(createEvent(), await world.poll(createEvent()));
    expect(polled.state.phase).toMatchObject({ phase: 'Waiting', backupId: NEW });
    expect(world.responses).toEqual([]);
    finish();
    expect(await world.poll(createEvent(), polled)).toMatchObject({
      output: { PhysicalResourceId: NEW, BackupLifecycle: 'AVAILABLE' },
    });
    expect(world.responses).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: NEW }),
    ]);
  });

  test('gives the same backup after a lost answer of CreateBackup', async () => {
    const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const polled = await world.poll(createEvent());
    world.fsx
      .on(CreateBackupCommand)
      .rejectsOnce(lost)
      .resolves({ Backup: backup({}, { BackupId: NEW }) });
    const again = await world.poll(createEvent(), polled);
    expect(again.state.phase).toEqual({ ...polled.state.phase, isAsked: true });
    expect(await world.poll(createEvent(), again)).toMatchObject({ output: { PhysicalResourceId: NEW } });
    const [first, second] = world.calls(CreateBackupCommand);
    expect(second).toEqual(first);
  });

  test('lists nothing beforehand, and a finished backup is never taken over', async () => {
    world.backups = [backup({}, { BackupId: OLD })];
    await world.poll(createEvent(), await world.poll(createEvent()));
    expect(world.calls(CreateBackupCommand)).toHaveLength(1);
    expect(world.calls(DescribeBackupsCommand)).toEqual([]);
  });
});

describe('a failed Create', () => {
  test('that never called CreateBackup says so in its id (`none-…`)', async () => {
    world.fsx.onAnyCommand().rejects(awsError('FileSystemNotFound', 'no such file system'));
    await world.toTheEnd(createEvent());
    expect(world.responses[0]).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: expect.stringMatching(/^none-Files\.Backup\./),
      Reason: expect.stringMatching(/Check that the file system exists in the Region and account/),
    });
  });

  test('carries the token if CreateBackup may have been called', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('ServiceLimitExceeded', 'too many'));
    await world.toTheEnd(createEvent());
    expect(world.responses[0].PhysicalResourceId).toMatch(/^Files\.Backup\.[0-9a-f]{20}$/);
  });

  test('carries the real backup id if there is one', async () => {
    await world.toTheEnd(createEvent({ TimeoutSeconds: '600' }));
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: NEW });
  });
});

describe('of what is not deployed yet', () => {
  const event = createEvent({ FileSystemId: undefined, DeployedFileSystem: 'Files' });

  test('there is no backup, the log says why, and all attributes are well-formed', async () => {
    expect(await world.toTheEnd(event)).toMatchObject({
      output: {
        BackupId: 'none',
        BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none',
        PhysicalResourceId: 'none',
      },
    });
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: 'no backup taken: nothing is deployed yet', source: 'Files' }),
    );
    expect(world.fsx.calls()).toEqual([]);
  });

  test('a backup is taken once it is there', async () => {
    world.resources.Files = { status: 'CREATE_COMPLETE', id: FILE_SYSTEM };
    const { state } = await world.poll(event);
    expect(state.phase).toMatchObject({ phase: 'Taking', source: { FileSystemId: FILE_SYSTEM } });
    const own = state.phase.tags.find(({ Key }: any) => Key === 'cdk-fsx-backup:generation');
    expect(own.Value).toBe(generation(undefined, { logicalId: 'Files' }));
  });
});
