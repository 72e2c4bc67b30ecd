import type { Sources } from './sources';

/** The kinds of file systems that can be backed up themselves, and what FSx requires of each. */
export const KINDS: Record<string, object> = {
  WINDOWS: { WindowsConfiguration: { ThroughputCapacity: 32 } },
  LUSTRE: { LustreConfiguration: { DeploymentType: 'PERSISTENT_2', PerUnitStorageThroughput: 125 } },
  OPENZFS: { OpenZFSConfiguration: { DeploymentType: 'SINGLE_AZ_1', ThroughputCapacity: 64 } },
};

/** A file system that no stack defines. Its id. */
export function createExisting(fsx: Sources, kind = 'OPENZFS'): string {
  return fsx.createFileSystem({
    FileSystemType: kind,
    StorageCapacity: 1200,
    SubnetIds: ['subnet-0123456789abcdef0'],
    ...KINDS[kind],
  }).fileSystemId;
}
