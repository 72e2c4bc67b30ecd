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
import {
  bystander,
  calls,
  finishedAt,
  idOf,
  logOf,
  MINUTE,
  ownBackupsIn,
  passTime,
  recreate,
  sourceOf,
  start,
  synthesize,
  timeOf,
} from './fixture';
import { BackupRecord, lifecycleOf } from '../../sandbox/fsx/backup';
import type { Sandbox } from '../../sandbox/sandbox';
import { BackupTrigger, FsxBackup, FsxBackupProps, WaitUntil } from '../../src';

const { DESTROY } = RemovalPolicy;
const HOUR = 60 * MINUTE;

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
): Promise<Sandbox> {
  const sandbox = await start(options);
  expect((await sandbox.deploy(waiting('1', props))).Files.status).toBe('CREATE_COMPLETE');
  sandbox.fsx.options.backupDuration = () => duration;
  return sandbox;
}

const versions = (sandbox: Sandbox) =>
  newestLast(ownBackupsIn(sandbox)).map((backup) => backup.tags.get('version'));
const newestLast = (backups: BackupRecord[]) => [...backups].sort((a, b) => a.createdAt - b.createdAt);
const newest = (sandbox: Sandbox) => newestLast(ownBackupsIn(sandbox)).at(-1)!;
const resources = (sandbox: Sandbox, type: string) =>
  Object.values(sandbox.cloudFormation.stack('Files').resources).filter((resource) => resource.type === type);
const held = (sandbox: Sandbox) =>
  sandbox.fsx.backups.get(resources(sandbox, 'Custom::FsxBackup')[0].physicalId!)?.tags.get('version');
const told = (sandbox: Sandbox) =>
  resources(sandbox, 'AWS::SSM::Parameter').find(({ logicalId }) => logicalId === 'Told')?.properties.Value;
const handles = (sandbox: Sandbox) =>
  resources(sandbox, 'AWS::CloudFormation::WaitConditionHandle').map(({ logicalId }) => logicalId);

/** What wait conditions were told, with what became of it. */
function signals(sandbox: Sandbox) {
  return sandbox.journal.of('response').filter(({ body }) => body?.UniqueId !== undefined);
}

const effective = (sandbox: Sandbox) =>
  signals(sandbox)
    .filter(({ effect }) => effect === 'accepted')
    .map(({ body }) => body.Status);

/** Whatever still runs gets its time; then nothing may run any more, and nothing may have been started. */
async function comesToAnEnd(sandbox: Sandbox): Promise<void> {
  const before = calls(sandbox, 'fsx:CreateBackup');
  await passTime(sandbox, 13 * HOUR);
  expect([...sandbox.stepFunctions.executions.values()].filter(({ status }) => status === 'RUNNING')).toEqual(
    [],
  );
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(before);
}

describe('five hours of backup', () => {
  test('with a timeout of six: success, and at most 260 looks', async () => {
    const sandbox = await deployed(5 * HOUR);
    const before = calls(sandbox, 'fsx:DescribeBackups');
    const { Files } = await sandbox.deploy(waiting('2'));
    expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: newest(sandbox).id } });
    expect(calls(sandbox, 'fsx:DescribeBackups') - before).toBeLessThanOrEqual(260);
    expect(calls(sandbox, 'fsx:DescribeBackups') - before).toBeGreaterThan(200);
    expect([held(sandbox), told(sandbox), versions(sandbox)]).toEqual(['2', newest(sandbox).id, ['1', '2']]);
    expect(effective(sandbox)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test.each([
    ['is running', 0],
    ['is finished', 2 * HOUR],
  ])(
    'with a timeout of four: failure with progress, and the next deployment takes the backup up, which %s',
    async (_, later) => {
      const fourHours = { timeout: Duration.hours(4) };
      const sandbox = await deployed(5 * HOUR, fourHours);
      const since = sandbox.clock.now();
      const { Files } = await sandbox.deploy(waiting('2', fourHours));
      expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(Files.reason).toMatch(
        new RegExp(
          /^WaitCondition received failed message: 'Backup (backup-\w+) of fs-\w+ is not /.source +
            /finished after 240 min \(TRANSFERRING, (79|80) %\)\. It goes on: deploy again and /.source +
            /the deployment takes it up\..*' for uniqueId: FsxBackup$/.source,
        ),
      );
      expect(Files.reason).toContain(newest(sandbox).id);
      expect(sandbox.clock.now() - since).toBeLessThan(4 * HOUR + 10 * MINUTE);
      expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1', '2']]);

      await passTime(sandbox, later);
      const { Files: retried } = await sandbox.deploy(waiting('2', fourHours));
      expect(retried).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: newest(sandbox).id } });
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
      expect([held(sandbox), told(sandbox)]).toEqual(['2', newest(sandbox).id]);
      await comesToAnEnd(sandbox);
    },
  );

  test('with a timeout that was too short may be taken up with a longer one', async () => {
    const sandbox = await deployed(5 * HOUR, { timeout: Duration.hours(2) });
    expect((await sandbox.deploy(waiting('2', { timeout: Duration.hours(2) }))).Files.status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect((await sandbox.deploy(waiting('2', { timeout: Duration.hours(6) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
    expect(held(sandbox)).toBe('2');
  });

  test('in the first deployment of a stack', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    const { Files } = await sandbox.deploy(waiting('1'));
    expect(Files).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: newest(sandbox).id } });
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  });

  test('in the first deployment of a stack that waits for four: a new one does not take it up', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    const { Files } = await sandbox.deploy(waiting('1', { timeout: Duration.hours(4) }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /is not finished after 240 min .*It goes on and stays, but a stack whose creation /.source +
          /failed has to be created anew/.source,
      ),
    );
    expect(versions(sandbox)).toEqual(['1']);
    await comesToAnEnd(sandbox);
  });
});

