import { lustre, MINUTE, ONTAP, ontapVolume, OPENZFS, WINDOWS, world } from './fsx-fixture';
import type { FsxService, FsxOptions } from '../fsx/service';

const NAME = [{ Key: 'Name', Value: 'one' }];
const UNKNOWN = 'backup-0123456789abcdef0';

describe('lifecycle', () => {
  test('a backup of Windows is CREATING with growing progress, then AVAILABLE with its size', async () => {
    const { service, create, describeOne, pass } = world();
    const { BackupId, ...backup } = await create({
      FileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
    });
    expect(backup).toMatchObject({
      Lifecycle: 'CREATING',
      ProgressPercent: 0,
      ResourceType: 'FILE_SYSTEM',
      OwnerId: '123456789012',
    });
    expect(backup).not.toHaveProperty('SizeInBytes');
    await pass(5 * MINUTE);
    expect(await describeOne(BackupId)).toMatchObject({ Lifecycle: 'CREATING', ProgressPercent: 50 });
    await pass(5 * MINUTE);
    expect(await describeOne(BackupId)).toMatchObject({
      Lifecycle: 'AVAILABLE',
      ProgressPercent: 100,
      SizeInBytes: 150 * 1024 ** 3,
    });
  });

  test('a backup of Lustre is PENDING, CREATING, TRANSFERRING and AVAILABLE', async () => {
    const { service, create, describeOne, pass } = world();
    const { BackupId, Lifecycle } = await create({
      FileSystemId: service.createFileSystem(lustre()).fileSystemId,
    });
    const seen = [Lifecycle];
    for (let minute = 0; minute < 10; minute++) {
      await pass(MINUTE);
      const { Lifecycle: next } = await describeOne(BackupId);
      if (next !== seen.at(-1)) seen.push(next);
    }
    expect(seen).toEqual(['PENDING', 'CREATING', 'TRANSFERRING', 'AVAILABLE']);
  });

  test('how long it takes is decided per source, and may be changed between calls', async () => {
    const { service, create, describeOne, pass } = world({
      backupDuration: ({ fileSystemType }) => (fileSystemType === 'OPENZFS' ? 1 : 2) * MINUTE,
    });
    const quick = await create({ FileSystemId: service.createFileSystem(OPENZFS).fileSystemId });
    const slow = await create({ FileSystemId: service.createFileSystem(WINDOWS).fileSystemId });
    service.options.backupDuration = () => 3 * MINUTE;
    const slowest = await create({ FileSystemId: service.createFileSystem(WINDOWS).fileSystemId });
    const availableAfter = async (ms: number) => {
      await pass(ms);
      const lifecycles = await Promise.all(
        [quick, slow, slowest].map(async ({ BackupId }) => (await describeOne(BackupId)).Lifecycle),
      );
      return lifecycles.map((lifecycle) => lifecycle === 'AVAILABLE');
    };
    expect(await availableAfter(MINUTE)).toEqual([true, false, false]);
    expect(await availableAfter(MINUTE)).toEqual([true, true, false]);
    expect(await availableAfter(MINUTE)).toEqual([true, true, true]);
  });

  test('a backup that is planned to fail does so at its end, and says why', async () => {
    const { service, create, describeOne, pass } = world({ fail: () => 'out of luck' });
    const { BackupId } = await create({ FileSystemId: service.createFileSystem(WINDOWS).fileSystemId });
    await pass(9 * MINUTE);
    expect((await describeOne(BackupId)).Lifecycle).toBe('CREATING');
    await pass(MINUTE);
    expect(await describeOne(BackupId)).toMatchObject({
      Lifecycle: 'FAILED',
      FailureDetails: { Message: 'out of luck' },
    });
  });

  test('a backup keeps its source as it was', async () => {
    const { service, create, describeOne } = world();
    const { fileSystemId } = service.createFileSystem({ ...WINDOWS, Tags: NAME });
    const { BackupId } = await create({ FileSystemId: fileSystemId });
    service.updateFileSystem(fileSystemId, { ...WINDOWS, StorageCapacity: 600 });
    expect((await describeOne(BackupId)).FileSystem).toMatchObject({ StorageCapacity: 300, Tags: NAME });
  });

  test('a backup may not show for a while', async () => {
    const { service, create, call, ids, pass } = world({ visibilityDelay: MINUTE });
    const { BackupId } = await create({ FileSystemId: service.createFileSystem(WINDOWS).fileSystemId });
    expect(await ids()).toEqual([]);
    await expect(call('DescribeBackups', { BackupIds: [BackupId] })).rejects.toMatchObject({
      code: 'BackupNotFound',
    });
    await pass(MINUTE);
    expect(await ids()).toEqual([BackupId]);
  });
});

