import { DeleteBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, NEW, OLD, OLDER, OLDEST, OTHER_FILE_SYSTEM } from './backups';
import { MockedAws, requestFor } from './mocked-aws';
import { cleanUp, doomedBy, tidy } from '../../lambda/clean-up';
import type { Found, Goal } from '../../lambda/phase';
import { awsError, BACKUP, deleteEvent, FILE_SYSTEM, START } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const found = (id: string, changes: Partial<Found> = {}): Found => ({
  id,
  createdAt: 0,
  isAvailable: true,
  previous: 'none',
  removal: 'DESTROY',
  isHeld: false,
  ...changes,
});
const a = found('a');

describe('what a goal dooms', () => {
  const all: Goal = { delete: 'all' };
  const attempts: Goal = { delete: 'attempts', of: 'a' };
  const attempt = found('b', { previous: 'a' });

  test.each<[string, Goal, Found[], string[]]>([
    ['all that say DESTROY', all, [a, found('b', { isAvailable: false })], ['a', 'b']],
    ['none that says RETAIN', all, [found('a', { removal: 'RETAIN' })], []],
    ['none that says KEEP_LAST', all, [found('a', { removal: 'KEEP_LAST:1' })], []],
    ['none that says nothing', all, [found('a', { removal: undefined })], []],
    ['none that says something like it', all, [found('a', { removal: 'destroy' })], []],
    ['none that bears hold', all, [found('a', { isHeld: true }), found('b')], ['b']],
    ['not what the resource holds', { ...all, except: 'a' }, [a, found('b')], ['b']],
    ['the named one and its attempts', attempts, [a, attempt, found('c')], ['a', 'b']],
    [
      'the attempts of one that is held',
      attempts,
      [found('a', { isHeld: true }), attempt, found('c')],
      ['b'],
    ],
    ['the attempts of one that stays', { ...attempts, except: 'a' }, [a, attempt, found('c')], ['b']],
    ['no attempt that is held', attempts, [a, found('b', { previous: 'a', isHeld: true })], ['a']],
    ['no attempt that says RETAIN', attempts, [found('b', { previous: 'a', removal: 'RETAIN' })], []],
    ['no attempt that the resource holds', { ...attempts, except: 'b' }, [a, attempt], ['a']],
  ])('%s', (_, goal, backups, doomed) => {
    expect(doomedBy(goal, backups)).toEqual(doomed);
  });

  const kept = (id: string, createdAt: number, changes: Partial<Found> = {}) =>
    found(id, { createdAt, removal: 'KEEP_LAST:2', ...changes });
  const older = (keep: number, held = 'd'): Goal => ({ delete: 'older', keep, held });
  const four = [kept('b', 2), kept('d', 4), kept('a', 1), kept('c', 3)];

  test.each<[string, Goal, Found[], string[]]>([
    ['the newest two stay', older(2), four, ['b', 'a']],
    ['the newest stays', older(1), four, ['b', 'a', 'c']],
    ['all stay', older(4), four, []],
    ['more may stay than there are', older(9), four, []],
    ['what is held stays, however old', older(1, 'a'), four, ['b', 'c']],
    ['what bears hold stays', older(1), [kept('d', 4), kept('a', 1, { isHeld: true })], []],
    ['what bears hold counts', older(2), [kept('d', 4), kept('c', 3, { isHeld: true }), kept('a', 1)], ['a']],
    ['what says RETAIN stays', older(1), [kept('d', 4), kept('a', 1, { removal: 'RETAIN' })], []],
    ['what says DESTROY goes', older(1), [kept('d', 4), kept('a', 1, { removal: 'DESTROY' })], ['a']],
    ['what says nothing stays', older(1), [kept('d', 4), kept('a', 1, { removal: undefined })], []],
    ['what is not AVAILABLE stays', older(1), [kept('d', 4), kept('a', 1, { isAvailable: false })], []],
    [
      '… and does not count',
      older(2),
      [kept('d', 4), kept('c', 3, { isAvailable: false }), kept('a', 1)],
      [],
    ],
  ])('keepLast: %s', (_, goal, backups, doomed) => {
    expect(doomedBy(goal, backups)).toEqual(doomed);
  });
});

const response = { status: 'SUCCESS', physicalId: BACKUP } as const;
const source = { FileSystemId: FILE_SYSTEM };
const begin = (more: object = {}) =>
  cleanUp(START, response, { goal: { delete: 'all' }, sources: [source], mustSucceed: true, ...more });
