import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { FsxBackup } from '../../src';

/* Nothing is there to back up the first time; the second changes the file system, after a backup. */
const stack = liveStack('before-change');
const fileSystem = openZfsIn(stack, {
  weeklyMaintenanceStartTime: DEPLOYMENT === 'first' ? '1:05:00' : '2:05:00',
});
FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
expectOf(stack, { sourceId: fileSystem.ref, left: 1 });
