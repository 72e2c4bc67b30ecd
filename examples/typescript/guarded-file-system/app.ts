import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { FsxBackup } from 'cdk-fsx-backup';

/**
 * A file system that is backed up before each change of its own (`-c throughput=64`), above all before it is
 * replaced (`-c subnet=subnet-…`): CloudFormation then creates an empty one, and deletes the other.
 */
const app = new App();
const stack = new Stack(app, 'Guarded');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'WINDOWS',
  storageCapacity: 300,
  subnetIds: [app.node.tryGetContext('subnet') ?? 'subnet-0123456789abcdef0'],
  windowsConfiguration: {
    throughputCapacity: Number(app.node.tryGetContext('throughput') ?? 32),
    activeDirectoryId: 'd-1234abcd12',
  },
});

const guard = FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);

new CfnOutput(stack, 'BackupId', { value: guard.backupId }); // "none" until there was something to back up