describe('what can be backed up', () => {
  const refusals: Array<[string, string, RegExp, (service: FsxService) => object]> = [
    ['neither source', 'BadRequest', /either/, () => ({})],
    [
      'both sources',
      'BadRequest',
      /either/,
      (service) => ({
        FileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
        VolumeId: ontapVolume(service).volumeId,
      }),
    ],
    [
      'an unknown file system',
      'FileSystemNotFound',
      /fs-0123456789/,
      () => ({ FileSystemId: 'fs-0123456789' }),
    ],
    ['an unknown volume', 'VolumeNotFound', /fsvol-/, () => ({ VolumeId: 'fsvol-0123456789abcdef0' })],
    [
      'an ONTAP file system',
      'UnsupportedOperation',
      /^ONTAP file system backup is unsupported\.$/,
      (service) => ({ FileSystemId: service.createFileSystem(ONTAP).fileSystemId }),
    ],
    [
      'an ONTAP volume for data protection',
      'UnsupportedOperation',
      /read-write/,
      (service) => ({
        VolumeId: ontapVolume(service, { configuration: { OntapVolumeType: 'DP' } }).volumeId,
      }),
    ],
    [
      'an OpenZFS volume',
      'UnsupportedOperation',
      /OpenZFS volume/,
      (service) => ({ VolumeId: service.createFileSystem(OPENZFS).rootVolumeId }),
    ],
    [
      'a scratch file system',
      'UnsupportedOperation',
      /scratch/,
      (service) => ({
        FileSystemId: service.createFileSystem(lustre({ DeploymentType: 'SCRATCH_2' })).fileSystemId,
      }),
    ],
    [
      'a scratch file system by default',
      'UnsupportedOperation',
      /scratch/,
      (service) => ({
        FileSystemId: service.createFileSystem(lustre({ DeploymentType: undefined })).fileSystemId,
      }),
    ],
    [
      'a file system with an import path',
      'UnsupportedOperation',
      /data repository/,
      (service) => ({
        FileSystemId: service.createFileSystem(lustre({ ImportPath: 's3://bucket' })).fileSystemId,
      }),
    ],
    [
      'a file system with an association',
      'UnsupportedOperation',
      /data repository/,
      (service) => {
        const { fileSystemId } = service.createFileSystem(lustre());
        service.createDataRepositoryAssociation({
          FileSystemId: fileSystemId,
          FileSystemPath: '/',
          DataRepositoryPath: 's3://bucket',
        });
        return { FileSystemId: fileSystemId };
      },
    ],
    [
      'a file system that is not available',
      'BadRequest',
      /UPDATING/,
      (service) => {
        const { fileSystemId } = service.createFileSystem(WINDOWS);
        service.fileSystems.get(fileSystemId)!.lifecycle = 'UPDATING';
        return { FileSystemId: fileSystemId };
      },
    ],
    [
      'a volume that is not available',
      'BadRequest',
      /PENDING/,
      (service) => {
        const { volumeId } = ontapVolume(service);
        service.volumes.get(volumeId)!.lifecycle = 'PENDING';
        return { VolumeId: volumeId };
      },
    ],
  ];
  test.each(refusals)('not %s: %s', async (_what, code, message, input) => {
    const { service, call } = world();
    await expect(call('CreateBackup', input(service))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(service.backups.size).toBe(0);
  });

  test('a volume of ONTAP, which shows with its file system', async () => {
    const { service, create } = world();
    const { fileSystemId, volumeId } = ontapVolume(service);
    expect(await create({ VolumeId: volumeId })).toMatchObject({
      ResourceType: 'VOLUME',
      Lifecycle: 'CREATING',
      FileSystem: { FileSystemId: fileSystemId, FileSystemType: 'ONTAP' },
      Volume: {
        VolumeId: volumeId,
        FileSystemId: fileSystemId,
        OntapConfiguration: { SizeInMegabytes: 1024, OntapVolumeType: 'RW' },
      },
    });
  });

  test('a volume of ONTAP, which shows without its file system when so wished', async () => {
    const { service, create } = world({ fileSystemInVolumeBackups: false });
    expect((await create({ VolumeId: ontapVolume(service).volumeId })).FileSystem).toEqual({});
  });

  test('a file system whose association is gone', async () => {
    const { service, create } = world();
    const { fileSystemId } = service.createFileSystem(lustre());
    const paths = { FileSystemPath: '/', DataRepositoryPath: 's3://bucket' };
    const { associationId } = service.createDataRepositoryAssociation({
      FileSystemId: fileSystemId,
      ...paths,
    });
    service.deleteDataRepositoryAssociation(associationId);
    expect((await create({ FileSystemId: fileSystemId })).Lifecycle).toBe('PENDING');
  });
});

describe('one at a time', () => {
  const types = ['AUTOMATIC', 'USER_INITIATED', 'AWS_BACKUP'] as const;
  test.each(types)('an %s backup in progress stands in the way, a finished one does not', async (type) => {
    const { service, call, create, pass } = world();
    const { fileSystemId } = service.createFileSystem(lustre());
    service.plantBackup({ fileSystemId, type, duration: 3 * MINUTE });
    for (let minute = 0; minute < 3; minute++) {
      await expect(call('CreateBackup', { FileSystemId: fileSystemId })).rejects.toMatchObject({
        code: 'BackupInProgress',
      });
      await pass(MINUTE);
    }
    expect((await create({ FileSystemId: fileSystemId })).Type).toBe('USER_INITIATED');
  });

  test('a backup that is being copied does not stand in the way', async () => {
    const { service, create } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    service.plantBackup({ fileSystemId, lifecycle: 'COPYING' });
    expect((await create({ FileSystemId: fileSystemId })).Lifecycle).toBe('CREATING');
  });

  test("volumes of one file system do not stand in each other's way", async () => {
    const { service, create, call } = world();
    const { storageVirtualMachineId, volumeId } = ontapVolume(service);
    const OntapConfiguration = { StorageVirtualMachineId: storageVirtualMachineId };
    const other = service.createVolume({ VolumeType: 'ONTAP', Name: 'vol2', OntapConfiguration });
    await create({ VolumeId: volumeId });
    expect((await create({ VolumeId: other.volumeId })).Lifecycle).toBe('CREATING');
    await expect(call('CreateBackup', { VolumeId: volumeId })).rejects.toMatchObject({
      code: 'BackupInProgress',
    });
  });
});

describe('quota', () => {
  const quotas = { WINDOWS: 2, LUSTRE: 500, ONTAP: 500, OPENZFS: 500 };

  test('backups of AWS Backup count, automatic ones do not', async () => {
    const { service, create, call } = world({ quotas });
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    service.plantBackup({ fileSystemId, type: 'AUTOMATIC', duration: 0 });
    service.plantBackup({ fileSystemId, type: 'AWS_BACKUP', duration: 0 });
    const { BackupId } = await create({ FileSystemId: fileSystemId });
    const other = service.createFileSystem(WINDOWS).fileSystemId;
    await expect(call('CreateBackup', { FileSystemId: other })).rejects.toMatchObject({
      code: 'ServiceLimitExceeded',
      fields: { Limit: 'TOTAL_USER_INITIATED_BACKUPS' },
    });
    await call('DeleteBackup', { BackupId });
    expect((await create({ FileSystemId: other })).Lifecycle).toBe('CREATING');
  });

  test('each type of file system has its own', async () => {
    const { service, create } = world({ quotas: { ...quotas, OPENZFS: 1 } });
    service.plantBackup({
      fileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
      type: 'USER_INITIATED',
    });
    expect((await create({ FileSystemId: service.createFileSystem(OPENZFS).fileSystemId })).Lifecycle).toBe(
      'CREATING',
    );
  });
});

describe('tokens of CreateBackup', () => {
  const token = (FileSystemId: string, more: object = {}) => ({
    ClientRequestToken: 'token',
    FileSystemId,
    Tags: [...NAME, { Key: 'b', Value: '2' }],
    ...more,
  });

  test('the same token and parameters give the existing backup as it is now, in any order', async () => {
    const { service, create, pass } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const first = await create(token(fileSystemId));
    await pass(10 * MINUTE);
    expect(await create(token(fileSystemId, { Tags: [{ Key: 'b', Value: '2' }, ...NAME] }))).toMatchObject({
      BackupId: first.BackupId,
      Lifecycle: 'AVAILABLE',
    });
    expect(service.backups.size).toBe(1);
  });

  test.each([
    ['tags', { Tags: [{ Key: 'Name', Value: 'two' }] }],
    ['no tags', { Tags: undefined }],
    ['another source', { FileSystemId: 'fs-0123456789' }],
  ])('the same token with %s is refused', async (_what, change) => {
    const { service, create, call } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    await create(token(fileSystemId));
    await expect(call('CreateBackup', token(fileSystemId, change))).rejects.toMatchObject({
      code: 'IncompatibleParameterError',
      fields: { Parameter: expect.any(String) },
    });
  });

  test('a refused request uses up no token', async () => {
    const { service, create, call } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    service.fileSystems.get(fileSystemId)!.lifecycle = 'CREATING';
    await expect(call('CreateBackup', token(fileSystemId))).rejects.toThrow();
    service.fileSystems.get(fileSystemId)!.lifecycle = 'AVAILABLE';
    expect((await create(token(fileSystemId, { Tags: undefined }))).Lifecycle).toBe('CREATING');
  });

  test('another token is another backup', async () => {
    const { service, create, pass } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const first = await create(token(fileSystemId));
    await pass(10 * MINUTE);
    expect((await create(token(fileSystemId, { ClientRequestToken: 'another' }))).BackupId).not.toBe(
      first.BackupId,
    );
  });

  test('a token may be forgotten after a time', async () => {
    const { service, create, pass } = world({ tokenLifetime: 30 * MINUTE });
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const first = await create(token(fileSystemId));
    await pass(29 * MINUTE);
    expect((await create(token(fileSystemId))).BackupId).toBe(first.BackupId);
    await pass(MINUTE);
    expect((await create(token(fileSystemId))).BackupId).not.toBe(first.BackupId);
  });

  describe.each(['deleted', 'failed'] as const)('of a backup that was %s', (how) => {
    async function gone(tokenAfterDeletion: FsxOptions['tokenAfterDeletion']) {
      const it = world({ tokenAfterDeletion, fail: () => (how === 'failed' ? 'out of luck' : undefined) });
      const { fileSystemId } = it.service.createFileSystem(WINDOWS);
      const { BackupId } = await it.create(token(fileSystemId));
      await it.pass(10 * MINUTE);
      if (how === 'deleted') await it.call('DeleteBackup', { BackupId });
      return { ...it, BackupId, again: () => it.create(token(fileSystemId)) };
    }

    test('give it all the same', async () => {
      const { BackupId, again } = await gone('existing');
      expect(await again()).toMatchObject({ BackupId, Lifecycle: how.toUpperCase() });
    });

    test('give a new one', async () => {
      const { BackupId, again } = await gone('new');
      const backup = await again();
      expect([backup.Lifecycle, backup.BackupId === BackupId]).toEqual(['CREATING', false]);
      expect((await again()).BackupId).toBe(backup.BackupId);
    });

    test('give an error', async () => {
      const { again } = await gone('error');
      await expect(again()).rejects.toMatchObject({ code: 'BadRequest' });
    });
  });
});

describe('DescribeBackups', () => {
  function populated(options: Partial<FsxOptions> = {}) {
    const it = world(options);
    const windows = it.service.createFileSystem(WINDOWS).fileSystemId;
    const { volumeId, fileSystemId: ontap } = ontapVolume(it.service);
    const plant = (source: object, type: 'AUTOMATIC' | 'USER_INITIATED') =>
      it.service.plantBackup({ ...source, type, duration: 0 }).id;
    const automatic = plant({ fileSystemId: windows }, 'AUTOMATIC');
    const user = plant({ fileSystemId: windows }, 'USER_INITIATED');
    const ofVolume = plant({ volumeId }, 'AUTOMATIC');
    return { ...it, windows, ontap, volumeId, automatic, user, ofVolume };
  }
  const filter = (Name: string, ...Values: string[]) => ({ Name, Values });

  test('filters by source, type of backup and type of file system', async () => {
    const { ids, windows, ontap, volumeId, automatic, user, ofVolume } = populated();
    expect((await ids({ Filters: [filter('file-system-id', windows)] })).sort()).toEqual(
      [automatic, user].sort(),
    );
    expect(await ids({ Filters: [filter('file-system-id', ontap)] })).toEqual([ofVolume]);
    expect(await ids({ Filters: [filter('volume-id', volumeId)] })).toEqual([ofVolume]);
    expect((await ids({ Filters: [filter('backup-type', 'AUTOMATIC')] })).sort()).toEqual(
      [automatic, ofVolume].sort(),
    );
    expect(await ids({ Filters: [filter('file-system-type', 'ONTAP')] })).toEqual([ofVolume]);
  });

  test('takes any value of a filter, and all filters', async () => {
    const { ids, windows, ontap, automatic, ofVolume } = populated();
    expect(await ids({ Filters: [filter('file-system-id', windows, ontap)] })).toHaveLength(3);
    expect(
      (
        await ids({ Filters: [filter('file-system-id', windows, ontap), filter('backup-type', 'AUTOMATIC')] })
      ).sort(),
    ).toEqual([automatic, ofVolume].sort());
  });

  test('finds the backups of a file system that is gone', async () => {
    const { service, ids, windows, user } = populated({ finalBackups: [] });
    service.deleteFileSystem(windows);
    expect(await ids({ Filters: [filter('file-system-id', windows)] })).toEqual([user]);
  });

  test('by ids: filters do not count, and one unknown id fails the call', async () => {
    const { ids, call, user } = populated();
    expect(await ids({ BackupIds: [user], Filters: [filter('backup-type', 'AUTOMATIC')] })).toEqual([user]);
    await expect(call('DescribeBackups', { BackupIds: [user, UNKNOWN] })).rejects.toMatchObject({
      code: 'BackupNotFound',
      message: expect.stringContaining(UNKNOWN),
    });
  });

  test('refuses more than fifty ids', async () => {
    const { call } = world();
    await expect(call('DescribeBackups', { BackupIds: Array(51).fill(UNKNOWN) })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringMatching(/at 'backupIds' failed .* or equal to 50/),
    });
  });

  test('does not answer in the order of time', async () => {
    const { service, ids } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const planted = Array.from({ length: 12 }, () => service.plantBackup({ fileSystemId, duration: 0 }).id);
    const answered = await ids();
    expect(answered).not.toEqual(planted);
    expect([...answered].sort()).toEqual(planted.sort());
  });

  test('goes on after a page whose last backup was deleted meanwhile', async () => {
    const { service, call, ids } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    const planted = Array.from(
      { length: 5 },
      () => service.plantBackup({ fileSystemId, duration: 0 }).id,
    ).sort();
    const { Backups, NextToken } = await call('DescribeBackups', { MaxResults: 2 });
    await call('DeleteBackup', { BackupId: Backups[1].BackupId });
    expect(await ids({ NextToken })).toEqual(planted.slice(2));
  });

  test('refuses a token that it did not give, and a filter that is not served', async () => {
    const { call } = world();
    await expect(
      call('DescribeBackups', { NextToken: Buffer.from('elsewhere').toString('base64') }),
    ).rejects.toMatchObject({ code: 'BadRequest' });
    await expect(call('DescribeBackups', { Filters: [filter('file-cache-id', 'fc-1')] })).rejects.toThrow(
      'not by file-cache-id',
    );
    await expect(call('DescribeBackups', { Filters: [{ Name: 'volume-id' }] })).rejects.toMatchObject({
      code: 'BadRequest',
    });
  });
});

