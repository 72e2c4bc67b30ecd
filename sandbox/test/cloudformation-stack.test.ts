import { custom, testWorld, told, topic } from './cloudformation-fixture';

const MINUTE = 60_000;

describe('order', () => {
  test('dependencies first, what is independent at the same time, deletion the other way round', async () => {
    const world = testWorld();
    const start = world.clock.now();
    const { events } = await world.deploy({
      Resources: {
        C: topic({}, { DependsOn: 'B' }),
        B: topic({ DisplayName: { Ref: 'A' } }),
        A: topic(),
        Alone: topic(),
      },
    });
    const completed = events
      .filter(({ status }) => status === 'CREATE_COMPLETE')
      .map(({ logicalId, at }) => [logicalId, (at - start) / 1_000]);
    expect(completed).toEqual([
      ['A', 1],
      ['Alone', 1],
      ['B', 2],
      ['C', 3],
      ['Stack', 3],
    ]);
    const deleted = await world.destroy();
    expect(
      deleted.events.filter(({ status }) => status === 'DELETE_COMPLETE').map(({ logicalId }) => logicalId),
    ).toEqual(['C', 'Alone', 'B', 'A', 'Stack']);
  });

  test('Fn::Sub and Fn::GetAtt are dependencies too', async () => {
    const world = testWorld();
    const { events } = await world.deploy({
      Resources: {
        S: topic({ DisplayName: { 'Fn::Sub': 'of ${A.TopicName}' } }),
        G: topic({ DisplayName: { 'Fn::GetAtt': ['S', 'TopicArn'] } }),
        A: topic({ TopicName: 'first' }),
      },
    });
    expect(
      events.filter(({ status }) => status === 'CREATE_COMPLETE').map(({ logicalId }) => logicalId),
    ).toEqual(['A', 'S', 'G', 'Stack']);
  });
});

describe('creation', () => {
  test('is told as CloudFormation tells it', async () => {
    const world = testWorld();
    const { events } = await world.deploy({ Resources: { A: topic(), B: custom() } });
    expect(events.map(({ logicalId, status, reason }) => [logicalId, status, reason])).toEqual([
      ['Stack', 'CREATE_IN_PROGRESS', 'User Initiated'],
      ['A', 'CREATE_IN_PROGRESS', undefined],
      ['B', 'CREATE_IN_PROGRESS', undefined],
      ['A', 'CREATE_IN_PROGRESS', 'Resource creation Initiated'],
      ['B', 'CREATE_IN_PROGRESS', 'Resource creation Initiated'],
      ['B', 'CREATE_COMPLETE', undefined],
      ['A', 'CREATE_COMPLETE', undefined],
      ['Stack', 'CREATE_COMPLETE', undefined],
    ]);
  });

  test('rolls back when a resource fails: nothing that waits is started, all made is deleted', async () => {
    const world = testWorld();
    world.cloudFormation.failures.fail({ target: 'B', on: 'create', after: 500, reason: 'no' });
    const outcome = await world.deploy({
      Resources: { A: custom(), B: topic({}, { DependsOn: 'A' }), C: topic({}, { DependsOn: 'B' }) },
    });
    expect(outcome).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: 'no' });
    expect(told(outcome.events).filter((event) => event.endsWith(' C'))).toEqual([]);
    expect(outcome.events.find(({ status }) => status === 'ROLLBACK_IN_PROGRESS')!.reason).toBe(
      'The following resource(s) failed to create: [B]. Rollback requested by user.',
    );
    expect(world.requests()).toEqual(['Create A', 'Delete A a-1']);
  });

  test('that was rolled back leaves a stack that can only be deleted', async () => {
    const world = testWorld();
    world.cloudFormation.failures.fail({ target: 'A', on: 'create' });
    await world.deploy({ Resources: { A: topic() } });
    await expect(world.deploy({ Resources: { A: topic() } })).rejects.toThrow(
      /is in ROLLBACK_COMPLETE state and can not be updated/,
    );
    await world.destroy();
    await expect(world.deploy({ Resources: { A: topic() } })).resolves.toMatchObject({
      status: 'CREATE_COMPLETE',
    });
  });

  test('is stuck in ROLLBACK_FAILED when a deletion fails', async () => {
    const world = testWorld();
    world.cloudFormation.failures
      .fail({ target: 'B', on: 'create' })
      .fail({ target: 'A', on: 'delete', reason: 'stays' });
    const outcome = await world.deploy({ Resources: { A: topic(), B: topic({}, { DependsOn: 'A' }) } });
    expect(outcome.status).toBe('ROLLBACK_FAILED');
    await expect(world.destroy()).resolves.toMatchObject({ status: 'DELETE_COMPLETE' });
  });

  test('with rollback disabled stays as it is, goes on in other paths, and the next continues', async () => {
    const world = testWorld();
    let attempts = 0;
    world.provider = async ({ RequestType, LogicalResourceId }) => {
      if (LogicalResourceId === 'Slow') await world.clock.sleep(MINUTE);
      return LogicalResourceId === 'A' && RequestType === 'Create' && ++attempts === 1
        ? { Status: 'FAILED', Reason: 'once', PhysicalResourceId: 'left-over' }
        : {};
    };
    const template = { Resources: { A: custom(), Slow: custom() } };
    const outcome = await world.deploy(template, { disableRollback: true });
    expect(outcome.status).toBe('CREATE_FAILED');
    expect(told(outcome.events)).toContain('CREATE_COMPLETE Slow');
    await expect(world.deploy(template)).resolves.toMatchObject({ status: 'UPDATE_COMPLETE' });
    expect(world.requests()).toEqual(['Create A', 'Create Slow', 'Create A', 'Delete A left-over']);
  });
});

