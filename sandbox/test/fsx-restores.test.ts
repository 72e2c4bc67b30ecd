import { testWorld } from './cloudformation-fixture';
import { lustre, MINUTE, ONTAP, ontapVolume, OPENZFS, WINDOWS, world } from './fsx-fixture';
import { VirtualClock } from '../clock';
import { FsxService } from '../fsx/service';

type Service = ReturnType<typeof world>['service'];

/** A finished backup of a file system with these properties, whose data is `v1`. */
function backedUp(service: Service, properties: object): string {
  const { fileSystemId } = service.createFileSystem(properties);
  service.write(fileSystemId, 'v1');
  return service.plantBackup({ fileSystemId, type: 'USER_INITIATED', duration: 0 }).id;
}

/** A finished backup of a volume, whose data is `v1`, and what is needed for another volume beside it. */
function backedUpVolume(service: Service, configuration: object = {}) {
  const { properties, ...ids } = ontapVolume(service, {
    configuration: { JunctionPath: '/vol1', ...configuration },
  });
  service.write(ids.volumeId, 'v1');
  const { id } = service.plantBackup({ volumeId: ids.volumeId, type: 'USER_INITIATED', duration: 0 });
  const other = (own: object = {}) => ({
    ...properties,
    Name: 'vol2',
    BackupId: id,
    OntapConfiguration: { ...properties.OntapConfiguration, JunctionPath: '/vol2', ...own },
  });
  return { ...ids, properties, other, id };
}

const OF_EACH_TYPE: Array<[string, object]> = [
  ['WINDOWS', WINDOWS],
  ['LUSTRE', lustre()],
  ['OPENZFS', OPENZFS],
];

const refused = (message: string) =>
  expect.objectContaining({ code: 'BadRequest', message: expect.stringContaining(message) });

describe('data', () => {
  test.each(OF_EACH_TYPE)(
    'is on a file system of %s until it is deleted, whatever is updated',
    (_type, properties) => {
      const { service } = world();
      const { fileSystemId: id } = service.createFileSystem(properties);
      expect(service.read(id)).toBe('');
      service.write(id, 'v1');
      service.updateFileSystem(id, { ...properties, StorageCapacity: 2400 });
      expect(service.read(id)).toBe('v1');
      service.deleteFileSystem(id);
      expect(service.read(id)).toBeUndefined();
      expect(() => service.write(id, 'v2')).toThrow(id);
    },
  );

  test('is on the volumes of ONTAP, not on the file system', () => {
    const { service } = world();
    const { fileSystemId, volumeId, properties } = ontapVolume(service);
    expect(service.read(volumeId)).toBe('');
    service.write(volumeId, 'v1');
    service.updateVolume(volumeId, { ...properties, Name: 'renamed' });
    expect(service.read(volumeId)).toBe('v1');
    expect(() => service.write(fileSystemId, 'v1')).toThrow('holds no data itself');
    service.deleteVolume(volumeId);
    expect(service.read(volumeId)).toBeUndefined();
  });

  test('is on the file system of OpenZFS, not on its volumes', () => {
    const { service } = world();
    const { rootVolumeId } = service.createFileSystem(OPENZFS);
    expect(() => service.write(rootVolumeId!, 'v1')).toThrow('holds no data itself');
  });
});

describe('a backup has the data of its source', () => {
  test('as it was when CreateBackup was called', async () => {
    const { service, create, pass } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    service.write(fileSystemId, 'v1');
    const { BackupId } = await create({ FileSystemId: fileSystemId });
    await pass(MINUTE);
    service.write(fileSystemId, 'v2');
    await pass(10 * MINUTE);
    expect(service.backups.get(BackupId)!.data).toBe('v1');
    expect(service.read(fileSystemId)).toBe('v2');
  });

  test('and so has that of a volume', async () => {
    const { service, create } = world();
    const { volumeId } = ontapVolume(service);
    service.write(volumeId, 'v1');
    const { BackupId } = await create({ VolumeId: volumeId });
    expect(service.backups.get(BackupId)!.data).toBe('v1');
  });

  test('and so has the one that FSx takes when the file system is deleted', () => {
    const { service } = world();
    const { fileSystemId } = service.createFileSystem(OPENZFS);
    service.write(fileSystemId, 'v3');
    service.deleteFileSystem(fileSystemId);
    expect([...service.backups.values()].map(({ data }) => data)).toEqual(['v3']);
  });

  test('but those of a crowd have none', () => {
    const { service } = world();
    service.crowd(1);
    expect([...service.backups.values()].map(({ data }) => data)).toEqual(['']);
  });
});

