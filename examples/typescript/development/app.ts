import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup } from 'cdk-fsx-backup';

/** A development environment: its backups are deleted with it. */
const app = new App();
const stack = new Stack(app, 'Development');

const home = new fsx.CfnFileSystem(stack, 'Home', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 64,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
});

const backup = new FsxBackup(stack, 'HomeBackup', {
  source: BackupSource.of(home),
  backupName: 'development home',
  timeout: Duration.minutes(20),
  removalPolicy: RemovalPolicy.DESTROY,
});

// A file system that exists already.
new FsxBackup(stack, 'SharedBackup', {
  source: BackupSource.fromFileSystemId(app.node.tryGetContext('shared') ?? 'fs-0498eed5fe91001ec'),
  removalPolicy: RemovalPolicy.DESTROY,
});

new CfnOutput(stack, 'HomeBackupId', { value: backup.backupId });
new CfnOutput(stack, 'HomeBackupArn', { value: backup.backupArn });
