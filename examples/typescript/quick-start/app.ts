import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup } from 'cdk-fsx-backup';

const app = new App();
const stack = new Stack(app, 'QuickStart');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 });
const fileSystem = new fsx.LustreFileSystem(stack, 'FileSystem', {
  vpc,
  vpcSubnet: vpc.isolatedSubnets[0],
  storageCapacityGiB: 1200,
  lustreConfiguration: {
    deploymentType: fsx.LustreDeploymentType.PERSISTENT_2,
    perUnitStorageThroughput: 125,
  },
});

const backup = new FsxBackup(stack, 'Backup', {
  source: BackupSource.of(fileSystem),
});

new CfnOutput(stack, 'BackupId', { value: backup.backupId });
