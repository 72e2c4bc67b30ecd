import { type AuthorizationRequest, type Known, permissionsFor } from '../../sandbox';

/** A call that nobody in a story may make. It is denied if one of the permissions that it takes is. */
export interface ForbiddenCall {
  what: string;
  requests: Array<Omit<AuthorizationRequest, 'principal'>>;
}

export interface Surroundings {
  partition: string;
  account: string;
  region: string;
  /** the stack whose backups may be taken */
  stackId: string;
  /** what is not forbidden */
  reach?: string[];
  /** ARNs of what was backed up */
  sources: string[];
}

/** A key of the account, whose policy leaves it to IAM who may use it. */
export const FOREIGN_KEY = 'key/11111111-2222-3333-4444-555555555555';

const STACK_TAG = 'cdk-fsx-backup:stack-id';
const FOREIGN = 'fs-0fedcba9876543210';
const BACKUP = 'backup-0fedcba9876543210';
const VOLUME = 'fsvol-0fedcba9876543210';
const ANOTHER_REGION = 'eu-west-1';

/** Calls that would touch what belongs to others, or pretend to be somebody else's. */
export function forbiddenCalls({
  partition,
  account,
  region,
  stackId,
  reach = [],
  sources,
}: Surroundings): ForbiddenCall[] {
  const arn = (service: string, rest: string, where = region) =>
    `arn:${partition}:${service}:${where}:${account}:${rest}`;
  const other = arn('cloudformation', 'stack/Files2/11111111-2222-3333-4444-555555555555');
  const ours = { [STACK_TAG]: stackId, Name: 'Files/Backup' };
  const theirs = { [STACK_TAG]: other, Name: 'Files2/Backup' };

  /** A call of FSx, where the resource that it is about carries these tags. */
  const fsx = (
    operation: string,
    input: object,
    tags: Record<string, string> = {},
    { where = region, home = FOREIGN } = {},
  ): ForbiddenCall['requests'] =>
    permissionsFor(operation, input, {
      arnOf: (resource) => arn('fsx', resource, where),
      tagsOf: () => new Map(Object.entries(tags)),
      fileSystemIdOf: () => home,
    } satisfies Known);
  const asList = (tags: Record<string, string>) =>
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const createdFrom = (source: string, Tags?: object[]) => {
    const [type, ...ids] = source.split(':').at(-1)!.split('/');
    return fsx(
      'CreateBackup',
      { [type === 'volume' ? 'VolumeId' : 'FileSystemId']: ids.at(-1), Tags },
      {},
      { home: ids[0] },
    );
  };
  const backup = { ResourceARN: arn('fsx', `backup/${BACKUP}`) };
  const fileSystem = { ResourceARN: arn('fsx', `file-system/${FOREIGN}`) };
  const there = { where: ANOTHER_REGION };

  return [
    ...sources.flatMap((source) => [
      { what: 'take a backup without tags', requests: createdFrom(source) },
      { what: 'take a backup as another stack', requests: createdFrom(source, asList(theirs)) },
    ]),
    ...(reach.includes('file systems')
      ? []
      : [
          {
            what: 'take a backup of a foreign file system',
            requests: fsx('CreateBackup', { FileSystemId: FOREIGN, Tags: asList(ours) }),
          },
        ]),
    ...(reach.includes('volumes')
      ? []
      : [
          {
            what: 'take a backup of a foreign volume',
            requests: fsx('CreateBackup', { VolumeId: VOLUME, Tags: asList(ours) }),
          },
        ]),
    // the first two of the permissions that this takes
    {
      what: 'take a backup in another Region',
      requests: fsx('CreateBackup', { FileSystemId: FOREIGN, Tags: asList(ours) }, {}, there).slice(0, 2),
    },

    { what: 'delete a backup without tags', requests: fsx('DeleteBackup', { BackupId: BACKUP }) },
    { what: 'delete a backup of another stack', requests: fsx('DeleteBackup', { BackupId: BACKUP }, theirs) },
    {
      what: 'delete a copy in another Region',
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, ours, there),
    },

    {
      what: 'tag a backup of another stack',
      requests: fsx('TagResource', { ...backup, Tags: asList({ team: 'a' }) }, theirs),
    },
    {
      what: 'tag a backup without tags',
      requests: fsx('TagResource', { ...backup, Tags: asList({ team: 'a' }) }),
    },
    {
      what: 'give a backup to another stack',
      requests: fsx('TagResource', { ...backup, Tags: asList({ [STACK_TAG]: other }) }, ours),
    },
    {
      what: 'take off whose backup it is',
      requests: fsx('UntagResource', { ...backup, TagKeys: [STACK_TAG] }, ours),
    },
    {
      what: 'take tags off a backup of another stack',
      requests: fsx('UntagResource', { ...backup, TagKeys: ['team'] }, theirs),
    },
    { what: 'tag a file system', requests: fsx('TagResource', { ...fileSystem, Tags: asList(ours) }) },
    {
      what: 'take tags off a file system that is restored from a backup',
      requests: fsx('UntagResource', { ...fileSystem, TagKeys: ['team'] }, ours),
    },

    ...['DescribeStacks', 'DescribeStackEvents', 'DescribeStackResource'].map((operation) => ({
      what: 'look at another stack',
      requests: [{ action: `cloudformation:${operation}`, resource: other }],
    })),
    ...['StartExecution', 'DescribeStateMachine'].map((operation) => ({
      what: 'use another state machine',
      requests: [{ action: `states:${operation}`, resource: arn('states', 'stateMachine:Payroll') }],
    })),
    {
      what: 'read an execution of another state machine',
      requests: [{ action: 'states:DescribeExecution', resource: arn('states', 'execution:Payroll:1') }],
    },
    {
      what: 'invoke another function',
      requests: [{ action: 'lambda:InvokeFunction', resource: arn('lambda', 'function:payroll') }],
    },
    ...(reach.includes('log groups')
      ? []
      : ['CreateLogStream', 'PutLogEvents'].map((operation) => ({
          what: 'write to another log group',
          requests: [
            { action: `logs:${operation}`, resource: arn('logs', 'log-group:payroll:log-stream:1') },
          ],
        }))),
    ...['Decrypt', 'GenerateDataKey'].map((operation) => ({
      what: 'use another key',
      requests: [{ action: `kms:${operation}`, resource: arn('kms', FOREIGN_KEY) }],
    })),

    {
      what: 'delete a file system',
      requests: [{ action: 'fsx:DeleteFileSystem', resource: fileSystem.ResourceARN }],
    },
    {
      what: 'restore a backup',
      requests: [{ action: 'fsx:CreateFileSystemFromBackup', resource: backup.ResourceARN }],
    },
    {
      what: 'pass a role on',
      requests: [{ action: 'iam:PassRole', resource: `arn:${partition}:iam::${account}:role/Administrator` }],
    },
  ];
}
