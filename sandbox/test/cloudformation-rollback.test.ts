import { custom, testWorld, told, topic, type TestWorld } from './cloudformation-fixture';
import type { CloudFormationOptions } from '../cloudformation/world';

/* What AWS does not document of the way back: each question with both answers. */

const MINUTE = 60_000;
const REFUSED = { Status: 'FAILED', Reason: 'no' };

/** the events of the requests since, in short: `A v1 after v2` */
function sentBack(world: TestWorld, from: number): string[] {
  return world.journal
    .of('request')
    .slice(from)
    .filter(({ type }) => type === 'Update')
    .map(
      ({ logicalId, event }) =>
        `${logicalId} v${event.ResourceProperties.v} after v${event.OldResourceProperties.v}`,
    );
}

describe('the order of a rollback', () => {
  const template = (v: number) => ({
    Resources: {
      A: custom({ v }),
      B: custom({ v }, { DependsOn: 'A' }),
      C: custom({ v }, { DependsOn: 'B' }),
      Bad: topic({ DisplayName: `v${v}` }, { DependsOn: 'C' }),
    },
  });

  const order = async (rollbackOrder: CloudFormationOptions['rollbackOrder']) => {
    const world = testWorld({ rollbackOrder });
    await world.deploy(template(1));
    world.cloudFormation.failures.fail({ target: 'Bad', on: 'update' });
    await expect(world.deploy(template(2))).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    return sentBack(world, 6);
  };

  test('as created: dependencies first', async () => {
    expect(await order('as created')).toEqual(['A v1 after v2', 'B v1 after v2', 'C v1 after v2']);
  });

  test('reversed: dependents first', async () => {
    expect(await order('reversed')).toEqual(['C v1 after v2', 'B v1 after v2', 'A v1 after v2']);
  });
});

describe('the properties of a rollback', () => {
  const template = (Default: number) => ({
    Parameters: { V: { Type: 'String', Default } },
    Resources: {
      A: custom({ v: { Ref: 'V' } }),
      B: custom({ v: { Ref: 'V' }, n: { 'Fn::GetAtt': ['A', 'N'] } }),
      Bad: topic({ DisplayName: { Ref: 'V' } }, { DependsOn: 'B' }),
      // a failed update does not get here: only the changed attribute of A is a reason to send it back
      Behind: custom({ n: { 'Fn::GetAtt': ['A', 'N'] } }, { DependsOn: 'Bad' }),
    },
  });

  const rolledBack = async (options: Partial<CloudFormationOptions>) => {
    const world = testWorld(options);
    let asked = 0;
    world.provider = ({ LogicalResourceId }) =>
      LogicalResourceId === 'A' ? { Data: { N: String(++asked) } } : {};
    await world.deploy(template(1));
    const from = world.journal.of('request').length;
    world.cloudFormation.failures.fail({ target: 'Bad', on: 'update' });
    await expect(world.deploy(template(2))).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    const updates = world.journal.of('request').slice(from);
    const back = updates.map(
      ({
        logicalId,
        event: {
          ResourceProperties: { v, n },
          OldResourceProperties,
        },
      }) => [logicalId, v, n, OldResourceProperties.n],
    );
    return { world, back };
  };

  test('are those that the resources had', async () => {
    const { back } = await rolledBack({});
    expect(back).toEqual([
      ['A', '2', undefined, undefined],
      ['B', '2', '2', '1'],
      ['A', '1', undefined, undefined],
      ['B', '1', '1', '2'],
    ]);
  });

  test('may be resolved again: values of parameters as before, attributes as they are then', async () => {
    const { world, back } = await rolledBack({ rollbackResolvesAgain: true });
    expect(back).toEqual([
      ['A', '2', undefined, undefined],
      ['B', '2', '2', '1'],
      ['A', '1', undefined, undefined],
      ['B', '1', '3', '2'],
      ['Behind', undefined, '3', '1'],
    ]);
    const { resources } = world.cloudFormation.stack('Stack');
    expect([resources.B.properties.n, resources.Behind.properties.n]).toEqual(['3', '3']);
    await expect(world.deploy(template(1))).resolves.toMatchObject({ noChanges: true });
  });

  test('are not resolved against what is not back yet', async () => {
    const { back } = await rolledBack({ rollbackResolvesAgain: true, rollbackOrder: 'reversed' });
    expect(back.slice(2)).toEqual([
      ['B', '1', '1', '2'],
      ['A', '1', undefined, undefined],
    ]);
  });

  test('that cannot be resolved any more stop the rollback', async () => {
    const world = testWorld({ rollbackResolvesAgain: true });
    let asked = 0;
    world.provider = ({ LogicalResourceId }) =>
      LogicalResourceId === 'A' && ++asked < 3 ? { Data: { N: String(asked) } } : {};
    await world.deploy(template(1));
    world.cloudFormation.failures.fail({ target: 'Bad', on: 'update' });
    const { status, events } = await world.deploy(template(2));
    expect(status).toBe('UPDATE_ROLLBACK_FAILED');
    expect(events.filter((event) => event.logicalId === 'B').at(-1)!.reason).toContain(
      "Vendor response doesn't contain N key",
    );
  });
});

