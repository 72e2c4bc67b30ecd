import * as ssm from 'aws-cdk-lib/aws-ssm';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* The upgrade fails and is rolled back, and the backup from before it is still there. */
const stack = liveStack('failed-upgrade');
const fileSystem = openZfsIn(stack);
const service = new ssm.CfnParameter(stack, 'Service', {
  type: 'String',
  value: DEPLOYMENT,
  allowedPattern: '^first$',
});
new FsxBackup(stack, 'PreUpgrade', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onChangeOf(service)],
  executeBefore: [service],
});
expectOf(stack, { fails: true, left: 2 });
