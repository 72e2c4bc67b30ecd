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
  /** whether it is the function's role, which starts the executions that answer CloudFormation */
  isFunction: boolean;
  /** ARNs of what was backed up */
  sources: string[];
}

/** A key of the account, whose policy leaves it to IAM who may use it. */
export const FOREIGN_KEY = 'key/11111111-2222-3333-4444-555555555555';

const PREFIX = 'cdk-fsx-backup:';
const STACK_TAG = `${PREFIX}stack-id`;
const REMOVAL_TAG = `${PREFIX}removal`;
/** Of those that are the library's own, what never changes, and what people set. */
const FIXED_TAGS = ['logical-id', 'generation', 'previous', 'hold', 'of-the-future'].map(
  (name) => PREFIX + name,
);
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
  isFunction,
  sources,
}: Surroundings): ForbiddenCall[] {
  const arn = (service: string, rest: string, where = region) =>
    `arn:${partition}:${service}:${where}:${account}:${rest}`;
  const other = arn('cloudformation', 'stack/Files2/11111111-2222-3333-4444-555555555555');
  const ours = { [STACK_TAG]: stackId, Name: 'Files/Backup' };
  const theirs = { [STACK_TAG]: other, Name: 'Files2/Backup' };
  const doomed = { [REMOVAL_TAG]: 'DESTROY' };
  /** How the names of the state machines that answer CloudFormation begin. */
  const requestsOf = (stack: string) => `FsxBackup-${stack.split('/').at(-1)}-0123abcd`;

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

    ...[{}, doomed].map((tags) => ({
      what: 'delete a backup that has no stack',
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, tags),
    })),
    {
      what: 'delete a backup of another stack',
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, { ...theirs, ...doomed }),
    },
    {
      what: 'delete a copy in another Region',
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, { ...ours, ...doomed }, there),
    },
    ...['RETAIN', 'retain', 'KEEP_LAST', ''].map((removal) => ({
      what: `delete a backup that says "${removal}"`,
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, { ...ours, [REMOVAL_TAG]: removal }),
    })),
    {
      what: 'delete a backup that does not say what becomes of it',
      requests: fsx('DeleteBackup', { BackupId: BACKUP }, ours),
    },
    ...['DESTROY', 'KEEP_LAST:1'].flatMap((removal) =>
      ['the auditors', ''].map((hold) => ({
        what: `delete a backup that says ${removal} and is held`,
        requests: fsx(
          'DeleteBackup',
          { BackupId: BACKUP },
          { ...ours, [REMOVAL_TAG]: removal, [`${PREFIX}hold`]: hold },
        ),
      })),
    ),

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
      what: 'take over a backup of another stack',
      requests: fsx('TagResource', { ...backup, Tags: asList({ ...ours, ...doomed }) }, theirs),
    },
    {
      what: 'take off whose backup it is',
      requests: fsx('UntagResource', { ...backup, TagKeys: [STACK_TAG] }, ours),
    },
    {
      what: 'take tags off a backup of another stack',
      requests: fsx('UntagResource', { ...backup, TagKeys: ['team'] }, theirs),
    },
    { what: 'change tags that are not named', requests: fsx('TagResource', { ...backup }, ours) },
    ...FIXED_TAGS.flatMap((key) => [
      {
        what: `change ${key}`,
        requests: fsx('TagResource', { ...backup, Tags: asList({ [key]: 'x' }) }, ours),
      },
      {
        what: `change ${key} with a tag of the user`,
        requests: fsx('TagResource', { ...backup, Tags: asList({ team: 'a', [key]: 'x' }) }, ours),
      },
      {
        what: `change ${key} with what becomes of the backup`,
        requests: fsx('TagResource', { ...backup, Tags: asList({ ...doomed, [key]: 'x' }) }, ours),
      },
      { what: `take off ${key}`, requests: fsx('UntagResource', { ...backup, TagKeys: [key] }, ours) },
    ]),
    {
      what: 'take off what becomes of a backup',
      requests: fsx('UntagResource', { ...backup, TagKeys: [REMOVAL_TAG] }, ours),
    },
    ...[{}, theirs].map((tags) => ({
      what: 'say what becomes of a backup of others',
      requests: fsx('TagResource', { ...backup, Tags: asList(doomed) }, tags),
    })),
    {
      what: 'say something else of a backup than what is known',
      requests: fsx('TagResource', { ...backup, Tags: asList({ [REMOVAL_TAG]: 'NEVER' }) }, ours),
    },
    {
      what: 'say what becomes of a file system that is restored from a backup',
      requests: fsx('TagResource', { ...fileSystem, Tags: asList(doomed) }, ours),
    },
    { what: 'tag a file system', requests: fsx('TagResource', { ...fileSystem, Tags: asList(ours) }) },
    {
      what: 'take tags off a file system that is restored from a backup',
      requests: fsx('UntagResource', { ...fileSystem, TagKeys: ['team'] }, ours),
    },

    ...['DescribeStacks', 'DescribeStackEvents', 'DescribeStackResource', 'DescribeStackResources'].map(
      (operation) => ({
        what: 'look at another stack',
        requests: [{ action: `cloudformation:${operation}`, resource: other }],
      }),
    ),
    {
      what: 'read the events of the stack',
      requests: [{ action: 'cloudformation:DescribeStackEvents', resource: stackId }],
    },
    ...['Payroll', requestsOf(other), ...(isFunction ? ['Files-Runs'] : [requestsOf(stackId)])].flatMap(
      (machine) => [
        ...['StartExecution', 'DescribeStateMachine'].map((operation) => ({
          what: `use another state machine, ${machine}`,
          requests: [{ action: `states:${operation}`, resource: arn('states', `stateMachine:${machine}`) }],
        })),
        ...['DescribeExecution', 'GetExecutionHistory', 'StopExecution'].map((operation) => ({
          what: `use an execution of another state machine, ${machine}`,
          requests: [{ action: `states:${operation}`, resource: arn('states', `execution:${machine}:1`) }],
        })),
      ],
    ),
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
