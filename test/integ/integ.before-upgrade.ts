import * as ssm from 'aws-cdk-lib/aws-ssm';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* A service is created after a backup, and upgraded after another one. */
const stack = liveStack('before-upgrade');
const fileSystem = openZfsIn(stack);
const service = new ssm.CfnParameter(stack, 'Service', { type: 'String', value: DEPLOYMENT });
new FsxBackup(stack, 'PreUpgrade', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onChangeOf(service)],
  executeBefore: [service],
});
expectOf(stack, { sourceId: fileSystem.ref, backups: [{}, {}], left: 2 });
