import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  StackEvent,
} from '@aws-sdk/client-cloudformation';
import { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import {
  Backup,
  CreateBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  FSxClient,
} from '@aws-sdk/client-fsx';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { Aws } from '../../lambda/aws';
import { identityTags } from '../../lambda/identity';
import type { CloudFormationEvent } from '../../lambda/request';
import { Effects, Execution, run as runOnce } from '../../lambda/run';

export const STACK_ID =
  'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f';
export const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
export const VOLUME = 'fsvol-0123456789abcdef0';
export const STATE_MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter';
export const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:Waiter:0b7c';
export const RESPONSE_URL =
  'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer?X-Amz-Signature=verysecret';

export const WAIT_HANDLE =
  'https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/signal?X-Amz-Signature=alsosecret';
export const BACKUP = 'backup-03e3c82e0183b7b6b';
export const START = Date.UTC(2026, 10, 2, 9, 0, 0);

/** Properties as CloudFormation delivers them: all scalars are strings. */
export function properties(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const all = {
    ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:Handler',
    ServiceTimeout: '3600',
    SchemaVersion: '1',
    StateMachineArn: STATE_MACHINE,
    FileSystemId: FILE_SYSTEM,
    Tags: [{ Key: 'Name', Value: 'Files/Backup' }],
    WaitUntil: 'AVAILABLE',
    TimeoutSeconds: '3600',
    RemovalPolicy: 'RETAIN',
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function createEvent(changes: Record<string, unknown> = {}): CloudFormationEvent {
  return {
    RequestType: 'Create',
    ResponseURL: RESPONSE_URL,
    StackId: STACK_ID,
    RequestId: 'request-1',
    LogicalResourceId: 'Backup',
    ResourceProperties: properties(changes),
  };
}

type Changes = Record<string, unknown>;

export function updateEvent(
  physicalId: string,
  changes: Changes = {},
  oldChanges: Changes = {},
): CloudFormationEvent {
  return {
    ...createEvent(changes),
    RequestType: 'Update',
    PhysicalResourceId: physicalId,
    OldResourceProperties: properties(oldChanges),
  };
}

export function deleteEvent(physicalId: string, changes: Record<string, unknown> = {}): CloudFormationEvent {
  return { ...createEvent(changes), RequestType: 'Delete', PhysicalResourceId: physicalId };
}

/** An error as the SDK throws it. */
export function awsError(name: string, message: string, more: object = {}) {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 }, ...more });
}

/** A backup as FSx describes it, a minute old and AVAILABLE, of one generation of the resource `Backup`. */
export function backupOf(generation: string, changes: Partial<Backup> = {}): Backup {
  return {
    BackupId: BACKUP,
    Lifecycle: 'AVAILABLE',
    Type: 'USER_INITIATED',
    CreationTime: new Date(START - 60_000),
    ResourceARN: `arn:aws:fsx:us-east-1:123456789012:backup/${changes.BackupId ?? BACKUP}`,
    Tags: [
      ...identityTags({ stackId: STACK_ID, logicalId: 'Backup', generation }),
      { Key: 'Name', Value: 'Files/Backup' },
    ],
    FileSystem: { FileSystemId: FILE_SYSTEM, FileSystemType: 'OPENZFS' },
    ...changes,
  };
}

/** An event of the stack, or of one of its resources. */
export function stackEvent(
  secondsAgo: number,
  ResourceStatus: string,
  changes: Partial<StackEvent> = {},
): StackEvent {
  return {
    StackId: STACK_ID,
    EventId: 'e',
    StackName: 'Files',
    LogicalResourceId: 'Files',
    PhysicalResourceId: STACK_ID,
    ResourceStatus: ResourceStatus as any,
    Timestamp: new Date(START - secondsAgo * 1000),
    ...changes,
  };
}

/** Its clients are to be mocked. */
export function aws(): Aws {
  return new Aws({
    fsx: new FSxClient({}),
    cloudFormation: new CloudFormationClient({}),
    stepFunctions: new SFNClient({}),
    codePipeline: new CodePipelineClient({}),
  });
}

/** What is over has neither work nor wait: a test that reads them fails. */
export async function run(input: unknown, effects: Effects): Promise<Execution> {
  return (await runOnce(input, effects)) as Execution;
}

