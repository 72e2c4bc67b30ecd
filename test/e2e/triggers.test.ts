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
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProps } from '../../src';
import {
  bystander,
  finishedAt,
  HOUR,
  idOf,
  MINUTE,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
  nameOf,
} from '../fixtures';

/* Another backup whenever something says that it is time, and in the right order. */

const { DESTROY, RETAIN } = RemovalPolicy;

type More = (stack: Stack, backup: FsxBackup) => void;

/** A file system, its backup, and whatever else. */
const app = (
  props: Partial<FsxBackupProps> = {},
  more: More = () => {},
  context: Record<string, string> = {},
) =>
  synthesize(
    (stack) => {
      const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'OPENZFS'), ...props });
      new CfnOutput(stack, 'BackupId', { value: backup.backupId });
      more(stack, backup);
    },
    { context },
  );

/** A service that is upgraded after a backup. */
const service = (version: string, props: Partial<FsxBackupProps> = {}, more: More = () => {}) =>
  app(props, (stack, backup) => {
    const upgraded = new Construct(stack, 'Service');
    new ssm.CfnParameter(upgraded, 'Version', { type: 'String', value: version });
    backup.addTrigger(BackupTrigger.onChangeOf(upgraded));
    backup.executeBefore(upgraded);
    more(stack, backup);
  });

