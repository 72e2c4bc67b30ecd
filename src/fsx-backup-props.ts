import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { BackupSource } from './backup-source';
import { BackupTrigger } from './backup-trigger';
import { FsxBackupProvider } from './fsx-backup-provider';

/**
 * An Amazon FSx backup.
 */
export interface IFsxBackup extends IConstruct {
  /**
   * The id of the backup, for example `backup-03e3c82e0183b7b6b`.
   *
   * @attribute
   */
  readonly backupId: string;

  /**
   * The ARN of the backup.
   *
   * @attribute
   */
  readonly backupArn: string;
}

/**
 * Options of an FsxBackup.
 */
export interface FsxBackupOptions {
  /**
   * When to take another backup.
   *
   * @default - one backup is taken, when the resource is first deployed, and another one when the source
   * changes
   */
  readonly triggers?: BackupTrigger[];

  /**
   * The constructs that wait for the backup: resources at or below them are created and changed only when it
   * is AVAILABLE. If a construct contains the backup, as its stack does, everything in it waits but the
   * backups and their providers.
   *
   * Constructs of another stack make that stack wait for this one. But that stack may also be deployed later,
   * alone, and then no new backup is taken.
   *
   * @default - what refers to the backup, or depends on it otherwise
   */
  readonly executeBefore?: Construct[];

  /**
   * The constructs that the backup waits for: it is taken only when the resources at or below them are
   * created and changed. Constructs of another stack make this stack wait for that one.
   *
   * @default - its source, if this app defines it
   */
  readonly executeAfter?: Construct[];

  /**
   * The name of the backup, shown in the console: its tag `Name`.
   *
   * At most 256 letters, digits, spaces and `_.:/=+-@`. The backup may have 44 tags, this one included.
   *
   * @default - the path of the construct, known values of `onValue`, and the time, such as
   * `Files/PreUpgrade 1.4.2 2026-11-02T09:00Z`
   */
  readonly backupName?: string;

  /**
   * How long the backup may take, from one minute to twelve hours, in whole seconds.
   *
   * The first backup of a large file system can take longer than an hour; later ones are incremental. A
   * backup that is not finished in time fails the deployment, but goes on: deploy again, and the deployment
   * continues with it.
   *
   * CloudFormation waits for a resource for an hour at most. For each 55 minutes more, there is a resource
   * that continues to wait. Each of them is one more resource, one more request and one more execution for
   * each new backup, however short the backup is.
   *
   * @default Duration.minutes(55)
   */
  readonly timeout?: Duration;

  /**
   * Whether the backup is kept when this resource is removed, replaced or rolled back: `RETAIN` or `DESTROY`.
   *
   * The provider may delete only backups whose own tag says so; with `RETAIN` alone, it has no permission to
   * delete backups at all. A backup with the tag `cdk-fsx-backup:hold` is never deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How many backups of this resource are kept: when another one has been taken and the deployment has
   * succeeded, older ones are deleted.
   *
   * The newest of them are kept, and the one that the resource holds. A deployment that fails deletes none,
   * and neither does the removal of this resource or its stack. Goes with the removal policy `RETAIN` only.
   *
   * @default - all
   */
  readonly keepLast?: number;

  /**
   * The engine that takes the backup.
   *
   * @default - one provider for all backups of the stack
   */
  readonly provider?: FsxBackupProvider;
}

/**
 * Options of a backup before a change.
 */
export interface FsxBackupBeforeChangeOptions extends FsxBackupOptions {
  /**
   * What to back up.
   *
   * @default - what is going to change, as it is deployed: `BackupSource.fromDeployed`
   */
  readonly source?: BackupSource;
}

/**
 * Properties of an FsxBackup.
 */
export interface FsxBackupProps extends FsxBackupOptions {
  /**
   * What to back up.
   *
   * Another source means another backup.
   */
  readonly source: BackupSource;
}
