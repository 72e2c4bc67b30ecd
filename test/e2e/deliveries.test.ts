import { aws_ssm as ssm, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { answersIn, backupsIn, backupStack, calls, MINUTE, ownBackupsIn, start } from './fixture';
import type { Sandbox } from '../../sandbox/sandbox';

/* Lambda delivers an event at least once, and an invocation may die at any moment. */

const { DESTROY } = RemovalPolicy;

describe.each([0, 300, 3_000, 30_000, 55_000, 20 * MINUTE])(
  'every event delivered again after %i ms',
  (delay) => {
    test('gives one backup and one answer, and takes one backup away', async () => {
      const sandbox = await start({ cloudFormation: { redeliveries: [delay] } });
      expect((await sandbox.deploy(backupStack('LUSTRE', { removalPolicy: DESTROY }))).Files.status).toBe(
        'CREATE_COMPLETE',
      );
      await sandbox.clock.run(sandbox.clock.sleep(30 * MINUTE));
      expect(ownBackupsIn(sandbox)).toHaveLength(1);
      expect(answersIn(sandbox)).toHaveLength(1);
      expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(ownBackupsIn(sandbox)).toEqual([]);
    });

    test('gives one backup also where new backups take a minute to show', async () => {
      const sandbox = await start({
        cloudFormation: { redeliveries: [delay] },
        fsx: { visibilityDelay: 50_000 },
      });
      expect((await sandbox.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
      await sandbox.clock.run(sandbox.clock.sleep(30 * MINUTE));
      expect(ownBackupsIn(sandbox)).toHaveLength(1);
      expect(answersIn(sandbox)).toHaveLength(1);
    });

    test('gives no second backup after one that failed', async () => {
      const sandbox = await start({
        cloudFormation: { redeliveries: [delay] },
        fsx: { fail: () => 'failed for the test', tokenAfterDeletion: 'new' },
      });
      expect((await sandbox.deploy(backupStack('LUSTRE'))).Files.status).toBe('ROLLBACK_COMPLETE');
      await sandbox.clock.run(sandbox.clock.sleep(60 * MINUTE));
      expect(ownBackupsIn(sandbox)).toHaveLength(1);
    });
  },
);

test('without rollback, an event that comes again after a death gives no second backup', async () => {
  const sandbox = await start({
    cloudFormation: { redeliveries: [0] },
    fsx: { backupDuration: () => 30_000, fail: () => 'failed for the test', tokenAfterDeletion: 'new' },
  });
  sandbox.lambda.crashAfter('fsx:CreateBackup', 1);
  const app = backupStack(
    'LUSTRE',
    {},
    (stack) => new ssm.CfnParameter(stack, 'Slow', { type: 'String', value: '1' }),
  );
  sandbox.cloudFormation.options.duration = (_type, _operation, logicalId) =>
    logicalId === 'Slow' ? 60 * MINUTE : undefined; // the stack is still being created
  expect((await sandbox.deploy(app, { disableRollback: true })).Files.status).toBe('CREATE_FAILED');
  await sandbox.clock.run(sandbox.clock.sleep(60 * MINUTE));
  expect(ownBackupsIn(sandbox)).toHaveLength(1);
});

test('an invocation that dies and comes again when its backup failed unseen takes no second', async () => {
  const sandbox = await start({
    cloudFormation: { redeliveries: [1000] },
    fsx: { backupDuration: () => MINUTE, fail: () => 'failed for the test' },
  });
  sandbox.lambda.crashAfter('fsx:CreateBackup', 1);
  expect(
    (await sandbox.deploy(backupStack('OPENZFS', { removalPolicy: RemovalPolicy.DESTROY }))).Files.status,
  ).toBe('ROLLBACK_COMPLETE');
  await sandbox.clock.run(sandbox.clock.sleep(60 * MINUTE));
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  expect(ownBackupsIn(sandbox)).toEqual([]);
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
    const sandbox = await start();
    sandbox.lambda.crashAfter(operation);
    expect((await sandbox.deploy(backupStack('WINDOWS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(sandbox.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBeLessThanOrEqual(2);
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
    expect(answersIn(sandbox)).toHaveLength(1);
  });

  test('while looking is repeated by the state machine', async () => {
    const sandbox = await start();
    sandbox.lambda.crashAfter('fsx:DescribeBackups', 5);
    expect((await sandbox.deploy(backupStack('WINDOWS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(sandbox.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
  });

  test('while deleting is repeated', async () => {
    const sandbox = await start();
    await sandbox.deploy(backupStack('WINDOWS', { removalPolicy: DESTROY }));
    sandbox.lambda.crashAfter('fsx:DeleteBackup');
    expect((await sandbox.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(ownBackupsIn(sandbox)).toEqual([]);
  });
});

describe('a function that cannot be invoked', () => {
  const functionFault = (
    sandbox: Sandbox,
    which: Parameters<typeof sandbox.faults.add>[1],
    fault: Parameters<typeof sandbox.faults.add>[2],
  ) => {
    // The function's name is known once the stack is; faults count from its first invocation.
    sandbox.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.type !== 'AWS::Lambda::Function' ||
        entry.status !== 'CREATE_COMPLETE'
      ) {
        return;
      }
      sandbox.faults.add(`lambda:${entry.physicalId}`, which, fault);
    });
  };

  test('for a while is invoked later', async () => {
    const sandbox = await start();
    functionFault(sandbox, { from: 4, to: 6 }, { kind: 'server-error' });
    expect((await sandbox.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
  });

  test('several times in a row ends in an answer that says so, and names the backup', async () => {
    const sandbox = await start();
    functionFault(sandbox, { from: 4, to: 12 }, { kind: 'server-error' });
    const { Files } = await sandbox.deploy(backupStack('OPENZFS'));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/Looking at the backup failed several times in a row \(Lambda\.\w+\)/);
    expect(answersIn(sandbox)[0].PhysicalResourceId).toBe(ownBackupsIn(sandbox)[0].id);
  });

  test('ever again ends in a failed execution, and CloudFormation ends the request by itself', async () => {
    const sandbox = await start();
    functionFault(sandbox, { from: 4 }, { kind: 'server-error' });
    const { Files } = await sandbox.deploy(backupStack('OPENZFS', { timeout: Duration.minutes(20) }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/did not receive a response from your Custom Resource/);
    const [execution] = [...sandbox.stepFunctions.executions.values()];
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Unanswered' });
  });
});

test('a role whose permissions come into force in a minute delays the backup, nothing else', async () => {
  const sandbox = await start({ propagationDelay: MINUTE });
  expect((await sandbox.deploy(backupStack('LUSTRE'))).Files.status).toBe('CREATE_COMPLETE');
  expect(ownBackupsIn(sandbox)).toHaveLength(1);
});

test.each(['existing', 'new', 'error'] as const)(
  'whatever FSx answers to the token of a backup that is gone (%s), a retried deployment takes one',
  async (tokenAfterDeletion) => {
    const sandbox = await start({ fsx: { tokenAfterDeletion } });
    const assembly = backupStack('OPENZFS');
    sandbox.fsx.options.fail = () => 'failed for the test';
    expect((await sandbox.deploy(assembly)).Files.status).toBe('ROLLBACK_COMPLETE');
    sandbox.fsx.options.fail = () => undefined;
    expect((await sandbox.deploy(assembly)).Files.status).toBe('CREATE_COMPLETE');
    const stackId = sandbox.cloudFormation.stack('Files').id;
    expect(
      backupsIn(sandbox).filter((backup) => backup.tags.get('cdk-fsx-backup:stack-id') === stackId),
    ).toHaveLength(1);
  },
);

test('an hour of waiting costs at most 90 looks', async () => {
  const sandbox = await start({ fsx: { backupDuration: () => 54 * MINUTE } });
  expect((await sandbox.deploy(backupStack('OPENZFS'))).Files.status).toBe('CREATE_COMPLETE');
  expect(sandbox.journal.of('invocation').length).toBeLessThanOrEqual(90);
  expect(sandbox.journal.of('invocation').length).toBeGreaterThan(60);
  expect(sandbox.journal.of('execution').filter((execution) => execution.status === 'RUNNING')).toHaveLength(
    1,
  );
});

test('the log never holds a response URL, whatever happens', async () => {
  const sandbox = await start({ fsx: { fail: () => 'failed for the test' } });
  sandbox.faults.add('response:PUT', { from: 1, to: 4 }, { kind: 'reset' });
  await sandbox.deploy(backupStack('OPENZFS'));
  const log = sandbox.journal
    .of('log')
    .map((entry) => entry.line)
    .join('\n');
  expect(log).toContain('could not be delivered');
  expect(log).not.toMatch(/X-Amz-Signature|127\.0\.0\.1/);
});
