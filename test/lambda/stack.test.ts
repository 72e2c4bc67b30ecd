import {
  CloudFormationClient,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { MockedAws } from './mocked-aws';
import { UnusableResponse } from '../../lambda/errors';
import { Stacks } from '../../lambda/stack';
import { awsError, FILE_SYSTEM, STACK_ID } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const stacks = new Stacks(new CloudFormationClient({}));

describe('the state of a stack', () => {
  test('is its status, and when it was last updated', async () => {
    world.stack = { status: 'UPDATE_IN_PROGRESS', lastUpdated: new Date(0) };
    expect(await stacks.state(STACK_ID)).toEqual({
      status: 'UPDATE_IN_PROGRESS',
      lastUpdated: '1970-01-01T00:00:00.000Z',
    });
    expect(world.calls(DescribeStacksCommand)).toEqual([{ StackName: STACK_ID }]);
  });

  test('is none if there is no such stack', async () => {
    world.stack = {};
    expect(await stacks.state(STACK_ID)).toBeUndefined();
  });

  test.each([{}, { Stacks: [] }, { Stacks: [{}] }])('is not told by the response %j', async (response) => {
    world.cloudFormation.on(DescribeStacksCommand).resolves(response as any);
    await expect(stacks.state(STACK_ID)).rejects.toThrow(UnusableResponse);
  });

  test('is not told by another validation error', async () => {
    world.cloudFormation.on(DescribeStacksCommand).rejects(awsError('ValidationError', 'Rate exceeded'));
    await expect(stacks.state(STACK_ID)).rejects.toThrow('Rate exceeded');
  });
});

describe('a resource', () => {
  test('has a status and an id', async () => {
    world.resources.Files = { status: 'CREATE_COMPLETE', id: FILE_SYSTEM };
    expect(await stacks.resource(STACK_ID, 'Files')).toEqual({
      status: 'CREATE_COMPLETE',
      physicalId: FILE_SYSTEM,
    });
  });

  test('has no id while it is being created', async () => {
    world.resources.Files = { status: 'CREATE_IN_PROGRESS', id: '' };
    expect(await stacks.resource(STACK_ID, 'Files')).toEqual({
      status: 'CREATE_IN_PROGRESS',
      physicalId: undefined,
    });
  });

  test('may not exist', async () => {
    expect(await stacks.resource(STACK_ID, 'Files')).toBeUndefined();
  });

  test('is unknown after an empty response', async () => {
    world.cloudFormation.on(DescribeStackResourceCommand).resolves({});
    await expect(stacks.resource(STACK_ID, 'Files')).rejects.toThrow(UnusableResponse);
  });
});

test.each([
  ['CREATE_COMPLETE', FILE_SYSTEM],
  ['UPDATE_IN_PROGRESS', FILE_SYSTEM],
  ['UPDATE_COMPLETE', FILE_SYSTEM],
  ['UPDATE_FAILED', FILE_SYSTEM],
  ['DELETE_IN_PROGRESS', FILE_SYSTEM],
  ['CREATE_IN_PROGRESS', undefined],
  ['CREATE_FAILED', undefined],
  ['DELETE_COMPLETE', undefined],
  ['DELETE_SKIPPED', undefined],
])('what is %s is deployed: %s', async (status, id) => {
  world.resources.Files = { status, id: FILE_SYSTEM };
  expect(await stacks.deployedId(STACK_ID, 'Files')).toBe(id);
});

test('the sources in a stack are its file systems and volumes', async () => {
  const resource = (LogicalResourceId: string, ResourceType: string) => ({ LogicalResourceId, ResourceType });
  world.cloudFormation.on(DescribeStackResourcesCommand).resolves({
    StackResources: [
      resource('Files', 'AWS::FSx::FileSystem'),
      resource('Machine', 'AWS::FSx::StorageVirtualMachine'),
      resource('Data', 'AWS::FSx::Volume'),
      resource('Shares', 'AWS::EFS::FileSystem'),
    ] as any,
  });
  expect(await stacks.sourcesIn('Prod')).toEqual(['Files', 'Data']);
});
