import { custom, describedResource, describedStack, testWorld, topic } from './cloudformation-fixture';

/* What CloudFormation shows of a stack: its events, and what it answers while something goes on. */

const MINUTE = 60_000;

type Event = { logicalId: string; status: string; detailedStatus?: string };

function inDetail(events: readonly Event[]): string[] {
  return events.map(({ logicalId, status, detailedStatus }) =>
    [status, logicalId, ...(detailedStatus ? [detailedStatus] : [])].join(' '),
  );
}

describe('CONFIGURATION_COMPLETE', () => {
  const template = (v: number) => ({
    Resources: { T: topic({ DisplayName: `v${v}` }), C: custom({ v }, { DependsOn: 'T' }), D: custom({ v }) },
  });

  test('is told of native resources that are not stable yet, and twice of the stack', async () => {
    const world = testWorld({ configurationComplete: true });
    const created = await world.deploy(template(1));
    expect(inDetail(created.events)).toEqual([
      'CREATE_IN_PROGRESS Stack',
      'CREATE_IN_PROGRESS T',
      'CREATE_IN_PROGRESS D',
      'CREATE_IN_PROGRESS Stack CONFIGURATION_COMPLETE',
      'CREATE_IN_PROGRESS T',
      'CREATE_IN_PROGRESS T CONFIGURATION_COMPLETE',
      'CREATE_IN_PROGRESS D',
      'CREATE_COMPLETE D',
      'CREATE_COMPLETE T',
      'CREATE_IN_PROGRESS C',
      'CREATE_IN_PROGRESS C',
      'CREATE_COMPLETE C',
      'CREATE_IN_PROGRESS Stack CONFIGURATION_COMPLETE',
      'CREATE_COMPLETE Stack',
    ]);
    const updated = await world.deploy(template(2));
    expect(inDetail(updated.events).filter((event) => / (Stack|T)( |$)/.test(event))).toEqual([
      'UPDATE_IN_PROGRESS Stack',
      'UPDATE_IN_PROGRESS T',
      'UPDATE_IN_PROGRESS Stack CONFIGURATION_COMPLETE',
      'UPDATE_IN_PROGRESS T CONFIGURATION_COMPLETE',
      'UPDATE_COMPLETE T',
      'UPDATE_IN_PROGRESS Stack CONFIGURATION_COMPLETE',
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS Stack',
      'UPDATE_COMPLETE Stack',
    ]);
  });

  test('is told of what is replaced and of what goes back, not of a stack that failed', async () => {
    const world = testWorld({ configurationComplete: true });
    const change = (v: number) => ({
      Resources: {
        In: topic({ DisplayName: `v${v}` }),
        New: topic({ TopicName: `v${v}` }),
        Bad: topic({ DisplayName: `v${v}` }, { DependsOn: ['In', 'New'] }),
      },
    });
    await world.deploy(change(1));
    world.cloudFormation.failures.fail({ target: 'Bad', on: 'update' });
    const { events } = await world.deploy(change(2));
    expect(inDetail(events).filter((event) => event.endsWith('CONFIGURATION_COMPLETE'))).toEqual([
      'UPDATE_IN_PROGRESS In CONFIGURATION_COMPLETE',
      'UPDATE_IN_PROGRESS New CONFIGURATION_COMPLETE',
      'UPDATE_IN_PROGRESS Bad CONFIGURATION_COMPLETE',
      'UPDATE_IN_PROGRESS In CONFIGURATION_COMPLETE',
      'UPDATE_IN_PROGRESS Bad CONFIGURATION_COMPLETE',
    ]);
  });

  test('by default nobody tells it', async () => {
    const world = testWorld();
    const { events } = await world.deploy(template(1));
    expect(events.filter(({ detailedStatus }) => detailedStatus)).toEqual([]);
    expect(world.journal.of('event').filter((event) => 'detailedStatus' in event)).toEqual([]);
  });

  test('is in the journal, and in DescribeStacks until the next status', async () => {
    const world = testWorld({ configurationComplete: true });
    const shown: unknown[] = [];
    world.provider = async () => {
      await world.clock.sleep(MINUTE);
      shown.push((await describedStack(world)).DetailedStatus);
      return {};
    };
    await world.deploy(template(1));
    expect(shown).toEqual(['CONFIGURATION_COMPLETE', 'CONFIGURATION_COMPLETE']);
    expect((await describedStack(world)).DetailedStatus).toBeUndefined();
    expect(world.journal.of('event').filter(({ detailedStatus }) => detailedStatus)).toHaveLength(3);
  });
});

