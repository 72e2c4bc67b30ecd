import { DeleteBackupCommand, DescribeBackupsCommand, TagResourceCommand } from '@aws-sdk/client-fsx';
import { backup, NEW, ofOther, OLD, OLDER, OLDEST, OTHER_FILE_SYSTEM, removalOf } from './backups';
import { MockedAws } from './mocked-aws';
import { type Known, type Observed, type Plan, planFor } from '../../lambda/delete';
import { awsError, BACKUP, deleteEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const known = (changes: Partial<Known> = {}): Known => ({
  isOwn: true,
  isHeld: false,
  removal: 'DESTROY',
  source: 'fs',
  ...changes,
});
const named = known();
const held = known();
/** An update cleans up after it succeeded: the resource holds another backup. */
const cleanup: Observed = {
  physicalId: BACKUP,
  policy: 'DESTROY',
  isWhole: false,
  isCleanup: true,
  named,
  heldId: NEW,
  held,
};
const undone = { ...cleanup, isCleanup: false };
const whole: Observed = { ...cleanup, isWhole: true, isCleanup: false, heldId: undefined, held: undefined };
const nothing: Plan = {};
const older = (keep: number) => ({ delete: 'older', keep, held: NEW });
const attempts = { delete: 'attempts', of: BACKUP, except: NEW };
const invented = { physicalId: 'Files-Backup-1A2B', named: undefined };
const retains = { named: known({ removal: 'RETAIN' }), policy: 'RETAIN' as const };

describe('what a Delete plans', () => {
  test.each<[string, Observed, object]>([
    ['the stack is deleted: all that say DESTROY go', whole, { goal: { delete: 'all' } }],
    ['… though the named one is gone', { ...whole, named: undefined }, { goal: { delete: 'all' } }],
    ['… though there never was one', { ...whole, ...invented }, { goal: { delete: 'all' } }],
    ['… though it is `none`', { ...whole, ...invented, physicalId: 'none' }, { goal: { delete: 'all' } }],
    ['… as the named one says', { ...whole, policy: 'RETAIN' }, { goal: { delete: 'all' } }],
    ['RETAIN: none goes', { ...whole, ...retains }, nothing],
    ['KEEP_LAST: none goes', { ...whole, ...retains, policy: 'KEEP_LAST:3' }, nothing],
    [
      'another resource’s says DESTROY: none goes',
      { ...whole, policy: 'RETAIN', named: known({ isOwn: false }) },
      nothing,
    ],
    ['an update cleans up: the named one and its attempts go', cleanup, { goal: attempts }],
    ['an update is undone: the same', undone, { goal: attempts }],
    [
      'a held one stays, its attempts go',
      { ...cleanup, named: { ...named, isHeld: true } },
      { goal: attempts },
    ],
    ['it says RETAIN: it stays', { ...cleanup, ...retains }, nothing],
    ['it lacks the identity: it stays', { ...cleanup, named: { ...named, isOwn: false } }, nothing],
    ['it is gone: nothing goes', { ...cleanup, named: undefined }, nothing],
    ['the resource holds that very backup: it stays', { ...cleanup, heldId: BACKUP, held: named }, nothing],
    [
      'the resource holds one that says RETAIN: it stays, and says so',
      { ...cleanup, held: { ...held, removal: 'RETAIN' } },
      { retag: 'RETAIN' },
    ],
    [
      'the resource holds one that says KEEP_LAST: it stays, says so, and counts',
      { ...cleanup, held: { ...held, removal: 'KEEP_LAST:3' } },
      { retag: 'KEEP_LAST:3', goal: older(3) },
    ],
    [
      'it is of another file system: it stays, and says so',
      { ...cleanup, held: { ...held, source: 'other' } },
      { retag: 'RETAIN' },
    ],
    [
      'the resource holds `none`: it stays',
      { ...cleanup, heldId: 'none', held: undefined },
      { retag: 'RETAIN' },
    ],
    [
      'the update that is undone was the first with something to back up: it goes',
      { ...undone, heldId: 'none', held: undefined },
      { goal: { ...attempts, except: 'none' } },
    ],
    ['the resource holds one that is gone: it stays', { ...cleanup, held: undefined }, { retag: 'RETAIN' }],
    [
      'the resource goes: the backup’s own removal decides',
      { ...cleanup, heldId: undefined, held: undefined },
      { goal: { ...attempts, except: undefined } },
    ],
    ['… RETAIN', { ...cleanup, ...retains, heldId: undefined, held: undefined }, nothing],
    [
      'keepLast: what is older than n goes after a successful deployment',
      {
        ...cleanup,
        named: known({ removal: 'KEEP_LAST:1' }),
        held: { ...held, removal: 'KEEP_LAST:2' },
      },
      { goal: older(2) },
    ],
    [
      'keepLast: … though the named one is gone',
      { ...cleanup, named: undefined, held: { ...held, removal: 'KEEP_LAST:2' } },
      { goal: older(2) },
    ],
    [
      'keepLast: … though there was none',
      { ...cleanup, named: undefined, physicalId: 'none', held: { ...held, removal: 'KEEP_LAST:2' } },
      { goal: older(2) },
    ],
    [
      'keepLast: nothing goes in a rollback',
      { ...undone, ...retains, held: { ...held, removal: 'KEEP_LAST:2' } },
      nothing,
    ],
    [
      'keepLast: the n is what the held one says, not the request',
      { ...cleanup, ...retains, policy: 'KEEP_LAST:1' },
      nothing,
    ],
    [
      'keepLast: if what is held cannot be told, nothing goes, and a warning says so',
      { ...cleanup, ...retains, policy: 'KEEP_LAST:1', heldId: undefined, held: undefined },
      { isUnknownIfHeld: true },
    ],
    [
      'a cancelled create: what it started goes',
      { ...undone, ...invented },
      { goal: { delete: 'all', except: NEW } },
    ],
    ['… with RETAIN it stays', { ...undone, ...invented, policy: 'RETAIN' }, nothing],
  ])('%s', (_, observed, plan) => {
    const { isUnknownIfHeld, ...planned } = planFor(observed);
    const said = Object.entries({ ...planned, isUnknownIfHeld: isUnknownIfHeld || undefined });
    expect(Object.fromEntries(said.filter(([, value]) => value !== undefined))).toEqual(plan);
  });
});

const doomed = (id = BACKUP, marks: object = {}, more: object = {}) =>
  backup({ removal: 'DESTROY', ...marks }, { BackupId: id, ...more });
const event = (id = BACKUP, changes: object = {}) =>
  deleteEvent(id, { RemovalPolicy: 'DESTROY', ...changes } as any);
const go = (given: object = event()) => world.toTheEnd(given);
const deleted = () => world.calls(DeleteBackupCommand).map(({ BackupId }) => BackupId);
const ids = () => world.backups.map(({ BackupId }) => BackupId);
const holds = (id: string, status = 'UPDATE_COMPLETE') => (world.resources.Backup = { status, id });

describe('the stack is deleted, or its creation undone', () => {
  test.each(['DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'])(
    'all backups of the resource that say DESTROY go (%s)',
    async (status) => {
      world.stack = { status };
      world.backups = [
        doomed(),
        doomed(OLD, { previous: BACKUP }, ofOther),
        doomed(OLDER, { removal: 'RETAIN' }),
        doomed(OLDEST, { isHeld: true }),
        doomed(NEW, { logicalId: 'Other' }),
      ];
      await go();
      expect(ids()).toEqual([OLDER, OLDEST, NEW]);
      expect(world.responses).toEqual([
        expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }),
      ]);
    },
  );

  test('copies carry the tags, and are never deleted', async () => {
    world.stack = { status: 'DELETE_IN_PROGRESS' };
    world.backups = [doomed(), doomed(OLD, {}, { SourceBackupId: BACKUP })];
    await go();
    expect(ids()).toEqual([OLD]);
  });

  test('a stack that is gone is deleted', async () => {
    world.stack = {};
    world.backups = [doomed()];
    await go();
    expect(ids()).toEqual([]);
  });

  test('with RETAIN nothing is listed and nothing deleted', async () => {
    world.stack = { status: 'DELETE_IN_PROGRESS' };
    world.backups = [backup()];
    await go(event(BACKUP, { RemovalPolicy: 'RETAIN' }));
    expect(world.calls(DescribeBackupsCommand)).toEqual([{ BackupIds: [BACKUP] }]);
    expect(ids()).toEqual([BACKUP]);
  });
});

