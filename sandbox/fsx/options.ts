import type { BackupSource } from './backup';
import type { FileSystemType } from './description';

/**
 * What AWS leaves open, what only time tells, and what a test wants otherwise. May be changed between calls.
 */
export interface FsxOptions {
  /** milliseconds from CreateBackup to the end of the backup */
  backupDuration: (source: BackupSource) => number;
  /** the message with which the backup fails at its end, at most 256 characters; undefined: it succeeds */
  fail: (source: BackupSource) => string | undefined;
  /** [?] what CreateBackup answers to the token of a backup that was deleted or failed */
  tokenAfterDeletion: 'existing' | 'new' | 'error';
  /** [?] milliseconds for which a token is remembered */
  tokenLifetime: number;
  /** [?] deletion of a backup in progress */
  deletionInProgress: 'deleted' | 'BackupInProgress';
  /** [?] deletion of a failed backup */
  deletionOfFailed: 'deleted' | 'BadRequest';
  /** [?] milliseconds after which a backup that has failed is gone */
  failedBackupsVanishAfter: number;
  /** [?] a backup of a volume that is being updated; DescribeVolumes shows no other lifecycle then */
  backupDuringVolumeUpdate: 'allowed' | 'BadRequest';
  /**
   * [?] the resource, beside `backup/*`, on which a backup of a volume has to be allowed. AWS's reference
   * says "volume", and the only policy in its ONTAP guide says "file system"
   */
  volumeBackupsNeed: 'volume' | 'file system' | 'both';
  /** [?] the model requires `FileSystem` in every backup; false: it is there and empty in those of volumes */
  fileSystemInVolumeBackups: boolean;
  /** [?] DescribeBackups, filtered by a file system or volume that is gone */
  filterOfMissingSource: 'empty' | 'error';
  /** milliseconds for which a new backup does not show in DescribeBackups */
  visibilityDelay: number;
  /**
   * most records that an answer is made from; filters apply afterwards, so that pages may be short or empty
   */
  pageSize: number;
  /** user-initiated backups in the account and Region */
  quotas: Record<FileSystemType, number>;
  /** types of which a last backup is taken when the file system is deleted; CloudFormation has no switch */
  finalBackups: FileSystemType[];
}

export const DEFAULTS: FsxOptions = {
  backupDuration: () => 10 * 60_000,
  fail: () => undefined,
  tokenAfterDeletion: 'existing',
  tokenLifetime: Infinity,
  deletionInProgress: 'deleted',
  deletionOfFailed: 'deleted',
  failedBackupsVanishAfter: Infinity,
  backupDuringVolumeUpdate: 'allowed',
  volumeBackupsNeed: 'volume',
  fileSystemInVolumeBackups: true,
  filterOfMissingSource: 'empty',
  visibilityDelay: 0,
  pageSize: 50,
  quotas: { WINDOWS: 500, LUSTRE: 500, ONTAP: 10_000, OPENZFS: 10_000 },
  finalBackups: ['WINDOWS', 'OPENZFS'],
};
