import { CreateBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { ENVIRONMENT, MockedAws } from './mocked-aws';
import { handler } from '../../lambda/handler';
import { createEvent, EXECUTION } from '../fixtures/events';

const world = new MockedAws();
const invoke = (input: unknown, remaining = 100_000) =>
  handler(input as any, { getRemainingTimeInMillis: () => remaining } as any) as Promise<any>;
const poll = (changes: object = {}) => ({
  machine: 'requests',
  input: createEvent(),
  execution: EXECUTION,
  startTime: new Date().toISOString(),
  state: null,
  ...changes,
});

beforeEach(() => {
  world.reset();
  process.env.STACK_ID = ENVIRONMENT.stackId;
  process.env.URL_SUFFIX = ENVIRONMENT.urlSuffix;
  for (const level of ['info', 'warn', 'error'] as const) jest.spyOn(console, level).mockReturnValue();
});
afterEach(() => jest.restoreAllMocks());

test('an event of CloudFormation starts an execution', async () => {
  expect(await invoke(createEvent())).toBeUndefined();
  expect(world.calls(StartExecutionCommand)).toHaveLength(1);
  expect(world.fsx.calls()).toEqual([]);
});

test('a poll of a state machine goes on from its state', async () => {
  const { state, wait } = await invoke(poll());
  expect([state.phase.phase, wait]).toEqual(['Taking', 1]);
  await invoke(poll({ state }));
  expect(world.calls(CreateBackupCommand)).toHaveLength(1);
  expect(world.calls(StartExecutionCommand)).toEqual([]);
});

test('a poll of the machine "runs" is one of a run', async () => {
  const input = { source: 'fs-0498eed5fe91001ec' };
  const { state } = await invoke(poll({ machine: 'runs', input }));
  expect(state.phase.phase).toBe('Taking');
});

test.each([[null], ['text'], [{}], [[]]])('the input %j is refused, and calls nothing', async (input) => {
  expect(await invoke(input)).toMatchObject({ failure: { error: 'InvalidInput' } });
  expect([...world.fsx.calls(), ...world.stepFunctions.calls()]).toEqual([]);
});

test('calls are abandoned early enough for the response to be delivered', async () => {
  const { state } = await invoke(poll());
  const { state: waiting } = await invoke(poll({ state }));
  const aborts: boolean[] = [];
  world.fsx.on(DescribeBackupsCommand).callsFake(async () => {
    const [, options] = world.fsx.calls().at(-1)!.args as any;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    aborts.push(options.abortSignal.aborted);
    return { Backups: world.backups };
  });
  await invoke(poll({ state: waiting }), 51_000);
  await invoke(poll({ state: waiting }), 100_000);
  expect(aborts).toEqual([true, false]);
});
