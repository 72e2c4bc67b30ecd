import { createHash } from 'node:crypto';
import type { VirtualClock } from '../clock';
import { AwsError } from '../endpoint';
import {
  attributesOf,
  CONFIGURATION,
  configurationOf,
  fileSystemDescription,
  uuidOf,
  volumeDescription,
  type DataStore,
  type FileSystem,
  type Resource,
} from './description';
import { completed, type Restored } from './restores';
import { fromList } from './tags';
import { assertUniqueInSvm } from './volume-names';

export interface Location {
  accountId: string;
  region: string;
  partition: string;
}

/**
 * What backups are taken of, made from CloudFormation properties. Deletion is at once. Creation and change
 * are at once by default; with `ms`, FSx shows them as going on for so long. Nobody waits for that here.
 */
export class Sources {
  readonly fileSystems = new Map<string, FileSystem>();
  readonly storageVirtualMachines = new Map<string, Resource>();
  readonly volumes = new Map<string, DataStore>();
  readonly dataRepositoryAssociations = new Map<string, Resource>();
  private readonly sequences = new Map<string, number>();

  constructor(
    protected readonly clock: VirtualClock,
    protected readonly location: Location,
  ) {}

  /** @param ms how long it is CREATING */
  createFileSystem(given: any, ms = 0, restored?: Restored) {
    const properties = completed(given, restored?.defaults);
    const type = properties.FileSystemType;
    if (!(type in CONFIGURATION)) {
      throw new AwsError(
        'BadRequest',
        `FileSystemType is ${type}; it is one of ${Object.keys(CONFIGURATION).join(', ')}.`,
      );
    }
    const id = this.nextId('fs');
    const fileSystem: FileSystem = {
      ...this.resource(id, id, `file-system/${id}`, 'AVAILABLE', properties),
      ...contentsOf(restored),
      type,
      creatingUntil: this.clock.now() + ms,
      description: this.fileSystemDescription(id, properties, {
        MountName: type === 'LUSTRE' ? id.slice(3, 11) : undefined,
        RootVolumeId: type === 'OPENZFS' ? this.nextId('fsvol') : undefined,
      }),
    };
    this.fileSystems.set(id, fileSystem);
    const attributes = attributesOf(fileSystem);
    if (attributes.rootVolumeId) {
      this.addVolume(attributes.rootVolumeId, id, { VolumeType: 'OPENZFS', Name: 'fsx' }, ms);
    }
    return attributes;
  }

  /** @param ms how long it is UPDATING */
  updateFileSystem(id: string, properties: any, ms = 0) {
    const fileSystem = this.fileSystem(id);
    const { MountName, RootVolumeId } = configurationOf(fileSystem);
    const { CreationTime } = fileSystem.description;
    const own = { ...completed(properties, fileSystem.defaults), FileSystemType: fileSystem.type };
    fileSystem.description = {
      ...this.fileSystemDescription(id, own, { MountName, RootVolumeId }),
      CreationTime,
    };
    fileSystem.tags = fromList(properties.Tags);
    this.keepUpdating(fileSystem, ms);
    return attributesOf(fileSystem);
  }

  /** Somebody's maintenance: the file system is UPDATING for so long. */
  keepBusy(fileSystemId: string, ms: number): void {
    this.keepUpdating(this.fileSystem(fileSystemId), ms);
  }

  deleteFileSystem(id: string): void {
    const root = configurationOf(this.fileSystem(id)).RootVolumeId;
    assertEmpty(
      id,
      [...this.storageVirtualMachines.values(), ...this.volumes.values()].filter(
        (child) => child.fileSystemId === id && child.id !== root,
      ),
    );
    this.fileSystems.delete(id);
    this.volumes.delete(root);
    for (const association of this.associationsOf(id)) this.dataRepositoryAssociations.delete(association.id);
  }

