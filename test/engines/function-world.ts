import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FastClock } from './fast-clock';
import { listen } from '../../sandbox/endpoint';
import { FaultPlan } from '../../sandbox/faults';
import { FsxService } from '../../sandbox/fsx/service';
import { Journal } from '../../sandbox/journal';

const ROLE = 'arn:aws:iam::123456789012:role/Function';

/**
 * What a function sees of AWS, in real time: the sandbox's FSx, and of CloudFormation and Step Functions as
 * much as one resource's request needs.
 */
export class FunctionWorld {
  static async start(): Promise<FunctionWorld> {
    const world = new FunctionWorld();
    await world.listen();
    return world;
  }

  /** for containers */
  readonly environment: Record<string, string> = {};
  readonly clock = new FastClock(200);
  readonly journal = new Journal(this.clock);
  readonly faults = new FaultPlan();
  readonly fsx = new FsxService({
    clock: this.clock,
    authorizer: { authorize: async () => undefined },
    accountId: '123456789012',
    region: 'us-east-1',
    partition: 'aws',
  });
  /** where CloudFormation wants its answer */
  responseUrl = '';
  readonly answers: any[] = [];
  /** inputs of the executions that were started */
  readonly executions: any[] = [];
  stackStatus = 'CREATE_IN_PROGRESS';
  private readonly closers: Array<() => unknown> = [];

  private constructor() {}

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }

  private async listen(): Promise<void> {
    const context = {
      journal: this.journal,
      faults: this.faults,
      principalOf: () => ROLE,
      onHang: () => undefined,
    };
    const fsx = await listen(this.fsx.api, context);
    const states = await listen(
      { service: 'states', protocol: 'json-1.0', handle: async ({ input }) => this.startExecution(input) },
      context,
    );
    const stacks = await listen(
      {
        service: 'cloudformation',
        protocol: 'query',
        handle: async ({ operation, input }) => this.describe(operation, input),
      },
      context,
    );
    Object.assign(this.environment, {
      AWS_ENDPOINT_URL_FSX: fsx.url,
      AWS_ENDPOINT_URL_SFN: states.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: stacks.url,
    });
    const bucket: Server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', () => {
          this.answers.push(JSON.parse(Buffer.concat(chunks).toString()));
          response.end();
        });
    });
    await new Promise<void>((done) => bucket.listen(0, '127.0.0.1', done));
    const { port } = bucket.address() as AddressInfo;
    this.responseUrl = `http://127.0.0.1:${port}/answer?X-Amz-Signature=verysecret`;
    this.closers.push(
      () => fsx.close(),
      () => states.close(),
      () => stacks.close(),
      () => {
        bucket.closeAllConnections();
        bucket.close();
      },
    );
  }

  private startExecution({ stateMachineArn, name, input }: any) {
    this.executions.push(JSON.parse(input));
    return {
      executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`,
      startDate: Date.now() / 1000,
    };
  }

  private describe(operation: string, { StackName }: any): unknown {
    if (operation === 'DescribeStackEvents') return { StackEvents: [] };
    return {
      Stacks: [
        { StackId: StackName, StackName: 'Files', CreationTime: new Date(), StackStatus: this.stackStatus },
      ],
    };
  }
}