describe('a file system that is restored', () => {
  test.each(OF_EACH_TYPE)(
    '%s: has the data of the backup, another id and another DNS name',
    (_type, properties) => {
      const { service } = world();
      const BackupId = backedUp(service, properties);
      const [old] = service.fileSystems.values();
      service.write(old.id, 'v2');
      const { fileSystemId, dnsName } = service.createFileSystem({ ...properties, BackupId });
      expect([service.read(fileSystemId), service.read(old.id)]).toEqual(['v1', 'v2']);
      expect([fileSystemId, dnsName]).not.toEqual([old.id, old.description.DNSName]);
      service.write(fileSystemId, 'v3');
      expect(service.backups.get(BackupId)!.data).toBe('v1');
    },
  );

  test('may outlive its source and its backup', async () => {
    const { service, call } = world();
    const BackupId = backedUp(service, lustre());
    service.deleteFileSystem([...service.fileSystems.keys()][0]);
    const { fileSystemId } = service.createFileSystem({ ...lustre(), BackupId });
    await call('DeleteBackup', { BackupId });
    expect(service.read(fileSystemId)).toBe('v1');
  });

  test('has the values of the backup if the template does not set them, also after an update', async () => {
    const { service, fileSystem } = world();
    const configuration = { AutomaticBackupRetentionDays: 3, CopyTagsToBackups: true };
    const had = { ...lustre(configuration), FileSystemTypeVersion: '2.15' };
    const BackupId = backedUp(service, had);
    const { StorageCapacity: _, ...wanted } = lustre({ AutomaticBackupRetentionDays: 9 });
    const { fileSystemId } = service.createFileSystem({ ...wanted, BackupId });
    const expected = {
      StorageCapacity: 1200,
      FileSystemTypeVersion: '2.15',
      LustreConfiguration: {
        DeploymentType: 'PERSISTENT_2',
        AutomaticBackupRetentionDays: 9,
        CopyTagsToBackups: true,
      },
    };
    expect(await fileSystem(fileSystemId)).toMatchObject(expected);
    service.updateFileSystem(fileSystemId, { ...wanted, BackupId, Tags: [{ Key: 'a', Value: 'b' }] });
    expect(await fileSystem(fileSystemId)).toMatchObject(expected);
  });

  test('is in the Active Directory of the backup unless the template names another', async () => {
    const { service, fileSystem } = world();
    const windows = (own: object) => ({
      ...WINDOWS,
      WindowsConfiguration: { ThroughputCapacity: 8, ...own },
    });
    const SelfManagedActiveDirectoryConfiguration = { DomainName: 'example.com', UserName: 'admin' };
    const BackupId = backedUp(service, windows({ SelfManagedActiveDirectoryConfiguration }));
    const restored = async (own: object) => {
      const { fileSystemId } = service.createFileSystem({ ...windows(own), BackupId });
      return (await fileSystem(fileSystemId)).WindowsConfiguration;
    };
    expect(await restored({})).toMatchObject({ SelfManagedActiveDirectoryConfiguration });
    const ActiveDirectoryId = 'd-1234567890';
    expect(await restored({ ActiveDirectoryId })).toEqual({ ThroughputCapacity: 8, ActiveDirectoryId });
  });

  test('has the key and the storage type of a new one, and no tags of the old one', async () => {
    const { service, fileSystem } = world();
    const KmsKeyId = 'arn:aws:kms:us-east-1:123456789012:key/own';
    const Tags = [{ Key: 'Name', Value: 'old' }];
    const had = { ...WINDOWS, StorageCapacity: 2000, StorageType: 'HDD', KmsKeyId, Tags };
    const BackupId = backedUp(service, had);
    const { fileSystemId } = service.createFileSystem({ ...WINDOWS, StorageCapacity: 2000, BackupId });
    const shown = await fileSystem(fileSystemId);
    expect([shown.StorageType, shown.Tags]).toEqual([undefined, undefined]);
    expect(shown.KmsKeyId).not.toBe(KmsKeyId);
  });
});