describe('update', () => {
  test('without a change there is nothing to do', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: custom({ v: 1 }), B: topic() } });
    const again = await world.deploy({ Resources: { A: custom({ v: 1 }, { DependsOn: 'B' }), B: topic() } });
    expect(again).toMatchObject({ status: 'CREATE_COMPLETE', noChanges: true, events: [] });
  });

  test('metadata and policies are no business of the provider', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: custom() } });
    const { status, events } = await world.deploy({
      Resources: { A: custom({}, { Metadata: { path: 'x' }, DeletionPolicy: 'Retain' }) },
    });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(told(events).filter((event) => event.endsWith(' A'))).toEqual([]);
    expect(told((await world.destroy()).events)).toContain('DELETE_SKIPPED A');
  });

  test('a change travels to what refers to it', async () => {
    const world = testWorld();
    const template = (name: string) => ({
      Resources: { A: topic({ TopicName: name }), B: custom({ Topic: { Ref: 'A' } }) },
    });
    await world.deploy(template('one'));
    await world.deploy(template('two'));
    expect(world.journal.of('request')[1].event).toMatchObject({
      RequestType: 'Update',
      ResourceProperties: { Topic: expect.stringMatching(/:two$/) },
      OldResourceProperties: { Topic: expect.stringMatching(/:one$/) },
    });
  });

  test('that replaces a resource creates the new one first, and deletes the old in the cleanup', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: topic({ TopicName: 'one' }) } });
    const { events } = await world.deploy({ Resources: { A: topic({ TopicName: 'two' }) } });
    expect(
      events
        .map(({ status, reason, physicalId }) => [status, reason, physicalId?.split(':').pop()])
        .slice(1, -1),
    ).toEqual([
      [
        'UPDATE_IN_PROGRESS',
        'Requested update requires the creation of a new physical resource; hence creating one.',
        'one',
      ],
      ['UPDATE_IN_PROGRESS', 'Resource creation Initiated', 'two'],
      ['UPDATE_COMPLETE', undefined, 'two'],
      ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', undefined, expect.anything()],
      ['DELETE_IN_PROGRESS', undefined, 'one'],
      ['DELETE_COMPLETE', undefined, 'one'],
    ]);
  });

  test.each([
    [{ UpdateReplacePolicy: 'Retain' }, 'DELETE_SKIPPED A'],
    [{ DeletionPolicy: 'Retain' }, 'DELETE_COMPLETE A'],
  ])('a replaced resource with %j: %s', async (policy, event) => {
    const world = testWorld();
    await world.deploy({ Resources: { A: topic({ TopicName: 'one' }, policy) } });
    const { events } = await world.deploy({ Resources: { A: topic({ TopicName: 'two' }, policy) } });
    expect(told(events)).toContain(event);
  });

  test('rolled back after a replacement, the old one is current again and the new one deleted', async () => {
    const world = testWorld();
    const template = (name: string) => ({
      Resources: { A: topic({ TopicName: name }), B: topic({ DisplayName: name }, { DependsOn: 'A' }) },
    });
    await world.deploy(template('one'));
    world.cloudFormation.failures.fail({ target: 'B', on: 'update' });
    const { status, events } = await world.deploy(template('two'));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.cloudFormation.stack('Stack').resources.A.physicalId).toMatch(/:one$/);
    expect(events.find((event) => event.status === 'DELETE_COMPLETE')!.physicalId).toMatch(/:two$/);
  });

  test('a resource that the template has no more is deleted in the cleanup, unless retained', async () => {
    const world = testWorld();
    await world.deploy({
      Resources: { A: topic(), Gone: custom(), Kept: custom({}, { DeletionPolicy: 'RetainExceptOnCreate' }) },
    });
    const { events } = await world.deploy({ Resources: { A: topic() } });
    expect(told(events)).toEqual([
      'UPDATE_IN_PROGRESS Stack',
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS Stack',
      'DELETE_IN_PROGRESS Gone',
      'DELETE_SKIPPED Kept',
      'DELETE_COMPLETE Gone',
      'UPDATE_COMPLETE Stack',
    ]);
    expect(world.requests()).toEqual(['Create Gone', 'Create Kept', 'Delete Gone gone-1']);
    expect(Object.keys(world.cloudFormation.stack('Stack').resources)).toEqual(['A']);
  });

  test('a deletion that fails in the cleanup is tried three times, reported and abandoned', async () => {
    const world = testWorld();
    world.provider = ({ RequestType }) =>
      RequestType === 'Delete' ? { Status: 'FAILED', Reason: 'stays' } : {};
    await world.deploy({ Resources: { A: topic(), Gone: custom() } });
    const { status, events } = await world.deploy({ Resources: { A: topic() } });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(told(events).filter((event) => event === 'DELETE_FAILED Gone')).toHaveLength(3);
    expect(world.cloudFormation.stack('Stack').resources.Gone).toBeUndefined();
  });

  test('that fails deletes what it created in the cleanup of the rollback', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: topic() } });
    world.cloudFormation.failures.fail({ target: 'Bad', on: 'create', after: MINUTE });
    const outcome = await world.deploy({ Resources: { A: topic(), New: custom(), Bad: topic() } });
    expect(told(outcome.events).slice(-6)).toEqual([
      'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS Stack',
      'DELETE_IN_PROGRESS New',
      'DELETE_IN_PROGRESS Bad',
      'DELETE_COMPLETE New',
      'DELETE_COMPLETE Bad',
      'UPDATE_ROLLBACK_COMPLETE Stack',
    ]);
    expect(world.requests()).toEqual(['Create New', 'Delete New new-1']);
    expect(Object.keys(world.cloudFormation.stack('Stack').resources)).toEqual(['A']);
  });

  test('a rollback that gets stuck can be continued, or leave out what is stuck', async () => {
    const world = testWorld();
    const template = (v: number) => ({
      Resources: {
        A: topic({ DisplayName: `v${v}` }),
        B: topic({ DisplayName: `v${v}` }, { DependsOn: 'A' }),
      },
    });
    await world.deploy(template(1));
    world.cloudFormation.failures.fail({ target: 'B', on: 'update', times: 3 });
    const stuck = await world.deploy(template(2));
    expect(stuck.status).toBe('UPDATE_ROLLBACK_FAILED');
    expect(world.cloudFormation.stack('Stack').resources.A.properties).toEqual({ DisplayName: 'v1' });
    await expect(world.deploy(template(1))).rejects.toThrow(
      /UPDATE_ROLLBACK_FAILED state and can not be updated/,
    );
    await expect(
      world.clock.run(world.cloudFormation.continueUpdateRollback('Stack')),
    ).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_FAILED' });
    await expect(
      world.clock.run(world.cloudFormation.continueUpdateRollback('Stack', ['B'])),
    ).resolves.toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    await expect(world.deploy(template(1))).resolves.toMatchObject({ noChanges: true });
  });

  test('with rollback disabled, what failed goes back to its last stable state, the rest stays', async () => {
    const world = testWorld();
    world.provider = ({ RequestType, ResourceProperties }) =>
      RequestType === 'Update' && ResourceProperties.v === '2' ? { Status: 'FAILED', Reason: 'no' } : {};
    const template = (v: number) => ({ Resources: { A: custom({ v }), B: topic({ DisplayName: `v${v}` }) } });
    await world.deploy(template(1));
    const outcome = await world.deploy(template(2), { disableRollback: true });
    expect(outcome.status).toBe('UPDATE_FAILED');
    expect(world.requests()).toEqual(['Create A', 'Update A a-1', 'Update A a-1']);
    const { resources } = world.cloudFormation.stack('Stack');
    expect([resources.A.status, resources.A.properties.v, resources.B.properties.DisplayName]).toEqual([
      'UPDATE_FAILED',
      1,
      'v2',
    ]);
    await expect(world.deploy(template(3))).resolves.toMatchObject({ status: 'UPDATE_COMPLETE' });
  });

  const turnedAround = async () => {
    const world = testWorld();
    world.provider = ({ RequestType, LogicalResourceId, ResourceProperties: { v } }) => {
      if (LogicalResourceId === 'B' && v === '2') return { Status: 'FAILED', Reason: 'no' };
      return RequestType === 'Delete' ? {} : { PhysicalResourceId: `${LogicalResourceId}-${v}` };
    };
    await world.deploy({
      Resources: { A: custom({ v: 1 }, { DependsOn: 'Other' }), B: custom({ v: 1 }), Other: topic() },
    });
    const turned = {
      Resources: {
        A: custom({ v: 2 }),
        B: custom({ v: 2 }, { DependsOn: 'Other' }),
        Other: topic({}, { DependsOn: 'A' }),
      },
    };
    expect(await world.deploy(turned, { disableRollback: true })).toMatchObject({ status: 'UPDATE_FAILED' });
    return world;
  };

  test('with rollback disabled, one that has turned a dependency around can be deleted', async () => {
    const world = await turnedAround();
    expect(await world.destroy()).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(
      world
        .requests()
        .filter((request) => request.startsWith('Delete'))
        .sort(),
    ).toEqual(['Delete A A-1', 'Delete A A-2', 'Delete B B-1']);
  });

  test('with rollback disabled, what a failed one has replaced is deleted with the stack, once', async () => {
    const world = testWorld();
    let isStuck = true;
    world.provider = ({ RequestType, LogicalResourceId, ResourceProperties: { v } }) => {
      if (
        RequestType === 'Delete'
          ? LogicalResourceId === 'C' && isStuck
          : LogicalResourceId === 'B' && v === '2'
      ) {
        return { Status: 'FAILED', Reason: 'no' };
      }
      return RequestType === 'Delete' ? {} : { PhysicalResourceId: `${LogicalResourceId}-${v}` };
    };
    const template = (v: number) => ({
      Resources: { A: custom({ v }), B: custom({ v }, { DependsOn: 'A' }), C: custom({ v: 0 }) },
    });
    await world.deploy(template(1));
    expect(await world.deploy(template(2), { disableRollback: true })).toMatchObject({
      status: 'UPDATE_FAILED',
    });
    expect(await world.destroy()).toMatchObject({ status: 'DELETE_FAILED' });
    isStuck = false;
    expect(await world.destroy()).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(
      world
        .requests()
        .filter((request) => request.startsWith('Delete A'))
        .sort(),
    ).toEqual(['Delete A A-1', 'Delete A A-2']);
  });

  test('with rollback disabled, after one that turned a dependency around, both can go', async () => {
    const world = await turnedAround();
    expect(await world.deploy({ Resources: { B: custom({ v: 1 }) } })).toMatchObject({
      status: 'UPDATE_COMPLETE',
    });
    expect(
      world
        .requests()
        .filter((request) => request.startsWith('Delete'))
        .sort(),
    ).toEqual(['Delete A A-1', 'Delete A A-2']);
  });

  test('can be cancelled by the user', async () => {
    const world = testWorld();
    world.provider = async ({ RequestType, ResourceProperties }) => {
      if (RequestType === 'Update' && ResourceProperties.v === '2') await world.clock.sleep(30 * MINUTE);
      return {};
    };
    await world.deploy({ Resources: { A: custom({ v: 1 }) } });
    world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Stack'), 5 * MINUTE);
    const { status, events } = await world.deploy({ Resources: { A: custom({ v: 2 }) } });
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(events.find((event) => event.status === 'UPDATE_FAILED')!.reason).toBe(
      'Resource update cancelled',
    );
    expect(events.find((event) => event.status === 'UPDATE_ROLLBACK_IN_PROGRESS')!.reason).toBe(
      'User Initiated',
    );
    expect(() => world.cloudFormation.cancelUpdate('Stack')).toThrow(
      'CancelUpdateStack cannot be called from current stack status UPDATE_ROLLBACK_COMPLETE',
    );
  });

  test('may not change the type of a resource, nor start while another operation runs', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: topic() } });
    await expect(world.deploy({ Resources: { A: { Type: 'AWS::SQS::Queue' } } })).rejects.toThrow(
      'Update of resource type is not permitted',
    );
    const running = world.cloudFormation.deploy({
      stackName: 'Stack',
      template: { Resources: { A: topic({ DisplayName: 'x' }) } },
    });
    const deployAgain = () => world.deploy({ Resources: { A: topic() } }).catch((error) => error);
    const second = new Promise((resolve) => world.clock.setTimeout(() => resolve(deployAgain()), 500));
    await world.clock.run(running);
    await expect(second).resolves.toThrow(/is in UPDATE_IN_PROGRESS state and can not be updated/);
  });
});

