import { aws_ssm as ssm, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BackupTrigger } from '../../src';
import { backupStack, bystander, DAY, HOUR, MINUTE, start, type World } from '../fixtures';

/* Lambda delivers an event at least once, and an invocation may die at any moment. */

const { DESTROY } = RemovalPolicy;

describe.each([0, 300, 1_000, 3_000, 30_000, 55_000, 200_000, 20 * MINUTE])(
  'every event delivered again after %i ms',
  (delay) => {
    test('gives one backup and one answer, and takes one backup away', async () => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      expect((await world.deploy(backupStack('LUSTRE', { removalPolicy: DESTROY }))).Files.status).toBe(
        'CREATE_COMPLETE',
      );
      await world.pass(30 * MINUTE);
      expect(world.ownBackups).toHaveLength(1);
      expect(world.answers).toHaveLength(1);
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(world.ownBackups).toEqual([]);
    });

    test('gives one backup also where new backups take a minute to show', async () => {
      const world = await start({
        cloudFormation: { redeliveries: [delay] },
        fsx: { visibilityDelay: 50_000 },
      });
      expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
      await world.pass(30 * MINUTE);
      expect(world.ownBackups).toHaveLength(1);
      expect(world.answers).toHaveLength(1);
    });

    test('gives no second backup after one that failed', async () => {
      const world = await start({
        cloudFormation: { redeliveries: [delay] },
        fsx: { fail: () => 'failed for the test', tokenAfterDeletion: 'new' },
      });
      expect((await world.deploy(backupStack('LUSTRE'))).Files.status).toBe('ROLLBACK_COMPLETE');
      await world.pass(60 * MINUTE);
      expect(world.ownBackups).toHaveLength(1);
    });
  },
);

