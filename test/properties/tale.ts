import { type History, type Operation, type Request, tokenOf } from './history';
import type { Recorded } from '../../sandbox';

const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/1';
export const MINUTE = 60_000;

type Told = Pick<Request, 'requestId' | 'logicalId' | 'event'>;

/** A history made by hand: what the journal would have of it, told line by line. */
export class Tale {
  private readonly entries: Recorded[] = [];
  private readonly operations: Operation[] = [];
  private readonly ends = new Map<string, { at: number; as: 'AVAILABLE' | 'FAILED' }>();
  private readonly left = new Set<string>();
  private readonly busy = new Set<string>();
  private now = 0;
  private count = 0;

  constructor() {
    this.begins();
  }

  /** Another step: a deployment, for example. */
  begins(operation: Partial<Operation> = {}): this {
    this.operations.push({
      from: this.entries.length,
      guards: [],
      disableRollback: false,
      isUndisturbed: false,
      held: {},
      ...operation,
    });
    return this;
  }

  passes(ms: number): this {
    this.now += ms;
    return this;
  }

  stack(status: string): this {
    return this.event('Files', status, { type: 'AWS::CloudFormation::Stack', physicalId: STACK_ID });
  }

  event(
    logicalId: string,
    status: string,
    more: { type?: string; physicalId?: string; reason?: string } = {},
  ): this {
    return this.add({
      kind: 'event',
      stack: 'Files',
      logicalId,
      type: 'AWS::SSM::Parameter',
      status,
      ...more,
    });
  }

  request(
    type: 'Create' | 'Update' | 'Delete',
    properties: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ): Told {
    const { LogicalResourceId: logicalId = 'Backup' } = more as { LogicalResourceId?: string };
    const requestId = `request-${++this.count}`;
    const ResourceProperties = {
      FileSystemId: 'fs-1',
      RemovalPolicy: 'RETAIN',
      WaitUntil: 'AVAILABLE',
      ...properties,
    };
    const event = {
      RequestType: type,
      StackId: STACK_ID,
      ResourceType: 'Custom::FsxBackup',
      ResourceProperties,
      ...more,
    };
    this.add({ kind: 'request', stack: 'Files', logicalId, requestId, type, event });
    return { requestId, logicalId, event };
  }

  answers(
    { requestId, logicalId }: Told,
    PhysicalResourceId: string,
    Status = 'SUCCESS',
    more: { effect?: any; why?: string } = {},
  ): this {
    return this.add({
      kind: 'response',
      stack: 'Files',
      logicalId,
      requestId,
      body: { Status, PhysicalResourceId },
      bytes: 1,
      effect: 'accepted',
      ...more,
    });
  }

  signals(logicalId: string, Data: string, Status = 'SUCCESS'): this {
    const body = { Status, UniqueId: 'FsxBackup', Data, Reason: '' };
    return this.add({
      kind: 'response',
      stack: 'Files',
      logicalId,
      requestId: '',
      body,
      bytes: 1,
      effect: 'accepted',
    });
  }

  /** A backup that takes ten minutes. */
  takes(
    request: Told,
    id: string,
    {
      source = 'fs-1',
      generation = '1',
      ms = 10 * MINUTE,
      as = 'AVAILABLE' as 'AVAILABLE' | 'FAILED',
      token = tokenOf(request as Request),
    } = {},
  ): this {
    const tags = { 'stack-id': STACK_ID, 'logical-id': request.logicalId, 'generation': generation };
    const Tags = Object.entries(tags).map(([name, Value]) => ({ Key: `cdk-fsx-backup:${name}`, Value }));
    this.ends.set(id, { at: this.now + ms, as });
    this.left.add(id);
    return this.call(
      'fsx:CreateBackup',
      { FileSystemId: source, ClientRequestToken: token },
      { output: { Backup: { BackupId: id, Tags } } },
    );
  }

  deletes(id: string): this {
    this.left.delete(id);
    return this.call('fsx:DeleteBackup', { BackupId: id }, { output: { Lifecycle: 'DELETED' } });
  }

  /** A person sets a tag, removes one, or deletes the backup. */
  person(act: 'tag' | 'untag' | 'delete', backupId: string, key?: string): this {
    return this.add({ kind: 'person', act, backupId, key });
  }

  stray(url: string): this {
    return this.add({ kind: 'stray', method: 'PUT', url, body: '' });
  }

  call(operation: string, input: any, more: { outcome?: any; output?: any; error?: string } = {}): this {
    return this.add({ kind: 'call', operation, principal: 'role', input, outcome: 'ok', ...more });
  }

  execution(name: string, status: 'RUNNING' | 'SUCCEEDED'): this {
    return this.add({ kind: 'execution', stateMachine: 'Machine', name, status });
  }

  isBusy(id: string): this {
    this.busy.add(id);
    return this;
  }

  history(more: Partial<History> = {}): History {
    const { entries, operations, ends, busy, left } = this;
    return {
      stack: 'Files',
      entries,
      operations,
      ends,
      busy,
      left,
      keepsFailed: false,
      forgetsFailed: false,
      ...more,
    };
  }

  private add(entry: object): this {
    this.entries.push({ at: this.now, ...entry } as Recorded);
    return this;
  }
}
