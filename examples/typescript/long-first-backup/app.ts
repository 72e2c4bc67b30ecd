import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { BackupSource, BackupTrigger, FsxBackup } from 'cdk-fsx-backup';

/**
 * The first backup of a large file system takes hours. A custom resource waits for 55 minutes at most, so six
 * continuations follow it, each a resource that waits for 55 minutes more. They end as soon as the backup is
 * AVAILABLE. The longest timeout is twelve hours.
 *
 * `-c release=2` takes another backup. It is incremental, and much shorter.
 */
const app = new App();
const stack = new Stack(app, 'Archive');

const backup = new FsxBackup(stack, 'Backup', {
  // exists already
  source: BackupSource.fromFileSystemId(app.node.tryGetContext('archive') ?? 'fs-0498eed5fe91001ec'),
  triggers: [BackupTrigger.onValue(app.node.tryGetContext('release') ?? '1')],
  timeout: Duration.hours(6),
});

// The parameter uses an attribute of the backup, so it waits for the backup.
new ssm.StringParameter(stack, 'NewestBackup', {
  parameterName: '/archive/newest-backup',
  stringValue: backup.backupId,
});