describe('DescribeStacks', () => {
  const template = (v: number) => ({
    Resources: { A: custom({ v }) },
    Outputs: { V: { Value: `v${v}` } },
  });

  /** what is shown half a minute and two minutes after a request */
  const seen = async (describeStacksLag: number) => {
    const world = testWorld({ describeStacksLag });
    const shown: any[] = [];
    world.provider = async () => {
      for (const wait of [0.5 * MINUTE, 1.5 * MINUTE]) {
        await world.clock.sleep(wait);
        const { StackStatus, LastUpdatedTime, Outputs } = await describedStack(world);
        const { ResourceStatus } = await describedResource(world, 'A');
        shown.push([StackStatus, LastUpdatedTime !== undefined, Outputs[0]?.OutputValue, ResourceStatus]);
      }
      return {};
    };
    await world.deploy(template(1));
    await world.clock.run(world.clock.sleep(10 * MINUTE));
    await world.deploy(template(2));
    return { world, shown };
  };

  test('tells what is', async () => {
    const { shown } = await seen(0);
    expect(shown).toEqual([
      ['CREATE_IN_PROGRESS', false, undefined, 'CREATE_IN_PROGRESS'],
      ['CREATE_IN_PROGRESS', false, undefined, 'CREATE_IN_PROGRESS'],
      ['UPDATE_IN_PROGRESS', true, 'v1', 'UPDATE_IN_PROGRESS'],
      ['UPDATE_IN_PROGRESS', true, 'v1', 'UPDATE_IN_PROGRESS'],
    ]);
  });

  test('may be late, and shows what was; DescribeStackResource is not late', async () => {
    const { world, shown } = await seen(MINUTE);
    expect(shown).toEqual([
      ['CREATE_IN_PROGRESS', false, undefined, 'CREATE_IN_PROGRESS'],
      ['CREATE_IN_PROGRESS', false, undefined, 'CREATE_IN_PROGRESS'],
      ['CREATE_COMPLETE', false, 'v1', 'UPDATE_IN_PROGRESS'],
      ['UPDATE_IN_PROGRESS', true, 'v1', 'UPDATE_IN_PROGRESS'],
    ]);
    expect((await describedStack(world)).StackStatus).toBe('UPDATE_IN_PROGRESS');
    await world.clock.run(world.clock.sleep(MINUTE));
    expect(await describedStack(world)).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
      Outputs: [{ OutputValue: 'v2' }],
    });
  });

  test('that is very late shows what a young stack was at first', async () => {
    const world = testWorld({ describeStacksLag: 60 * MINUTE });
    await world.deploy(template(1));
    await world.clock.run(world.clock.sleep(10 * MINUTE));
    expect((await describedStack(world)).StackStatus).toBe('CREATE_IN_PROGRESS');
    world.cloudFormation.options.describeStacksLag = 0;
    expect((await describedStack(world)).StackStatus).toBe('CREATE_COMPLETE');
  });

  test('that is late shows a deleted stack, unless there is a new one of its name', async () => {
    const world = testWorld({ describeStacksLag: MINUTE });
    await world.deploy(template(1));
    const { id } = world.cloudFormation.stack('Stack');
    await world.clock.run(world.clock.sleep(10 * MINUTE));
    await world.destroy();
    expect(await describedStack(world)).toMatchObject({ StackId: id, StackStatus: 'CREATE_COMPLETE' });
    await world.deploy(template(1));
    expect((await describedStack(world)).StackId).not.toBe(id);
  });
});

