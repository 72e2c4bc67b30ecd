import type { Backup } from '@aws-sdk/client-fsx';
import {
  CreateBackupCommand,
  DescribeBackupsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-fsx';
import {
  backup,
  generation,
  type Marks,
  NEW,
  ofOther,
  OLD,
  OLDER,
  OLDEST,
  OTHER_FILE_SYSTEM,
  removalOf,
} from './backups';
import { MockedAws } from './mocked-aws';
import { awsError, BACKUP, FILE_SYSTEM, START, updateEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => {
  world.reset();
  world.stack = { status: 'UPDATE_ROLLBACK_IN_PROGRESS' };
});

const [g0, g1, g2] = ['v0', 'v1', 'v2'].map((value) => generation([value]));
const one = (id: string, marks: Marks, more: Partial<Backup> & { minutesOld?: number } = {}) =>
  backup(marks, { BackupId: id, ...more });
/** The update from v1 to v2 is undone; the request names what the resource holds now. */
const undo = (id = BACKUP, to: object = {}, from: object = {}) =>
  updateEvent(id, { Triggers: ['v1'], ...to }, { Triggers: ['v2'], ...from });
const returned = async (event: object = undo()) =>
  ((await world.toTheEnd(event)) as any).output.PhysicalResourceId;

const failed = one(BACKUP, { generation: g2, previous: OLD });

describe('a rollback of a change of triggers returns', () => {
  test.each<[string, Backup[], string]>([
    ['to the backup before', [failed, one(OLD, { generation: g1 })], OLD],
    [
      'along `previous` to the first of the generation',
      [
        failed,
        one(OLD, { generation: g0, previous: OLDER }),
        one(OLDER, { generation: g1, previous: OLDEST }),
        one(OLDEST, { generation: g1 }),
      ],
      OLDER,
    ],
    ['to `none`, which ends the chain and is an answer', [one(BACKUP, { generation: g2 })], 'none'],
    ['to `none` at the end of a longer chain', [failed, one(OLD, { generation: g0 })], 'none'],
    ['to its own id, if the update failed before it took another', [one(BACKUP, { generation: g1 })], BACKUP],
    ['to its own id, if the backup is gone', [], BACKUP],
    [
      'to its own id, with another version of the computation',
      [one(BACKUP, { generation: '2-abc' })],
      BACKUP,
    ],
    ['to its own id, if the tags are lost', [{ ...failed, Tags: [] }, one(OLD, { generation: g1 })], BACKUP],
    [
      'to the backup before, if the tags of that are lost: an attempt must not stay in its place',
      [failed, one(OLD, {}, { Tags: [] })],
      OLD,
    ],
    [
      'to its own id, if the backup is another resource’s',
      [one(BACKUP, { generation: g2, previous: OLD, logicalId: 'Other' }), one(OLD, { generation: g1 })],
      BACKUP,
    ],
    [
      'over a broken chain, to the newest AVAILABLE of that generation',
      [
        failed,
        one(OLDER, { generation: g1 }, { minutesOld: 5 }),
        one(OLDEST, { generation: g1 }, { minutesOld: 9 }),
        one(NEW, { generation: g1 }, { minutesOld: 2, Lifecycle: 'FAILED' }),
      ],
      OLDER,
    ],
    [
      'over a broken chain, to none of another resource, and to no copy',
      [
        failed,
        one(OLDER, { generation: g1, logicalId: 'Other' }),
        one(OLDEST, { generation: g1 }, { SourceBackupId: OLD }),
      ],
      OLD,
    ],
    [
      'over a broken chain without one, to the first `previous` that exists',
      [failed, one(OLD, { generation: g0, previous: OLDER }), one(NEW, { generation: g2 })],
      OLD,
    ],
    ['over a broken chain without any, to what is gone', [failed], OLD],
    [
      'over a chain that people have tied to a ring',
      [failed, one(OLD, { generation: g0, previous: BACKUP })],
      OLD,
    ],
  ])('%s', async (_, backups, id) => {
    world.backups = backups;
    expect(await returned()).toBe(id);
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: id })]);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('with the attributes of the backup before', async () => {
    world.backups = [failed, one(OLD, { generation: g1 })];
    await returned();
    expect(world.responses[0].Data).toMatchObject({ BackupId: OLD, BackupLifecycle: 'AVAILABLE' });
  });

  test('with well-formed attributes, if there is no backup', async () => {
    await returned();
    expect(world.responses[0].Data).toMatchObject({
      BackupArn: `arn:aws:fsx:us-east-1:123456789012:backup/${BACKUP}`,
      BackupLifecycle: 'DELETED',
      SourceFileSystemId: FILE_SYSTEM,
    });
  });

  test('and says so if the backup before no longer exists', async () => {
    world.backups = [failed];
    await returned();
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: 'the backup before this one no longer exists', previous: OLD }),
    );
  });
});

