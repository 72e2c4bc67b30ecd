import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* Of the backups of two deployments, the newest is kept, with its stack and without. */
const stack = liveStack('keep-last');
const fileSystem = openZfsIn(stack);
new FsxBackup(stack, 'Backup', {
  source: BackupSource.fromCfnFileSystem(fileSystem),
  triggers: [BackupTrigger.onValue(DEPLOYMENT)],
  keepLast: 1,
});
expectOf(stack, { sourceId: fileSystem.ref, left: 1 });
