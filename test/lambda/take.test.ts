import { CreateBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, generation, type Marks, NEW, ofOther, OLD, removalOf } from './backups';
import { MockedAws } from './mocked-aws';
import { awsError, BACKUP, createEvent, FILE_SYSTEM, START, updateEvent, VOLUME } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const MINUTE = 60_000;
const creates = () => world.calls(CreateBackupCommand);
const tagsOf = async (event: unknown) => {
  const { tags } = (await world.poll(event)).state.phase;
  return Object.fromEntries(tags.map(({ Key, Value }: any) => [Key.replace('cdk-fsx-backup:', ''), Value]));
};

describe('the tags of a request', () => {
  test.each([
    [{}, 'RETAIN'],
    [{ RemovalPolicy: 'DESTROY' }, 'DESTROY'],
    [{ KeepLast: '3' }, 'KEEP_LAST:3'],
  ])('say what its resource says: %j', async (changes, removal) => {
    expect((await tagsOf(createEvent(changes))).removal).toBe(removal);
  });

  test('say the backup that the resource held before, or none', async () => {
    expect((await tagsOf(createEvent())).previous).toBe('none');
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [backup()];
    expect((await tagsOf(updateEvent(BACKUP, { Triggers: ['v2'] }))).previous).toBe(BACKUP);
    world.now += 20_000;
    expect((await tagsOf(updateEvent('none', { Triggers: ['v2'] }))).previous).toBe('none');
  });

  test('say the generation', async () => {
    expect((await tagsOf(createEvent({ Triggers: ['v1'] }))).generation).toBe(generation(['v1']));
  });

  test('have those of the source, if it asks for that (CopyTagsToBackups)', async () => {
    const Tags = [
      { Key: 'team', Value: 'files' },
      { Key: 'Name', Value: 'the file system' },
      { Key: 'aws:cloudformation:stack-name', Value: 'Files' },
    ];
    world.fileSystem = { Tags, WindowsConfiguration: { CopyTagsToBackups: true } };
    const tags = await tagsOf(createEvent());
    expect(tags).toMatchObject({ team: 'files', Name: 'Files/Backup' });
    expect(tags).not.toHaveProperty('aws:cloudformation:stack-name');
  });

  test('name the time of the request, whenever FSx takes the call', async () => {
    world.fsx.on(CreateBackupCommand).rejectsOnce(awsError('BackupInProgress', 'another'));
    const event = createEvent({ NameHasTime: 'true' });
    world.now += 120_000;
    const polled = await world.poll(event);
    expect(polled.state.phase.tags).toContainEqual({ Key: 'Name', Value: 'Files/Backup 2026-11-02T09:00Z' });
    const again = await world.poll(event, polled);
    world.now += 600_000;
    await world.poll(event, again);
    expect(creates()).toHaveLength(2);
    expect(creates()[1].Tags).toEqual(polled.state.phase.tags);
  });

  test('are fixed before the first CreateBackup, whatever changes afterwards', async () => {
    world.fileSystem = {
      Tags: [{ Key: 'team', Value: 'a' }],
      OpenZFSConfiguration: { CopyTagsToBackups: true },
    };
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'another'));
    const polled = await world.poll(createEvent());
    world.fileSystem = {};
    await world.poll(createEvent(), await world.poll(createEvent(), polled));
    expect(creates()).toHaveLength(2);
    expect(creates()[1]).toEqual(creates()[0]);
    expect(creates()[0].Tags).toContainEqual({ Key: 'team', Value: 'a' });
  });

  test('that do not fit are logged', async () => {
    const Tags = Array.from({ length: 50 }, (_, i) => ({ Key: `t${i}`, Value: 'v' }));
    world.fileSystem = { Tags, LustreConfiguration: { CopyTagsToBackups: true } };
    await world.poll(createEvent());
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', keys: expect.arrayContaining(['t49']) }),
    );
  });
});

