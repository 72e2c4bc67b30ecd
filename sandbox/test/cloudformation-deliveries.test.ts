import { custom, testWorld } from './cloudformation-fixture';

const MINUTE = 60_000;

describe('redeliveries', () => {
  const seen = async (redeliveries: number[]) => {
    const world = testWorld({ redeliveries });
    const start = world.clock.now();
    const deliveries: Array<[type: string, minutes: number]> = [];
    world.provider = ({ RequestType }) => {
      deliveries.push([RequestType, (world.clock.now() - start) / MINUTE]);
      return {};
    };
    await world.deploy({ Resources: { A: custom() } });
    await world.clock.run(world.clock.sleep(5 * MINUTE));
    await world.deploy({ Resources: { A: custom({ v: 2 }) } });
    await world.clock.run(world.clock.sleep(3 * 60 * MINUTE));
    return { deliveries, effects: world.journal.of('response').map(({ effect }) => effect) };
  };

  test('by default there are none', async () => {
    const { deliveries } = await seen([]);
    expect(deliveries).toEqual([
      ['Create', 0],
      ['Update', 5],
    ]);
  });

  test('an event comes again at each delay, also in a later operation; the first answer counts', async () => {
    const { deliveries, effects } = await seen([MINUTE, 120 * MINUTE]);
    expect(deliveries).toEqual([
      ['Create', 0],
      ['Create', 1],
      ['Update', 5],
      ['Update', 6],
      ['Create', 120],
      ['Update', 125],
    ]);
    expect(effects).toEqual(['accepted', 'ignored', 'accepted', 'ignored', 'ignored', 'ignored']);
  });

  test('a function that is gone gets nothing more', async () => {
    let isThere = true;
    let deliveries = 0;
    const lambda = {
      create: () => {},
      remove: () => {},
      has: () => isThere,
      invokeAsync: () => void deliveries++,
    };
    const world = testWorld({ redeliveries: [MINUTE] }, { lambda });
    const outcome = world.deploy({ Resources: { A: custom({ ServiceTimeout: 30 }) } });
    isThere = false;
    await outcome;
    await world.clock.run(world.clock.sleep(5 * MINUTE));
    expect(deliveries).toBe(2); // Create and Delete
  });
});

describe('an event', () => {
  const template = (length: number) => ({ Resources: { A: custom({ text: 'x'.repeat(length) }) } });
  /** how long the text may be in the first event of a stack of this name */
  const room = async () => {
    const world = testWorld();
    await world.deploy(template(0));
    return 262_144 - JSON.stringify(world.journal.of('request')[0].event).length;
  };

  test('of 262144 bytes is delivered', async () => {
    await expect(testWorld().deploy(template(await room()))).resolves.toMatchObject({
      status: 'CREATE_COMPLETE',
    });
  });

  test('that is larger is refused by Lambda, and no Delete follows a Create that was not sent', async () => {
    const world = testWorld();
    let deliveries = 0;
    world.provider = () => ({ Data: { n: ++deliveries } });
    const { status, reason } = await world.deploy(template((await room()) + 1));
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(reason).toMatch(
      /^Request must be smaller than 262144 bytes for .* RequestEntityTooLargeException/,
    );
    expect(deliveries).toBe(0);
    expect(world.requests()).toEqual(['Create A']);
  });

  test('of an update carries the old properties too, and so does the one back', async () => {
    const world = testWorld();
    await world.deploy(template(140_000));
    await expect(world.deploy(template(140_001))).resolves.toMatchObject({
      status: 'UPDATE_ROLLBACK_FAILED',
      reason: expect.stringContaining('RequestEntityTooLargeException'),
    });
  });
});
