import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { VirtualClock } from '../clock';
import { CodePipeline, type PipelineExecution } from '../codepipeline/service';
import { AwsError, listen } from '../endpoint';
import { FaultPlan } from '../faults';
import { PolicyStore } from '../iam';
import { Journal } from '../journal';
import { StepFunctions } from '../step-functions';

const PLACE = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' };
const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
const machine = (name: string) => `arn:aws:states:us-east-1:123456789012:stateMachine:${name}`;
const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:Report';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let clock: VirtualClock;
let journal: Journal;
let policies: PolicyStore;
let stepFunctions: StepFunctions;
let codePipeline: CodePipeline;
/** the events that the function `Report` was given */
let events: any[];
/** what it does with them */
let report: (event: any) => void;

const allow = (Action: string | string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource });
const inline = (...Statement: object[]) => ({ own: { Version: '2012-10-17', Statement } });
const trust = (Principal: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal }],
});
const EVERYTHING = inline(allow(['states:*', 'lambda:*', 'codepipeline:*', 'sts:AssumeRole']));

beforeEach(async () => {
  clock = new VirtualClock();
  journal = new Journal(clock);
  policies = new PolicyStore({ clock });
  events = [];
  report = ({ 'CodePipeline.job': { id } }) => void answer('PutJobSuccessResult', { jobId: id });
  stepFunctions = new StepFunctions({
    clock,
    journal,
    authorizer: policies,
    lambda: { invoke: async () => ({}) },
  });
  const lambda = {
    invokeAsync: (arn: string, event: unknown) => {
      if (arn !== FUNCTION) {
        throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
      }
      events.push(event);
      report(event);
    },
  };
  const cloudFormation = () => {
    throw new Error('these tests deploy nothing');
  };
  codePipeline = new CodePipeline({
    clock,
    journal,
    authorizer: policies,
    lambda,
    stepFunctions,
    cloudFormation,
    ...PLACE,
  });
  for (const name of ['Pipeline', 'Function']) {
    await policies.putRole(role(name), {
      trust: trust({ Service: 'codepipeline.amazonaws.com' }),
      inline: EVERYTHING,
    });
  }
  defineMachine('Wait', { Wait: { Type: 'Wait', Seconds: 60, End: true } });
  defineMachine('Fail', {
    Wait: { Type: 'Wait', Seconds: 10, Next: 'No' },
    No: { Type: 'Fail', Error: 'Refused', Cause: 'because' },
  });
});

function defineMachine(name: string, States: object) {
  const definition = { StartAt: Object.keys(States)[0], States };
  stepFunctions.createStateMachine({ arn: machine(name), name, roleArn: role('Machine'), definition });
}

const typed = (Category: string, Provider: string) => ({
  ActionTypeId: { Category, Owner: 'AWS', Provider, Version: '1' },
});
const SOURCE = {
  Name: 'Source',
  Actions: [{ Name: 'Source', ...typed('Source', 'CodeCommit'), OutputArtifacts: [{ Name: 'Code' }] }],
};
const stage = (Name: string, ...Actions: object[]) => ({ Name, Actions });
/** An action that starts a state machine. */
const start = (Name: string, machineName = 'Wait', { Configuration = {}, ...more }: any = {}) => ({
  Name,
  ...typed('Invoke', 'StepFunctions'),
  Configuration: { StateMachineArn: machine(machineName), ...Configuration },
  ...more,
});
/** An action that invokes the function. */
const invoke = (Name: string, UserParameters?: string, more: object = {}) => ({
  Name,
  ...typed('Invoke', 'Lambda'),
  Configuration: { FunctionName: 'Report', ...(UserParameters !== undefined && { UserParameters }) },
  ...more,
});
const build = (Name: string, value: string) => ({
  Name,
  ...typed('Build', 'CodeBuild'),
  Configuration: { ProjectName: 'P', EnvironmentVariables: value },
});

const define = (stages: object[], name = 'Main', more: object = {}) => {
  codePipeline.putPipeline(name, { RoleArn: role('Pipeline'), Stages: [SOURCE, ...stages], ...more });
};
const run = (name = 'Main') => clock.run(codePipeline.start(name));
const retry = (id: string, stageName: string, mode?: 'ALL_ACTIONS') =>
  clock.run(codePipeline.retry(id, stageName, { mode }));
