import * as fsx from 'aws-cdk-lib/aws-fsx';
import { liveStack, vpcIn } from './live-app';
import { oneBackupOf } from './one-backup';
import { BackupSource } from '../../src';

const stack = liveStack('lustre');
const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'LUSTRE',
  fileSystemTypeVersion: '2.15',
  storageCapacity: 1200,
  subnetIds: [vpcIn(stack).isolatedSubnets[0].subnetId],
  lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
});
oneBackupOf(stack, BackupSource.of(fileSystem), fileSystem);