describe('DeleteBackup', () => {
  function planted(given: object = {}, options: Partial<FsxOptions> = {}) {
    const it = world(options);
    const { fileSystemId } = it.service.createFileSystem(WINDOWS);
    const backup = it.service.plantBackup({ fileSystemId, type: 'USER_INITIATED', duration: 0, ...given });
    const remove = (more: object = {}) => it.call('DeleteBackup', { BackupId: backup.id, ...more });
    return { ...it, backup, remove };
  }

  test('answers DELETED, and afterwards nobody knows the backup', async () => {
    const { remove, call, ids, backup } = planted();
    expect(await remove()).toEqual({ BackupId: backup.id, Lifecycle: 'DELETED' });
    expect(await ids()).toEqual([]);
    await expect(call('DescribeBackups', { BackupIds: [backup.id] })).rejects.toMatchObject({
      code: 'BackupNotFound',
    });
    await expect(remove()).rejects.toMatchObject({ code: 'BackupNotFound' });
  });

  test('answers the same to the same token, and refuses it for another backup', async () => {
    const { remove } = planted();
    await remove({ ClientRequestToken: 'token' });
    expect(await remove({ ClientRequestToken: 'token' })).toMatchObject({ Lifecycle: 'DELETED' });
    await expect(remove({ ClientRequestToken: 'token', BackupId: UNKNOWN })).rejects.toMatchObject({
      code: 'IncompatibleParameterError',
    });
  });

  test.each([
    ['one of AWS Backup', { type: 'AWS_BACKUP' }, {}, 'BadRequest'],
    ['one that is being restored', { restoringTo: 'fs-0123456789' }, {}, 'BackupRestoring'],
    ['one that is being copied', { beingCopiedTo: UNKNOWN }, {}, 'BackupBeingCopied'],
    [
      'one in progress, where that is refused',
      { duration: MINUTE },
      { deletionInProgress: 'BackupInProgress' },
      'BackupInProgress',
    ],
    [
      'a failed one, where that is refused',
      { failure: 'out of luck' },
      { deletionOfFailed: 'BadRequest' },
      'BadRequest',
    ],
  ] as const)('refuses %s', async (_what, given, options, code) => {
    const { remove, ids, backup } = planted(given, options);
    await expect(remove()).rejects.toMatchObject({ code });
    expect(await ids()).toEqual([backup.id]);
  });

  test.each([
    ['in progress', { duration: MINUTE }],
    ['failed', { failure: 'out of luck' }],
    ['automatic', { type: 'AUTOMATIC' }],
  ])('takes one that is %s', async (_what, given) => {
    const { remove, ids } = planted(given);
    await remove();
    expect(await ids()).toEqual([]);
  });
});

