import {
  App,
  aws_fsx as fsx,
  aws_ssm as ssm,
  CfnOutput,
  Duration,
  NestedStack,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import { numbered, PASSING } from './fault-paths';
import { lifecycleOf } from '../../sandbox';
import { BackupTrigger, FsxBackup, FsxBackupProps } from '../../src';
import {
  bystander,
  DAY,
  finishedAt,
  HOUR,
  idOf,
  MINUTE,
  recreate,
  sourceOf,
  start,
  synthesize,
  type World,
  nameOf,
} from '../fixtures';

const { DESTROY } = RemovalPolicy;

jest.setTimeout(30_000); // hours are hundreds of polls

type Props = Partial<FsxBackupProps>;
const SIX_HOURS: Props = { timeout: Duration.hours(6) };
const TWO_HOURS: Props = { timeout: Duration.hours(2) };

/** A backup before each version of the service (`Bystander`). Another resource is told its id. */
function app(
  version: string,
  props: Props = SIX_HOURS,
  more: (stack: Stack, backup: FsxBackup) => void = () => {},
): string {
  return synthesize((stack) => {
    const source = sourceOf(stack, 'LUSTRE');
    const triggers = [BackupTrigger.onValue(version)];
    const backup = new FsxBackup(stack, 'Backup', { source, triggers, ...props });
    Tags.of(backup).add('version', version);
    bystander(stack, undefined, version);
    backup.executeBefore(stack.node.findChild('Bystander') as ssm.CfnParameter);
    new ssm.CfnParameter(stack, 'Told', { type: 'String', value: backup.backupId });
    new CfnOutput(stack, 'Lifecycle', { value: backup.backupLifecycle });
    more(stack, backup);
  });
}

/** A stack that has deployed version 1 in minutes. From now on, backups take longer. */
async function deployed(duration: number, props: Props = SIX_HOURS, options = {}): Promise<World> {
  const world = await start(options);
  expect((await world.deploy(app('1', props))).Files.status).toBe('CREATE_COMPLETE');
  world.fsx.options.backupDuration = () => duration;
  return world;
}

const status = async (deployment: ReturnType<World['deploy']>) => (await deployment).Files.status;
const versions = (world: World) => world.ownBackups.map((backup) => backup.tags.get('version'));
const held = (world: World) =>
  world.fsx.backups.get(world.resourcesOf('Custom::FsxBackup')[0].physicalId!)?.tags.get('version');
const links = (world: World) => world.resourcesOf('Custom::FsxBackupContinuation');
const told = (world: World) => {
  const { resources } = world.cloudFormation.stack('Files');
  return resources.Told?.properties.Value;
};
/** Which version of the service there is. */
const service = (world: World) => world.cloudFormation.stack('Files').resources.Bystander?.properties.Value;

/** The newest backup was AVAILABLE when the service was changed. */
function expectServiceAfterBackup(world: World, event = 'UPDATE_IN_PROGRESS'): void {
  expect(world.timeOf('Bystander', event)).toBeGreaterThanOrEqual(finishedAt(world.newest));
  expect(told(world)).toBe(world.newest.id);
}

/** Whatever still runs gets its time. Then nothing runs any more, and nothing was started. */
async function expectQuiet(world: World): Promise<void> {
  const before = world.calls('fsx:CreateBackup');
  await world.pass(14 * HOUR);
  const executions = [...world.stepFunctions.executions.values()];
  expect(executions.filter((execution) => execution.status === 'RUNNING')).toEqual([]);
  expect(world.calls('fsx:CreateBackup')).toBe(before);
}

/** CloudFormation was answered within the hour of each resource, once. */
function expectAnsweredInTime(world: World): void {
  const requests = world.journal.of('request');
  const responses = world.journal.of('response').filter(({ effect }) => effect === 'accepted');
  expect(responses).toHaveLength(requests.length);
  for (const request of requests) {
    const response = responses.find(({ requestId }) => requestId === request.requestId)!;
    expect(response.at - request.at).toBeLessThan(HOUR);
  }
}

describe('with a timeout of six hours, and backups of three', () => {
  test('A, B and A again: the service never changes before a backup of its own is AVAILABLE', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    expect(await status(world.deploy(app('A')))).toBe('CREATE_COMPLETE');
    expectServiceAfterBackup(world, 'CREATE_IN_PROGRESS');
    expect(links(world)).toHaveLength(6);
    for (const version of ['B', 'A']) {
      const { Files } = await world.deploy(app(version));
      expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { Lifecycle: 'AVAILABLE' } });
      expectServiceAfterBackup(world);
    }
    expect([versions(world), held(world)]).toEqual([['A', 'B', 'A'], 'A']);
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expectAnsweredInTime(world);
    await expectQuiet(world);
  });

  test('they are waited for as well if the value of a trigger is known at deployment only', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const built = (version: string) =>
      synthesize((stack) => {
        const build = new ssm.CfnParameter(stack, 'Build', { type: 'String', value: version });
        const backup = new FsxBackup(stack, 'Backup', {
          source: sourceOf(stack, 'LUSTRE'),
          triggers: [BackupTrigger.onValue(build.attrValue)],
          ...SIX_HOURS,
        });
        bystander(stack, undefined, version);
        backup.executeBefore(stack.node.findChild('Bystander') as ssm.CfnParameter);
        new ssm.CfnParameter(stack, 'Told', { type: 'String', value: backup.backupId });
      });
    await world.deploy(built('A'));
    for (const version of ['B', 'A']) {
      expect(await status(world.deploy(built(version)))).toBe('UPDATE_COMPLETE');
      expectServiceAfterBackup(world);
    }
    expect(world.calls('fsx:CreateBackup')).toBe(3);
  });

  test('they are waited for in Express mode', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    expect(await status(world.deploy(app('A'), { express: true }))).toBe('CREATE_COMPLETE');
    expectServiceAfterBackup(world, 'CREATE_IN_PROGRESS');
    expect(await status(world.deploy(app('B'), { express: true }))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
  });

  test('what is in another stack, or beside a nested stack, waits as well', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const { Files, Other } = await world.deploy(
      synthesize((stack) => {
        const nested = new NestedStack(stack, 'Nested');
        const backup = new FsxBackup(nested, 'Backup', { source: sourceOf(nested, 'LUSTRE'), ...SIX_HOURS });
        const beside = new FsxBackup(stack, 'Beside', {
          source: sourceOf(stack, 'LUSTRE'),
          ...SIX_HOURS,
        });
        new ssm.CfnParameter(stack, 'Told', { type: 'String', value: backup.backupId });
        const other = new Stack(stack.node.root as App, 'Other');
        new ssm.CfnParameter(other, 'Told', { type: 'String', value: beside.backupId });
      }),
    );
    expect([Files.status, Other.status]).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
    const idOfName = (name: string) => world.ownBackups.find((backup) => nameOf(backup) === name)!;
    const nested = idOfName('Files/Nested/Backup');
    expect(told(world)).toBe(nested.id);
    expect(world.timeOf('Told', 'CREATE_COMPLETE')).toBeGreaterThanOrEqual(finishedAt(nested));
    expect(world.cloudFormation.stack('Other').resources.Told.properties.Value).toBe(
      idOfName('Files/Beside').id,
    );
  });

  test('a link owns nothing: it takes, tags and deletes nothing', async () => {
    const world = await deployed(3 * HOUR);
    await world.deploy(app('2'));
    const before = world.journal.entries.length;
    await world.deploy(app('2', {})); // the links go
    expect(links(world)).toEqual([]);
    const made = world.journal.entries
      .slice(before)
      .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
    expect(made.filter((operation) => /CreateBackup|DeleteBackup|TagResource/.test(operation))).toEqual([]);
    expect(versions(world)).toEqual(['1', '2']);
  });

  test("somebody else's backup in the way is waited out for 55 minutes, as without a chain", async () => {
    const world = await deployed(3 * HOUR);
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 40 * MINUTE, ...idOf(world.newest.source) });
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 2 * HOUR, ...idOf(world.newest.source) });
    const { Files } = await world.deploy(app('3'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /Backing up fs-\w+ was not possible in 55 min\. BackupInProgress: .*Try again when it is over/,
    );
    expect([held(world), service(world), versions(world)]).toEqual(['2', '2', ['1', '2']]);
    await expectQuiet(world);
  });

  test('with keepLast, older backups go when the deployment has succeeded', async () => {
    const props: Props = { ...TWO_HOURS, keepLast: 2 };
    const world = await deployed(90 * MINUTE, props);
    for (const version of ['2', '3']) {
      expect(await status(world.deploy(app(version, props)))).toBe('UPDATE_COMPLETE');
    }
    expect(versions(world)).toEqual(['2', '3']);
    world.fsx.options.backupDuration = () => 150 * MINUTE;
    expect(await status(world.deploy(app('4', props)))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([versions(world), held(world)]).toEqual([['2', '3', '4'], '3']);
    expect(await status(world.deploy(app('4', props)))).toBe('UPDATE_COMPLETE');
    expect([versions(world), held(world)]).toEqual([['3', '4'], '4']);
  });
});

