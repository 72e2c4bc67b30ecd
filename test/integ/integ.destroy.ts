import { Annotations, RemovalPolicy } from 'aws-cdk-lib';
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
// The VPC stays as it is.
Annotations.of(stack).acknowledgeWarning('cdk-fsx-backup:nothingWaits');
expectOf(stack, { sourceId: fileSystem.ref, left: 0 });
