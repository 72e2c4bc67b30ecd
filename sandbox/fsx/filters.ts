import { AwsError } from '../endpoint';
import type { BackupRecord } from './backup';

const PROPERTIES: Record<string, (backup: BackupRecord) => string | undefined> = {
  'file-system-id': ({ source }) => source.fileSystemId,
  'volume-id': ({ source }) => source.volumeId,
  'backup-type': ({ type }) => type,
  'file-system-type': ({ source }) => source.fileSystemType,
};

/** Whether a backup passes all filters: each by any of its values. */
export function passes(
  filters: Array<{ Name?: string; Values?: string[] }> = [],
): (backup: BackupRecord) => boolean {
  for (const { Name = '', Values = [] } of filters) {
    if (Values.length === 0) throw new AwsError('BadRequest', 'A filter has a name and at least one value.');
    if (!(Name in PROPERTIES)) {
      throw new AwsError(
        'BadRequest',
        `the sandbox filters by ${Object.keys(PROPERTIES).join(', ')}, not by ${Name}`,
      );
    }
  }
  return (backup) => filters.every(({ Name, Values }) => Values!.includes(PROPERTIES[Name!](backup) ?? ''));
}
