import { VirtualClock } from '../../sandbox/clock';
import { FsxService, type FsxOptions } from '../../sandbox/fsx/service';

export const MINUTE = 60_000;
const SUBNETS = { SubnetIds: ['subnet-1234abcd'] };
export const OPENZFS = {
  FileSystemType: 'OPENZFS',
  StorageCapacity: 64,
  ...SUBNETS,
  OpenZFSConfiguration: { DeploymentType: 'SINGLE_AZ_1' },
};
const ONTAP = {
  FileSystemType: 'ONTAP',
  StorageCapacity: 1024,
  ...SUBNETS,
  OntapConfiguration: { DeploymentType: 'SINGLE_AZ_1' },
};

type Asked = { action: string; resource: string };

/** FSx without a wire, whose callers may do everything. */
export function world(options: Partial<FsxOptions> = {}) {
  const clock = new VirtualClock();
  const asked: Asked[] = [];
  const service = new FsxService({
    clock,
    accountId: '123456789012',
    region: 'us-east-1',
    partition: 'aws',
    authorizer: { authorize: async ({ action, resource }) => void asked.push({ action, resource }) },
    options,
  });
  const call = (operation: string, input: object = {}): Promise<any> =>
    service.api.handle({ operation, input, principal: 'arn:aws:iam::123456789012:role/caller' });
  const create = async (input: object) => (await call('CreateBackup', input)).Backup;
  const fileSystem = async (id: string) =>
    (await call('DescribeFileSystems', { FileSystemIds: [id] })).FileSystems[0];
  const volume = async (id: string) => (await call('DescribeVolumes', { VolumeIds: [id] })).Volumes[0];
  const pass = (ms: number) => clock.run(clock.sleep(ms));
  return { clock, service, asked, call, create, fileSystem, volume, pass };
}

/** A volume on an ONTAP file system; `of` and `own` say how long each is CREATING. */
export function ontapVolume(service: FsxService, { of = 0, own = 0 } = {}) {
  const { fileSystemId } = service.createFileSystem(ONTAP, of);
  const { storageVirtualMachineId } = service.createStorageVirtualMachine({
    FileSystemId: fileSystemId,
    Name: 'svm',
  });
  const OntapConfiguration = { StorageVirtualMachineId: storageVirtualMachineId, SizeInMegabytes: '1024' };
  const properties = { VolumeType: 'ONTAP', Name: 'vol1', OntapConfiguration };
  return { fileSystemId, properties, volumeId: service.createVolume(properties, own).volumeId };
}
