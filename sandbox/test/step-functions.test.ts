import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { VirtualClock } from '../clock';
import { AwsError, listen } from '../endpoint';
import { FaultPlan } from '../faults';
import { type AuthorizationRequest, PolicyStore } from '../iam';
import { Journal } from '../journal';
import { FunctionError, LambdaRuntime } from '../lambda/runtime';
import { type Execution, StepFunctions } from '../step-functions';

const ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:Machine';
const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:Machine:one';
const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:Poll';
const MACHINE_ROLE = 'arn:aws:iam::123456789012:role/Machine';
const CALLER = 'arn:aws:iam::123456789012:role/Caller';

let clock: VirtualClock;
let journal: Journal;
let invocations: Array<{ arn: string; payload: any; at: number }>;
let authorizations: AuthorizationRequest[];
let denied: string | undefined;
/** what the function does */
let poll: (payload: any) => unknown;
let stepFunctions: StepFunctions;

beforeEach(() => {
  clock = new VirtualClock();
  invocations = [];
  authorizations = [];
  denied = undefined;
  poll = () => ({ done: true });
  stepFunctions = serve();
});

function serve(options: { historyLimit?: number } = {}) {
  journal = new Journal(clock);
  const start = clock.now();
  const invoke = async (arn: string, payload: unknown) => {
    invocations.push({ arn, payload, at: clock.now() - start });
    return poll(payload);
  };
  const authorize = async (request: AuthorizationRequest) => {
    authorizations.push(request);
    if (request.action === denied) {
      throw new AwsError('AccessDeniedException', `User: X is not authorized to perform: ${denied}`);
    }
  };
  return new StepFunctions({ clock, journal, lambda: { invoke }, authorizer: { authorize }, ...options });
}

const define = (States: any, rest: any = {}) =>
  stepFunctions.createStateMachine({
    arn: ARN,
    name: 'Machine',
    roleArn: MACHINE_ROLE,
    definition: { StartAt: Object.keys(States)[0], States, ...rest },
  });
const call = (operation: string, input: any): Promise<any> =>
  stepFunctions.api.handle({ operation, input, principal: CALLER });
const start = (input: unknown = {}, name = 'one') =>
  call('StartExecution', { stateMachineArn: ARN, name, input: JSON.stringify(input) });

/** Start an execution and let time pass until it ended. */
async function run(input: unknown = {}): Promise<Execution> {
  await start(input);
  return clock.run(ended());
}

async function ended(arn = EXECUTION): Promise<Execution> {
  const execution = stepFunctions.executions.get(arn)!;
  while (execution.status === 'RUNNING') await clock.sleep(1000);
  return execution;
}

const task = (fields: any = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...fields });
const POLLING = {
  'Wait': { Type: 'Wait', Seconds: 30, Next: 'Poll' },
  'Poll': task({ End: undefined, Next: 'Over?' }),
  'Over?': {
    Type: 'Choice',
    Choices: [{ Variable: '$.done', BooleanEquals: true, Next: 'Over' }],
    Default: 'Wait',
  },
  'Over': { Type: 'Succeed' },
};

