import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { VirtualClock } from '../clock';
import type { LambdaFunction } from './runtime';

/** What a function failed with, as Lambda describes it to who invoked it. */
export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** What the process says; see bootstrap.cjs. */
export interface Message {
  log?: string;
  idle?: number | null;
  wentOn?: number;
  output?: string;
  error?: FunctionFailure;
  fatal?: boolean;
  /** something goes on although the answer has been given */
  busy?: boolean;
}

/**
 * A process of Node.js: the inside of one container after the other, for each of which the code is loaded
 * again.
 */
export class ContainerProcess {
  static start(
    clock: VirtualClock,
    fn: LambdaFunction,
    environment: Record<string, string>,
  ): ContainerProcess {
    return new ContainerProcess(
      startedFor(fn, environment),
      spawn(
        nodeBinary(),
        [`--max-old-space-size=${fn.memoryMegabytes}`, join(__dirname, 'bootstrap.cjs'), String(clock.now())],
        { cwd: fn.directory, env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
      ),
    );
  }

  /** whose inside it is */
  resident?: { onMessage(message: Message): void; onExit(code: number | null, signal: string | null): void };
  /** when the process and its output have ended */
  readonly closed: Promise<void>;
  alive = true;

  private constructor(
    private readonly origin: string,
    private readonly child: ChildProcess,
  ) {
    // what does not pass through `process.stdout` of the child, such as the last words of V8
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (log) => this.resident?.onMessage({ log }));
    }
    child.on('message', (message: Message) => this.resident?.onMessage(message));
    child.on('error', () => undefined); // a message that could not be sent any more; `close` follows
    child.on('exit', () => {
      this.alive = false;
    });
    this.closed = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.resident?.onExit(code, signal);
        resolve();
      });
    });
  }

  /**
   * Whether a container of this function can have the process: another would have been started in the same
   * way.
   */
  suits(fn: LambdaFunction, environment: Record<string, string>): boolean {
    return this.alive && this.origin === startedFor(fn, environment);
  }

  send(message: object): void {
    this.child.send(message);
  }

  kill(): void {
    this.alive = false;
    this.child.kill('SIGKILL');
  }
}

/**
 * What Node.js, and what is under it, reads when a process starts. Other variables are set again for the next
 * container.
 */
const READ_AT_START = /^(NODE|UV|LD|MALLOC|OPENSSL|SSL|ICU)_|^(TZ|PATH|LANG|LC_ALL)$/;

/** All that a process is started with, but for what is of the one container. */
function startedFor({ memoryMegabytes }: LambdaFunction, environment: Record<string, string>): string {
  const read = Object.entries(environment)
    .filter(([name]) => READ_AT_START.test(name))
    .sort();
  return JSON.stringify([memoryMegabytes, read]);
}

/**
 * Processes that containers have vacated: starting one takes a hundred times longer than loading the code
 * again.
 */
export class VacantProcesses {
  private readonly all: ContainerProcess[] = [];

  add(process: ContainerProcess): void {
    this.all.push(process);
  }

  /** One in which this function can run; it is vacant no more. */
  take(fn: LambdaFunction, environment: Record<string, string>): ContainerProcess | undefined {
    const suitable = this.all.findIndex((process) => process.suits(fn, environment));
    return suitable < 0 ? undefined : this.all.splice(suitable, 1)[0];
  }

  async close(): Promise<void> {
    const ended = this.all.splice(0);
    for (const process of ended) process.kill();
    await Promise.all(ended.map((process) => process.closed));
  }
}

function nodeBinary(): string {
  return createRequire(__filename).resolve('node/bin/node');
}
