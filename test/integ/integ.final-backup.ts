import { expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, FsxFinalBackup } from '../../src';

/* Taken when the stack is destroyed, before its file system is. */
const stack = liveStack('final-backup');
const fileSystem = openZfsIn(stack);
new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(fileSystem) });
expectOf(stack, { sourceId: fileSystem.ref, backups: [], left: 1, once: true });