describe('a running backup', () => {
  const g2 = generation(['v2']);
  const event = updateEvent(BACKUP, { Triggers: ['v2'] }, { Triggers: ['v1'] });
  const held = backup({ generation: generation(['v1']) });
  const runs = (marks: Marks = {}, more: object = {}) =>
    backup({ generation: g2, previous: BACKUP, ...marks }, { BackupId: OLD, Lifecycle: 'CREATING', ...more });
  const meet = async (running: object) => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [held, running as any];
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'one is running'));
    return world.poll(event, await world.poll(event));
  };

  test.each<[string, boolean, object]>([
    ['its own, of the wanted generation, with what the resource holds as `previous`', true, runs()],
    ['… PENDING', true, runs({}, { Lifecycle: 'PENDING' })],
    ['… TRANSFERRING', true, runs({}, { Lifecycle: 'TRANSFERRING' })],
    ['… in a lifecycle not yet invented', true, runs({}, { Lifecycle: 'POLISHING' })],
    ['… with another `removal`', true, runs({ removal: 'DESTROY' })],
    ['of another generation', false, runs({ generation: generation(['v1']) })],
    ['with another `previous`: a deployment has succeeded since', false, runs({ previous: OLD })],
    ['with no `previous`', false, runs({ previous: 'none' })],
    ['of another resource', false, runs({ logicalId: 'Other' })],
    ['of another stack', false, runs({ stackId: 'arn:other' })],
    ['of somebody else', false, runs({}, { Tags: [] })],
    ['of another source', false, runs({}, ofOther)],
    ['that is a copy', false, runs({}, { SourceBackupId: NEW })],
    ['that is finished', false, runs({}, { Lifecycle: 'AVAILABLE' })],
    ['that has failed', false, runs({}, { Lifecycle: 'FAILED' })],
  ])('%s is continued: %s', async (_, isContinued, running) => {
    const { state } = await meet(running);
    expect(state.phase).toMatchObject(
      isContinued
        ? { phase: 'Waiting', backupId: OLD }
        : { phase: 'Taking', source: { FileSystemId: FILE_SYSTEM } },
    );
    expect(state.obstacle === undefined).toBe(isContinued);
  });

  test.each([
    ['RETAIN', 'Waiting'],
    ['DESTROY', 'Taking'],
  ])(
    'with the policy %s, a Create is %s then: what failed before has the same id',
    async (removal, phase) => {
      const create = createEvent({ RemovalPolicy: removal });
      world.backups = [backup({ previous: 'none', removal }, { BackupId: OLD, Lifecycle: 'CREATING' })];
      world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'one is running'));
      expect((await world.poll(create, await world.poll(create))).state.phase.phase).toBe(phase);
    },
  );

  test('that is continued says its age in the log and in the output', async () => {
    const polled = await meet(runs({}, { minutesOld: 20 }));
    const age = 20 * 60 + 1;
    expect(world.logged).toContainEqual(expect.objectContaining({ backupId: OLD, age }));
    world.backups = [held, runs({}, { minutesOld: 20, Lifecycle: 'AVAILABLE' })];
    expect(await world.poll(event, polled)).toMatchObject({
      output: { BackupId: OLD, SecondsBeforeRequest: age },
    });
  });

  test('that is not continued is waited out, and then another is taken', async () => {
    const polled = await meet(runs({ logicalId: 'Other' }));
    world.fsx.on(CreateBackupCommand).resolves({ Backup: backup({ generation: g2 }, { BackupId: NEW }) });
    expect(await world.poll(event, polled)).toMatchObject({ output: { BackupId: NEW } });
  });

  test('is waited out until the deadline', async () => {
    const polled = await meet(runs({ logicalId: 'Other' }));
    await world.toTheEnd(event, polled);
    expect(world.now).toBe(START + 55 * MINUTE + 1000);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(removalOf(world.get(BACKUP))).toBe('RETAIN');
  });

  test('is listed for once, page after page, and not again from the beginning', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [held];
    const polled = await world.poll(event);
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'one is running'));
    world.fsx.on(DescribeBackupsCommand).callsFake(({ NextToken = '' }) => {
      world.now += 9_000;
      return { Backups: [], NextToken: NextToken.length < 4 ? `${NextToken}x` : undefined };
    });
    await world.poll(event, await world.poll(event, await world.poll(event, polled)));
    const tokens = world
      .calls(DescribeBackupsCommand)
      .flatMap((call) => (call.Filters ? [call.NextToken] : []));
    expect(tokens).toEqual([undefined, 'x', 'xx', 'xxx', 'xxxx']);
  });
});

