import { custom, testWorld, told, type TestWorld } from './cloudformation-fixture';

const HOUR = 3_600_000;

const template = (properties: Record<string, unknown> = {}, generation = '') => ({
  Resources: {
    [`Handle${generation}`]: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
    Starter: custom({ Url: { Ref: `Handle${generation}` } }),
    [`Condition${generation}`]: {
      Type: 'AWS::CloudFormation::WaitCondition',
      DependsOn: 'Starter',
      Properties: { Handle: { Ref: `Handle${generation}` }, Timeout: '43200', ...properties },
    },
  },
  Outputs: { Data: { Value: { 'Fn::GetAtt': [`Condition${generation}`, 'Data'] } } },
});

/** The provider answers at once, and signals the handle after so many hours. */
function signalling(world: TestWorld, ...signals: Array<[hours: number, signal: Record<string, unknown>]>) {
  world.provider = ({ RequestType, ResourceProperties: { Url } }) => {
    if (RequestType === 'Delete') return {};
    for (const [hours, signal] of signals) {
      world.clock.setTimeout(() => {
        const release = world.clock.hold();
        const body = JSON.stringify({
          Status: 'SUCCESS',
          UniqueId: 'one',
          Data: 'd',
          Reason: 'r',
          ...signal,
        });
        void fetch(Url, { method: 'PUT', headers: { 'Content-Type': '' }, body }).finally(release);
      }, hours * HOUR);
    }
    return {};
  };
}

test('Data is the JSON text of what was signalled, hours later', async () => {
  const world = testWorld();
  const start = world.clock.now();
  signalling(world, [11, { UniqueId: 'backup', Data: 'backup-1' }]);
  const { status, outputs, events } = await world.deploy(template());
  expect(status).toBe('CREATE_COMPLETE');
  expect(outputs.Data).toBe('{"backup":"backup-1"}');
  expect(events.at(-1)!.at - start).toBe(11 * HOUR);
});

test('Count asks for as many signals with different ids', async () => {
  const world = testWorld();
  signalling(world, [1, { UniqueId: 'a' }], [2, { UniqueId: 'a', Data: 'again' }], [3, { UniqueId: 'b' }]);
  const { outputs, events } = await world.deploy(template({ Count: 2 }));
  expect(outputs.Data).toBe('{"a":"d","b":"d"}');
  expect(events.at(-1)!.at - events[0].at).toBe(3 * HOUR);
});

test('a failure signal fails the condition with its reason', async () => {
  const world = testWorld();
  signalling(world, [1, { Status: 'FAILURE', Reason: 'no room' }]);
  await expect(world.deploy(template())).resolves.toMatchObject({
    status: 'ROLLBACK_COMPLETE',
    reason: "WaitCondition received failed message: 'no room' for uniqueId: one",
  });
});

test('without a signal it times out', async () => {
  const world = testWorld();
  const outcome = await world.deploy(template({ Timeout: 60 }));
  expect(outcome.reason).toBe('WaitCondition timed out. Received 0 conditions when expecting 1');
});

test.each([43_201, 0])('a Timeout of %d s is refused', async (Timeout) => {
  await expect(testWorld().deploy(template({ Timeout }))).resolves.toMatchObject({
    reason: expect.stringContaining(`Timeout ${Timeout}`),
  });
});

test('it cannot be updated, and the rollback does not try', async () => {
  const world = testWorld();
  signalling(world, [1, {}]);
  await world.deploy(template());
  await expect(world.deploy(template({ Timeout: 60 }))).resolves.toMatchObject({
    status: 'UPDATE_ROLLBACK_COMPLETE',
    reason: 'Update to resource type AWS::CloudFormation::WaitCondition is not supported.',
  });
});

