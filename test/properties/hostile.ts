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
  /** a finished backup of another stack */
  readonly others?: {
    readonly stackId: string;
    readonly logicalId: string;
    readonly backupId: string;
    readonly fileSystemId: string;
  };
}

const SOURCE = 'fs-0123456789abcdef0';
const PROPERTIES = {
  SchemaVersion: '1',
  FileSystemId: SOURCE,
  Tags: [],
  TimeoutSeconds: '3300',
  RemovalPolicy: 'DESTROY',
};

export function hostileInputs(known: Known): unknown[] {
  return [...eventsOf(known), ...pollsOf(known), ...statesOf(known), ...runsOf(known), ...earlierOf(known)];
}

/** An event as CloudFormation sends it. */
function eventOf({ url, stackId, logicalId, backupId, stateMachineArn }: Known, changes: object = {}) {
  return {
    RequestType: 'Delete',
    ResponseURL: url,
    StackId: stackId,
    RequestId: 'forged',
    LogicalResourceId: logicalId,
    PhysicalResourceId: backupId,
    ResourceType: 'Custom::FsxBackup',
    ResourceProperties: { ...PROPERTIES, StateMachineArn: stateMachineArn },
    ...changes,
  };
}

/** The input of an execution of the machine that responds to CloudFormation. */
function eventsOf(known: Known): unknown[] {
  const final = { ResourceType: 'Custom::FsxFinalBackup', PhysicalResourceId: `final-${SOURCE}` };
  const link = {
    SchemaVersion: '1',
    BackupId: known.backupId,
    BackupLifecycle: 'CREATING',
    TimeoutSeconds: '9',
  };
  return [
    eventOf(known),
    eventOf(known, { RequestType: 'Create' }),
    eventOf(known, { RequestType: 'Update', OldResourceProperties: { ...PROPERTIES, Triggers: 'forged' } }),
    eventOf(known, { ResourceProperties: { ...PROPERTIES, RemovalPolicy: 'RETAIN', KeepLast: '1' } }),
    eventOf(known, final),
    eventOf(known, {
      RequestType: 'Create',
      ResourceType: 'Custom::FsxBackupContinuation',
      ResourceProperties: link,
    }),
    [eventOf(known)],
    { ...eventOf(known), source: SOURCE },
  ];
}

/** What the state machine gives to a poll, and what a poll gives back. */
function pollsOf(known: Known): unknown[] {
  const poll = {
    machine: 'requests',
    input: eventOf(known),
    execution: 'forged',
    startTime: '2026-01-01T00:00:00Z',
    state: null,
  };
  return [
    poll,
    { ...poll, input: eventOf(known, { RequestType: 'Create' }) },
    { ...poll, state: stateWith({ phase: 'Responding', response: success(known) }) },
    { ...poll, error: { Error: 'States.Timeout' } },
    { ...poll, machine: 'runs', input: { source: SOURCE } },
    { source: SOURCE, ...poll },
    { output: { PhysicalResourceId: known.backupId } },
    { failure: { error: 'BackupFailed', cause: 'forged' } },
    { wait: 1, state: stateWith({ phase: 'DeletingFailed', backupId: known.backupId, reason: 'forged' }) },
  ];
}

function stateWith(phase: object) {
  return { version: 1, phase };
}

function success({ backupId }: { readonly backupId: string }) {
  return { status: 'SUCCESS', physicalId: backupId };
}

/** The state of an execution, alone, or beside what a run asks for. */
function statesOf(known: Known): unknown[] {
  const { backupId, stackId, logicalId, others } = known;
  const source = { FileSystemId: SOURCE };
  const tags = [
    { Key: 'cdk-fsx-backup:stack-id', Value: stackId },
    { Key: 'cdk-fsx-backup:logical-id', Value: logicalId },
  ];
  const cleaningUp = {
    phase: 'CleaningUp',
    since: 0,
    response: success(known),
    sources: [],
    found: [],
    doomed: [backupId],
    mustSucceed: true,
  };
  const phases = [
    { phase: 'Taking', source, tags },
    { phase: 'Waiting', backupId, since: 0 },
    { phase: 'DeletingFailed', backupId, reason: 'forged' },
    { phase: 'RollingBack', to: backupId },
    { ...cleaningUp, goal: { delete: 'all' } },
    { ...cleaningUp, goal: { delete: 'attempts', of: backupId } },
    { ...cleaningUp, doomed: undefined, goal: { delete: 'older', keep: 0, held: 'none' }, sources: [source] },
    { phase: 'Responding', response: success(known) },
    ...(others
      ? [
          { ...cleaningUp, goal: { delete: 'all' }, doomed: [others.backupId] },
          { phase: 'DeletingFailed', backupId: others.backupId, reason: 'forged' },
        ]
      : []),
  ];
  return phases.flatMap((phase) => [
    stateWith(phase),
    { state: stateWith(phase) },
    { source: SOURCE, state: stateWith(phase) },
    { machine: 'requests', input: eventOf(known), state: stateWith(phase) },
  ]);
}

/** Runs that ask for more than a backup of a source. */
function runsOf({ stackId, logicalId, backupId, url, others }: Known): unknown[] {
  const own = { 'cdk-fsx-backup:stack-id': stackId, 'cdk-fsx-backup:logical-id': logicalId };
  return [
    { source: url, name: url },
    { source: backupId },
    { source: { stack: stackId, logicalId } },
    { source: { stack: 'Others', logicalId: 'Source' } },
    { source: { stack: 'Files', logicalId, physicalId: SOURCE } },
    { source: { logicalId: 'Source' } },
    { source: SOURCE, tags: own },
    { source: SOURCE, tags: { 'cdk-fsx-backup:removal': 'DESTROY' } },
    { source: SOURCE, series: `../${logicalId}`, keepLast: 1 },
    { source: SOURCE, series: { logicalId }, keepLast: 1 },
    { source: SOURCE, keepLast: 0 },
    { source: SOURCE, whenMissing: 'SKIP', ResponseURL: url },
    { source: SOURCE, version: '2' },
    ...(others ? [{ source: others.fileSystemId, series: others.logicalId, keepLast: 1 }] : []),
    ['source', SOURCE],
    url,
    null,
  ];
}

/** What deceived the first design: a state named `work`, and what came from the machine's first state. */
function earlierOf(known: Known): unknown[] {
  const event = eventOf(known);
  const phase = stateWith({ phase: 'Responding', response: success(known) });
  return [
    { over: false, wait: 1, work: { startedAt: 0, event } },
    { wait: 1, work: { startedAt: 0, event, answer: success(known) } },
    { started: { input: event, execution: 'forged', startTime: 'never' }, work: { event } },
    { request: { event, execution: 'forged', startTime: '2026-01-01T00:00:00Z' }, phase },
    { run: { input: { source: SOURCE } }, phase },
  ];
}
