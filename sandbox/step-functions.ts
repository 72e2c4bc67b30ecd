import { randomUUID } from 'node:crypto';
import type { StateMachine as Interpreter } from 'aws-local-stepfunctions' with {
  'resolution-mode': 'import',
};
import type { VirtualClock } from './clock';
import { type AwsApi, type AwsCall, AwsError } from './endpoint';
import type { Authorizer } from './iam';
import type { Journal } from './journal';
import { FunctionError, type LambdaRuntime } from './lambda/runtime';
import {
  assertServed,
  assertWithinDataLimit,
  functionArnOf,
  interpreterOn,
  isFunctionArn,
  MAXIMUM_DATA,
  prepared,
  terminal,
} from './states-language';

export interface StateMachine {
  arn: string;
  name: string;
  roleArn: string;
  /** Amazon States Language: a Standard workflow in JSONPath */
  definition: object;
  /** of the KMS key that encrypts it: who starts, runs or reads an execution needs to use it */
  keyArn?: string;
}

export interface Execution {
  arn: string;
  name: string;
  stateMachineArn: string;
  /** JSON, as given */
  input: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** instants in milliseconds */
  started: number;
  stopped?: number;
  /** JSON */
  output?: string;
  error?: string;
  cause?: string;
  /** Entries of the event history. Those of `Map` and `Parallel` states are counted roughly. */
  events: number;
}

type Outcome = Pick<Execution, 'status' | 'output' | 'error' | 'cause'>;

/** After so long, a closed execution is forgotten, and its name is free again. */
const RETENTION = 90 * 24 * 60 * 60_000;
const NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/;

/** AWS Step Functions: Standard workflows that invoke Lambda functions. */
export class StepFunctions {
  /** by ARN */
  readonly executions = new Map<string, Execution>();
  readonly api: AwsApi = { service: 'states', protocol: 'json-1.0', handle: (call) => this.handle(call) };

  private readonly stateMachines = new Map<string, StateMachine>();
  private readonly aborts = new Map<Execution, () => void>();
  private readonly interpreter: typeof Interpreter;

  constructor(
    private readonly sandbox: {
      clock: VirtualClock;
      journal: Journal;
      authorizer: Authorizer;
      lambda: Pick<LambdaRuntime, 'invoke'>;
      /** entries of an execution's history, 25,000 by default */
      historyLimit?: number;
    },
  ) {
    this.interpreter = interpreterOn(sandbox.clock);
  }

  /** Define a state machine, or replace it: executions that run keep the definition they started with. */
  createStateMachine(stateMachine: StateMachine): void {
    assertServed(stateMachine.definition);
    this.stateMachines.set(stateMachine.arn, stateMachine);
  }

  /** Its executions end at their next transition. */
  deleteStateMachine(arn: string): void {
    this.stateMachines.delete(arn);
  }

  private async handle({ operation, input, principal }: AwsCall): Promise<unknown> {
    const authorize = (resource: string) =>
      this.sandbox.authorizer.authorize({ principal, action: `states:${operation}`, resource });
    switch (operation) {
      case 'StartExecution':
        await authorize(required(input, 'stateMachineArn'));
        await this.authorizeKey(principal, input.stateMachineArn, ['kms:GenerateDataKey', 'kms:Decrypt']);
        return this.startExecution(input);
      case 'DescribeExecution':
        await authorize(requiredArn(input, 'executionArn'));
        await this.authorizeKey(principal, this.executionOf(input.executionArn).stateMachineArn, [
          'kms:Decrypt',
        ]);
        return description(this.executionOf(input.executionArn));
      case 'StopExecution':
        await authorize(requiredArn(input, 'executionArn'));
        return this.stopExecution(input);
      case 'ListExecutions':
        await authorize(required(input, 'stateMachineArn'));
        return this.listExecutions(input);
      default:
        throw new AwsError('UnknownOperationException', `the sandbox does not serve states:${operation}`);
    }
  }

  private async authorizeKey(principal: string, stateMachineArn: string, actions: string[]): Promise<void> {
    const resource = this.stateMachines.get(stateMachineArn)?.keyArn;
    for (const action of resource ? actions : []) {
      await this.sandbox.authorizer.authorize({ principal, action, resource: resource! });
    }
  }

