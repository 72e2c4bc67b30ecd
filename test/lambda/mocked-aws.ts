import {
  CloudFormationClient,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  type Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
  FSxClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-fsx';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { NEW, sourceOf } from './backups';
import type { Context } from '../../lambda/context';
import type { PollInput } from '../../lambda/door';
import type { Effects } from '../../lambda/ending';
import { addressOf, type Environment, leanEvent } from '../../lambda/event';
import { Executions } from '../../lambda/executions';
import { Fsx } from '../../lambda/fsx';
import { poll } from '../../lambda/poll';
import { type Request, requestOf } from '../../lambda/request';
import { Stacks } from '../../lambda/stack';
import { start } from '../../lambda/start';
import { awsError, EXECUTION, FILE_SYSTEM, STACK_ID, START, VOLUME } from '../fixtures/events';

export const ENVIRONMENT: Environment = { stackId: STACK_ID, urlSuffix: 'amazonaws.com' };

/** A request as the handler reads it. */
export function requestFor<R extends Request = any>(event: unknown): R {
  const lean = leanEvent(event, ENVIRONMENT);
  return requestOf(lean, addressOf(lean).address) as R;
}

/**
 * The calls of AWS, mocked on the wire, and new for each test: nothing is backed up yet, and the stack is
 * being created. What is created, tagged and deleted is remembered in `backups`.
 */
export class MockedAws {
  readonly fsx = mockClient(FSxClient);
  readonly cloudFormation = mockClient(CloudFormationClient);
  readonly stepFunctions = mockClient(SFNClient);
  now = START;
  backups: Backup[] = [];
  /** Backups by client request token. */
  private readonly taken = new Map<string, Backup>();
  /** No status: there is no such stack. */
  stack: { status?: string; lastUpdated?: Date } = {};
  resources: Record<string, { status: string; id?: string }> = {};
  fileSystem: object = {};
  volume: object = {};
  /** What was delivered to CloudFormation. */
  responses: any[] = [];
  logged: any[] = [];
  /** Why nothing can be delivered. */
  problem?: Error;

  readonly effects: Effects = {
    fsx: new Fsx(new FSxClient({})),
    stacks: new Stacks(new CloudFormationClient({})),
    executions: new Executions(new SFNClient({})),
    deliver: async (_, body) => {
      if (this.problem) throw this.problem;
      this.responses.push(JSON.parse(body));
    },
    now: () => this.now,
    sleep: async (ms) => {
      this.now += ms;
    },
    remainingMs: () => START + 100_000 - this.now,
    log: (about) => this.logger(about),
    environment: ENVIRONMENT,
  };

  reset(): void {
    this.taken.clear();
    Object.assign(this, { now: START, backups: [], resources: {}, fileSystem: {}, volume: {} });
    Object.assign(this, { responses: [], logged: [], problem: undefined });
    this.stack = { status: 'CREATE_IN_PROGRESS' };
    for (const client of [this.fsx, this.cloudFormation, this.stepFunctions]) client.reset();
    this.fsx.on(DescribeBackupsCommand).callsFake((input) => this.describe(input));
    this.fsx.on(CreateBackupCommand).callsFake((input) => ({ Backup: this.create(input) }));
    this.fsx.on(DeleteBackupCommand).callsFake(({ BackupId }) => this.delete(BackupId));
    this.fsx.on(TagResourceCommand).callsFake(({ ResourceARN, Tags }) => {
      const keys = new Set(Tags.map(({ Key }: any) => Key));
      this.change(ResourceARN, (tags) => [...tags.filter(({ Key }) => !keys.has(Key)), ...Tags]);
    });
    this.fsx.on(UntagResourceCommand).callsFake(({ ResourceARN, TagKeys }) => {
      this.change(ResourceARN, (tags) => tags.filter(({ Key }) => !TagKeys.includes(Key)));
    });
    this.fsx.on(DescribeFileSystemsCommand).callsFake(() => ({
      FileSystems: [{ FileSystemId: FILE_SYSTEM, Lifecycle: 'AVAILABLE', ...this.fileSystem }],
    }));
    this.fsx.on(DescribeVolumesCommand).callsFake(() => ({
      Volumes: [{ VolumeId: VOLUME, Lifecycle: 'CREATED', ...this.volume }],
    }));
    this.cloudFormation.on(DescribeStacksCommand).callsFake(() => {
      const { status: StackStatus, lastUpdated: LastUpdatedTime } = this.stack;
      if (!StackStatus) throw awsError('ValidationError', 'Stack with id Files does not exist');
      return { Stacks: [{ StackStatus, LastUpdatedTime }] };
    });
    this.cloudFormation.on(DescribeStackResourceCommand).callsFake(({ LogicalResourceId }) => {
      const { status: ResourceStatus, id: PhysicalResourceId } = this.resources[LogicalResourceId] ?? {};
      if (!ResourceStatus) throw awsError('ValidationError', 'Resource does not exist for stack Files');
      return { StackResourceDetail: { ResourceStatus, PhysicalResourceId } };
    });
    this.stepFunctions.on(StartExecutionCommand).resolves({ executionArn: EXECUTION });
    this.stepFunctions
      .on(DescribeExecutionCommand)
      .rejects(awsError('ExecutionDoesNotExist', 'Execution Does Not Exist'));
  }

  calls(command: any): any[] {
    return [this.fsx, this.cloudFormation, this.stepFunctions]
      .flatMap((client: any) => client.commandCalls(command))
      .map((call: any) => call.args[0].input);
  }

  /** What a moment needs. */
  context<R extends Request = any>(request: R): Context<R> {
    const { fsx, stacks } = this.effects;
    const log = this.logger({});
    return { request, fsx, stacks, startedAt: START, now: this.now, clock: () => this.now, log };
  }

  /** What the state machine does: it carries JSON, and waits before another poll. */
  async poll(input: unknown, before?: any, more: Partial<PollInput> = {}): Promise<any> {
    this.now += (before?.wait ?? 0) * 1000;
    const given: PollInput = {
      machine: 'requests',
      input,
      execution: EXECUTION,
      startTime: new Date(START).toISOString(),
      state: before ? JSON.parse(JSON.stringify(before.state)) : null,
      ...more,
    };
    return poll(given, this.effects);
  }

  /** Polls until it is over. */
  async toTheEnd(input: unknown, before?: any, more: Partial<PollInput> = {}): Promise<any> {
    let polled = await this.poll(input, before, more);
    for (let polls = 0; 'state' in polled; polls++) {
      if (polls > 1000) throw new Error('it does not come to an end');
      polled = await this.poll(input, polled, more);
    }
    return polled;
  }

  start(event: unknown): Promise<void> {
    return start(event, this.effects);
  }

  get(backupId: string): Backup | undefined {
    return this.backups.find(({ BackupId }) => BackupId === backupId);
  }

  private logger(about: object) {
    const write = (level: string) => (message: string, details?: object) =>
      void this.logged.push({ level, message, ...about, ...details });
    return { info: write('info'), warn: write('warn'), error: write('error') };
  }

  private describe({ BackupIds, Filters }: any): object {
    if (BackupIds) {
      const found = this.get(BackupIds[0]);
      if (!found) throw awsError('BackupNotFound', 'no such backup');
      return { Backups: [found] };
    }
    const wanted = Filters.find(({ Name }: any) => Name !== 'backup-type')?.Values[0];
    return { Backups: this.backups.filter((backup) => !wanted || sourceOf(backup) === wanted) };
  }

  private create({ ClientRequestToken, FileSystemId, VolumeId, Tags }: any): Backup {
    const earlier = this.taken.get(ClientRequestToken);
    if (earlier) return earlier;
    const created = {
      BackupId: NEW,
      Lifecycle: 'CREATING',
      Type: 'USER_INITIATED',
      CreationTime: new Date(this.now),
      ResourceARN: `arn:aws:fsx:us-east-1:123456789012:backup/${NEW}`,
      Tags,
      FileSystem: FileSystemId && { FileSystemId },
      Volume: VolumeId && { VolumeId },
    } as Backup;
    this.taken.set(ClientRequestToken, created);
    this.backups = [...this.backups, created];
    return created;
  }

  private delete(backupId: string): object {
    if (!this.get(backupId)) throw awsError('BackupNotFound', 'no such backup');
    this.backups = this.backups.filter(({ BackupId }) => BackupId !== backupId);
    return { BackupId: backupId, Lifecycle: 'DELETED' };
  }

  private change(arn: string, tags: (before: any[]) => any[]): void {
    this.backups = this.backups.map((one) =>
      one.ResourceARN === arn ? { ...one, Tags: tags(one.Tags ?? []) } : one,
    );
  }
}
