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
import { BackupTrigger, FsxBackup, FsxBackupProps, WaitUntil } from '../../src';
import {
  bystander,
  finishedAt,
  HOUR,
  idOf,
  MINUTE,
  recreate,
  sourceOf,
  start,
  synthesize,
  type World,
} from '../fixtures';

const { DESTROY } = RemovalPolicy;

jest.setTimeout(20_000); // hours are hundreds of looks

type Props = Partial<FsxBackupProps>;
const SIX_HOURS: Props = { timeout: Duration.hours(6) };

/** A backup before each version of the bystander; its tag says before which. Somebody is told its id. */
function waiting(
  version: string,
  props: Props = SIX_HOURS,
  more: (stack: Stack, backup: FsxBackup) => void = () => {},
): string {
  return synthesize((stack) => {
    const source = sourceOf(stack, 'LUSTRE');
    const backup = new FsxBackup(stack, 'Backup', {
      source,
      triggers: [BackupTrigger.onValue(version)],
      ...props,
    });
    Tags.of(backup).add('version', version);
    bystander(stack, undefined, version);
    backup.executeBefore(stack.node.findChild('Bystander') as ssm.CfnParameter);
    new ssm.CfnParameter(stack, 'Told', { type: 'String', value: backup.backupId });
    new CfnOutput(stack, 'BackupId', { value: backup.backupId });
    more(stack, backup);
  });
}

/** A stack that has deployed version 1, in minutes. From now on backups take longer. */
async function deployed(
  duration: number,
  props: Props = SIX_HOURS,
  options: Parameters<typeof start>[0] = {},
): Promise<World> {
  const world = await start(options);
  expect((await world.deploy(waiting('1', props))).Files.status).toBe('CREATE_COMPLETE');
  world.fsx.options.backupDuration = () => duration;
  return world;
}

const versions = (world: World) => world.ownBackups.map((backup) => backup.tags.get('version'));
const held = (world: World) =>
  world.fsx.backups.get(world.resourcesOf('Custom::FsxBackup')[0].physicalId!)?.tags.get('version');
const told = (world: World) =>
  world.resourcesOf('AWS::SSM::Parameter').find(({ logicalId }) => logicalId === 'Told')?.properties.Value;
const handles = (world: World) =>
  world.resourcesOf('AWS::CloudFormation::WaitConditionHandle').map(({ logicalId }) => logicalId);

/** What wait conditions were told, with what became of it. */
function signals(world: World) {
  return world.journal.of('response').filter(({ body }) => body?.UniqueId !== undefined);
}

const effective = (world: World) =>
  signals(world)
    .filter(({ effect }) => effect === 'accepted')
    .map(({ body }) => body.Status);

/** Whatever still runs gets its time; then nothing may run any more, and nothing may have been started. */
async function comesToAnEnd(world: World): Promise<void> {
  const before = world.calls('fsx:CreateBackup');
  await world.pass(13 * HOUR);
  expect([...world.stepFunctions.executions.values()].filter(({ status }) => status === 'RUNNING')).toEqual(
    [],
  );
  expect(world.calls('fsx:CreateBackup')).toBe(before);
}

