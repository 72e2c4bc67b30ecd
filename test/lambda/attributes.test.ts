import { backup, ofVolume } from './backups';
import { attributesOf, sourceOfBackup, success, successWithout } from '../../lambda/attributes';
import { BACKUP, FILE_SYSTEM, STACK_ID, START, VOLUME } from '../fixtures/events';

test('tell what FSx says about the backup of a file system', () => {
  const described = backup(
    {},
    { SizeInBytes: 42, KmsKeyId: 'arn:aws:kms:…', OwnerId: '123456789012', ResourceType: 'FILE_SYSTEM' },
  );
  expect(attributesOf(described)).toEqual({
    BackupId: BACKUP,
    BackupArn: `arn:aws:fsx:us-east-1:123456789012:backup/${BACKUP}`,
    BackupCreationTime: new Date(START - 60_000).toISOString(),
    BackupLifecycle: 'AVAILABLE',
    BackupType: 'USER_INITIATED',
    BackupSizeInBytes: '42',
    BackupKmsKeyId: 'arn:aws:kms:…',
    BackupOwnerId: '123456789012',
    BackupResourceType: 'FILE_SYSTEM',
    SourceFileSystemId: FILE_SYSTEM,
    SourceFileSystemType: 'OPENZFS',
    SourceVolumeId: '',
  });
});

test('tell the volume, and the file system that it is on', () => {
  const Volume = { VolumeId: VOLUME, FileSystemId: FILE_SYSTEM, VolumeType: 'ONTAP' } as any;
  expect(attributesOf(backup({}, { ...ofVolume, Volume }))).toMatchObject({
    SourceVolumeId: VOLUME,
    SourceFileSystemId: FILE_SYSTEM,
    SourceFileSystemType: 'ONTAP',
  });
});

test('are strings, all of them, however little FSx says', () => {
  const attributes = attributesOf({} as any);
  expect(Object.keys(attributes)).toHaveLength(12);
  expect(new Set(Object.values(attributes))).toEqual(new Set(['']));
});

test('a size of nothing is told', () => {
  expect(attributesOf(backup({}, { SizeInBytes: 0 })).BackupSizeInBytes).toBe('0');
});

test('the id of the backup is the physical id of the resource', () => {
  expect(success(backup())).toMatchObject({ status: 'SUCCESS', physicalId: BACKUP });
});

describe('without a backup', () => {
  test('the ARN is well-formed: none', () => {
    expect(successWithout('none', STACK_ID)).toMatchObject({
      physicalId: 'none',
      attributes: {
        BackupId: 'none',
        BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none',
        BackupLifecycle: '',
        BackupType: '',
      },
    });
  });

  test('the ARN has the partition, the Region and the account of the stack', () => {
    const stackId = STACK_ID.replace('arn:aws:', 'arn:aws-cn:').replace('us-east-1', 'cn-north-1');
    expect((successWithout('none', stackId) as any).attributes.BackupArn).toBe(
      'arn:aws-cn:fsx:cn-north-1:123456789012:backup/none',
    );
  });

  test.each([
    [{ FileSystemId: FILE_SYSTEM }, { SourceFileSystemId: FILE_SYSTEM, SourceVolumeId: '' }],
    [{ VolumeId: VOLUME }, { SourceFileSystemId: '', SourceVolumeId: VOLUME }],
    [{ logicalId: 'FileSystem' }, { SourceFileSystemId: '', SourceVolumeId: '' }],
  ])('a deleted backup of %j has the source that is known', (source, expected) => {
    expect(successWithout(BACKUP, STACK_ID, 'DELETED', source)).toMatchObject({
      attributes: { BackupLifecycle: 'DELETED', BackupType: 'USER_INITIATED', ...expected },
    });
  });
});

test('the source of a backup is its volume, or its file system', () => {
  expect(sourceOfBackup(backup())).toEqual({ FileSystemId: FILE_SYSTEM });
  expect(sourceOfBackup(backup({}, ofVolume))).toEqual({ VolumeId: VOLUME });
  expect(sourceOfBackup({} as any)).toBeUndefined();
});
