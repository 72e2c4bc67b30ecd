import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { FsxBackup, RestorePoint } from 'cdk-fsx-backup';

/**
 * Restore beside the old file system, compare, and then switch over.
 *
 * Lost is what was written after the backup began, but it stays in the old file system until you remove that
 * one from the app. Both are paid for until then.
 *
 * The two values are in `cdk.json`, and have no default in the code: a deployment cannot forget them.
 *
 * 1. `"restore-from": "backup-…"`: a second file system has the data of the backup. Compare.
 * 2. `"in-use": "Restored"`: the users of the DNS name go there.
 * 3. When nobody misses anything: remove the old file system from the code. FSx itself keeps a last backup of
 *    it.
 */
const app = new App();
const stack = new Stack(app, 'Share');

const restoreFrom: string = app.node.getContext('restore-from');
const inUse: string = app.node.getContext('in-use');

function share(id: string, backupId?: string): fsx.CfnFileSystem {
  return new fsx.CfnFileSystem(stack, id, {
    fileSystemType: 'WINDOWS',
    storageCapacity: 300, // FSx restores into the storage capacity of the backup
    subnetIds: ['subnet-0123456789abcdef0'],
    windowsConfiguration: { throughputCapacity: 32, activeDirectoryId: 'd-1234abcd12' },
    backupId,
  });
}

const fileSystems: Record<string, fsx.CfnFileSystem> = { Old: share('Old') };
if (restoreFrom !== 'none') {
  fileSystems.Restored = share('Restored', RestorePoint.literal(stack, restoreFrom).backupId);
}
if (!(inUse in fileSystems)) {
  throw new Error(`"in-use" is ${inUse}, and there are ${Object.keys(fileSystems).join(' and ')}`);
}

// What the users of the share read to find it.
new ssm.StringParameter(stack, 'DnsName', { stringValue: fileSystems[inUse].attrDnsName });

for (const [name, fileSystem] of Object.entries(fileSystems)) {
  const guard = FsxBackup.beforeChangeOf(stack, `GuardOf${name}`, fileSystem);
  new CfnOutput(stack, `BackupOf${name}`, { value: guard.backupId });
}