describe('five hours of backup', () => {
  test('with a timeout of six: success, and at most 260 looks', async () => {
    const world = await deployed(5 * HOUR);
    const before = world.calls('fsx:DescribeBackups');
    const { Files } = await world.deploy(waiting('2'));
    expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: world.newest.id } });
    expect(world.calls('fsx:DescribeBackups') - before).toBeLessThanOrEqual(260);
    expect(world.calls('fsx:DescribeBackups') - before).toBeGreaterThan(200);
    expect([held(world), told(world), versions(world)]).toEqual(['2', world.newest.id, ['1', '2']]);
    expect(effective(world)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test.each([
    ['is running', 0],
    ['is finished', 2 * HOUR],
  ])(
    'with a timeout of four: failure with progress, and the next deployment takes the backup up, which %s',
    async (_, later) => {
      const fourHours = { timeout: Duration.hours(4) };
      const world = await deployed(5 * HOUR, fourHours);
      const since = world.clock.now();
      const { Files } = await world.deploy(waiting('2', fourHours));
      expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(Files.reason).toMatch(
        new RegExp(
          /^WaitCondition received failed message: 'Backup (backup-\w+) of fs-\w+ is not finished /.source +
            /after 240 min \(TRANSFERRING, (79|80) %\)\. It goes on: deploy again and the deployment /
              .source +
            /takes it up\..*' for uniqueId: FsxBackup$/.source,
        ),
      );
      expect(Files.reason).toContain(world.newest.id);
      expect(world.clock.now() - since).toBeLessThan(4 * HOUR + 10 * MINUTE);
      expect([held(world), versions(world)]).toEqual(['1', ['1', '2']]);

      await world.pass(later);
      const { Files: retried } = await world.deploy(waiting('2', fourHours));
      expect(retried).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: world.newest.id } });
      expect(world.calls('fsx:CreateBackup')).toBe(2);
      expect([held(world), told(world)]).toEqual(['2', world.newest.id]);
      await comesToAnEnd(world);
    },
  );

  test('with a timeout that was too short may be taken up with a longer one', async () => {
    const world = await deployed(5 * HOUR, { timeout: Duration.hours(2) });
    expect((await world.deploy(waiting('2', { timeout: Duration.hours(2) }))).Files.status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect((await world.deploy(waiting('2', { timeout: Duration.hours(6) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect(held(world)).toBe('2');
  });

  test('in the first deployment of a stack', async () => {
    const world = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    const { Files } = await world.deploy(waiting('1'));
    expect(Files).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: world.newest.id } });
    expect(world.calls('fsx:CreateBackup')).toBe(1);
  });

  test('in the first deployment of a stack that waits for four: a new one does not take it up', async () => {
    const world = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    const { Files } = await world.deploy(waiting('1', { timeout: Duration.hours(4) }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /is not finished after 240 min .*It goes on and stays, but a stack whose creation failed /.source +
          /has to be created anew/.source,
      ),
    );
    expect(versions(world)).toEqual(['1']);
    await comesToAnEnd(world);
  });
});

describe('twelve hours', () => {
  test('are enough for 11 hours and 50 minutes, with 330 looks at most, and a short history', async () => {
    const world = await deployed(11 * HOUR + 50 * MINUTE, { timeout: Duration.hours(12) });
    const before = world.calls('fsx:DescribeBackups');
    const { Files } = await world.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:DescribeBackups') - before).toBeLessThanOrEqual(335);
    const executions = [...world.stepFunctions.executions.values()];
    expect(executions).toHaveLength(2);
    expect(executions[1].events).toBeLessThan(25_000 / 5);
    expect(executions[1].events).toBeGreaterThan(2000);
  });

  test('are over after 11 hours and 55 minutes, with a text', async () => {
    const world = await deployed(14 * HOUR, { timeout: Duration.hours(12) });
    const { Files } = await world.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.reason).toMatch(/is not finished after 715 min \(TRANSFERRING, 85 %\)/);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await world.deploy(waiting('2', { timeout: Duration.hours(12) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('are counted from the request, and over in time also where another backup came first', async () => {
    const world = await deployed(14 * HOUR, { timeout: Duration.hours(12) });
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 50 * MINUTE, ...idOf(world.newest.source) });
    const { Files } = await world.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.reason).toMatch(/is not finished after 715 min/);
  });
});

describe('what comes after the backup', () => {
  test('waits until it is AVAILABLE, and is told its id; the resource is answered at the start', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const begun: Record<string, string> = {};
    world.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.status !== 'CREATE_IN_PROGRESS' ||
        entry.type !== 'AWS::SSM::Parameter'
      ) {
        return;
      }
      begun[entry.logicalId] ??= lifecycleOf(world.newest, world.clock.now());
    });
    const { Files } = await world.deploy(waiting('1'));
    expect(begun).toEqual({ Bystander: 'AVAILABLE', Told: 'AVAILABLE' });
    expect([told(world), Files.outputs.BackupId]).toEqual([world.newest.id, world.newest.id]);

    const [answer, signal, ...others] = world.journal.of('response');
    expect(others).toEqual([]);
    expect(answer.body).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: world.newest.id,
      Data: { BackupLifecycle: 'PENDING' },
    });
    expect(answer.at - world.newest.createdAt).toBeLessThan(MINUTE);
    expect(signal.body).toEqual({
      Status: 'SUCCESS',
      UniqueId: 'FsxBackup',
      Data: world.newest.id,
      Reason: expect.any(String),
    });
    expect(signal.at - world.newest.createdAt).toBeGreaterThanOrEqual(3 * HOUR);
    expect(signal.at - world.newest.createdAt).toBeLessThan(3 * HOUR * 1.02);
  });

  test('in another stack is told its id', async () => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const { Files, Other } = await world.deploy(
      synthesize((stack) => {
        const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'LUSTRE'), ...SIX_HOURS });
        new ssm.CfnParameter(new Stack(stack.node.root as App, 'Other'), 'Told', {
          type: 'String',
          value: backup.backupId,
        });
      }),
    );
    expect([Files.status, Other.status]).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
    expect(world.cloudFormation.stack('Other').resources.Told.properties.Value).toBe(world.newest.id);
    expect(Other.events[0].at).toBeGreaterThanOrEqual(world.newest.createdAt + 3 * HOUR);
  });

  test.each(['inside', 'outside'])('of a nested stack waits as well, %s of it', async (where) => {
    const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const app = (version: string) =>
      synthesize((stack) => {
        const nested = new NestedStack(stack, 'Nested');
        const backup = new FsxBackup(nested, 'Backup', {
          source: sourceOf(nested, 'LUSTRE'),
          triggers: [BackupTrigger.onValue(version)],
          ...SIX_HOURS,
        });
        new ssm.CfnParameter(where === 'inside' ? nested : stack, 'Told', {
          type: 'String',
          value: backup.backupId,
        });
      });
    const begun: string[] = [];
    world.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.logicalId !== 'Told' ||
        !/^(CREATE|UPDATE)_IN_PROGRESS$/.test(entry.status)
      ) {
        return;
      }
      if (entry.reason === undefined) begun.push(lifecycleOf(world.newest, world.clock.now()));
    });
    for (const version of ['1', '2']) {
      expect((await world.deploy(app(version))).Files.status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
    }
    expect(begun).toEqual(['AVAILABLE', 'AVAILABLE']);
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });
});

