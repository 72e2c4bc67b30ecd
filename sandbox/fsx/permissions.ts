import type { FsxOptions } from './options';
import type { TagList, Tags } from './tags';

/** What IAM is asked before an operation is carried out. */
export interface Permission {
  action: string;
  resource: string;
  context?: Record<string, string | string[]>;
}

/** What IAM has to know of the resources that a request names. */
export interface Known extends Partial<Pick<FsxOptions, 'volumeBackupsNeed'>> {
  arnOf(resource: string): string;
  /** undefined: no such resource */
  tagsOf(arn: string): Tags | undefined;
  /** the file system that a volume belongs to */
  fileSystemIdOf(volumeId: string): string | undefined;
}

/** Per operation, from the service authorization reference. */
export function permissionsFor(operation: string, input: any, known: Known): Permission[] {
  const action = `fsx:${operation}`;
  const on = (resource: string, context = {}): Permission => ({
    action,
    resource,
    context: { ...resourceTags(known.tagsOf(resource)), ...context },
  });
  switch (operation) {
    case 'CreateBackup': {
      const context = requestTags(input.Tags);
      const created = known.arnOf('backup/*');
      const tagging = input.Tags ? [{ action: 'fsx:TagResource', resource: created, context }] : [];
      return [
        { action, resource: created, context },
        ...sourceArns(input, known).map((arn) => on(arn, context)),
        ...tagging,
      ];
    }
    case 'DeleteBackup':
      return [on(known.arnOf(`backup/${input.BackupId}`))];
    case 'TagResource':
      return [on(input.ResourceARN, requestTags(input.Tags))];
    case 'UntagResource':
      return [on(input.ResourceARN, { 'aws:TagKeys': input.TagKeys })];
    case 'ListTagsForResource':
      return [on(input.ResourceARN)];
    default:
      return [{ action, resource: '*' }];
  }
}

function sourceArns({ FileSystemId, VolumeId }: any, known: Known): string[] {
  const arns = FileSystemId ? [known.arnOf(`file-system/${FileSystemId}`)] : [];
  if (!VolumeId) return arns;
  // nobody knows the file system of a volume that does not exist: only a policy with a wildcard there lets
  // the caller learn so
  const home = known.fileSystemIdOf(VolumeId) ?? 'fs-00000000000000000';
  const { volumeBackupsNeed = 'volume' } = known;
  if (volumeBackupsNeed !== 'file system') arns.push(known.arnOf(`volume/${home}/${VolumeId}`));
  if (volumeBackupsNeed !== 'volume') arns.push(known.arnOf(`file-system/${home}`));
  return arns;
}

function requestTags(tags: TagList | undefined): Record<string, string | string[]> {
  if (!tags) return {};
  const values = tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]);
  return { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ Key }) => Key) };
}

function resourceTags(tags: Tags | undefined): Record<string, string> {
  return Object.fromEntries([...(tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}
