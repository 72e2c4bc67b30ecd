import * as fsx from 'aws-cdk-lib/aws-fsx';
import { liveStack, vpcIn } from './live-app';
import { oneBackupOf } from './one-backup';
import { BackupSource } from '../../src';

const stack = liveStack('ontap-volume');
const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'ONTAP',
  storageCapacity: 1024,
  subnetIds: [vpcIn(stack).isolatedSubnets[0].subnetId],
  ontapConfiguration: {
    deploymentType: 'SINGLE_AZ_1',
    throughputCapacity: 128,
    automaticBackupRetentionDays: 0,
  },
});
const svm = new fsx.CfnStorageVirtualMachine(stack, 'Svm', { fileSystemId: fileSystem.ref, name: 'live' });
const volume = new fsx.CfnVolume(stack, 'Volume', {
  name: 'live',
  volumeType: 'ONTAP',
  ontapConfiguration: {
    storageVirtualMachineId: svm.ref,
    sizeInMegabytes: '1024',
    junctionPath: '/live',
    storageEfficiencyEnabled: 'true',
  },
});
oneBackupOf(stack, BackupSource.of(volume), volume);
