import {
  App,
  aws_ssm as ssm,
  CfnOutput,
  CfnParameter,
  Duration,
  NestedStack,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import {
  bystander,
  calls,
  events,
  finishedAt,
  idOf,
  MINUTE,
  ownBackupsIn,
  passTime,
  physicalIdFor,
  sourceOf,
  start,
  synthesize,
  theOnly,
  timeOf,
} from './fixture';
import type { Sandbox } from '../../sandbox/sandbox';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProps } from '../../src';

/* Another backup whenever something says that it is time, and in the right order. */

const { DESTROY, RETAIN } = RemovalPolicy;
const HOUR = 60 * MINUTE;

type More = (stack: Stack, backup: FsxBackup) => void;

/** A file system, its backup, and whatever else. */
const app = (
  props: Partial<FsxBackupProps> = {},
  more: More = () => {},
  context: Record<string, string> = {},
) =>
  synthesize((stack) => {
    const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'OPENZFS'), ...props });
    new CfnOutput(stack, 'BackupId', { value: backup.backupId });
    more(stack, backup);
  }, context);

/** A service that is upgraded after a backup. */
const service = (version: string, props: Partial<FsxBackupProps> = {}, more: More = () => {}) =>
  app(props, (stack, backup) => {
    const upgraded = new Construct(stack, 'Service');
    new ssm.CfnParameter(upgraded, 'Version', { type: 'String', value: version });
    backup.addTrigger(BackupTrigger.onChangeOf(upgraded));
    backup.executeBefore(upgraded);
    more(stack, backup);
  });