describe('a backup that takes longer than its timeout', () => {
  const late =
    /Backup (backup-\w+) is not finished after 120 min \(CREATING, 66 %\)\. It goes on: deploy again, /;
  const advice = /and the deployment continues with it\./;

  test('fails the deployment with progress, and the next one continues it', async () => {
    const world = await deployed(3 * HOUR, TWO_HOURS);
    const { Files } = await world.deploy(app('2', TWO_HOURS));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(new RegExp(late.source + advice.source));
    expect([held(world), service(world), versions(world)]).toEqual(['1', '1', ['1', '2']]);
    const { Files: again } = await world.deploy(app('2', TWO_HOURS));
    expect(again).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { Lifecycle: 'AVAILABLE' } });
    expectServiceAfterBackup(world);
    expect(world.ownBackups).toHaveLength(2);
    expect(world.log).toMatch(/a backup that an earlier attempt has started is continued.*age: 7\d\d\d/s);
    expectAnsweredInTime(world);
    await expectQuiet(world);
  });

  test('is not continued by a deployment that comes when it is finished: that takes its own', async () => {
    const world = await deployed(3 * HOUR, TWO_HOURS);
    await world.deploy(app('2', TWO_HOURS));
    await world.pass(2 * HOUR);
    world.fsx.options.backupDuration = () => 10 * MINUTE;
    expect(await status(world.deploy(app('2', TWO_HOURS)))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
    expect(versions(world)).toEqual(['1', '2', '2']);
  });

  test('is waited for by the failed link if rollback is disabled, and the deployment repeated', async () => {
    const world = await deployed(127 * MINUTE, TWO_HOURS); // the last link waits for ten minutes
    const first = await world.deploy(app('2', TWO_HOURS), { disableRollback: true });
    expect([first.Files.status, service(world)]).toEqual(['UPDATE_FAILED', '1']);
    expect(await status(world.deploy(app('2', TWO_HOURS), { disableRollback: true }))).toBe(
      'UPDATE_COMPLETE',
    );
    expectServiceAfterBackup(world);
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect(held(world)).toBe('2');
  });

  test('may be continued with a longer timeout', async () => {
    const world = await deployed(5 * HOUR, TWO_HOURS);
    expect(await status(world.deploy(app('2', TWO_HOURS)))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await status(world.deploy(app('2', SIX_HOURS)))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
    expect(versions(world)).toEqual(['1', '2']);
  });

  test('stays if it is the first of its stack, whose creation is undone', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const { Files } = await world.deploy(app('1', TWO_HOURS));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(late);
    expect(versions(world)).toEqual(['1']);
    await expectQuiet(world);
  });

  test('goes with the rollback, with DESTROY', async () => {
    const props = { ...TWO_HOURS, removalPolicy: DESTROY };
    const world = await deployed(3 * HOUR, props);
    expect(await status(world.deploy(app('2', props)))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([versions(world), held(world)]).toEqual([['1'], '1']);
    await expectQuiet(world);
  });
});