const answer = (operation: string, input: any, principal = role('Function')) =>
  codePipeline.api.handle({ operation, input, principal });

/** In short: `Deploy/One Succeeded`. */
const told = ({ actions }: PipelineExecution) =>
  actions.map(({ stage: name, action, status }) => `${name}/${action} ${status}`);
const only = ({ actions }: PipelineExecution) => {
  expect(actions).toHaveLength(2); // the source, and it
  return actions[1];
};
/** What a pipeline of one action comes to. */
const play = async (action: object) => {
  define([stage('Deploy', action)]);
  return only(await run());
};
/** The calls of the pipeline, in short. */
const calls = () =>
  journal
    .of('call')
    .map(({ operation, principal, outcome }) => `${operation} ${principal.split('/')[1]} ${outcome}`);

describe('an execution', () => {
  test('runs stage after stage, run order after run order, actions of one run order together', async () => {
    defineMachine('Long', { Wait: { Type: 'Wait', Seconds: 600, End: true } });
    define([
      stage('One', start('Later', 'Wait', { RunOrder: 2 }), start('Short'), start('Long', 'Long')),
      stage('Two', start('Last')),
    ]);
    const began = clock.now();
    const execution = await run();
    expect(execution).toMatchObject({
      id: expect.stringMatching(UUID),
      pipeline: 'Main',
      status: 'Succeeded',
    });
    expect(told(execution)).toEqual(
      ['Source/Source', 'One/Short', 'One/Long', 'One/Later', 'Two/Last'].map((name) => `${name} Succeeded`),
    );
    expect(
      new Set([execution.id, ...execution.actions.map(({ actionExecutionId }) => actionExecutionId)]).size,
    ).toBe(6);
    const entries = journal.of('action').slice(2);
    expect(entries[0]).toMatchObject({
      pipeline: 'Main',
      execution: execution.id,
      stage: 'One',
      action: 'Short',
      status: 'InProgress',
    });
    const minutes = entries.map(
      ({ action, status, at }) => `${action} ${status} ${Math.floor((at - began) / MINUTE)}`,
    );
    expect(minutes).toEqual([
      'Short InProgress 0',
      'Long InProgress 0',
      'Short Succeeded 1',
      'Long Succeeded 10',
      'Later InProgress 10',
      'Later Succeeded 11',
      'Last InProgress 11',
      'Last Succeeded 12',
    ]);
  });

  test('stops at an action that fails, when those of the same run order have ended', async () => {
    define([
      stage('One', start('Bad', 'Fail'), start('Good'), start('Never', 'Wait', { RunOrder: 2 })),
      stage('Two', start('Last')),
    ]);
    const execution = await run();
    expect(execution.status).toBe('Failed');
    expect(told(execution)).toEqual(['Source/Source Succeeded', 'One/Bad Failed', 'One/Good Succeeded']);
    expect(journal.of('action').find(({ status }) => status === 'Failed')).toMatchObject({
      action: 'Bad',
      error: expect.stringContaining('Refused: because'),
    });
  });

  test('may be looked at while it goes on, with others beside it, none of the same pipeline', async () => {
    define([stage('One', start('Wait'))]);
    define([stage('One', start('Wait'))], 'Other');
    const first = codePipeline.start('Main');
    const second = codePipeline.start('Other');
    await clock.run(clock.sleep(MINUTE / 2));
    await expect(codePipeline.start('Main')).rejects.toThrow(
      'does not serve two executions of a pipeline at a time',
    );
    const { execution } = journal.of('action')[0];
    expect(told(codePipeline.execution(execution))).toEqual([
      'Source/Source Succeeded',
      'One/Wait InProgress',
    ]);
    const began = clock.now();
    await clock.run(Promise.all([first, second]));
    expect(clock.now() - began).toBeLessThan(MINUTE);
    expect(codePipeline.execution(execution).status).toBe('Succeeded');
    await expect(run()).resolves.toMatchObject({ status: 'Succeeded' });
  });

  test('is of a pipeline that exists', async () => {
    await expect(codePipeline.start('Main')).rejects.toMatchObject({ code: 'PipelineNotFoundException' });
    define([stage('One', start('Wait'))]);
    codePipeline.deletePipeline('Main');
    await expect(codePipeline.start('Main')).rejects.toMatchObject({ code: 'PipelineNotFoundException' });
  });

  test('ends with an exception when the sandbox has a defect', async () => {
    report = () => {
      throw new TypeError('broken');
    };
    define([stage('One', invoke('Report'))]);
    await expect(run()).rejects.toThrow('broken');
  });
});

