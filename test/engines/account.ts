import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  type Stack,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { NODE_MODULES } from './install';
import { type PythonServer, startMinistack } from './python-server';
import { type BackupRecord, FaultPlan, FsxService, fsxTypes, Journal, listen } from '../../sandbox';
import { FastClock } from '../fixtures/fast-clock';

const ROOT = resolve(__dirname, '../..');
const NODE = join(ROOT, 'node_modules/node/bin');
const PLACE = { accountId: '000000000000', region: 'us-east-1', partition: 'aws' };

export interface CommandOutcome {
  succeeded: boolean;
  output: string;
}

/**
 * An account that nobody here wrote: ministack, with the sandbox's FSx beside it, and the genuine CDK CLI to
 * deploy to it.
 */
export class Account {
  /**
   * @param speed how many times faster FSx's backups and the waits of state machines are
   * @param fsxUrl another FSx than the sandbox's
   */
  static async start(speed: number, fsxUrl?: string): Promise<Account> {
    const account = new Account(speed);
    await account.serveFsx();
    if (fsxUrl) account.environment.AWS_ENDPOINT_URL_FSX = fsxUrl;
    await account.startMinistack(speed);
    return account;
  }

  private readonly clock: FastClock;
  readonly journal: Journal;
  readonly fsx: FsxService;
  readonly faults = new FaultPlan();
  /** the resource whose next change fails, by its logical id */
  refuse?: RegExp;
  /** every change of an FSx resource: when, and what */
  readonly changes: Array<{ at: number; operation: string; logicalId?: string; physicalId: string }> = [];
  private readonly closers: Array<() => unknown> = [];
  private readonly environment: NodeJS.ProcessEnv = {};
  private ministack?: PythonServer;

  private constructor(speed: number) {
    this.clock = new FastClock(speed);
    this.journal = new Journal(this.clock);
    this.fsx = new FsxService({
      clock: this.clock,
      authorizer: { authorize: async () => undefined },
      ...PLACE,
    });
  }

  /** Run the CDK CLI in the folder of an example, or of an app. */
  cdk(folder: string, ...args: string[]): Promise<CommandOutcome> {
    const output = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
    const command = [join(NODE_MODULES, 'aws-cdk/bin/cdk'), ...args, '--output', output, '--no-notices'];
    return new Promise((done) => {
      execFile(
        join(NODE, 'node'),
        command,
        { cwd: resolve(ROOT, folder), env: this.environment, maxBuffer: 1e8 },
        (error, stdout, stderr) => {
          rmSync(output, { recursive: true, force: true });
          done({ succeeded: !error, output: `${stdout}${stderr}` });
        },
      );
    });
  }

  deploy(folder: string, context: Record<string, string> = {}, ...more: string[]): Promise<CommandOutcome> {
    const values = Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    return this.cdk(
      folder,
      'deploy',
      '--all',
      '--require-approval',
      'never',
      '--progress',
      'events',
      ...values,
      ...more,
    );
  }

  destroy(folder: string): Promise<CommandOutcome> {
    return this.cdk(folder, 'destroy', '--all', '--force');
  }

  async stack(name: string): Promise<Stack> {
    return (await this.cloudFormation().send(new DescribeStacksCommand({ StackName: name }))).Stacks![0];
  }

  async outputs(name: string): Promise<Record<string, string>> {
    return Object.fromEntries(
      ((await this.stack(name)).Outputs ?? []).map(({ OutputKey, OutputValue }) => [
        OutputKey!,
        OutputValue!,
      ]),
    );
  }

  /** In order of time. Of a stack that was deleted: by its id. */
  async events(stack: string): Promise<StackEvent[]> {
    const events: StackEvent[] = [];
    let NextToken: string | undefined;
    do {
      const answer = await this.cloudFormation().send(
        new DescribeStackEventsCommand({ StackName: stack, NextToken }),
      );
      events.push(...answer.StackEvents!);
      NextToken = answer.NextToken;
    } while (NextToken);
    return events.reverse();
  }

  async executions() {
    const client = this.client(SFNClient);
    const { stateMachines } = await client.send(new ListStateMachinesCommand());
    const listed = await Promise.all(
      stateMachines!.map(({ stateMachineArn }) =>
        client.send(new ListExecutionsCommand({ stateMachineArn })),
      ),
    );
    return listed.flatMap(({ executions }) => executions!);
  }

  /** How often the state machine of an execution has waited. */
  async waitsOf(executionArn: string): Promise<number> {
    const { events } = await this.client(SFNClient).send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    return events!.filter(({ type }) => type === 'WaitStateEntered').length;
  }

  async inputOf(executionArn: string): Promise<string> {
    return (await this.client(SFNClient).send(new DescribeExecutionCommand({ executionArn }))).input!;
  }

