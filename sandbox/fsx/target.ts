import { AwsError } from '../endpoint';
import type { BackupSource } from './backup';
import { configurationOf, isUpdating, lifecycleAt, type DataStore, type FileSystem } from './description';
import type { FsxOptions } from './options';
import { withoutReserved, type Tags } from './tags';

/** What a backup shall be taken of, as it is now. */
export interface Target {
  source: BackupSource;
  fileSystem: FileSystem;
  volume?: DataStore;
  /** Lustre: by associations; a link by its own configuration shows there */
  associated: boolean;
}

/** Refuse what cannot be backed up, or not now. */
export function assertCanBeBackedUp(
  target: Target,
  now: number,
  { backupDuringVolumeUpdate }: Pick<FsxOptions, 'backupDuringVolumeUpdate'>,
): void {
  const unsupported = whyUnsupported(target);
  if (unsupported) throw new AwsError('UnsupportedOperation', unsupported);
  const { fileSystem, volume } = target;
  // [?] a file system that is being updated may well allow it; the documentation speaks of available ones
  const lifecycle = lifecycleAt(fileSystem, now);
  if (lifecycle !== 'AVAILABLE') {
    throw new AwsError('BadRequest', `The file system ${fileSystem.id} is ${lifecycle}, not AVAILABLE.`);
  }
  if (!volume) return;
  const volumeLifecycle = lifecycleAt(volume, now);
  if (!['CREATED', 'AVAILABLE'].includes(volumeLifecycle)) {
    throw new AwsError('BadRequest', `The volume ${volume.id} is ${volumeLifecycle}.`);
  }
  if (backupDuringVolumeUpdate === 'BadRequest' && isUpdating(volume, now)) {
    throw new AwsError('BadRequest', `The volume ${volume.id} is being updated.`);
  }
}

/** What a backup that comes without tags of its own gets. */
export function copiedTags({ fileSystem, volume }: Target): Tags {
  const copies = volume
    ? volume.description.OntapConfiguration?.CopyTagsToBackups
    : configurationOf(fileSystem).CopyTagsToBackups;
  return copies ? withoutReserved((volume ?? fileSystem).tags) : new Map();
}

function whyUnsupported({ fileSystem, volume, associated }: Target): string | undefined {
  if (volume) {
    if (fileSystem.type !== 'ONTAP') return `${volume.id} is an OpenZFS volume: back up its file system.`;
    return volume.description.OntapConfiguration.OntapVolumeType === 'RW'
      ? undefined
      : `${volume.id} is not a read-write volume.`;
  }
  if (fileSystem.type === 'ONTAP') return 'ONTAP file system backup is unsupported.';
  if (fileSystem.type !== 'LUSTRE') return undefined;
  const { DeploymentType, DataRepositoryConfiguration } = configurationOf(fileSystem);
  if (DeploymentType.startsWith('SCRATCH')) return 'Backups are unsupported on scratch file systems.';
  if (DataRepositoryConfiguration || associated) {
    return 'Backups are unsupported on file systems that are linked to a data repository.';
  }
  return undefined;
}
