import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VirtualClock } from '../clock';
import { listen } from '../endpoint';
import { FaultPlan } from '../faults';
import { Journal } from '../journal';
import { type LambdaFunction, LambdaRuntime } from '../lambda/runtime';

/** Lambda without the rest of the sandbox; close it. */
export class LambdaWorld {
  readonly clock = new VirtualClock();
  readonly start = this.clock.now();
  readonly journal = new Journal(this.clock);
  readonly faults = new FaultPlan();
  readonly lambda = new LambdaRuntime({ clock: this.clock, journal: this.journal, faults: this.faults });
  private readonly root = mkdtempSync(join(tmpdir(), 'lambda-'));
  private readonly endpoints: Array<{ close(): Promise<void> }> = [];

  /** A function with this code; its ARN. */
  define(name: string, code: string, options: Partial<LambdaFunction> = {}): string {
    const directory = join(this.root, name);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'index.js'), code);
    const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
    this.lambda.create({
      arn,
      name,
      directory,
      handler: 'index.handler',
      timeoutSeconds: 900,
      memoryMegabytes: 128,
      roleArn: 'arn:aws:iam::123456789012:role/Function',
      environment: { NODE_PATH: resolve('node_modules') },
      ...options,
    });
    return arn;
  }

  invoke(arn: string, payload: unknown = {}): Promise<any> {
    return this.clock.run(this.lambda.invoke(arn, payload));
  }

  pass(ms: number): Promise<void> {
    return this.clock.run(this.clock.sleep(ms));
  }

  /** FSx on loopback, which answers after some real time, and says when it carried out what. */
  async serveFsx(callDuration: (operation: string) => number = () => 0): Promise<Array<[string, number]>> {
    const carriedOut: Array<[string, number]> = [];
    const handle = async ({ operation }: { operation: string }) => {
      await new Promise((answer) => setTimeout(answer, 20));
      carriedOut.push([operation, this.clock.now() - this.start]);
      return operation === 'DescribeBackups' ? { Backups: [] } : {};
    };
    const endpoint = await listen(
      { service: 'fsx', protocol: 'json-1.1', handle },
      {
        journal: this.journal,
        faults: this.faults,
        principalOf: (id) => this.lambda.principalOf(id),
        onHang: (id, port) => this.lambda.requestHangs(id, port),
        callDuration,
        afterWaiting: (id, port, ms) => this.lambda.requestTakes(id, port, ms),
      },
    );
    this.endpoints.push(endpoint);
    this.lambda.environment.AWS_ENDPOINT_URL_FSX = endpoint.url;
    return carriedOut;
  }

  async close(): Promise<void> {
    await this.lambda.close();
    await Promise.all(this.endpoints.map((endpoint) => endpoint.close()));
    rmSync(this.root, { recursive: true });
  }
}