  /** What the functions of the account have logged, line by line. */
  async logs(): Promise<string[]> {
    const { logGroups } = await this.call('logs', 'Logs_20140328.DescribeLogGroups');
    const found = await Promise.all(
      logGroups.map(({ logGroupName }: any) =>
        this.call('logs', 'Logs_20140328.FilterLogEvents', { logGroupName }),
      ),
    );
    return found.flatMap(({ events }) => events.map(({ message }: any) => message.trim()));
  }

  /** What is published to a topic from now on, by a queue that subscribes to it. */
  async listen(TopicArn: string): Promise<() => Promise<string[]>> {
    const { QueueUrl } = await this.call('sqs', 'AmazonSQS.CreateQueue', { QueueName: 'listener' });
    const QueueArn = `arn:aws:sqs:${PLACE.region}:${PLACE.accountId}:listener`;
    const subscription = { Action: 'Subscribe', TopicArn, Protocol: 'sqs', Endpoint: QueueArn };
    await this.post('sns', 'application/x-www-form-urlencoded', new URLSearchParams(subscription).toString());
    return async () => {
      const received = await this.call('sqs', 'AmazonSQS.ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 20,
      });
      return (received.Messages ?? []).map(({ Body }: any) => JSON.parse(Body).Message);
    };
  }

  /** Services whose clients are not installed here. */
  private async call(service: string, target: string, input: object = {}): Promise<any> {
    const type = 'application/x-amz-json-1.1';
    return (await this.post(service, type, JSON.stringify(input), { 'X-Amz-Target': target })).json();
  }

  private post(
    service: string,
    type: string,
    body: string,
    more: Record<string, string> = {},
  ): Promise<Response> {
    const Authorization = AUTHORIZATION.replace('/logs/', `/${service}/`);
    const headers = { 'Content-Type': type, Authorization, ...more };
    return fetch(this.ministack!.url, { method: 'POST', headers, body });
  }

  /** The calls of FSx that change something. */
  get fsxChanges(): string[] {
    return this.journal
      .of('call')
      .filter(({ operation }) => !operation.startsWith('fsx:Describe'))
      .map(({ operation }) => operation);
  }

  /** The library's backups, oldest first. */
  get backups(): BackupRecord[] {
    return [...this.fsx.backups.values()]
      .filter(({ tags }) => tags.has('cdk-fsx-backup:stack-id'))
      .sort((one, other) => one.createdAt - other.createdAt);
  }

  /** When the backup is AVAILABLE, in real milliseconds. */
  finishedAt({ createdAt, duration }: BackupRecord): number {
    return this.clock.real(createdAt + duration);
  }

  async close(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
  }

  private cloudFormation(): CloudFormationClient {
    return this.client(CloudFormationClient);
  }

  private client<T>(Client: new (options: object) => T): T {
    return new Client({
      endpoint: this.ministack!.url,
      region: PLACE.region,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  }

  private async serveFsx(): Promise<void> {
    // ministack does not say whose call it is, and nobody asks
    const role = 'arn:aws:iam::000000000000:role/any';
    const api = await listen(this.fsx.api, {
      journal: this.journal,
      faults: this.faults,
      principalOf: () => role,
      onHang: () => undefined,
    });
    this.closers.push(() => api.close());
    const resources = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', () => {
          try {
            response.end(JSON.stringify(this.change(JSON.parse(Buffer.concat(chunks).toString()))));
          } catch (error) {
            response.writeHead(400).end((error as Error).message);
          }
        });
    });
    this.closers.push(() => stop(resources));
    Object.assign(this.environment, withoutAws(process.env), {
      PATH: [NODE, join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      AWS_ENDPOINT_URL_FSX: api.url,
      FSX_RESOURCES_URL: await urlOf(resources),
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: PLACE.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_VALIDATION: 'false',
      CI: 'true',
      NO_COLOR: '1',
    });
  }

  /** What CloudFormation asks of FSx. */
  private change({ operation, type, logicalId, physicalId, properties }: any) {
    if (this.refuse?.test(logicalId)) {
      this.refuse = undefined;
      throw new Error(`${logicalId} cannot be changed, says the test`);
    }
    if (operation === 'check') return {};
    const world = { fsx: this.fsx } as unknown as Parameters<typeof fsxTypes>[0];
    const request = { type, logicalId, physicalId, properties, attributes: {} } as any;
    const handler = fsxTypes(world)[type] as any;
    const made =
      operation === 'create'
        ? handler.create(request)
        : { physicalId, attributes: handler[operation](request) ?? {} };
    this.changes.push({ at: Date.now(), operation, logicalId, physicalId: made.physicalId });
    return made;
  }

  private async startMinistack(speed: number): Promise<void> {
    this.ministack = await startMinistack({ ...this.environment, SFN_WAIT_SCALE: String(1 / speed) });
    this.closers.push(() => this.ministack!.close());
    Object.assign(this.environment, {
      AWS_ENDPOINT_URL: this.ministack.url,
      AWS_ENDPOINT_URL_S3: this.ministack.url,
    });
  }
}

const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=none';

function withoutAws(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(AWS_|CDK_|npm_|JEST_|TSX_)/.test(name)),
  );
}

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