  createStorageVirtualMachine(properties: any) {
    const fileSystemId = this.fileSystemOf('ONTAP', properties).id;
    const id = this.nextId('svm');
    const svm = this.resource(
      id,
      fileSystemId,
      `storage-virtual-machine/${fileSystemId}/${id}`,
      'CREATED',
      properties,
    );
    this.storageVirtualMachines.set(id, svm);
    return { storageVirtualMachineId: id, resourceArn: svm.arn, uuid: uuidOf(id) };
  }

  updateStorageVirtualMachine(id: string, properties: any): void {
    this.storageVirtualMachine(id).tags = fromList(properties.Tags);
  }

  deleteStorageVirtualMachine(id: string): void {
    this.storageVirtualMachine(id);
    assertEmpty(
      id,
      [...this.volumes.values()].filter(
        (volume) => volume.description.OntapConfiguration?.StorageVirtualMachineId === id,
      ),
    );
    this.storageVirtualMachines.delete(id);
  }

  /** @param ms how long it is CREATING */
  createVolume(properties: any, ms = 0, restored?: Restored) {
    const home = this.homeOf(properties);
    assertUniqueInSvm(properties, this.volumes.values());
    const { id, arn } = this.addVolume(this.nextId('fsvol'), home, properties, ms, restored);
    return { volumeId: id, resourceArn: arn, uuid: uuidOf(id) };
  }

  /** @param ms how long it has an administrative action in progress */
  updateVolume(id: string, properties: any, ms = 0): void {
    const volume = this.volume(id);
    const { VolumeType, OntapConfiguration } = volume.description;
    const own = { ...completed(properties, volume.defaults), VolumeType };
    assertUniqueInSvm(completed(own, { OntapConfiguration }), this.volumes.values(), id);
    volume.description = { ...volume.description, ...volumeDescription(id, own) };
    volume.tags = fromList(properties.Tags);
    this.keepUpdating(volume, ms);
  }

  deleteVolume(id: string): void {
    this.volumes.delete(this.volume(id).id);
  }

  createDataRepositoryAssociation(properties: any) {
    const fileSystemId = this.fileSystemOf('LUSTRE', properties).id;
    const id = this.nextId('dra');
    const association = this.resource(
      id,
      fileSystemId,
      `association/${fileSystemId}/${id}`,
      'AVAILABLE',
      properties,
    );
    this.dataRepositoryAssociations.set(id, association);
    return { associationId: id, resourceArn: association.arn };
  }

  updateDataRepositoryAssociation(id: string, properties: any): void {
    found(this.dataRepositoryAssociations, id, 'DataRepositoryAssociationNotFound').tags = fromList(
      properties.Tags,
    );
  }

  deleteDataRepositoryAssociation(id: string): void {
    this.dataRepositoryAssociations.delete(
      found(this.dataRepositoryAssociations, id, 'DataRepositoryAssociationNotFound').id,
    );
  }

  fileSystem(id: string): FileSystem {
    return found(this.fileSystems, id, 'FileSystemNotFound');
  }

  storageVirtualMachine(id: string): Resource {
    return found(this.storageVirtualMachines, id, 'StorageVirtualMachineNotFound');
  }

  volume(id: string): DataStore {
    return found(this.volumes, id, 'VolumeNotFound');
  }

  protected associationsOf(fileSystemId: string): Resource[] {
    return [...this.dataRepositoryAssociations.values()].filter(
      (association) => association.fileSystemId === fileSystemId,
    );
  }

  /** Ids look random, so that their order is not that of time, and are the same in every run. */
  protected nextId(prefix: string, sequence = prefix): string {
    const nth = (this.sequences.get(sequence) ?? 0) + 1;
    this.sequences.set(sequence, nth);
    const { accountId, region } = this.location;
    const hash = createHash('sha256').update([accountId, region, sequence, nth].join(' ')).digest('hex');
    return `${prefix}-${hash.slice(0, 17)}`;
  }

  protected arnOf(resource: string): string {
    const { partition, region, accountId } = this.location;
    return `arn:${partition}:fsx:${region}:${accountId}:${resource}`;
  }