test('new logical ids wait again; an old handle shows its old signals', async () => {
  const world = testWorld();
  signalling(world, [1, {}]);
  await world.deploy(template());
  const before = world.clock.now();
  await expect(world.deploy(template({}, '2'))).resolves.toMatchObject({ status: 'UPDATE_COMPLETE' });
  expect(world.clock.now() - before).toBeGreaterThanOrEqual(HOUR);
  const { Condition2, ...others } = template({}, '2').Resources;
  const { events } = await world.deploy({ Resources: { ...others, Condition3: Condition2 } });
  expect(events.at(-1)!.at - events[0].at).toBeLessThan(HOUR);
  expect(told(events)).toContain('CREATE_COMPLETE Condition3');
});

test('a signal that is none is refused', async () => {
  const world = testWorld();
  signalling(world, [1, { UniqueId: 5 }], [2, { Status: 'FAILED' }]);
  await expect(world.deploy(template())).resolves.toMatchObject({
    reason: expect.stringContaining('timed out'),
  });
  expect(
    world.journal
      .of('response')
      .filter(({ logicalId }) => logicalId === 'Handle')
      .map(({ why }) => why),
  ).toEqual(['UniqueId must be a string', 'Status must be SUCCESS or FAILURE']);
});

describe('a handle that is created again under the logical id of an earlier one', () => {
  const NO_HANDLE = { Resources: { Other: custom() } };
  const again = async (waitHandlesRemember: boolean, signal: Record<string, unknown> = {}) => {
    const world = testWorld({ waitHandlesRemember });
    let nth = 0;
    world.provider = ({ RequestType, LogicalResourceId, ResourceProperties: { Url } }) => {
      if (RequestType === 'Delete' || LogicalResourceId !== 'Starter') return {};
      const Data = `backup-${++nth}`;
      world.clock.setTimeout(() => {
        const release = world.clock.hold();
        const body = {
          Status: 'SUCCESS',
          UniqueId: `id ${nth}`,
          Data,
          Reason: 'r',
          ...(nth === 1 && signal),
        };
        void fetch(Url, {
          method: 'PUT',
          headers: { 'Content-Type': '' },
          body: JSON.stringify(body),
        }).finally(release);
      }, HOUR);
      return {};
    };
    const withOther = { ...template(), Resources: { ...template().Resources, ...NO_HANDLE.Resources } };
    await world.deploy(withOther, { disableRollback: true });
    await world.deploy(NO_HANDLE);
    const before = world.clock.now();
    const outcome = await world.deploy(withOther);
    return { world, outcome, hours: (world.clock.now() - before) / HOUR };
  };

  test('knows nothing of it by default', async () => {
    const { outcome, hours } = await again(false);
    expect(outcome).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { Data: '{"id 2":"backup-2"}' } });
    expect(hours).toBeGreaterThanOrEqual(1);
  });

  test('may remember its signals: the condition does not wait', async () => {
    const { outcome, hours } = await again(true);
    expect(outcome).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { Data: '{"id 1":"backup-1"}' } });
    expect(hours).toBe(0);
  });

  test('may remember its failure: the condition fails at once, for ever', async () => {
    const { outcome, hours } = await again(true, { Status: 'FAILURE', Reason: 'of the first time' });
    expect(outcome).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: "WaitCondition received failed message: 'of the first time' for uniqueId: id 1",
    });
    expect(hours).toBe(0);
  });

  test('is the same object in S3, and earlier URLs of it still work', async () => {
    const { world } = await again(true);
    const urls = world.journal
      .of('request')
      .filter(({ type, logicalId }) => logicalId === 'Starter' && type === 'Create')
      .map(({ event }) => new URL(event.ResourceProperties.Url));
    const { id } = world.cloudFormation.stack('Stack');
    expect(urls.map(({ pathname }) => decodeURIComponent(pathname).split('/').slice(2).join('/'))).toEqual([
      `${id}/Handle`,
      `${id}/Handle`,
    ]);
    expect(urls[0].search).not.toBe(urls[1].search);
    for (const url of urls) {
      const { status } = await fetch(url, { method: 'PUT', headers: { 'Content-Type': '' }, body: '{}' });
      expect(status).toBe(200);
    }
  });
});