describe('a retry', () => {
  const twoStages = () =>
    define([
      stage('One', start('Good'), start('Bad', 'Fail'), start('After', 'Wait', { RunOrder: 2 })),
      stage('Two', start('Last')),
    ]);
  const repair = () => defineMachine('Fail', { Wait: { Type: 'Wait', Seconds: 10, End: true } });

  test('runs what has failed and what comes after it, in the same execution', async () => {
    twoStages();
    const { id } = await run();
    repair();
    const execution = await retry(id, 'One');
    expect(execution).toMatchObject({ id, status: 'Succeeded' });
    expect(told(execution).slice(1)).toEqual([
      'One/Good Succeeded',
      'One/Bad Failed',
      'One/Bad Succeeded',
      'One/After Succeeded',
      'Two/Last Succeeded',
    ]);
    const [, , failed, again] = execution.actions;
    expect(again.actionExecutionId).toMatch(UUID);
    expect(again.actionExecutionId).not.toBe(failed.actionExecutionId);
    expect(new Set(journal.of('action').map((entry) => entry.execution))).toEqual(new Set([id]));
  });

  test('may fail again, and be repeated', async () => {
    twoStages();
    const { id } = await run();
    expect((await retry(id, 'One')).status).toBe('Failed');
    repair();
    expect(told(await retry(id, 'One')).filter((action) => action.startsWith('One/Bad'))).toEqual([
      'One/Bad Failed',
      'One/Bad Failed',
      'One/Bad Succeeded',
    ]);
  });

  test('of all actions runs the whole stage', async () => {
    twoStages();
    const { id } = await run();
    repair();
    expect(told(await retry(id, 'One', 'ALL_ACTIONS')).slice(3)).toEqual(
      ['One/Good', 'One/Bad', 'One/After', 'Two/Last'].map((name) => `${name} Succeeded`),
    );
  });

  test.each([
    ['a stage that has succeeded', async (id: string) => retry(id, 'Source'), 'StageNotRetryableException'],
    ['a stage that was not reached', async (id: string) => retry(id, 'Two'), 'StageNotRetryableException'],
    ['a stage that does not exist', async (id: string) => retry(id, 'Three'), 'StageNotFoundException'],
    [
      'an execution that does not exist',
      async () => retry('00000000-0000-0000-0000-000000000000', 'One'),
      'PipelineExecutionNotFoundException',
    ],
    [
      'a stage that is being retried',
      async (id: string) => {
        void codePipeline.retry(id, 'One');
        return retry(id, 'One');
      },
      'StageNotRetryableException',
    ],
    [
      'a pipeline that was changed',
      async (id: string) => {
        twoStages();
        return retry(id, 'One');
      },
      'StageNotRetryableException',
    ],
    [
      'an execution that a later one has overtaken',
      async (id: string) => {
        await run();
        return retry(id, 'One');
      },
      'NotLatestPipelineExecutionException',
    ],
  ])('of %s is refused', async (_, attempt, code) => {
    twoStages();
    const { id } = await run();
    await expect(attempt(id)).rejects.toMatchObject({ code });
  });

  test('is refused while another execution of the pipeline goes on', async () => {
    twoStages();
    const { id } = await run();
    define([stage('One', start('Wait'))], 'Other');
    const going = codePipeline.start('Main');
    await expect(codePipeline.retry(id, 'One')).rejects.toThrow('two executions of a pipeline at a time');
    await clock.run(going);
  });
});

