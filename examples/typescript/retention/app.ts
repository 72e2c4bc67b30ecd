import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, BackupTrigger, FsxBackup } from 'cdk-fsx-backup';

/**
 * A backup for each release (`-c release=2`), of which the last five are kept; and one that is worth nothing
 * without its stack.
 */
const app = new App();
const stack = new Stack(app, 'Retention');
const release = app.node.tryGetContext('release') ?? '1';

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 64,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
});

// Older ones are deleted when another one is AVAILABLE and the deployment has succeeded. Without keepLast all
// are kept.
new FsxBackup(stack, 'PerRelease', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onValue(release)],
  keepLast: 5,
});

// Deleted with its resource, and when it is replaced by the next one.
new FsxBackup(stack, 'Newest', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onValue(release)],
  removalPolicy: RemovalPolicy.DESTROY,
});
