import type { Backup } from '@aws-sdk/client-fsx';
import { digest, generationOf, marksOf, ownTags } from '../../lambda/identity';
import type { Deployed, Source } from '../../lambda/source';
import { BACKUP, FILE_SYSTEM, STACK_ID, START, VOLUME } from '../fixtures/events';

/* Backups of the resource `Backup`, as FSx describes them. */

/** The id of the backup that CreateBackup makes. */
export const NEW = 'backup-0eeeeeeeeeeeeeeee';
export const OLD = 'backup-0aaaaaaaaaaaaaaaa';
export const OLDER = 'backup-0bbbbbbbbbbbbbbbb';
export const OLDEST = 'backup-0cccccccccccccccc';
export const OTHER_FILE_SYSTEM = 'fs-0fedcba9876543210';

/** The generation of a source and trigger values. */
export function generation(triggers?: string[], source: Source | Deployed = { FileSystemId: FILE_SYSTEM }) {
  return generationOf({ source, triggers: triggers ? digest([...triggers].sort(), 32) : '' });
}

export interface Marks {
  readonly stackId?: string;
  readonly logicalId?: string;
  readonly generation?: string;
  readonly previous?: string;
  readonly removal?: any;
  readonly isHeld?: boolean;
}

export function tagsWith(marks: Marks = {}) {
  const { stackId = STACK_ID, logicalId = 'Backup', previous = 'none', removal = 'RETAIN' } = marks;
  const own = ownTags({ stackId, logicalId }, marks.generation ?? generation(), previous, removal);
  return [
    ...own,
    { Key: 'Name', Value: 'Files/Backup' },
    ...(marks.isHeld ? [{ Key: 'cdk-fsx-backup:hold', Value: '' }] : []),
  ];
}

/** A backup that is a minute old and AVAILABLE. */
export function backup(marks: Marks = {}, changes: Partial<Backup> & { minutesOld?: number } = {}): Backup {
  const { minutesOld = 1, ...others } = changes;
  return {
    BackupId: BACKUP,
    Lifecycle: 'AVAILABLE',
    Type: 'USER_INITIATED',
    CreationTime: new Date(START - minutesOld * 60_000),
    ResourceARN: `arn:aws:fsx:us-east-1:123456789012:backup/${changes.BackupId ?? BACKUP}`,
    Tags: tagsWith(marks),
    FileSystem: { FileSystemId: FILE_SYSTEM, FileSystemType: 'OPENZFS' } as any,
    ...others,
  };
}

/** The same, of a volume or of another file system. */
export const ofVolume = { FileSystem: undefined, Volume: { VolumeId: VOLUME } as any };
export const ofOther = { FileSystem: { FileSystemId: OTHER_FILE_SYSTEM } as any };

export function sourceOf({ Volume, FileSystem }: Backup): string | undefined {
  return Volume?.VolumeId ?? FileSystem?.FileSystemId;
}

export function removalOf(found: Backup | undefined): string | undefined {
  return found && marksOf(found, { stackId: STACK_ID, logicalId: 'Backup' }).removal;
}
