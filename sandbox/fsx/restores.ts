import { AwsError } from '../endpoint';
import { lifecycleOf, type BackupRecord } from './backup';
import { CONFIGURATION, type DataStore, type FileSystemType } from './description';

/*
 * CreateFileSystemFromBackup and CreateVolumeFromBackup, which CloudFormation calls if `BackupId` is set.
 * The rules are those of their API references and of the user guides, which are named beside each rule.
 */

/** What a new file system or volume has from its backup. */
export interface Restored {
  backupId: string;
  data: string;
  /** the properties that the request does not set */
  defaults: any;
}

/** Throws if FSx would refuse to restore the backup to a file system with these properties. */
export function restoredFileSystem(backup: BackupRecord, properties: any, now: number): Restored {
  assertAvailable(backup, now);
  assertNoReason(backup, whyNoFileSystem(backup, properties));
  return { backupId: backup.id, data: backup.data, defaults: fileSystemDefaults(backup, properties) };
}

/** Throws if FSx would refuse to restore the backup to a volume with these properties. */
export function restoredVolume(backup: BackupRecord, properties: any, now: number): Restored {
  assertAvailable(backup, now);
  assertNoReason(backup, whyNoVolume(backup, properties));
  // "A restored volume always has the same volume style as the original volume." (ONTAP guide)
  const { VolumeStyle } = backup.volume.OntapConfiguration;
  return {
    backupId: backup.id,
    data: backup.data,
    defaults: VolumeStyle === undefined ? {} : { OntapConfiguration: { VolumeStyle } },
  };
}

/** The properties, and the defaults for those that are not set. */
export function completed(properties: any, defaults: any = {}): any {
  const all = { ...defaults, ...defined(properties) };
  for (const name of Object.values(CONFIGURATION)) {
    if (defaults[name]) all[name] = { ...defaults[name], ...defined(properties[name]) };
  }
  return all;
}

/**
 * The file system that a backup is being restored to. [?] For a volume, FSx has nothing to name but the file
 * system of the volume. [?] A restore ends with the creation; data that FSx loads later does not count.
 */
export function restoringTo(backup: BackupRecord, stores: DataStore[], now: number): string | undefined {
  const isTarget = ({ restoredFrom, creatingUntil = 0 }: DataStore) =>
    restoredFrom === backup.id && now < creatingUntil;
  return backup.restoringTo ?? stores.find(isTarget)?.fileSystemId;
}

/** "You can use an available backup to create a new file system." (user guides) */
function assertAvailable(backup: BackupRecord, now: number): void {
  const lifecycle = lifecycleOf(backup, now);
  if (lifecycle !== 'AVAILABLE') {
    throw new AwsError('BadRequest', `The backup ${backup.id} is ${lifecycle}, not AVAILABLE.`);
  }
}

function assertNoReason({ id }: BackupRecord, reasons: Array<string | false>): void {
  const reason = reasons.find(Boolean);
  if (reason) throw new AwsError('BadRequest', `The backup ${id} cannot be restored: ${reason}.`);
}

function whyNoFileSystem({ source, fileSystem }: BackupRecord, properties: any): Array<string | false> {
  // "Creates a new FSx for Lustre, Windows File Server, or OpenZFS file system" (API reference)
  if (source.volumeId !== undefined) return [`it is of the volume ${source.volumeId}, not of a file system`];
  const type = source.fileSystemType;
  // [?] the API takes no type, so nothing says what becomes of the one in the template
  if (properties.FileSystemType !== type) {
    return [`it is of a file system of ${type}, and FileSystemType is ${properties.FileSystemType}`];
  }
  return [
    whyOtherCapacity(type, fileSystem, properties),
    ...SAME[type].map(({ path, otherwise }) => whyOther(path, fileSystem, properties, otherwise)),
    type === 'LUSTRE' && whyOlder(fileSystem, properties),
    type === 'WINDOWS' && whyNoHdd(fileSystem, properties),
  ];
}

function whyNoVolume({ source, volume }: BackupRecord, properties: any): Array<string | false> {
  // "Creates a new ONTAP volume from an existing Amazon FSx volume backup." (API reference)
  if (properties.VolumeType !== 'ONTAP') return [`VolumeType is ${properties.VolumeType}, not ONTAP`];
  if (!volume) return [`it is of the file system ${source.fileSystemId}, not of a volume`];
  const { VolumeStyle = 'FLEXVOL', ...own } = volume.OntapConfiguration;
  const wanted = properties.OntapConfiguration ?? {};
  return [
    wanted.VolumeStyle !== undefined &&
      wanted.VolumeStyle !== VolumeStyle &&
      `VolumeStyle is ${wanted.VolumeStyle}, not that of the backup, ${VolumeStyle}`,
    // [?] the data may well fit into less
    sizeOf(wanted) < sizeOf(own) &&
      `the volume has ${sizeOf(wanted)} bytes, less than that of the backup, ${sizeOf(own)}`,
  ];
}