describe('twelve hours', () => {
  test('are enough for 11 hours and 50 minutes, with 330 looks at most, and a short history', async () => {
    const sandbox = await deployed(11 * HOUR + 50 * MINUTE, { timeout: Duration.hours(12) });
    const before = calls(sandbox, 'fsx:DescribeBackups');
    const { Files } = await sandbox.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:DescribeBackups') - before).toBeLessThanOrEqual(335);
    const executions = [...sandbox.stepFunctions.executions.values()];
    expect(executions).toHaveLength(2);
    expect(executions[1].events).toBeLessThan(25_000 / 5);
    expect(executions[1].events).toBeGreaterThan(2000);
  });

  test('are over after 11 hours and 55 minutes, with a text', async () => {
    const sandbox = await deployed(14 * HOUR, { timeout: Duration.hours(12) });
    const { Files } = await sandbox.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.reason).toMatch(/is not finished after 715 min \(TRANSFERRING, 85 %\)/);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await sandbox.deploy(waiting('2', { timeout: Duration.hours(12) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('are counted from the request, and over in time also where another backup came first', async () => {
    const sandbox = await deployed(14 * HOUR, { timeout: Duration.hours(12) });
    sandbox.fsx.plantBackup({ type: 'AUTOMATIC', duration: 50 * MINUTE, ...idOf(newest(sandbox).source) });
    const { Files } = await sandbox.deploy(waiting('2', { timeout: Duration.hours(12) }));
    expect(Files.reason).toMatch(/is not finished after 715 min/);
  });
});

describe('what comes after the backup', () => {
  test('waits until it is AVAILABLE, and is told its id; the resource is answered at the start', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const begun: Record<string, string> = {};
    sandbox.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.status !== 'CREATE_IN_PROGRESS' ||
        entry.type !== 'AWS::SSM::Parameter'
      ) {
        return;
      }
      begun[entry.logicalId] ??= lifecycleOf(newest(sandbox), sandbox.clock.now());
    });
    const { Files } = await sandbox.deploy(waiting('1'));
    expect(begun).toEqual({ Bystander: 'AVAILABLE', Told: 'AVAILABLE' });
    expect([told(sandbox), Files.outputs.BackupId]).toEqual([newest(sandbox).id, newest(sandbox).id]);

    const [answer, signal, ...others] = sandbox.journal.of('response');
    expect(others).toEqual([]);
    expect(answer.body).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: newest(sandbox).id,
      Data: { BackupLifecycle: 'PENDING' },
    });
    expect(answer.at - newest(sandbox).createdAt).toBeLessThan(MINUTE);
    expect(signal.body).toEqual({
      Status: 'SUCCESS',
      UniqueId: 'FsxBackup',
      Data: newest(sandbox).id,
      Reason: expect.any(String),
    });
    expect(signal.at - newest(sandbox).createdAt).toBeGreaterThanOrEqual(3 * HOUR);
    expect(signal.at - newest(sandbox).createdAt).toBeLessThan(3 * HOUR * 1.02);
  });

  test('in another stack is told its id', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
    const { Files, Other } = await sandbox.deploy(
      synthesize((stack) => {
        const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'LUSTRE'), ...SIX_HOURS });
        new ssm.CfnParameter(new Stack(stack.node.root as App, 'Other'), 'Told', {
          type: 'String',
          value: backup.backupId,
        });
      }),
    );
    expect([Files.status, Other.status]).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
    expect(sandbox.cloudFormation.stack('Other').resources.Told.properties.Value).toBe(newest(sandbox).id);
    expect(Other.events[0].at).toBeGreaterThanOrEqual(newest(sandbox).createdAt + 3 * HOUR);
  });

  test.each(['inside', 'outside'])('of a nested stack waits as well, %s of it', async (where) => {
    const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
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
    sandbox.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.logicalId !== 'Told' ||
        !/^(CREATE|UPDATE)_IN_PROGRESS$/.test(entry.status)
      ) {
        return;
      }
      if (entry.reason === undefined) begun.push(lifecycleOf(newest(sandbox), sandbox.clock.now()));
    });
    for (const version of ['1', '2']) {
      expect((await sandbox.deploy(app(version))).Files.status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
    }
    expect(begun).toEqual(['AVAILABLE', 'AVAILABLE']);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });
});