/**
 * The world around the handler, new for each test: nothing is backed up yet, and the stack is being created.
 */
export class World {
  readonly fsx = mockClient(FSxClient);
  readonly cloudFormation = mockClient(CloudFormationClient);
  readonly stepFunctions = mockClient(SFNClient);
  readonly codePipeline = mockClient(CodePipelineClient);
  private readonly clients = [this.fsx, this.cloudFormation, this.stepFunctions, this.codePipeline];
  now = START;
  /** What was delivered, and where to, in order. */
  delivered: Array<{ url: string; body: any }> = [];
  logged: any[] = [];
  /** Why nothing can be delivered to a URL that begins like this. */
  problems: Record<string, Error> = {};

  private readonly effects: Effects = {
    aws: aws(),
    deliver: async (url, body) => {
      const problem = Object.entries(this.problems).find(([beginning]) => url.startsWith(beginning));
      if (problem) throw problem[1];
      this.delivered.push({ url, body: JSON.parse(body) });
    },
    now: () => this.now,
    sleep: async (ms) => {
      this.now += ms;
    },
    remainingMs: () => START + 100_000 - this.now,
    log: (about) => ({
      info: (message, details) => this.logged.push({ message, ...about, ...details }),
      warn: (message, details) => this.logged.push({ message, ...about, ...details }),
    }),
    stackId: STACK_ID,
  };

  reset(): void {
    Object.assign(this, { now: START, delivered: [], logged: [], problems: {} });
    for (const client of this.clients) client.reset();
    this.fsx.on(DescribeBackupsCommand).resolves({ Backups: [] });
    this.fsx.on(DescribeFileSystemsCommand).resolves({ FileSystems: [{ FileSystemId: FILE_SYSTEM }] });
    this.fsx.on(CreateBackupCommand).callsFake((input) => ({
      Backup: backupOf('', { Lifecycle: 'CREATING', Tags: input.Tags, CreationTime: new Date(this.now) }),
    }));
    this.stepFunctions.on(StartExecutionCommand).resolves({ executionArn: EXECUTION });
    this.stackIs('CREATE_IN_PROGRESS');
  }

  stackIs(status: string, ...events: StackEvent[]): void {
    this.statusIs(status);
    this.cloudFormation
      .on(DescribeStackEventsCommand)
      .resolves({ StackEvents: [...events, stackEvent(1_000_000, 'CREATE_IN_PROGRESS')] });
  }

  statusIs(status: string): void {
    const stack = { StackName: 'Files', StackStatus: status as any, CreationTime: new Date(START) };
    this.cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [stack] });
  }

  listed(...Backups: Backup[]): void {
    this.fsx.on(DescribeBackupsCommand, { BackupIds: undefined }).resolves({ Backups });
  }

  described(found: Backup | undefined): void {
    if (found) {
      this.fsx.on(DescribeBackupsCommand, { BackupIds: [found.BackupId!] }).resolves({ Backups: [found] });
    } else {
      this.fsx
        .on(DescribeBackupsCommand, { BackupIds: [BACKUP] })
        .rejects(awsError('BackupNotFound', 'no such backup'));
    }
  }

  calls(command: any): any[] {
    return this.clients.flatMap((client) => client.commandCalls(command)).map((call) => call.args[0].input);
  }

  run(input: unknown): Promise<Execution> {
    return run(input, this.effects);
  }

  /** What the state machine does: it carries JSON. */
  async lookAgain(execution: Execution, seconds = execution.wait): Promise<Execution> {
    this.now += seconds * 1000;
    return run(JSON.parse(JSON.stringify(execution)), this.effects);
  }

  /** Looks until it is over. */
  async toTheEnd(execution: Execution): Promise<Execution> {
    let last = execution;
    for (let looks = 0; !last.over; looks++) {
      if (looks > 1000) throw new Error('it does not come to an end');
      last = await this.lookAgain(last);
    }
    return last;
  }

  /** CloudFormation's answers. */
  get answers(): any[] {
    return this.delivered.filter(({ url }) => url === RESPONSE_URL).map(({ body }) => body);
  }

  /** What the wait condition was told. */
  get signals(): any[] {
    return this.delivered.filter(({ url }) => url === WAIT_HANDLE).map(({ body }) => body);
  }
}