  /** An update that ends earlier does not end one that is under way. */
  private keepUpdating(resource: Resource, ms: number): void {
    resource.updatingUntil = Math.max(resource.updatingUntil ?? 0, this.clock.now() + ms);
  }

  private resource(
    id: string,
    fileSystemId: string,
    path: string,
    lifecycle: string,
    { Tags }: any,
  ): Resource {
    return { id, fileSystemId, arn: this.arnOf(path), lifecycle, tags: fromList(Tags), description: {} };
  }

  protected fileSystemDescription(
    id: string,
    properties: any,
    given: { MountName?: string; RootVolumeId?: string },
  ): any {
    const { partition, region, accountId } = this.location;
    const description = fileSystemDescription(properties);
    const configuration = CONFIGURATION[properties.FileSystemType as FileSystem['type']];
    return {
      KmsKeyId: `arn:${partition}:kms:${region}:${accountId}:key/${uuidOf('aws/fsx')}`,
      ...description,
      CreationTime: this.clock.now() / 1000,
      OwnerId: accountId,
      FileSystemId: id,
      VpcId: `vpc-${id.slice(3)}`,
      DNSName: `${id}.fsx.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`,
      ResourceARN: this.arnOf(`file-system/${id}`),
      [configuration]: { ...description[configuration], ...given },
    };
  }

  private fileSystemOf(type: FileSystem['type'], { FileSystemId }: any): FileSystem {
    const fileSystem = this.fileSystem(FileSystemId);
    if (fileSystem.type === type) return fileSystem;
    throw new AwsError(
      'UnsupportedOperation',
      `${FileSystemId} is a file system of ${fileSystem.type}, not of ${type}.`,
    );
  }

  /** the file system that a new volume belongs to */
  private homeOf({ VolumeType, OntapConfiguration, OpenZFSConfiguration }: any): string {
    switch (VolumeType) {
      case 'ONTAP':
        return this.storageVirtualMachine(OntapConfiguration?.StorageVirtualMachineId).fileSystemId;
      case 'OPENZFS':
        return this.volume(OpenZFSConfiguration?.ParentVolumeId).fileSystemId;
      default:
        throw new AwsError('BadRequest', `VolumeType is ${VolumeType}; it is one of ONTAP, OPENZFS.`);
    }
  }

  private addVolume(
    id: string,
    fileSystemId: string,
    given: any,
    ms: number,
    restored?: Restored,
  ): DataStore {
    const properties = completed(given, restored?.defaults);
    const lifecycle = properties.VolumeType === 'ONTAP' ? 'CREATED' : 'AVAILABLE';
    const volume: DataStore = {
      ...this.resource(id, fileSystemId, `volume/${fileSystemId}/${id}`, lifecycle, properties),
      ...contentsOf(restored),
    };
    const own = {
      CreationTime: this.clock.now() / 1000,
      FileSystemId: fileSystemId,
      VolumeId: id,
      ResourceARN: volume.arn,
    };
    volume.description = { ...volumeDescription(id, properties), ...own };
    volume.creatingUntil = this.clock.now() + ms;
    this.volumes.set(id, volume);
    return volume;
  }
}

function contentsOf(restored: Restored | undefined): Pick<DataStore, 'data' | 'restoredFrom' | 'defaults'> {
  return { data: restored?.data ?? '', restoredFrom: restored?.backupId, defaults: restored?.defaults };
}

function assertEmpty(id: string, inside: Resource[]): void {
  if (inside.length > 0) {
    throw new AwsError('BadRequest', `${id} still has ${inside.map((child) => child.id).join(', ')}.`);
  }
}

function found<R>(resources: Map<string, R>, id: string, code: string): R {
  const resource = resources.get(id);
  if (resource === undefined) throw new AwsError(code, `There is no ${code.replace('NotFound', '')} ${id}.`);
  return resource;
}