test('a rollback of a change of source returns to the backup of the source before', async () => {
  const other = generation(undefined, { FileSystemId: OTHER_FILE_SYSTEM });
  world.backups = [one(BACKUP, { generation: other, previous: OLD }, ofOther), one(OLD, {})];
  expect(await returned(updateEvent(BACKUP, {}, { FileSystemId: OTHER_FILE_SYSTEM }))).toBe(OLD);
});

test('a rollback of tags and options keeps the id, without a listing', async () => {
  world.backups = [one(BACKUP, { previous: OLD }), one(OLD, {})];
  expect(await returned(updateEvent(BACKUP, {}, { RemovalPolicy: 'DESTROY' }))).toBe(BACKUP);
  expect(world.calls(DescribeBackupsCommand).every(({ BackupIds }) => BackupIds)).toBe(true);
});

test('a rollback keeps the id if an unknown version wrote the former properties', async () => {
  world.backups = [failed, one(OLD, { generation: g1 })];
  expect(await returned(undo(BACKUP, {}, { SchemaVersion: '2' }))).toBe(BACKUP);
  expect(world.logged.map(({ level }) => level)).not.toContain('warn');
});

describe('of properties that are the same, and of what was not held for them', () => {
  // A weak reference was resolved again [?], or attempts without rollback came and failed.
  const deployed = { FileSystemId: undefined, DeployedFileSystem: 'Files', RemovalPolicy: 'DESTROY' };
  const undone = undo(BACKUP, { ...deployed, Triggers: ['v2'] }, deployed);
  const of = (value: string) => generation([value], { logicalId: 'Files' });
  const held = one(BACKUP, { generation: of('v1'), removal: 'DESTROY' });
  const ids = () => world.backups.map(({ BackupId }) => BackupId);

  test('returns to its own id if nothing was held before: else what is held would be deleted', async () => {
    world.backups = [held];
    expect(await returned(undone)).toBe(BACKUP);
    expect(ids()).toEqual([BACKUP]);
  });

  test('returns along `previous` to what was taken for them', async () => {
    world.backups = [
      one(BACKUP, { generation: of('v1'), previous: OLD }),
      one(OLD, { generation: of('v2') }),
    ];
    expect(await returned(undone)).toBe(OLD);
  });

  test('deletes what the attempt had started, if that says DESTROY', async () => {
    world.backups = [held, one(NEW, { generation: of('v2'), previous: BACKUP, removal: 'DESTROY' })];
    expect(await returned(undone)).toBe(BACKUP);
    expect(ids()).toEqual([BACKUP]);
  });
});

test('a rollback of a request that named `none` keeps it', async () => {
  expect(await returned(undo('none'))).toBe('none');
});