describe('a backup that fails in the middle', () => {
  const failing = async (props: Props) => {
    const sandbox = await deployed(3 * HOUR, { ...SIX_HOURS, ...props });
    sandbox.fsx.options.fail = () => 'The volume ran out of space for the snapshot.';
    const { Files } = await sandbox.deploy(waiting('2', { ...SIX_HOURS, ...props }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /^WaitCondition received failed message: 'FSx could not finish backup backup-\w+ of /.source +
          /fs-\w+: The volume ran out of space for the snapshot\. .*' for uniqueId: FsxBackup$/.source,
      ),
    );
    expect(held(sandbox)).toBe('1');
    expect(effective(sandbox)).toEqual(['SUCCESS', 'FAILURE']);
    await comesToAnEnd(sandbox);
    return { sandbox, reason: Files.reason };
  };

  test("fails the deployment with FSx's reason, and what is left of it is named", async () => {
    const { sandbox, reason } = await failing({});
    expect(reason).toMatch(/What is left of it counts towards the quota until you delete it/);
    expect(versions(sandbox)).toEqual(['1', '2']);
    sandbox.fsx.options.fail = () => undefined;
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
  });

  test.each<[string, Props]>([
    ['DESTROY', { removalPolicy: DESTROY }],
    ['keepLast', { keepLast: 2 }],
  ])('is removed with %s', async (_, props) => {
    const { sandbox, reason } = await failing(props);
    expect(reason).toMatch(/What was left of it is removed/);
    expect(versions(sandbox)).toEqual(['1']);
  });

  test("of a stack's first deployment fails it", async () => {
    const sandbox = await start({
      fsx: { backupDuration: () => 3 * HOUR, fail: () => 'failed for the test' },
    });
    const { Files } = await sandbox.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/failed for the test/);
    expect(ownBackupsIn(sandbox)).toEqual([]);
  });
});

test('a backup that somebody deletes meanwhile fails the deployment, which can be repeated', async () => {
  const sandbox = await deployed(3 * HOUR);
  sandbox.clock.setTimeout(() => sandbox.fsx.backups.delete(newest(sandbox).id), 2 * HOUR);
  const { Files } = await sandbox.deploy(waiting('2'));
  expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(Files.reason).toMatch(/was deleted by somebody while it was awaited\. Try again to take another/);
  expect(held(sandbox)).toBe('1');
  expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  expect([held(sandbox), versions(sandbox)]).toEqual(['2', ['1', '2']]);
});

describe('a backup that takes too long, with DESTROY', () => {
  test('is removed with the rollback', async () => {
    const props = { timeout: Duration.hours(4), removalPolicy: DESTROY };
    const sandbox = await deployed(5 * HOUR, props);
    const { Files } = await sandbox.deploy(waiting('2', props));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 240 min .*It is removed with the rollback/);
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
    await comesToAnEnd(sandbox);
  });

  test('is removed with the stack that could not be created', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 5 * HOUR } });
    expect(
      (await sandbox.deploy(waiting('1', { timeout: Duration.hours(4), removalPolicy: DESTROY }))).Files
        .status,
    ).toBe('ROLLBACK_COMPLETE');
    expect(ownBackupsIn(sandbox)).toEqual([]);
    await comesToAnEnd(sandbox);
  });

  test('is removed with the rollback also where FSx deletes no running one, if it ends by then', async () => {
    const props = { timeout: Duration.hours(4), removalPolicy: DESTROY };
    const sandbox = await deployed(5 * HOUR, props, { fsx: { deletionInProgress: 'BackupInProgress' } });
    expect((await sandbox.deploy(waiting('2', props))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
  });
});

