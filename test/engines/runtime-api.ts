import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { NODE_MODULES } from './install';

export interface Reported {
  errorType: string;
  errorMessage: string;
  stackTrace?: string[];
}

/** What became of an invocation. */
export type Outcome = { result: any } | { error: Reported } | { exit: string };

interface Invocation {
  id: string;
  event: unknown;
  deadline: number;
  settle(outcome: Outcome): void;
}

export interface ContainerOptions {
  /** the Node.js that it runs on */
  node: string;
  /** of the code */
  directory: string;
  handler?: string;
  memoryMegabytes?: number;
  environment: Record<string, string>;
  /** more arguments for Node.js */
  nodeArguments?: string[];
}

/**
 * A function's container around AWS's own runtime client: this serves the Runtime API of Lambda
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), and the client asks for the events.
 */
export class RuntimeContainer {
  static async start(options: ContainerOptions): Promise<RuntimeContainer> {
    const container = new RuntimeContainer();
    await new Promise<void>((done) => container.server.listen(0, '127.0.0.1', done));
    container.spawn(options);
    return container;
  }

  /** what the function has written, line by line */
  readonly lines: string[] = [];
  /** that the code could not be loaded, told before any invocation */
  initError?: Reported;
  /** most memory that the process has had, in bytes */
  peakMemory = 0;
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));
  private readonly queue: Invocation[] = [];
  private running?: Invocation;
  private waiting?: ServerResponse;
  private count = 0;
  private child!: ChildProcess;

  private constructor() {}

  /** @param milliseconds until the deadline, at which Lambda would kill it */
  invoke(event: unknown, milliseconds = 100_000): Promise<Outcome> {
    return new Promise((settle) => {
      this.queue.push({
        id: `8476a536-e9f4-11e8-9739-${String(++this.count).padStart(12, '0')}`,
        event,
        deadline: Date.now() + milliseconds,
        settle,
      });
      this.hand();
    });
  }

  /** As Lambda does at the deadline, and when the memory is used up. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    this.kill();
    this.server.closeAllConnections();
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  private spawn({
    node,
    directory,
    handler = 'index.handler',
    memoryMegabytes = 256,
    environment,
    nodeArguments = [],
  }: ContainerOptions): void {
    this.child = spawn(node, [...nodeArguments, join(NODE_MODULES, 'aws-lambda-ric/index.mjs')], {
      cwd: directory,
      env: {
        HOME: '/nonexistent',
        TZ: ':UTC',
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(this.server.address() as AddressInfo).port}`,
        AWS_LAMBDA_FUNCTION_NAME: 'Function',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
        AWS_LAMBDA_LOG_FORMAT: 'JSON',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/Function',
        AWS_LAMBDA_LOG_STREAM_NAME: '[$LATEST]0000000000000001',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'ASIA0000000000000001',
        AWS_SECRET_ACCESS_KEY: 'sandbox',
        AWS_SESSION_TOKEN: 'sandbox',
        LAMBDA_TASK_ROOT: directory,
        _HANDLER: handler,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop()!;
        this.lines.push(...lines.filter(Boolean));
      });
    }
    this.child.on('exit', (code, signal) => {
      for (const invocation of [this.running, ...this.queue.splice(0)]) {
        invocation?.settle({ exit: String(signal ?? code) });
      }
      this.running = undefined;
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const [, , ...path] = request.url!.split('/'); // without the version
    if (path.join('/') === 'runtime/invocation/next') {
      this.measure();
      this.waiting = response;
      return this.hand();
    }
    const what = path.at(-1);
    if (path.join('/') === 'runtime/init/error') {
      this.initError = JSON.parse(body);
    } else if (this.running?.id === path[2]) {
      this.running.settle(what === 'response' ? { result: JSON.parse(body) } : { error: JSON.parse(body) });
      this.running = undefined;
    }
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
  }

  private hand(): void {
    if (!this.waiting || this.queue.length === 0) return;
    this.running = this.queue.shift()!;
    const { id, deadline, event } = this.running;
    this.waiting
      .writeHead(200, {
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': id,
        'Lambda-Runtime-Deadline-Ms': String(deadline),
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:123456789012:function:Function',
        'Lambda-Runtime-Trace-Id':
          'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0',
      })
      .end(JSON.stringify(event));
    this.waiting = undefined;
  }

  private measure(): void {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    this.peakMemory = Number(/VmHWM:\s*(\d+) kB/.exec(status)![1]) * 1024;
  }
}
