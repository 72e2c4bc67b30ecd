import { VirtualClock } from '../clock';
import { AwsError } from '../endpoint';
import { type FsxOptions, FsxService } from '../fsx/service';

export const MINUTE = 60_000;
const CALLER = 'arn:aws:iam::123456789012:role/caller';
const SUBNETS = { SubnetIds: ['subnet-1234abcd'] };
export const WINDOWS = {
  FileSystemType: 'WINDOWS',
  StorageCapacity: 300,
  ...SUBNETS,
  WindowsConfiguration: { ThroughputCapacity: 8 },
};
export const OPENZFS = {
  FileSystemType: 'OPENZFS',
  StorageCapacity: 64,
  ...SUBNETS,
  OpenZFSConfiguration: { DeploymentType: 'SINGLE_AZ_1' },
};
export const ONTAP = {
  FileSystemType: 'ONTAP',
  StorageCapacity: 1024,
  ...SUBNETS,
  OntapConfiguration: { DeploymentType: 'SINGLE_AZ_1' },
};
export const lustre = (configuration: object = {}) => ({
  FileSystemType: 'LUSTRE',
  StorageCapacity: 1200,
  ...SUBNETS,
  LustreConfiguration: { DeploymentType: 'PERSISTENT_2', ...configuration },
});

type Asked = { action: string; resource: string; context?: Record<string, unknown> };

/** FSx without a wire. Its caller may do everything but what is `denied`. */
export function world(
  options: Partial<FsxOptions> = {},
  location = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' },
) {
  const clock = new VirtualClock();
  const asked: Asked[] = [];
  const denied = new Set<string>();
  const authorizer = {
    authorize: async ({ principal, ...request }: { principal: string } & Asked) => {
      expect(principal).toBe(CALLER);
      asked.push(request);
      if (denied.has(request.action)) {
        throw new AwsError('AccessDeniedException', `not authorized to perform: ${request.action}`);
      }
    },
  };
  const service = new FsxService({ clock, ...location, authorizer, options });
  const call = (operation: string, input: object = {}): Promise<any> =>
    service.api.handle({ operation, input, principal: CALLER });
  const create = async (input: object) => (await call('CreateBackup', input)).Backup;
  const describeOne = async (id: string) => (await call('DescribeBackups', { BackupIds: [id] })).Backups[0];
  const fileSystem = async (id: string) =>
    (await call('DescribeFileSystems', { FileSystemIds: [id] })).FileSystems[0];
  const volume = async (id: string) => (await call('DescribeVolumes', { VolumeIds: [id] })).Volumes[0];
  const pass = (ms: number) => clock.run(clock.sleep(ms));
  const ids = async (input: object = {}): Promise<string[]> =>
    (await call('DescribeBackups', input)).Backups.map(({ BackupId }: any) => BackupId);
  return { clock, service, asked, denied, call, create, describeOne, fileSystem, volume, pass, ids };
}

/** A volume on an ONTAP file system; `of` and `own` say how long each is CREATING. */
export function ontapVolume(
  service: FsxService,
  { configuration = {}, tags, of = 0, own = 0 }: OntapVolume = {},
) {
  const { fileSystemId } = service.createFileSystem(ONTAP, of);
  const { storageVirtualMachineId } = service.createStorageVirtualMachine({
    FileSystemId: fileSystemId,
    Name: 'svm',
  });
  const OntapConfiguration = {
    StorageVirtualMachineId: storageVirtualMachineId,
    SizeInMegabytes: '1024',
    ...configuration,
  };
  const properties = { VolumeType: 'ONTAP', Name: 'vol1', OntapConfiguration, Tags: tags };
  const { volumeId } = service.createVolume(properties, own);
  return { fileSystemId, storageVirtualMachineId, volumeId, properties };
}

interface OntapVolume {
  configuration?: object;
  tags?: object[];
  of?: number;
  own?: number;
}