describe('a deployment that fails while it waits', () => {
  /** A resource beside the backup, which takes two hours to fail. */
  const beside = (version: string) =>
    waiting(version, SIX_HOURS, (stack) => bystander(stack, undefined, version, 'Beside'));

  test('since another resource failed is rolled back at once; a retry takes the backup up', async () => {
    const sandbox = await start();
    expect((await sandbox.deploy(beside('1'))).Files.status).toBe('CREATE_COMPLETE');
    sandbox.fsx.options.backupDuration = () => 4 * HOUR;
    sandbox.cloudFormation.failures.fail({ target: 'Beside', on: 'update', after: 2 * HOUR });
    const since = sandbox.clock.now();
    expect((await sandbox.deploy(beside('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(sandbox.clock.now() - since).toBeLessThan(2 * HOUR + 10 * MINUTE);
    expect([held(sandbox), versions(sandbox), handles(sandbox).length]).toEqual(['1', ['1', '2'], 1]);
    expect((await sandbox.deploy(beside('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
    expect([held(sandbox), told(sandbox)]).toEqual(['2', newest(sandbox).id]);
    await comesToAnEnd(sandbox);
  });

  test("since another resource of the stack's first deployment failed leaves nothing that runs", async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    sandbox.cloudFormation.failures.fail({ target: 'Beside', on: 'create', after: 2 * HOUR });
    expect((await sandbox.deploy(beside('1'))).Files.status).toBe('ROLLBACK_COMPLETE');
    expect(versions(sandbox)).toEqual(['1']);
    await comesToAnEnd(sandbox);
  });

  test('since the user cancelled it is rolled back, and a retry takes the backup up', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.clock.setTimeout(() => sandbox.cloudFormation.cancelUpdate('Files'), HOUR);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([held(sandbox), versions(sandbox), handles(sandbox).length]).toEqual(['1', ['1', '2'], 1]);
    await comesToAnEnd(sandbox);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('since the user cancelled while another backup was in the way creates nothing', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.fsx.plantBackup({ type: 'AUTOMATIC', duration: 40 * MINUTE, ...idOf(newest(sandbox).source) });
    sandbox.clock.setTimeout(() => sandbox.cloudFormation.cancelUpdate('Files'), 20 * MINUTE);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    await comesToAnEnd(sandbox);
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
  });

  test.each<[string, Props, string[]]>([
    ['stays', {}, ['1']],
    ['is deleted', { removalPolicy: DESTROY }, []],
  ])('since its stack is deleted leaves nothing that runs; the backup %s', async (_, props, left) => {
    const sandbox = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    const deleted = new Promise<{ status: string }>((resolve) => {
      sandbox.clock.setTimeout(() => resolve(sandbox.cloudFormation.destroy('Files')), HOUR);
    });
    await sandbox.deploy(waiting('1', { ...SIX_HOURS, ...props }));
    expect((await sandbox.clock.run(deleted)).status).toBe('DELETE_COMPLETE');
    expect(versions(sandbox)).toEqual(left);
    await comesToAnEnd(sandbox);
  });
});

test('a rollback when the backup is finished goes back to the old; a retry takes up the new', async () => {
  const sandbox = await deployed(3 * HOUR);
  const [handle] = handles(sandbox);
  const first = newest(sandbox);
  sandbox.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
  const { Files } = await sandbox.deploy(waiting('2'));
  expect(Files).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
  expect([held(sandbox), told(sandbox), handles(sandbox)]).toEqual(['1', first.id, [handle]]);

  const since = sandbox.clock.now();
  expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  expect(sandbox.clock.now() - since).toBeLessThan(10 * MINUTE);
  expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  expect([held(sandbox), told(sandbox), handles(sandbox).length]).toEqual(['2', newest(sandbox).id, 1]);
  await comesToAnEnd(sandbox);
});

describe('no other backup, and no failure', () => {
  test('when the timeout changes from one hour to six, to eight, and back', async () => {
    const sandbox = await start();
    for (const hours of [1, 6, 8, 1, 6]) {
      const { Files } = await sandbox.deploy(waiting('1', { timeout: Duration.hours(hours) }));
      expect([hours, Files.status]).toEqual([hours, expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/)]);
      expect([Files.outputs.BackupId, told(sandbox), handles(sandbox).length]).toEqual([
        newest(sandbox).id,
        newest(sandbox).id,
        hours > 1 ? 1 : 0,
      ]);
    }
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    await comesToAnEnd(sandbox);
  });

  test('when tags change, also years after', async () => {
    const sandbox = await deployed(3 * HOUR);
    const [handle] = handles(sandbox);
    await passTime(sandbox, 700 * 24 * HOUR);
    const { Files } = await sandbox.deploy(
      waiting('1', SIX_HOURS, (_, backup) => Tags.of(backup).add('team', 'files')),
    );
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(newest(sandbox).tags.get('team')).toBe('files');
    expect([handles(sandbox), calls(sandbox, 'fsx:CreateBackup'), signals(sandbox).length]).toEqual([
      [handle],
      1,
      1,
    ]);
  });

  test('when nothing changes: nothing is called', async () => {
    const sandbox = await deployed(3 * HOUR);
    const before = sandbox.journal.of('call').length;
    expect((await sandbox.deploy(waiting('1'))).Files).toMatchObject({
      status: 'CREATE_COMPLETE',
      noChanges: true,
    });
    expect(sandbox.journal.of('call')).toHaveLength(before);
  });

  test('when something else changes', async () => {
    const sandbox = await deployed(3 * HOUR);
    const before = sandbox.journal.of('call').length;
    expect(
      (await sandbox.deploy(waiting('1', SIX_HOURS, (stack) => bystander(stack, undefined, '1', 'Another'))))
        .Files.status,
    ).toBe('UPDATE_COMPLETE');
    expect(sandbox.journal.of('call')).toHaveLength(before);
  });
});

describe('a source that is replaced while nothing else in the template changes', () => {
  test('is backed up, waited for, and its backup is the one that is told', async () => {
    const sandbox = await deployed(50 * MINUTE);
    const { Files } = await sandbox.deploy(waiting('1', SIX_HOURS, (stack) => recreate(stack)));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    const [former, current] = newestLast(ownBackupsIn(sandbox));
    expect(current.source.fileSystemId).not.toBe(former.source.fileSystemId);
    expect([Files.outputs.BackupId, told(sandbox)]).toEqual([current.id, current.id]);
    const updated = Files.events.find(
      ({ logicalId, status }) => logicalId === 'Told' && status === 'UPDATE_IN_PROGRESS',
    )!;
    expect(updated.at).toBeGreaterThanOrEqual(current.createdAt + 50 * MINUTE);
  });

  test('has the hour, and the text does not promise more of `timeout`', async () => {
    const sandbox = await deployed(3 * HOUR);
    const { Files } = await sandbox.deploy(waiting('1', SIX_HOURS, (stack) => recreate(stack)));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 55 min/);
    expect(Files.reason).not.toMatch(/allow more time with `timeout`/);
  });
});

describe('whatever is delivered, lost or repeated, there is one backup and one signal that counts', () => {
  test.each([0, 300, 30_000, 3 * MINUTE, 20 * MINUTE, 2 * HOUR, 5 * HOUR])(
    'where every event comes again after %i ms',
    async (delay) => {
      const sandbox = await deployed(4 * HOUR, SIX_HOURS, { cloudFormation: { redeliveries: [delay] } });
      const { Files } = await sandbox.deploy(waiting('2'));
      expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: newest(sandbox).id } });
      await comesToAnEnd(sandbox);
      expect(versions(sandbox)).toEqual(['1', '2']);
      expect(effective(sandbox)).toEqual(['SUCCESS', 'SUCCESS']);
      expect(held(sandbox)).toBe('2');
    },
  );

  test.each([
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:DescribeFileSystems',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('where the invocation dies after %s', async (operation) => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.lambda.crashAfter(operation);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(sandbox.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect([versions(sandbox), effective(sandbox)]).toEqual([
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
      const sandbox = await start({
        fsx: { visibilityDelay: 20_000, backupDuration: () => duration, fail: () => failure },
        cloudFormation: { redeliveries: [1000] },
      });
      sandbox.faults.add('cloudformation:DescribeStackEvents', { from: 1, to: 3 }, { kind: 'lost-response' });
      const since = sandbox.clock.now();
      const { Files } = await sandbox.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
      expect(sandbox.journal.of('execution').filter(({ status }) => status === 'RUNNING')).toHaveLength(
        failure ? 2 : 1,
      ); // the other one is the deletion's
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
      expect(Files.status).toBe(end);
      if (failure) {
        expect(Files.reason).toContain("WaitCondition received failed message: 'FSx could not finish backup");
      }
      expect(sandbox.clock.now() - since).toBeLessThan(duration * 1.02 + 20 * MINUTE);
      expect(effective(sandbox)).toEqual([failure ? 'FAILURE' : 'SUCCESS']);
    },
  );

  test('where the invocation dies between the answer and the start of the execution', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.faults.add('states:StartExecution', 1, { kind: 'reset' });
    sandbox.lambda.crashAfter('states:StartExecution');
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(sandbox.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect([versions(sandbox), effective(sandbox)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where it dies there, and the backup is finished when the event comes again', async () => {
    const sandbox = await deployed(20_000);
    sandbox.faults.add('states:StartExecution', 1, { kind: 'reset' });
    sandbox.lambda.crashAfter('states:StartExecution');
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect([versions(sandbox), effective(sandbox)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where no execution can be started: the wait condition is told so; the next takes it up', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.faults.add('states:StartExecution', { from: 1 }, { kind: 'server-error' });
    const { Files } = await sandbox.deploy(waiting('2'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /WaitCondition received failed message: 'Starting the state machine that waits failed\./,
    );
    expect(effective(sandbox)).toEqual(['SUCCESS', 'FAILURE']);
    sandbox.faults.clear();
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test.each([
    ['lost', { kind: 'lost-response' }, 2],
    ['reset', { kind: 'reset' }, 2],
    ['refused for a while', { kind: 'server-error' }, 60],
    ['hanging', { kind: 'hang' }, 4],
  ] as const)('where the signal is %s', async (_, fault, times) => {
    const sandbox = await deployed(4 * HOUR);
    const armed = new Promise<void>((resolve) => {
      sandbox.clock.setTimeout(() => {
        // the answer has been given
        sandbox.faults.add('response:PUT', { from: 1, to: times }, fault);
        resolve();
      }, 2 * HOUR);
    });
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    await armed;
    expect(sandbox.faults.hits).toBe(times);
    expect(effective(sandbox)).toEqual(['SUCCESS', 'SUCCESS']);
    await comesToAnEnd(sandbox);
  });

  test('where the answer is refused for twenty minutes', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.faults.add('response:PUT', { from: 1 }, { kind: 'server-error' });
    sandbox.clock.setTimeout(() => sandbox.faults.clear(), 20 * MINUTE);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect([versions(sandbox), effective(sandbox)]).toEqual([
      ['1', '2'],
      ['SUCCESS', 'SUCCESS'],
    ]);
  });

  test('where FSx throttles every call for hours', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.clock.setTimeout(() => sandbox.faults.add('fsx:*', { from: 1 }, { kind: 'throttle' }), HOUR);
    sandbox.clock.setTimeout(() => sandbox.faults.clear(), 4 * HOUR + 30 * MINUTE);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(effective(sandbox)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('where FSx throttles every call until the end: the text says so; the next takes it up', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.clock.setTimeout(() => sandbox.faults.add('fsx:*', { from: 1 }, { kind: 'throttle' }), HOUR);
    const throttled = sandbox.deploy(waiting('2'));
    sandbox.clock.setTimeout(() => sandbox.faults.clear(), 6 * HOUR + 4 * MINUTE);
    const { Files } = await throttled;
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/is not finished after 360 min .*Throttling.*AWS did not answer/);
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('where the function cannot be invoked for a minute', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.clock.setTimeout(
      () => sandbox.faults.add('lambda:*', { from: 1, to: 6 }, { kind: 'throttle' }),
      HOUR,
    );
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(sandbox.faults.hits).toBe(6);
  });

  test('where the function cannot be invoked several times: the wait condition is told so', async () => {
    const sandbox = await deployed(4 * HOUR);
    sandbox.clock.setTimeout(
      () => sandbox.faults.add('lambda:*', { from: 1, to: 9 }, { kind: 'throttle' }),
      HOUR,
    );
    const { Files } = await sandbox.deploy(waiting('2'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /WaitCondition received failed message: 'Looking at the backup failed several times in a row/,
    );
    expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('where whichever call meets whatever passing fault', async () => {
    const [before, next] = ['1', '2'].map((version) => waiting(version));
    const play = async (disturb: (sandbox: Sandbox) => void = () => {}) => {
      const sandbox = await start({ fsx: { backupDuration: () => 7_000 } });
      await sandbox.deploy(before);
      const from = sandbox.journal.entries.length;
      disturb(sandbox);
      const { status } = (await sandbox.deploy(next)).Files;
      const made = sandbox.journal.entries
        .slice(from)
        .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
      await passTime(sandbox, 90 * MINUTE);
      const outcome = [
        status,
        versions(sandbox),
        held(sandbox),
        told(sandbox) === newest(sandbox).id,
        effective(sandbox),
      ];
      await sandbox.close();
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
    const sandbox = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    await sandbox.deploy(waiting('1', { waitUntil: WaitUntil.STARTED }));
    return sandbox;
  };

  test('is waited for as long as an update says', async () => {
    const sandbox = await started();
    const { Files } = await sandbox.deploy(waiting('1', SIX_HOURS));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(lifecycleOf(newest(sandbox), sandbox.clock.now())).toBe('AVAILABLE');
    expect([calls(sandbox, 'fsx:CreateBackup'), effective(sandbox)]).toEqual([1, ['SUCCESS']]);
  });

  test('stays where the update does not wait long enough', async () => {
    const sandbox = await started();
    const { Files } = await sandbox.deploy(
      waiting('1', { timeout: Duration.hours(2), removalPolicy: DESTROY }),
    );
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /is not finished after 120 min .*It goes on, and stays this resource's backup/,
    );
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
  });

  test("and fails while an update waits for it fails the update, and is the resource's husk", async () => {
    const sandbox = await start({
      fsx: { backupDuration: () => 4 * HOUR, fail: () => 'failed for the test' },
    });
    await sandbox.deploy(waiting('1', { waitUntil: WaitUntil.STARTED, removalPolicy: DESTROY }));
    const { Files } = await sandbox.deploy(waiting('1', { ...SIX_HOURS, removalPolicy: DESTROY }));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(/failed for the test/);
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
    await comesToAnEnd(sandbox);
  });
});

test('two long backups of one source are taken in turn, where one is to come after the other', async () => {
  const sandbox = await start({ fsx: { backupDuration: () => 3 * HOUR } });
  const { Files } = await sandbox.deploy(
    synthesize((stack) => {
      const source = sourceOf(stack, 'LUSTRE');
      const first = new FsxBackup(stack, 'First', { source, ...SIX_HOURS });
      new FsxBackup(stack, 'Second', { source, ...SIX_HOURS, executeAfter: [first] });
    }),
  );
  expect(Files.status).toBe('CREATE_COMPLETE');
  expect(newestLast(ownBackupsIn(sandbox)).map((backup) => backup.tags.get('Name'))).toEqual([
    'Files/First',
    'Files/Second',
  ]);
});

describe("somebody else's backup in the way", () => {
  const inTheWay = async (duration: number) => {
    const sandbox = await deployed(3 * HOUR);
    sandbox.fsx.plantBackup({ type: 'AUTOMATIC', duration, ...idOf(newest(sandbox).source) });
    const since = sandbox.clock.now();
    const { Files } = await sandbox.deploy(waiting('2'));
    return { sandbox, Files, took: sandbox.clock.now() - since };
  };

  test('for 40 minutes is waited out', async () => {
    const { sandbox, Files } = await inTheWay(40 * MINUTE);
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect([held(sandbox), effective(sandbox)]).toEqual(['2', ['SUCCESS', 'SUCCESS']]);
  });

  test('for two hours fails the deployment after 55 minutes, with a text', async () => {
    const { sandbox, Files, took } = await inTheWay(2 * HOUR);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /Received response status \[FAILED\].*Backing up fs-\w+ was not possible in 55 min\. /.source +
          /BackupInProgress: .*Try again when it is over/.source,
      ),
    );
    expect(took).toBeLessThan(HOUR);
    expect([held(sandbox), versions(sandbox)]).toEqual(['1', ['1']]);
    await comesToAnEnd(sandbox);
  });
});

test('with keepLast, older backups go when the wait is over, and none when it ends badly', async () => {
  const props: Props = { timeout: Duration.hours(4), keepLast: 2 };
  const sandbox = await deployed(3 * HOUR, props);
  for (const version of ['2', '3']) {
    expect((await sandbox.deploy(waiting(version, props))).Files.status).toBe('UPDATE_COMPLETE');
  }
  expect(versions(sandbox)).toEqual(['2', '3']);
  sandbox.fsx.options.backupDuration = () => 5 * HOUR;
  expect((await sandbox.deploy(waiting('4', props))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect([versions(sandbox), held(sandbox)]).toEqual([['2', '3', '4'], '3']);
  expect((await sandbox.deploy(waiting('4', props))).Files.status).toBe('UPDATE_COMPLETE');
  expect([versions(sandbox), held(sandbox)]).toEqual([['3', '4'], '4']);
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
    const sandbox = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    const { Files: first } = await sandbox.deploy(app(1200));
    expect(first).toMatchObject({ status: 'CREATE_COMPLETE', outputs: { BackupId: 'none' } });
    expect(first.events.at(-1)!.at - first.events[0].at).toBeLessThan(20 * MINUTE);
    expect(effective(sandbox)).toEqual(['SUCCESS']);

    const { Files } = await sandbox.deploy(app(2400));
    expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: { BackupId: newest(sandbox).id } });
    const changed = Files.events.find(
      ({ logicalId, status }) => logicalId === 'Source' && status === 'UPDATE_IN_PROGRESS',
    )!;
    expect(changed.at).toBeGreaterThanOrEqual(newest(sandbox).createdAt + 4 * HOUR);
  });

  test('waits for hours before a replacement, of the one that goes', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => 4 * HOUR } });
    await sandbox.deploy(app(1200));
    const [{ physicalId: old }] = resources(sandbox, 'AWS::FSx::FileSystem');
    expect((await sandbox.deploy(app(1200, (stack) => recreate(stack)))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(newest(sandbox).source.fileSystemId).toBe(old);
    expect(resources(sandbox, 'AWS::FSx::FileSystem')[0].physicalId).not.toBe(old);
  });
});

describe('with rollback disabled', () => {
  /**
   * A stack with two wait conditions that are met, since the deployment that came after the first backup has
   * failed, and not been rolled back.
   */
  const halfway = async (takes: number) => {
    const sandbox = await deployed(MINUTE);
    sandbox.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await sandbox.deploy(waiting('2'), { disableRollback: true })).Files.status).toBe(
      'UPDATE_FAILED',
    );
    sandbox.cloudFormation.failures.clear();
    expect(resources(sandbox, 'AWS::CloudFormation::WaitCondition')).toHaveLength(2);
    sandbox.fsx.options.backupDuration = () => takes;
    return sandbox;
  };

  test('what goes back to the former triggers waits for its backup, its wait condition or not', async () => {
    const sandbox = await halfway(30 * MINUTE);
    expect((await sandbox.deploy(waiting('1'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
    expect(timeOf(sandbox, 'Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(newest(sandbox)),
    );
    expect([held(sandbox), told(sandbox), effective(sandbox)]).toEqual([
      '1',
      newest(sandbox).id,
      ['SUCCESS', 'SUCCESS'],
    ]);
    await comesToAnEnd(sandbox);
  });

  test('a backup of over an hour then fails after 55 minutes, and the next one takes it up', async () => {
    const sandbox = await halfway(90 * MINUTE);
    // with rollback, all that failed before would be rolled back as well
    const { Files } = await sandbox.deploy(waiting('1'), { disableRollback: true });
    expect(Files.status).toBe('UPDATE_FAILED');
    expect(Files.reason).toMatch(
      new RegExp(
        /is not finished after 55 min \(CREATING, 61 %\)\. It goes on: deploy again and the /.source +
          /deployment takes it up\./.source,
      ),
    );
    expect((await sandbox.deploy(waiting('1'))).Files.status).toBe('UPDATE_COMPLETE');
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(3);
    expect(timeOf(sandbox, 'Bystander', 'UPDATE_IN_PROGRESS')).toBeGreaterThanOrEqual(
      finishedAt(newest(sandbox)),
    );
    expect([held(sandbox), told(sandbox)]).toEqual(['1', newest(sandbox).id]);
    await comesToAnEnd(sandbox);
  });

  test('a wait that ended badly ends so again, since the handle keeps what it was told', async () => {
    const props = { timeout: Duration.hours(4) };
    const sandbox = await deployed(5 * HOUR, props);
    const { Files } = await sandbox.deploy(waiting('2', props), { disableRollback: true });
    await passTime(sandbox, 2 * HOUR);
    const { Files: retried } = await sandbox.deploy(waiting('2', props), { disableRollback: true });
    expect([Files.status, retried.status]).toEqual(['UPDATE_FAILED', 'UPDATE_FAILED']);
    expect(retried.reason).toBe(Files.reason);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
  });

  test('a wait that ended badly goes on with another timeout', async () => {
    const sandbox = await deployed(5 * HOUR, { timeout: Duration.hours(4) });
    expect(
      (await sandbox.deploy(waiting('2', { timeout: Duration.hours(4) }), { disableRollback: true })).Files
        .status,
    ).toBe('UPDATE_FAILED');
    expect((await sandbox.deploy(waiting('2', { timeout: Duration.hours(6) }))).Files.status).toBe(
      'UPDATE_COMPLETE',
    );
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(2);
    expect(told(sandbox)).toBe(newest(sandbox).id);
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
      const sandbox = await deployed(30 * MINUTE, { ...props, timeout: Duration.hours(4) });
      sandbox.fsx.options.fail = () => 'failed for the test';
      expect(
        (
          await sandbox.deploy(waiting('2', { ...props, timeout: Duration.hours(4) }), {
            disableRollback: true,
          })
        ).Files.status,
      ).toBe('UPDATE_FAILED');
      sandbox.fsx.options.fail = () => undefined;
      expect(
        (await sandbox.deploy(waiting('2', { ...props, timeout }), { disableRollback: true })).Files.status,
      ).toBe('UPDATE_COMPLETE');
      expect(lifecycleOf(newest(sandbox), sandbox.clock.now())).toBe('AVAILABLE');
      expect([held(sandbox), told(sandbox)]).toEqual(['2', newest(sandbox).id]);
      const before = calls(sandbox, 'fsx:CreateBackup');
      expect(
        (await sandbox.deploy(waiting('2', { ...props, timeout: Duration.hours(5) }))).Files.status,
      ).toBe('UPDATE_COMPLETE');
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(before);
    },
  );

  test('a backup that failed, and fails again, is rolled back to the one before', async () => {
    const props: Props = { keepLast: 2 };
    const sandbox = await deployed(30 * MINUTE, { ...props, timeout: Duration.hours(4) });
    const [former] = ownBackupsIn(sandbox);
    sandbox.fsx.options.fail = () => 'failed for the test';
    await sandbox.deploy(waiting('2', { ...props, timeout: Duration.hours(4) }), { disableRollback: true });
    expect((await sandbox.deploy(waiting('2', { ...props, timeout: Duration.hours(1) }))).Files.status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    await comesToAnEnd(sandbox);
    expect(ownBackupsIn(sandbox).map(({ id }) => id)).toEqual([former.id]);
  });
});

test('neither the log nor a reason holds the URL of an answer or of a handle, whatever happens', async () => {
  const sandbox = await deployed(3 * HOUR);
  sandbox.faults.add('response:PUT', { from: 1, to: 7 }, { kind: 'reset' });
  sandbox.clock.setTimeout(
    () => sandbox.faults.add('response:PUT', { from: 1, to: 7 }, { kind: 'hang' }),
    2 * HOUR,
  );
  sandbox.lambda.crashAfter('fsx:DescribeBackups', 4);
  expect((await sandbox.deploy(waiting('2'))).Files.status).toBe('UPDATE_COMPLETE');
  sandbox.fsx.options.fail = () => 'failed for the test';
  await sandbox.deploy(waiting('3'));
  const written =
    logOf(sandbox) +
    sandbox.journal
      .of('event')
      .map(({ reason }) => reason)
      .join('\n');
  expect(written).toContain('could not be delivered');
  expect(written).not.toMatch(/X-Amz-Signature|127\.0\.0\.1|cloudformation-waitcondition/);
});
