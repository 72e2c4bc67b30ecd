import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { StateMachine as Interpreter, StateMachineDefinition } from 'aws-local-stepfunctions' with {
  'resolution-mode': 'import',
};
import type { VirtualClock } from './clock';
import { AwsError } from './endpoint';

type States = Record<string, any>;
/** Input, output and results, in bytes of UTF-8. */
export const MAXIMUM_DATA = 262_144;
/** Where the interpreter leaves a state, behind what a `Catch` of that state reaches. */
const LEAVES_STATE = 'options.eventLogger.dispatchStateExitedEvent(';
/** What `TimeoutSeconds` of a task is when nothing is said. */
const NO_TASK_TIMEOUT = 99_999_999;
/** Definitions found valid: the validator takes longer than most tests. */
const VALID = new Set<string>();
/** What the interpreter would ignore or do differently. */
const NOT_SERVED = [
  'Assign',
  'Arguments',
  'Output',
  'Items',
  'Condition',
  'Credentials',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailureCountPath',
  'ToleratedFailurePercentage',
  'ToleratedFailurePercentagePath',
];

/**
 * A copy of the interpreter whose time is the sandbox's. It has no knob for that: its source is evaluated
 * with other timers and another `Date` in scope, without the AWS SDK, so that nothing can leave the machine,
 * and without its own, older validator. Where it leaves a state, the size of the output is looked at: it
 * knows no limit of that, either.
 */
export function interpreterOn(clock: VirtualClock): typeof Interpreter {
  const file = createRequire(__filename).resolve('aws-local-stepfunctions');
  const within = createRequire(file);
  const load = (name: string) => (/^(@aws-sdk\/|asl-validator$)/.test(name) ? {} : within(name));
  class VirtualDate extends Date {
    static now = () => clock.now();
    constructor(...given: [any?]) {
      super(...((given.length > 0 ? given : [clock.now()]) as [any]));
    }
  }
  const copy = { exports: {} as { StateMachine: typeof Interpreter } };
  const scope = {
    require: load,
    module: copy,
    setTimeout: (fire: () => void, ms: number) => clock.setTimeout(fire, ms),
    clearTimeout: (id?: number) => clock.clearTimeout(id),
    Date: VirtualDate,
    assertOutput: assertWithinDataLimit,
  };
  const source = readFileSync(file, 'utf8').replace(
    LEAVES_STATE,
    `assertOutput(currStateName, currResult);\n${LEAVES_STATE}`,
  );
  if (!source.includes('assertOutput')) throw new Error(`the interpreter has no ${LEAVES_STATE} any more`);
  new Function(...Object.keys(scope), `${source}\n//# sourceURL=${file}`)(...Object.values(scope));
  return copy.exports.StateMachine;
}

/** A copy of the definition as the interpreter wants it, and the resource of each task. */
export function prepared(given: object): {
  definition: StateMachineDefinition;
  tasks: Record<string, string>;
} {
  const definition = structuredCopy(given) as StateMachineDefinition;
  const tasks: Record<string, string> = {};
  for (const [name, state] of statesOf(definition)) {
    if (state.Type !== 'Task') continue;
    tasks[name] = state.Resource;
    // the interpreter's own default is a minute
    if (state.TimeoutSecondsPath === undefined) state.TimeoutSeconds ??= NO_TASK_TIMEOUT;
  }
  return { definition, tasks };
}

export function assertServed(definition: object): void {
  const refuse = (why: string) =>
    new AwsError('InvalidDefinition', `Invalid State Machine Definition: ${why}`);
  const text = JSON.stringify(definition);
  const shape = text.replace(/(:function:)[^":]+/g, '$1name'); // which function it calls is asked below
  if (!VALID.has(shape)) {
    const validate = createRequire(__filename)('asl-validator');
    const { isValid, errorsText } = validate(JSON.parse(text)); // a copy: it writes into what it validates
    if (!isValid) throw refuse(errorsText('; '));
    VALID.add(shape);
  }

  const unserved = (where: string, what: string) =>
    new Error(`the sandbox does not serve ${what} of ${where}`);
  if (((definition as any).QueryLanguage ?? 'JSONPath') !== 'JSONPath') {
    throw unserved('the state machine', 'QueryLanguage JSONata');
  }
  for (const [name, state] of statesOf(definition)) {
    const where = `state ${name}`;
    if ((state.QueryLanguage ?? 'JSONPath') !== 'JSONPath') throw unserved(where, 'QueryLanguage JSONata');
    for (const part of [state, ...(state.Choices ?? []), ...(state.Catch ?? [])]) {
      const field = NOT_SERVED.find((candidate) => candidate in part);
      if (field) throw unserved(where, field);
    }
    if ((state.ItemProcessor?.ProcessorConfig?.Mode ?? 'INLINE') !== 'INLINE') {
      throw unserved(where, 'the mode DISTRIBUTED');
    }
    if (state.Type === 'Task') assertLambdaTask(state, (what) => unserved(where, what));
  }
}

function assertLambdaTask({ Resource, Parameters }: any, unserved: (what: string) => Error): void {
  if (isFunctionArn(Resource)) return;
  if (!/^arn:[^:]+:states:::lambda:invoke$/.test(Resource)) {
    throw unserved(`the resource ${Resource}, only Lambda,`);
  }
  const parameter = Object.keys(Parameters ?? {}).find(
    (name) => !/^(FunctionName|Payload)(\.\$)?$/.test(name),
  );
  if (parameter) throw unserved(`the parameter ${parameter}, only FunctionName and Payload,`);
}

/** Every state, with those inside of `Map` and `Parallel`. */
function* statesOf({ States: states }: { States?: States } & object): Generator<[string, any]> {
  for (const [name, state] of Object.entries(states ?? {})) {
    yield [name, state];
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor ?? state.Iterator ?? {}]) {
      yield* statesOf(inner);
    }
  }
}

export function isFunctionArn(resource: string): boolean {
  return /^arn:[^:]+:lambda:[^:]+:\d+:function:[^:]+(:\$LATEST)?$/.test(resource);
}

export function functionArnOf(nameOrArn: unknown, stateMachineArn: string): string {
  if (typeof nameOrArn !== 'string') {
    throw terminal('States.Runtime', `FunctionName must be a name or an ARN, got ${nameOrArn}`);
  }
  const [, partition, , region, account] = stateMachineArn.split(':');
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:${partition}:lambda:${region}:${account}:function:${nameOrArn}`;
}

/** An error that no `Retry` and no `Catch` matches, `States.ALL` included. */
export function terminal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, isRetryable: false, isCatchable: false });
}

/** Terminal: no `Catch` reaches it. A `Pass`, which has none, may add to its input until it is too large. */
export function assertWithinDataLimit(state: string, data: unknown): void {
  if (Buffer.byteLength(JSON.stringify(data) ?? '') <= MAXIMUM_DATA) return;
  throw terminal(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result with a size exceeding ` +
      'the maximum number of bytes service limit.',
  );
}

function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
