import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupTrigger, FsxBackup, RestorePoint } from 'cdk-fsx-backup';

/**
 * Replace a file system, and keep its data: another key, subnet or Lustre version. CloudFormation cannot
 * change these in place. It creates a new file system, and deletes the old one.
 *
 * Lost is what is written between the backup of step 2 and the end of step 3. It is in the backup that the
 * guard takes in step 3, which you also pay for.
 *
 * 1. Stop what writes.
 * 2. In `cdk.json`, give `copy` a new value, such as today's date, and deploy: the guard takes a backup, and
 *    the output says its id.
 * 3. In `cdk.json`, change `key`, `subnet` or `lustre-version`, and deploy **with that id**:
 *    `npx cdk deploy --parameters RestoreFrom=backup-…`
 *
 * Do both steps for every replacement. Without step 2, `RestoreFrom` still has its old value: the new file
 * system would be empty, or have the data of months ago.
 *
 * FSx restores into the storage capacity of the backup. So change `capacity` before step 2, or after step 3.
 */
const app = new App();
const stack = new Stack(app, 'Scratchpad');

/** From `cdk.json`, without a default: a deployment cannot forget it. */
const setting = (name: string): string => app.node.getContext(name);

const restorePoint = RestorePoint.parameter(stack, 'RestoreFrom');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'LUSTRE',
  fileSystemTypeVersion: setting('lustre-version'),
  storageCapacity: Number(setting('capacity')),
  subnetIds: [setting('subnet')],
  kmsKeyId: setting('key'),
  lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
  backupId: restorePoint.backupId,
});

const guard = FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, {
  triggers: [BackupTrigger.onValue(setting('copy'))],
});

new CfnOutput(stack, 'BackupId', { value: guard.backupId }); // "none" until there was something to back up
new CfnOutput(stack, 'DnsName', { value: fileSystem.attrDnsName }); // another one after each replacement
