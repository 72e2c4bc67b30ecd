import type { FileSystemType } from './description';
import { toList, type Tags } from './tags';

export interface BackupSource {
  fileSystemId: string;
  fileSystemType: FileSystemType;
  /** ONTAP only */
  volumeId?: string;
}

export type BackupLifecycle =
  'PENDING' | 'CREATING' | 'TRANSFERRING' | 'AVAILABLE' | 'COPYING' | 'FAILED' | 'DELETED';

export interface BackupRecord {
  id: string;
  arn: string;
  ownerId: string;
  type: 'USER_INITIATED' | 'AUTOMATIC' | 'AWS_BACKUP';
  source: BackupSource;
  /** the source as it was, which outlives it */
  fileSystem: any;
  volume?: any;
  /** the data of the source when the backup began */
  data: string;
  kmsKeyId: string;
  tags: Tags;
  /** milliseconds since the epoch */
  createdAt: number;
  /** milliseconds from the creation to the end, good or bad */
  duration: number;
  /** why it fails at its end, if it does */
  failure?: string;
  /** instead of the lifecycle that follows from the time: for tests, and when deleted */
  lifecycle?: BackupLifecycle;
  /** the backup that it is a copy of */
  sourceBackupId?: string;
  /**
   * a file system that is being restored from it, so that it cannot be deleted: for tests; restores that the
   * sandbox plays need no mark
   */
  restoringTo?: string;
  /** a backup that is being copied from it: it cannot be deleted meanwhile */
  beingCopiedTo?: string;
}

const GIB = 1024 ** 3;

export function lifecycleOf(backup: BackupRecord, now: number): BackupLifecycle {
  if (backup.lifecycle) return backup.lifecycle;
  const part = elapsedPart(backup, now);
  if (part >= 1) return backup.failure === undefined ? 'AVAILABLE' : 'FAILED';
  if (backup.source.fileSystemType !== 'LUSTRE') return 'CREATING';
  return part < 0.1 ? 'PENDING' : part < 0.7 ? 'CREATING' : 'TRANSFERRING';
}

/** What has one backup at a time. */
export function sourceIdOf({ volumeId, fileSystemId }: BackupSource): string {
  return volumeId ?? fileSystemId;
}

/** As long as this is so, no other backup of the same source can begin. */
export function isInProgress(backup: BackupRecord, now: number): boolean {
  return ['PENDING', 'CREATING', 'TRANSFERRING'].includes(lifecycleOf(backup, now));
}

/** As FSx describes it. */
export function describeBackup(backup: BackupRecord, now: number): any {
  const lifecycle = lifecycleOf(backup, now);
  return {
    BackupId: backup.id,
    Lifecycle: lifecycle,
    FailureDetails: lifecycle === 'FAILED' ? { Message: backup.failure } : undefined,
    Type: backup.type,
    ProgressPercent: lifecycle === 'FAILED' ? undefined : progressOf(backup, now),
    CreationTime: backup.createdAt / 1000,
    KmsKeyId: backup.kmsKeyId,
    ResourceARN: backup.arn,
    Tags: toList(backup.tags),
    FileSystem: backup.fileSystem,
    OwnerId: backup.ownerId,
    SourceBackupId: backup.sourceBackupId,
    ResourceType: backup.source.volumeId === undefined ? 'FILE_SYSTEM' : 'VOLUME',
    Volume: backup.volume,
    // [?] whether it is shown before the backup is complete
    SizeInBytes: lifecycle === 'AVAILABLE' ? sizeOf(backup) : undefined,
  };
}

function progressOf(backup: BackupRecord, now: number): number {
  return lifecycleOf(backup, now) === 'AVAILABLE'
    ? 100
    : Math.min(99, Math.floor(elapsedPart(backup, now) * 100));
}

function elapsedPart({ createdAt, duration }: BackupRecord, now: number): number {
  return now >= createdAt + duration ? 1 : (now - createdAt) / duration;
}

/** Half full, always. */
function sizeOf({ fileSystem, volume }: BackupRecord): number {
  const { SizeInBytes, SizeInMegabytes = 0 } = volume?.OntapConfiguration ?? {};
  return Math.floor(
    (volume ? (SizeInBytes ?? SizeInMegabytes * 1024 ** 2) : (fileSystem.StorageCapacity ?? 0) * GIB) / 2,
  );
}
