import type { Backup } from '@aws-sdk/client-fsx';
import type { Source } from './request';
import { type BackupAttributes, NO_BACKUP } from '../src/private/contract';

/**
 * What `Fn::GetAtt` reads. FSx leaves out what does not apply, CloudFormation fails on an attribute that is
 * missing: hence ''.
 */
export function attributesOf(backup: Backup): BackupAttributes {
  return {
    BackupId: backup.BackupId ?? '',
    BackupArn: backup.ResourceARN ?? '',
    BackupCreationTime: backup.CreationTime?.toISOString() ?? '',
    BackupLifecycle: backup.Lifecycle ?? '',
    BackupType: backup.Type ?? '',
    BackupSizeInBytes: backup.SizeInBytes?.toString() ?? '',
    BackupKmsKeyId: backup.KmsKeyId ?? '',
    BackupOwnerId: backup.OwnerId ?? '',
    BackupResourceType: backup.ResourceType ?? '',
    SourceFileSystemId: backup.Volume?.FileSystemId ?? backup.FileSystem?.FileSystemId ?? '',
    SourceFileSystemType: backup.FileSystem?.FileSystemType ?? backup.Volume?.VolumeType ?? '',
    SourceVolumeId: backup.Volume?.VolumeId ?? '',
  } satisfies BackupAttributes;
}

/** What is left to say of a backup that cannot be looked at: that somebody deleted it, or nothing. */
export function attributesOfGone(
  backupId: string,
  source: Source | undefined,
  lifecycle: 'DELETED' | undefined,
): BackupAttributes {
  return attributesOf({
    BackupId: backupId,
    Lifecycle: lifecycle,
    Type: 'USER_INITIATED',
    CreationTime: undefined,
    FileSystem: source && 'fileSystemId' in source ? { FileSystemId: source.fileSystemId } : undefined,
    Volume: source && 'volumeId' in source ? { VolumeId: source.volumeId } : undefined,
  });
}

/** Of the backup that was not taken, because nothing was deployed. */
export function attributesOfNone(): BackupAttributes {
  return attributesOf({ BackupId: NO_BACKUP } as Backup);
}