describe('an execution', () => {
  test('waits, invokes and chooses in virtual time', async () => {
    poll = ({ polls }) => ({ polls: polls + 1, done: polls === 2 });
    define(POLLING);
    const execution = await run({ polls: 0 });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: '{"polls":3,"done":true}' });
    expect(invocations.map((invocation) => invocation.at)).toEqual([30_000, 60_000, 90_000]);
    expect(execution.stopped! - execution.started).toBe(90_000);
    expect(
      journal.of('execution').map(({ stateMachine, name, status }) => [stateMachine, name, status]),
    ).toEqual([
      ['Machine', 'one', 'RUNNING'],
      ['Machine', 'one', 'SUCCEEDED'],
    ]);
  });

  test('sees the virtual date', async () => {
    define({
      Wait: { Type: 'Wait', TimestampPath: '$.until', Next: 'When' },
      When: { Type: 'Pass', Parameters: { 'at.$': '$$.Execution.StartTime' }, End: true },
    });
    const began = clock.date().toISOString();
    const execution = await run({ until: new Date(clock.now() + 5000).toISOString().replace(/\.000Z/, 'Z') });
    expect(execution.stopped! - execution.started).toBe(5000);
    expect(JSON.parse(execution.output!)).toEqual({ at: began });
  });

  test('has a context object', async () => {
    const Parameters = {
      'id.$': '$$.Execution.Id',
      'name.$': '$$.Execution.Name',
      'started.$': '$$.Execution.StartTime',
      'machine.$': '$$.StateMachine.Id',
      'input.$': '$',
    };
    define({ Look: { Type: 'Pass', Parameters: { given: Parameters }, End: true } });
    const started = clock.date().toISOString();
    expect(JSON.parse((await run({ a: 1 })).output!)).toEqual({
      given: { id: EXECUTION, name: 'one', started, machine: ARN, input: { a: 1 } },
    });
  });

  describe('with more data than 262,144 bytes', () => {
    const cause =
      "The state/task 'Wrap' returned a result with a size exceeding the maximum number of bytes " +
      'service limit.';
    /** As much input as a start takes, but for so many bytes. */
    const input = (less: number) => ({ text: 'x'.repeat(262_144 - '{"text":""}'.length - less) });
    const wrapping = {
      Wrap: { Type: 'Pass', Parameters: { 'request.$': '$' }, Next: 'Poll' },
      Poll: task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] }),
      Caught: { Type: 'Pass', End: true },
    };

    test('fails where a Pass state adds to its input, which nothing catches, and calls nothing', async () => {
      define(wrapping);
      expect(await run(input(0))).toMatchObject({
        status: 'FAILED',
        error: 'States.DataLimitExceeded',
        cause,
      });
      expect(invocations).toEqual([]);
      expect(journal.of('execution').at(-1)).toMatchObject({ status: 'FAILED' });
    });

    test('has room for what a Pass state adds below that', async () => {
      define(wrapping);
      expect(await run(input('{"request":}'.length))).toMatchObject({ status: 'SUCCEEDED' });
      expect(invocations).toHaveLength(1);
    });

    test('fails where the parameters of a task add to it, which its Catch does not catch', async () => {
      const { Poll, Caught } = wrapping;
      define({ Poll: { ...Poll, Parameters: { 'all.$': '$' } }, Caught });
      expect(await run(input(0))).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
      expect(invocations).toEqual([]);
    });

    test('fails if a result is added to the input, which its Catch does not catch', async () => {
      const { Poll, Caught } = wrapping;
      define({ Poll: { ...Poll, ResultPath: '$.result' }, Caught });
      expect(await run(input(0))).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
      expect(invocations).toHaveLength(1);
    });
  });

  test('fails with the error and cause of a Fail state', async () => {
    define({ No: { Type: 'Fail', Error: 'Refused', Cause: 'because' } });
    expect(await run()).toMatchObject({ status: 'FAILED', error: 'Refused', cause: 'because' });
    expect(journal.of('execution').at(-1)).toMatchObject({ status: 'FAILED', cause: 'Refused: because' });
  });

  test('fails with what the input names as error and cause', async () => {
    define({ No: { Type: 'Fail', ErrorPath: '$.why.error', CausePath: '$.why.cause' } });
    const { arn, output } = await run({ why: { error: 'Refused', cause: 'because "it" is so' } });
    expect(output).toBeUndefined();
    expect(await call('DescribeExecution', { executionArn: arn })).toMatchObject({
      status: 'FAILED',
      error: 'Refused',
      cause: 'because "it" is so',
    });
  });

  test('tells what is there from what is not, null included', async () => {
    const IsPresent = (Variable: string) => ({ Variable, IsPresent: true, Next: 'There' });
    define({
      Which: { Type: 'Choice', Choices: [IsPresent('$.a.b')], Default: 'Missing' },
      There: { Type: 'Pass', Result: 'there', End: true },
      Missing: { Type: 'Pass', Result: 'missing', End: true },
    });
    const outputs = [{ a: { b: 0 } }, { a: { b: null } }, { a: {} }, {}].map(async (input, nth) => {
      const { executionArn } = await start(input, `number-${nth}`);
      return (await ended(executionArn)).output;
    });
    expect(await clock.run(Promise.all(outputs))).toEqual(['"there"', '"there"', '"missing"', '"missing"']);
  });

  test('succeeds with what OutputPath leaves of its data', async () => {
    define({ Over: { Type: 'Succeed', OutputPath: '$.result' } });
    expect(await run({ result: { id: 'backup-1' }, other: 1 })).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"id":"backup-1"}',
    });
  });

  test('times out as a whole, which no state can catch', async () => {
    define({ Wait: { Type: 'Wait', Seconds: 600, End: true } }, { TimeoutSeconds: 60 });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(execution.stopped! - execution.started).toBe(60_000);
  });

  test('fails when its history is full', async () => {
    stepFunctions = serve({ historyLimit: 100 });
    poll = () => ({ done: false });
    define(POLLING);
    expect(await run()).toMatchObject({
      status: 'FAILED',
      cause: 'The execution reached the maximum number of history events (100).',
    });
    // one for the start, then nine for each round: two to wait, five to poll, two to choose
    expect(invocations).toHaveLength(11);
  });

  test('may end with the last entry that its history has room for', async () => {
    stepFunctions = serve({ historyLimit: 6 }); // started, entered, three for the task, exited, succeeded
    define({ Poll: task() });
    expect((await run()).status).toBe('FAILED');
    stepFunctions = serve({ historyLimit: 7 });
    define({ Poll: task() });
    expect((await run()).status).toBe('SUCCEEDED');
  });

  test('ends at its next transition once its state machine is deleted', async () => {
    define(POLLING);
    await start();
    await clock.run(clock.sleep(5000));
    stepFunctions.deleteStateMachine(ARN);
    const execution = await clock.run(ended());
    expect(execution).toMatchObject({ status: 'ABORTED' });
    expect(execution.stopped! - execution.started).toBe(30_000);
    expect(invocations).toEqual([]);
    await expect(start({}, 'two')).rejects.toMatchObject({ code: 'StateMachineDoesNotExist' });
  });
});

