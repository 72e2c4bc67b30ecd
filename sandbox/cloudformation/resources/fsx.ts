import type { FileSystemService, World } from '../world';
import { ResourceFailure, type NativeType } from './provider';

/** File systems and what is in them, handed to the FSx service. */
export function fsxTypes(world: World): Record<string, NativeType> {
  const fsx = (): FileSystemService => {
    if (!world.fsx) {
      throw new ResourceFailure('the template has FSx resources, and this sandbox runs without FSx');
    }
    return world.fsx;
  };
  return {
    'AWS::FSx::FileSystem': {
      attributes: ['Id', 'DNSName', 'LustreMountName', 'ResourceARN', 'RootVolumeId'],
      replacedBy: [
        'KmsKeyId',
        'BackupId',
        'SubnetIds',
        'SecurityGroupIds',
        'FileSystemTypeVersion',
        'FileSystemType',
      ],
      create: ({ properties, takes }) => fileSystem(fsx().createFileSystem(properties, takes)),
      update: ({ physicalId, properties, takes }) =>
        fileSystem(fsx().updateFileSystem(physicalId, properties, takes)).attributes,
      delete: ({ physicalId }) => fsx().deleteFileSystem(physicalId),
    },
    'AWS::FSx::Volume': {
      attributes: ['VolumeId', 'ResourceARN', 'UUID'],
      replacedBy: [
        'BackupId',
        'VolumeType',
        'OntapConfiguration.StorageVirtualMachineId',
        'OntapConfiguration.OntapVolumeType',
      ],
      create: ({ properties, takes }) => {
        const { volumeId, resourceArn, uuid } = fsx().createVolume(properties, takes);
        return {
          physicalId: volumeId,
          attributes: { VolumeId: volumeId, ResourceARN: resourceArn, UUID: uuid },
        };
      },
      update: ({ physicalId, properties }) => fsx().updateVolume(physicalId, properties),
      delete: ({ physicalId }) => fsx().deleteVolume(physicalId),
    },
    'AWS::FSx::StorageVirtualMachine': {
      attributes: ['StorageVirtualMachineId', 'ResourceARN', 'UUID'],
      replacedBy: ['FileSystemId', 'Name', 'RootVolumeSecurityStyle'],
      create: ({ properties }) => {
        const { storageVirtualMachineId, resourceArn, uuid } = fsx().createStorageVirtualMachine(properties);
        const attributes = {
          StorageVirtualMachineId: storageVirtualMachineId,
          ResourceARN: resourceArn,
          UUID: uuid,
        };
        return { physicalId: storageVirtualMachineId, attributes };
      },
      update: ({ physicalId, properties }) => fsx().updateStorageVirtualMachine(physicalId, properties),
      delete: ({ physicalId }) => fsx().deleteStorageVirtualMachine(physicalId),
    },
    'AWS::FSx::DataRepositoryAssociation': {
      attributes: ['AssociationId', 'ResourceARN'],
      replacedBy: ['FileSystemId', 'FileSystemPath', 'DataRepositoryPath', 'BatchImportMetaDataOnCreate'],
      create: ({ properties }) => {
        const { associationId, resourceArn } = fsx().createDataRepositoryAssociation(properties);
        return {
          physicalId: associationId,
          attributes: { AssociationId: associationId, ResourceARN: resourceArn },
        };
      },
      update: ({ physicalId, properties }) => fsx().updateDataRepositoryAssociation(physicalId, properties),
      delete: ({ physicalId }) => fsx().deleteDataRepositoryAssociation(physicalId),
    },
  };
}

function fileSystem({
  fileSystemId,
  dnsName,
  lustreMountName,
  resourceArn,
  rootVolumeId,
}: Record<string, any>) {
  const attributes = {
    Id: fileSystemId,
    DNSName: dnsName,
    LustreMountName: lustreMountName,
    ResourceARN: resourceArn,
    RootVolumeId: rootVolumeId,
  };
  return { physicalId: fileSystemId as string, attributes };
}
