import { RemovalPolicy } from 'aws-cdk-lib';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* A backup that is deleted when another one replaces it, and with the stack. */
const stack = liveStack('destroy');
const fileSystem = openZfsIn(stack);
new FsxBackup(stack, 'Backup', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onValue(DEPLOYMENT)],
  removalPolicy: RemovalPolicy.DESTROY,
});
expectOf(stack, { sourceId: fileSystem.ref, left: 0 });