/** Lists, and deletes, as one poll does. */
async function go(phase: any = begin()): Promise<any> {
  const context = world.context(requestFor(deleteEvent(BACKUP)));
  const after: any = await tidy(context, phase);
  return !phase.doomed && after.doomed ? tidy(context, after) : after;
}
const doomed = (id: string, marks: object = {}, more: object = {}) =>
  backup({ removal: 'DESTROY', ...marks }, { BackupId: id, ...more });
const deleted = () => world.calls(DeleteBackupCommand).map(({ BackupId }) => BackupId);

describe('backups are listed', () => {
  test('and those that the goal names are deleted, and no others', async () => {
    world.backups = [
      doomed(OLD),
      doomed(OLDER, { logicalId: 'Other' }),
      doomed(OLDEST, {}, { SourceBackupId: BACKUP }),
      doomed(NEW, {}, { Lifecycle: 'DELETED' }),
    ];
    expect(await go()).toMatchObject({ phase: 'Responding', response });
    expect(deleted()).toEqual([OLD]);
  });

  test('of the sources that are known, one after the other', async () => {
    await go(begin({ sources: [source, { FileSystemId: OTHER_FILE_SYSTEM }] }));
    const ids = world.calls(DescribeBackupsCommand).map(({ Filters }) => Filters[1].Values[0]);
    expect(ids).toEqual([FILE_SYSTEM, OTHER_FILE_SYSTEM]);
  });

  test('of the account, if no source is known', async () => {
    await go(begin({ sources: [] }));
    expect(world.calls(DescribeBackupsCommand)).toEqual([
      { Filters: [{ Name: 'backup-type', Values: ['USER_INITIATED'] }], NextToken: undefined },
    ]);
  });

  const page = (id: string, NextToken?: string) => ({ Backups: [doomed(id)], NextToken });

  test('and keep their place if a page fails', async () => {
    const pages = world.fsx.on(DescribeBackupsCommand);
    pages.resolvesOnce(page(OLD, 'second')).rejectsOnce(awsError('ThrottlingException', 'slow down'));
    const after = await go();
    expect(after).toMatchObject({ phase: 'CleaningUp', place: { source: 0, token: 'second' } });
    expect(after.found.map(({ id }: Found) => id)).toEqual([OLD]);
    expect(deleted()).toEqual([]);
    pages.resolvesOnce(page(OLDER));
    await go(after);
    expect(world.calls(DescribeBackupsCommand).map(({ NextToken }) => NextToken)).toEqual([
      undefined,
      'second',
      'second',
    ]);
    expect(deleted()).toEqual([OLD, OLDER]);
  });

  test('and keep their place if time runs out', async () => {
    world.fsx.on(DescribeBackupsCommand).callsFake(({ NextToken }) => {
      world.now += 8_000;
      return page(OLD, `${NextToken ?? ''}x`);
    });
    expect(await go()).toMatchObject({ place: { source: 0, token: 'xxx' } });
    expect(world.calls(DescribeBackupsCommand)).toHaveLength(3);
  });

  test('and a first page that fails is an obstacle', async () => {
    world.fsx.on(DescribeBackupsCommand).rejects(awsError('BadRequest', 'no'));
    await expect(go()).rejects.toThrow('no');
  });

  test('and no more than a few hundred are carried from poll to poll', async () => {
    let pages = 0;
    world.fsx.on(DescribeBackupsCommand).callsFake(() => {
      pages++;
      return {
        Backups: Array.from({ length: 100 }, () => doomed(OLD, { removal: 'RETAIN' })),
        NextToken: 'x',
      };
    });
    await go();
    expect(pages).toBe(5);
  });
});