/**
 * "The value that you specify must be equal to or greater than the backup's"; "other than OpenZFS, you must
 * provide a value that matches" (API reference); "not required if you are creating a file system by
 * restoring a backup" (CloudFormation reference).
 */
function whyOtherCapacity(type: FileSystemType, { StorageCapacity: had }: any, properties: any) {
  if (properties.StorageCapacity === undefined) return false;
  const wanted = Number(properties.StorageCapacity);
  if (type === 'OPENZFS') {
    return !(wanted >= had) && `StorageCapacity is ${wanted}, less than that of the backup, ${had}`;
  }
  return wanted !== had && `StorageCapacity is ${wanted}, not that of the backup, ${had}`;
}

/** What has to be the same, and FSx's default for each. */
const SAME: Record<FileSystemType, Array<{ path: string[]; otherwise?: string }>> = {
  // [?] the guide: "the deployment type and storage capacity are already set" in the console's wizard
  WINDOWS: [{ path: ['WindowsConfiguration', 'DeploymentType'], otherwise: 'SINGLE_AZ_1' }],
  // the guide: "the same deployment type, storage class, throughput capacity, …, data compression type"
  LUSTRE: [
    { path: ['LustreConfiguration', 'DeploymentType'], otherwise: 'SCRATCH_1' },
    { path: ['StorageType'], otherwise: 'SSD' },
    { path: ['LustreConfiguration', 'PerUnitStorageThroughput'] },
    { path: ['LustreConfiguration', 'ThroughputCapacity'] },
    { path: ['LustreConfiguration', 'DataCompressionType'], otherwise: 'NONE' },
  ],
  // the guide: "to a file system with a different storage class is not supported"
  OPENZFS: [{ path: ['StorageType'], otherwise: 'SSD' }],
  ONTAP: [],
};

function whyOther(path: string[], had: any, wanted: any, otherwise?: string): string | false {
  const valueIn = (object: any) =>
    String(path.reduce((value, name) => value?.[name], object) ?? otherwise ?? 'not set');
  return (
    valueIn(wanted) !== valueIn(had) &&
    `${path.join('.')} is ${valueIn(wanted)}, not that of the backup, ${valueIn(had)}`
  );
}

/** "You can enter a Lustre version that is newer than the backup's FileSystemTypeVersion." (API reference) */
function whyOlder(had: any, { FileSystemTypeVersion: wanted }: any): string | false {
  const version = had.FileSystemTypeVersion ?? defaultVersion(had.LustreConfiguration);
  return (
    wanted !== undefined &&
    minor(wanted) < minor(version) &&
    `FileSystemTypeVersion is ${wanted}, older than that of the backup, ${version}`
  );
}

/** CloudFormation's reference of FileSystemTypeVersion. */
function defaultVersion({ DeploymentType, MetadataConfiguration }: any): string {
  if (DeploymentType !== 'PERSISTENT_2') return '2.10';
  return MetadataConfiguration ? '2.15' : '2.12';
}

function minor(version: unknown): number {
  return Number(String(version).split('.')[1]);
}

/** "HDD … if the original SSD file system had a storage capacity of at least 2000 GiB" (API reference) */
function whyNoHdd(had: any, wanted: any): string | false {
  return (
    wanted.StorageType === 'HDD' &&
    had.StorageCapacity < 2000 &&
    `StorageType is HDD, and StorageCapacity of the backup is ${had.StorageCapacity}, less than 2000`
  );
}

/**
 * "Parameters like the Active Directory, …, automatic backup, and backup settings default to the parameters
 * of the file system that was backed up"; so do, by their own descriptions, the capacity and the version of
 * Lustre. StorageType and KmsKeyId have the defaults of every new file system. (API reference)
 */
function fileSystemDefaults({ source, fileSystem }: BackupRecord, properties: any): any {
  const name = CONFIGURATION[source.fileSystemType];
  const { ActiveDirectoryId, SelfManagedActiveDirectoryConfiguration } = properties[name] ?? {};
  const joinsOther = ActiveDirectoryId || SelfManagedActiveDirectoryConfiguration;
  return {
    ...picked(fileSystem, ['StorageCapacity', 'FileSystemTypeVersion']),
    [name]: picked(fileSystem[name] ?? {}, [...BACKUP_SETTINGS, ...(joinsOther ? [] : DIRECTORIES)]),
  };
}

const BACKUP_SETTINGS = [
  'AutomaticBackupRetentionDays',
  'DailyAutomaticBackupStartTime',
  'CopyTagsToBackups',
];
const DIRECTORIES = ['ActiveDirectoryId', 'SelfManagedActiveDirectoryConfiguration'];

function picked(object: any, names: string[]): any {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));
}

function defined(object: any = {}): any {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** In bytes; NaN if it is not set, which is less than nothing. */
function sizeOf({ SizeInBytes, SizeInMegabytes }: any): number {
  return Number(SizeInBytes ?? SizeInMegabytes * 1024 ** 2);
}