describe('an update cleans up', () => {
  beforeEach(() => {
    world.stack = { status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS' };
    holds(NEW);
  });

  test('the backup that was replaced goes, with the attempts that failed', async () => {
    const attempt = doomed(OLD, { previous: BACKUP });
    world.backups = [doomed(), attempt, doomed(NEW, { previous: BACKUP }), doomed(OLDER)];
    await go();
    expect(ids()).toEqual([NEW, OLDER]);
  });

  test('what is of another file system stays, tagged RETAIN: it is the last copy', async () => {
    world.backups = [doomed(), doomed(NEW, { previous: BACKUP }, ofOther)];
    await go();
    expect(ids()).toEqual([BACKUP, NEW]);
    expect(removalOf(world.get(BACKUP))).toBe('RETAIN');
  });

  test('what stays since the resource says RETAIN now is tagged so', async () => {
    world.backups = [doomed(), doomed(NEW, { previous: BACKUP, removal: 'RETAIN' })];
    await go(event(BACKUP, { RemovalPolicy: 'DESTROY' }));
    expect(removalOf(world.get(BACKUP))).toBe('RETAIN');
  });

  test('if the resource shows the request’s own id, its successor is what it holds', async () => {
    holds(BACKUP, 'DELETE_IN_PROGRESS');
    world.backups = [
      doomed(),
      doomed(OLD, { previous: BACKUP }, { minutesOld: 9 }),
      doomed(NEW, { previous: BACKUP }, { minutesOld: 5 }),
      doomed(OLDER, { previous: BACKUP }, { minutesOld: 2, Lifecycle: 'CREATING' }),
    ];
    await go();
    expect(ids()).toEqual([NEW]);
  });

  test('if the resource shows another id that is being deleted, it does not hold that', async () => {
    holds(OLDER, 'DELETE_IN_PROGRESS'); // an attempt that failed, and is cleaned up, too
    world.backups = [
      doomed(),
      doomed(OLDER, { previous: BACKUP }, { minutesOld: 9 }),
      doomed(NEW, { previous: BACKUP }, { minutesOld: 5 }),
    ];
    await go();
    expect(ids()).toEqual([NEW]);
  });

  test('nor is that what a creation that failed is followed by', async () => {
    holds('Files-Backup-9Z8Y', 'DELETE_IN_PROGRESS');
    world.backups = [doomed(NEW, { previous: 'none' })];
    await go(event('Files-Backup-1A2B3C'));
    expect(ids()).toEqual([NEW]);
  });

  test('if no backup names it as `previous`, the resource goes, and its own removal decides', async () => {
    holds(BACKUP, 'DELETE_IN_PROGRESS');
    world.backups = [doomed(), doomed(OLD)];
    await go();
    expect(ids()).toEqual([OLD]);
  });

  test('if it shows the request’s own id as complete, the resource holds that very backup', async () => {
    holds(BACKUP, 'UPDATE_COMPLETE');
    world.backups = [doomed()];
    await go();
    expect(ids()).toEqual([BACKUP]);
    expect(world.calls(TagResourceCommand)).toEqual([]);
  });

  describe('keepLast', () => {
    const kept = (id: string, minutesOld: number, more: object = {}) =>
      backup({ removal: 'KEEP_LAST:2' }, { BackupId: id, minutesOld, ...more });
    const keepLast = event(BACKUP, { RemovalPolicy: 'RETAIN', KeepLast: '2' });

    test('the newest n stay, and older ones go', async () => {
      world.backups = [kept(OLDEST, 9), kept(OLD, 7), kept(BACKUP, 5), kept(NEW, 1)];
      await go(keepLast);
      expect(ids()).toEqual([BACKUP, NEW]);
    });

    test('backups of an earlier source stay until a person deletes them', async () => {
      world.backups = [
        kept(OLDEST, 9),
        kept(OLD, 7),
        kept(BACKUP, 5),
        kept(NEW, 1, ofOther),
        kept(OLDER, 3, ofOther),
      ];
      await go(keepLast);
      expect(ids()).toEqual([OLDEST, OLD, BACKUP, NEW, OLDER]);
      const filters = world.calls(DescribeBackupsCommand).flatMap(({ Filters = [] }) => Filters.slice(1));
      expect(filters).toEqual([{ Name: 'file-system-id', Values: [OTHER_FILE_SYSTEM] }]);
    });

    test('an error does not fail the cleanup', async () => {
      world.backups = [kept(OLDEST, 9), kept(BACKUP, 5), kept(NEW, 1)];
      world.fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
      await go(keepLast);
      expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    });

    test('if what is held cannot be told, nothing is pruned, and a warning says so', async () => {
      holds(BACKUP, 'DELETE_IN_PROGRESS');
      world.backups = [kept(OLDEST, 9), kept(BACKUP, 5)];
      await go(keepLast);
      expect(deleted()).toEqual([]);
      expect(world.logged).toContainEqual(
        expect.objectContaining({ level: 'warn', message: expect.stringMatching(/older backups are kept/) }),
      );
    });
  });
});

test('an update is undone: what it took goes, and what the resource holds stays', async () => {
  world.stack = { status: 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS' };
  holds(OLD);
  world.backups = [doomed(OLD), doomed(BACKUP, { previous: OLD })];
  await go();
  expect(ids()).toEqual([OLD]);
});

describe('a backup that is gone', () => {
  test('is a success (BackupNotFound), after a minute in which FSx may not know it yet', async () => {
    world.stack = { status: 'DELETE_IN_PROGRESS' };
    expect(await world.poll(event())).toMatchObject({ state: { phase: { phase: 'Starting' } } });
    world.now += 60_000;
    expect(await world.poll(event())).toEqual({ output: { PhysicalResourceId: BACKUP } });
  });
});

describe('a create that was cancelled', () => {
  const cancelled = event('Files-Backup-1A2B3C');

  test('what runs is found by its identity and deleted, as its removal says', async () => {
    world.stack = { status: 'UPDATE_ROLLBACK_IN_PROGRESS' };
    world.backups = [doomed(OLD, {}, { Lifecycle: 'CREATING' }), doomed(OLDER, { removal: 'RETAIN' })];
    await go(cancelled);
    expect(ids()).toEqual([OLDER]);
  });

  test('a Delete that finds nothing looks again for two minutes', async () => {
    world.stack = { status: 'UPDATE_ROLLBACK_IN_PROGRESS' };
    const polled = await world.poll(cancelled);
    expect(polled.state.phase).toMatchObject({ phase: 'CleaningUp', isSecond: true });
    world.now += 119_000;
    const again = await world.poll(cancelled, { ...polled, wait: 0 });
    expect(again.state.phase.phase).toBe('CleaningUp');
    world.backups = [doomed(NEW)];
    await world.toTheEnd(cancelled, again);
    expect(ids()).toEqual([]);
  });

  test('its Delete waits for nothing if CreateBackup was never called (`none-…`)', async () => {
    world.stack = { status: 'ROLLBACK_IN_PROGRESS' };
    const placeholder = 'none-Files.Backup.0123456789abcdef0123';
    expect(await world.poll(event(placeholder))).toEqual({ output: { PhysicalResourceId: placeholder } });
    expect(world.fsx.calls()).toEqual([]);
  });
});

test('a deletion that FSx blocks until the time is up fails with what blocks it', async () => {
  world.stack = { status: 'DELETE_IN_PROGRESS' };
  world.backups = [doomed()];
  world.fsx.on(DeleteBackupCommand).rejects(awsError('BackupRestoring', 'a restore is running'));
  await go();
  expect(world.responses).toEqual([
    expect.objectContaining({ Status: 'FAILED', PhysicalResourceId: BACKUP }),
  ]);
  expect(world.responses[0].Reason).toMatch(
    /^Deleting backup-\S+ was not possible in 55 min\. BackupRestoring: a restore is/,
  );
});
