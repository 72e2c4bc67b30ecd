import { Duration, type Stack } from 'aws-cdk-lib';
import { BackupSource, FsxBackup } from '../../src';
import { fileSystemId } from '../file-system-id';

/** With the longest timeout. */
export function define(stack: Stack, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    const source = BackupSource.fromFileSystemId(fileSystemId(nth));
    new FsxBackup(stack, `Backup${nth}`, { source, timeout: Duration.hours(12) });
  }
}
