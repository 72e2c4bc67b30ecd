import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* With a timeout of two hours, two continuations stand behind the backup. The service waits for the last. */
const stack = liveStack('long-wait');
const fileSystem = openZfsIn(stack);
const service = new ssm.CfnParameter(stack, 'Service', { type: 'String', value: DEPLOYMENT });
const backup = new FsxBackup(stack, 'Backup', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onChangeOf(service)],
  executeBefore: [service],
  timeout: Duration.hours(2),
});
new CfnOutput(stack, 'BackupId', { value: backup.backupId });
expectOf(stack, { sourceId: fileSystem.ref, backups: [{}, {}], left: 2 });