describe('FSx restores a file system', () => {
  const persistent = (own: object = {}) => lustre({ PerUnitStorageThroughput: 125, ...own });
  const windows = (DeploymentType: string) => ({ ...WINDOWS, WindowsConfiguration: { DeploymentType } });
  const large = { ...WINDOWS, StorageCapacity: 2000 };
  const old = (version: string) => ({
    ...lustre({ DeploymentType: 'PERSISTENT_1' }),
    FileSystemTypeVersion: version,
  });

  test.each<[string, object, object]>([
    ['with the same capacity as a string', WINDOWS, { ...WINDOWS, StorageCapacity: '300' }],
    ['of OpenZFS with more capacity', OPENZFS, { ...OPENZFS, StorageCapacity: 128 }],
    ['with the same throughput as a string', persistent(), persistent({ PerUnitStorageThroughput: '125' })],
    ['with the deployment type that is the default', WINDOWS, windows('SINGLE_AZ_1')],
    ['with the storage type that is the default', lustre(), { ...lustre(), StorageType: 'SSD' }],
    ['with a newer version of Lustre', old('2.10'), old('2.12')],
    ['on HDD, large enough', large, { ...large, StorageType: 'HDD' }],
  ])('%s', (_what, had, wanted) => {
    const { service } = world();
    const BackupId = backedUp(service, had);
    const { fileSystemId } = service.createFileSystem({ ...wanted, BackupId });
    expect(service.read(fileSystemId)).toBe('v1');
  });

  test.each<[string, object, object, string]>([
    ['of another type', WINDOWS, OPENZFS, 'WINDOWS, and FileSystemType is OPENZFS'],
    ['of ONTAP', WINDOWS, ONTAP, 'FileSystemType is ONTAP'],
    ['with more capacity', WINDOWS, { ...WINDOWS, StorageCapacity: 600 }, 'StorageCapacity is 600'],
    [
      'of OpenZFS with less',
      OPENZFS,
      { ...OPENZFS, StorageCapacity: 63 },
      'less than that of the backup, 64',
    ],
    [
      'of Lustre with another deployment type',
      lustre(),
      lustre({ DeploymentType: 'PERSISTENT_1' }),
      'LustreConfiguration.DeploymentType is PERSISTENT_1, not that of the backup, PERSISTENT_2',
    ],
    ['of Lustre with the default one', lustre(), lustre({ DeploymentType: undefined }), 'SCRATCH_1'],
    [
      'of Windows with another deployment type',
      WINDOWS,
      windows('MULTI_AZ_1'),
      'WindowsConfiguration.DeploymentType is MULTI_AZ_1, not that of the backup, SINGLE_AZ_1',
    ],
    ['with an older version of Lustre', old('2.12'), old('2.10'), 'older than that of the backup, 2.12'],
    [
      'with one older than the default',
      lustre(),
      { ...lustre(), FileSystemTypeVersion: '2.10' },
      'older than that of the backup, 2.12',
    ],
    [
      'with another throughput',
      persistent(),
      persistent({ PerUnitStorageThroughput: 250 }),
      'PerUnitStorageThroughput is 250, not that of the backup, 125',
    ],
    [
      'with another compression',
      persistent(),
      persistent({ DataCompressionType: 'LZ4' }),
      'DataCompressionType is LZ4, not that of the backup, NONE',
    ],
    ['of Lustre on another storage', lustre(), { ...lustre(), StorageType: 'HDD' }, 'StorageType is HDD'],
    [
      'of OpenZFS on another storage',
      OPENZFS,
      { ...OPENZFS, StorageType: 'INTELLIGENT_TIERING' },
      'StorageType is INTELLIGENT_TIERING, not that of the backup, SSD',
    ],
    ['on HDD, too small', WINDOWS, { ...WINDOWS, StorageType: 'HDD' }, 'less than 2000'],
  ])('but not %s', (_what, had, wanted, message) => {
    const { service } = world();
    const BackupId = backedUp(service, had);
    expect(() => service.createFileSystem({ ...wanted, BackupId })).toThrow(refused(message));
    expect(service.fileSystems.size).toBe(1);
  });

  test('but not from a backup that is unknown, in progress or of a volume', () => {
    const { service } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const { id: running } = service.plantBackup({ fileSystemId, duration: 1 });
    const { id: ofVolume } = backedUpVolume(service);
    const restore = (BackupId: string) => () => service.createFileSystem({ ...WINDOWS, BackupId });
    expect(restore('backup-0123456789')).toThrow(expect.objectContaining({ code: 'BackupNotFound' }));
    expect(restore(running)).toThrow(refused(`The backup ${running} is CREATING, not AVAILABLE.`));
    expect(restore(ofVolume)).toThrow(refused('not of a file system'));
    expect(() => service.createFileSystem({ ...ONTAP, BackupId: ofVolume })).toThrow(
      refused('of the volume'),
    );
  });
});