describe('a variable', () => {
  const input = (value: string) => ({ Configuration: { Input: value } });

  test('is the id of the execution, also when the action is retried', async () => {
    define([stage('One', start('Bad', 'Fail', input('{"run":"#{codepipeline.PipelineExecutionId}"}')))]);
    const { id } = await run();
    const { actions } = await retry(id, 'One');
    expect(actions.slice(1).map(({ configuration }) => configuration!.Input)).toEqual([
      `{"run":"${id}"}`,
      `{"run":"${id}"}`,
    ]);
    expect([...stepFunctions.executions.values()].map((execution) => execution.input)).toEqual([
      `{"run":"${id}"}`,
      `{"run":"${id}"}`,
    ]);
  });

  test('is given by an action with a namespace to those that come later, several in one value', async () => {
    define([
      stage(
        'One',
        start('Wait', 'Wait', { Namespace: 'First' }),
        build('Build', 'x #{First.ExecutionArn} #{First.StateMachineArn} y #{First.ExecutionArn}'),
      ),
    ].map((one) => ({
      ...one,
      Actions: one.Actions.map((action, index) => ({ ...action, RunOrder: index + 1 })),
    })));
    const {
      actions: [, first, second],
    } = await run();
    const executionArn = `arn:aws:states:us-east-1:123456789012:execution:Wait:${first.actionExecutionId}`;
    expect(first.variables).toEqual({ StateMachineArn: machine('Wait'), ExecutionArn: executionArn });
    expect(second).toMatchObject({
      status: 'Succeeded',
      configuration: { EnvironmentVariables: `x ${executionArn} ${machine('Wait')} y ${executionArn}` },
    });
  });

  test.each([
    '#{Nowhere.Name}',
    '#{codepipeline.Name}',
    '#{codepipeline.constructor}',
    '#{PipelineExecutionId}',
  ])('that nobody gives, %s, fails the action', async (value) => {
    const { status, error } = await play(start('Wait', 'Wait', input(value)));
    expect([status, error]).toEqual([
      'Failed',
      expect.stringContaining(`The variable ${value} could not be resolved`),
    ]);
    expect(stepFunctions.executions.size).toBe(0);
  });

  test("of an action without a namespace is nobody else's", async () => {
    define([stage('One', start('Wait')), stage('Two', build('Build', '#{Wait.ExecutionArn}'))]);
    expect(told(await run()).at(-1)).toBe('Two/Build Failed');
  });
});

describe('a value of a configuration', () => {
  const parameters = (length: number) =>
    define([stage('Deploy', build('Build', 'B'), invoke('Report', 'x'.repeat(length)))]);

  test('has at most 1000 characters, and at least one', () => {
    expect(() => parameters(1000)).not.toThrow();
    for (const length of [0, 1001]) {
      expect(() => parameters(length)).toThrow(
        expect.objectContaining({
          code: 'ValidationException',
          message:
            '1 validation error detected: Value at ' +
            "'pipeline.stages.2.member.actions.2.member.configuration' failed to satisfy constraint: Map " +
            'value must satisfy constraint: [Member must have length less than or equal to 1000, Member ' +
            'must have length greater than or equal to 1]',
        }),
      );
    }
  });

  test('may grow by its variables, but not for a function', async () => {
    const id = '#{codepipeline.PipelineExecutionId}'; // a character shorter than what it stands for
    const Input = JSON.stringify('x'.repeat(998 - id.length) + id);
    expect(await play(start('Wait', 'Wait', { Configuration: { Input } }))).toMatchObject({
      status: 'Succeeded',
    });
    expect(await play(invoke('Report', Input))).toMatchObject({
      status: 'Failed',
      error: expect.stringContaining('1001 characters'),
    });
    expect(events).toEqual([]);
  });
});

