import { randomUUID } from 'node:crypto';
import { Availability, isTriedAgain } from './availability';
import { type Container, FunctionError, startContainer, VacantProcesses } from './container';
import { environmentOf, logGroupOf } from './environment';
import type { VirtualClock } from '../clock';
import { AwsError } from '../endpoint';
import type { Fault, FaultPlan } from '../faults';
import type { Authorizer } from '../iam';
import type { Journal } from '../journal';

export { FunctionError } from './container';

export interface LambdaFunction {
  arn: string;
  name: string;
  /** directory of the code asset */
  directory: string;
  /** `<file>.<export>` of a CommonJS module */
  handler: string;
  timeoutSeconds: number;
  memoryMegabytes: number;
  roleArn: string;
  environment: Record<string, string>;
  /** default: `/aws/lambda/<name>` */
  logGroup?: string;
  /** it runs in a VPC; default: it does not */
  vpc?: boolean;
}

const MINUTE = 60_000;
const MAXIMUM_EVENT_AGE = 6 * 60 * MINUTE;
/** Bytes of an asynchronous event. AWS has raised this to 1 MiB, but not in every Region [?]. */
const MAXIMUM_EVENT = 262_144;

/** AWS Lambda: functions, warm containers, and the two contracts of invocation. */
export class LambdaRuntime {
  /** Given to every container on top of the function's own, for example `AWS_ENDPOINT_URL_FSX`. */
  readonly environment: Record<string, string> = {};

  private readonly functions = new Map<string, LambdaFunction>();
  /**
   * access key id → container, oldest first; the key of a container that is gone stays known, as its requests
   * may be on their way
   */
  private readonly containers = new Map<string, Container>();
  private readonly vacant: VacantProcesses;
  private readonly availability: Availability;
  /** functions that may not write to their log */
  private readonly unlogged = new Set<LambdaFunction>();
  private crash?: { operation: string; calls: number };
  private closed = false;

  /** @param sharedProcesses processes that outlive this runtime */
  constructor(
    private readonly sandbox: {
      clock: VirtualClock;
      journal: Journal;
      faults: FaultPlan;
      authorizer?: Authorizer;
    },
    private readonly sharedProcesses?: VacantProcesses,
  ) {
    this.vacant = sharedProcesses ?? new VacantProcesses();
    this.availability = new Availability(sandbox.clock);
  }

  /** Define a function, or replace its code and configuration. */
  create(fn: LambdaFunction): void {
    this.remove(fn.arn);
    this.functions.set(fn.arn, fn);
    this.availability.defined(fn);
  }

  /** Invocations that run are finished. */
  remove(arn: string): void {
    this.functions.delete(arn);
    this.recycle(arn);
  }

  /**
   * Lets idle containers of a function go, as Lambda does every few hours: what comes next finds a new one,
   * with other credentials.
   */
  recycle(arn: string): void {
    for (const container of this.containers.values()) {
      if (container.fn.arn === arn && !container.isBusy()) this.retire(container);
    }
  }

  has(arn: string): boolean {
    return this.functions.has(arn);
  }

  /** The role behind an access key id of a container. */
  principalOf(accessKeyId: string): string | undefined {
    return this.containers.get(accessKeyId)?.fn.roleArn;
  }

  /**
   * A request of this container is not answered, not now or never; without an access key id: one of each
   * container. What is returned is to be called if it is answered after all, when virtual time has passed; it
   * resolves when the function knows what time it is. Without the port that the request comes from, it must
   * not be called once the function has given up.
   */
  requestHangs(accessKeyId?: string, port?: number): () => Promise<void> {
    const asking = [...this.containers].filter(
      ([id, container]) => id === accessKeyId || (accessKeyId === undefined && container.isBusy()),
    );
    const goOn = asking.map(([, container]) => container.requestHangs(port));
    return async () => void (await Promise.all(goOn.map((one) => one())));
  }

  /**
   * A request of this container is answered after so much virtual time. Time stands still then, until what
   * this resolves to is called.
   */
  async requestTakes(accessKeyId: string, port: number | undefined, ms: number): Promise<() => void> {
    const { clock } = this.sandbox;
    const goOn = this.requestHangs(accessKeyId, port);
    await clock.sleep(ms);
    const release = clock.hold();
    await goOn();
    return release;
  }

  /**
   * Crash the container that makes the nth call of this operation from now on, once: the call is carried out
   * and never answered.
   */
  crashAfter(operation: string, nth = 1): void {
    this.crash = { operation, calls: nth };
  }

  /** told of each call that a container has made */
  crashIfDue(operation: string, accessKeyId: string): void {
    const container = this.containers.get(accessKeyId);
    if (!container || this.crash?.operation !== operation || --this.crash.calls > 0) return;
    this.crash = undefined;
    container.kill();
  }

  /**
   * From now on, refuse every invocation of every function for so long: `ResourceNotReadyException`,
   * `TooManyRequestsException` (the account has no concurrency left), `ENINotReadyException`,
   * `ServiceException` and others. Asynchronous events wait in Lambda's queue meanwhile.
   */
  refuse(code: string, ms: number): void {
    this.availability.refuse(code, ms);
  }

  /**
   * Invoke and wait for the result.
   *
   * @throws `FunctionError` when the function failed, timed out or crashed; `AwsError` when Lambda did not
   * invoke it
   */
  async invoke(arn: string, payload: unknown, options: { requestId?: string } = {}): Promise<any> {
    const fn = this.functionOf(arn);
    await this.openLog(fn);
    if (this.closed) throw new AwsError('ServiceException', 'the sandbox is closed', 500);
    this.availability.assertAvailable(fn);
    const fault = this.sandbox.faults.next(`lambda:${fn.name}`);
    if (fault?.kind === 'slow') await this.sandbox.clock.sleep(fault.ms);
    else if (fault && fault.kind !== 'lost-response') throw serviceError(fault);
    // it may have been replaced while the invocation was on its way
    const output = await this.run(this.functionOf(arn), payload, options.requestId ?? randomUUID());
    if (fault?.kind === 'lost-response') throw serviceError(fault);
    return output;
  }