describe('tags', () => {
  const COPY = [
    { Key: 'team', Value: 'data' },
    { Key: 'aws:cloudformation:stack-name', Value: 'stack' },
  ];
  const windows = (CopyTagsToBackups: unknown) => ({
    ...WINDOWS,
    Tags: COPY,
    WindowsConfiguration: { ThroughputCapacity: 8, CopyTagsToBackups },
  });

  test.each([
    ["a request without tags copies those of the source, but AWS's", 'true', undefined, [COPY[0]]],
    ['a request with a tag copies none', true, NAME, NAME],
    ['nothing is copied when the source does not want it', 'false', undefined, undefined],
  ])('%s', async (_what, flag, Tags, expected) => {
    const { service, create } = world();
    expect(
      (await create({ FileSystemId: service.createFileSystem(windows(flag)).fileSystemId, Tags })).Tags,
    ).toEqual(expected);
  });

  test("those of a volume are copied by the volume's own flag", async () => {
    const { service, create } = world();
    const { volumeId } = ontapVolume(service, { configuration: { CopyTagsToBackups: 'true' }, tags: COPY });
    expect((await create({ VolumeId: volumeId })).Tags).toEqual([COPY[0]]);
  });

  test.each(['file system', 'volume', 'backup'])(
    'of a %s can be added, changed, removed and listed',
    async (kind) => {
      const { service, call } = world();
      const { volumeId, fileSystemId } = ontapVolume(service);
      const backup = service.plantBackup({ volumeId });
      const ResourceARN = {
        'file system': service.fileSystem(fileSystemId),
        'volume': service.volume(volumeId),
        backup,
      }[kind]!.arn;
      await call('TagResource', {
        ResourceARN,
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '1' },
        ],
      });
      await call('TagResource', { ResourceARN, Tags: [{ Key: 'b', Value: '2' }] });
      await call('UntagResource', { ResourceARN, TagKeys: ['a', 'never there'] });
      expect(await call('ListTagsForResource', { ResourceARN })).toEqual({
        Tags: [{ Key: 'b', Value: '2' }],
      });
      await call('UntagResource', { ResourceARN, TagKeys: ['b'] });
      expect(await call('ListTagsForResource', { ResourceARN })).toEqual({});
    },
  );

  const list = (count: number, prefix = 'key') =>
    Array.from({ length: count }, (_, n) => ({ Key: `${prefix}${n}`, Value: '' }));
  test.each([
    ['a fifty-first tag', list(1, 'other'), 'BadRequest', 'at most 50'],
    ['a key of AWS', [{ Key: 'AWS:x', Value: '' }], 'BadRequest', 'reserved'],
    [
      'a key twice',
      [
        { Key: 'key1', Value: '1' },
        { Key: 'key1', Value: '2' },
      ],
      'BadRequest',
      'key1',
    ],
    ['no tag', [], 'ValidationException', "'tags'"],
    ['fifty-one tags', list(51), 'ValidationException', "'tags'"],
    [
      'a value that is too long',
      [{ Key: 'key1', Value: 'x'.repeat(257) }],
      'ValidationException',
      "'tags.1.member.value'",
    ],
    ['a tag without a value', [{ Key: 'key1' }], 'ValidationException', "'tags.1.member.value'"],
    ['a value of another type', [{ Key: 'key1', Value: 1 }], 'SerializationException', '/Tags/0/Value'],
  ])('%s is refused', async (_what, Tags, code, message) => {
    const { service, call } = world();
    const { arn } = service.plantBackup({
      fileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
      tags: list(50),
    });
    await expect(call('TagResource', { ResourceARN: arn, Tags })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect((await call('ListTagsForResource', { ResourceARN: arn })).Tags).toEqual(list(50));
  });

  test("AWS's own can neither be given to a backup nor taken away", async () => {
    const { service, call } = world();
    const { fileSystemId } = service.createFileSystem(windows(false));
    const ResourceARN = service.fileSystem(fileSystemId).arn;
    await expect(
      call('CreateBackup', { FileSystemId: fileSystemId, Tags: [{ Key: 'aws:x', Value: '' }] }),
    ).rejects.toMatchObject({ code: 'BadRequest' });
    await expect(
      call('UntagResource', { ResourceARN, TagKeys: ['aws:cloudformation:stack-name'] }),
    ).rejects.toMatchObject({ code: 'BadRequest' });
  });

  test('of a resource that is not there are not found', async () => {
    const { call } = world();
    const ResourceARN = `arn:aws:fsx:us-east-1:123456789012:backup/${UNKNOWN}`;
    await expect(call('ListTagsForResource', { ResourceARN })).rejects.toMatchObject({
      code: 'ResourceNotFound',
      fields: { ResourceARN },
    });
  });
});

