import type { Stack } from 'aws-cdk-lib';
import { CfnFileSystem } from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup } from '../../src';

/** Each backup is of a file system that the stack defines. */
export function define(stack: Stack, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    const fileSystem = new CfnFileSystem(stack, `FileSystem${nth}`, {
      fileSystemType: 'OPENZFS',
      subnetIds: ['subnet-0123456789abcdef0'],
    });
    new FsxBackup(stack, `Backup${nth}`, { source: BackupSource.of(fileSystem) });
  }
}