const deploy = async (sandbox: Sandbox, directory: string, parameters: Record<string, string> = {}) => {
  return (await sandbox.deploy(directory, { parameters })).Files;
};
const deployAll = async (sandbox: Sandbox, ...directories: string[]) => {
  for (const directory of directories) {
    expect((await deploy(sandbox, directory)).status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
  }
};
const inOrder = (sandbox: Sandbox) => [...ownBackupsIn(sandbox)].sort((a, b) => a.createdAt - b.createdAt);
const serviceIn = (sandbox: Sandbox) =>
  theOnly(
    Object.keys(sandbox.cloudFormation.stack('Files').resources).filter((name) => name.startsWith('Service')),
  );

function expectHeld(sandbox: Sandbox, backup = inOrder(sandbox).at(-1)!): void {
  expect(physicalIdFor(sandbox, backup)).toBe(backup.id);
}

describe('an upgrade of a service', () => {
  test('from A to B and back to A takes a backup before each', async () => {
    const sandbox = await start();
    for (const [index, version] of ['A', 'B', 'A'].entries()) {
      await deployAll(sandbox, service(version));
      expect(ownBackupsIn(sandbox)).toHaveLength(index + 1);
      expectHeld(sandbox);
      const begins = timeOf(
        sandbox,
        serviceIn(sandbox),
        index === 0 ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS',
      );
      expect(begins).toBeGreaterThanOrEqual(finishedAt(inOrder(sandbox)[index]));
    }
  });

  test('deployed again without a change calls nothing and takes none', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    const before = sandbox.journal.entries.length;
    expect(await deploy(sandbox, service('A'))).toMatchObject({ noChanges: true });
    expect(sandbox.journal.entries).toHaveLength(before);
  });

  test('does not concern another backup of the stack', async () => {
    const sandbox = await start();
    const both = (version: string) =>
      service(
        version,
        {},
        (stack) => new FsxBackup(stack, 'Standing', { source: sourceOf(stack, 'OPENZFS', 'Other') }),
      );
    await deployAll(sandbox, both('A'), both('B'));
    expect(
      ownBackupsIn(sandbox)
        .map((backup) => backup.tags.get('Name'))
        .sort(),
    ).toEqual(['Files/Backup', 'Files/Backup', 'Files/Standing']);
  });

  test('that fails goes back to the old backup, and a retry takes up the new one', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.cloudFormation.failures.fail({ target: serviceIn(sandbox), on: 'update' });
    expect((await deploy(sandbox, service('B'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    const [first, second] = inOrder(sandbox);
    expectHeld(sandbox, first);
    await deployAll(sandbox, service('B'));
    expectHeld(sandbox, second);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('that fails, and is repeated after 25 hours, takes another', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.cloudFormation.failures.fail({ target: serviceIn(sandbox), on: 'update' });
    await deploy(sandbox, service('B'));
    await passTime(sandbox, 25 * HOUR);
    await deployAll(sandbox, service('B'));
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
  });

  test('that fails, and is given up for another one, takes another', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.cloudFormation.failures.fail({ target: serviceIn(sandbox), on: 'update' });
    await deploy(sandbox, service('B'));
    await deployAll(sandbox, service('C'));
    expect(ownBackupsIn(sandbox)).toHaveLength(3);
    expectHeld(sandbox);
  });

  test('that fails, and is given up, leaves the old backup where it was', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.cloudFormation.failures.fail({ target: serviceIn(sandbox), on: 'update' });
    await deploy(sandbox, service('B'));
    await deployAll(
      sandbox,
      service('A', {}, (stack) => bystander(stack)),
    );
    expectHeld(sandbox, inOrder(sandbox)[0]);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test.each([
    ['keeps', RETAIN, 3],
    ['deletes', DESTROY, 1],
  ])('%s the backups of former versions with %s', async (_, removalPolicy, left) => {
    const sandbox = await start();
    await deployAll(
      sandbox,
      service('A', { removalPolicy }),
      service('B', { removalPolicy }),
      service('C', { removalPolicy }),
    );
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
    expect(ownBackupsIn(sandbox)).toHaveLength(left);
    expectHeld(sandbox);
  });

  test('that fails leaves the old backup only, with DESTROY', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A', { removalPolicy: DESTROY }));
    const first = theOnly(ownBackupsIn(sandbox));
    sandbox.cloudFormation.failures.fail({ target: serviceIn(sandbox), on: 'update' });
    await deploy(sandbox, service('B', { removalPolicy: DESTROY }));
    expect(ownBackupsIn(sandbox)).toEqual([first]);
    expectHeld(sandbox);
  });

  test.each([300, 3_000, 30_000, 55_000, 20 * MINUTE])(
    'whose events come again after %i ms takes one backup',
    async (delay) => {
      const sandbox = await start({ cloudFormation: { redeliveries: [delay] } });
      await deployAll(sandbox, service('A'));
      await passTime(sandbox, HOUR);
      await deployAll(sandbox, service('B'));
      await passTime(sandbox, HOUR);
      expect(ownBackupsIn(sandbox)).toHaveLength(2);
    },
  );

  test.each([
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('whose function dies at %s takes one backup', async (operation) => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.lambda.crashAfter(operation);
    await deployAll(sandbox, service('B'));
    expect(sandbox.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  });

  test('whose backup fails is not begun', async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    sandbox.fsx.options.fail = () => 'failed for the test';
    expect((await deploy(sandbox, service('B'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(events(sandbox, serviceIn(sandbox), 'UPDATE_IN_PROGRESS')).toEqual([]);
    expectHeld(sandbox, inOrder(sandbox)[0]);
  });

  test("waits for somebody else's backup too", async () => {
    const sandbox = await start();
    await deployAll(sandbox, service('A'));
    const [first] = ownBackupsIn(sandbox);
    const other = sandbox.fsx.plantBackup({
      type: 'AUTOMATIC',
      duration: 20 * MINUTE,
      ...idOf(first.source),
    });
    await deployAll(sandbox, service('B'));
    expect(inOrder(sandbox)[1].createdAt).toBeGreaterThanOrEqual(finishedAt(other));
    expect(timeOf(sandbox, serviceIn(sandbox), 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(inOrder(sandbox)[1]),
    );
  });

  test('of two file systems takes a backup of each, at the same time', async () => {
    const sandbox = await start();
    const two = (version: string) =>
      service(version, {}, (stack) => {
        const upgraded = stack.node.findChild('Service') as Construct;
        const triggers = [BackupTrigger.onChangeOf(upgraded)];
        new FsxBackup(stack, 'Second', {
          source: sourceOf(stack, 'OPENZFS', 'Other'),
          triggers,
          executeBefore: [upgraded],
        });
      });
    await deployAll(sandbox, two('A'), two('B'));
    const [, , third, fourth] = inOrder(sandbox);
    expect(fourth.createdAt - third.createdAt).toBeLessThan(MINUTE);
    expect(timeOf(sandbox, serviceIn(sandbox), 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      Math.max(finishedAt(third), finishedAt(fourth)),
    );
  });
});

test('a change of tags or options takes none, with triggers too', async () => {
  const sandbox = await start();
  const tagged = (team: string, props: Partial<FsxBackupProps> = {}) =>
    service('A', props, (_, backup) => Tags.of(backup).add('team', team));
  await deployAll(
    sandbox,
    tagged('a'),
    tagged('b'),
    tagged('b', { timeout: Duration.minutes(30), removalPolicy: DESTROY }),
  );
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  expect(theOnly(ownBackupsIn(sandbox)).tags.get('team')).toBe('b');
});

test('from no triggers to some and back, another backup is taken each time', async () => {
  const sandbox = await start();
  const some = (...triggers: BackupTrigger[]) => app({ triggers });
  await deployAll(sandbox, some(), some(BackupTrigger.onValue('1')), some());
  expect(ownBackupsIn(sandbox)).toHaveLength(3);
  expectHeld(sandbox);
});

test('the same triggers in another order are the same', async () => {
  const sandbox = await start();
  const [one, two] = [BackupTrigger.onValue('1'), BackupTrigger.onValue('2')];
  await deployAll(sandbox, app({ triggers: [one, two] }), app({ triggers: [two, one] }));
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
});

describe('a value that only deployment knows', () => {
  test('of a parameter takes a backup when it changes, and none when it does not', async () => {
    const sandbox = await start();
    const parameterized = (version = '1') =>
      app({}, (stack, backup) => {
        backup.addTrigger(BackupTrigger.onValue(new CfnParameter(stack, 'Release').valueAsString));
        bystander(stack, undefined, version);
      });
    for (const [release, version, count] of [
      ['a', '1', 1],
      ['b', '1', 2],
      ['b', '2', 2],
      ['a', '2', 3],
    ] as const) {
      expect((await deploy(sandbox, parameterized(version), { Release: release })).status).toMatch(
        /_COMPLETE$/,
      );
      expect(ownBackupsIn(sandbox)).toHaveLength(count);
    }
  });

  test('of another resource takes a backup when that has changed', async () => {
    const sandbox = await start();
    const following = (value: string) =>
      app({}, (stack, backup) => {
        backup.addTrigger(
          BackupTrigger.onValue(new ssm.CfnParameter(stack, 'Release', { type: 'String', value }).attrValue),
        );
      });
    await deployAll(sandbox, following('1'), following('2'));
    const [, second] = inOrder(sandbox);
    expect(second.createdAt).toBeGreaterThanOrEqual(timeOf(sandbox, 'Release', 'UPDATE_COMPLETE'));
    expect(sandbox.journal.of('request').at(-1)!.event.ResourceProperties.Triggers).toEqual(['onValue:2']);
  });

  test('of a nested stack takes a backup when it changes', async () => {
    const sandbox = await start();
    const following = (value: string) =>
      app({}, (stack, backup) => {
        backup.addTrigger(
          BackupTrigger.onValue(
            new ssm.CfnParameter(new NestedStack(stack, 'Inner'), 'Release', { type: 'String', value })
              .attrValue,
          ),
        );
      });
    await deployAll(sandbox, following('1'), following('2'));
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  });

  test('of another stack arrives; then it is fixed, as CloudFormation changes no export in use', async () => {
    const sandbox = await start();
    const following = (value: string) =>
      app({}, (stack, backup) => {
        backup.addTrigger(
          BackupTrigger.onValue(
            new ssm.CfnParameter(new Stack(stack.node.root as App, 'Releases'), 'Release', {
              type: 'String',
              value,
            }).attrValue,
          ),
        );
      });
    await deployAll(sandbox, following('1'));
    expect(sandbox.journal.of('request')[0].event.ResourceProperties.Triggers).toEqual(['onValue:1']);
    expect((await sandbox.deploy(following('2'))).Releases.reason).toMatch(
      /cannot be updated as it is in use by Files/,
    );
  });
});

test('a change in another stack is known at synthesis, and takes a backup before its change', async () => {
  const sandbox = await start();
  const following = (value: string) =>
    app({}, (stack, backup) => {
      const other = new Stack(stack.node.root as App, 'Services');
      bystander(other, undefined, value, 'Release');
      backup.addTrigger(BackupTrigger.onChangeOf(other));
      backup.executeBefore(other);
    });
  await deployAll(sandbox, following('1'), following('2'));
  expect(ownBackupsIn(sandbox)).toHaveLength(2);
  expect(timeOf(sandbox, 'Release', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
    finishedAt(inOrder(sandbox)[1]),
  );
});

describe('every deployment', () => {
  const every = (context: Record<string, string> = {}) =>
    app({ triggers: [BackupTrigger.everyDeployment()] }, undefined, context);

  test('takes a backup', async () => {
    const sandbox = await start();
    const first = every();
    await new Promise((done) => setTimeout(done, 5));
    await deployAll(sandbox, first, every());
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  });

  test('takes one where the context is always the same', async () => {
    const sandbox = await start();
    const always = { 'cdk-fsx-backup:deployment': 'test' };
    await deployAll(sandbox, every(always), every(always));
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
  });
});

describe('order', () => {
  test('executeAfter: the backup begins when another resource is changed', async () => {
    const sandbox = await start();
    const after = (version: string) =>
      app({ triggers: [BackupTrigger.onValue(version)] }, (stack, backup) => {
        bystander(stack, undefined, version);
        backup.executeAfter(stack.node.findChild('Bystander') as Construct);
      });
    sandbox.cloudFormation.options.duration = (_type, _operation, logicalId) =>
      logicalId === 'Bystander' ? 10 * MINUTE : undefined;
    await deployAll(sandbox, after('1'), after('2'));
    const [first, second] = inOrder(sandbox);
    expect(first.createdAt).toBeGreaterThanOrEqual(timeOf(sandbox, 'Bystander', 'CREATE_COMPLETE'));
    expect(second.createdAt).toBeGreaterThanOrEqual(timeOf(sandbox, 'Bystander', 'UPDATE_COMPLETE'));
  });

  test('executeBefore and executeAfter: between two others', async () => {
    const sandbox = await start();
    await deployAll(
      sandbox,
      app({}, (stack, backup) => {
        for (const id of ['Before', 'After']) bystander(stack, undefined, '1', id);
        backup.executeAfter(stack.node.findChild('Before') as Construct);
        backup.executeBefore(stack.node.findChild('After') as Construct);
      }),
    );
    const backup = theOnly(ownBackupsIn(sandbox));
    expect(backup.createdAt).toBeGreaterThanOrEqual(timeOf(sandbox, 'Before', 'CREATE_COMPLETE'));
    expect(timeOf(sandbox, 'After', 'CREATE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(backup));
  });

  test('without them, nothing waits', async () => {
    const sandbox = await start();
    await deployAll(
      sandbox,
      app({}, (stack) => bystander(stack)),
    );
    expect(timeOf(sandbox, 'Bystander', 'CREATE_IN_PROGRESS')).toBeLessThan(
      theOnly(ownBackupsIn(sandbox)).createdAt,
    );
  });

  test('of a nested stack: all of it waits', async () => {
    const sandbox = await start();
    const nested = (version: string) =>
      app({ triggers: [BackupTrigger.onValue(version)] }, (stack, backup) => {
        const inner = new NestedStack(stack, 'Inner');
        bystander(inner, undefined, version);
        backup.executeBefore(inner);
      });
    await deployAll(sandbox, nested('1'), nested('2'));
    expect(timeOf(sandbox, 'Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(inOrder(sandbox)[1]),
    );
  });

  test('of the whole stack: everything else waits, and a stack with nothing else is deployed', async () => {
    const sandbox = await start();
    const { fileSystemId } = sandbox.fsx.createFileSystem({
      FileSystemType: 'OPENZFS',
      StorageCapacity: 64,
      SubnetIds: ['subnet-0123456789abcdef0'],
      OpenZFSConfiguration: { DeploymentType: 'SINGLE_AZ_1', ThroughputCapacity: 64 },
    });
    const whole = (...values: string[]) =>
      synthesize((stack) => {
        new FsxBackup(stack, 'Backup', {
          source: BackupSource.fromFileSystemId(fileSystemId),
          executeBefore: [stack],
          triggers: values.length > 0 ? [BackupTrigger.onChangeOf(stack)] : [],
        });
        values.forEach((value, index) => bystander(stack, undefined, value, `Bystander${index}`));
      });
    await deployAll(sandbox, whole(), whole('1', '1'), whole('1', '2'));
    expect(ownBackupsIn(sandbox)).toHaveLength(3);
    expect(timeOf(sandbox, 'Bystander1', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(inOrder(sandbox)[2]),
    );
  });
});
