import { existsSync } from 'node:fs';
import type { VirtualClock } from '../clock';
import { ContainerProcess, type FunctionFailure, type Message } from './process';
import type { LambdaFunction } from './runtime';

export { ContainerProcess, VacantProcesses } from './process';

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
   * open. The port that it comes from tells which one it is. What is returned is to be called when it is
   * answered after all; that resolves when it is the same time inside.
   */
  requestHangs(port?: number): () => Promise<void>;
  isBusy(): boolean;
  /** Resolves when there is nothing to do in it before time passes: it has answered, or waits for a timer. */
  rests(): Promise<void>;
  isAlive(): boolean;
  kill(): void;
  /** The end of the container. Its process is given back if another container may have it. */
  vacate(): ContainerProcess | undefined;
}

type Wake = { advance: number } | { goOn: { nth: number; instant: number } };

interface Invocation {
  onMessage(message: Message): void;
  /** The nth request that hung goes on. */
  goOn(nth: number): Promise<void>;
  onExit(code: number | null, signal: string | null): void;
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
      const goingOn = new Map<number, () => void>();

      const end = (settle: () => void) => {
        invocation = undefined;
        clock.clearTimeout(expiry);
        clock.clearTimeout(wake);
        goingOn.forEach((done) => done());
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

      const wakeUp = (message: Wake) => {
        clock.clearTimeout(wake);
        release();
        release = work();
        inside.send(message);
      };
      const waitUntil = (instant: number) => {
        wake = clock.setTimeout(() => wakeUp({ advance: clock.now() }), instant - clock.now());
      };

      invocation = {
        goOn: (nth) => {
          wakeUp({ goOn: { nth, instant: clock.now() } });
          return new Promise((done) => goingOn.set(nth, done));
        },
        onMessage: ({ idle, wentOn, output, error, fatal, busy }) => {
          if (wentOn !== undefined) {
            goingOn.get(wentOn)?.();
            return;
          }
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
    requestHangs: (port) => {
      const [nth, of] = [++hanging, invocation];
      if (isAlive()) inside.send({ hang: { nth, port } });
      return async () => {
        if (of === invocation) await invocation?.goOn(nth);
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
