import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  StackEvent,
} from '@aws-sdk/client-cloudformation';
import {
  CodePipelineClient,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
} from '@aws-sdk/client-codepipeline';
import {
  Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
  Filter,
  FSxClient,
  Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-fsx';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Source } from './request';
import { UnusableAnswer } from './trouble';

/**
 * The calls this handler makes. All but the start of an execution are abandoned when their share of the
 * invocation is used up.
 */
export class Aws {
  constructor(
    private readonly clients: {
      fsx: FSxClient;
      cloudFormation: CloudFormationClient;
      stepFunctions: SFNClient;
      codePipeline: CodePipelineClient;
    },
    private readonly abortSignal?: AbortSignal,
  ) {}

  /**
   * The user-initiated backups of a source, or of all, in no particular order; none where FSx no longer knows
   * the source.
   */
  async backupsOf(source: Source | undefined): Promise<Backup[]> {
    try {
      return await this.pagesOfBackups(source);
    } catch (error: any) {
      if (error?.name === 'FileSystemNotFound' || error?.name === 'VolumeNotFound') return [];
      throw error;
    }
  }

  private async pagesOfBackups(source: Source | undefined): Promise<Backup[]> {
    const Filters: Filter[] = [{ Name: 'backup-type', Values: ['USER_INITIATED'] }];
    if (source) {
      Filters.unshift(
        'volumeId' in source
          ? { Name: 'volume-id', Values: [source.volumeId] }
          : { Name: 'file-system-id', Values: [source.fileSystemId] },
      );
    }
    const backups: Backup[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.clients.fsx.send(
        new DescribeBackupsCommand({ Filters, NextToken }),
        this.options(),
      );
      backups.push(...listed(page.Backups, page)); // a page may be short, even empty, and not the last
      NextToken = page.NextToken;
    } while (NextToken);
    return backups;
  }

  /** One backup, or undefined where FSx knows none of that id. */
  async backup(backupId: string): Promise<Backup | undefined> {
    try {
      const page = await this.clients.fsx.send(
        new DescribeBackupsCommand({ BackupIds: [backupId] }),
        this.options(),
      );
      return given(page.Backups)[0];
    } catch (error: any) {
      if (error?.name === 'BackupNotFound') return undefined;
      throw error;
    }
  }

  async createBackup(source: Source, token: string, tags: Tag[]): Promise<Backup> {
    const id = 'volumeId' in source ? { VolumeId: source.volumeId } : { FileSystemId: source.fileSystemId };
    const created = await this.clients.fsx.send(
      new CreateBackupCommand({ ...id, ClientRequestToken: token, Tags: tags }),
      this.options(),
    );
    return given(created.Backup);
  }

  /** Whether the backup is gone. A backup that FSx does not know is. */
  async deleteBackup(backupId: string): Promise<boolean> {
    try {
      const deleted = await this.clients.fsx.send(
        new DeleteBackupCommand({ BackupId: backupId }),
        this.options(),
      );
      return given(deleted.Lifecycle) === 'DELETED';
    } catch (error: any) {
      if (error?.name === 'BackupNotFound') return true;
      throw error;
    }
  }

  /** The source's own tags where it asks for them to be copied to backups, else none. */
  async tagsToCopy(source: Source): Promise<Tag[]> {
    if ('volumeId' in source) {
      const found = await this.clients.fsx.send(
        new DescribeVolumesCommand({ VolumeIds: [source.volumeId] }),
        this.options(),
      );
      const [volume] = given(found.Volumes);
      return volume?.OntapConfiguration?.CopyTagsToBackups ? (volume.Tags ?? []) : [];
    }
    const found = await this.clients.fsx.send(
      new DescribeFileSystemsCommand({ FileSystemIds: [source.fileSystemId] }),
      this.options(),
    );
    const [fileSystem] = given(found.FileSystems);
    const copied =
      fileSystem?.WindowsConfiguration?.CopyTagsToBackups ??
      fileSystem?.LustreConfiguration?.CopyTagsToBackups ??
      fileSystem?.OpenZFSConfiguration?.CopyTagsToBackups;
    return copied ? (fileSystem?.Tags ?? []) : [];
  }

  async tag(arn: string, tags: Tag[]): Promise<void> {
    if (tags.length > 0) {
      await this.clients.fsx.send(new TagResourceCommand({ ResourceARN: arn, Tags: tags }), this.options());
    }
  }

  async untag(arn: string, keys: string[]): Promise<void> {
    if (keys.length > 0) {
      await this.clients.fsx.send(
        new UntagResourceCommand({ ResourceARN: arn, TagKeys: keys }),
        this.options(),
      );
    }
  }

  async stackStatus(stackId: string): Promise<string> {
    const found = await this.clients.cloudFormation.send(
      new DescribeStacksCommand({ StackName: stackId }),
      this.options(),
    );
    return given(found.Stacks?.[0]?.StackStatus);
  }

  /**
   * Whether a deployment of the stack has succeeded since then. A nested stack may succeed and be rolled back
   * with its parent all the same. Events are kept for 90 days; where they do not reach back far enough, one
   * must have.
   */
  async deploymentSucceededSince(stackId: string, time: Date): Promise<boolean> {
    let wasRolledBack = false;
    for await (const event of this.stackEvents(stackId)) {
      if (event.Timestamp! <= time) return false;
      if (event.PhysicalResourceId !== stackId) continue;
      const status = event.ResourceStatus!;
      if (status.endsWith('ROLLBACK_IN_PROGRESS')) wasRolledBack = true;
      else if (STARTED.has(status)) wasRolledBack = false;
      else if (SUCCEEDED.has(status) && !wasRolledBack) return true;
    }
    return true;
  }

  /**
   * What the resource has come to hold in the stack's present operation, and the properties it has come to
   * have.
   */
  async held(
    stackId: string,
    logicalId: string,
  ): Promise<{ physicalId?: string; properties?: string } | undefined> {
    for await (const event of this.stackEvents(stackId)) {
      if (event.PhysicalResourceId === stackId && PHASES.has(event.ResourceStatus!)) return undefined;
      const isComplete = event.LogicalResourceId === logicalId && COMPLETE.has(event.ResourceStatus!);
      if (isComplete) return { physicalId: event.PhysicalResourceId, properties: event.ResourceProperties };
    }
    return undefined;
  }

  /**
   * The physical id of what the stack has deployed under a logical id; undefined where that is nothing, or
   * not complete yet.
   */
  async deployedId(stackId: string, logicalId: string): Promise<string | undefined> {
    try {
      const command = new DescribeStackResourceCommand({ StackName: stackId, LogicalResourceId: logicalId });
      const detail = given(
        (await this.clients.cloudFormation.send(command, this.options())).StackResourceDetail,
      );
      return NOT_THERE.has(detail.ResourceStatus!) ? undefined : detail.PhysicalResourceId;
    } catch (error: any) {
      if (error?.name === 'ValidationError' && /does not exist/.test(error.message)) return undefined;
      throw error;
    }
  }

  /**
   * Whether the stack's present operation has failed on the resource: with rollback disabled, what follows is
   * its way back, or late.
   */
  async hasFailed(stackId: string, logicalId: string): Promise<boolean> {
    for await (const event of this.stackEvents(stackId)) {
      if (event.PhysicalResourceId === stackId && PHASES.has(event.ResourceStatus!)) return false;
      if (event.LogicalResourceId === logicalId && FAILED.has(event.ResourceStatus!)) return true;
    }
    return false;
  }

  /**
   * Whether the backup that the resource has come to hold has failed a wait condition. With rollback
   * disabled, the resource holds it all the same, and what was left of it may have been removed.
   */
  async hasFailedAWait(stackId: string, logicalId: string, backupId: string): Promise<boolean> {
    for await (const event of this.stackEvents(stackId)) {
      if (event.LogicalResourceId === logicalId && COMPLETE.has(event.ResourceStatus!)) return false;
      const isFailedWait =
        event.ResourceType === 'AWS::CloudFormation::WaitCondition' &&
        event.ResourceStatus === 'CREATE_FAILED';
      if (isFailedWait && event.ResourceStatusReason?.includes(backupId)) return true;
    }
    return false;
  }

  /**
   * Whether the stack's present operation is through with the resource, and what that has come to hold; if it
   * is not, when the operation has begun.
   */
  async presentOperation(
    stackId: string,
    logicalId: string,
  ): Promise<{ isDone: boolean; physicalId?: string; begun?: Date }> {
    for await (const event of this.stackEvents(stackId)) {
      if (event.PhysicalResourceId === stackId && PHASES.has(event.ResourceStatus!)) {
        return { isDone: false, begun: event.Timestamp };
      }
      if (event.LogicalResourceId !== logicalId) continue;
      if (COMPLETE.has(event.ResourceStatus!)) return { isDone: true, physicalId: event.PhysicalResourceId };
      if (FAILED.has(event.ResourceStatus!)) return { isDone: true };
    }
    return { isDone: false };
  }

  /** Newest first. */
  private async *stackEvents(stackId: string): AsyncGenerator<StackEvent> {
    let NextToken: string | undefined;
    do {
      const page = await this.clients.cloudFormation.send(
        new DescribeStackEventsCommand({ StackName: stackId, NextToken }),
        this.options(),
      );
      yield* listed(page.StackEvents, page);
      NextToken = page.NextToken;
    } while (NextToken);
  }

  /** Starts the execution, unless an earlier delivery of the same request has. */
  async startExecution(stateMachineArn: string, name: string, input: unknown): Promise<void> {
    try {
      given(
        (
          await this.clients.stepFunctions.send(
            new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
          )
        ).executionArn,
      );
    } catch (error: any) {
      if (error?.name !== 'ExecutionAlreadyExists') throw error;
    }
  }

  /** What a finished execution has given. */
  async outputOf(executionArn: string): Promise<any> {
    const { output, status } = await this.clients.stepFunctions.send(
      new DescribeExecutionCommand({ executionArn }),
      this.options(),
    );
    if (output === undefined) throw new Error(`It is ${given(status)} and has no output`);
    return JSON.parse(output);
  }

  async succeedJob(jobId: string, outputVariables: Record<string, string>): Promise<void> {
    await this.clients.codePipeline.send(
      new PutJobSuccessResultCommand({ jobId, outputVariables }),
      this.options(),
    );
  }

  async failJob(jobId: string, message: string): Promise<void> {
    await this.clients.codePipeline.send(
      new PutJobFailureResultCommand({ jobId, failureDetails: { type: 'JobFailed', message } }),
      this.options(),
    );
  }

  private options() {
    return { abortSignal: this.abortSignal };
  }
}

/** What every answer of AWS has. An empty one is taken for success by the SDK. */
function given<T>(member: T | undefined): T {
  if (member === undefined) {
    throw new UnusableAnswer('The answer is empty: it is not one of AWS, or was cut off on the way');
  }
  return member;
}

/**
 * A list that may be left out where nothing is in it. Who has left it out, tells the id of the request, which
 * every answer of AWS has.
 */
function listed<T>(list: T[] | undefined, { $metadata }: { $metadata: { requestId?: string } }): T[] {
  return list ?? given($metadata.requestId === undefined ? undefined : []);
}

const STARTED = new Set<string>(['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'IMPORT_IN_PROGRESS']);
const PHASES = new Set<string>([
  ...STARTED,
  'ROLLBACK_IN_PROGRESS',
  'UPDATE_ROLLBACK_IN_PROGRESS',
  'DELETE_IN_PROGRESS',
]);
const SUCCEEDED = new Set<string>([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
  'IMPORT_COMPLETE',
]);
const COMPLETE = new Set<string>(['CREATE_COMPLETE', 'UPDATE_COMPLETE']);
const FAILED = new Set<string>(['CREATE_FAILED', 'UPDATE_FAILED']);
const NOT_THERE = new Set<string>([
  'CREATE_IN_PROGRESS',
  'CREATE_FAILED',
  'DELETE_COMPLETE',
  'DELETE_SKIPPED',
]);
