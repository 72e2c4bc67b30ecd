import { MINUTE, ontapVolume, OPENZFS, world } from './fsx-fixture';

const refusal = (why: RegExp) => ({ code: 'BadRequest', message: expect.stringMatching(why) });

describe('a file system', () => {
  test('is AVAILABLE at once unless it is said to take time', async () => {
    const { service, fileSystem, create } = world();
    const { fileSystemId } = service.createFileSystem(OPENZFS);
    service.updateFileSystem(fileSystemId, OPENZFS);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('AVAILABLE');
    expect((await create({ FileSystemId: fileSystemId })).FileSystem.Lifecycle).toBe('AVAILABLE');
  });

  test('is CREATING for as long as that takes, and cannot be backed up', async () => {
    const { service, fileSystem, create, pass } = world();
    const { fileSystemId, rootVolumeId } = service.createFileSystem(OPENZFS, 10 * MINUTE);
    await pass(10 * MINUTE - 1);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('CREATING');
    await expect(create({ FileSystemId: fileSystemId })).rejects.toMatchObject(refusal(/CREATING/));
    expect(service.volumes.get(rootVolumeId!)).toBeDefined();
    await pass(1);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('AVAILABLE');
    expect((await create({ FileSystemId: fileSystemId })).Lifecycle).toBe('CREATING');
  });

  test('is UPDATING, with what is new already, and cannot be backed up', async () => {
    const { service, fileSystem, create, pass } = world();
    const { fileSystemId } = service.createFileSystem(OPENZFS);
    service.updateFileSystem(fileSystemId, { ...OPENZFS, StorageCapacity: 128 }, 5 * MINUTE);
    expect(await fileSystem(fileSystemId)).toMatchObject({ Lifecycle: 'UPDATING', StorageCapacity: 128 });
    await expect(create({ FileSystemId: fileSystemId })).rejects.toMatchObject(refusal(/UPDATING/));
    await pass(5 * MINUTE);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('AVAILABLE');
  });

  test('is UPDATING during maintenance, and no shorter because of another update', async () => {
    const { service, fileSystem, pass } = world();
    const { fileSystemId } = service.createFileSystem(OPENZFS);
    service.keepBusy(fileSystemId, 30 * MINUTE);
    service.updateFileSystem(fileSystemId, OPENZFS, MINUTE);
    await pass(30 * MINUTE - 1);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('UPDATING');
    await pass(1);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('AVAILABLE');
  });

  test('is CREATING first when somebody keeps it busy meanwhile', async () => {
    const { service, fileSystem, pass } = world();
    const { fileSystemId } = service.createFileSystem(OPENZFS, 10 * MINUTE);
    service.keepBusy(fileSystemId, 20 * MINUTE);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('CREATING');
    await pass(10 * MINUTE);
    expect((await fileSystem(fileSystemId)).Lifecycle).toBe('UPDATING');
  });

  test('that does not exist cannot be kept busy', () => {
    expect(() => world().service.keepBusy('fs-0123456789abcdef0', 1)).toThrow('There is no FileSystem');
  });
});

describe('a volume', () => {
  test('is CREATING for as long as its creation takes, and cannot be backed up', async () => {
    const { service, volume, create, pass } = world();
    const { volumeId } = ontapVolume(service, { own: 2 * MINUTE });
    expect((await volume(volumeId)).Lifecycle).toBe('CREATING');
    await expect(create({ VolumeId: volumeId })).rejects.toMatchObject(refusal(/fsvol-\w+ is CREATING/));
    await pass(2 * MINUTE);
    expect((await volume(volumeId)).Lifecycle).toBe('CREATED');
    expect((await create({ VolumeId: volumeId })).Lifecycle).toBe('CREATING');
  });

  test.each([
    ['CREATING', 10 * MINUTE, 0],
    ['UPDATING', 0, 10 * MINUTE],
  ])('cannot be backed up while its file system is %s', async (lifecycle, of, busy) => {
    const { service, create, pass } = world();
    const { fileSystemId, volumeId } = ontapVolume(service, { of });
    service.keepBusy(fileSystemId, busy);
    const why = new RegExp(`${fileSystemId} is ${lifecycle}`);
    await expect(create({ VolumeId: volumeId })).rejects.toMatchObject(refusal(why));
    await pass(10 * MINUTE);
    expect((await create({ VolumeId: volumeId })).Lifecycle).toBe('CREATING');
  });

  test('that is being updated has no other lifecycle, but an administrative action', async () => {
    const { service, volume, create, pass } = world();
    const { volumeId, properties } = ontapVolume(service);
    service.updateVolume(volumeId, properties, 2 * MINUTE);
    expect(await volume(volumeId)).toMatchObject({
      Lifecycle: 'CREATED',
      AdministrativeActions: [{ AdministrativeActionType: 'VOLUME_UPDATE', Status: 'IN_PROGRESS' }],
    });
    expect((await create({ VolumeId: volumeId })).Lifecycle).toBe('CREATING');
    await pass(2 * MINUTE);
    expect(await volume(volumeId)).not.toHaveProperty('AdministrativeActions');
  });

  test('that is being updated cannot be backed up, when so wished', async () => {
    const { service, create, pass } = world({ backupDuringVolumeUpdate: 'BadRequest' });
    const { volumeId, properties } = ontapVolume(service);
    service.updateVolume(volumeId, properties, 2 * MINUTE);
    await expect(create({ VolumeId: volumeId })).rejects.toMatchObject(refusal(/being updated/));
    await pass(2 * MINUTE);
    expect((await create({ VolumeId: volumeId })).Lifecycle).toBe('CREATING');
  });
});

