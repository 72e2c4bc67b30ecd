import { spawn } from 'node:child_process';
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
  /** when the process and its output have ended */
  readonly closed: Promise<void>;
  /** Resolves to the result, or rejects with a `FunctionError`. */
  invoke(event: unknown, requestId: string): Promise<any>;
  /** One of its requests will never be answered: it may wait for a timer while that request is open. */
  requestHangs(): void;
  isBusy(): boolean;
  isAlive(): boolean;
  kill(): void;
}

interface Invocation {
  onMessage(message: { idle?: number | null; output?: string; error?: FunctionFailure; fatal?: boolean }): void;
  onExit(code: number | null, signal: string | null): void;
}

/**
 * Start a container: the function's code in a process of its own, with the Node.js version of the Lambda runtime.
 *
 * Its virtual time and that of the sandbox move in lock-step. The sandbox's clock is held while the process works. When it is
 * idle it says when its next timer is due; the hold is let go until the clock gets there, and then it is told to go on.
 * Its requests must therefore be answered without virtual time passing; those that never will be are told by `requestHangs`.
 */
export function startContainer(
  clock: VirtualClock, fn: LambdaFunction, environment: Record<string, string>, onLog: (line: string) => void,
): Container {
  const child = spawn(nodeBinary(), [`--max-old-space-size=${fn.memoryMegabytes}`, join(__dirname, 'bootstrap.cjs'), String(clock.now())], {
    cwd: fn.directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let invocation: Invocation | undefined;
  let alive = true;

  const log = (text: string) => onLog(text.replace(/\n$/, ''));
  // what does not pass through `process.stdout` of the child, such as the last words of V8
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', log);
  child.on('message', (message: any) => (message.log === undefined ? invocation?.onMessage(message) : log(message.log)));
  child.on('error', () => undefined); // a message that could not be sent any more; `close` follows
  child.on('exit', () => {
    alive = false;
  });
  const closed = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      invocation?.onExit(code, signal);
      resolve();
    });
  });
  const kill = () => {
    alive = false;
    child.kill('SIGKILL');
  };

  const invoke = (event: unknown, requestId: string) => new Promise<any>((resolve, reject) => {
    const deadline = clock.now() + fn.timeoutSeconds * 1000;
    let release = clock.hold();
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
      kill();
      const seconds = fn.timeoutSeconds.toFixed(2);
      fail({ errorType: 'Sandbox.Timedout', errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds` });
    }, fn.timeoutSeconds * 1000);

    const waitUntil = (instant: number) => {
      wake = clock.setTimeout(() => {
        release = clock.hold();
        child.send({ advance: clock.now() });
      }, instant - clock.now());
    };

    invocation = {
      onMessage: ({ idle, output, error, fatal }) => {
        if (idle !== undefined) {
          // Without a timer nothing will ever happen in there. Newer runtimes of Lambda may say so at once [?]; here it times out.
          if (idle !== null) waitUntil(idle);
          release();
          return;
        }
        if (fatal) kill();
        if (error) fail(error);
        else end(() => resolve(JSON.parse(output!)));
      },
      onExit: (code, signal) => {
        fail({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} Error: ${exitReason(code, signal)}` });
      },
    };
    child.send({ invoke: { event, requestId, now: clock.now(), deadline, arn: fn.arn } });
  });

  return {
    fn,
    invoke,
    requestHangs: () => void (alive && child.send({ hang: true })),
    isBusy: () => invocation !== undefined,
    isAlive: () => alive,
    kill,
    closed,
  };
}

function exitReason(code: number | null, signal: string | null): string {
  if (code === 0) return 'Runtime exited without providing a reason';
  // Lambda kills what runs out of memory; V8, which gives up a little earlier here, aborts
  const cause = signal === null ? `exit status ${code}` : `signal: ${signal === 'SIGABRT' || signal === 'SIGKILL' ? 'killed' : signal}`;
  return `Runtime exited with error: ${cause}`;
}

function nodeBinary(): string {
  return createRequire(__filename).resolve('node/bin/node');
}
