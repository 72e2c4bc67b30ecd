import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { custom, describedStack, testWorld, told, topic, type TestWorld } from './cloudformation-fixture';

/* A nested stack goes forward and back with the stack around it, in its mode. */

const MINUTE = 60_000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nested-'));
  const nested = {
    Parameters: { V: { Type: 'String' } },
    Resources: { T: topic({ DisplayName: { Ref: 'V' } }), A: custom({ v: { Ref: 'V' } }) },
  };
  writeFileSync(join(directory, 'nested.json'), JSON.stringify(nested));
});
afterAll(() => rmSync(directory, { recursive: true }));

const template = (v: number) => ({
  Resources: {
    Nested: {
      Type: 'AWS::CloudFormation::Stack',
      Properties: {
        TemplateURL: 'https://s3.us-east-1.amazonaws.com/bucket/nested.json',
        Parameters: { V: String(v) },
      },
    },
    Gate: custom({ v }, { DependsOn: 'Nested' }),
  },
});

const deploy = (world: TestWorld, v: number, more = {}) =>
  world.deploy(template(v), { assets: (key) => join(directory, key), ...more });

const nestedIn = (world: TestWorld) => world.cloudFormation.stack('Stack').resources.Nested.physicalId!;

test('RollbackStack takes it back over several attempts, in one step', async () => {
  const world = testWorld();
  world.provider = ({ LogicalResourceId, RequestType, ResourceProperties: { v } }) => {
    if (RequestType === 'Delete') return {};
    if (LogicalResourceId === 'A') return { PhysicalResourceId: `A-${v}` };
    return v === '1' ? {} : { Status: 'FAILED', Reason: 'no' };
  };
  await deploy(world, 1);
  for (const v of [2, 3]) {
    await expect(deploy(world, v, { disableRollback: true })).resolves.toMatchObject({
      status: 'UPDATE_FAILED',
    });
  }
  const nested = nestedIn(world);
  const from = world.requests().length;
  await expect(world.clock.run(world.cloudFormation.rollbackStack('Stack'))).resolves.toMatchObject({
    status: 'UPDATE_ROLLBACK_COMPLETE',
  });
  expect(world.cloudFormation.stack(nested)).toMatchObject({
    status: 'UPDATE_ROLLBACK_COMPLETE',
    resources: { A: { physicalId: 'A-1' }, T: { properties: { DisplayName: '1' } } },
  });
  expect(world.requests().slice(from)).toEqual(['Update A A-3', 'Delete A A-2', 'Delete A A-3']);
});

test.each([
  [true, 0],
  [undefined, 10],
])('is in Express mode with its parent: %s', async (express, minutes) => {
  const world = testWorld({ duration: () => 10 * MINUTE, expressDisablesRollback: true });
  const start = world.clock.now();
  await deploy(world, 1, { express });
  expect((world.clock.now() - start) / MINUTE).toBe(minutes);
  const { DeploymentConfig, DisableRollback } = await describedStack(world, nestedIn(world));
  expect(DeploymentConfig).toEqual({ Mode: express ? 'EXPRESS' : 'STANDARD' });
  expect(DisableRollback).toBe(false);
});

test('tells when it is configured', async () => {
  const world = testWorld({ configurationComplete: true });
  await deploy(world, 1);
  const { name, events } = world.cloudFormation.stack(nestedIn(world));
  const configured = events.filter(({ detailedStatus }) => detailedStatus);
  expect(told(configured)).toEqual([
    `CREATE_IN_PROGRESS ${name}`,
    'CREATE_IN_PROGRESS T',
    `CREATE_IN_PROGRESS ${name}`,
  ]);
});