describe('FSx restores a volume', () => {
  test('with the data of the backup and another id', () => {
    const { service } = world();
    const { other, volumeId, fileSystemId } = backedUpVolume(service);
    service.write(volumeId, 'v2');
    const { volumeId: restored } = service.createVolume(other());
    expect([service.read(restored), service.read(volumeId)]).toEqual(['v1', 'v2']);
    expect(service.volume(restored)).toMatchObject({ fileSystemId, description: { Name: 'vol2' } });
  });

  test('into an SVM of another file system, under the same name and path', () => {
    const { service } = world();
    const { properties, other } = backedUpVolume(service);
    const { fileSystemId } = service.createFileSystem(ONTAP);
    const { storageVirtualMachineId } = service.createStorageVirtualMachine({
      FileSystemId: fileSystemId,
      Name: 'svm',
    });
    const { volumeId } = service.createVolume({
      ...other({ StorageVirtualMachineId: storageVirtualMachineId, JunctionPath: '/vol1' }),
      Name: properties.Name,
    });
    expect(service.read(volumeId)).toBe('v1');
    expect(service.volume(volumeId).fileSystemId).toBe(fileSystemId);
  });

  test('in the style of the backup, also after an update', async () => {
    const { service, volume } = world();
    const { other } = backedUpVolume(service, { VolumeStyle: 'FLEXGROUP' });
    const wanted = other({ VolumeStyle: undefined });
    const { volumeId } = service.createVolume(wanted);
    expect((await volume(volumeId)).OntapConfiguration.VolumeStyle).toBe('FLEXGROUP');
    service.updateVolume(volumeId, wanted);
    expect((await volume(volumeId)).OntapConfiguration.VolumeStyle).toBe('FLEXGROUP');
  });

  test.each<[string, object, string]>([
    [
      'in another style',
      { VolumeStyle: 'FLEXGROUP' },
      'VolumeStyle is FLEXGROUP, not that of the backup, FLEXVOL',
    ],
    ['with less space', { SizeInMegabytes: 1023 }, 'less than that of the backup'],
    [
      'with less space in bytes',
      { SizeInMegabytes: undefined, SizeInBytes: 1024 ** 3 - 1 },
      'less than that of the backup, 1073741824',
    ],
  ])('but not %s', (_what, own, message) => {
    const { service } = world();
    const { other } = backedUpVolume(service);
    expect(() => service.createVolume(other(own))).toThrow(refused(message));
  });

  test('but not from a backup that is unknown, in progress or of a file system', () => {
    const { service } = world();
    const { other, volumeId } = backedUpVolume(service);
    const { id: running } = service.plantBackup({ volumeId, duration: 1 });
    const restore = (BackupId: string) => () => service.createVolume({ ...other(), BackupId });
    expect(restore('backup-0123456789')).toThrow(expect.objectContaining({ code: 'BackupNotFound' }));
    expect(restore(running)).toThrow(refused('not AVAILABLE'));
    expect(restore(backedUp(service, WINDOWS))).toThrow(refused('not of a volume'));
  });

  test('but not under the name or path of another volume, not even that of the backup', () => {
    const { service } = world();
    const { other } = backedUpVolume(service);
    const restore = (Name: string, JunctionPath: string) => () =>
      service.createVolume({ ...other({ JunctionPath }), Name });
    expect(restore('vol1', '/vol2')).toThrow(refused('the Name vol1'));
    expect(restore('vol2', '/vol1')).toThrow(refused('the JunctionPath /vol1'));
    expect(service.volumes.size).toBe(1);
  });

  test('but not of OpenZFS', () => {
    const { service } = world();
    const { id: BackupId } = backedUpVolume(service);
    const { rootVolumeId: ParentVolumeId } = service.createFileSystem(OPENZFS);
    const OpenZFSConfiguration = { ParentVolumeId };
    expect(() =>
      service.createVolume({ VolumeType: 'OPENZFS', Name: 'v', OpenZFSConfiguration, BackupId }),
    ).toThrow(refused('VolumeType is OPENZFS'));
  });
});

