import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-fsx';
import { backup, NEW, OTHER_FILE_SYSTEM, removalOf } from './backups';
import { MockedAws } from './mocked-aws';
import { isFinalId } from '../../lambda/final-backup';
import {
  awsError,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  START,
  updateEvent,
  VOLUME,
} from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => {
  world.reset();
  world.stack = { status: 'DELETE_IN_PROGRESS' };
});

const ID = `final-${FILE_SYSTEM}`;
const asFinal = (event: object) => ({ ...event, ResourceType: 'Custom::FsxFinalBackup' });
const deletion = (id = ID, changes: any = {}) => asFinal(deleteEvent(id, changes));
const finish = (Lifecycle: any, more: object = {}) =>
  (world.backups = world.backups.map((one) => ({ ...one, Lifecycle, ...more })));
const taken = async (event = deletion()) => world.poll(event, await world.poll(event));
const creates = () => world.calls(CreateBackupCommand);

describe('until the deletion', () => {
  test('a Create is called after its source, and takes nothing', async () => {
    world.stack.status = 'CREATE_IN_PROGRESS';
    expect(await world.poll(asFinal(createEvent()))).toEqual({ output: { PhysicalResourceId: ID } });
    expect(creates()).toEqual([]);
  });

  test('a Create for a volume is called after the volume', async () => {
    const event = asFinal(createEvent({ FileSystemId: undefined, VolumeId: VOLUME }));
    expect(await world.poll(event)).toEqual({ output: { PhysicalResourceId: `final-${VOLUME}` } });
  });

  test('an Update of tags changes nothing', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    const event = asFinal(updateEvent(ID, { Tags: [] }));
    expect(await world.poll(event)).toEqual({ output: { PhysicalResourceId: ID } });
    expect(world.fsx.calls()).toEqual([]);
    expect(world.cloudFormation.calls()).toEqual([]);
  });

  test('an Update to another source is another resource: CloudFormation deletes this one', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    const event = asFinal(updateEvent(ID, { FileSystemId: OTHER_FILE_SYSTEM }));
    expect(await world.poll(event)).toEqual({ output: { PhysicalResourceId: `final-${OTHER_FILE_SYSTEM}` } });
  });
});

