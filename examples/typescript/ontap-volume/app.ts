import { App, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup, FsxFinalBackup } from 'cdk-fsx-backup';

/**
 * An ONTAP volume that is backed up before it is changed (`-c megabytes=204800`), and before it is deleted.
 */
const app = new App();
const stack = new Stack(app, 'Projects');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'ONTAP',
  storageCapacity: 1024,
  subnetIds: ['subnet-0123456789abcdef0'],
  ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
});
const svm = new fsx.CfnStorageVirtualMachine(stack, 'Svm', { fileSystemId: fileSystem.ref, name: 'svm' });
const volume = new fsx.CfnVolume(stack, 'Volume', {
  name: 'projects',
  volumeType: 'ONTAP',
  ontapConfiguration: {
    storageVirtualMachineId: svm.ref,
    sizeInMegabytes: app.node.tryGetContext('megabytes') ?? '102400',
    junctionPath: '/projects',
    storageEfficiencyEnabled: 'true',
  },
});

// With ONTAP it is the volume that is backed up, not the file system.
FsxBackup.beforeChangeOf(stack, 'BeforeChange', volume, { keepLast: 3 });
new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(volume) });
