import { App, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxFinalBackup } from 'cdk-fsx-backup';

/**
 * A Lustre file system of which a last backup is taken before it is deleted, and kept: of Lustre FSx itself
 * takes none by default.
 */
const app = new App();
const stack = new Stack(app, 'Scratchpad');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'LUSTRE',
  storageCapacity: 1200,
  subnetIds: ['subnet-0123456789abcdef0'],
  lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
});

new FsxFinalBackup(stack, 'Final', {
  source: BackupSource.of(fileSystem),
  backupName: 'the last of the scratchpad',
});
