import { type History, type Operation, type Request, tokenOf } from './history';
import type { Recorded } from '../../sandbox';

const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/1';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

type Told = Pick<Request, 'requestId' | 'logicalId' | 'event'>;

/** A history made by hand: what the journal would have of it, told line by line. */
export class Tale {
  private readonly entries: Recorded[] = [];
  private readonly operations: Operation[] = [];
  private readonly ends = new Map<string, { at: number; as: 'AVAILABLE' | 'FAILED' }>();
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
    return this.call(
      'fsx:CreateBackup',
      { FileSystemId: source, ClientRequestToken: token },
      { output: { Backup: { BackupId: id, Tags } } },
    );
  }

  deletes(id: string): this {
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

  history(more: Partial<History> = {}): History {
    const { entries, operations, ends } = this;
    return { stack: 'Files', entries, operations, ends, ...more };
  }

  private add(entry: object): this {
    this.entries.push({ at: this.now, ...entry } as Recorded);
    return this;
  }
}

type Properties = Record<string, unknown> & { readonly FileSystemId?: string };

/** A deployment that took a backup and succeeded. */
export function deployed(tale: Tale, id = 'backup-1', properties: Properties = {}): Tale {
  tale.begins({ outcome: 'CREATE_COMPLETE', held: { Backup: id } }).stack('CREATE_IN_PROGRESS');
  const request = tale.request('Create', properties);
  tale.takes(request, id, { source: properties.FileSystemId }).passes(11 * MINUTE);
  return tale.answers(request, id).stack('CREATE_COMPLETE').passes(HOUR);
}

/** An Update for another value of a trigger. */
export function updateTo(tale: Tale, value: string, PhysicalResourceId: string, properties: Properties = {}) {
  const OldResourceProperties = { FileSystemId: 'fs-1', Triggers: ['before'] };
  const more = { PhysicalResourceId, OldResourceProperties };
  return tale.request('Update', { Triggers: [value], ...properties }, more);
}

/** A deployment that took another backup and is cleaning up. */
export function updated(tale: Tale, id: string, properties: Properties = {}): Tale {
  tale.begins({ outcome: 'UPDATE_COMPLETE', held: { Backup: id } }).stack('UPDATE_IN_PROGRESS');
  const request = updateTo(tale, id, 'backup-1', properties);
  tale.takes(request, id, { generation: id, source: properties.FileSystemId }).passes(11 * MINUTE);
  return tale.answers(request, id).stack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
}
