import { custom, testWorld, told, topic, type Provider, type TestWorld } from './cloudformation-fixture';

const one = { Resources: { A: custom({ nth: 1 }) } };
const two = { Resources: { A: custom({ nth: 2 }), B: topic() } };

const failsToCreate: Provider = ({ RequestType }) =>
  RequestType === 'Create' ? { Status: 'FAILED', Reason: 'no' } : {};

let world: TestWorld;
beforeEach(() => {
  world = testWorld();
});

const prepare = (template: any, name = 'Change', more: object = {}) =>
  world.clock.run(world.cloudFormation.createChangeSet(name, { stackName: 'Stack', template, ...more }));
const execute = (name = 'Change') => world.clock.run(world.cloudFormation.executeChangeSet(name, 'Stack'));
const stack = () => world.cloudFormation.stack('Stack');

test('a new stack is under review until its change set is executed, with nothing in it', async () => {
  await prepare(one, 'Change', { tags: { team: 'storage' } });
  expect(stack()).toMatchObject({ status: 'REVIEW_IN_PROGRESS', resources: {} });
  const { id } = stack();
  const describe = (operation: string) =>
    world.cloudFormation.api.handle({
      operation,
      input: { StackName: 'Stack', LogicalResourceId: 'A' },
      principal: 'role',
    });
  await expect(describe('DescribeStackResource')).rejects.toThrow(
    'Resource A does not exist for stack Stack',
  );
  await expect(describe('DescribeStacks')).resolves.toMatchObject({
    Stacks: [{ StackId: id, StackStatus: 'REVIEW_IN_PROGRESS' }],
  });

  expect(await execute()).toMatchObject({ status: 'CREATE_COMPLETE' });
  expect(stack()).toMatchObject({ id, status: 'CREATE_COMPLETE' });
  expect(told(stack().events)).toEqual([
    'REVIEW_IN_PROGRESS Stack',
    'CREATE_IN_PROGRESS Stack',
    'CREATE_IN_PROGRESS A',
    'CREATE_IN_PROGRESS A',
    'CREATE_COMPLETE A',
    'CREATE_COMPLETE Stack',
  ]);
  await expect(describe('DescribeStacks')).resolves.toMatchObject({
    Stacks: [{ Tags: [{ Key: 'team', Value: 'storage' }] }],
  });
});

test('a stack that exists is left alone until its change set is executed', async () => {
  await world.deploy(one);
  await prepare(two);
  expect(stack()).toMatchObject({ status: 'CREATE_COMPLETE' });
  expect(world.requests()).toEqual(['Create A']);
  expect(await execute()).toMatchObject({ status: 'UPDATE_COMPLETE' });
  expect(world.requests()).toEqual(['Create A', 'Update A a-1']);
});

test('a change set of the same name replaces the other, of a stack under review too', async () => {
  await prepare(one);
  await prepare(two);
  await execute();
  expect(Object.keys(stack().resources)).toEqual(['A', 'B']);
});

test('a change set is executed once, and takes the others of its stack along', async () => {
  await prepare(one);
  await prepare(two, 'Other');
  await execute();
  for (const name of ['Change', 'Other']) {
    await expect(execute(name)).rejects.toMatchObject({
      code: 'ChangeSetNotFound',
      message: `ChangeSet [${name}] does not exist`,
    });
  }
});

test('a change set without changes changes nothing', async () => {
  await world.deploy(one);
  await prepare(one);
  expect(await execute()).toMatchObject({ status: 'CREATE_COMPLETE', noChanges: true });
});

test('a stack under review is neither created nor updated in another way, and may be deleted', async () => {
  await prepare(one);
  await expect(world.deploy(one)).rejects.toThrow('is in REVIEW_IN_PROGRESS state and can not be updated');
  expect(await world.destroy()).toMatchObject({ status: 'DELETE_COMPLETE' });
  await expect(execute()).rejects.toMatchObject({ code: 'ChangeSetNotFound' });
  expect(await world.deploy(one)).toMatchObject({ status: 'CREATE_COMPLETE' });
});

test('what could not be deployed is not prepared', async () => {
  await expect(prepare({ Resources: {} })).rejects.toThrow('At least one Resources member');
  await expect(prepare(one, 'Change', { stackName: 'no_name' })).rejects.toThrow("at 'stackName'");
  expect(() => stack()).toThrow('does not exist');
  world.provider = failsToCreate;
  await world.deploy(one);
  await expect(prepare(one)).rejects.toThrow('is in ROLLBACK_COMPLETE state and can not be updated');
});

test('a creation that fails is rolled back', async () => {
  world.provider = failsToCreate;
  await prepare(one);
  expect(await execute()).toMatchObject({ status: 'ROLLBACK_COMPLETE' });
});