describe('LastUpdatedTime', () => {
  const template = (v: number) => ({
    Resources: {
      A: custom({ v }),
      B: topic({ DisplayName: `v${v}` }, { DependsOn: 'A' }),
    },
  });

  const afterRollback = async (rollbackMovesLastUpdatedTime: boolean) => {
    const world = testWorld({ rollbackMovesLastUpdatedTime });
    world.provider = () => world.clock.sleep(MINUTE).then(() => ({}));
    await world.deploy(template(1));
    expect((await describedStack(world)).LastUpdatedTime).toBeUndefined();
    const began = world.clock.now();
    world.cloudFormation.failures.fail({ target: 'B', on: 'update' });
    await expect(world.deploy(template(2))).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    return { world, moved: (await describedStack(world)).LastUpdatedTime.getTime() - began };
  };

  test('is that of the update', async () => {
    const { moved } = await afterRollback(false);
    expect(moved).toBe(0);
  });

  test('may be that of the rollback', async () => {
    const { world, moved } = await afterRollback(true);
    expect(moved).toBe(MINUTE);
    world.cloudFormation.failures.fail({ target: 'B', on: 'update' });
    await world.deploy(template(3), { disableRollback: true });
    await world.clock.run(world.clock.sleep(MINUTE));
    const before = world.clock.now();
    await world.clock.run(world.cloudFormation.rollbackStack('Stack'));
    expect((await describedStack(world)).LastUpdatedTime.getTime()).toBe(before);
  });

  test.each([false, true])('when a creation is rolled back: %s', async (rollbackMovesLastUpdatedTime) => {
    const world = testWorld({ rollbackMovesLastUpdatedTime });
    world.cloudFormation.failures.fail({ target: 'B', on: 'create' });
    await world.deploy(template(1));
    expect((await describedStack(world)).LastUpdatedTime !== undefined).toBe(rollbackMovesLastUpdatedTime);
  });
});

describe('DescribeStackResource while a replaced id is deleted', () => {
  const template = (v: number) => ({
    Resources: { A: custom({ v }), Later: topic({ DisplayName: `v${v}` }, { DependsOn: 'A' }) },
  });

  const shown = async (cleanupShows: 'new id' | 'old id', fails = false) => {
    const world = testWorld({ cleanupShows });
    const seenThen: string[] = [];
    const look = async () => {
      const { PhysicalResourceId, ResourceStatus } = await describedResource(world, 'A');
      seenThen.push(`${PhysicalResourceId} ${ResourceStatus}`);
    };
    world.provider = async ({ RequestType, ResourceProperties: { v } }) => {
      if (RequestType !== 'Delete') return { PhysicalResourceId: `backup-${v}` };
      await look();
      return {};
    };
    await world.deploy(template(1));
    if (fails) world.cloudFormation.failures.fail({ target: 'Later', on: 'update' });
    await world.deploy(template(2));
    await look();
    return seenThen;
  };

  test('in the cleanup of an update: the new id, or the old one', async () => {
    expect(await shown('new id')).toEqual(['backup-2 UPDATE_COMPLETE', 'backup-2 UPDATE_COMPLETE']);
    expect(await shown('old id')).toEqual(['backup-1 DELETE_IN_PROGRESS', 'backup-2 UPDATE_COMPLETE']);
  });

  test('in the cleanup of a rollback: the id that is back, or the one that goes', async () => {
    expect(await shown('new id', true)).toEqual(['backup-1 UPDATE_COMPLETE', 'backup-1 UPDATE_COMPLETE']);
    expect(await shown('old id', true)).toEqual(['backup-2 DELETE_IN_PROGRESS', 'backup-1 UPDATE_COMPLETE']);
  });
});
