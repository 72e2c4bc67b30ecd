import { CreateBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, generation, NEW, OLD, OTHER_FILE_SYSTEM, removalOf } from './backups';
import { MockedAws, requestFor } from './mocked-aws';
import { decide, type Decision, type Observed, update } from '../../lambda/update';
import { awsError, BACKUP, FILE_SYSTEM, START, updateEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => {
  world.reset();
  world.stack = { status: 'UPDATE_IN_PROGRESS' };
});

const own = (version?: string, more: object = {}): Observed['named'] => ({
  isOwn: true,
  isHeld: false,
  isFailed: false,
  isRunning: false,
  generation: version,
  ...more,
});
/** An update to other trigger values, from a backup of the former ones, whose status is sure. */
const plain: Observed = {
  isOpen: true,
  isStatusSure: true,
  desired: 'g2',
  former: 'g1',
  isUnchanged: false,
  named: own('g1'),
  isOtherBefore: true,
};
const same = { ...plain, desired: 'g1', isUnchanged: true };
const early = { isStatusSure: false };
const foreign = own('g1', { isOwn: false });

describe('what an Update decides', () => {
  test.each<[string, Observed, Decision]>([
    ['another source or trigger value: another backup', plain, 'take'],
    ['… at once, if nothing looks like a way back', { ...plain, ...early }, 'take'],
    ['same source and triggers: the backup is kept', same, 'keep'],
    ['… at once', { ...same, ...early }, 'keep'],
    ['… whatever generation it bears', { ...same, named: own('of another version') }, 'keep'],
    ['… also if it belongs to another resource', { ...same, named: foreign }, 'keep'],
    ['… also if it is gone', { ...same, named: undefined }, 'keep'],
    [
      'if the backup has FAILED meanwhile, another one',
      { ...same, named: own('g1', { isFailed: true }) },
      'take',
    ],
    [
      '… when the status is sure: a rollback takes none',
      { ...same, ...early, named: own('g1', { isFailed: true }) },
      'wait for the status',
    ],
    [
      'if the backup still runs, it is waited for',
      { ...same, named: own('g1', { isRunning: true }) },
      'keep',
    ],
    [
      '… when the status is sure: a rollback waits for none',
      { ...same, ...early, named: own('g1', { isRunning: true }) },
      'wait for the status',
    ],
    ['if there never was one, one', { ...same, isUnchanged: false, named: undefined }, 'take'],
    [
      '… when the status is sure',
      { ...same, ...early, isUnchanged: false, named: undefined },
      'wait for the status',
    ],
    ['names the wanted generation already', { ...plain, named: own('g2') }, 'keep'],
    ['… early', { ...plain, named: own('g2'), ...early }, 'keep'],
    [
      '… and still runs: a rollback waits for none',
      { ...plain, named: own('g2', { isRunning: true }), ...early },
      'wait for the status',
    ],
    ['… after the operation', { ...plain, named: own('g2'), isOpen: false }, 'keep'],
    ['… and another resource’s: not believed', { ...plain, named: own('g2', { isOwn: false }) }, 'take'],
    [
      'its `previous` bears it, or is unknown',
      { ...plain, isOtherBefore: false, ...early },
      'wait for the status',
    ],
    ['… and the status is sure', { ...plain, isOtherBefore: false }, 'take'],
    ['names `none`', { ...plain, named: undefined, ...early }, 'wait for the status'],
    ['… and the status is sure', { ...plain, named: undefined }, 'take'],
    ['names another resource’s', { ...plain, named: foreign, ...early }, 'wait for the status'],
    [
      'names another generation than the former',
      { ...plain, named: own('g0'), ...early },
      'wait for the status',
    ],
    ['former properties unknown', { ...plain, former: undefined, ...early }, 'wait for the status'],
    ['… and the status is sure', { ...plain, former: undefined }, 'take'],
    ['the stack seems done', { ...plain, isOpen: false, ...early }, 'wait for the status'],
    ['the stack is done', { ...plain, isOpen: false }, 'too late'],
    ['the stack is done, and nothing changes', { ...same, isOpen: false }, 'too late'],
    ['… and nothing is there', { ...same, isOpen: false, named: undefined }, 'too late'],
    [
      'the stack seems done, and nothing changes',
      { ...same, isOpen: false, ...early },
      'wait for the status',
    ],
  ])('%s', (_, observed, decision) => {
    expect(decide(observed)).toBe(decision);
  });

  test('another backup is only taken for an open operation', () => {
    for (const named of [undefined, own('g1'), own('g1', { isFailed: true }), foreign]) {
      for (const isOtherBefore of [true, false]) {
        for (const former of ['g1', 'g2', undefined]) {
          const isUnchanged = former === 'g2';
          const observed: Observed = { ...plain, isOpen: false, isUnchanged, named, isOtherBefore, former };
          expect(decide(observed)).not.toBe('take');
          expect(decide({ ...observed, isStatusSure: false })).not.toBe('take');
        }
      }
    }
  });
});

