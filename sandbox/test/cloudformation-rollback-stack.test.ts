import {
  TOKEN,
  custom,
  describedStack,
  testWorld,
  told,
  topic,
  type TestWorld,
} from './cloudformation-fixture';

/* RollbackStack, and all that goes back over several failed attempts. */

const DAY = 24 * 3_600_000;
const PAUSE = { disableRollback: true };

/** Ids with the version; `Gate` fails on versions that it is told to. */
function versioned(...gateFailsOn: number[]): TestWorld {
  const world = testWorld();
  world.provider = ({ RequestType, LogicalResourceId, PhysicalResourceId, ResourceProperties: { v } }) => {
    if (RequestType === 'Delete') return {};
    if (LogicalResourceId !== 'Gate') return { PhysicalResourceId: `${LogicalResourceId}-${v}` };
    if (!gateFailsOn.includes(Number(v))) return {};
    return { Status: 'FAILED', Reason: 'no', PhysicalResourceId: PhysicalResourceId ?? `gate-${v}` };
  };
  return world;
}

const rollbackStack = (world: TestWorld) => world.clock.run(world.cloudFormation.rollbackStack('Stack'));
const ofStack = (events: ReadonlyArray<{ status: string; logicalId: string }>) =>
  told(events).filter((event) => event.endsWith(' Stack'));
const state = (world: TestWorld, name: string) => world.cloudFormation.stack('Stack').resources[name];