describe('twelve hours', () => {
  const TWELVE_HOURS: Props = { timeout: Duration.hours(12) };

  test('are 13 continuations, enough for 11 hours, with 1,000 polls at most', async () => {
    const world = await deployed(11 * HOUR, TWELVE_HOURS);
    expect(links(world)).toHaveLength(13);
    const before = world.calls('fsx:DescribeBackups');
    const executions = world.stepFunctions.executions.size;
    expect(await status(world.deploy(app('2', TWELVE_HOURS)))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
    expect(world.stepFunctions.executions.size - executions).toBe(14);
    expect(world.calls('fsx:DescribeBackups') - before).toBeLessThanOrEqual(1_000);
    expectAnsweredInTime(world);
  });

  test('are over in time, with a text', async () => {
    const world = await deployed(14 * HOUR, TWELVE_HOURS);
    const { Files } = await world.deploy(app('2', TWELVE_HOURS));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 72\d min \(TRANSFERRING, 8\d %\)/);
    expect(service(world)).toBe('1');
    expect(await status(world.deploy(app('2', TWELVE_HOURS)))).toBe('UPDATE_COMPLETE');
    expect(versions(world)).toEqual(['1', '2']);
  });
});

describe('another timeout later', () => {
  test.each([
    ['is there', false],
    ['was deleted meanwhile', true],
  ])('makes new links, and takes no backup, if the one that the resource holds %s', async (_, isDeleted) => {
    const world = await deployed(3 * HOUR, {});
    const [{ id }] = world.ownBackups;
    if (isDeleted) expect(world.people.deleteBackup(id)).toBe(true);
    for (const timeout of [Duration.hours(6), Duration.hours(12), Duration.hours(2)]) {
      const since = world.clock.now();
      expect(await status(world.deploy(app('1', { timeout })))).toBe('UPDATE_COMPLETE');
      expect([links(world).length, told(world)]).toEqual([Math.ceil(timeout.toMinutes() / 55) - 1, id]);
      expect(world.clock.now() - since).toBeLessThan(10 * MINUTE);
    }
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    await world.pass(20 * HOUR);
    expect(await status(world.deploy(app('2', SIX_HOURS)))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
  });

  test('makes new links behind a backup of hours that was deleted meanwhile', async () => {
    const world = await deployed(90 * MINUTE, TWO_HOURS);
    await world.deploy(app('2', TWO_HOURS));
    const { id } = world.newest;
    expect(world.people.deleteBackup(id)).toBe(true);
    expect(await status(world.deploy(app('2', SIX_HOURS)))).toBe('UPDATE_COMPLETE');
    expect([links(world).length, told(world)]).toEqual([6, id]);
  });
});

describe('a backup that FAILED behind a link', () => {
  const failing = async (props: Props, options: Parameters<World['deploy']>[1] = {}) => {
    const world = await deployed(3 * HOUR, { ...SIX_HOURS, ...props });
    world.fsx.options.fail = () => 'The volume ran out of space for the snapshot.';
    const { Files } = await world.deploy(app('2', { ...SIX_HOURS, ...props }), options);
    expect(Files.reason).toMatch(
      new RegExp(
        /FSx could not finish backup backup-\w+ of the FsxBackup: The volume ran out of space for the /
          .source +
          /snapshot\. Fix the cause, then try again\. The failed backup counts towards your quota: /.source +
          /delete it with aws fsx delete-backup --backup-id backup-\w+\. If rollback is disabled, /.source +
          /roll back first \(cdk rollback\), or change a value of a trigger\./.source,
      ),
    );
    world.fsx.options.fail = () => undefined;
    return { world, end: Files.status };
  };

  test('fails the deployment, whose text says what to do; the next one takes another', async () => {
    const { world, end } = await failing({});
    expect([end, held(world), service(world)]).toEqual(['UPDATE_ROLLBACK_COMPLETE', '1', '1']);
    expect(versions(world)).toEqual(['1', '2']); // the role may not delete it
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
    expect(world.calls('fsx:CreateBackup')).toBe(3);
  });

  test('goes with the rollback, with DESTROY', async () => {
    const { world, end } = await failing({ removalPolicy: DESTROY });
    expect([end, versions(world)]).toEqual(['UPDATE_ROLLBACK_COMPLETE', ['1']]);
  });

  test('and with rollback disabled: a change of a trigger takes another', async () => {
    const { world, end } = await failing({}, { disableRollback: true });
    expect([end, service(world)]).toEqual(['UPDATE_FAILED', '1']);
    const { Files } = await world.deploy(app('2'), { disableRollback: true });
    expect(Files.status).toBe('UPDATE_FAILED'); // as the text has said
    expect(service(world)).toBe('1');
    expect(await status(world.deploy(app('3'), { disableRollback: true }))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
  });

  test('and with rollback disabled: rolled back first, the same deployment takes another', async () => {
    const { world } = await failing({}, { disableRollback: true });
    const rollback = await world.clock.run(world.cloudFormation.rollbackStack('Files'));
    expect(rollback.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([held(world), service(world)]).toEqual(['1', '1']);
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
  });

  test('and with rollback disabled: not even of a new stack, and when FSx has forgotten it', async () => {
    const world = await start({
      fsx: {
        backupDuration: () => 3 * HOUR,
        fail: () => 'failed for the test',
        failedBackupsVanishAfter: 5 * MINUTE,
      },
    });
    expect((await world.deploy(app('1', TWO_HOURS), { disableRollback: true })).Files.status).toBe(
      'CREATE_FAILED',
    );
    await world.pass(4 * DAY);
    expect((await world.deploy(app('1', TWO_HOURS), { disableRollback: true })).Files.status).toBe(
      'UPDATE_FAILED',
    );
    expect(world.ownBackups).toEqual([]);
  });

  test('a backup that a person deletes meanwhile fails the deployment, which can be repeated', async () => {
    const world = await deployed(3 * HOUR);
    world.clock.setTimeout(() => world.fsx.backups.delete(world.newest.id), 2 * HOUR);
    const { Files } = await world.deploy(app('2'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /Backup backup-\w+ of the FsxBackup was deleted while the deployment waited for it\. Try again /,
    );
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
  });
});

describe('a rollback', () => {
  test('returns the chain to the former backup at once', async () => {
    const world = await deployed(3 * HOUR);
    const [former] = world.ownBackups;
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_ROLLBACK_COMPLETE');
    const since = world.timeOf('Files', 'UPDATE_ROLLBACK_IN_PROGRESS');
    expect(world.timeOf('Files', 'UPDATE_ROLLBACK_COMPLETE') - since).toBeLessThan(10 * MINUTE);
    expect([held(world), service(world), told(world)]).toEqual(['1', '1', former.id]);
    for (const link of links(world)) expect(link.properties.BackupId).toBe(former.id);
    expect(versions(world)).toEqual(['1', '2']);
    await expectQuiet(world);
  });

  test('of a chain whose links have already waited for hours returns as fast', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    await world.deploy(app('1'));
    const [former] = world.ownBackups;
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    await world.deploy(app('2'));
    const since = world.timeOf('Files', 'UPDATE_ROLLBACK_IN_PROGRESS');
    expect(world.timeOf('Files', 'UPDATE_ROLLBACK_COMPLETE') - since).toBeLessThan(10 * MINUTE);
    expect(told(world)).toBe(former.id);
  });
});

describe("a guard of a file system's own changes", () => {
  const guarded = (capacity: number, more: (stack: Stack) => void = () => {}) =>
    synthesize((stack) => {
      sourceOf(stack, 'LUSTRE');
      const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
      fileSystem.storageCapacity = capacity;
      const guard = FsxBackup.beforeChangeOf(stack, 'Backup', fileSystem, SIX_HOURS);
      new CfnOutput(stack, 'BackupId', { value: guard.backupId });
      new CfnOutput(stack, 'BackupArn', { value: guard.backupArn });
      more(stack);
    });

  test('has nothing to wait for at first, then waits before a change and before a replacement', async () => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    const { Files: first } = await world.deploy(guarded(1200));
    const BackupArn = 'arn:aws:fsx:us-east-1:123456789012:backup/none';
    expect(first).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none', BackupArn } });
    const old = world.physicalIdOf('Source');
    const apps = [guarded(2400), guarded(2400, (stack) => recreate(stack))];
    for (const directory of apps) {
      const { Files } = await world.deploy(directory);
      expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: world.newest.id } });
      expect(world.timeOf('Source', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(world.newest));
      expect(world.newest.source.fileSystemId).toBe(old);
    }
    expect(world.physicalIdOf('Source')).not.toBe(old);
  });
});

