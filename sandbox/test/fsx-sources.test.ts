import { ontapVolume, world } from './fsx-fixture';

const SUBNETS = { SubnetIds: ['subnet-1234abcd'] };
const WINDOWS = { FileSystemType: 'WINDOWS', StorageCapacity: '300', ...SUBNETS };
const OPENZFS = { FileSystemType: 'OPENZFS', StorageCapacity: 64, ...SUBNETS };
const ONTAP = { FileSystemType: 'ONTAP', StorageCapacity: 1024, ...SUBNETS };
const LUSTRE = {
  FileSystemType: 'LUSTRE',
  StorageCapacity: 1200,
  ...SUBNETS,
  LustreConfiguration: { DeploymentType: 'PERSISTENT_2' },
};

test('a file system of Windows shows what its template says, typed, but no secrets or inputs', async () => {
  const { service, fileSystem, clock } = world();
  const { fileSystemId, resourceArn, dnsName } = service.createFileSystem({
    ...WINDOWS,
    SecurityGroupIds: ['sg-1234abcd'],
    Tags: [{ Key: 'Name', Value: 'files' }],
    WindowsConfiguration: {
      ThroughputCapacity: '32',
      CopyTagsToBackups: 'true',
      Aliases: ['files.example.com'],
      SelfManagedActiveDirectoryConfiguration: {
        DomainName: 'example.com',
        UserName: 'admin',
        Password: 'secret',
        DnsIps: ['10.0.0.2'],
      },
    },
  });
  const shown = await fileSystem(fileSystemId);
  expect(shown).toMatchObject({
    FileSystemId: fileSystemId,
    FileSystemType: 'WINDOWS',
    Lifecycle: 'AVAILABLE',
    StorageCapacity: 300,
    ResourceARN: resourceArn,
    DNSName: dnsName,
    CreationTime: clock.now() / 1000,
    Tags: [{ Key: 'Name', Value: 'files' }],
    WindowsConfiguration: {
      ThroughputCapacity: 32,
      CopyTagsToBackups: true,
      Aliases: [{ Name: 'files.example.com' }],
      SelfManagedActiveDirectoryConfiguration: { DomainName: 'example.com', UserName: 'admin' },
    },
  });
  expect(JSON.stringify(shown)).not.toMatch(/secret|sg-1234abcd/);
});

test('a file system of Lustre shows its mount name and its data repository', async () => {
  const { service, fileSystem } = world();
  const LustreConfiguration = { DeploymentType: 'PERSISTENT_1', ImportPath: 's3://bucket' };
  const { fileSystemId, lustreMountName } = service.createFileSystem({ ...LUSTRE, LustreConfiguration });
  expect((await fileSystem(fileSystemId)).LustreConfiguration).toMatchObject({
    MountName: lustreMountName,
    DataRepositoryConfiguration: { ImportPath: 's3://bucket' },
  });
});

test('a file system of ONTAP does not show its password', async () => {
  const { service, fileSystem } = world();
  const OntapConfiguration = { DeploymentType: 'SINGLE_AZ_1', FsxAdminPassword: 'secret-secret' };
  const { fileSystemId } = service.createFileSystem({ ...ONTAP, OntapConfiguration });
  expect((await fileSystem(fileSystemId)).OntapConfiguration).toEqual({ DeploymentType: 'SINGLE_AZ_1' });
});

test('a file system of OpenZFS comes with a root volume and goes with it', async () => {
  const { service, call } = world();
  const { fileSystemId, rootVolumeId } = service.createFileSystem(OPENZFS);
  expect((await call('DescribeVolumes', { VolumeIds: [rootVolumeId] })).Volumes).toMatchObject([
    { FileSystemId: fileSystemId, VolumeType: 'OPENZFS', Lifecycle: 'AVAILABLE' },
  ]);
  service.deleteFileSystem(fileSystemId);
  await expect(call('DescribeVolumes', { VolumeIds: [rootVolumeId] })).rejects.toMatchObject({
    code: 'VolumeNotFound',
  });
});

