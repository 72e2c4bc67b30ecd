import { createHash } from 'node:crypto';
import { shown } from './shapes';
import { toList, type Tags } from './tags';

export const CONFIGURATION = {
  WINDOWS: 'WindowsConfiguration',
  LUSTRE: 'LustreConfiguration',
  ONTAP: 'OntapConfiguration',
  OPENZFS: 'OpenZFSConfiguration',
} as const;

export type FileSystemType = keyof typeof CONFIGURATION;

/** A file system, virtual machine, volume or data repository association. */
export interface Resource {
  id: string;
  /** its own id, or that of the one it belongs to */
  fileSystemId: string;
  arn: string;
  /** when nothing is going on; for tests to change */
  lifecycle: string;
  /** it is being created until this instant */
  creatingUntil?: number;
  /** it is being updated until this instant */
  updatingUntil?: number;
  tags: Tags;
  /** as FSx shows it, but for the lifecycle and the tags */
  description: any;
}

/** A file system or volume. */
export interface DataStore extends Resource {
  /** the version of the data that is on it, by any name; '' if it is new and empty */
  data: string;
  /** the backup that it was created from */
  restoredFrom?: string;
  /** the values of the backup, which hold if the template does not set them */
  defaults?: any;
}

export interface FileSystem extends DataStore {
  type: FileSystemType;
}

/** As FSx describes a file system or volume at this moment. */
export function descriptionOf(resource: Resource, now: number): any {
  return {
    ...resource.description,
    Lifecycle: lifecycleAt(resource, now),
    AdministrativeActions: isVolume(resource) && isUpdating(resource, now) ? [VOLUME_UPDATE] : undefined,
    Tags: toList(resource.tags),
  };
}

const VOLUME_UPDATE = { AdministrativeActionType: 'VOLUME_UPDATE', Status: 'IN_PROGRESS' };

/** A volume cannot be UPDATING: AWS's model has no such lifecycle for volumes. */
export function lifecycleAt(resource: Resource, now: number): string {
  if (now < (resource.creatingUntil ?? 0)) return 'CREATING';
  return isUpdating(resource, now) && !isVolume(resource) ? 'UPDATING' : resource.lifecycle;
}

export function isUpdating({ updatingUntil = 0 }: Resource, now: number): boolean {
  return now < updatingUntil;
}

function isVolume({ description }: Resource): boolean {
  return description.VolumeId !== undefined;
}

export function configurationOf({ type, description }: FileSystem): any {
  return description[CONFIGURATION[type]];
}

/** For CloudFormation's Fn::GetAtt. */
export function attributesOf(fileSystem: FileSystem): {
  fileSystemId: string;
  resourceArn: string;
  dnsName: string;
  lustreMountName?: string;
  rootVolumeId?: string;
} {
  const { id, arn, description } = fileSystem;
  const { MountName, RootVolumeId } = configurationOf(fileSystem);
  return {
    fileSystemId: id,
    resourceArn: arn,
    dnsName: description.DNSName,
    lustreMountName: MountName,
    rootVolumeId: RootVolumeId,
  };
}

/** What of CloudFormation's properties FSx shows of a file system. */
export function fileSystemDescription({
  Tags: _,
  WindowsConfiguration,
  LustreConfiguration,
  OntapConfiguration,
  ...others
}: any): any {
  return shown('FileSystem', {
    ...others,
    WindowsConfiguration: WindowsConfiguration && {
      ...WindowsConfiguration,
      Aliases: WindowsConfiguration.Aliases?.map(aliasOf),
    },
    LustreConfiguration:
      others.FileSystemType === 'LUSTRE' ? lustreConfiguration(LustreConfiguration) : undefined,
    OntapConfiguration: OntapConfiguration && { ...OntapConfiguration, FsxAdminPassword: undefined },
  });
}

/** What of CloudFormation's properties FSx shows of a volume. */
export function volumeDescription(id: string, { Tags: _, OntapConfiguration, ...others }: any): any {
  const ontap = OntapConfiguration && { OntapVolumeType: 'RW', ...OntapConfiguration, UUID: uuidOf(id) };
  return shown('Volume', { ...others, OntapConfiguration: ontap });
}

export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/**
 * CloudFormation gives the paths of a data repository beside the rest; FSx shows them in a configuration of
 * their own.
 */
function lustreConfiguration({
  ImportPath,
  ExportPath,
  AutoImportPolicy,
  ImportedFileChunkSize,
  ...others
}: any = {}): any {
  const linked = ImportPath || ExportPath;
  return {
    ...others,
    DeploymentType: others.DeploymentType ?? 'SCRATCH_1',
    DataRepositoryConfiguration: linked && {
      Lifecycle: 'AVAILABLE',
      ImportPath,
      ExportPath,
      AutoImportPolicy,
      ImportedFileChunkSize,
    },
  };
}

/** CloudFormation gives the name only. */
function aliasOf(Name: string): any {
  return { Name, Lifecycle: 'AVAILABLE' };
}