const deploy = async (world: World, directory: string, parameters: Record<string, string> = {}) => {
  return (await world.deploy(directory, { parameters })).Files;
};
const deployAll = async (world: World, ...directories: string[]) => {
  for (const directory of directories) {
    expect((await deploy(world, directory)).status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
  }
};
const serviceIn = (world: World) =>
  theOnly(
    Object.keys(world.cloudFormation.stack('Files').resources).filter((name) => name.startsWith('Service')),
  );

function expectHeld(world: World, backup = world.newest): void {
  expect(world.physicalIdFor(backup)).toBe(backup.id);
}

describe('an upgrade of a service', () => {
  test('from A to B and back to A takes a backup before each', async () => {
    const world = await start();
    for (const [index, version] of ['A', 'B', 'A'].entries()) {
      await deployAll(world, service(version));
      expect(world.ownBackups).toHaveLength(index + 1);
      expectHeld(world);
      const begins = world.timeOf(
        serviceIn(world),
        index === 0 ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS',
      );
      expect(begins).toBeGreaterThanOrEqual(finishedAt(world.ownBackups[index]));
    }
  });

  test('deployed again without a change calls nothing and takes none', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    const before = world.journal.entries.length;
    expect(await deploy(world, service('A'))).toMatchObject({ noChanges: true });
    expect(world.journal.entries).toHaveLength(before);
  });

  test('does not concern another backup of the stack', async () => {
    const world = await start();
    const both = (version: string) =>
      service(
        version,
        {},
        (stack) => new FsxBackup(stack, 'Standing', { source: sourceOf(stack, 'OPENZFS', 'Other') }),
      );
    await deployAll(world, both('A'), both('B'));
    expect(world.ownBackups.map((backup) => nameOf(backup)).sort()).toEqual([
      'Files/Backup',
      'Files/Backup',
      'Files/Standing',
    ]);
  });

  test('that fails goes back to the old backup, and a retry takes one of its own', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.cloudFormation.failures.fail({ target: serviceIn(world), on: 'update' });
    expect((await deploy(world, service('B'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    const [first, second] = world.ownBackups;
    expectHeld(world, first);
    await deployAll(world, service('B'));
    expect(world.ownBackups).toHaveLength(3);
    expect(world.newest).not.toBe(second);
    expectHeld(world);
    expect(world.timeOf(serviceIn(world), 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(world.newest),
    );
  });

  test('whose backup is not finished in time continues with it when it is repeated', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.fsx.options.backupDuration = () => 70 * MINUTE;
    const { status, reason } = await deploy(world, service('B'));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reason).toMatch(/is not finished after 55 min.* the deployment continues with it/);
    const running = world.newest;
    const age = (world.clock.now() - running.createdAt) / 1000;
    await deployAll(world, service('B'));
    expect(world.ownBackups).toHaveLength(2);
    expectHeld(world, running);
    const [, told] = /is continued'[^}]*age: (\d+)/.exec(world.log)!;
    expect(Number(told) - age).toBeLessThan(60);
    const [output] = [...world.stepFunctions.executions.values()]
      .map((execution) => JSON.parse(execution.output ?? '{}'))
      .filter(({ SecondsBeforeRequest }) => SecondsBeforeRequest !== undefined);
    expect(output).toMatchObject({ BackupId: running.id, SecondsBeforeRequest: Number(told) });
  });

  test('whose backup is not finished in time, and is given up, does not pass for another', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.fsx.options.backupDuration = () => 70 * MINUTE;
    expect((await deploy(world, service('B'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    const running = world.newest;
    world.fsx.options.backupDuration = () => MINUTE;
    await deployAll(world, service('C'));
    expect(world.ownBackups).toHaveLength(3);
    expect(world.newest.createdAt).toBeGreaterThanOrEqual(finishedAt(running));
    expectHeld(world);
  });

  test('that fails, and is given up for another one, takes another', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.cloudFormation.failures.fail({ target: serviceIn(world), on: 'update' });
    await deploy(world, service('B'));
    await deployAll(world, service('C'));
    expect(world.ownBackups).toHaveLength(3);
    expectHeld(world);
  });

  test('that fails, and is given up, leaves the old backup where it was', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.cloudFormation.failures.fail({ target: serviceIn(world), on: 'update' });
    await deploy(world, service('B'));
    await deployAll(
      world,
      service('A', {}, (stack) => bystander(stack)),
    );
    expectHeld(world, world.ownBackups[0]);
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test.each([
    ['keeps', RETAIN, 3],
    ['deletes', DESTROY, 1],
  ])('%s the backups of former versions with %s', async (_, removalPolicy, left) => {
    const world = await start();
    await deployAll(
      world,
      service('A', { removalPolicy }),
      service('B', { removalPolicy }),
      service('C', { removalPolicy }),
    );
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expect(world.ownBackups).toHaveLength(left);
    expectHeld(world);
  });

  test('that fails leaves the old backup only, with DESTROY', async () => {
    const world = await start();
    await deployAll(world, service('A', { removalPolicy: DESTROY }));
    const first = theOnly(world.ownBackups);
    world.cloudFormation.failures.fail({ target: serviceIn(world), on: 'update' });
    await deploy(world, service('B', { removalPolicy: DESTROY }));
    expect(world.ownBackups).toEqual([first]);
    expectHeld(world);
  });

  test.each([300, 3_000, 30_000, 55_000, 20 * MINUTE])(
    'whose events come again after %i ms takes one backup',
    async (delay) => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      await deployAll(world, service('A'));
      await world.pass(HOUR);
      await deployAll(world, service('B'));
      await world.pass(HOUR);
      expect(world.ownBackups).toHaveLength(2);
    },
  );

  test.each([
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('whose function dies at %s takes one backup', async (operation) => {
    const world = await start();
    await deployAll(world, service('A'));
    world.lambda.crashAfter(operation);
    await deployAll(world, service('B'));
    expect(world.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expect(world.ownBackups).toHaveLength(2);
  });

  test('whose backup fails is not begun', async () => {
    const world = await start();
    await deployAll(world, service('A'));
    world.fsx.options.fail = () => 'failed for the test';
    expect((await deploy(world, service('B'))).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.events(serviceIn(world), 'UPDATE_IN_PROGRESS')).toEqual([]);
    expectHeld(world, world.ownBackups[0]);
  });

  test("waits for somebody else's backup too", async () => {
    const world = await start();
    await deployAll(world, service('A'));
    const [first] = world.ownBackups;
    const other = world.fsx.plantBackup({
      type: 'AUTOMATIC',
      duration: 20 * MINUTE,
      ...idOf(first.source),
    });
    await deployAll(world, service('B'));
    expect(world.ownBackups[1].createdAt).toBeGreaterThanOrEqual(finishedAt(other));
    expect(world.timeOf(serviceIn(world), 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(world.ownBackups[1]),
    );
  });

  test('of two file systems takes a backup of each, at the same time', async () => {
    const world = await start();
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
    await deployAll(world, two('A'), two('B'));
    const [, , third, fourth] = world.ownBackups;
    expect(fourth.createdAt - third.createdAt).toBeLessThan(MINUTE);
    expect(world.timeOf(serviceIn(world), 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      Math.max(finishedAt(third), finishedAt(fourth)),
    );
  });
});

test('a change of tags or options takes none, with triggers too', async () => {
  const world = await start();
  const tagged = (team: string, props: Partial<FsxBackupProps> = {}) =>
    service('A', props, (_, backup) => Tags.of(backup).add('team', team));
  await deployAll(
    world,
    tagged('a'),
    tagged('b'),
    tagged('b', { timeout: Duration.minutes(30), removalPolicy: DESTROY }),
  );
  expect(world.calls('fsx:CreateBackup')).toBe(1);
  expect(theOnly(world.ownBackups).tags.get('team')).toBe('b');
});

test('from no triggers to some and back, another backup is taken each time', async () => {
  const world = await start();
  const some = (...triggers: BackupTrigger[]) => app({ triggers });
  await deployAll(world, some(), some(BackupTrigger.onValue('1')), some());
  expect(world.ownBackups).toHaveLength(3);
  expectHeld(world);
});

test('the same triggers in another order are the same', async () => {
  const world = await start();
  const [one, two] = [BackupTrigger.onValue('1'), BackupTrigger.onValue('2')];
  await deployAll(world, app({ triggers: [one, two] }), app({ triggers: [two, one] }));
  expect(world.calls('fsx:CreateBackup')).toBe(1);
});

describe('a value that only deployment knows', () => {
  test('of a parameter takes a backup when it changes, and none when it does not', async () => {
    const world = await start();
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
      expect((await deploy(world, parameterized(version), { Release: release })).status).toMatch(
        /_COMPLETE$/,
      );
      expect(world.ownBackups).toHaveLength(count);
    }
  });

  test('of another resource takes a backup when that has changed', async () => {
    const world = await start();
    const following = (value: string) =>
      app({}, (stack, backup) => {
        backup.addTrigger(
          BackupTrigger.onValue(new ssm.CfnParameter(stack, 'Release', { type: 'String', value }).attrValue),
        );
      });
    await deployAll(world, following('1'), following('2'));
    const [, second] = world.ownBackups;
    expect(second.createdAt).toBeGreaterThanOrEqual(world.timeOf('Release', 'UPDATE_COMPLETE'));
    expect(world.journal.of('request').at(-1)!.event.ResourceProperties.Triggers).toEqual(['onValue:2']);
  });

  test('of a nested stack takes a backup when it changes', async () => {
    const world = await start();
    const following = (value: string) =>
      app({}, (stack, backup) => {
        backup.addTrigger(
          BackupTrigger.onValue(
            new ssm.CfnParameter(new NestedStack(stack, 'Inner'), 'Release', { type: 'String', value })
              .attrValue,
          ),
        );
      });
    await deployAll(world, following('1'), following('2'));
    expect(world.ownBackups).toHaveLength(2);
  });

  test('of another stack arrives; then it is fixed, as CloudFormation changes no export in use', async () => {
    const world = await start();
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
    await deployAll(world, following('1'));
    expect(world.journal.of('request')[0].event.ResourceProperties.Triggers).toEqual(['onValue:1']);
    expect((await world.deploy(following('2'))).Releases.reason).toMatch(
      /cannot be updated as it is in use by Files/,
    );
  });
});

test('a change in another stack is known at synthesis, and takes a backup before its change', async () => {
  const world = await start();
  const following = (value: string) =>
    app({}, (stack, backup) => {
      const other = new Stack(stack.node.root as App, 'Services');
      bystander(other, undefined, value, 'Release');
      backup.addTrigger(BackupTrigger.onChangeOf(other));
      backup.executeBefore(other);
    });
  await deployAll(world, following('1'), following('2'));
  expect(world.ownBackups).toHaveLength(2);
  expect(world.timeOf('Release', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
    finishedAt(world.ownBackups[1]),
  );
});

describe('every deployment', () => {
  const every = (context: Record<string, string> = {}) =>
    app({ triggers: [BackupTrigger.everyDeployment()] }, undefined, context);

  test('takes a backup', async () => {
    const world = await start();
    const first = every();
    await new Promise((done) => setTimeout(done, 5));
    await deployAll(world, first, every());
    expect(world.ownBackups).toHaveLength(2);
  });

  test('takes one where the context is always the same', async () => {
    const world = await start();
    const always = { 'cdk-fsx-backup:deployment': 'test' };
    await deployAll(world, every(always), every(always));
    expect(world.ownBackups).toHaveLength(1);
  });
});

describe('order', () => {
  test('executeAfter: the backup begins when another resource is changed', async () => {
    const world = await start();
    const after = (version: string) =>
      app({ triggers: [BackupTrigger.onValue(version)] }, (stack, backup) => {
        bystander(stack, undefined, version);
        backup.executeAfter(stack.node.findChild('Bystander') as Construct);
      });
    world.cloudFormation.options.duration = (_type, _operation, logicalId) =>
      logicalId === 'Bystander' ? 10 * MINUTE : undefined;
    await deployAll(world, after('1'), after('2'));
    const [first, second] = world.ownBackups;
    expect(first.createdAt).toBeGreaterThanOrEqual(world.timeOf('Bystander', 'CREATE_COMPLETE'));
    expect(second.createdAt).toBeGreaterThanOrEqual(world.timeOf('Bystander', 'UPDATE_COMPLETE'));
  });

  test('executeBefore and executeAfter: between two others', async () => {
    const world = await start();
    await deployAll(
      world,
      app({}, (stack, backup) => {
        for (const id of ['Before', 'After']) bystander(stack, undefined, '1', id);
        backup.executeAfter(stack.node.findChild('Before') as Construct);
        backup.executeBefore(stack.node.findChild('After') as Construct);
      }),
    );
    const backup = theOnly(world.ownBackups);
    expect(backup.createdAt).toBeGreaterThanOrEqual(world.timeOf('Before', 'CREATE_COMPLETE'));
    expect(world.timeOf('After', 'CREATE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(backup));
  });

  test('without them, nothing waits', async () => {
    const world = await start();
    await deployAll(
      world,
      app({}, (stack) => bystander(stack)),
    );
    expect(world.timeOf('Bystander', 'CREATE_IN_PROGRESS')).toBeLessThan(theOnly(world.ownBackups).createdAt);
  });

  test('of a nested stack: all of it waits', async () => {
    const world = await start();
    const nested = (version: string) =>
      app({ triggers: [BackupTrigger.onValue(version)] }, (stack, backup) => {
        const inner = new NestedStack(stack, 'Inner');
        bystander(inner, undefined, version);
        backup.executeBefore(inner);
      });
    await deployAll(world, nested('1'), nested('2'));
    expect(world.timeOf('Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(world.ownBackups[1]),
    );
  });

  test('of the whole stack: everything else waits, and a stack with nothing else is deployed', async () => {
    const world = await start();
    const { fileSystemId } = world.fsx.createFileSystem({
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
    await deployAll(world, whole(), whole('1', '1'), whole('1', '2'));
    expect(world.ownBackups).toHaveLength(3);
    expect(world.timeOf('Bystander1', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(world.ownBackups[2]),
    );
  });
});