describe('a role', () => {
  const ofAction = (more: object = {}) => start('Wait', 'Wait', { RoleArn: role('Action'), ...more });
  const putAction = (Principal: object, statements = EVERYTHING) =>
    policies.putRole(role('Action'), { trust: trust(Principal), inline: statements });
  const putPipeline = (...statements: object[]) =>
    policies.putRole(role('Pipeline'), {
      trust: trust({ Service: 'codepipeline.amazonaws.com' }),
      inline: inline(...statements),
    });

  test('is that of the pipeline, if the action has none: its calls are recorded', async () => {
    expect(await play(start('Wait'))).toMatchObject({ status: 'Succeeded' });
    expect(new Set(calls())).toEqual(
      new Set(
        ['DescribeStateMachine', 'StartExecution', 'DescribeExecution'].map(
          (operation) => `states:${operation} Pipeline ok`,
        ),
      ),
    );
    expect(journal.calls('states:StartExecution')[0]).toMatchObject({
      input: { stateMachineArn: machine('Wait'), input: '{}' },
    });
  });

  test.each([
    ['the account', { AWS: '123456789012' }],
    ['the root of the account', { AWS: 'arn:aws:iam::123456789012:root' }],
    ['the role of the pipeline', { AWS: role('Pipeline') }],
  ])('of the action is assumed, when it trusts %s', async (_, principal) => {
    await putPipeline(allow('sts:AssumeRole', role('Action')));
    await putAction(principal);
    expect(await play(ofAction())).toMatchObject({ status: 'Succeeded' });
    expect(new Set(calls())).toEqual(
      new Set([
        'sts:AssumeRole Pipeline ok',
        'states:DescribeStateMachine Action ok',
        'states:StartExecution Action ok',
        'states:DescribeExecution Action ok',
      ]),
    );
  });

  test('of the action is not assumed, when it trusts others', async () => {
    await putAction({ AWS: role('Other') });
    const { status, error } = await play(ofAction());
    expect([status, error]).toEqual([
      'Failed',
      expect.stringMatching(
        new RegExp(
          /not authorized to perform: sts:AssumeRole on resource: \S+role\/Action because no /.source +
            /resource-based policy/.source,
        ),
      ),
    ]);
    expect(calls()).toEqual(['sts:AssumeRole Pipeline denied']);
  });

  test('of the action is not assumed, when the pipeline may not assume it', async () => {
    await putPipeline(allow('states:*'));
    await putAction({ AWS: '123456789012' });
    expect((await play(ofAction())).error).toMatch(
      new RegExp(
        /not authorized to perform: sts:AssumeRole on resource: \S+role\/Action because no /.source +
          /identity-based policy/.source,
      ),
    );
  });

  test('that does not exist is not assumed', async () => {
    expect((await play(ofAction())).error).toContain('not authorized to perform: sts:AssumeRole');
  });

  test.each([
    [
      'states:DescribeStateMachine',
      machine('Wait'),
      allow(['states:StartExecution', 'states:DescribeExecution']),
    ],
    ['states:StartExecution', machine('Wait'), allow('states:Describe*')],
    [
      'states:DescribeExecution',
      /execution:Wait:[0-9a-f-]{36}/,
      allow(['states:StartExecution', 'states:DescribeStateMachine']),
    ],
  ])('that may not call %s fails the action', async (action, resource, allowed) => {
    await putPipeline(allowed);
    const { status, error } = await play(start('Wait'));
    expect([status, error]).toEqual([
      'Failed',
      expect.stringContaining(`role/Pipeline/session is not authorized to perform: ${action} on resource: `),
    ]);
    expect(error).toMatch(resource);
    expect(calls().at(-1)).toBe(`${action} Pipeline denied`);
  });

  test('that may not invoke the function fails the action', async () => {
    await putPipeline(allow('lambda:InvokeFunction', `${FUNCTION}2`));
    expect(await play(invoke('Report'))).toMatchObject({
      status: 'Failed',
      error: expect.stringContaining(`lambda:InvokeFunction on resource: ${FUNCTION}`),
    });
    expect(events).toEqual([]);
    expect(calls()).toEqual(['lambda:InvokeFunction Pipeline denied']);
  });
});

