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
import { Effects, Execution, run as runOnce } from '../../lambda/run';
import {
  awsError,
  BACKUP,
  backupOf,
  EXECUTION,
  FILE_SYSTEM,
  RESPONSE_URL,
  STACK_ID,
  stackEvent,
  START,
  WAIT_HANDLE,
} from '../fixtures/events';

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
 * What is around the handler, new for each test: nothing is backed up yet, and the stack is being created.
 */
export class MockedAws {
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