const v1 = { Triggers: ['v1'] };
const v2 = { Triggers: ['v2'] };
const go = (to: object, from: object, id = BACKUP) =>
  update(world.context(requestFor(updateEvent(id, to as any, from as any))));
const held = (previous = 'none', more: object = {}) =>
  backup({ generation: generation(['v1']), previous }, more);

test('the stack is on its way back: never another backup, whatever else is known', async () => {
  world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
  const all = [
    [],
    [held()],
    [held(OLD)],
    [held('none', { Lifecycle: 'FAILED' })],
    [backup({ logicalId: 'Other' })],
  ];
  for (const backups of all) {
    for (const from of [v1, v2, { SchemaVersion: '0' }]) {
      for (const seconds of [0, 20]) {
        world.backups = backups;
        world.now = START + seconds * 1000;
        expect(await go(v2, from)).toEqual({ phase: 'RollingBack' });
      }
    }
  }
  expect(world.fsx.calls()).toEqual([]);
});

describe('an Update with another trigger value', () => {
  test('takes another backup, whose `previous` is the one before', async () => {
    world.backups = [held()];
    expect(await go(v2, v1)).toMatchObject({
      phase: 'Taking',
      source: { FileSystemId: FILE_SYSTEM },
      tags: expect.arrayContaining([
        { Key: 'cdk-fsx-backup:generation', Value: generation(['v2']) },
        { Key: 'cdk-fsx-backup:previous', Value: BACKUP },
      ]),
    });
  });

  test('lists nothing beforehand, and takes over no finished backup', async () => {
    world.backups = [held(), backup({ generation: generation(['v2']), previous: BACKUP }, { BackupId: OLD })];
    expect(await go(v2, v1)).toMatchObject({ phase: 'Taking' });
    expect(world.calls(DescribeBackupsCommand).every(({ BackupIds }) => BackupIds)).toBe(true);
  });

  test('that looks like a way back waits for the status, for 20 s', async () => {
    world.backups = [held(OLD), backup({ generation: generation(['v2']) }, { BackupId: OLD })];
    expect(await go(v2, v1)).toEqual({ phase: 'Starting' });
    world.now += 19_999;
    expect(await go(v2, v1)).toEqual({ phase: 'Starting' });
    world.now += 1;
    expect(await go(v2, v1)).toMatchObject({ phase: 'Taking' });
  });

  test('that is a way back rolls back, once the status says so', async () => {
    world.backups = [held(OLD), backup({ generation: generation(['v2']) }, { BackupId: OLD })];
    expect(await go(v2, v1)).toEqual({ phase: 'Starting' });
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    expect(await go(v2, v1)).toEqual({ phase: 'RollingBack' });
  });

  test('whose `previous` is gone may be a way back', async () => {
    world.backups = [held(OLD)];
    expect(await go(v2, v1)).toEqual({ phase: 'Starting' });
  });

  test('that names `none` waits for the status', async () => {
    expect(await go(v2, v1, 'none')).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go(v2, v1, 'none')).toMatchObject({ phase: 'Taking' });
  });

  test('after the operation fails, and takes nothing', async () => {
    world.backups = [held()];
    world.stack.status = 'UPDATE_COMPLETE';
    expect(await go(v2, v1)).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go(v2, v1)).toMatchObject({
      response: { status: 'FAILED', physicalId: BACKUP, reason: expect.stringMatching(/no longer waits/) },
    });
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('to what is not deployed yet has none', async () => {
    world.backups = [held()];
    const deployed = { FileSystemId: undefined, DeployedFileSystem: 'Files' };
    expect(await go(deployed, v1)).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go(deployed, v1)).toMatchObject({ phase: 'Responding', response: { physicalId: 'none' } });
  });
});

test('a change of source always means another backup', async () => {
  world.backups = [backup()];
  expect(await go({ FileSystemId: OTHER_FILE_SYSTEM }, {})).toMatchObject({
    phase: 'Taking',
    source: { FileSystemId: OTHER_FILE_SYSTEM },
  });
});

