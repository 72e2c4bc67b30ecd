import * as directory from 'aws-cdk-lib/aws-directoryservice';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { liveStack, vpcIn } from './live-app';
import { oneBackupOf } from './one-backup';
import { BackupSource } from '../../src';

/* A Windows file system joins a directory: AWS Managed Microsoft AD, which takes the most time of all. */
const stack = liveStack('windows');
const vpc = vpcIn(stack, 2);
const subnetIds = vpc.isolatedSubnets.map(({ subnetId }) => subnetId);
const admin = new secretsmanager.Secret(stack, 'Admin', {
  generateSecretString: { passwordLength: 24, excludePunctuation: true },
});
const ad = new directory.CfnMicrosoftAD(stack, 'Directory', {
  name: 'live.example.com',
  edition: 'Standard',
  password: admin.secretValue.unsafeUnwrap(), // a reference that CloudFormation resolves
  vpcSettings: { vpcId: vpc.vpcId, subnetIds },
});
const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'WINDOWS',
  storageCapacity: 32,
  subnetIds: [subnetIds[0]],
  windowsConfiguration: {
    deploymentType: 'SINGLE_AZ_2',
    throughputCapacity: 32,
    activeDirectoryId: ad.ref,
    automaticBackupRetentionDays: 0,
  },
});
oneBackupOf(stack, BackupSource.of(fileSystem), fileSystem);
