import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import { UnusableResponse } from '../../lambda/errors';
import { awsError, STATE_MACHINE } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const { executions } = world.effects;
const start = () => executions.start(STATE_MACHINE, 'Backup-1', '{}');

test('an execution is started under the name of its request', async () => {
  await start();
  expect(world.calls(StartExecutionCommand)).toEqual([
    { stateMachineArn: STATE_MACHINE, name: 'Backup-1', input: '{}' },
  ]);
});

test('an execution that exists already is as good as started', async () => {
  world.stepFunctions.on(StartExecutionCommand).rejects(awsError('ExecutionAlreadyExists', 'it exists'));
  await expect(start()).resolves.toBeUndefined();
});

test('any other refusal fails', async () => {
  world.stepFunctions.on(StartExecutionCommand).rejects(awsError('AccessDeniedException', 'no'));
  await expect(start()).rejects.toThrow('no');
});

test('an empty response is no start', async () => {
  world.stepFunctions.on(StartExecutionCommand).resolves({});
  await expect(start()).rejects.toThrow(UnusableResponse);
});

test('an execution is asked for by the machine and the name', async () => {
  world.stepFunctions.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED' });
  expect(await executions.exists(STATE_MACHINE, 'Backup-1')).toBe(true);
  expect(world.calls(DescribeExecutionCommand)).toEqual([
    { executionArn: `${STATE_MACHINE.replace(':stateMachine:', ':execution:')}:Backup-1` },
  ]);
});

test.each(['ExecutionDoesNotExist', 'StateMachineDoesNotExist'])('there is none with %s', async (name) => {
  world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError(name, 'none'));
  expect(await executions.exists(STATE_MACHINE, 'Backup-1')).toBe(false);
});

test('whether there is one is unknown with any other error', async () => {
  world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('AccessDeniedException', 'no'));
  await expect(executions.exists(STATE_MACHINE, 'Backup-1')).rejects.toThrow('no');
});