describe('an Update with the same source and triggers', () => {
  test('changes tags in place, `removal` too, and keeps the physical id', async () => {
    world.backups = [backup()];
    const Tags = [{ Key: 'team', Value: 'files' }];
    expect(await go({ Tags, RemovalPolicy: 'DESTROY' }, {})).toMatchObject({
      response: { status: 'SUCCESS', physicalId: BACKUP },
    });
    expect(removalOf(world.get(BACKUP))).toBe('DESTROY');
    expect(world.get(BACKUP)!.Tags).toContainEqual(Tags[0]);
    expect(world.get(BACKUP)!.Tags!.map(({ Key }) => Key)).not.toContain('Name');
  });

  test('that only gives the name a time takes no other backup', async () => {
    world.backups = [backup()];
    expect(await go({ NameHasTime: 'true' }, {})).toMatchObject({
      response: { status: 'SUCCESS', physicalId: BACKUP },
    });
    expect(world.get(BACKUP)!.Tags).toContainEqual({ Key: 'Name', Value: 'Files/Backup 2026-11-02T08:59Z' });
  });

  test('waits for a backup that still runs, as the one that the resource had before', async () => {
    world.backups = [backup({}, { Lifecycle: 'CREATING' })];
    expect(await go({}, {})).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go({}, {})).toMatchObject({ phase: 'Waiting', backupId: BACKUP, isKept: true });
  });

  test('waits for no backup where the status was late, and the stack is on its way back', async () => {
    world.backups = [backup({}, { Lifecycle: 'CREATING' })];
    expect(await go({}, {})).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    expect(await go({}, {})).toEqual({ phase: 'RollingBack' });
  });

  test('takes another if the backup has FAILED meanwhile', async () => {
    world.backups = [backup({}, { Lifecycle: 'FAILED' })];
    expect(await go({}, {})).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go({}, {})).toMatchObject({ phase: 'Taking' });
  });

  test('keeps the id of a backup that is gone', async () => {
    expect(await go({}, {})).toMatchObject({
      response: { status: 'SUCCESS', physicalId: BACKUP, attributes: { BackupLifecycle: 'DELETED' } },
    });
    expect(world.logged).toEqual([expect.objectContaining({ level: 'warn', backupId: BACKUP })]);
  });

  test('stays `none` while nothing is deployed', async () => {
    const deployed = { FileSystemId: undefined, DeployedFileSystem: 'Files' };
    expect(await go(deployed, deployed, 'none')).toEqual({ phase: 'Starting' });
    world.now += 20_000;
    expect(await go(deployed, deployed, 'none')).toMatchObject({
      response: { status: 'SUCCESS', physicalId: 'none', attributes: { BackupLifecycle: '' } },
    });
  });

  test('changes no tags of a backup that has lost those of its owner', async () => {
    world.backups = [backup({ logicalId: 'Other' })];
    expect(await go({ RemovalPolicy: 'DESTROY' }, {})).toMatchObject({ response: { status: 'SUCCESS' } });
    expect(world.get(BACKUP)).toEqual(backup({ logicalId: 'Other' }));
    expect(world.logged).toEqual([expect.objectContaining({ level: 'warn' })]);
  });
});

test('an Update that names the wanted generation takes nothing, in whatever status', async () => {
  for (const status of ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED']) {
    world.stack.status = status;
    world.backups = [held()];
    expect(await go(v1, v2)).toMatchObject({ response: { status: 'SUCCESS', physicalId: BACKUP } });
  }
});

test('a rollback succeeds, even if FSx never answers', async () => {
  world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
  world.fsx.on(DescribeBackupsCommand).rejects(awsError('AccessDeniedException', 'no'));
  const end = await world.toTheEnd(updateEvent(BACKUP, v1, v2));
  expect(world.responses).toEqual([
    expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }),
  ]);
  expect(end).toMatchObject({ output: { PhysicalResourceId: BACKUP } });
});

test('an Update is done when the new backup is AVAILABLE', async () => {
  world.backups = [held()];
  const event = updateEvent(BACKUP, v2, v1);
  const polled = await world.poll(event, await world.poll(event));
  expect(world.responses).toEqual([]);
  world.backups = world.backups.map((one) => ({ ...one, Lifecycle: 'AVAILABLE' }));
  expect(await world.poll(event, polled)).toMatchObject({ output: { PhysicalResourceId: NEW } });
});