describe('an update that failed with rollback disabled', () => {
  const template = (v: number, more = {}) => ({
    Resources: {
      A: custom({ v }),
      Replaced: topic({ TopicName: `v${v}` }),
      InPlace: topic({ DisplayName: `v${v}` }),
      Gate: custom({ v }, { DependsOn: ['A', 'Replaced', 'InPlace'] }),
      ...more,
    },
    Outputs: { V: { Value: `v${v}` } },
  });
  const NEW = { New: custom({ v: 0 }) };

  const failedTwice = async () => {
    const world = versioned(2, 3);
    await world.deploy(template(1), { tags: { round: 'first' } });
    const before = world.cloudFormation.stack('Stack').resources;
    const asBefore = Object.values(before).map(({ logicalId, physicalId, properties }) => ({
      logicalId,
      physicalId,
      properties,
    }));
    for (const v of [2, 3]) {
      await expect(
        world.deploy(template(v, NEW), { ...PAUSE, tags: { round: 'next' } }),
      ).resolves.toMatchObject({
        status: 'UPDATE_FAILED',
      });
      await world.clock.run(world.clock.sleep(3 * DAY));
    }
    return { world, asBefore, from: world.journal.of('request').length };
  };

  const expectAsBefore = (world: TestWorld, asBefore: object[]) => {
    const { resources, outputs } = world.cloudFormation.stack('Stack');
    expect(Object.values(resources)).toEqual(asBefore.map((one) => expect.objectContaining(one)));
    expect(Object.values(resources).map(({ status }) => status)).not.toContain('UPDATE_FAILED');
    expect(outputs).toEqual({ V: 'v1' });
  };

  test('goes back to the last stable state over all attempts, days later', async () => {
    const { world, asBefore, from } = await failedTwice();
    const { status, events } = await rollbackStack(world);
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(ofStack(events)).toEqual([
      'UPDATE_ROLLBACK_IN_PROGRESS Stack',
      'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS Stack',
      'UPDATE_ROLLBACK_COMPLETE Stack',
    ]);
    expectAsBefore(world, asBefore);
    const [back, ...deletions] = world.journal.of('request').slice(from);
    expect(back).toMatchObject({
      logicalId: 'A',
      type: 'Update',
      event: { PhysicalResourceId: 'A-3', ResourceProperties: { v: '1' }, OldResourceProperties: { v: '3' } },
    });
    expect(deletions.map(({ type, event }) => `${type} ${event.PhysicalResourceId}`).sort()).toEqual([
      'Delete A-2',
      'Delete A-3',
      'Delete New-0',
    ]);
    const gone = events.filter(
      ({ status: one, type }) => one === 'DELETE_COMPLETE' && type === 'AWS::SNS::Topic',
    );
    expect(gone.map(({ physicalId }) => physicalId!.split(':').pop()).sort()).toEqual(['v2', 'v3']);
    expect((await describedStack(world)).Tags).toEqual([{ Key: 'round', Value: 'first' }]);
    await expect(world.deploy(template(1), { tags: { round: 'first' } })).resolves.toMatchObject({
      noChanges: true,
    });
  });

  test('and is tried again with rollback goes back as far, if it fails once more', async () => {
    const { world, asBefore } = await failedTwice();
    world.cloudFormation.failures.fail({ target: 'InPlace', on: 'update' });
    const { status } = await world.deploy(template(4, NEW));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expectAsBefore(world, asBefore);
  });

  test('and succeeds at last has a new stable state: nothing goes back further', async () => {
    const { world, from } = await failedTwice();
    await expect(world.deploy(template(4, NEW))).resolves.toMatchObject({ status: 'UPDATE_COMPLETE' });
    const requests = world.requests().slice(from);
    expect(requests.filter((request) => request.startsWith('Delete')).sort()).toEqual([
      'Delete A A-1',
      'Delete A A-2',
      'Delete A A-3',
    ]);
    world.cloudFormation.failures.fail({ target: 'InPlace', on: 'update' });
    await world.deploy(template(5, NEW), PAUSE);
    await rollbackStack(world);
    expect([state(world, 'A').physicalId, state(world, 'InPlace').properties]).toEqual([
      'A-4',
      { DisplayName: 'v4' },
    ]);
  });

  test('has updated in place what it then replaced: the old one is sent back', async () => {
    const world = versioned(2, 3);
    const topics = (v: number, name: string) => ({
      Resources: {
        T: topic({ TopicName: name, DisplayName: `v${v}` }),
        Gate: custom({ v }, { DependsOn: 'T' }),
      },
    });
    await world.deploy(topics(1, 'one'));
    await world.deploy(topics(2, 'one'), PAUSE);
    await world.deploy(topics(3, 'two'), PAUSE);
    const { status, events } = await rollbackStack(world);
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(state(world, 'T')).toMatchObject({
      physicalId: expect.stringMatching(/:one$/),
      properties: { TopicName: 'one', DisplayName: 'v1' },
    });
    expect(
      events
        .filter(({ logicalId }) => logicalId === 'T')
        .map(({ status: one, physicalId }) => `${one} ${physicalId!.split(':').pop()}`),
    ).toEqual([
      'UPDATE_IN_PROGRESS one',
      'UPDATE_COMPLETE one',
      'DELETE_IN_PROGRESS two',
      'DELETE_COMPLETE two',
    ]);
  });

  test('what fails in the second attempt goes back to what the first has made of it', async () => {
    const world = testWorld();
    let failing = '';
    world.provider = ({ RequestType, LogicalResourceId, ResourceProperties: { v } }) => {
      if (RequestType === 'Update' && `${LogicalResourceId}${v}` === failing) {
        return { Status: 'FAILED', Reason: 'no' };
      }
      return {};
    };
    const both = (v: number) => ({ Resources: { A: custom({ v }), B: custom({ v }, { DependsOn: 'A' }) } });
    await world.deploy(both(1));
    failing = 'B2';
    await world.deploy(both(2), PAUSE);
    failing = 'A3';
    await world.deploy(both(3), PAUSE);
    expect(state(world, 'A')).toMatchObject({ status: 'UPDATE_FAILED', properties: { v: 2 } });
    await rollbackStack(world);
    expect([state(world, 'A'), state(world, 'B')]).toMatchObject([
      { status: 'UPDATE_COMPLETE', properties: { v: 1 } },
      { status: 'UPDATE_COMPLETE', properties: { v: 1 } },
    ]);
    const [, last] = world.journal.of('request').slice(-2);
    expect(last.event).toMatchObject({ ResourceProperties: { v: '1' }, OldResourceProperties: { v: '2' } });
  });

  test('and then asks for what CloudFormation refuses: the resource goes back from what it is', async () => {
    const world = versioned(2);
    const both = (v: number, more = {}) => ({
      Resources: { A: custom({ v, ...more }), Gate: custom({ v }, { DependsOn: 'A' }) },
    });
    await world.deploy(both(1));
    await world.deploy(both(2), PAUSE);
    const outcome = await world.deploy(both(3, { ServiceToken: `${TOKEN}-of-another` }));
    expect(outcome).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Modifying service token is not allowed.',
    });
    const updates = world.journal.of('request').filter(({ type }) => type === 'Update');
    expect(updates.at(-1)!.event).toMatchObject({
      PhysicalResourceId: 'A-2',
      ResourceProperties: { v: '1' },
      OldResourceProperties: { v: '2', ServiceToken: TOKEN },
    });
  });

  test('whose rollback gets stuck can be continued', async () => {
    const { world, asBefore } = await failedTwice();
    world.cloudFormation.failures.fail({ target: 'InPlace', on: 'update', reason: 'not now' });
    await expect(rollbackStack(world)).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_FAILED' });
    await expect(
      world.clock.run(world.cloudFormation.continueUpdateRollback('Stack')),
    ).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    expectAsBefore(world, asBefore);
  });
});