describe('a backup that fails in the middle', () => {
  const failing = async (props: Props) => {
    const world = await deployed(3 * HOUR, { ...SIX_HOURS, ...props });
    world.fsx.options.fail = () => 'The volume ran out of space for the snapshot.';
    const { Files } = await world.deploy(waiting('2', { ...SIX_HOURS, ...props }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /^WaitCondition received failed message: 'FSx could not finish backup backup-\w+ of /.source +
          /fs-\w+: The volume ran out of space for the snapshot\. .*' for uniqueId: FsxBackup$/.source,
      ),
    );
    expect(held(world)).toBe('1');
    expect(effective(world)).toEqual(['SUCCESS', 'FAILURE']);
    await comesToAnEnd(world);
    return { world, reason: Files.reason };
  };

  test("fails the deployment with FSx's reason, and what is left of it is named", async () => {
    const { world, reason } = await failing({});
    expect(reason).toMatch(/What is left of it counts towards the quota until you delete it/);
    expect(versions(world)).toEqual(['1', '2']);
    world.fsx.options.fail = () => undefined;
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(3);
  });

  test.each<[string, Props]>([
    ['DESTROY', { removalPolicy: DESTROY }],
    ['keepLast', { keepLast: 2 }],
  ])('is removed with %s', async (_, props) => {
    const { world, reason } = await failing(props);
    expect(reason).toMatch(/What was left of it is removed/);
    expect(versions(world)).toEqual(['1']);
  });

  test("of a stack's first deployment fails it", async () => {
    const world = await start({
      fsx: { backupDuration: () => 3 * HOUR, fail: () => 'failed for the test' },
    });
    const { Files } = await world.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/failed for the test/);
    expect(world.ownBackups).toEqual([]);
  });
});

test('a backup that somebody deletes meanwhile fails the deployment, which can be repeated', async () => {
  const world = await deployed(3 * HOUR);
  world.clock.setTimeout(() => world.fsx.backups.delete(world.newest.id), 2 * HOUR);
  const { Files } = await world.deploy(waiting('2'));
  expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(Files.reason).toMatch(/was deleted by somebody while it was awaited\. Try again to take another/);
  expect(held(world)).toBe('1');
  expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  expect([held(world), versions(world)]).toEqual(['2', ['1', '2']]);
});