describe('a Step Functions action', () => {
  const executions = () => [...stepFunctions.executions.values()];

  test('names the execution by its own id, with or without a prefix, and adds no input', async () => {
    const { actionExecutionId } = await play(start('Wait'));
    expect(executions()[0]).toMatchObject({ name: actionExecutionId, input: '{}' });
    const prefixed = await play(
      start('Wait', 'Wait', {
        Configuration: { ExecutionNamePrefix: 'mine', Input: '{"a":1}', InputType: 'Literal' },
      }),
    );
    expect(executions()[1]).toMatchObject({ name: `mine-${prefixed.actionExecutionId}`, input: '{"a":1}' });
  });

  test('keeps the output of the execution in its artifact, if it has one', async () => {
    const withInput = { Configuration: { Input: '{"a":1}' } };
    expect(
      await play(start('Wait', 'Wait', { ...withInput, OutputArtifacts: [{ Name: 'Out' }] })),
    ).toMatchObject({ output: '{"a":1}' });
    expect(await play(start('Wait', 'Wait', withInput))).not.toHaveProperty('output');
  });

  test('fails with the error and cause of the execution, and gives no variables', async () => {
    expect(await play(start('Bad', 'Fail'))).toMatchObject({
      status: 'Failed',
      variables: {},
      error: expect.stringMatching(/^The execution arn:\S+:Fail:\S+ ended with FAILED: Refused: because$/),
    });
  });

  test('fails when the execution is stopped', async () => {
    define([stage('Deploy', start('Wait'))]);
    const going = codePipeline.start('Main');
    await clock.run(clock.sleep(1000));
    await stepFunctions.api.handle({
      operation: 'StopExecution',
      input: { executionArn: executions()[0].arn },
      principal: role('Pipeline'),
    });
    expect(only(await clock.run(going))).toMatchObject({
      status: 'Failed',
      error: expect.stringMatching(/ended with ABORTED$/),
    });
  });

  test('fails when there is no such state machine', async () => {
    expect(await play(start('Wait', 'Missing'))).toMatchObject({
      status: 'Failed',
      error: `State Machine Does Not Exist: '${machine('Missing')}'`,
    });
    expect(calls()).toEqual([
      'states:DescribeStateMachine Pipeline ok',
      'states:StartExecution Pipeline error',
    ]);
  });

  test('looks less and less often, at least every minute', async () => {
    defineMachine('Long', { Wait: { Type: 'Wait', Seconds: 3600, End: true } });
    await play(start('Long', 'Long'));
    const times = [
      journal.calls('states:StartExecution')[0],
      ...journal.calls('states:DescribeExecution'),
    ].map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - times[index]);
    expect(gaps[0]).toBe(10_000);
    expect(gaps).toEqual([...gaps].sort((one, other) => one - other));
    expect(gaps.at(-1)).toBe(MINUTE);
  });

  test('times out after seven days, and the execution goes on', async () => {
    defineMachine('Long', { Wait: { Type: 'Wait', Seconds: 8 * 86_400, End: true } });
    const began = clock.now();
    const action = await play(start('Long', 'Long'));
    expect(action).toMatchObject({
      status: 'Failed',
      error: expect.stringMatching(/timed out.*within 7 days/),
    });
    expect(clock.now() - began).toBe(7 * DAY);
    expect(executions()[0].status).toBe('RUNNING');
    await clock.run(clock.sleep(DAY));
    expect(executions()[0].status).toBe('SUCCEEDED');
    expect(clock.now() - began).toBe(8 * DAY);
  });

  test('succeeds when the execution ends within the last minute of seven days', async () => {
    defineMachine('Long', { Wait: { Type: 'Wait', Seconds: 7 * 86_400 - 1, End: true } });
    expect(await play(start('Long', 'Long'))).toMatchObject({ status: 'Succeeded' });
  });
});

