import type { Stack } from 'aws-cdk-lib';
import { BackupSource, FsxBackup } from '../../src';
import { fileSystemId } from '../file-system-id';

export function define(stack: Stack, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    new FsxBackup(stack, `Backup${nth}`, { source: BackupSource.fromFileSystemId(fileSystemId(nth)) });
  }
}
