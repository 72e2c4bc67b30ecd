import { App, Stack } from 'aws-cdk-lib';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { FsxBackup, FsxBackupProvider } from '../../../src';

/* The example `alarm` without its alarm: ministack knows none on a sum of metrics. */
const app = new App();
const stack = new Stack(app, 'Told');
const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 64,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: {
    deploymentType: 'SINGLE_AZ_1',
    throughputCapacity: Number(app.node.tryGetContext('throughput') ?? 64),
  },
});
FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
const target = new SnsTopic(new Topic(stack, 'Topic'));
FsxBackupProvider.defaultFor(stack).onFailed('Failed', { target });