describe('a Lambda action', () => {
  const jobOf = (event: any): string => event['CodePipeline.job'].id;

  test('gives the function a job, as documented', async () => {
    const execution = await play(invoke('Report', 'run #{codepipeline.PipelineExecutionId}'));
    const { execution: id } = journal.of('action')[0];
    expect(events).toEqual([
      {
        'CodePipeline.job': {
          id: expect.stringMatching(UUID),
          accountId: '123456789012',
          data: {
            actionConfiguration: { configuration: { FunctionName: 'Report', UserParameters: `run ${id}` } },
            inputArtifacts: [],
            outputArtifacts: [],
            artifactCredentials: {
              accessKeyId: expect.any(String),
              secretAccessKey: expect.any(String),
              sessionToken: expect.any(String),
            },
          },
        },
      },
    ]);
    expect(jobOf(events[0])).not.toBe(execution.actionExecutionId);
    expect(calls()).toEqual(['lambda:InvokeFunction Pipeline ok']);
  });

  test('has no UserParameters unless there are some', async () => {
    await play(invoke('Report'));
    expect(events[0]['CodePipeline.job'].data.actionConfiguration.configuration).toEqual({
      FunctionName: 'Report',
    });
  });

  test('succeeds with the variables of the answer, whenever that comes', async () => {
    report = (event) =>
      void clock.sleep(19 * MINUTE).then(() =>
        answer('PutJobSuccessResult', {
          jobId: jobOf(event),
          outputVariables: { 'Backup-Id_@1': 'backup-1' },
        }),
      );
    define([
      stage('One', invoke('Report', undefined, { Namespace: 'Report' })),
      stage('Two', build('Build', '#{Report.Backup-Id_@1}')),
    ]);
    const {
      actions: [, first, second],
    } = await run();
    expect(first).toMatchObject({ status: 'Succeeded', variables: { 'Backup-Id_@1': 'backup-1' } });
    expect(second.configuration).toMatchObject({ EnvironmentVariables: 'backup-1' });
  });

  test('fails with the message of the answer', async () => {
    report = (event) =>
      void answer('PutJobFailureResult', {
        jobId: jobOf(event),
        failureDetails: { type: 'JobFailed', message: 'no backup' },
      });
    expect(await play(invoke('Report'))).toMatchObject({ status: 'Failed', error: 'no backup' });
  });

  test('fails when there is no answer within 20 minutes; a later one is not heard', async () => {
    report = () => {};
    const began = clock.now();
    expect(await play(invoke('Report'))).toMatchObject({
      status: 'Failed',
      error: expect.stringContaining('did not answer within 20 minutes'),
    });
    expect(clock.now() - began).toBe(20 * MINUTE);
    await expect(answer('PutJobSuccessResult', { jobId: jobOf(events[0]) })).rejects.toMatchObject({
      code: 'InvalidJobStateException',
    });
  });

  test('fails when there is no such function', async () => {
    expect(await play({ ...invoke('Report'), Configuration: { FunctionName: 'Missing' } })).toMatchObject({
      status: 'Failed',
      error: expect.stringContaining('Function not found'),
    });
  });

  test('takes one answer', async () => {
    await play(invoke('Report'));
    const late = { jobId: jobOf(events[0]), failureDetails: { type: 'JobFailed', message: 'late' } };
    await expect(answer('PutJobFailureResult', late)).rejects.toMatchObject({
      code: 'InvalidJobStateException',
    });
  });

  test.each([
    [
      'of an unknown job',
      'PutJobSuccessResult',
      { jobId: '00000000-0000-0000-0000-000000000000' },
      'JobNotFoundException',
    ],
    ['of no job', 'PutJobSuccessResult', { jobId: undefined }, 'JobNotFoundException'],
    [
      'with a name that no variable has',
      'PutJobSuccessResult',
      { outputVariables: { 'a.b': 'c' } },
      'ValidationException',
    ],
    ['with a token to go on', 'PutJobSuccessResult', { continuationToken: 'more' }, 'ValidationException'],
    ['without a reason for a failure', 'PutJobFailureResult', {}, 'ValidationException'],
    [
      'with an unknown kind of failure',
      'PutJobFailureResult',
      { failureDetails: { type: 'Failed', message: 'no' } },
      'ValidationException',
    ],
    [
      'without a message',
      'PutJobFailureResult',
      { failureDetails: { type: 'JobFailed', message: '' } },
      'ValidationException',
    ],
    ['of another kind', 'PutApprovalResult', {}, 'UnknownOperationException'],
  ])('does not take an answer %s', async (_, operation, input, code) => {
    let refusal: any;
    report = (event) =>
      void answer(operation, { jobId: jobOf(event), ...input }).catch((error) => {
        refusal = error;
      });
    expect((await play(invoke('Report'))).error).toContain('did not answer');
    expect(refusal).toMatchObject({ code });
  });

  test('does not take an answer of somebody who may not give it', async () => {
    await policies.putRole(role('Function'), {
      trust: trust({ Service: 'lambda.amazonaws.com' }),
      inline: inline(allow('codepipeline:PutJobFailureResult')),
    });
    let refusal: any;
    report = (event) =>
      void answer('PutJobSuccessResult', { jobId: jobOf(event) }).catch((error) => {
        refusal = error;
      });
    await play(invoke('Report'));
    expect(refusal).toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringContaining('codepipeline:PutJobSuccessResult on resource: *'),
    });
  });

  test('is answered with the SDK', async () => {
    const endpoint = await listen(codePipeline.api, {
      journal,
      faults: new FaultPlan(),
      principalOf: () => role('Function'),
      onHang: () => undefined,
    });
    const client = new CodePipelineClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
    report = (event) => {
      const release = clock.hold();
      void client
        .send(new PutJobSuccessResultCommand({ jobId: jobOf(event), outputVariables: { a: 'b' } }))
        .finally(release);
    };
    expect(await play(invoke('Report'))).toMatchObject({ status: 'Succeeded', variables: { a: 'b' } });
    await expect(
      client.send(new PutJobSuccessResultCommand({ jobId: jobOf(events[0]) })),
    ).rejects.toMatchObject({ name: 'InvalidJobStateException' });
    expect(journal.calls('codepipeline:PutJobSuccessResult').map(({ outcome }) => outcome)).toEqual([
      'ok',
      'error',
    ]);
    client.destroy();
    await endpoint.close();
  });
});

