import { CustomResource } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { BackupAttributes } from './contract';

/**
 * What can be read from a backup. Tokens are made only for what is read: each of them costs time.
 *
 * @internal
 */
export abstract class ConstructWithAttributes extends Construct {
  /** The id of the backup, such as `backup-03e3c82e0183b7b6b`, or `none` if there was nothing to back up. */
  public get backupId(): string {
    return this.attribute('BackupId');
  }

  /** The ARN of the backup. */
  public get backupArn(): string {
    return this.attribute('BackupArn');
  }

  /** When the backup was started, in ISO 8601, for example `2026-11-02T09:00:00.000Z`. */
  public get backupCreationTime(): string {
    return this.attribute('BackupCreationTime');
  }

  /** The lifecycle of the backup: `AVAILABLE`, or `DELETED` if somebody deleted it. */
  public get backupLifecycle(): string {
    return this.attribute('BackupLifecycle');
  }

  /** The type of the backup: `USER_INITIATED`. */
  public get backupType(): string {
    return this.attribute('BackupType');
  }

  /** The size of the backup in bytes, empty if FSx does not tell it. */
  public get backupSizeInBytes(): string {
    return this.attribute('BackupSizeInBytes');
  }

  /** The ARN of the KMS key that encrypts the backup. */
  public get backupKmsKeyId(): string {
    return this.attribute('BackupKmsKeyId');
  }

  /** The account that owns the backup. */
  public get backupOwnerId(): string {
    return this.attribute('BackupOwnerId');
  }

  /** `FILE_SYSTEM` or `VOLUME`. */
  public get backupResourceType(): string {
    return this.attribute('BackupResourceType');
  }

  /** The id of the file system that was backed up, or that holds the volume. */
  public get sourceFileSystemId(): string {
    return this.attribute('SourceFileSystemId');
  }

  /** `WINDOWS`, `LUSTRE`, `ONTAP` or `OPENZFS`. */
  public get sourceFileSystemType(): string {
    return this.attribute('SourceFileSystemType');
  }

  /** The id of the volume that was backed up, empty for a file system. */
  public get sourceVolumeId(): string {
    return this.attribute('SourceVolumeId');
  }

  /** @internal the one that has the attributes */
  public abstract readonly _last: CustomResource;

  private attribute(name: keyof BackupAttributes): string {
    return this._last.getAttString(name);
  }
}
