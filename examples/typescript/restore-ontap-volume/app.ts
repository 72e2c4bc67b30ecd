import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { FsxBackup, RestorePoint } from 'cdk-fsx-backup';

/**
 * Restore an ONTAP volume in place. With ONTAP, FSx backs up and restores volumes, not file systems.
 *
 * Lost is what was written after that backup began. It is in the backup that the guard takes first.
 *
 *   npx cdk deploy --parameters RestoreFrom=new           the first time; later deployments keep the value
 *   npx cdk deploy --parameters RestoreFrom=backup-…      back to that backup
 *
 * The restored volume stands beside the old one for some minutes, so it cannot have the same name and the
 * same junction path. Its clients mount the path that the output says.
 */
const app = new App();
const stack = new Stack(app, 'Projects');

const restorePoint = RestorePoint.parameter(stack, 'RestoreFrom');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'ONTAP',
  storageCapacity: 1024,
  subnetIds: ['subnet-0123456789abcdef0'],
  ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
});
const svm = new fsx.CfnStorageVirtualMachine(stack, 'Svm', { fileSystemId: fileSystem.ref, name: 'svm' });

const junctionPath = restorePoint.nameOf('/projects');
const volume = new fsx.CfnVolume(stack, 'Volume', {
  name: restorePoint.nameOf('projects'),
  volumeType: 'ONTAP',
  backupId: restorePoint.backupId,
  ontapConfiguration: {
    storageVirtualMachineId: svm.ref,
    sizeInMegabytes: '102400',
    junctionPath,
    storageEfficiencyEnabled: 'true',
  },
});

const guard = FsxBackup.beforeChangeOf(stack, 'Guard', volume);

new CfnOutput(stack, 'JunctionPath', { value: junctionPath });
new CfnOutput(stack, 'BackupId', { value: guard.backupId }); // "none" until there was something to back up
