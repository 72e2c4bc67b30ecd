import {
  CancelUpdateStackCommand,
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { custom, testWorld, topic, type TestWorld } from './cloudformation-fixture';
import { VirtualClock } from '../clock';
import { AwsError, listen } from '../endpoint';
import { PolicyStore } from '../iam';

const ROLE = 'arn:aws:iam::123456789012:role/caller';

let close: () => Promise<void> = async () => {};
afterEach(() => close());

async function clientOf(world: TestWorld): Promise<CloudFormationClient> {
  const { journal, faults } = world;
  const server = await listen(world.cloudFormation.api, {
    journal,
    faults,
    principalOf: () => ROLE,
    onHang: () => {},
  });
  const client = new CloudFormationClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
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
  expect(Stacks).toMatchObject([
    {
      StackName: 'Stack',
      StackId: world.cloudFormation.stack('Stack').id,
      StackStatus: 'CREATE_COMPLETE',
      Description: 'of a test',
      CreationTime: new Date('2026-11-02T09:00:00Z'),
      DisableRollback: false,
      Parameters: [{ ParameterKey: 'P', ParameterValue: 'p' }],
      Outputs: [{ OutputKey: 'O', OutputValue: 'a-1', ExportName: 'exported', Description: 'an id' }],
      Tags: [{ Key: 'team', Value: 'storage' }],
    },
  ]);
});

test('the detailed status and the mode of a deployment', async () => {
  const world = testWorld({ configurationComplete: true });
  const client = await clientOf(world);
  const shown: unknown[] = [];
  world.provider = async () => {
    const release = world.clock.hold();
    await Promise.resolve();
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'Stack' }));
    shown.push(Stacks![0].DetailedStatus, Stacks![0].DeploymentConfig);
    release();
    return {};
  };
  await world.deploy({ Resources: { A: custom() } }, { express: true });
  expect(shown).toEqual(['CONFIGURATION_COMPLETE', { Mode: 'EXPRESS' }]);
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'Stack' }));
  expect(StackEvents!.map(({ DetailedStatus }) => DetailedStatus)).toEqual([
    undefined,
    'CONFIGURATION_COMPLETE',
    undefined,
    undefined,
    'CONFIGURATION_COMPLETE',
    undefined,
    undefined,
  ]);
});

test('DescribeStackResources tells the type and the physical id of each resource', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  const { id } = world.cloudFormation.stack('Stack');
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'Stack' }));
  expect(StackResources).toMatchObject([
    {
      StackName: 'Stack',
      StackId: id,
      LogicalResourceId: 'A',
      PhysicalResourceId: 'a-1',
      ResourceType: 'Custom::Thing',
      ResourceStatus: 'CREATE_COMPLETE',
      Timestamp: new Date('2026-11-02T09:00:00Z'),
    },
    { LogicalResourceId: 'B', ResourceType: 'AWS::SNS::Topic' },
  ]);
  await expect(client.send(new DescribeStackResourcesCommand({ StackName: 'Other' }))).rejects.toThrow(
    'Stack with id Other does not exist',
  );
});

test('DescribeStackResources tells the first hundred only, and serves no other question', async () => {
  const world = testWorld();
  await world.deploy({
    Resources: Object.fromEntries(Array.from({ length: 101 }, (_, nth) => [`T${nth}`, topic()])),
  });
  const client = await clientOf(world);
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'Stack' }));
  expect(StackResources).toHaveLength(100);
  await expect(client.send(new DescribeStackResourcesCommand({ PhysicalResourceId: 'a-1' }))).rejects.toThrow(
    'by StackName alone',
  );
});

test('ListStackResources tells all of them, in pages', async () => {
  const world = testWorld();
  const ids = Array.from({ length: 101 }, (_, nth) => `T${nth}`);
  await world.deploy({ Resources: Object.fromEntries(ids.map((id) => [id, topic()])) });
  const shown: string[] = [];
  for await (const page of paginateListStackResources(
    { client: await clientOf(world) },
    { StackName: 'Stack' },
  )) {
    shown.push(...page.StackResourceSummaries!.map(({ LogicalResourceId }) => LogicalResourceId!));
  }
  expect(shown.sort()).toEqual(ids.sort());
});

test('CancelUpdateStack sends an update back, and is refused if there is none', async () => {
  const world = testWorld();
  await world.deploy({ Resources: { A: custom({ v: 1 }) } });
  const client = await clientOf(world);
  const cancel = () => client.send(new CancelUpdateStackCommand({ StackName: 'Stack' }));
  await expect(cancel()).rejects.toThrow('cannot be called from current stack status CREATE_COMPLETE');
  world.provider = () => world.clock.sleep(30 * 60_000).then(() => ({}));
  const updated = world.cloudFormation.deploy({
    stackName: 'Stack',
    template: { Resources: { A: custom({ v: 2 }) } },
  });
  await world.clock.run(world.clock.sleep(60_000));
  await cancel();
  await expect(world.clock.run(updated)).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
});