describe('DeleteBackup is refused while the backup is being restored', () => {
  test('to a file system, for as long as that is CREATING', async () => {
    const { service, call, pass } = world();
    const BackupId = backedUp(service, WINDOWS);
    const { fileSystemId } = service.createFileSystem({ ...WINDOWS, BackupId }, 10 * MINUTE);
    const remove = () => call('DeleteBackup', { BackupId });
    await pass(10 * MINUTE - 1);
    await expect(remove()).rejects.toMatchObject({
      code: 'BackupRestoring',
      fields: { FileSystemId: fileSystemId },
    });
    await pass(1);
    await expect(remove()).resolves.toMatchObject({ Lifecycle: 'DELETED' });
  });

  test('to a volume, with the id of its file system', async () => {
    const { service, call, pass } = world();
    const { other, id: BackupId, fileSystemId } = backedUpVolume(service);
    service.createVolume(other(), MINUTE);
    await expect(call('DeleteBackup', { BackupId })).rejects.toMatchObject({
      code: 'BackupRestoring',
      fields: { FileSystemId: fileSystemId },
    });
    await pass(MINUTE);
    await call('DeleteBackup', { BackupId });
  });

  test('unless what it is restored to is deleted', async () => {
    const { service, call } = world();
    const BackupId = backedUp(service, lustre());
    const { fileSystemId } = service.createFileSystem({ ...lustre(), BackupId }, MINUTE);
    service.deleteFileSystem(fileSystemId);
    await expect(call('DeleteBackup', { BackupId })).resolves.toMatchObject({ Lifecycle: 'DELETED' });
  });

  test('but other backups are not meant', async () => {
    const { service, call } = world();
    const [one, two] = [backedUp(service, WINDOWS), backedUp(service, WINDOWS)];
    service.createFileSystem({ ...WINDOWS, BackupId: one }, MINUTE);
    await expect(call('DeleteBackup', { BackupId: two })).resolves.toMatchObject({ Lifecycle: 'DELETED' });
  });
});

test('a volume cannot be backed up while it is being restored', async () => {
  const { service, create, pass } = world();
  const { other } = backedUpVolume(service);
  const { volumeId } = service.createVolume(other(), MINUTE);
  await expect(create({ VolumeId: volumeId })).rejects.toMatchObject({ code: 'BadRequest' });
  await pass(MINUTE);
  await expect(create({ VolumeId: volumeId })).resolves.toMatchObject({ Lifecycle: 'CREATING' });
});