test('an update changes what the template changes and keeps what makes the file system itself', async () => {
  const { service, fileSystem, clock } = world();
  const { fileSystemId } = service.createFileSystem({ ...LUSTRE, Tags: [{ Key: 'a', Value: '1' }] });
  const before = await fileSystem(fileSystemId);
  await clock.run(clock.sleep(1000));
  service.updateFileSystem(fileSystemId, { ...LUSTRE, StorageCapacity: 2400 });
  const { Tags, ...same } = before;
  expect(await fileSystem(fileSystemId)).toEqual({ ...same, StorageCapacity: 2400 });
});

test('properties that FSx would refuse are refused', () => {
  const { service } = world();
  expect(() => service.createFileSystem({ ...WINDOWS, FileSystemType: 'NFS' })).toThrow(
    'WINDOWS, LUSTRE, ONTAP, OPENZFS',
  );
  expect(() => service.createFileSystem({ ...WINDOWS, StorageCapacity: 'much' })).toThrow('StorageCapacity');
  expect(() =>
    service.createVolume({
      VolumeType: 'ONTAP',
      Name: 'v',
      OntapConfiguration: { StorageVirtualMachineId: 'svm-1' },
    }),
  ).toThrow('svm-1');
  expect(() =>
    service.createStorageVirtualMachine({
      FileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
      Name: 'svm',
    }),
  ).toThrow('not of ONTAP');
});

test('a volume of ONTAP shows what its template says, and its update', async () => {
  const { service, call } = world();
  const { fileSystemId } = service.createFileSystem(ONTAP);
  const { storageVirtualMachineId } = service.createStorageVirtualMachine({
    FileSystemId: fileSystemId,
    Name: 'svm',
  });
  const OntapConfiguration = {
    StorageVirtualMachineId: storageVirtualMachineId,
    SizeInMegabytes: '1024',
    CopyTagsToBackups: 'true',
  };
  const properties = { VolumeType: 'ONTAP', Name: 'v', OntapConfiguration };
  const { volumeId, resourceArn, uuid } = service.createVolume(properties);
  expect(resourceArn).toBe(`arn:aws:fsx:us-east-1:123456789012:volume/${fileSystemId}/${volumeId}`);
  service.updateVolume(volumeId, {
    ...properties,
    OntapConfiguration: { ...OntapConfiguration, SizeInMegabytes: '2048' },
  });
  expect((await call('DescribeVolumes')).Volumes).toMatchObject([
    {
      VolumeId: volumeId,
      Lifecycle: 'CREATED',
      OntapConfiguration: {
        SizeInMegabytes: 2048,
        CopyTagsToBackups: true,
        OntapVolumeType: 'RW',
        UUID: uuid,
      },
    },
  ]);
});

describe('the volumes of an SVM', () => {
  const refused = (message: string) =>
    expect.objectContaining({ code: 'BadRequest', message: expect.stringContaining(message) });

  const volumes = () => {
    const all = world();
    const { properties, volumeId } = ontapVolume(all.service, {
      configuration: { JunctionPath: '/vol1' },
    });
    const named = (Name: string, JunctionPath?: string) => ({
      ...properties,
      Name,
      OntapConfiguration: { ...properties.OntapConfiguration, JunctionPath },
    });
    return { ...all, volumeId, named };
  };

  test('have different names and junction paths', () => {
    const { service, volumeId, named } = volumes();
    const create = (Name: string, path?: string) => () => service.createVolume(named(Name, path));
    expect(create('vol1', '/vol2')).toThrow(refused(`the Name vol1 already: ${volumeId}`));
    expect(create('vol2', '/vol1')).toThrow(refused(`the JunctionPath /vol1 already: ${volumeId}`));
    create('vol2', '/vol2')();
    expect(service.volumes.size).toBe(2);
  });

  test('have them after an update, too; each may keep its own', async () => {
    const { service, volume, volumeId, named } = volumes();
    service.createVolume(named('vol2', '/vol2'));
    const change = (Name: string, path?: string) => () => service.updateVolume(volumeId, named(Name, path));
    expect(change('vol2', '/vol1')).toThrow(refused('the Name vol2'));
    expect(change('vol1', '/vol2')).toThrow(refused('the JunctionPath /vol2'));
    change('vol1', '/vol1')();
    change('vol3', '/vol3')();
    const OntapConfiguration = expect.objectContaining({ JunctionPath: '/vol3' });
    expect(await volume(volumeId)).toMatchObject({ Name: 'vol3', OntapConfiguration });
  });

  test('may all be without a junction path', () => {
    const { service, named } = volumes();
    service.createVolume(named('vol2'));
    service.createVolume(named('vol3'));
    expect(service.volumes.size).toBe(3);
  });

  test('may have the names and paths of those of another SVM', () => {
    const { service } = volumes();
    ontapVolume(service, { configuration: { JunctionPath: '/vol1' } });
    expect(service.volumes.size).toBe(2);
  });
});