describe('whatever is delivered, lost or repeated, the end is the same', () => {
  test.each([0, 3_000, 20 * MINUTE, 5 * HOUR])('where every event comes again after %i ms', async (delay) => {
    const world = await deployed(3 * HOUR, SIX_HOURS, { cloudFormation: { redeliveries: [delay] } });
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    expectServiceAfterBackup(world);
    await expectQuiet(world);
    expect(versions(world)).toEqual(['1', '2']);
  });

  test('where whichever call meets whatever passing fault', async () => {
    const props: Props = { timeout: Duration.minutes(110) };
    const [before, next] = ['1', '2'].map((version) => app(version, props));
    const play = async (disturb: (world: World) => void = () => {}) => {
      const world = await start();
      await world.deploy(before);
      world.fsx.options.backupDuration = () => 60 * MINUTE;
      const from = world.journal.entries.length;
      disturb(world);
      const end = await status(world.deploy(next));
      const made = world.journal.entries
        .slice(from)
        .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
      await world.pass(90 * MINUTE);
      const lifecycle = lifecycleOf(world.newest, world.timeOf('Bystander', 'UPDATE_IN_PROGRESS'));
      const outcome = [end, versions(world), held(world), told(world) === world.newest.id, lifecycle];
      await world.close();
      return { outcome, made };
    };
    const { outcome, made } = await play();
    expect(outcome).toEqual(['UPDATE_COMPLETE', ['1', '2'], '2', true, 'AVAILABLE']);
    for (const [operation, nth] of numbered(made)) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const where = `${what} at ${operation} ${nth}`;
        const { outcome: disturbed } = await play(({ faults }) => faults.add(operation, nth, fault));
        expect([where, disturbed]).toEqual([where, outcome]);
      }
    }
  }, 400_000);

  test('neither the log nor a reason holds the URL of a response', async () => {
    const world = await deployed(3 * HOUR);
    world.faults.add('response:PUT', { from: 1, to: 7 }, { kind: 'reset' });
    world.lambda.crashAfter('fsx:DescribeBackups', 4);
    expect(await status(world.deploy(app('2')))).toBe('UPDATE_COMPLETE');
    const reasons = world.journal.of('event').map(({ reason }) => reason);
    expect(world.log).toContain('could not be delivered');
    expect(world.log + reasons.join()).not.toMatch(/X-Amz-Signature|127\.0\.0\.1/);
  });
});