describe('DeleteStack', () => {
  const status = (world: TestWorld) => world.cloudFormation.stack('Stack').status;

  test('is answered at once, and retains what it is told to, once a deletion has failed', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: custom() } });
    const client = await clientOf(world);
    const retaining = { StackName: 'Stack', RetainResources: ['A'] };
    await expect(client.send(new DeleteStackCommand(retaining))).rejects.toThrow('RetainResources');
    world.provider = () => ({ Status: 'FAILED', Reason: 'not now' });
    await client.send(new DeleteStackCommand({ StackName: 'Stack' }));
    expect(status(world)).toBe('DELETE_IN_PROGRESS');
    await world.clock.run(world.clock.sleep(60_000));
    expect(status(world)).toBe('DELETE_FAILED');
    await client.send(new DeleteStackCommand(retaining));
    await world.clock.run(world.clock.sleep(60_000));
    expect(status(world)).toBe('DELETE_COMPLETE');
  });

  test('of a stack that does not exist is no error', async () => {
    const client = await clientOf(testWorld());
    await expect(client.send(new DeleteStackCommand({ StackName: 'Other' }))).resolves.toBeDefined();
  });
});

test('DescribeStackResource tells the physical id, by the name or the id of the stack', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const client = await clientOf(world);
  const { id } = world.cloudFormation.stack('Stack');
  for (const StackName of ['Stack', id]) {
    const { StackResourceDetail } = await client.send(
      new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'A' }),
    );
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
  await expect(
    client.send(new DescribeStackResourceCommand({ StackName: 'Stack', LogicalResourceId: 'C' })),
  ).rejects.toMatchObject({ name: 'ValidationError', message: 'Resource C does not exist for stack Stack' });
  for (const StackName of [
    'Other',
    'arn:aws:cloudformation:us-east-1:123456789012:stack/Other/00000000-0000-0000-0000-000000000000',
  ]) {
    await expect(
      client.send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'A' })),
    ).rejects.toMatchObject({ name: 'ValidationError', message: `Stack '${StackName}' does not exist` });
  }
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Other' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id Other does not exist',
  });
});

test('a deleted stack is known by its id only', async () => {
  const world = testWorld();
  await world.deploy(TEMPLATE);
  const { id } = world.cloudFormation.stack('Stack');
  await world.destroy();
  const client = await clientOf(world);
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Stack' }))).rejects.toThrow(
    'does not exist',
  );
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
    LogicalResourceId: 'Stack',
    ResourceType: 'AWS::CloudFormation::Stack',
    ResourceStatus: 'CREATE_COMPLETE',
    Timestamp: new Date('2026-11-02T09:00:01Z'),
  });
  const all = [];
  for await (const { StackEvents } of paginateDescribeStackEvents({ client }, { StackName: 'Stack' })) {
    all.push(...StackEvents!);
  }
  const { events } = world.cloudFormation.stack('Stack');
  expect(all.map(({ EventId }) => EventId)).toEqual(events.map(({ eventId }) => eventId).reverse());
  expect(
    JSON.parse(all.find(({ LogicalResourceId }) => LogicalResourceId === 'A')!.ResourceProperties!),
  ).toMatchObject({ text: '<&>' });
});

test('a resource that was not begun yet does not exist', async () => {
  const world = testWorld();
  world.provider = async () => {
    await world.clock.sleep(60_000);
    return {};
  };
  const deployed = world.cloudFormation.deploy({
    stackName: 'Stack',
    template: { Resources: { ...TEMPLATE.Resources, Later: topic({}, { DependsOn: 'A' }) } },
  });
  await world.clock.run(world.clock.sleep(30_000));
  const client = await clientOf(world);
  const describe = (LogicalResourceId: string) =>
    client.send(new DescribeStackResourceCommand({ StackName: 'Stack', LogicalResourceId }));
  await expect(describe('A')).resolves.toMatchObject({
    StackResourceDetail: { ResourceStatus: 'CREATE_IN_PROGRESS' },
  });
  await expect(describe('Later')).rejects.toThrow('Resource Later does not exist for stack Stack');
  await world.clock.run(deployed);
});

test('a call about a stack that does not exist is authorized on all ids that it might have', async () => {
  const policies = new PolicyStore({ clock: new VirtualClock() });
  const may = async (Resource: string) =>
    policies.putRole(ROLE, {
      trust: { Statement: [] },
      inline: {
        own: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'cloudformation:DescribeStackResource', Resource }],
        },
      },
    });
  const client = await clientOf(testWorld({}, { authorizer: policies }));
  const describe = () =>
    client.send(new DescribeStackResourceCommand({ StackName: 'Other', LogicalResourceId: 'A' }));
  await may('arn:aws:cloudformation:us-east-1:123456789012:stack/Other/*');
  await expect(describe()).rejects.toMatchObject({ name: 'ValidationError' });
  await may('arn:aws:cloudformation:us-east-1:123456789012:stack/Another/*');
  await expect(describe()).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringContaining('stack/Other/*'),
  });
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
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Stack' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  expect(requests).toEqual([
    { principal: ROLE, action: 'cloudformation:DescribeStackResource', resource: id },
    { principal: ROLE, action: 'cloudformation:DescribeStacks', resource: id },
  ]);
});
