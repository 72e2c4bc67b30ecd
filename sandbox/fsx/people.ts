import { AwsError } from '../endpoint';
import type { Entry, Journal } from '../journal';
import type { FsxService } from './service';

type Act = Omit<Extract<Entry, { kind: 'person' }>, 'kind'>;

/**
 * People with a console, who change backups behind everybody's back. What FSx would refuse they leave alone;
 * each method says whether anything was done.
 */
export class People {
  constructor(private readonly sandbox: { fsx: FsxService; journal: Journal }) {}

  tag(backupId: string, key: string, value: string): boolean {
    return this.does({ act: 'tag', backupId, key, value }, 'TagResource', {
      ResourceARN: this.backup(backupId)?.arn,
      Tags: [{ Key: key, Value: value }],
    });
  }

  untag(backupId: string, key: string): boolean {
    if (!this.backup(backupId)?.tags.has(key)) return false;
    return this.does({ act: 'untag', backupId, key }, 'UntagResource', {
      ResourceARN: this.backup(backupId)?.arn,
      TagKeys: [key],
    });
  }

  deleteBackup(backupId: string): boolean {
    return this.does({ act: 'delete', backupId }, 'DeleteBackup', { BackupId: backupId });
  }

  private backup(id: string) {
    return this.sandbox.fsx.backups.get(id);
  }

  private does(act: Act, operation: string, input: object): boolean {
    if (!this.backup(act.backupId)) return false;
    try {
      this.sandbox.fsx.carryOut(operation, input);
    } catch (error) {
      if (error instanceof AwsError) return false;
      throw error;
    }
    this.sandbox.journal.add({ kind: 'person', ...act });
    return true;
  }
}