describe.each([1_000, 200_000, HOUR, 5 * HOUR])(
  'every event delivered again after %i ms, during later operations',
  (delay) => {
    /** A backup before each version of the bystander. An operation takes half an hour. */
    const upgraded = (version: string) =>
      backupStack(
        'OPENZFS',
        { triggers: [BackupTrigger.onValue(version)], removalPolicy: DESTROY },
        (stack, backup) => bystander(stack, backup, version),
      );
    const slow = async () => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      world.cloudFormation.options.duration = (_type, _operation, logicalId) =>
        logicalId === 'Bystander' ? 30 * MINUTE : undefined;
      expect((await world.deploy(upgraded('1'))).Files.status).toBe('CREATE_COMPLETE');
      return world;
    };
    const executionsOf = (world: World) => world.stepFunctions.executions.size;
    const requestsOf = (world: World) => world.journal.of('request').length;

    test('takes nothing, deletes nothing, and starts nothing', async () => {
      const world = await slow();
      await world.pass(Math.max(0, delay - 50 * MINUTE));
      expect((await world.deploy(upgraded('2'))).Files.status).toBe('UPDATE_COMPLETE');
      const held = world.newest;
      expect(world.ownBackups).toEqual([held]);
      world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 20 * MINUTE });
      expect((await world.deploy(upgraded('3'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      await world.pass(12 * HOUR);
      expect(world.ownBackups).toEqual([held]);
      expect(world.physicalIdFor(held)).toBe(held.id);
      expect(world.calls('fsx:CreateBackup')).toBe(3);
      expect(executionsOf(world)).toBe(requestsOf(world));
      expect(world.answers).toHaveLength(requestsOf(world));
    });
  },
);

test('without rollback, an event that comes again after a death gives no second backup', async () => {
  const world = await start({
    cloudFormation: { redeliveries: [0] },
    fsx: { backupDuration: () => 30_000, fail: () => 'failed for the test', tokenAfterDeletion: 'new' },
  });
  world.lambda.crashAfter('fsx:CreateBackup', 1);
  const app = backupStack(
    'LUSTRE',
    {},
    (stack) => new ssm.CfnParameter(stack, 'Slow', { type: 'String', value: '1' }),
  );
  world.cloudFormation.options.duration = (_type, _operation, logicalId) =>
    logicalId === 'Slow' ? 60 * MINUTE : undefined; // the stack is still being created
  expect((await world.deploy(app, { disableRollback: true })).Files.status).toBe('CREATE_FAILED');
  await world.pass(60 * MINUTE);
  expect(world.ownBackups).toHaveLength(1);
});

test('an invocation that dies and comes again when its backup failed unseen takes no second', async () => {
  const world = await start({
    cloudFormation: { redeliveries: [1000] },
    fsx: { backupDuration: () => MINUTE, fail: () => 'failed for the test' },
  });
  world.lambda.crashAfter('fsx:CreateBackup', 1);
  expect(
    (await world.deploy(backupStack('OPENZFS', { removalPolicy: RemovalPolicy.DESTROY }))).Files.status,
  ).toBe('ROLLBACK_COMPLETE');
  await world.pass(60 * MINUTE);
  const taken = world.journal.calls('fsx:CreateBackup').map(({ output }) => output.Backup.BackupId);
  expect(new Set(taken).size).toBe(1);
  expect(world.ownBackups).toEqual([]);
});

describe('an invocation that dies', () => {
  const operations = [
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:DescribeFileSystems',
    'fsx:CreateBackup',
    'states:StartExecution',
  ];

  test.each(operations)('after %s is repeated, and there is one backup', async (operation) => {
    const world = await start();
    world.lambda.crashAfter(operation);
    expect((await world.deploy(backupStack('WINDOWS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(world.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expect(world.calls('fsx:CreateBackup')).toBeLessThanOrEqual(2);
    expect(world.ownBackups).toHaveLength(1);
    expect(world.answers).toHaveLength(1);
  });

  test('during a poll is repeated by the state machine', async () => {
    const world = await start();
    world.lambda.crashAfter('fsx:DescribeBackups', 5);
    expect((await world.deploy(backupStack('WINDOWS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(world.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect(world.ownBackups).toHaveLength(1);
  });

  test('while deleting is repeated', async () => {
    const world = await start();
    await world.deploy(backupStack('WINDOWS', { removalPolicy: DESTROY }));
    world.lambda.crashAfter('fsx:DeleteBackup');
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toEqual([]);
  });
});

describe('a function that cannot be invoked', () => {
  const functionFault = (
    world: World,
    which: Parameters<typeof world.faults.add>[1],
    fault: Parameters<typeof world.faults.add>[2],
  ) => {
    // The function's name is known once the stack is; faults count from its first invocation.
    world.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.type !== 'AWS::Lambda::Function' ||
        entry.status !== 'CREATE_COMPLETE'
      ) {
        return;
      }
      world.faults.add(`lambda:${entry.physicalId}`, which, fault);
    });
  };

  test('for a while is invoked later', async () => {
    const world = await start();
    functionFault(world, { from: 4, to: 6 }, { kind: 'server-error' });
    expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(1);
  });

  test('for longer than its retries is waited for, while there is time', async () => {
    const world = await start({ fsx: { backupDuration: () => 30 * MINUTE } });
    functionFault(world, { from: 4, to: 25 }, { kind: 'server-error' });
    expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(world.answers).toHaveLength(1);
  });

  test('in a VPC, since it was idle for weeks, is waited for', async () => {
    const world = await start();
    const upgraded = (version: string) =>
      backupStack('OPENZFS', { triggers: [BackupTrigger.onValue(version)] });
    await world.deploy(upgraded('1'));
    await world.pass(20 * DAY);
    world.lambda.refuse('ResourceNotReadyException', 5 * MINUTE);
    expect((await world.deploy(upgraded('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(2);
    // and while it polls
    world.journal.onEntry((entry) => {
      if (entry.kind !== 'call' || entry.operation !== 'fsx:CreateBackup') return;
      world.lambda.refuse('ResourceNotReadyException', 5 * MINUTE);
    });
    expect((await world.deploy(upgraded('3'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(3);
  });

  test('ever again ends in a failed execution, and CloudFormation ends the request by itself', async () => {
    const world = await start();
    functionFault(world, { from: 4 }, { kind: 'server-error' });
    const { Files } = await world.deploy(backupStack('OPENZFS', { timeout: Duration.minutes(20) }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/did not receive a response from your Custom Resource/);
    const [execution] = [...world.stepFunctions.executions.values()];
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Unanswered' });
  });
});

test('a role whose permissions come into force in a minute delays the backup, nothing else', async () => {
  const world = await start({ propagationDelay: MINUTE });
  expect((await world.deploy(backupStack('LUSTRE'))).Files.status).toBe('CREATE_COMPLETE');
  expect(world.ownBackups).toHaveLength(1);
});

test.each(['existing', 'new', 'error'] as const)(
  'whatever FSx answers to the token of a backup that is gone (%s), a retried deployment takes one',
  async (tokenAfterDeletion) => {
    const world = await start({ fsx: { tokenAfterDeletion } });
    const assembly = backupStack('OPENZFS');
    world.fsx.options.fail = () => 'failed for the test';
    expect((await world.deploy(assembly)).Files.status).toBe('ROLLBACK_COMPLETE');
    world.fsx.options.fail = () => undefined;
    expect((await world.deploy(assembly)).Files.status).toBe('CREATE_COMPLETE');
    const stackId = world.cloudFormation.stack('Files').id;
    expect(
      world.backups.filter((backup) => backup.tags.get('cdk-fsx-backup:stack-id') === stackId),
    ).toHaveLength(1);
  },
);

test('an hour of waiting costs at most 90 polls', async () => {
  const world = await start({ fsx: { backupDuration: () => 54 * MINUTE } });
  expect((await world.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
  expect(world.journal.of('invocation').length).toBeLessThanOrEqual(90);
  expect(world.journal.of('invocation').length).toBeGreaterThan(60);
  expect(world.journal.of('execution').filter((execution) => execution.status === 'RUNNING')).toHaveLength(1);
});

test('the log never holds a response URL, whatever happens', async () => {
  const world = await start({ fsx: { fail: () => 'failed for the test' } });
  world.faults.add('response:PUT', { from: 1, to: 4 }, { kind: 'reset' });
  await world.deploy(backupStack('OPENZFS'));
  const log = world.journal
    .of('log')
    .map((entry) => entry.line)
    .join('\n');
  expect(log).toContain('could not be delivered');
  expect(log).not.toMatch(/X-Amz-Signature|127\.0\.0\.1/);
});