describe('a pipeline', () => {
  const approve = { Name: 'Approve', ...typed('Approval', 'Manual') };

  test.each<[string, object | object[], object?]>([
    ['the type Approval/AWS/Manual/1 of action Approve', approve],
    [
      'the type Invoke/AWS/StepFunctions/2 of action A',
      { ...start('A'), ActionTypeId: { ...start('A').ActionTypeId, Version: '2' } },
    ],
    [
      'InputType FilePath of action A',
      start('A', 'Wait', { Configuration: { InputType: 'FilePath', Input: 'a.json' } }),
    ],
    ['StateMachine of action A', start('A', 'Wait', { Configuration: { StateMachine: 'x' } })],
    ['Region eu-west-1 of action A', start('A', 'Wait', { Region: 'eu-west-1' })],
    ['TimeoutInMinutes of action A', start('A', 'Wait', { TimeoutInMinutes: 5 })],
    ['an artifact of action A', invoke('A', undefined, { InputArtifacts: [{ Name: 'Code' }] })],
    [
      'ActionMode DELETE_ONLY of action A',
      {
        Name: 'A',
        ...typed('Deploy', 'CloudFormation'),
        Configuration: { ActionMode: 'DELETE_ONLY', StackName: 'S' },
      },
    ],
    ['ExecutionMode QUEUED of the pipeline', start('A'), { ExecutionMode: 'QUEUED' }],
    ['Variables of the pipeline', start('A'), { Variables: [] }],
  ])('with %s is refused as not served', (what, action, more = {}) => {
    expect(() => define([stage('Deploy', action)], 'Main', more)).toThrow(
      `the sandbox does not serve ${what}`,
    );
  });

  test('with conditions of a stage is refused as not served', () => {
    expect(() => define([{ ...stage('Deploy', start('A')), OnFailure: { Result: 'ROLLBACK' } }])).toThrow(
      'the sandbox does not serve OnFailure of stage Deploy',
    );
  });

  test.each([
    ['StateMachineArn', { Name: 'A', ...typed('Invoke', 'StepFunctions'), Configuration: {} }],
    [
      'ChangeSetName',
      {
        Name: 'A',
        ...typed('Deploy', 'CloudFormation'),
        Configuration: { ActionMode: 'CHANGE_SET_EXECUTE', StackName: 'S' },
      },
    ],
    [
      'RoleArn',
      {
        Name: 'A',
        ...typed('Deploy', 'CloudFormation'),
        Configuration: { ActionMode: 'CREATE_UPDATE', StackName: 'S', TemplatePath: 'A::b' },
      },
    ],
  ])('whose action has no %s is refused', (missing, action) => {
    const message = `Action configuration for action 'A' is missing required configuration '${missing}'`;
    expect(() => define([stage('Deploy', action)])).toThrow(
      expect.objectContaining({ code: 'InvalidActionDeclarationException', message }),
    );
  });

  test('has no Step Functions action in China', () => {
    const around = {
      clock,
      journal,
      authorizer: policies,
      stepFunctions,
      lambda: { invokeAsync: () => {} },
      cloudFormation: () => {
        throw new Error('none');
      },
    };
    const there = new CodePipeline({ ...around, ...PLACE, region: 'cn-north-1', partition: 'aws-cn' });
    const put = (action: object) =>
      there.putPipeline('Main', { RoleArn: role('Pipeline'), Stages: [SOURCE, stage('Deploy', action)] });
    expect(() => put(start('A'))).toThrow(
      expect.objectContaining({
        code: 'InvalidActionDeclarationException',
        message: expect.stringContaining('not available in region cn-north-1'),
      }),
    );
    expect(() => put(invoke('A'))).not.toThrow();
  });

  test('begins with its sources, and goes on with something else', () => {
    const refusal = expect.objectContaining({ code: 'InvalidStructureException' });
    expect(() => define([])).toThrow(refusal);
    expect(() => define([SOURCE])).toThrow(refusal);
    expect(() =>
      codePipeline.putPipeline('Main', {
        RoleArn: role('Pipeline'),
        Stages: [stage('One', start('A')), stage('Two', start('B'))],
      }),
    ).toThrow(refusal);
  });
});
