import {
  BackupBeingCopied,
  BackupInProgress,
  BackupRestoring,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  FileSystemNotFound,
  FSxClient,
  IncompatibleParameterError,
  paginateDescribeBackups,
  ResourceNotFound,
  ServiceLimitExceeded,
  TagResourceCommand,
} from '@aws-sdk/client-fsx';
import { VirtualClock } from '../clock';
import { listen } from '../endpoint';
import { FaultPlan } from '../faults';
import { FsxService, type FsxOptions } from '../fsx/service';
import { Journal } from '../journal';

const ROLE = 'arn:aws:iam::012345678912:role/caller';
const EXAMPLE = {
  FileSystemType: 'WINDOWS',
  StorageCapacity: 300,
  SubnetIds: ['subnet-1234abcd'],
  WindowsConfiguration: {
    ActiveDirectoryId: 'd-1234abcd12',
    ThroughputCapacity: 8,
    AutomaticBackupRetentionDays: 30,
    DailyAutomaticBackupStartTime: '05:00',
    WeeklyMaintenanceStartTime: '1:05:00',
  },
};

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function world(options: Partial<FsxOptions> = {}) {
  const clock = new VirtualClock();
  const journal = new Journal(clock);
  const faults = new FaultPlan();
  const service = new FsxService({
    clock,
    accountId: '012345678912',
    region: 'us-east-1',
    partition: 'aws',
    authorizer: { authorize: async () => undefined },
    options,
  });
  const endpoint = await listen(service.api, {
    journal,
    faults,
    principalOf: () => ROLE,
    onHang: () => undefined,
  });
  close = () => endpoint.close();
  const credentials = { accessKeyId: 'KEY', secretAccessKey: 'secret' };
  const client = new FSxClient({ endpoint: endpoint.url, region: 'us-east-1', maxAttempts: 3, credentials });
  const { fileSystemId } = service.createFileSystem(EXAMPLE);
  return { clock, journal, faults, service, client, fileSystemId };
}

test("the example of AWS's documentation of CreateBackup", async () => {
  const { client, clock, fileSystemId } = await world();
  const { Backup } = await client.send(
    new CreateBackupCommand({ FileSystemId: fileSystemId, Tags: [{ Key: 'Name', Value: 'MyBackup' }] }),
  );
  expect(Backup).toMatchObject({
    BackupId: expect.stringMatching(/^backup-[0-9a-f]{17}$/),
    CreationTime: clock.date(),
    FileSystem: {
      FileSystemId: fileSystemId,
      OwnerId: '012345678912',
      StorageCapacity: 300,
      WindowsConfiguration: {
        ActiveDirectoryId: 'd-1234abcd12',
        AutomaticBackupRetentionDays: 30,
        DailyAutomaticBackupStartTime: '05:00',
        WeeklyMaintenanceStartTime: '1:05:00',
      },
    },
    Lifecycle: 'CREATING',
    ProgressPercent: 0,
    ResourceARN: `arn:aws:fsx:us-east-1:012345678912:backup/${Backup!.BackupId}`,
    Tags: [{ Key: 'Name', Value: 'MyBackup' }],
    Type: 'USER_INITIATED',
  });
});

