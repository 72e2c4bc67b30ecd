import { App, CfnOutput, Duration, Stack, Tags } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup } from 'cdk-fsx-backup';

/**
 * One backup of each kind of file system.
 *
 * `-c team=storage` tags the backups: a redeployment with another team changes the tags in place and takes no
 * new backup.
 */
const app = new App();
const stack = new Stack(app, 'FourKinds');
const subnetIds = ['subnet-0123456789abcdef0'];

const windows = new fsx.CfnFileSystem(stack, 'Windows', {
  fileSystemType: 'WINDOWS',
  storageCapacity: 300,
  subnetIds,
  windowsConfiguration: {
    throughputCapacity: 32,
    activeDirectoryId: 'd-1234abcd12',
    copyTagsToBackups: true,
  },
  tags: [{ key: 'data', value: 'projects' }],
});
const lustre = new fsx.CfnFileSystem(stack, 'Lustre', {
  fileSystemType: 'LUSTRE',
  storageCapacity: 1200,
  subnetIds,
  lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
});
const openZfs = new fsx.CfnFileSystem(stack, 'OpenZfs', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 64,
  subnetIds,
  openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
});
const ontap = new fsx.CfnFileSystem(stack, 'Ontap', {
  fileSystemType: 'ONTAP',
  storageCapacity: 1024,
  subnetIds,
  ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
});
const svm = new fsx.CfnStorageVirtualMachine(stack, 'Svm', { fileSystemId: ontap.ref, name: 'svm' });
const volume = new fsx.CfnVolume(stack, 'Volume', {
  name: 'vol1',
  volumeType: 'ONTAP',
  ontapConfiguration: {
    storageVirtualMachineId: svm.ref,
    sizeInMegabytes: '102400',
    junctionPath: '/vol1',
    storageEfficiencyEnabled: 'true',
  },
});

const sources = {
  WindowsBackup: BackupSource.of(windows),
  LustreBackup: BackupSource.of(lustre),
  OpenZfsBackup: BackupSource.of(openZfs),
  OntapBackup: BackupSource.of(volume), // ONTAP: the volume, not the file system
};

for (const [id, source] of Object.entries(sources)) {
  const backup = new FsxBackup(stack, id, { source, timeout: Duration.minutes(45) });
  Tags.of(backup).add('team', app.node.tryGetContext('team') ?? 'files');
  new CfnOutput(stack, `${id}Id`, { value: backup.backupId });
}