test('what still has something in it cannot be deleted', () => {
  const { service } = world();
  const { fileSystemId } = service.createFileSystem(ONTAP);
  const { storageVirtualMachineId } = service.createStorageVirtualMachine({
    FileSystemId: fileSystemId,
    Name: 'svm',
  });
  const OntapConfiguration = { StorageVirtualMachineId: storageVirtualMachineId };
  const { volumeId } = service.createVolume({ VolumeType: 'ONTAP', Name: 'v', OntapConfiguration });
  expect(() => service.deleteFileSystem(fileSystemId)).toThrow(storageVirtualMachineId);
  expect(() => service.deleteStorageVirtualMachine(storageVirtualMachineId)).toThrow(volumeId);
  service.deleteVolume(volumeId);
  service.deleteStorageVirtualMachine(storageVirtualMachineId);
  service.deleteFileSystem(fileSystemId);
  expect(service.fileSystems.size).toBe(0);
});

test('all file systems come in pages, each once', async () => {
  const { service, call } = world({ pageSize: 2 });
  const made = Array.from({ length: 5 }, () => service.createFileSystem(WINDOWS).fileSystemId);
  const seen: string[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await call('DescribeFileSystems', { NextToken });
    seen.push(...answer.FileSystems.map(({ FileSystemId }: any) => FileSystemId));
    NextToken = answer.NextToken;
  } while (NextToken);
  expect(seen.sort()).toEqual(made.sort());
});

describe('deletion of a file system', () => {
  test.each([
    ['WINDOWS', WINDOWS, 1],
    ['OPENZFS', OPENZFS, 1],
    ['LUSTRE', LUSTRE, 0],
  ])('%s: a final backup is taken or not', (_type, properties, count) => {
    const { service } = world();
    service.deleteFileSystem(service.createFileSystem(properties).fileSystemId);
    expect([...service.backups.values()].map(({ type }) => type)).toEqual(
      Array(count).fill('USER_INITIATED'),
    );
  });

  test('automatic backups go, the others stay', () => {
    const { service } = world();
    const { fileSystemId } = service.createFileSystem(LUSTRE);
    service.plantBackup({ fileSystemId, type: 'AUTOMATIC', duration: 0 });
    const kept = (['USER_INITIATED', 'AWS_BACKUP'] as const).map(
      (type) => service.plantBackup({ fileSystemId, type, duration: 0 }).id,
    );
    service.deleteFileSystem(fileSystemId);
    expect([...service.backups.keys()]).toEqual(kept);
  });

  test('does not happen when there is no room for the final backup', () => {
    const { service } = world({ quotas: { WINDOWS: 0, LUSTRE: 0, ONTAP: 0, OPENZFS: 0 } });
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    expect(() => service.deleteFileSystem(fileSystemId)).toThrow(
      expect.objectContaining({ code: 'ServiceLimitExceeded' }),
    );
    expect(service.fileSystems.has(fileSystemId)).toBe(true);
  });
});

test('a file system can be made of an available backup only', () => {
  const { service } = world();
  const { fileSystemId } = service.createFileSystem(LUSTRE);
  const { id } = service.plantBackup({ fileSystemId, duration: 0 });
  const { id: running } = service.plantBackup({ fileSystemId, duration: 1 });
  expect(service.createFileSystem({ ...LUSTRE, BackupId: id }).fileSystemId).toMatch(/^fs-/);
  expect(() => service.createFileSystem({ ...LUSTRE, BackupId: running })).toThrow('not AVAILABLE');
  expect(() => service.createFileSystem({ ...LUSTRE, BackupId: 'backup-0123456789' })).toThrow(
    expect.objectContaining({ code: 'BackupNotFound' }),
  );
});