describe('a backup that takes too long, with DESTROY', () => {
  test('is removed with the rollback', async () => {
    const props = { timeout: Duration.hours(4), removalPolicy: DESTROY };
    const world = await deployed(5 * HOUR, props);
    const { Files } = await world.deploy(waiting('2', props));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 240 min .*It is removed with the rollback/);
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
    await comesToAnEnd(world);
  });

  test('is removed with the stack that could not be created', async () => {
    const world = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    expect(
      (await world.deploy(waiting('1', { timeout: Duration.hours(4), removalPolicy: DESTROY }))).Files.status,
    ).toBe('ROLLBACK_COMPLETE');
    expect(world.ownBackups).toEqual([]);
    await comesToAnEnd(world);
  });

  test('is removed with the rollback also where FSx deletes no running one, if it ends by then', async () => {
    const props = { timeout: Duration.hours(4), removalPolicy: DESTROY };
    const world = await deployed(5 * HOUR, props, { fsx: { deletionInProgress: 'BackupInProgress' } });
    expect((await world.deploy(waiting('2', props))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
  });
});

describe('a deployment that fails while it waits', () => {
  /** A resource beside the backup, which takes two hours to fail. */
  const beside = (version: string) =>
    waiting(version, SIX_HOURS, (stack) => bystander(stack, undefined, version, 'Beside'));

  test('since another resource failed is rolled back at once; a retry takes the backup up', async () => {
    const world = await start();
    expect((await world.deploy(beside('1'))).Files.status).toBe('CREATE_COMPLETE');
    world.fsx.options.backupDuration = () => 4 * HOUR;
    world.cloudFormation.failures.fail({ target: 'Beside', on: 'update', after: 2 * HOUR });
    const since = world.clock.now();
    expect((await world.deploy(beside('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.clock.now() - since).toBeLessThan(2 * HOUR + 10 * MINUTE);
    expect([held(world), versions(world), handles(world).length]).toEqual(['1', ['1', '2'], 1]);
    expect((await world.deploy(beside('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect([held(world), told(world)]).toEqual(['2', world.newest.id]);
    await comesToAnEnd(world);
  });

  test("since another resource of the stack's first deployment failed leaves nothing that runs", async () => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    world.cloudFormation.failures.fail({ target: 'Beside', on: 'create', after: 2 * HOUR });
    expect((await world.deploy(beside('1'))).Files.status).toBe('ROLLBACK_COMPLETE');
    expect(versions(world)).toEqual(['1']);
    await comesToAnEnd(world);
  });

  test('since the user cancelled it is rolled back, and a retry takes the backup up', async () => {
    const world = await deployed(4 * HOUR);
    world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Files'), HOUR);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([held(world), versions(world), handles(world).length]).toEqual(['1', ['1', '2'], 1]);
    await comesToAnEnd(world);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('since the user cancelled while another backup was in the way creates nothing', async () => {
    const world = await deployed(4 * HOUR);
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 40 * MINUTE, ...idOf(world.newest.source) });
    world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Files'), 20 * MINUTE);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await comesToAnEnd(world);
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
  });

  test.each<[string, Props, string[]]>([
    ['stays', {}, ['1']],
    ['is deleted', { removalPolicy: DESTROY }, []],
  ])('since its stack is deleted leaves nothing that runs; the backup %s', async (_, props, left) => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    const deleted = new Promise<{ status: string }>((resolve) => {
      world.clock.setTimeout(() => resolve(world.cloudFormation.destroy('Files')), HOUR);
    });
    await world.deploy(waiting('1', { ...SIX_HOURS, ...props }));
    expect((await world.clock.run(deleted)).status).toBe('DELETE_COMPLETE');
    expect(versions(world)).toEqual(left);
    await comesToAnEnd(world);
  });
});

test('a rollback when the backup is finished goes back to the old; a retry takes up the new', async () => {
  const world = await deployed(3 * HOUR);
  const [handle] = handles(world);
  const first = world.newest;
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
  const { Files } = await world.deploy(waiting('2'));
  expect(Files).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
  expect([held(world), told(world), handles(world)]).toEqual(['1', first.id, [handle]]);

  const since = world.clock.now();
  expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  expect(world.clock.now() - since).toBeLessThan(10 * MINUTE);
  expect(world.calls('fsx:CreateBackup')).toBe(2);
  expect([held(world), told(world), handles(world).length]).toEqual(['2', world.newest.id, 1]);
  await comesToAnEnd(world);
});

describe('no other backup, and no failure', () => {
  test('when the timeout changes from one hour to six, to eight, and back', async () => {
    const world = await start();
    for (const hours of [1, 6, 8, 1, 6]) {
      const { Files } = await world.deploy(waiting('1', { timeout: Duration.hours(hours) }));
      expect([hours, Files.status]).toEqual([hours, expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/)]);
      expect([Files.outputs.BackupId, told(world), handles(world).length]).toEqual([
        world.newest.id,
        world.newest.id,
        hours > 1 ? 1 : 0,
      ]);
    }
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    await comesToAnEnd(world);
  });

  test('when tags change, also years after', async () => {
    const world = await deployed(3 * HOUR);
    const [handle] = handles(world);
    await world.pass(700 * 24 * HOUR);
    const { Files } = await world.deploy(
      waiting('1', SIX_HOURS, (_, backup) => Tags.of(backup).add('team', 'files')),
    );
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(world.newest.tags.get('team')).toBe('files');
    expect([handles(world), world.calls('fsx:CreateBackup'), signals(world).length]).toEqual([
      [handle],
      1,
      1,
    ]);
  });

  test('when nothing changes: nothing is called', async () => {
    const world = await deployed(3 * HOUR);
    const before = world.journal.of('call').length;
    expect((await world.deploy(waiting('1'))).Files).toMatchObject({
      status: 'CREATE_COMPLETE',
      noChanges: true,
    });
    expect(world.journal.of('call')).toHaveLength(before);
  });

  test('when something else changes', async () => {
    const world = await deployed(3 * HOUR);
    const before = world.journal.of('call').length;
    expect(
      (await world.deploy(waiting('1', SIX_HOURS, (stack) => bystander(stack, undefined, '1', 'Another'))))
        .Files.status,
    ).toBe('UPDATE_COMPLETE');
    expect(world.journal.of('call')).toHaveLength(before);
  });
});

describe('a source that is replaced while nothing else in the template changes', () => {
  test('is backed up, waited for, and its backup is the one that is told', async () => {
    const world = await deployed(50 * MINUTE);
    const { Files } = await world.deploy(waiting('1', SIX_HOURS, (stack) => recreate(stack)));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    const [former, current] = world.ownBackups;
    expect(current.source.fileSystemId).not.toBe(former.source.fileSystemId);
    expect([Files.outputs.BackupId, told(world)]).toEqual([current.id, current.id]);
    const updated = Files.events.find(
      ({ logicalId, status }) => logicalId === 'Told' && status === 'UPDATE_IN_PROGRESS',
    )!;
    expect(updated.at).toBeGreaterThanOrEqual(current.createdAt + 50 * MINUTE);
  });

  test('has the hour, and the text does not promise more of `timeout`', async () => {
    const world = await deployed(3 * HOUR);
    const { Files } = await world.deploy(waiting('1', SIX_HOURS, (stack) => recreate(stack)));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 55 min/);
    expect(Files.reason).not.toMatch(/allow more time with `timeout`/);
  });
});

describe('whatever is delivered, lost or repeated, there is one backup and one signal that counts', () => {
  test.each([0, 300, 30_000, 3 * MINUTE, 20 * MINUTE, 2 * HOUR, 5 * HOUR])(
    'where every event comes again after %i ms',
    async (delay) => {
      const world = await deployed(4 * HOUR, SIX_HOURS, { cloudFormation: { redeliveries: [delay] } });
      const { Files } = await world.deploy(waiting('2'));
      expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: world.newest.id } });
      await comesToAnEnd(world);
      expect(versions(world)).toEqual(['1', '2']);
      expect(effective(world)).toEqual(['SUCCESS', 'SUCCESS']);
      expect(held(world)).toBe('2');
    },
  );

  test.each([
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:DescribeFileSystems',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('where the invocation dies after %s', async (operation) => {
    const world = await deployed(4 * HOUR);
    world.lambda.crashAfter(operation);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect([versions(world), effective(world)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test.each([
    ['finished', 4 * HOUR, undefined, 'CREATE_COMPLETE'],
    ['failed', 4_000, 'failed for the test', 'ROLLBACK_COMPLETE'],
  ] as const)(
    'where the first delivery got lost and the second took a backup, which the execution sees when %s',
    async (_, duration, failure, end) => {
      const world = await start({
        fsx: { visibilityDelay: 20_000, backupDuration: () => duration, fail: () => failure },
        cloudFormation: { redeliveries: [1000] },
      });
      world.faults.add('cloudformation:DescribeStackEvents', { from: 1, to: 3 }, { kind: 'lost-response' });
      const since = world.clock.now();
      const { Files } = await world.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
      expect(world.journal.of('execution').filter(({ status }) => status === 'RUNNING')).toHaveLength(
        failure ? 2 : 1,
      ); // the other one is the deletion's
      expect(world.calls('fsx:CreateBackup')).toBe(1);
      expect(Files.status).toBe(end);
      if (failure) {
        expect(Files.reason).toContain("WaitCondition received failed message: 'FSx could not finish backup");
      }
      expect(world.clock.now() - since).toBeLessThan(duration * 1.02 + 20 * MINUTE);
      expect(effective(world)).toEqual([failure ? 'FAILURE' : 'SUCCESS']);
    },
  );

  test('where the invocation dies between the answer and the start of the execution', async () => {
    const world = await deployed(4 * HOUR);
    world.faults.add('states:StartExecution', 1, { kind: 'reset' });
    world.lambda.crashAfter('states:StartExecution');
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect([versions(world), effective(world)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where it dies there, and the backup is finished when the event comes again', async () => {
    const world = await deployed(20_000);
    world.faults.add('states:StartExecution', 1, { kind: 'reset' });
    world.lambda.crashAfter('states:StartExecution');
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect([versions(world), effective(world)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where no execution can be started: the wait condition is told so; the next takes it up', async () => {
    const world = await deployed(4 * HOUR);
    world.faults.add('states:StartExecution', { from: 1 }, { kind: 'server-error' });
    const { Files } = await world.deploy(waiting('2'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /WaitCondition received failed message: 'Starting the state machine that waits failed\./,
    );
    expect(effective(world)).toEqual(['SUCCESS', 'FAILURE']);
    world.faults.clear();
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test.each([
    ['lost', { kind: 'lost-response' }, 2],
    ['reset', { kind: 'reset' }, 2],
    ['refused for a while', { kind: 'server-error' }, 60],
    ['hanging', { kind: 'hang' }, 4],
  ] as const)('where the signal is %s', async (_, fault, times) => {
    const world = await deployed(4 * HOUR);
    const armed = new Promise<void>((resolve) => {
      world.clock.setTimeout(() => {
        // the answer has been given
        world.faults.add('response:PUT', { from: 1, to: times }, fault);
        resolve();
      }, 2 * HOUR);
    });
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    await armed;
    expect(world.faults.hits).toBe(times);
    expect(effective(world)).toEqual(['SUCCESS', 'SUCCESS']);
    await comesToAnEnd(world);
  });

  test('where the answer is refused for twenty minutes', async () => {
    const world = await deployed(4 * HOUR);
    world.faults.add('response:PUT', { from: 1 }, { kind: 'server-error' });
    world.clock.setTimeout(() => world.faults.clear(), 20 * MINUTE);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect([versions(world), effective(world)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where FSx throttles every call for hours', async () => {
    const world = await deployed(4 * HOUR);
    world.clock.setTimeout(() => world.faults.add('fsx:*', { from: 1 }, { kind: 'throttle' }), HOUR);
    world.clock.setTimeout(() => world.faults.clear(), 4 * HOUR + 30 * MINUTE);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(effective(world)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('where FSx throttles every call until the end: the text says so; the next takes it up', async () => {
    const world = await deployed(4 * HOUR);
    world.clock.setTimeout(() => world.faults.add('fsx:*', { from: 1 }, { kind: 'throttle' }), HOUR);
    const throttled = world.deploy(waiting('2'));
    world.clock.setTimeout(() => world.faults.clear(), 6 * HOUR + 4 * MINUTE);
    const { Files } = await throttled;
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 360 min .*Throttling.*AWS did not answer/);
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('where the function cannot be invoked for a minute', async () => {
    const world = await deployed(4 * HOUR);
    world.clock.setTimeout(
      () => world.faults.add('lambda:*', { from: 1, to: 6 }, { kind: 'throttle' }),
      HOUR,
    );
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.faults.hits).toBe(6);
  });

  test('where the function cannot be invoked several times: the wait condition is told so', async () => {
    const world = await deployed(4 * HOUR);
    world.clock.setTimeout(
      () => world.faults.add('lambda:*', { from: 1, to: 9 }, { kind: 'throttle' }),
      HOUR,
    );
    const { Files } = await world.deploy(waiting('2'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /WaitCondition received failed message: 'Looking at the backup failed several times in a row/,
    );
    expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('where whichever call meets whatever passing fault', async () => {
    const [before, next] = ['1', '2'].map((version) => waiting(version));
    const play = async (disturb: (world: World) => void = () => {}) => {
      const world = await start({ fsx: { backupDuration: () => 7_000 } });
      await world.deploy(before);
      const from = world.journal.entries.length;
      disturb(world);
      const { status } = (await world.deploy(next)).Files;
      const made = world.journal.entries
        .slice(from)
        .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
      await world.pass(90 * MINUTE);
      const outcome = [
        status,
        versions(world),
        held(world),
        told(world) === world.newest.id,
        effective(world),
      ];
      await world.close();
      return { outcome, made: [...made, 'response:PUT'] };
    };
    const { outcome, made } = await play();
    expect(outcome).toEqual(['UPDATE_COMPLETE', ['1', '2'], '2', true, ['SUCCESS', 'SUCCESS']]);
    for (const [operation, nth] of numbered(made)) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const where = `${what} at ${operation} ${nth}`;
        expect([where, (await play(({ faults }) => faults.add(operation, nth, fault))).outcome]).toEqual([
          where,
          outcome,
        ]);
      }
    }
  }, 240_000);
});

describe('a backup that was only started', () => {
  const started = async () => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    await world.deploy(waiting('1', { waitUntil: WaitUntil.STARTED }));
    return world;
  };

  test('is waited for as long as an update says', async () => {
    const world = await started();
    const { Files } = await world.deploy(waiting('1', SIX_HOURS));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(lifecycleOf(world.newest, world.clock.now())).toBe('AVAILABLE');
    expect([world.calls('fsx:CreateBackup'), effective(world)]).toEqual([1, ['SUCCESS']]);
  });

  test('stays where the update does not wait long enough', async () => {
    const world = await started();
    const { Files } = await world.deploy(
      waiting('1', { timeout: Duration.hours(2), removalPolicy: DESTROY }),
    );
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /is not finished after 120 min .*It goes on, and stays this resource's backup/,
    );
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
  });

  test("and fails while an update waits for it fails the update, and is the resource's husk", async () => {
    const world = await start({
      fsx: { backupDuration: () => 4 * HOUR, fail: () => 'failed for the test' },
    });
    await world.deploy(waiting('1', { waitUntil: WaitUntil.STARTED, removalPolicy: DESTROY }));
    const { Files } = await world.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/failed for the test/);
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
    await comesToAnEnd(world);
  });
});

test('two long backups of one source are taken in turn, where one is to come after the other', async () => {
  const world = await start({ fsx: { backupDuration: () => 3 * HOUR } });
  const { Files } = await world.deploy(
    synthesize((stack) => {
      const source = sourceOf(stack, 'LUSTRE');
      const first = new FsxBackup(stack, 'First', { source, ...SIX_HOURS });
      new FsxBackup(stack, 'Second', { source, ...SIX_HOURS, executeAfter: [first] });
    }),
  );
  expect(Files.status).toBe('CREATE_COMPLETE');
  expect(world.ownBackups.map((backup) => backup.tags.get('Name'))).toEqual(['Files/First', 'Files/Second']);
});

describe("somebody else's backup in the way", () => {
  const inTheWay = async (duration: number) => {
    const world = await deployed(3 * HOUR);
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration, ...idOf(world.newest.source) });
    const since = world.clock.now();
    const { Files } = await world.deploy(waiting('2'));
    return { world, Files, took: world.clock.now() - since };
  };

  test('for 40 minutes is waited out', async () => {
    const { world, Files } = await inTheWay(40 * MINUTE);
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect([held(world), effective(world)]).toEqual(['2', ['SUCCESS', 'SUCCESS']]);
  });

  test('for two hours fails the deployment after 55 minutes, with a text', async () => {
    const { world, Files, took } = await inTheWay(2 * HOUR);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /Received response status \[FAILED\].*Backing up fs-\w+ was not possible in 55 min\. /.source +
          /BackupInProgress: .*Try again when it is over/.source,
      ),
    );
    expect(took).toBeLessThan(HOUR);
    expect([held(world), versions(world)]).toEqual(['1', ['1']]);
    await comesToAnEnd(world);
  });
});

test('with keepLast, older backups go when the wait is over, and none when it ends badly', async () => {
  const props: Props = { timeout: Duration.hours(4), keepLast: 2 };
  const world = await deployed(3 * HOUR, props);
  for (const version of ['2', '3']) {
    expect((await world.deploy(waiting(version, props))).Files.status).toBe('UPDATE_COMPLETE');
  }
  expect(versions(world)).toEqual(['2', '3']);
  world.fsx.options.backupDuration = () => 5 * HOUR;
  expect((await world.deploy(waiting('4', props))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect([versions(world), held(world)]).toEqual([['2', '3', '4'], '3']);
  expect((await world.deploy(waiting('4', props))).Files.status).toBe('UPDATE_COMPLETE');
  expect([versions(world), held(world)]).toEqual([['3', '4'], '4']);
});

describe("a guard of a file system's own changes", () => {
  const app = (capacity: number, more: (stack: Stack) => void = () => {}) =>
    synthesize((stack) => {
      sourceOf(stack, 'LUSTRE');
      const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
      fileSystem.storageCapacity = capacity;
      const guard = FsxBackup.beforeUpdateOf(stack, 'Backup', fileSystem, SIX_HOURS);
      Tags.of(guard).add('version', String(capacity));
      new CfnOutput(stack, 'BackupId', { value: guard.backupId });
      more(stack);
    });

  test('has nothing to wait for at first, and then waits for hours before the change', async () => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    const { Files: first } = await world.deploy(app(1200));
    expect(first).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(first.events.at(-1)!.at - first.events[0].at).toBeLessThan(20 * MINUTE);
    expect(effective(world)).toEqual(['SUCCESS']);

    const { Files } = await world.deploy(app(2400));
    expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: world.newest.id } });
    const changed = Files.events.find(
      ({ logicalId, status }) => logicalId === 'Source' && status === 'UPDATE_IN_PROGRESS',
    )!;
    expect(changed.at).toBeGreaterThanOrEqual(world.newest.createdAt + 4 * HOUR);
  });

  test('waits for hours before a replacement, of the one that goes', async () => {
    const world = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    await world.deploy(app(1200));
    const [{ physicalId: old }] = world.resourcesOf('AWS::FSx::FileSystem');
    expect((await world.deploy(app(1200, (stack) => recreate(stack)))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.newest.source.fileSystemId).toBe(old);
    expect(world.resourcesOf('AWS::FSx::FileSystem')[0].physicalId).not.toBe(old);
  });
});

describe('with rollback disabled', () => {
  /**
   * A stack with two wait conditions that are met, since the deployment that came after the first backup has
   * failed, and not been rolled back.
   */
  const halfway = async (takes: number) => {
    const world = await deployed(MINUTE);
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(waiting('2'), { disableRollback: true })).Files.status).toBe('UPDATE_FAILED');
    world.cloudFormation.failures.clear();
    expect(world.resourcesOf('AWS::CloudFormation::WaitCondition')).toHaveLength(2);
    world.fsx.options.backupDuration = () => takes;
    return world;
  };

  test('what goes back to the former triggers waits for its backup, its wait condition or not', async () => {
    const world = await halfway(30 * MINUTE);
    expect((await world.deploy(waiting('1'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expect(world.timeOf('Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(world.newest));
    expect([held(world), told(world), effective(world)]).toEqual([
      '1',
      world.newest.id,
      ['SUCCESS', 'SUCCESS'],
    ]);
    await comesToAnEnd(world);
  });

  test('a backup of over an hour then fails after 55 minutes, and the next one takes it up', async () => {
    const world = await halfway(90 * MINUTE);
    // with rollback, all that failed before would be rolled back as well
    const { Files } = await world.deploy(waiting('1'), { disableRollback: true });
    expect(Files.status).toBe('UPDATE_FAILED');
    expect(Files.reason).toMatch(
      new RegExp(
        /is not finished after 55 min \(CREATING, 61 %\)\. It goes on: deploy again and the /.source +
          /deployment takes it up\./.source,
      ),
    );
    expect((await world.deploy(waiting('1'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    expect(world.timeOf('Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(world.newest));
    expect([held(world), told(world)]).toEqual(['1', world.newest.id]);
    await comesToAnEnd(world);
  });

  test('a wait that ended badly ends so again, since the handle keeps what it was told', async () => {
    const props = { timeout: Duration.hours(4) };
    const world = await deployed(5 * HOUR, props);
    const { Files } = await world.deploy(waiting('2', props), { disableRollback: true });
    await world.pass(2 * HOUR);
    const { Files: retried } = await world.deploy(waiting('2', props), { disableRollback: true });
    expect([Files.status, retried.status]).toEqual(['UPDATE_FAILED', 'UPDATE_FAILED']);
    expect(retried.reason).toBe(Files.reason);
    expect(world.calls('fsx:CreateBackup')).toBe(2);
  });

  test('a wait that ended badly goes on with another timeout', async () => {
    const world = await deployed(5 * HOUR, { timeout: Duration.hours(4) });
    expect(
      (await world.deploy(waiting('2', { timeout: Duration.hours(4) }), { disableRollback: true })).Files
        .status,
    ).toBe('UPDATE_FAILED');
    expect((await world.deploy(waiting('2', { timeout: Duration.hours(6) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect(told(world)).toBe(world.newest.id);
  });

  test.each<[string, Props, Duration]>([
    ['shorter', { keepLast: 2 }, Duration.hours(1)],
    ['shorter', { removalPolicy: DESTROY }, Duration.hours(1)],
    ['longer', { keepLast: 2 }, Duration.hours(6)],
    ['longer', {}, Duration.hours(6)],
    ['shorter', {}, Duration.hours(1)],
  ])(
    'a backup that failed while a %s wait was to come, and is gone, is no backup (%j)',
    async (_, props, timeout) => {
      const world = await deployed(30 * MINUTE, { ...props, timeout: Duration.hours(4) });
      world.fsx.options.fail = () => 'failed for the test';
      expect(
        (
          await world.deploy(waiting('2', { ...props, timeout: Duration.hours(4) }), {
            disableRollback: true,
          })
        ).Files.status,
      ).toBe('UPDATE_FAILED');
      world.fsx.options.fail = () => undefined;
      expect(
        (await world.deploy(waiting('2', { ...props, timeout }), { disableRollback: true })).Files.status,
      ).toBe('UPDATE_COMPLETE');
      expect(lifecycleOf(world.newest, world.clock.now())).toBe('AVAILABLE');
      expect([held(world), told(world)]).toEqual(['2', world.newest.id]);
      const before = world.calls('fsx:CreateBackup');
      expect((await world.deploy(waiting('2', { ...props, timeout: Duration.hours(5) }))).Files.status).toBe(
        'UPDATE_COMPLETE',
      );
      expect(world.calls('fsx:CreateBackup')).toBe(before);
    },
  );

  test('a backup that failed, and fails again, is rolled back to the one before', async () => {
    const props: Props = { keepLast: 2 };
    const world = await deployed(30 * MINUTE, { ...props, timeout: Duration.hours(4) });
    const [former] = world.ownBackups;
    world.fsx.options.fail = () => 'failed for the test';
    await world.deploy(waiting('2', { ...props, timeout: Duration.hours(4) }), { disableRollback: true });
    expect((await world.deploy(waiting('2', { ...props, timeout: Duration.hours(1) }))).Files.status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    await comesToAnEnd(world);
    expect(world.ownBackups.map(({ id }) => id)).toEqual([former.id]);
  });
});

test('neither the log nor a reason holds the URL of an answer or of a handle, whatever happens', async () => {
  const world = await deployed(3 * HOUR);
  world.faults.add('response:PUT', { from: 1, to: 7 }, { kind: 'reset' });
  world.clock.setTimeout(
    () => world.faults.add('response:PUT', { from: 1, to: 7 }, { kind: 'hang' }),
    2 * HOUR,
  );
  world.lambda.crashAfter('fsx:DescribeBackups', 4);
  expect((await world.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  world.fsx.options.fail = () => 'failed for the test';
  await world.deploy(waiting('3'));
  const written =
    world.log +
    world.journal
      .of('event')
      .map(({ reason }) => reason)
      .join('\n');
  expect(written).toContain('could not be delivered');
  expect(written).not.toMatch(/X-Amz-Signature|127\.0\.0\.1|cloudformation-waitcondition/);
});
