import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { FsxBackup } from 'cdk-fsx-backup';

/**
 * A file system that is restored from a backup: `-c backup=backup-0123456789abcdef0`.
 *
 * The id is pinned, and stays as it is for as long as the file system lives. CloudFormation replaces a file
 * system whose `backupId` changes: with the `backupId` of an `FsxBackup` that has triggers, the next backup
 * would replace the restored file system, and what was written since then would be gone. Synthesis warns of
 * that.
 */
const app = new App();
const stack = new Stack(app, 'Restored');

const backup = FsxBackup.fromBackupId(
  stack,
  'Backup',
  app.node.tryGetContext('backup') ?? 'backup-03e3c82e0183b7b6b',
);

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  backupId: backup.backupId,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
});

new CfnOutput(stack, 'FileSystemId', { value: fileSystem.ref });
