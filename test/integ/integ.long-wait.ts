import { CfnOutput, Duration } from 'aws-cdk-lib';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* A wait condition waits for the backup, and another one for the next. */
const stack = liveStack('long-wait');
const fileSystem = openZfsIn(stack);
const backup = new FsxBackup(stack, 'Backup', {
  source: BackupSource.fromCfnFileSystem(fileSystem),
  triggers: [BackupTrigger.onValue(DEPLOYMENT)],
  timeout: Duration.hours(2),
});
new CfnOutput(stack, 'BackupId', { value: backup.backupId });
expectOf(stack, { sourceId: fileSystem.ref, backups: [{}, {}], left: 2 });