describe('the source is busy: a refusal is waited out', () => {
  const refuse = (name: string) =>
    world.fsx
      .on(CreateBackupCommand)
      .rejectsOnce(awsError(name, 'not now'))
      .resolves({ Backup: backup({}, { Lifecycle: 'CREATING' }) });

  test.each([
    ['BadRequest', 'CREATING'],
    ['BadRequest', 'UPDATING'],
    ['BadRequest', 'PENDING'],
    ['UnsupportedOperation', 'CREATING'],
    ['ValidationException', 'CREATING'],
  ])('%s while it is %s', async (name, Lifecycle) => {
    world.fileSystem = { Lifecycle };
    refuse(name);
    const polled = await world.poll(createEvent(), await world.poll(createEvent()));
    expect(polled.state).toMatchObject({
      phase: { phase: 'Taking' },
      obstacle: expect.stringMatching(/is being created or changed: not now\. Try again when that is over/),
    });
    expect((await world.poll(createEvent(), polled)).state.phase.phase).toBe('Waiting');
  });

  test('of a volume: while its file system is', async () => {
    world.volume = { FileSystemId: FILE_SYSTEM };
    world.fileSystem = { Lifecycle: 'UPDATING' };
    refuse('BadRequest');
    const event = createEvent({ FileSystemId: undefined, VolumeId: VOLUME });
    expect(await world.poll(event, await world.poll(event))).toHaveProperty('state');
  });

  test('but not if it is AVAILABLE', async () => {
    refuse('BadRequest');
    expect(await world.toTheEnd(createEvent())).toHaveProperty('failure');
    expect(world.now).toBe(START + 2000);
  });
});

describe('a request whose operation is over starts nothing any more', () => {
  const seen = async () => {
    world.stack = { status: 'UPDATE_IN_PROGRESS', lastUpdated: new Date(0) };
    return world.poll(createEvent());
  };

  test.each(['UPDATE_COMPLETE', 'UPDATE_ROLLBACK_IN_PROGRESS', 'DELETE_IN_PROGRESS', undefined])(
    'by the status %s, once it is 20 s old',
    async (status) => {
      const polled = await seen();
      world.stack.status = status;
      const again = await world.poll(createEvent(), polled);
      expect(again.state.phase.phase).toBe('Taking');
      await world.toTheEnd(createEvent(), { ...again, wait: 20 });
      expect(creates()).toEqual([]);
      expect(world.responses[0]).toMatchObject({
        Status: 'FAILED',
        Reason: expect.stringMatching(/no longer waits for this one/),
      });
    },
  );

  test('by another LastUpdatedTime than the first one seen', async () => {
    const polled = await seen();
    world.stack.lastUpdated = new Date(1);
    world.resources.Backup = { status: 'UPDATE_COMPLETE', id: BACKUP };
    await world.toTheEnd(createEvent(), { ...polled, wait: 20 });
    expect(creates()).toEqual([]);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED' });
  });

  test.each(['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'])(
    'but not while the resource is %s',
    async (status) => {
      const polled = await seen();
      world.stack.lastUpdated = new Date(1);
      world.resources.Backup = { status };
      await world.poll(createEvent(), polled);
      expect(creates()).toHaveLength(1);
    },
  );

  test('never by a clock', async () => {
    const polled = await seen();
    world.stack.lastUpdated = new Date(0);
    await world.poll(createEvent(), { ...polled, wait: 50 * 60 });
    expect(creates()).toHaveLength(1);
  });
});