describe('a creation that failed with rollback disabled', () => {
  const template = (v: number) => ({
    Resources: { A: custom({ v }), Gate: custom({ v }, { DependsOn: 'A' }) },
  });

  test('is undone: there is no stable state to go back to', async () => {
    const world = versioned(1);
    await expect(world.deploy(template(1), PAUSE)).resolves.toMatchObject({ status: 'CREATE_FAILED' });
    await world.clock.run(world.clock.sleep(DAY));
    const { status, events } = await rollbackStack(world);
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(ofStack(events)).toEqual(['ROLLBACK_IN_PROGRESS Stack', 'ROLLBACK_COMPLETE Stack']);
    expect(world.requests().slice(2)).toEqual(['Delete Gate gate-1', 'Delete A A-1']);
    await expect(world.deploy(template(2))).rejects.toThrow(
      /is in ROLLBACK_COMPLETE state and can not be updated/,
    );
  });

  test('is undone with what a second attempt has made and replaced', async () => {
    const world = versioned(1, 2);
    await world.deploy(template(1), PAUSE);
    await expect(world.deploy(template(2), PAUSE)).resolves.toMatchObject({ status: 'UPDATE_FAILED' });
    await expect(rollbackStack(world)).resolves.toMatchObject({ status: 'ROLLBACK_COMPLETE' });
    expect(world.requests().slice(4).sort()).toEqual([
      'Delete A A-1',
      'Delete A A-2',
      'Delete Gate gate-1',
      'Delete Gate gate-2',
    ]);
  });

  test('is undone by a second attempt with rollback that fails, too', async () => {
    const world = versioned(1, 2);
    await world.deploy(template(1), PAUSE);
    const { status, events } = await world.deploy(template(2));
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(ofStack(events)).toEqual([
      'UPDATE_IN_PROGRESS Stack',
      'ROLLBACK_IN_PROGRESS Stack',
      'ROLLBACK_COMPLETE Stack',
    ]);
  });
});

test('a stack that has not failed cannot be rolled back', async () => {
  const world = versioned();
  await expect(rollbackStack(world)).rejects.toThrow('Stack [Stack] does not exist');
  await world.deploy({ Resources: { A: custom({ v: 1 }) } });
  await expect(rollbackStack(world)).rejects.toThrow(
    /is in CREATE_COMPLETE state and can not be rolled back/,
  );
});