  private startExecution({ stateMachineArn, name = randomUUID(), input = '{}' }: any) {
    const stateMachine = this.stateMachineOf(stateMachineArn);
    if (!NAME.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
    assertInput(input);

    const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const earlier = this.remembered(arn);
    if (earlier && (earlier.status !== 'RUNNING' || earlier.input !== input)) {
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    }
    const execution = earlier ?? this.start(stateMachine, arn, name, input);
    return { executionArn: arn, startDate: execution.started / 1000 };
  }

  private stopExecution({
    executionArn,
    error,
    cause,
  }: {
    executionArn: string;
    error?: string;
    cause?: string;
  }) {
    const execution = this.executionOf(executionArn);
    this.finish(execution, { status: 'ABORTED', error, cause });
    return { stopDate: execution.stopped! / 1000 };
  }

  private listExecutions({ stateMachineArn, statusFilter, maxResults = 100, nextToken = '0' }: any) {
    this.stateMachineOf(stateMachineArn);
    const all = [...this.executions.values()]
      .reverse() // most recent first
      .filter(
        (execution) =>
          this.remembered(execution.arn) !== undefined &&
          execution.stateMachineArn === stateMachineArn &&
          (!statusFilter || execution.status === statusFilter),
      );
    const end = Number(nextToken) + maxResults;
    return {
      executions: all.slice(Number(nextToken), end).map(summary),
      ...(end < all.length && { nextToken: String(end) }),
    };
  }

  private start(stateMachine: StateMachine, arn: string, name: string, input: string): Execution {
    const execution: Execution = {
      arn,
      name,
      stateMachineArn: stateMachine.arn,
      input,
      status: 'RUNNING',
      started: this.sandbox.clock.now(),
      events: 1,
    };
    this.executions.delete(arn); // one that is forgotten must not lend its place in the order
    this.executions.set(arn, execution);
    this.record(execution);

    const { definition, tasks } = prepared(stateMachine.definition);
    const taskResourceLocalHandlers = Object.fromEntries(
      Object.entries(tasks).map(([state, resource]) => [
        state,
        (taskInput: any) => this.runTask(execution, stateMachine, resource, taskInput),
      ]),
    );
    const context = {
      Execution: { Id: arn, Name: name, RoleArn: stateMachine.roleArn },
      StateMachine: { Id: stateMachine.arn, Name: stateMachine.name },
    };
    const run = new this.interpreter(definition, { validationOptions: { noValidate: true } }).run(
      JSON.parse(input),
      { overrides: { taskResourceLocalHandlers }, context },
    );
    this.aborts.set(execution, run.abort);
    const watched = this.watch(execution, stateMachine, run.eventLogs);
    void run.result
      .then((output): Outcome => ({ status: 'SUCCEEDED', output: JSON.stringify(output) }), outcomeOf)
      .then(async (outcome) => {
        await watched; // the last entries of the history may be too many
        this.finish(execution, outcome);
      });
    return execution;
  }

  private async watch(
    execution: Execution,
    stateMachine: StateMachine,
    events: AsyncIterable<{ type: string }>,
  ): Promise<void> {
    for await (const { type } of events) {
      if (/^(StateEntered|StateExited|Map|Parallel)/.test(type)) this.count(execution, stateMachine, 1);
    }
  }

  /**
   * What happens at each transition: the history grows, up to its limit, and the end of a deleted state
   * machine is noticed.
   */
  private count(execution: Execution, stateMachine: StateMachine, events: number): void {
    const limit = this.sandbox.historyLimit ?? 25_000;
    execution.events += events;
    if (!this.stateMachines.has(stateMachine.arn)) this.finish(execution, { status: 'ABORTED' });
    // the last entry that the limit leaves room for can only be the end of the execution
    if (execution.events >= limit) {
      const cause = `The execution reached the maximum number of history events (${limit}).`;
      this.finish(execution, { status: 'FAILED', error: 'States.Runtime', cause });
    }
  }

  private async runTask(
    execution: Execution,
    stateMachine: StateMachine,
    resource: string,
    input: any,
  ): Promise<any> {
    this.count(execution, stateMachine, 3); // scheduled, started, succeeded or failed
    if (execution.status !== 'RUNNING') {
      throw terminal('States.Runtime', `execution ${execution.name} is over`);
    }
    await this.authorizeKey(stateMachine.roleArn, stateMachine.arn, [
      'kms:GenerateDataKey',
      'kms:Decrypt',
    ]).catch(({ code, message }) => {
      throw terminal(`KMS.${code}`, message);
    });
    assertWithinDataLimit(resource, input);
    // `lambda:invoke`, whose input and result are those of Lambda's API
    const integration = !isFunctionArn(resource);
    try {
      const functionArn = integration ? functionArnOf(input.FunctionName, stateMachine.arn) : resource;
      await this.sandbox.authorizer.authorize({
        principal: stateMachine.roleArn,
        action: 'lambda:InvokeFunction',
        resource: functionArn,
      });
      const Payload = await this.sandbox.lambda.invoke(
        functionArn,
        integration ? (input.Payload ?? {}) : input,
      );
      const answer = {
        ExecutedVersion: '$LATEST',
        Payload,
        SdkHttpMetadata: { HttpStatusCode: 200 },
        StatusCode: 200,
      };
      const result = integration ? answer : Payload;
      assertWithinDataLimit(resource, result);
      return result;
    } catch (error) {
      throw taskError(error as Error);
    }
  }

  private finish(execution: Execution, outcome: Outcome): void {
    if (execution.status !== 'RUNNING') return;
    Object.assign(execution, outcome, { stopped: this.sandbox.clock.now() });
    this.record(execution);
    this.aborts.get(execution)?.();
    this.aborts.delete(execution);
  }

  private record({ stateMachineArn, name, status, error, cause }: Execution): void {
    const why = [error, cause].filter(Boolean).join(': ');
    this.sandbox.journal.add({
      kind: 'execution',
      stateMachine: stateMachineArn.split(':').at(-1)!,
      name,
      status,
      ...(why && { cause: why }),
    });
  }

  private stateMachineOf(arn: string): StateMachine {
    if (!/^arn:[^:]+:states:[^:]+:\d+:stateMachine:[^:]+$/.test(arn)) {
      throw new AwsError('InvalidArn', `Invalid Arn: '${arn}'`);
    }
    const stateMachine = this.stateMachines.get(arn);
    if (!stateMachine) {
      throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return stateMachine;
  }

  /** [?] the days count from the end of an execution: AWS says so of its history, not of its name */
  private remembered(arn: string): Execution | undefined {
    const execution = this.executions.get(arn);
    const { stopped = Infinity } = execution ?? {};
    return this.sandbox.clock.now() < stopped + RETENTION ? execution : undefined;
  }

  private executionOf(arn: string): Execution {
    const execution = this.remembered(arn);
    if (!execution) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  }
}

// ---- errors

/**
 * Named as Step Functions does: what a function failed with by its own name, a refusal by Lambda as
 * `Lambda.<code>`.
 */
function taskError(error: Error): Error {
  if (error instanceof FunctionError) {
    return Object.assign(new Error(JSON.stringify(error.payload)), { name: error.payload.errorType });
  }
  if (error instanceof AwsError) {
    const code = error.code === 'AccessDeniedException' ? 'AWSLambdaException' : error.code;
    const status = error.code === 'AccessDeniedException' ? 403 : error.status;
    const cause = `${error.message} (Service: AWSLambda; Status Code: ${status}; Error Code: ${error.code})`;
    return Object.assign(new Error(cause), { name: `Lambda.${code}` });
  }
  return 'isCatchable' in error ? error : terminal('States.Runtime', `defect of the sandbox: ${error.stack}`);
}

function outcomeOf(error: Error): Outcome {
  if (error.name === 'ExecutionAbortedError') return { status: 'ABORTED' };
  if (error.name === 'ExecutionTimeoutError') return { status: 'TIMED_OUT', error: 'States.Timeout' };
  const { name, message } = error.cause as Error;
  // what the interpreter says for a `Fail` state that says nothing
  if (name === 'FailStateError' && message.startsWith('Execution failed')) return { status: 'FAILED' };
  return { status: 'FAILED', error: name, cause: message };
}

// ---- requests and answers

function required(input: any, member: string): string {
  if (typeof input[member] === 'string') return input[member];
  throw invalid(`Value null at '${member}' failed to satisfy constraint: Member must not be null`);
}

function requiredArn(input: any, member: string): string {
  const arn = required(input, member);
  if (/^arn:[^:]+:states:[^:]*:[^:]*:.+/s.test(arn)) return arn;
  throw new AwsError('InvalidArn', `Invalid Arn: '${arn}'`);
}

function assertInput(input: string): void {
  if (Buffer.byteLength(input) > MAXIMUM_DATA) {
    throw invalid(
      "Value at 'input' failed to satisfy constraint: Member must have length less than or equal to " +
        MAXIMUM_DATA,
    );
  }
  try {
    JSON.parse(input);
  } catch (error) {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${(error as Error).message}'`,
    );
  }
}

function invalid(what: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${what}`);
}

function summary({ arn, name, stateMachineArn, status, started, stopped }: Execution) {
  const stopDate = stopped === undefined ? undefined : stopped / 1000;
  return { executionArn: arn, stateMachineArn, name, status, startDate: started / 1000, stopDate };
}

function description(execution: Execution) {
  const { input, output, error, cause } = execution;
  return { ...summary(execution), input, inputDetails: { included: true }, output, error, cause };
}