describe('permissions', () => {
  const ARN = 'arn:aws:fsx:us-east-1:123456789012';

  test('CreateBackup is asked for the backup and its source, tagging only when there are tags', async () => {
    const { service, asked, create, pass } = world();
    const { fileSystemId } = service.createFileSystem({ ...WINDOWS, Tags: NAME });
    const own = { 'aws:ResourceTag/Name': 'one' };
    await create({ FileSystemId: fileSystemId });
    expect(asked.splice(0)).toEqual([
      { action: 'fsx:CreateBackup', resource: `${ARN}:backup/*`, context: {} },
      { action: 'fsx:CreateBackup', resource: `${ARN}:file-system/${fileSystemId}`, context: own },
    ]);
    await pass(10 * MINUTE);
    await create({ FileSystemId: fileSystemId, Tags: [{ Key: 'a', Value: '1' }] });
    const context = { 'aws:RequestTag/a': '1', 'aws:TagKeys': ['a'] };
    expect(asked).toEqual([
      { action: 'fsx:CreateBackup', resource: `${ARN}:backup/*`, context },
      {
        action: 'fsx:CreateBackup',
        resource: `${ARN}:file-system/${fileSystemId}`,
        context: { ...own, ...context },
      },
      { action: 'fsx:TagResource', resource: `${ARN}:backup/*`, context },
    ]);
  });

  test('CreateBackup of a volume is asked for the volume below its file system', async () => {
    const { service, asked, create } = world(
      {},
      { accountId: '210987654321', region: 'cn-north-1', partition: 'aws-cn' },
    );
    const { fileSystemId, volumeId } = ontapVolume(service);
    await create({ VolumeId: volumeId });
    expect(asked.map(({ resource }) => resource)).toEqual([
      'arn:aws-cn:fsx:cn-north-1:210987654321:backup/*',
      `arn:aws-cn:fsx:cn-north-1:210987654321:volume/${fileSystemId}/${volumeId}`,
    ]);
  });

  test('DeleteBackup and the tag operations are asked with the tags of the backup', async () => {
    const { service, asked, call } = world();
    const { id, arn } = service.plantBackup({
      fileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
      tags: NAME,
    });
    await call('TagResource', { ResourceARN: arn, Tags: [{ Key: 'a', Value: '1' }] });
    await call('UntagResource', { ResourceARN: arn, TagKeys: ['a'] });
    await call('ListTagsForResource', { ResourceARN: arn });
    await call('DeleteBackup', { BackupId: id });
    const own = { 'aws:ResourceTag/Name': 'one' };
    expect(asked).toEqual([
      {
        action: 'fsx:TagResource',
        resource: arn,
        context: { ...own, 'aws:RequestTag/a': '1', 'aws:TagKeys': ['a'] },
      },
      {
        action: 'fsx:UntagResource',
        resource: arn,
        context: { ...own, 'aws:ResourceTag/a': '1', 'aws:TagKeys': ['a'] },
      },
      { action: 'fsx:ListTagsForResource', resource: arn, context: own },
      { action: 'fsx:DeleteBackup', resource: arn, context: own },
    ]);
  });

  test('descriptions are asked for everything', async () => {
    const { asked, call } = world();
    const operations = ['DescribeBackups', 'DescribeFileSystems', 'DescribeVolumes'];
    for (const operation of operations) await call(operation);
    expect(asked).toEqual(operations.map((operation) => ({ action: `fsx:${operation}`, resource: '*' })));
  });

  test('a caller that is denied learns nothing and changes nothing', async () => {
    const { service, denied, call } = world();
    const { fileSystemId } = service.createFileSystem(WINDOWS);
    denied.add('fsx:TagResource').add('fsx:DeleteBackup');
    await expect(call('CreateBackup', { FileSystemId: fileSystemId, Tags: NAME })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
    expect(service.backups.size).toBe(0);
    await expect(call('DeleteBackup', { BackupId: UNKNOWN })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
  });
});

test('an operation that is not served fails and says what is', async () => {
  const { call } = world();
  await expect(call('CopyBackup')).rejects.toMatchObject({
    code: 'UnknownOperationException',
    message: expect.stringMatching(/CreateBackup.*not CopyBackup/),
  });
});

test('a member that AWS does not know is refused', async () => {
  const { call } = world();
  await expect(call('DescribeBackups', { BackupId: UNKNOWN })).rejects.toMatchObject({
    code: 'SerializationException',
    message: expect.stringContaining('BackupId'),
  });
});

test("an answer that AWS's model does not know is a defect, not an answer", async () => {
  const { service, call } = world();
  service.plantBackup({
    fileSystemId: service.createFileSystem(WINDOWS).fileSystemId,
    duration: 0,
    failure: 'x'.repeat(257),
  });
  await expect(call('DescribeBackups')).rejects.toThrow(
    /sandbox's answer to DescribeBackups breaks AWS's model: .*256/,
  );
});
