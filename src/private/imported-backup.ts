import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BACKUP_ID } from './rules';
import { isUnknown } from './source-checks';
import type { IFsxBackup } from '../fsx-backup-props';

/** A reference to a backup that exists. */
export class ImportedBackup extends Construct implements IFsxBackup {
  public readonly backupArn: string;

  constructor(
    scope: Construct,
    id: string,
    public readonly backupId: string,
  ) {
    super(scope, id);
    if (!isUnknown(backupId) && !BACKUP_ID.test(backupId)) {
      throw new Error(
        `"${backupId}" is not the id of an FSx backup: it must be "backup-" and 8 or more hexadecimal digits`,
      );
    }
    this.backupArn = Stack.of(this).formatArn({
      service: 'fsx',
      resource: 'backup',
      resourceName: backupId,
    });
  }
}
