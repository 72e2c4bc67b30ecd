import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
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

/** The function was invoked, and it failed. (That it could not be invoked is an `AwsError`.) */
export class FunctionError extends Error {
  constructor(readonly payload: FunctionFailure) {
    super(payload.errorMessage);
    this.name = payload.errorType;
  }
}

/** A process that serves one invocation of a function at a time. */
export interface Container {
  readonly fn: LambdaFunction;
  /** when it is vacated, or the process and its output have ended */
  readonly closed: Promise<void>;
  /** Resolves to the result, or rejects with a `FunctionError`. */
  invoke(event: unknown, requestId: string): Promise<any>;
  /**
   * One of its requests is not answered, not now or never: it may wait for a timer while that request is
   * open. What is returned is to be called when it is answered after all.
   */
  requestHangs(): () => void;
  isBusy(): boolean;
  /** Resolves when there is nothing to do in it before time passes: it has answered, or waits for a timer. */
  rests(): Promise<void>;
  isAlive(): boolean;
  kill(): void;
  /** The end of the container. Its process is given back if another container may have it. */
  vacate(): ContainerProcess | undefined;
}

interface Message {
  log?: string;
  idle?: number | null;
  output?: string;
  error?: FunctionFailure;
  fatal?: boolean;
  /** something goes on although the answer has been given */
  busy?: boolean;
}

type Wake = { advance: number } | { goOn: { nth: number; instant: number } };

interface Invocation {
  onMessage(message: Message): void;
  /** Tells the process what time it is, and whether that is because one of its requests goes on. */
  wake(message: Wake): void;
  onExit(code: number | null, signal: string | null): void;
}

/**
 * A process of Node.js: the inside of one container after the other, for each of which the code is loaded
 * anew.
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
 * What Node.js, and what is under it, reads when a process starts. Other variables are set anew for the next
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
 * anew.
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

/**
 * Start a container: the function's code in a process of its own, with the Node.js version of the Lambda
 * runtime; or in a process that another container has vacated.
 *
 * Its virtual time and that of the sandbox move in lock-step. The sandbox's clock is held while the process
 * works. When it is idle it says when its next timer is due; the hold is let go until the clock gets there,
 * and then it is told to go on. Its requests must therefore be answered without virtual time passing; those
 * that are not are told by `requestHangs`.
 */
export function startContainer(
  clock: VirtualClock,
  fn: LambdaFunction,
  environment: Record<string, string>,
  onLog: (line: string) => void,
  vacant?: ContainerProcess,
): Container {
  if (!existsSync(fn.directory)) throw new Error(`the code of ${fn.name} is no longer in ${fn.directory}`);
  const inside = vacant ?? ContainerProcess.start(clock, fn, environment);
  vacant?.send({ reload: { environment, now: clock.now() } });
  let invocation: Invocation | undefined;
  let hanging = 0;
  let leftover = false;
  let vacated = false;
  let rests = Promise.resolve();
  /** Time stands still until what is returned is called. */
  const work = () => {
    const release = clock.hold();
    let rest: () => void;
    rests = new Promise((resolve) => {
      rest = resolve;
    });
    return () => {
      release();
      rest();
    };
  };
  let close: () => void;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  void inside.closed.then(close!);
  inside.resident = {
    onMessage: (message) =>
      message.log === undefined ? invocation?.onMessage(message) : onLog(message.log.replace(/\n$/, '')),
    onExit: (code, signal) => invocation?.onExit(code, signal),
  };

  const invoke = (event: unknown, requestId: string) =>
    new Promise<any>((resolve, reject) => {
      const deadline = clock.now() + fn.timeoutSeconds * 1000;
      let release = work();
      let wake: number | undefined;

      const end = (settle: () => void) => {
        invocation = undefined;
        clock.clearTimeout(expiry);
        clock.clearTimeout(wake);
        settle();
        release();
      };
      const fail = (payload: FunctionFailure) => end(() => reject(new FunctionError(payload)));

      const expiry = clock.setTimeout(() => {
        inside.kill();
        const seconds = fn.timeoutSeconds.toFixed(2);
        fail({
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
        });
      }, fn.timeoutSeconds * 1000);

      const goOn = (message: Wake) => {
        clock.clearTimeout(wake);
        release();
        release = work();
        inside.send(message);
      };
      const waitUntil = (instant: number) => {
        wake = clock.setTimeout(() => goOn({ advance: clock.now() }), instant - clock.now());
      };

      invocation = {
        wake: goOn,
        onMessage: ({ idle, output, error, fatal, busy }) => {
          if (idle !== undefined) {
            // Without a timer nothing will ever happen in there. Newer runtimes of Lambda may say so at once
            // [?]; here it times out.
            if (idle !== null) waitUntil(idle);
            release();
            return;
          }
          if (fatal) inside.kill();
          leftover = busy ?? false;
          if (error) fail(error);
          else end(() => resolve(JSON.parse(output!)));
        },
        onExit: (code, signal) => {
          fail({
            errorType: 'Runtime.ExitError',
            errorMessage: `RequestId: ${requestId} Error: ${exitReason(code, signal)}`,
          });
        },
      };
      inside.send({ invoke: { event, requestId, now: clock.now(), deadline, arn: fn.arn } });
    });

  const isAlive = () => inside.alive && !vacated;
  return {
    fn,
    invoke,
    requestHangs: () => {
      const [nth, of] = [++hanging, invocation];
      if (isAlive()) inside.send({ hang: nth });
      return () => {
        if (of === invocation) invocation?.wake({ goOn: { nth, instant: clock.now() } });
      };
    },
    isBusy: () => invocation !== undefined,
    rests: () => rests,
    isAlive,
    kill: () => inside.kill(),
    vacate: () => {
      vacated = true;
      if (inside.alive && invocation === undefined && !leftover) {
        close();
        return inside;
      }
      inside.kill();
      return undefined;
    },
    closed,
  };
}

function exitReason(code: number | null, signal: string | null): string {
  if (code === 0) return 'Runtime exited without providing a reason';
  // Lambda kills what runs out of memory; V8, which gives up a little earlier here, aborts
  const cause =
    signal === null
      ? `exit status ${code}`
      : `signal: ${signal === 'SIGABRT' || signal === 'SIGKILL' ? 'killed' : signal}`;
  return `Runtime exited with error: ${cause}`;
}

function nodeBinary(): string {
  return createRequire(__filename).resolve('node/bin/node');
}