test('errors arrive as the classes of the SDK, with their fields', async () => {
  const { client, service, clock, fileSystemId } = await world({
    quotas: { WINDOWS: 1, LUSTRE: 1, ONTAP: 1, OPENZFS: 1 },
  });
  const create = (input: object) =>
    client.send(new CreateBackupCommand({ FileSystemId: fileSystemId, ...input }));
  const { Backup } = await create({ ClientRequestToken: 'token' });
  const remove = () => client.send(new DeleteBackupCommand({ BackupId: Backup!.BackupId! }));

  await expect(create({ FileSystemId: 'fs-0000000000000000a' })).rejects.toBeInstanceOf(FileSystemNotFound);
  await expect(create({})).rejects.toBeInstanceOf(BackupInProgress);
  await expect(
    create({ ClientRequestToken: 'token', Tags: [{ Key: 'a', Value: '' }] }),
  ).rejects.toBeInstanceOf(IncompatibleParameterError);
  await clock.run(clock.sleep(600_000));
  await expect(create({})).rejects.toBeInstanceOf(ServiceLimitExceeded);
  await expect(create({})).rejects.toMatchObject({
    Limit: 'TOTAL_USER_INITIATED_BACKUPS',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
  const record = service.backups.get(Backup!.BackupId!)!;
  record.restoringTo = 'fs-0000000000000000a';
  await expect(remove()).rejects.toBeInstanceOf(BackupRestoring);
  record.restoringTo = undefined;
  record.beingCopiedTo = 'backup-0000000000000000a';
  await expect(remove()).rejects.toBeInstanceOf(BackupBeingCopied);
  const unknown = new TagResourceCommand({ ResourceARN: `${record.arn}0`, Tags: [{ Key: 'a', Value: '' }] });
  await expect(client.send(unknown)).rejects.toBeInstanceOf(ResourceNotFound);
});

test("the SDK's paginator finds every backup once, through short and empty pages", async () => {
  const { client, service, fileSystemId } = await world({ pageSize: 2 });
  const { fileSystemId: other } = service.createFileSystem(EXAMPLE);
  const planted = Array.from({ length: 9 }, (_, n) =>
    service.plantBackup({ fileSystemId: n % 4 ? other : fileSystemId, duration: 0 }),
  );
  const pages: string[][] = [];
  for await (const { Backups } of paginateDescribeBackups(
    { client },
    { Filters: [{ Name: 'file-system-id', Values: [fileSystemId] }] },
  )) {
    pages.push(Backups!.map((backup) => backup.BackupId!));
  }
  expect(pages).toHaveLength(5);
  expect(pages.flat().sort()).toEqual(
    planted
      .filter(({ source }) => source.fileSystemId === fileSystemId)
      .map(({ id }) => id)
      .sort(),
  );
});

test('a response that was lost is made good by the token that the SDK repeats', async () => {
  const { client, faults, service, journal, fileSystemId } = await world();
  faults.add('fsx:CreateBackup', 1, { kind: 'lost-response' });
  const { Backup } = await client.send(new CreateBackupCommand({ FileSystemId: fileSystemId }));
  expect([...service.backups.keys()]).toEqual([Backup!.BackupId]);
  expect(journal.calls('fsx:CreateBackup').map(({ outcome }) => outcome)).toEqual(['fault', 'ok']);
});

test.each([{ kind: 'throttle' }, { kind: 'server-error' }, { kind: 'reset' }] as const)(
  'the SDK outlasts %o',
  async (fault) => {
    const { client, faults, journal } = await world();
    faults.add('fsx:DescribeBackups', { from: 1, to: 2 }, fault);
    await expect(client.send(new DescribeBackupsCommand({}))).resolves.toMatchObject({ Backups: [] });
    expect(journal.calls('fsx:DescribeBackups').map(({ outcome }) => outcome)).toEqual([
      'fault',
      'fault',
      'ok',
    ]);
  },
);

test('an error of the fault plan is an error of FSx to the SDK', async () => {
  const { client, faults, service, fileSystemId } = await world();
  faults.add('fsx:CreateBackup', 1, {
    kind: 'error',
    code: 'ServiceLimitExceeded',
    message: 'enough',
    fields: { Limit: 'TOTAL_STORAGE' },
  });
  await expect(client.send(new CreateBackupCommand({ FileSystemId: fileSystemId }))).rejects.toMatchObject({
    name: 'ServiceLimitExceeded',
    message: 'enough',
    Limit: 'TOTAL_STORAGE',
  });
  expect(service.backups.size).toBe(0);
});

test('a call that hangs is over when the client gives up', async () => {
  const { client, faults } = await world();
  faults.add('fsx:*', 1, { kind: 'hang' });
  await expect(
    client.send(new DescribeBackupsCommand({}), { abortSignal: AbortSignal.timeout(100) }),
  ).rejects.toMatchObject({ name: 'AbortError' });
});

test("what breaks the published model is refused in AWS's words", async () => {
  const { client } = await world();
  await expect(
    client.send(new CreateBackupCommand({ FileSystemId: 'fs-1', Tags: [{ Key: 'a', Value: '!' }] })),
  ).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /^3 validation errors detected: .*'fs-1' at 'fileSystemId' .*'!' at 'tags\.1\.member\.value' failed/,
    ),
  });
});