describe('by CloudFormation', () => {
  const deployed = () => {
    const clock = new VirtualClock();
    const place = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' };
    const fsx = new FsxService({ clock, ...place, authorizer: { authorize: async () => {} } });
    return { ...testWorld({ duration: () => 10 * MINUTE }, { clock, fsx }), fsx };
  };
  const ofWindows = (own: object = {}) => ({
    Resources: { Fs: { Type: 'AWS::FSx::FileSystem', Properties: { ...WINDOWS, ...own } } },
  });
  const idOf = (all: ReturnType<typeof deployed>, logicalId: string) =>
    all.cloudFormation.stack('Stack').resources[logicalId].physicalId!;

  test('another BackupId replaces the file system: the new one has the data of the backup', async () => {
    const all = deployed();
    await all.deploy(ofWindows());
    const old = idOf(all, 'Fs');
    all.fsx.write(old, 'v1');
    const { id: BackupId } = all.fsx.plantBackup({ fileSystemId: old, type: 'USER_INITIATED', duration: 0 });
    all.fsx.write(old, 'v2');
    const { status } = await all.deploy(ofWindows({ BackupId }));
    const restored = idOf(all, 'Fs');
    expect([status, all.fsx.read(restored), all.fsx.read(old)]).toEqual(['UPDATE_COMPLETE', 'v1', undefined]);
    expect(restored).not.toBe(old);
    // FSx's own backup of the file system that was replaced
    expect([...all.fsx.backups.values()].map(({ data }) => data).sort()).toEqual(['v1', 'v2']);
  });

  test('a restore that FSx refuses is rolled back, and the old file system keeps its data', async () => {
    const all = deployed();
    await all.deploy(ofWindows());
    const old = idOf(all, 'Fs');
    all.fsx.write(old, 'v1');
    const { id: BackupId } = all.fsx.plantBackup({ fileSystemId: old, type: 'USER_INITIATED', duration: 0 });
    all.fsx.write(old, 'v2');
    const { status, reason } = await all.deploy(ofWindows({ BackupId, StorageCapacity: 600 }));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reason).toContain('StorageCapacity is 600, not that of the backup, 300');
    expect([idOf(all, 'Fs'), all.fsx.read(old)]).toEqual([old, 'v2']);
  });

  const withVolume = (own: object = {}) => ({
    Resources: {
      Fs: { Type: 'AWS::FSx::FileSystem', Properties: ONTAP },
      Svm: {
        Type: 'AWS::FSx::StorageVirtualMachine',
        Properties: { FileSystemId: { Ref: 'Fs' }, Name: 'svm' },
      },
      Volume: {
        Type: 'AWS::FSx::Volume',
        Properties: {
          VolumeType: 'ONTAP',
          Name: 'vol1',
          ...own,
          OntapConfiguration: { StorageVirtualMachineId: { Ref: 'Svm' }, SizeInMegabytes: '1024' },
        },
      },
    },
  });

  test('a volume that keeps its name cannot be replaced: the old one is still there', async () => {
    const all = deployed();
    await all.deploy(withVolume());
    const old = idOf(all, 'Volume');
    all.fsx.write(old, 'v1');
    const { id: BackupId } = all.fsx.plantBackup({ volumeId: old, type: 'USER_INITIATED', duration: 0 });
    const { status, reason } = await all.deploy(withVolume({ BackupId }));
    expect([status, idOf(all, 'Volume')]).toEqual(['UPDATE_ROLLBACK_COMPLETE', old]);
    expect(reason).toContain('a volume with the Name vol1 already');
    const second = await all.deploy(withVolume({ BackupId, Name: 'vol2' }));
    expect(second.status).toBe('UPDATE_COMPLETE');
    expect([all.fsx.read(idOf(all, 'Volume')), all.fsx.read(old)]).toEqual(['v1', undefined]);
  });

  test('FSx knows how long the restore of a volume takes', async () => {
    const all = deployed();
    await all.deploy(withVolume());
    const volumeId = idOf(all, 'Volume');
    const { id: BackupId } = all.fsx.plantBackup({ volumeId, type: 'USER_INITIATED', duration: 0 });
    let seen: string | undefined;
    all.clock.setTimeout(() => {
      try {
        all.fsx.carryOut('DeleteBackup', { BackupId });
      } catch (error) {
        seen = (error as { code: string }).code;
      }
    }, 5 * MINUTE);
    await all.deploy(withVolume({ BackupId, Name: 'vol2' }));
    expect(seen).toBe('BackupRestoring');
  });
});