describe('deletion', () => {
  test('is blocked by a resource that cannot be deleted, and what it depends on is kept', async () => {
    const world = testWorld();
    world.provider = ({ RequestType }) =>
      RequestType === 'Delete' ? { Status: 'FAILED', Reason: 'the data is still there' } : {};
    await world.deploy({
      Resources: { Below: topic(), A: custom({}, { DependsOn: 'Below' }), Free: topic() },
    });
    const outcome = await world.destroy();
    expect(outcome).toMatchObject({
      status: 'DELETE_FAILED',
      reason: expect.stringContaining('the data is still there'),
    });
    expect(told(outcome.events)).toContain('DELETE_COMPLETE Free');
    expect(told(outcome.events)).not.toContain('DELETE_IN_PROGRESS Below');
    const retained = await world.destroy('Stack', { retainResources: ['A'] });
    expect(told(retained.events)).toEqual([
      'DELETE_IN_PROGRESS Stack',
      'DELETE_SKIPPED A',
      'DELETE_IN_PROGRESS Below',
      'DELETE_COMPLETE Below',
      'DELETE_COMPLETE Stack',
    ]);
  });

  test('retainResources is for a deletion that failed before', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: topic() } });
    await expect(world.destroy('Stack', { retainResources: ['A'] })).rejects.toThrow('RetainResources');
  });

  test('while the creation runs cancels it', async () => {
    const world = testWorld();
    world.provider = async ({ RequestType }) => {
      if (RequestType === 'Create') await world.clock.sleep(30 * MINUTE);
      return {};
    };
    const creation = world.cloudFormation.deploy({
      stackName: 'Stack',
      template: { Resources: { A: custom() } },
    });
    const deletion = new Promise((resolve) =>
      world.clock.setTimeout(() => resolve(world.cloudFormation.destroy('Stack')), MINUTE),
    );
    await world.clock.run(creation);
    await expect(world.clock.run(deletion)).resolves.toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(world.requests()).toEqual(['Create A', expect.stringMatching(/^Delete A Stack-A-/)]);
  });
});