describe('a source that could not be backed up at its deletion', () => {
  const create = asFinal(createEvent());
  const another = asFinal(updateEvent(ID, { FileSystemId: OTHER_FILE_SYSTEM }));
  const missing = () =>
    world.fsx.on(DescribeFileSystemsCommand).rejects(awsError('FileSystemNotFound', 'no'));
  beforeEach(() => (world.stack.status = 'CREATE_IN_PROGRESS'));

  test('fails the Create, and its Delete takes nothing and calls nothing', async () => {
    missing();
    expect(await world.toTheEnd(create)).toHaveProperty('failure.error', 'BackupFailed');
    const [{ PhysicalResourceId, ...response }] = world.responses;
    expect(response).toMatchObject({
      Status: 'FAILED',
      Reason:
        `A final backup of ${FILE_SYSTEM} would not be possible: it is not known to FSx in the Region ` +
        'and account of the stack: check its id. Correct the source or remove the FsxFinalBackup, then ' +
        'deploy again.',
    });
    expect(PhysicalResourceId).toMatch(/^none-/);
    world.fsx.resetHistory();
    for (const status of ['ROLLBACK_IN_PROGRESS', 'DELETE_IN_PROGRESS']) {
      world.stack.status = status;
      expect(await world.poll(deletion(PhysicalResourceId))).toEqual({ output: { PhysicalResourceId } });
    }
    expect(world.fsx.calls()).toEqual([]);
  });

  test('fails the Create of a volume', async () => {
    world.fsx.on(DescribeVolumesCommand).rejects(awsError('VolumeNotFound', 'no'));
    await world.toTheEnd(asFinal(createEvent({ FileSystemId: undefined, VolumeId: VOLUME })));
    expect(world.responses[0].Reason).toMatch(
      `A final backup of ${VOLUME} would not be possible: it is not known`,
    );
  });

  test('is given a minute, since FSx may show a new one late', async () => {
    missing();
    let polled = await world.poll(create);
    expect(polled.state.phase).toEqual({ phase: 'Starting' });
    while (world.now < START + 50_000) polled = await world.poll(create, polled);
    world.fsx.on(DescribeFileSystemsCommand).resolves({ FileSystems: [{ Lifecycle: 'CREATING' }] });
    expect(await world.poll(create, polled)).toEqual({ output: { PhysicalResourceId: ID } });
  });

  test('fails an Update that names it, and the resource stays what it was', async () => {
    missing();
    world.stack.status = 'UPDATE_IN_PROGRESS';
    await world.toTheEnd(another);
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'FAILED', PhysicalResourceId: ID })]);
  });

  test('does not fail a rollback, which asks FSx nothing', async () => {
    missing();
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    expect(await world.poll(another)).toEqual({
      output: { PhysicalResourceId: `final-${OTHER_FILE_SYSTEM}` },
    });
    expect(world.fsx.calls()).toEqual([]);
  });

  test('does not fail a rollback whose status is late', async () => {
    missing();
    world.stack.status = 'UPDATE_IN_PROGRESS';
    const polled = await world.poll(another);
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    expect(await world.poll(another, polled)).toHaveProperty('output');
  });

  test.each(['CREATING', 'UPDATING', 'MISCONFIGURED', 'FAILED', 'DELETING', 'NOT_YET_INVENTED'])(
    'is none that is %s',
    async (Lifecycle) => {
      world.fileSystem = { Lifecycle };
      expect(await world.poll(create)).toEqual({ output: { PhysicalResourceId: ID } });
    },
  );

  test.each(['ThrottlingException', 'InternalServerError', 'TimeoutError'])(
    '%s is waited out until the deadline',
    async (name) => {
      world.fsx.on(DescribeFileSystemsCommand).rejects(awsError(name, 'why'));
      await world.toTheEnd(create);
      expect(world.now).toBe(START + 55 * 60_000);
      const [{ Reason, PhysicalResourceId }] = world.responses;
      expect(Reason).toMatch(`Checking ${FILE_SYSTEM} was not possible in 55 min. ${name}: why. AWS did not`);
      expect(PhysicalResourceId).toMatch(/^none-/);
    },
  );

  test('a permission that is missing is waited for two minutes, and named', async () => {
    const denied = 'User: x is not authorized to perform: fsx:DescribeFileSystems on resource: *';
    world.fsx.on(DescribeFileSystemsCommand).rejects(awsError('AccessDeniedException', denied));
    expect(await world.toTheEnd(create)).toHaveProperty('failure.error', 'BackupFailed');
    expect(world.now).toBeGreaterThanOrEqual(START + 120_000);
    expect(world.now).toBeLessThan(START + 200_000);
    expect(world.responses[0].Reason).toMatch(
      `Checking ${FILE_SYSTEM} failed. AccessDeniedException: ${denied}. The role of the FsxBackupProvider`,
    );
  });

  test('is one that is only named by its logical id', async () => {
    await world.toTheEnd(asFinal(createEvent({ FileSystemId: undefined, DeployedFileSystem: 'Source' })));
    expect(world.responses[0].Reason).toMatch(/^No backup was taken: a final backup needs FileSystemId or/);
  });
});

test.each<[what: string, fileSystem: any, why: RegExp]>([
  [
    'of ONTAP',
    { FileSystemType: 'ONTAP' },
    /possible: it is an ONTAP file system, .*fromVolumeId\. Correct the/,
  ],
  ['scratch', { LustreConfiguration: { DeploymentType: 'SCRATCH_2' } }, /it is a Lustre file system/],
  [
    'linked',
    { LustreConfiguration: { DataRepositoryConfiguration: { ExportPath: 's3://data' } } },
    /it is linked to a data repository by its ExportPath/,
  ],
])('a file system that is %s is refused when the resource is created', async (_, fileSystem, why) => {
  world.stack.status = 'CREATE_IN_PROGRESS';
  world.fileSystem = fileSystem;
  await world.toTheEnd(asFinal(createEvent()));
  expect(world.responses[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(why) });
});

test('a volume of OpenZFS is refused when the resource is created', async () => {
  world.stack.status = 'CREATE_IN_PROGRESS';
  world.fsx.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeType: 'OPENZFS' }] });
  await world.toTheEnd(asFinal(createEvent({ FileSystemId: undefined, VolumeId: VOLUME })));
  expect(world.responses[0].Reason).toMatch(/possible: it is an OpenZFS volume, and FSx backs up/);
});

