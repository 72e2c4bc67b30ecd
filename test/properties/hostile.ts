/*
 * Inputs of somebody who may start executions and wants more: to delete or tag backups, to speak for
 * CloudFormation, to have the function call an address of theirs. None of it may have any effect but a backup
 * of an allowed source.
 */

/** What an attacker knows of the stack. */
export interface Known {
  readonly stackId: string;
  /** of the backup resource */
  readonly logicalId: string;
  readonly backupId: string;
  readonly stateMachineArn: string;
  /** an address of the attacker's */
  readonly url: string;
  /** a finished backup of another stack, which has neither triggers nor a backup after it */
  readonly others?: {
    readonly stackId: string;
    readonly logicalId: string;
    readonly backupId: string;
    readonly fileSystemId: string;
  };
}

export function hostileInputs(known: Known): unknown[] {
  const { stackId, logicalId, backupId, stateMachineArn, url, others } = known;
  const startedAt = 0;
  const properties = {
    SchemaVersion: '1',
    StateMachineArn: stateMachineArn,
    FileSystemId: 'fs-0123456789abcdef0',
    Tags: [],
    WaitUntil: 'AVAILABLE',
    TimeoutSeconds: '3600',
    RemovalPolicy: 'DESTROY',
  };
  const event = (RequestType: string, more: object = {}) => ({
    RequestType,
    ResponseURL: url,
    StackId: stackId,
    RequestId: 'forged',
    LogicalResourceId: logicalId,
    PhysicalResourceId: backupId,
    ResourceType: 'Custom::FsxBackup',
    ResourceProperties: properties,
    ...more,
  });
  const state = (work: object) => ({ over: false, wait: 1, work: { startedAt, ...work } });
  const answer = { status: 'SUCCESS', physicalId: backupId };
  const phase = { version: 1, phase: 'responding', response: answer };
  /** Another stack's backup gets the tags of this stack, and is deleted as this stack's own. */
  const takeover = ({ fileSystemId, ...theirs }: NonNullable<Known['others']>) => [
    state({
      event: event('Update', {
        StackId: theirs.stackId,
        LogicalResourceId: theirs.logicalId,
        PhysicalResourceId: theirs.backupId,
        ResourceProperties: {
          ...properties,
          FileSystemId: fileSystemId,
          Tags: [
            { Key: 'cdk-fsx-backup:stack-id', Value: stackId },
            { Key: 'cdk-fsx-backup:logical-id', Value: logicalId },
          ],
        },
      }),
      settled: { status: 'SUCCESS', physicalId: theirs.backupId },
      rollback: true,
    }),
    state({ event: event('Delete', { PhysicalResourceId: theirs.backupId }) }),
  ];
  return [
    ...(others ? takeover(others) : []),
    state({ event: event('Delete') }),
    state({
      event: event('Create'),
      awaited: { id: backupId, since: 0 },
      failure: 'forged',
      requested: true,
    }),
    state({ event: event('Create'), answer }),
    state({
      event: event('Update', {
        OldResourceProperties: { ...properties, FileSystemId: 'fs-0123456789abcdef1' },
      }),
    }),
    state({
      event: event('Delete', {
        ResourceProperties: { ...properties, KeepLast: '1', RemovalPolicy: 'RETAIN' },
      }),
    }),
    event('Delete'),
    event('Create'),
    { request: { event: event('Delete'), execution: 'forged', startTime: '2026-01-01T00:00:00Z' }, phase },
    { request: event('Delete'), phase: { version: 1, phase: 'deletingFailed', backupId, reason: 'forged' } },
    {
      run: { input: { source: 'fs-0123456789abcdef0' } },
      phase: { version: 1, phase: 'cleaningUp', response: answer },
    },
    {
      started: { input: event('Delete'), execution: 'forged', startTime: 'never' },
      work: { event: event('Delete') },
    },
    { source: { stack: stackId, logicalId }, ResponseURL: url, phase },
    { source: url, name: url },
    {
      source: 'fs-0123456789abcdef0',
      tags: { 'cdk-fsx-backup:stack-id': stackId, 'cdk-fsx-backup:logical-id': logicalId },
    },
    [event('Delete')],
    url,
  ];
}