describe('deletion policies', () => {
  test.each([
    ['Delete', 'DELETE_COMPLETE A', 'DELETE_COMPLETE A'],
    ['Retain', 'DELETE_SKIPPED A', 'DELETE_SKIPPED A'],
    ['RetainExceptOnCreate', 'DELETE_COMPLETE A', 'DELETE_SKIPPED A'],
  ])(
    '%s: %s when the creation is rolled back, %s when the stack is deleted',
    async (DeletionPolicy, onRollback, onDeletion) => {
      const world = testWorld();
      const template = {
        Resources: { A: custom({}, { DeletionPolicy }), Bad: topic({}, { DependsOn: 'A' }) },
      };
      world.cloudFormation.failures.fail({ target: 'Bad', on: 'create' });
      const rolledBack = await world.deploy(template, { stackName: 'First' });
      expect(told(rolledBack.events)).toContain(onRollback);
      await world.deploy(template, { stackName: 'Second' });
      expect(told((await world.destroy('Second')).events)).toContain(onDeletion);
    },
  );
});

describe('exports', () => {
  const producer = (name: string) => ({
    Resources: { A: topic({ TopicName: name }) },
    Outputs: { Name: { Value: { 'Fn::GetAtt': ['A', 'TopicName'] }, Export: { Name: 'TopicName' } } },
  });
  const consumer = { Resources: { B: topic({ DisplayName: { 'Fn::ImportValue': 'TopicName' } }) } };

  test('are seen by other stacks, and hold while they are imported', async () => {
    const world = testWorld();
    await expect(world.deploy(consumer, { stackName: 'Consumer' })).rejects.toThrow(
      'No export named TopicName found',
    );
    await world.deploy(producer('one'), { stackName: 'Producer' });
    await world.deploy(consumer, { stackName: 'Consumer' });
    expect(world.cloudFormation.stack('Consumer').resources.B.properties.DisplayName).toBe('one');
    await expect(world.deploy(producer('two'), { stackName: 'Producer' })).resolves.toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringContaining('Export TopicName cannot be updated as it is in use by Consumer'),
    });
    await expect(world.destroy('Producer')).resolves.toMatchObject({
      status: 'DELETE_FAILED',
      reason: 'Export TopicName cannot be deleted as it is in use by Consumer',
    });
    await world.destroy('Consumer');
    await expect(world.destroy('Producer')).resolves.toMatchObject({ status: 'DELETE_COMPLETE' });
  });
});