describe('a task', () => {
  test('invokes its function on behalf of the role of the state machine', async () => {
    define({ Poll: task() });
    expect(await run({ a: 1 })).toMatchObject({ output: '{"done":true}' });
    expect(invocations).toMatchObject([{ arn: FUNCTION, payload: { a: 1 } }]);
    expect(authorizations.at(-1)).toEqual({
      principal: MACHINE_ROLE,
      action: 'lambda:InvokeFunction',
      resource: FUNCTION,
    });
  });

  test.each([FUNCTION, 'Poll'])('invokes %s through the integration with Lambda', async (FunctionName) => {
    const Parameters = { FunctionName, 'Payload.$': '$.event' };
    define({
      Poll: task({ Resource: 'arn:aws:states:::lambda:invoke', Parameters, OutputPath: '$.Payload' }),
    });
    expect(await run({ event: { a: 1 } })).toMatchObject({ output: '{"done":true}' });
    expect(invocations).toMatchObject([{ arn: FUNCTION, payload: { a: 1 } }]);
  });

  test('works in other partitions', async () => {
    const cn = (arn: string) => arn.replace('arn:aws:', 'arn:aws-cn:').replace('us-east-1', 'cn-north-1');
    const Poll = task({
      Resource: 'arn:aws-cn:states:::lambda:invoke',
      Parameters: { FunctionName: 'Poll' },
    });
    const definition = { StartAt: 'Poll', States: { Poll } };
    stepFunctions.createStateMachine({
      arn: cn(ARN),
      name: 'Machine',
      roleArn: cn(MACHINE_ROLE),
      definition,
    });
    const { executionArn } = await call('StartExecution', { stateMachineArn: cn(ARN) });
    await clock.run(ended(executionArn));
    expect(invocations).toMatchObject([{ arn: cn(FUNCTION) }]);
  });

  const failed = (errorType: string, errorMessage: string) => new FunctionError({ errorType, errorMessage });
  const caught = (ErrorEquals: string[], fields: any = {}) => ({
    Poll: task({ Catch: [{ ErrorEquals, Next: 'Caught' }], ...fields }),
    Caught: { Type: 'Pass', End: true },
  });

  test.each([
    ['a function by its name', 'Oops', failed('Oops', 'no'), '{"errorType":"Oops","errorMessage":"no"}'],
    [
      'a function that timed out',
      'Sandbox.Timedout',
      failed('Sandbox.Timedout', 'out'),
      '"errorMessage":"out"',
    ],
    [
      'Lambda with a prefix',
      'Lambda.TooManyRequestsException',
      new AwsError('TooManyRequestsException', 'no', 429),
      'Status Code: 429',
    ],
  ])('reports the failure of %s, which States.TaskFailed matches', async (_, name, error, cause) => {
    poll = () => {
      throw error;
    };
    for (const matcher of [name, 'States.TaskFailed', 'States.ALL']) {
      stepFunctions = serve();
      define(caught([matcher]));
      const { Error, Cause } = JSON.parse((await run()).output!);
      expect(Error).toBe(name);
      expect(Cause).toContain(cause);
    }
  });

  test('fails when the role may not invoke the function', async () => {
    denied = 'lambda:InvokeFunction';
    define(caught(['Lambda.AWSLambdaException']));
    expect(JSON.parse((await run()).output!).Cause).toContain(
      'not authorized to perform: lambda:InvokeFunction',
    );
    expect(invocations).toEqual([]);
  });

  test('times out after TimeoutSeconds, which States.TaskFailed does not match', async () => {
    poll = () => clock.sleep(90_000);
    define(caught(['States.TaskFailed'], { TimeoutSeconds: 60 }));
    const execution = await run();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(execution.stopped! - execution.started).toBe(60_000);
  });

  test('has no time-out of its own unless it says so', async () => {
    poll = () => clock.sleep(14 * 60_000).then(() => ({ done: true }));
    define({ Poll: task() });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('is tried again as its Retry says, in virtual time', async () => {
    poll = () => {
      throw new AwsError('ServiceException', 'no', 500);
    };
    const retrier = {
      ErrorEquals: ['Lambda.ServiceException'],
      IntervalSeconds: 2,
      MaxAttempts: 4,
      BackoffRate: 2,
      MaxDelaySeconds: 10,
    };
    define({ Poll: task({ Retry: [retrier] }) });
    expect(await run()).toMatchObject({ status: 'FAILED', error: 'Lambda.ServiceException' });
    expect(invocations.map((invocation) => invocation.at)).toEqual([0, 2000, 6000, 14_000, 24_000]);
  });

  test.each([
    ['a result over 256 KiB', () => 'x'.repeat(262_144), 'States.DataLimitExceeded'],
    [
      'a defect of the sandbox',
      () => {
        throw new TypeError('broken');
      },
      'States.Runtime',
    ],
  ])('cannot catch %s', async (_, outcome, error) => {
    poll = outcome;
    define(caught(['States.ALL']));
    expect(await run()).toMatchObject({ status: 'FAILED', error });
  });
});

describe('a definition', () => {
  test.each([
    [
      'JSONata',
      { A: { Type: 'Pass', QueryLanguage: 'JSONata', End: true } },
      'QueryLanguage JSONata of state A',
    ],
    ['variables', { A: { Type: 'Pass', Assign: { x: 1 }, End: true } }, 'Assign of state A'],
    [
      'variables after a choice',
      {
        A: { Type: 'Choice', Choices: [{ Variable: '$.x', IsPresent: true, Assign: { x: 1 }, Next: 'B' }] },
        B: { Type: 'Succeed' },
      },
      'Assign of state A',
    ],
    ['heartbeats', { A: task({ HeartbeatSeconds: 5 }) }, 'HeartbeatSeconds of state A'],
    [
      'another service',
      { A: task({ Resource: 'arn:aws:states:::sqs:sendMessage' }) },
      'the resource arn:aws:states:::sqs:sendMessage',
    ],
    [
      'a token to wait for',
      { A: task({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }) },
      'the resource',
    ],
    [
      'an asynchronous invocation',
      {
        A: task({
          Resource: 'arn:aws:states:::lambda:invoke',
          Parameters: { FunctionName: 'Poll', InvocationType: 'Event' },
        }),
      },
      'the parameter InvocationType',
    ],
    [
      'anything of the kind in a branch',
      {
        A: {
          Type: 'Parallel',
          Branches: [{ StartAt: 'B', States: { B: { Type: 'Pass', Assign: { x: 1 }, End: true } } }],
          End: true,
        },
      },
      'Assign of state B',
    ],
  ])('with %s is refused as not served', (_, states, message) => {
    expect(() => define(states)).toThrow(`the sandbox does not serve ${message}`);
  });

  test('that is wrong is refused as AWS does', () => {
    expect(() => define({ A: { Type: 'Pass', Next: 'B' } })).toThrow(
      expect.objectContaining({ code: 'InvalidDefinition' }),
    );
  });

  test('as a whole in JSONata is refused', () => {
    expect(() => define({ A: { Type: 'Succeed' } }, { QueryLanguage: 'JSONata' })).toThrow('JSONata');
  });

  test('is not written into', () => {
    const definition = { StartAt: 'Poll', States: { Poll: task() } };
    const before = JSON.stringify(definition);
    stepFunctions.createStateMachine({ arn: ARN, name: 'Machine', roleArn: MACHINE_ROLE, definition });
    expect(JSON.stringify(definition)).toBe(before);
  });
});

describe('StartExecution', () => {
  beforeEach(() => define({ Wait: { Type: 'Wait', Seconds: 60, End: true } }));

  test('answers at once, and is the same when repeated while the execution runs', async () => {
    const first = await start({ a: 1 });
    expect(first).toEqual({ executionArn: EXECUTION, startDate: clock.now() / 1000 });
    await clock.run(clock.sleep(30_000));
    expect(await start({ a: 1 })).toEqual(first);
    expect(stepFunctions.executions.size).toBe(1);
    expect(authorizations[0]).toEqual({ principal: CALLER, action: 'states:StartExecution', resource: ARN });
  });

  test('refuses a name that is taken: by other input, or by an execution that is over', async () => {
    await start({ a: 1 });
    await expect(start({ a: 2 })).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
    await clock.run(ended());
    await expect(start({ a: 1 })).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
  });

  test('forgets an execution 90 days after its end, and its name is free again', async () => {
    const days = 90 * 24 * 60 * 60_000;
    await start({ a: 1 });
    const { startDate: first } = await start({ a: 1 });
    await clock.run(ended());
    await clock.run(clock.sleep(days - 1_000));
    await expect(start({ a: 1 })).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
    const describe = () => call('DescribeExecution', { executionArn: EXECUTION });
    const list = async () => (await call('ListExecutions', { stateMachineArn: ARN })).executions;
    expect(await list()).toMatchObject([await describe().then(({ executionArn }) => ({ executionArn }))]);
    await clock.run(clock.sleep(1_000));
    await expect(describe()).rejects.toMatchObject({ code: 'ExecutionDoesNotExist' });
    expect(await list()).toEqual([]);
    await start({ b: 1 }, 'two');
    const { startDate: second } = await start({ a: 2 });
    expect(second).toBeGreaterThan(first);
    expect(await describe()).toMatchObject({ status: 'RUNNING', input: '{"a":2}' });
    expect((await list()).map(({ name }: any) => name)).toEqual(['one', 'two']);
  });

  test('does not forget one that runs', async () => {
    define({ Wait: { Type: 'Wait', Seconds: 100 * 24 * 60 * 60, End: true } });
    await start({ a: 1 });
    await clock.run(clock.sleep(95 * 24 * 60 * 60_000));
    await start({ a: 1 });
    expect(journal.of('execution')).toHaveLength(1);
  });

  test.each([
    ['a name with a character that AWS does not take', { name: 'a:b' }, 'InvalidName'],
    ['a name that is too long', { name: 'x'.repeat(81) }, 'InvalidName'],
    ['input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
    [
      'input that is too large in bytes',
      { input: JSON.stringify('é'.repeat(131_072)) },
      'ValidationException',
    ],
    ['something that is no ARN of a state machine', { stateMachineArn: 'Machine' }, 'InvalidArn'],
    ['an unknown state machine', { stateMachineArn: `${ARN}2` }, 'StateMachineDoesNotExist'],
    ['no state machine', { stateMachineArn: undefined }, 'ValidationException'],
  ])('refuses %s', async (_, input, code) => {
    await expect(call('StartExecution', { stateMachineArn: ARN, ...input })).rejects.toMatchObject({ code });
    expect(stepFunctions.executions.size).toBe(0);
  });

  test('takes a name of 80 characters, or makes one', async () => {
    await start({}, 'x'.repeat(80));
    const { executionArn } = await call('StartExecution', { stateMachineArn: ARN });
    expect(executionArn).toMatch(/:execution:Machine:[0-9a-f-]{36}$/);
  });

  test('is refused to those who may not', async () => {
    denied = 'states:StartExecution';
    await expect(start()).rejects.toMatchObject({ code: 'AccessDeniedException' });
    expect(stepFunctions.executions.size).toBe(0);
  });

  test('takes the use of the key of the state machine, for all who start, read and run it', async () => {
    const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/1';
    const machine = {
      arn: ARN,
      name: 'Machine',
      roleArn: MACHINE_ROLE,
      definition: { StartAt: 'Poll', States: { Poll: task() } },
      keyArn,
    };
    stepFunctions.createStateMachine(machine);
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    await call('DescribeExecution', { executionArn: EXECUTION });
    expect(
      authorizations
        .filter(({ resource }) => resource === keyArn)
        .map(({ principal, action }) => [principal, action]),
    ).toEqual([
      [CALLER, 'kms:GenerateDataKey'],
      [CALLER, 'kms:Decrypt'],
      [MACHINE_ROLE, 'kms:GenerateDataKey'],
      [MACHINE_ROLE, 'kms:Decrypt'],
      [CALLER, 'kms:Decrypt'],
    ]);
    denied = 'kms:Decrypt';
    await expect(start({}, 'two')).rejects.toMatchObject({ code: 'AccessDeniedException' });
    await expect(call('DescribeExecution', { executionArn: EXECUTION })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
  });

  test('without the use of the key, an execution fails', async () => {
    const States = {
      Wait: { Type: 'Wait', Seconds: 10, Next: 'Poll' },
      Poll: task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Wait' }] }),
    };
    const definition = { StartAt: 'Wait', States };
    stepFunctions.createStateMachine({
      arn: ARN,
      name: 'Machine',
      roleArn: MACHINE_ROLE,
      definition,
      keyArn: 'arn:aws:kms:us-east-1:123456789012:key/1',
    });
    await start();
    denied = 'kms:Decrypt';
    expect(await clock.run(ended())).toMatchObject({ status: 'FAILED', error: 'KMS.AccessDeniedException' });
    expect(invocations).toEqual([]);
  });

  test('is understood by the SDK', async () => {
    const context = { journal, faults: new FaultPlan(), principalOf: () => CALLER, onHang: () => undefined };
    const endpoint = await listen(stepFunctions.api, context);
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'x' };
    const client = new SFNClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    });
    const answer = await client.send(new StartExecutionCommand({ stateMachineArn: ARN, name: 'one' }));
    expect(answer).toMatchObject({ executionArn: EXECUTION, startDate: clock.date() });
    const other = client.send(new StartExecutionCommand({ stateMachineArn: ARN, name: 'one', input: '1' }));
    await expect(other).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    client.destroy();
    await endpoint.close();
  });
});

test('a function starts the state machine that polls it: real runtime, wire and policies', async () => {
  const faults = new FaultPlan();
  const policies = new PolicyStore({ clock });
  const trust = { Statement: [] };
  const may = (Action: string, Resource: string) => ({
    own: { Statement: [{ Effect: 'Allow', Action, Resource }] },
  });
  await policies.putRole(CALLER, { trust, inline: may('states:StartExecution', ARN) });
  await policies.putRole(MACHINE_ROLE, { trust, inline: may('lambda:InvokeFunction', FUNCTION) });
  const directory = mkdtempSync(join(tmpdir(), 'lambda-'));
  writeFileSync(
    join(directory, 'index.js'),
    `
    const { SFNClient, StartExecutionCommand } = require('@aws-sdk/client-sfn');
    const client = new SFNClient({});
    exports.handler = async (event) => {
      if (event.polls !== undefined) return { polls: event.polls + 1, done: event.polls >= 3 };
      const start = { stateMachineArn: '${ARN}', name: 'one', input: '{"polls":0}' };
      return (await client.send(new StartExecutionCommand(start))).executionArn;
    };`,
  );
  const lambda = new LambdaRuntime({ clock, journal, faults });
  lambda.create({
    arn: FUNCTION,
    name: 'Poll',
    directory,
    handler: 'index.handler',
    timeoutSeconds: 60,
    memoryMegabytes: 256,
    roleArn: CALLER,
    environment: { NODE_PATH: resolve('node_modules') },
  });
  stepFunctions = new StepFunctions({ clock, journal, authorizer: policies, lambda });
  define(POLLING);
  const context = {
    journal,
    faults,
    principalOf: (id: string) => lambda.principalOf(id),
    onHang: (id: string) => lambda.requestHangs(id),
  };
  const endpoint = await listen(stepFunctions.api, context);
  lambda.environment.AWS_ENDPOINT_URL_SFN = endpoint.url;
  try {
    expect(await clock.run(lambda.invoke(FUNCTION, {}))).toBe(EXECUTION);
    const execution = await clock.run(ended());
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: '{"polls":4,"done":true}' });
    expect(execution.stopped! - execution.started).toBe(120_000);

    policies.removePolicy(CALLER, 'own');
    await expect(clock.run(lambda.invoke(FUNCTION, {}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  } finally {
    await lambda.close();
    await endpoint.close();
    rmSync(directory, { recursive: true });
  }
});

describe('the other operations', () => {
  beforeEach(() => define({ Wait: { Type: 'Wait', Seconds: 60, Next: 'Poll' }, Poll: task() }));

  test('describe an execution while it runs and when it is over', async () => {
    await start({ a: 1 });
    const running = await call('DescribeExecution', { executionArn: EXECUTION });
    expect(running).toMatchObject({
      stateMachineArn: ARN,
      name: 'one',
      status: 'RUNNING',
      input: '{"a":1}',
      output: undefined,
    });
    const { started, stopped } = await clock.run(ended());
    expect(await call('DescribeExecution', { executionArn: EXECUTION })).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"done":true}',
      startDate: started / 1000,
      stopDate: stopped! / 1000,
    });
    expect(authorizations).toContainEqual({
      principal: CALLER,
      action: 'states:DescribeExecution',
      resource: EXECUTION,
    });
    await expect(call('DescribeExecution', { executionArn: `${EXECUTION}2` })).rejects.toMatchObject({
      code: 'ExecutionDoesNotExist',
    });
    await expect(call('DescribeExecution', { executionArn: 'nonsense' })).rejects.toMatchObject({
      code: 'InvalidArn',
    });
  });

  test('stop an execution', async () => {
    await start();
    await clock.run(clock.sleep(5000));
    const stopped = await call('StopExecution', {
      executionArn: EXECUTION,
      error: 'Enough',
      cause: 'said so',
    });
    expect(stopped).toEqual({ stopDate: clock.now() / 1000 });
    // nothing of it is left to happen
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('stands still');
    expect(stopped).toEqual({ stopDate: clock.now() / 1000 });
    await clock.run(clock.sleep(600_000));
    expect(invocations).toEqual([]);
    expect(await call('DescribeExecution', { executionArn: EXECUTION })).toMatchObject({
      status: 'ABORTED',
      error: 'Enough',
      cause: 'said so',
    });
  });

  test('list executions, the latest first, page by page', async () => {
    for (const name of ['a', 'b', 'c']) await start({}, name);
    await call('StopExecution', { executionArn: EXECUTION.replace(/one$/, 'b') });
    const names = ({ executions }: any) => executions.map((execution: any) => execution.name);
    const first = await call('ListExecutions', { stateMachineArn: ARN, maxResults: 2 });
    expect(names(first)).toEqual(['c', 'b']);
    expect(
      names(
        await call('ListExecutions', { stateMachineArn: ARN, maxResults: 2, nextToken: first.nextToken }),
      ),
    ).toEqual(['a']);
    expect(names(await call('ListExecutions', { stateMachineArn: ARN, statusFilter: 'RUNNING' }))).toEqual([
      'c',
      'a',
    ]);
  });

  test('fail loudly when they are not served', async () => {
    await expect(call('SendTaskSuccess', {})).rejects.toMatchObject({ code: 'UnknownOperationException' });
  });
});
