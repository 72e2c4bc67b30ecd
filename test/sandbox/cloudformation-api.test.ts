import {
  CloudFormationClient, DescribeStackEventsCommand, DescribeStackResourceCommand, DescribeStacksCommand, paginateDescribeStackEvents,
} from '@aws-sdk/client-cloudformation';
import { custom, testWorld, topic, type TestWorld } from './cloudformation-fixture';
import { AwsError, listen } from '../../sandbox/endpoint';

const ROLE = 'arn:aws:iam::123456789012:role/caller';

let close: () => Promise<void> = async () => {};
afterEach(() => close());

async function clientOf(world: TestWorld): Promise<CloudFormationClient> {
  const { journal, faults } = world;
  const server = await listen(world.cloudFormation.api, { journal, faults, principalOf: () => ROLE, onHang: () => {} });
  const client = new CloudFormationClient({
    endpoint: server.url, region: 'us-east-1', credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }, maxAttempts: 1,
  });
  close = async () => {
    client.destroy();
    await server.close();
  };
  return client;
}

const TEMPLATE = {
  Description: 'of a test',
  Parameters: { P: { Type: 'String', Default: 'p' } },
  Resources: { A: custom({ text: '<&>' }), B: topic() },
  Outputs: { O: { Value: { Ref: 'A' }, Export: { Name: 'exported' }, Description: 'an id' } },
};

test('DescribeStacks', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE, { tags: { team: 'storage' } });
  const { Stacks } = await (await clientOf(world)).send(new DescribeStacksCommand({ StackName: 'Stack' }));
  expect(Stacks).toMatchObject([{
    StackName: 'Stack',
    StackId: world.cloudFormation.stack('Stack').id,
    StackStatus: 'CREATE_COMPLETE',
    Description: 'of a test',
    CreationTime: new Date('2026-11-02T09:00:00Z'),
    DisableRollback: false,
    Parameters: [{ ParameterKey: 'P', ParameterValue: 'p' }],
    Outputs: [{ OutputKey: 'O', OutputValue: 'a-1', ExportName: 'exported', Description: 'an id' }],
    Tags: [{ Key: 'team', Value: 'storage' }],
  }]);
});

test('DescribeStackResource tells the physical id, by the name or the id of the stack', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  const { id } = world.cloudFormation.stack('Stack');
  for (const StackName of ['Stack', id]) {
    const { StackResourceDetail } = await client.send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'A' }));
    expect(StackResourceDetail).toMatchObject({
      StackName: 'Stack',
      StackId: id,
      LogicalResourceId: 'A',
      PhysicalResourceId: 'a-1',
      ResourceType: 'Custom::Thing',
      ResourceStatus: 'CREATE_COMPLETE',
      LastUpdatedTimestamp: new Date('2026-11-02T09:00:00Z'),
    });
  }
});

test('what does not exist is a ValidationError', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  await expect(client.send(new DescribeStackResourceCommand({ StackName: 'Stack', LogicalResourceId: 'C' })))
    .rejects.toMatchObject({ name: 'ValidationError', message: 'Resource C does not exist for stack Stack' });
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Other' })))
    .rejects.toMatchObject({ name: 'ValidationError', message: 'Stack with id Other does not exist' });
});

test('a deleted stack is known by its id only', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const { id } = world.cloudFormation.stack('Stack');
  await world.destroy();
  const client = await clientOf(world);
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Stack' }))).rejects.toThrow('does not exist');
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: id }));
  expect(Stacks).toMatchObject([{ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) }]);
});

test('DescribeStackEvents comes newest first, in pages', async () => {
  const world = testWorld({ eventsPerPage: 3 });
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  const first = await client.send(new DescribeStackEventsCommand({ StackName: 'Stack' }));
  expect(first.StackEvents).toHaveLength(3);
  expect(first.StackEvents![0]).toMatchObject({
    LogicalResourceId: 'Stack', ResourceType: 'AWS::CloudFormation::Stack', ResourceStatus: 'CREATE_COMPLETE', Timestamp: new Date('2026-11-02T09:00:01Z'),
  });
  const all = [];
  for await (const { StackEvents } of paginateDescribeStackEvents({ client }, { StackName: 'Stack' })) all.push(...StackEvents!);
  const { events } = world.cloudFormation.stack('Stack');
  expect(all.map(({ EventId }) => EventId)).toEqual(events.map(({ eventId }) => eventId).reverse());
  expect(JSON.parse(all.find(({ LogicalResourceId }) => LogicalResourceId === 'A')!.ResourceProperties!)).toMatchObject({ text: '<&>' });
});

test('every call is authorized on the ARN of the stack', async () => {
  const requests: any[] = [];
  const authorizer = {
    authorize: async (request: any) => {
      requests.push(request);
      if (requests.length > 1) throw new AwsError('AccessDenied', 'no', 403);
    },
  };
  const world = testWorld({}, { authorizer });
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  const { id } = world.cloudFormation.stack('Stack');
  await client.send(new DescribeStackResourceCommand({ StackName: 'Stack', LogicalResourceId: 'A' }));
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Stack' }))).rejects.toMatchObject({ name: 'AccessDenied' });
  expect(requests).toEqual([
    { principal: ROLE, action: 'cloudformation:DescribeStackResource', resource: id },
    { principal: ROLE, action: 'cloudformation:DescribeStacks', resource: id },
  ]);
});
