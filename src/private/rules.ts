/*
 * What FSx allows, as far as it documents it: ids, tags, and what it can back up. The constructs refuse at
 * synthesis what the handler would refuse at deployment. Imported by both; imports nothing.
 */

export const FILE_SYSTEM_ID = /^fs-[0-9a-f]{8,18}$/;

export const VOLUME_ID = /^fsvol-[0-9a-f]{17}$/;

export const BACKUP_ID = /^backup-[0-9a-f]{8,}$/;

/** So many tags may a backup have. */
export const MAX_TAGS = 50;

/** And so many of them are left to users. */
export const MAX_USER_TAGS = MAX_TAGS - 6;

/** In characters. */
export const MAX_TAG_KEY = 128;

/** In characters. */
export const MAX_TAG_VALUE = 256;

/** Those of the key and of the value of a tag. */
export const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** What decides whether a file system can be backed up. */
export interface FileSystemLike {
  readonly FileSystemType?: string;
  readonly DeploymentType?: string;
  readonly ImportPath?: string;
  readonly ExportPath?: string;
}

/** Why FSx cannot back up a file system: what it is, and what to do. Undefined if it can. */
export function whyNotFileSystem({
  FileSystemType,
  DeploymentType,
  ImportPath,
  ExportPath,
}: FileSystemLike): string | undefined {
  if (FileSystemType === 'ONTAP') {
    return (
      'is an ONTAP file system, and FSx backs up its volumes, not the file system: use BackupSource.of ' +
      'with the volume, or fromVolumeId'
    );
  }
  if (/^SCRATCH/.test(DeploymentType ?? '')) {
    return (
      `is a Lustre file system of deployment type ${DeploymentType}, and FSx cannot back up scratch file ` +
      'systems: use PERSISTENT_1 or PERSISTENT_2'
    );
  }
  if (ImportPath === undefined && ExportPath === undefined) return undefined;
  return (
    `is linked to a data repository by its ${ImportPath === undefined ? 'ExportPath' : 'ImportPath'}, and ` +
    'FSx cannot back up linked file systems: remove the link, or the backup (the repository holds the data)'
  );
}

/** What decides whether a volume can be backed up. */
export interface VolumeLike {
  readonly VolumeType?: string;
  readonly OntapConfiguration?: { readonly OntapVolumeType?: string };
}

/** Why FSx cannot back up a volume: what it is, and what to do. Undefined if it can. */
export function whyNotVolume({ VolumeType, OntapConfiguration }: VolumeLike): string | undefined {
  if (VolumeType === 'OPENZFS') {
    return (
      'is an OpenZFS volume, and FSx backs up the OpenZFS file system as a whole: use BackupSource.of ' +
      'with the file system'
    );
  }
  return OntapConfiguration?.OntapVolumeType === 'DP'
    ? 'is an ONTAP volume of type DP, and FSx backs up read-write volumes only: back up the source of its ' +
        'replication'
    : undefined;
}