  /**
   * Put an event into the function's queue: delivered at least once; after a function error twice more, one
   * and two minutes later; while Lambda itself throttles or fails, for six hours.
   *
   * @throws `AwsError` when there is no such function, or the event is too large; whatever happens later is
   * nobody's to know
   */
  invokeAsync(arn: string, payload: unknown): void {
    this.functionOf(arn);
    const bytes = Buffer.byteLength(JSON.stringify(payload) ?? '');
    if (bytes > MAXIMUM_EVENT) {
      const why = `too large for the Event invocation type (limit ${MAXIMUM_EVENT} bytes)`;
      throw new AwsError('RequestEntityTooLargeException', `${bytes} byte payload is ${why}`, 413);
    }
    void this.deliver(arn, payload, randomUUID());
  }

  async close(): Promise<void> {
    this.closed = true;
    this.functions.clear();
    const containers = [...this.containers.values()];
    // a process in the middle of something is of no use to another container
    await Promise.all(containers.map((container) => container.rests()));
    for (const container of containers) this.retire(container);
    await Promise.all(containers.map((container) => container.closed));
    if (!this.sharedProcesses) await this.vacant.close();
  }

  private async deliver(arn: string, payload: unknown, requestId: string): Promise<void> {
    const { clock } = this.sandbox;
    const expires = clock.now() + MAXIMUM_EVENT_AGE;
    let failures = 0;
    let backoff = 1000;
    while (this.functions.has(arn)) {
      try {
        return void (await this.invoke(arn, payload, { requestId }));
      } catch (error) {
        if (this.closed) return;
        if (error instanceof FunctionError) {
          if (++failures > 2) return;
          await clock.sleep(failures * MINUTE);
        } else if (error instanceof AwsError && isTriedAgain(error)) {
          if (clock.now() + backoff > expires) return;
          await clock.sleep(backoff);
          backoff = Math.min(backoff * 2, 5 * MINUTE);
        } else {
          throw error;
        }
      }
    }
  }

  /** Lambda writes logs with the permissions of the function; what it may not write is lost. */
  private async openLog(fn: LambdaFunction): Promise<void> {
    const [, partition, , region, account] = fn.arn.split(':');
    const group = `arn:${partition}:logs:${region}:${account}:log-group:${logGroupOf(fn)}`;
    const resource = `${group}:log-stream:[$LATEST]`;
    try {
      for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
        await this.sandbox.authorizer?.authorize({ principal: fn.roleArn, action, resource });
      }
      this.unlogged.delete(fn);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.unlogged.add(fn);
    }
  }

  private async run(fn: LambdaFunction, input: unknown, requestId: string): Promise<any> {
    const { clock, journal } = this.sandbox;
    const started = clock.now();
    const record = (result: { output?: any; error?: string }) =>
      journal.add({
        kind: 'invocation',
        functionName: fn.name,
        requestId,
        input,
        milliseconds: clock.now() - started,
        ...result,
      });
    const container = this.warmContainer(fn) ?? this.coldContainer(fn);
    try {
      const output = await container.invoke(input ?? {}, requestId);
      record({ output });
      return output;
    } catch (error) {
      record({ error: `${(error as Error).name}: ${(error as Error).message}` });
      throw error;
    } finally {
      if (this.functions.get(fn.arn) !== fn) this.retire(container);
    }
  }

  private warmContainer(fn: LambdaFunction): Container | undefined {
    return [...this.containers.values()].find(
      (container) => container.fn === fn && container.isAlive() && !container.isBusy(),
    );
  }

  private coldContainer(fn: LambdaFunction): Container {
    const accessKeyId = `ASIA${String(this.containers.size + 1).padStart(16, '0')}`;
    const environment = { ...environmentOf(fn, accessKeyId), ...this.environment };
    const onLog = (line: string) => {
      if (!this.unlogged.has(fn)) this.sandbox.journal.add({ kind: 'log', functionName: fn.name, line });
    };
    const container = startContainer(
      this.sandbox.clock,
      fn,
      environment,
      onLog,
      this.vacant.take(fn, environment),
    );
    this.containers.set(accessKeyId, container);
    return container;
  }

  /** No function needs this container any more. */
  private retire(container: Container): void {
    const process = container.isAlive() ? container.vacate() : undefined;
    if (process) this.vacant.add(process);
  }

  private functionOf(arn: string): LambdaFunction {
    const fn = this.functions.get(arn.replace(/:\$LATEST$/, ''));
    if (!fn) throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
    return fn;
  }
}

function serviceError(fault: Exclude<Fault, { kind: 'slow' }>): AwsError {
  switch (fault.kind) {
    case 'error':
      return new AwsError(
        fault.code,
        fault.message ?? `${fault.code} by the fault plan`,
        fault.status,
        fault.fields,
      );
    case 'throttle':
      return new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    case 'server-error':
      return new AwsError('ServiceException', 'Lambda is currently unable to process your request', 500);
    case 'reset':
    case 'lost-response':
      return new AwsError('SdkClientException', 'Unable to execute HTTP request: Connection reset', 500);
    case 'hang':
      throw new Error('the sandbox serves no hanging invocation of Lambda: let a call of the function hang');
  }
}