describe('the deletion', () => {
  test('takes a backup that is always kept, and is done when it is AVAILABLE', async () => {
    const polled = await taken(deletion(ID, { RemovalPolicy: 'DESTROY' }));
    expect(removalOf(world.get(NEW))).toBe('RETAIN');
    expect(world.responses).toEqual([]);
    finish('AVAILABLE');
    expect(await world.poll(deletion(), polled)).toEqual({ output: { PhysicalResourceId: ID } });
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: ID })]);
  });

  test('backs up what its physical id names, whatever the properties say', async () => {
    await taken(deletion(ID, { FileSystemId: OTHER_FILE_SYSTEM }));
    expect(creates()).toEqual([expect.objectContaining({ FileSystemId: FILE_SYSTEM })]);
  });

  test('backs up a volume', async () => {
    await taken(deletion(`final-${VOLUME}`));
    expect(creates()).toEqual([expect.objectContaining({ VolumeId: VOLUME })]);
  });

  test('also takes one in the cleanup of an update', async () => {
    world.stack.status = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
    await taken();
    expect(creates()).toHaveLength(1);
  });

  test('of a resource that never came to be has nothing to back up', async () => {
    expect(await world.poll(deletion('Files-Final-1A2B3C'))).toHaveProperty('output');
    expect(world.fsx.calls()).toEqual([]);
  });

  test.each([
    'ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  ])('in %s takes none: a deployment that failed has created the source', async (status) => {
    world.stack.status = status;
    expect(await world.poll(deletion())).toHaveProperty('output');
    expect(world.fsx.calls()).toEqual([]);
  });

  test('waits for a status that is late, for 20 s', async () => {
    world.stack.status = 'UPDATE_COMPLETE';
    const polled = await world.poll(deletion());
    expect(polled.state.phase).toEqual({ phase: 'Starting' });
    world.stack.status = 'DELETE_IN_PROGRESS';
    expect((await world.poll(deletion(), polled)).state.phase.phase).toBe('Taking');
  });

  test('takes none after the operation, and fails', async () => {
    world.stack.status = 'UPDATE_COMPLETE';
    await world.toTheEnd(deletion());
    expect(creates()).toEqual([]);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: ID });
  });

  test.each(['FileSystemNotFound', 'VolumeNotFound'])('is done if the source is gone (%s)', async (name) => {
    world.fsx.on(DescribeFileSystemsCommand).rejects(awsError(name, 'gone'));
    expect(await world.poll(deletion())).toEqual({ output: { PhysicalResourceId: ID } });
  });

  test('is done if the source goes before CreateBackup', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('FileSystemNotFound', 'gone'));
    expect(await taken()).toEqual({ output: { PhysicalResourceId: ID } });
  });

  test('continues no running backup, not even its own: it waits, and takes its own afterwards', async () => {
    world.backups = [backup({}, { Lifecycle: 'CREATING' })];
    world.fsx.on(CreateBackupCommand).rejectsOnce(awsError('BackupInProgress', 'one is running'));
    const polled = await taken();
    expect(polled.state).toMatchObject({
      phase: { phase: 'Taking' },
      obstacle: expect.stringContaining('BackupInProgress'),
    });
    world.fsx.on(CreateBackupCommand).resolves({ Backup: backup({}, { BackupId: NEW }) });
    expect(await world.poll(deletion(), polled)).toEqual({ output: { PhysicalResourceId: ID } });
  });
});

describe('a final backup that fails blocks the deletion, and names the ways on:', () => {
  const ways =
    /^fs-\S+ is not deleted, since its final backup is not AVAILABLE\. .*retain Backup \(delete-stack/;

  test('the backup has failed', async () => {
    const polled = await taken();
    finish('FAILED', { FailureDetails: { Message: 'the volume is full' } });
    expect(await world.poll(deletion(), polled)).toHaveProperty('failure.error', 'BackupFailed');
    expect(world.responses[0].Reason).toMatch(ways);
    expect(world.responses[0].Reason).toMatch(
      /the volume is full.*aws fsx delete-backup --backup-id backup-/,
    );
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });

  test('it is not finished after 55 minutes', async () => {
    await world.toTheEnd(deletion());
    expect(world.now).toBe(START + 55 * 60_000);
    expect(world.responses[0].Reason).toMatch(ways);
    expect(world.responses[0].Reason).toMatch(
      /after 55 min \(CREATING\)\. It goes on\. Delete again when it/,
    );
  });

  test('it could not be begun in 55 minutes', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'one is running'));
    await world.toTheEnd(deletion());
    expect(world.responses[0].Reason).toMatch(ways);
    expect(world.responses[0].Reason).toMatch(
      /was not possible in 55 min\. BackupInProgress: one is running/,
    );
    expect(world.responses[0].Reason).not.toMatch(/`timeout`/);
  });

  test('FSx refuses it', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('UnsupportedOperation', 'scratch'));
    await world.toTheEnd(deletion());
    expect(world.responses[0].Reason).toMatch(ways);
  });

  test('a permission is missing', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('AccessDeniedException', 'no'));
    await world.toTheEnd(deletion());
    expect(world.responses[0].Reason).toMatch(ways);
  });
});

test.each([
  [ID, true],
  [`final-${VOLUME}`, true],
  ['final-', false],
  ['final-vpc-1', false],
  [FILE_SYSTEM, false],
])('%s is the id of a final backup: %s', (id, expected) => {
  expect(isFinalId(id)).toBe(expected);
});