describe('with rollback disabled, a resource whose update failed goes back', () => {
  const template = (v: number) => ({
    Resources: { A: custom({ v }), Slow: custom({ v }), Next: custom({ v }, { DependsOn: 'A' }) },
  });

  const deployed = async (returnsFailed: CloudFormationOptions['returnsFailed']) => {
    const world = testWorld({ returnsFailed });
    world.provider = async ({ RequestType, LogicalResourceId, ResourceProperties: { v } }) => {
      if (RequestType !== 'Update' || v === '1') return {};
      if (LogicalResourceId === 'Slow') await world.clock.sleep(30 * MINUTE);
      return LogicalResourceId === 'A' ? REFUSED : {};
    };
    await world.deploy(template(1));
    const start = world.clock.now();
    const outcome = await world.deploy(template(2), { disableRollback: true });
    expect(outcome.status).toBe('UPDATE_FAILED');
    expect(sentBack(world, 3)).toEqual(['A v2 after v1', 'Slow v2 after v1', 'A v1 after v2']);
    expect(world.cloudFormation.stack('Stack').resources).toMatchObject({
      A: { status: 'UPDATE_FAILED', reason: expect.stringContaining('no'), properties: { v: 1 } },
      Slow: { status: 'UPDATE_COMPLETE', properties: { v: 2 } },
      Next: { properties: { v: 1 } },
    });
    return (world.journal.of('request').at(-1)!.at - start) / MINUTE;
  };

  test('in the end', async () => expect(await deployed('in the end')).toBe(30));
  test('at once, while others still go on', async () => expect(await deployed('at once')).toBe(0));
});

describe('a replaced physical id', () => {
  const template = (v: number, attributes = {}) => ({ Resources: { A: custom({ v }, attributes) } });
  const RETAIN = { UpdateReplacePolicy: 'Retain' };

  test.each([
    ['new template', {}, RETAIN, 'DELETE_SKIPPED A'],
    ['new template', RETAIN, {}, 'DELETE_COMPLETE A'],
    ['old template', {}, RETAIN, 'DELETE_COMPLETE A'],
    ['old template', RETAIN, {}, 'DELETE_SKIPPED A'],
  ] as const)('under the policy of the %s, %j before %j: %s', async (whose, before, after, event) => {
    const world = testWorld({ updateReplacePolicyOf: whose });
    world.provider = ({ ResourceProperties: { v }, PhysicalResourceId, RequestType }) => ({
      PhysicalResourceId: RequestType === 'Delete' ? PhysicalResourceId : `backup-${v}`,
    });
    await world.deploy(template(1, before));
    expect(told((await world.deploy(template(2, after))).events)).toContain(event);
  });
});

describe('the physical id of a creation that failed, after another attempt', () => {
  const attempts = async (forgetsFailedIds: boolean) => {
    const world = testWorld({ forgetsFailedIds });
    let nth = 0;
    world.provider = ({ RequestType }) =>
      RequestType === 'Create' && ++nth === 1 ? { ...REFUSED, PhysicalResourceId: 'left-over' } : {};
    const template = { Resources: { A: custom() } };
    await expect(world.deploy(template, { disableRollback: true })).resolves.toMatchObject({
      status: 'CREATE_FAILED',
    });
    await world.deploy(template, { disableRollback: true });
    await world.destroy();
    return world.requests();
  };

  test('gets its Delete', async () => {
    expect(await attempts(false)).toEqual(['Create A', 'Create A', 'Delete A left-over', 'Delete A a-1']);
  });

  test('may be forgotten', async () => {
    expect(await attempts(true)).toEqual(['Create A', 'Create A', 'Delete A a-1']);
  });
});