describe('a failed backup', () => {
  const failed = async (options: Parameters<typeof world>[0]) => {
    const all = world({ fail: () => 'the disk is full', backupDuration: () => 10 * MINUTE, ...options });
    const { fileSystemId } = all.service.createFileSystem(OPENZFS);
    const { BackupId: id } = await all.create({ FileSystemId: fileSystemId, ClientRequestToken: 'once' });
    const describe = () => all.call('DescribeBackups', { BackupIds: [id] });
    return { ...all, id, fileSystemId, describe };
  };

  test('stays, unless it is said to vanish', async () => {
    const { describe, pass } = await failed({});
    await pass(365 * 24 * 60 * MINUTE);
    expect((await describe()).Backups).toMatchObject([{ Lifecycle: 'FAILED' }]);
  });

  test('vanishes so long after it failed, for everybody', async () => {
    const { id, describe, call, service, pass } = await failed({ failedBackupsVanishAfter: 5 * MINUTE });
    await pass(15 * MINUTE - 1);
    expect((await describe()).Backups).toMatchObject([{ Lifecycle: 'FAILED' }]);
    await pass(1);
    await expect(describe()).rejects.toMatchObject({ code: 'BackupNotFound' });
    await expect(call('DeleteBackup', { BackupId: id })).rejects.toMatchObject({ code: 'BackupNotFound' });
    expect((await call('DescribeBackups')).Backups).toEqual([]);
    expect(service.backups.size).toBe(0);
  });

  test('vanishes alone: those that are AVAILABLE stay', async () => {
    const { service, id, fileSystemId, pass } = await failed({ failedBackupsVanishAfter: 0 });
    const other = service.plantBackup({ fileSystemId, failure: undefined, duration: MINUTE });
    const planted = service.plantBackup({ fileSystemId, lifecycle: 'FAILED', duration: MINUTE });
    expect([...service.backups.keys()].sort()).toEqual([id, other.id].sort());
    expect(planted.lifecycle).toBe('DELETED');
    await pass(60 * MINUTE);
    expect([...service.backups.keys()]).toEqual([other.id]);
  });

  test('that has vanished counts for its token as one that is gone', async () => {
    const { fileSystemId, create, pass } = await failed({
      failedBackupsVanishAfter: 0,
      tokenAfterDeletion: 'new',
    });
    await pass(10 * MINUTE);
    const again = await create({ FileSystemId: fileSystemId, ClientRequestToken: 'once' });
    expect(again.Lifecycle).toBe('CREATING');
  });
});

describe('permission for a backup of a volume is asked', () => {
  test.each([
    ['volume' as const, ['volume']],
    ['file system' as const, ['file-system']],
    ['both' as const, ['volume', 'file-system']],
  ])('beside the backup, on: %s', async (volumeBackupsNeed, kinds) => {
    const { service, asked, create } = world({ volumeBackupsNeed });
    const { fileSystemId, volumeId } = ontapVolume(service);
    await create({ VolumeId: volumeId });
    const paths: Record<string, string> = {
      'volume': `volume/${fileSystemId}/${volumeId}`,
      'file-system': `file-system/${fileSystemId}`,
    };
    const arn = (path: string) => `arn:aws:fsx:us-east-1:123456789012:${path}`;
    expect(asked).toMatchObject(
      ['backup/*', ...kinds.map((kind) => paths[kind])].map((path) => ({
        action: 'fsx:CreateBackup',
        resource: arn(path),
      })),
    );
  });

  test('on the volume, when nothing is said; and of a file system always on the file system', async () => {
    const plain = world();
    await plain.create({ VolumeId: ontapVolume(plain.service).volumeId });
    expect(plain.asked[1].resource).toMatch(/:volume\//);
    const both = world({ volumeBackupsNeed: 'both' });
    await both.create({ FileSystemId: both.service.createFileSystem(OPENZFS).fileSystemId });
    expect(both.asked.map(({ resource }) => resource.split(':')[5].split('/')[0])).toEqual([
      'backup',
      'file-system',
    ]);
  });
});