describe('outputs of other stacks', () => {
  const producer = (name: string) => ({
    Resources: { A: topic({ TopicName: name }) },
    Outputs: { Name: { Value: { 'Fn::GetAtt': ['A', 'TopicName'] } } },
  });
  const consumer = (more: object = {}) => ({
    Resources: {
      B: topic({
        DisplayName: { 'Fn::GetStackOutput': { StackName: 'Producer', OutputName: 'Name', ...more } },
      }),
    },
  });

  test('may change under an unchanged consumer, which sees that at its next update', async () => {
    const world = testWorld();
    await expect(world.deploy(consumer(), { stackName: 'Consumer' })).rejects.toThrow(
      'Stack Producer has no output Name',
    );
    await world.deploy(producer('one'), { stackName: 'Producer' });
    await world.deploy(consumer(), { stackName: 'Consumer' });
    const shown = () => world.cloudFormation.stack('Consumer').resources.B.properties.DisplayName;
    expect(shown()).toBe('one');
    expect((await world.deploy(producer('two'), { stackName: 'Producer' })).status).toBe('UPDATE_COMPLETE');
    expect(shown()).toBe('one');
    expect((await world.deploy(consumer(), { stackName: 'Consumer' })).status).toBe('UPDATE_COMPLETE');
    expect(shown()).toBe('two');
  });

  test('of another Region or account are not served', async () => {
    const world = testWorld();
    await expect(world.deploy(consumer({ Region: 'eu-west-1' }), { stackName: 'Consumer' })).rejects.toThrow(
      'Fn::GetStackOutput with Region is not served by the sandbox',
    );
  });
});

describe('planned failures', () => {
  test('the message is that of a resource handler unless a reason is given', async () => {
    const world = testWorld();
    world.cloudFormation.failures.fail({ target: 'A', on: 'create' });
    await expect(world.deploy({ Resources: { A: topic() } })).resolves.toMatchObject({
      reason: expect.stringMatching(/^Resource handler returned message: "planned failure"/),
    });
  });

  test('happen when they are planned for', async () => {
    const world = testWorld();
    const start = world.clock.now();
    world.cloudFormation.failures.fail({ target: 'AWS::SNS::Topic', on: 'create', after: 7 * MINUTE });
    const { events } = await world.deploy({ Resources: { A: topic() } });
    expect(events.find(({ status }) => status === 'CREATE_FAILED')!.at - start).toBe(7 * MINUTE);
  });
});