describe('tags go back in place', () => {
  const tagsOf = (value: string) => [{ Key: 'Name', Value: value }];

  test('`removal` first', async () => {
    world.backups = [one(BACKUP, { removal: 'DESTROY' })];
    const event = updateEvent(
      BACKUP,
      { Tags: tagsOf('old') },
      { RemovalPolicy: 'DESTROY', Tags: tagsOf('new') },
    );
    await returned(event);
    expect(world.calls(TagResourceCommand).map(({ Tags }) => Tags)).toEqual([
      [{ Key: 'cdk-fsx-backup:removal', Value: 'RETAIN' }],
      tagsOf('old'),
    ]);
    expect(removalOf(world.get(BACKUP))).toBe('RETAIN');
  });

  test('and those that the update had added are removed', async () => {
    world.backups = [one(BACKUP, {})];
    await returned(updateEvent(BACKUP, { Tags: [] }, {}));
    expect(world.calls(UntagResourceCommand)).toEqual([expect.objectContaining({ TagKeys: ['Name'] })]);
  });

  test.each(['BadRequest', 'AccessDeniedException'])('and what fails there is logged: %s', async (name) => {
    world.backups = [one(BACKUP, { removal: 'DESTROY' })];
    world.fsx.on(TagResourceCommand).rejects(awsError(name, 'no'));
    expect(await returned(updateEvent(BACKUP, {}, { RemovalPolicy: 'DESTROY' }))).toBe(BACKUP);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'the tags of the backup did not go back' }),
    );
  });

  test('and a passing error is waited out', async () => {
    world.backups = [one(BACKUP, { removal: 'DESTROY' })];
    world.fsx.on(TagResourceCommand).rejectsOnce(awsError('ThrottlingException', 'slow down')).resolves({});
    await returned(updateEvent(BACKUP, {}, { RemovalPolicy: 'DESTROY' }));
    expect(world.calls(TagResourceCommand)).toHaveLength(2);
  });

  test('but not on a backup of another resource', async () => {
    world.backups = [one(BACKUP, { logicalId: 'Other' })];
    await returned(updateEvent(BACKUP, {}, { RemovalPolicy: 'DESTROY' }));
    expect(world.calls(TagResourceCommand)).toEqual([]);
  });
});

describe('what the failed update had started', () => {
  const destroyed = undo(BACKUP, { RemovalPolicy: 'DESTROY' }, { RemovalPolicy: 'DESTROY' });
  const holding = one(BACKUP, { generation: g1, removal: 'DESTROY' });
  const attempt = one(
    NEW,
    { generation: g2, previous: BACKUP, removal: 'DESTROY' },
    { Lifecycle: 'CREATING' },
  );
  const ids = () => world.backups.map(({ BackupId }) => BackupId);

  test('is deleted if its `removal` says DESTROY, and nothing else', async () => {
    const others = [
      one(OLD, { generation: g2, previous: OLDER, removal: 'DESTROY' }),
      one(OLDEST, { generation: g2, previous: BACKUP, removal: 'RETAIN' }),
    ];
    world.backups = [holding, attempt, ...others];
    expect(await returned(destroyed)).toBe(BACKUP);
    expect(ids()).toEqual([BACKUP, OLD, OLDEST]);
  });

  test('is deleted, too, if it is of another file system', async () => {
    const to = { Triggers: undefined, RemovalPolicy: 'DESTROY' };
    world.backups = [holding, { ...attempt, ...ofOther }];
    await returned(updateEvent(BACKUP, to, { ...to, FileSystemId: OTHER_FILE_SYSTEM }));
    expect(ids()).toEqual([BACKUP]);
  });

  test('may still be about to begin: "nothing there" counts only after two minutes', async () => {
    world.backups = [holding];
    const polled = await world.poll(destroyed);
    expect(polled.state.phase).toMatchObject({ phase: 'CleaningUp' });
    world.backups = [holding, attempt];
    await world.toTheEnd(destroyed, polled);
    expect(ids()).toEqual([BACKUP]);
    expect(world.now).toBeGreaterThanOrEqual(START + 120_000);
  });

  test('stays with RETAIN', async () => {
    world.backups = [one(BACKUP, { generation: g1 }), { ...attempt, Tags: one(NEW, {}).Tags }];
    expect(await world.poll(undo())).toHaveProperty('output');
    expect(ids()).toEqual([BACKUP, NEW]);
  });

  test('is left undone after ten minutes, and the rollback succeeds', async () => {
    world.backups = [holding, attempt];
    world.fsx
      .on(DescribeBackupsCommand, { BackupIds: undefined })
      .rejects(awsError('Throttling', 'slow down'));
    expect(await returned(destroyed)).toBe(BACKUP);
    expect(world.now).toBe(START + 600_000);
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'something was left undone' }));
  });

  test('is left to CloudFormation if the update had succeeded', async () => {
    world.backups = [
      one(BACKUP, { generation: g2, previous: OLD, removal: 'DESTROY' }),
      one(OLD, { generation: g1, removal: 'DESTROY' }),
    ];
    expect(await returned(destroyed)).toBe(OLD);
    expect(ids()).toEqual([BACKUP, OLD]);
  });
});
