import type { Backup } from '@aws-sdk/client-fsx';
import type { Response } from './phase';
import { type Deployed, type Source, sourceWithId } from './source';
import type { BackupAttributes } from '../src/private/contract';

/** What `Fn::GetAtt` reads. FSx omits what does not apply, and a missing attribute fails the stack. */
export function attributesOf({ Volume, FileSystem, CreationTime, ...backup }: Backup): BackupAttributes {
  const text = (value: unknown) => (value === undefined ? '' : String(value));
  return {
    BackupId: text(backup.BackupId),
    BackupArn: text(backup.ResourceARN),
    BackupCreationTime: text(CreationTime?.toISOString()),
    BackupLifecycle: text(backup.Lifecycle),
    BackupType: text(backup.Type),
    BackupSizeInBytes: text(backup.SizeInBytes),
    BackupKmsKeyId: text(backup.KmsKeyId),
    BackupOwnerId: text(backup.OwnerId),
    BackupResourceType: text(backup.ResourceType),
    SourceFileSystemId: text(Volume?.FileSystemId ?? FileSystem?.FileSystemId),
    SourceFileSystemType: text(FileSystem?.FileSystemType ?? Volume?.VolumeType),
    SourceVolumeId: text(Volume?.VolumeId),
  } satisfies BackupAttributes;
}

/** A lifecycle not yet invented is one of a backup that runs. None is known of a backup that is gone. */
export function isRunning(lifecycle: string | undefined): boolean {
  return !['AVAILABLE', 'FAILED', 'DELETED', ''].includes(lifecycle!);
}

export function success(backup: Backup, age?: number): Response {
  return { status: 'SUCCESS', physicalId: backup.BackupId!, attributes: attributesOf(backup), age };
}

/**
 * The resource keeps an id without a backup behind it: somebody deleted the backup, it could not be asked
 * for, or there never was one (`none`). The ARN is well-formed all the same, since policies may refer to it.
 */
export function successWithout(
  physicalId: string,
  stackId: string,
  lifecycle?: 'DELETED',
  source?: Source | Deployed,
): Response {
  const [, partition, , region, account] = stackId.split(':');
  return {
    status: 'SUCCESS',
    physicalId,
    attributes: attributesOf({
      BackupId: physicalId,
      ResourceARN: `arn:${partition}:fsx:${region}:${account}:backup/${physicalId}`,
      ...(physicalId.startsWith('backup-') && { Lifecycle: lifecycle, Type: 'USER_INITIATED' }),
      FileSystem: source,
      Volume: source,
    } as Backup),
  };
}

/** The file system or volume that a backup is of. */
export function sourceOfBackup(backup: Backup | undefined): Source | undefined {
  return sourceWithId(backup?.Volume?.VolumeId ?? backup?.FileSystem?.FileSystemId);
}