describe('the deletion', () => {
  test('goes on with the others if a backup is busy, and is tried again', async () => {
    world.backups = [doomed(OLD), doomed(OLDER)];
    world.fsx
      .on(DeleteBackupCommand, { BackupId: OLD })
      .rejectsOnce(awsError('BackupRestoring', 'wait'))
      .resolves({ Lifecycle: 'DELETED' });
    const after = await go();
    expect(after).toMatchObject({ phase: 'CleaningUp', doomed: [OLD] });
    expect(await go(after)).toMatchObject({ phase: 'Responding' });
    expect(deleted()).toEqual([OLD, OLDER, OLD]);
  });

  test.each(['BackupInProgress', 'BackupRestoring', 'BackupBeingCopied'])('waits out %s', async (name) => {
    world.stack.status = 'DELETE_IN_PROGRESS';
    world.backups = [doomed(BACKUP)];
    world.fsx.on(DeleteBackupCommand).rejects(awsError(name, 'wait'));
    const event = deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' });
    const polled = await world.poll(event);
    expect(polled.state).toMatchObject({
      phase: { phase: 'CleaningUp', doomed: [BACKUP] },
      obstacle: expect.stringContaining(`${name}: wait. FSx still uses the backup`),
    });
    const listings = world.calls(DescribeBackupsCommand).length;
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETED' });
    expect(await world.poll(event, polled)).toMatchObject({ output: { PhysicalResourceId: BACKUP } });
    expect(world.calls(DescribeBackupsCommand)).toHaveLength(listings);
  });

  test('is over when FSx says DELETED, and not before', async () => {
    world.backups = [doomed(OLD)];
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETING' as any });
    expect(await go()).toMatchObject({ doomed: [OLD] });
  });

  test('of a backup that is gone is a success (BackupNotFound)', async () => {
    expect(await go({ ...begin(), doomed: [OLD] })).toMatchObject({ phase: 'Responding' });
  });

  test('stops when time runs out, and goes on in the next poll', async () => {
    world.fsx.on(DeleteBackupCommand).callsFake(() => {
      world.now += 21_000;
      return { Lifecycle: 'DELETED' };
    });
    expect(await go({ ...begin(), doomed: [OLD, OLDER, OLDEST] })).toMatchObject({ doomed: [OLDER, OLDEST] });
  });

  test('of what bears hold is denied by IAM: that is success, logged', async () => {
    world.backups = [doomed(OLD, { isHeld: true })];
    world.fsx.on(DeleteBackupCommand).rejects(awsError('AccessDeniedException', 'denied by hold'));
    expect(await go({ ...begin(), doomed: [OLD] })).toMatchObject({ phase: 'Responding' });
    expect(world.logged).toContainEqual(expect.objectContaining({ level: 'warn', backupId: OLD }));
  });

  test.each([{ removal: 'RETAIN' }, { logicalId: 'Other' }])(
    'of what says %j meanwhile is denied',
    async (marks) => {
      world.backups = [doomed(OLD, marks)];
      world.fsx.on(DeleteBackupCommand).rejects(awsError('AccessDeniedException', 'denied by tag'));
      expect(await go({ ...begin(), doomed: [OLD] })).toMatchObject({ phase: 'Responding' });
    },
  );

  test('that is denied for no reason of the backup’s is an obstacle', async () => {
    world.backups = [doomed(OLD)];
    world.fsx.on(DeleteBackupCommand).rejects(awsError('AccessDeniedException', 'not allowed'));
    await expect(go()).rejects.toThrow('not allowed');
  });

  test('of a failed backup, which FSx refuses, is a success; of a good one, not', async () => {
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
    world.backups = [doomed(OLD, {}, { Lifecycle: 'FAILED' })];
    expect(await go()).toMatchObject({ phase: 'Responding' });
    world.backups = [doomed(OLD)];
    await expect(go()).rejects.toThrow('no');
  });

  test('that is not worth a failure is logged if it is refused, and the others go', async () => {
    world.backups = [doomed(OLD), doomed(OLDER)];
    world.fsx.on(DeleteBackupCommand, { BackupId: OLD }).rejects(awsError('BadRequest', 'no'));
    expect(await go(begin({ mustSucceed: false }))).toMatchObject({ phase: 'Responding' });
    expect(deleted()).toEqual([OLD, OLDER]);
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'backup not deleted' }));
  });
});

describe('where the request that is undone may still run', () => {
  const looking = (sources: any) => begin({ sources, mayGrow: true });

  test('nothing there means nothing yet, for two minutes', async () => {
    const first = await go(looking([source]));
    expect(first).toMatchObject({ phase: 'CleaningUp', isSecond: true });
    expect(await go(first)).toEqual(first);
    expect(world.calls(DescribeBackupsCommand)).toHaveLength(1);
    world.now += 120_000;
    world.backups = [doomed(NEW)];
    expect(await go(first)).toMatchObject({ phase: 'Responding' });
    expect(deleted()).toEqual([NEW]);
  });

  test('what is there goes at once, and another may still come', async () => {
    world.backups = [doomed(OLD)];
    const first = await go(looking([source]));
    expect(deleted()).toEqual([OLD]);
    world.now += 120_000;
    world.backups = [doomed(NEW)];
    expect(await go(first)).toMatchObject({ phase: 'Responding' });
    expect(deleted()).toEqual([OLD, NEW]);
  });

  test('the backups of the whole account are listed once, after two minutes', async () => {
    expect(await go(looking([]))).toEqual(looking([]));
    expect(world.calls(DescribeBackupsCommand)).toEqual([]);
    world.now += 120_000;
    expect(await go(looking([]))).toMatchObject({ phase: 'Responding' });
    expect(world.calls(DescribeBackupsCommand)).toHaveLength(1);
  });
});
