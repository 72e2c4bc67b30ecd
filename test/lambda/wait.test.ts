import { DeleteBackupCommand } from '@aws-sdk/client-fsx';
import { backup, NEW } from './backups';
import { MockedAws } from './mocked-aws';
import { awsError, BACKUP, createEvent, FILE_SYSTEM, updateEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const taken = async (event: unknown = createEvent()) => world.poll(event, await world.poll(event));
const becomes = (Lifecycle: any, more: object = {}) =>
  (world.backups = world.backups.map((one) => ({ ...one, Lifecycle, ...more })));
const destroyed = createEvent({ RemovalPolicy: 'DESTROY' });

describe('success is AVAILABLE, nothing else', () => {
  test.each(['PENDING', 'CREATING', 'TRANSFERRING', 'COPYING', 'DELETING', 'NOT_YET_INVENTED'])(
    '%s is waited for',
    async (lifecycle) => {
      const polled = await taken();
      becomes(lifecycle, { ProgressPercent: 7 });
      expect((await world.poll(createEvent(), polled)).state.phase).toMatchObject({
        phase: 'Waiting',
        seen: { lifecycle, percent: 7 },
      });
    },
  );

  test('AVAILABLE is', async () => {
    const polled = await taken();
    becomes('AVAILABLE');
    expect(await world.poll(createEvent(), polled)).toMatchObject({ output: { BackupId: NEW } });
  });

  test('AVAILABLE at once is', async () => {
    world.fsx.onAnyCommand().resolves({ FileSystems: [], Backup: backup() } as any);
    expect(await taken()).toMatchObject({ output: { BackupId: BACKUP } });
  });
});

describe('a FAILED backup', () => {
  const FailureDetails = { Message: 'the volume is full' };

  test('is a failure with FSx’s reason and the real backup id', async () => {
    const polled = await taken();
    becomes('FAILED', { FailureDetails });
    await world.poll(createEvent(), polled);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: NEW });
    expect(world.responses[0].Reason).toBe(
      `FSx could not finish backup ${NEW} of ${FILE_SYSTEM}: the volume is full. Fix the cause, then ` +
        'try again. The failed backup counts towards your quota: delete it with ' +
        `aws fsx delete-backup --backup-id ${NEW}.`,
    );
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });

  test.each([{ RemovalPolicy: 'DESTROY' }, { KeepLast: '3' }])(
    'is removed where the role may delete: %j',
    async (changes) => {
      const polled = await taken(createEvent(changes));
      becomes('FAILED', { FailureDetails });
      await world.poll(createEvent(changes), polled);
      expect(world.backups).toEqual([]);
      expect(world.responses[0].Reason).toMatch(
        /the volume is full\. The failed backup is deleted\. Fix the cause, then try again\.$/,
      );
    },
  );

  test('whose removal takes a while is waited for', async () => {
    const polled = await taken(destroyed);
    becomes('FAILED', { FailureDetails });
    world.fsx.on(DeleteBackupCommand).resolvesOnce({ Lifecycle: 'DELETING' as any });
    const deleting = await world.poll(destroyed, polled);
    expect(deleting.state.phase).toMatchObject({ phase: 'DeletingFailed', backupId: NEW });
    world.backups = [];
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BackupNotFound', 'gone'));
    expect(await world.poll(destroyed, deleting)).toHaveProperty('failure');
  });

  test('that cannot be removed is named in the reason', async () => {
    const polled = await taken(destroyed);
    becomes('FAILED', { FailureDetails });
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BadRequest', 'no'));
    await world.poll(destroyed, polled);
    expect(world.responses[0]).toMatchObject({ PhysicalResourceId: NEW });
    expect(world.responses[0].Reason).toMatch(
      /the volume is full.* quota: delete it with aws .*The function could not delete it: BadRequest: no\./,
    );
  });

  test('that is gone, on which IAM denies the deletion for want of tags, is removed', async () => {
    const polled = await taken(destroyed);
    becomes('FAILED');
    world.fsx.on(DeleteBackupCommand).callsFake(() => {
      world.backups = [];
      throw awsError('AccessDeniedException', 'no tags');
    });
    await world.poll(destroyed, polled);
    expect(world.responses[0].Reason).toMatch(/it gives no reason\. The failed backup is deleted\./);
  });

  test('of an Update keeps the id of the request', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [backup()];
    const event = updateEvent(BACKUP, { Triggers: ['v2'] });
    const polled = await taken(event);
    becomes('FAILED');
    await world.poll(event, polled);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
  });
});

describe('a backup that FSx does not find', () => {
  test('has a minute’s grace right after creation', async () => {
    const polled = await taken();
    world.backups = [];
    const again = await world.poll(createEvent(), { ...polled, wait: 59 });
    expect(again.state.phase.phase).toBe('Waiting');
    await world.poll(createEvent(), { ...again, wait: 1 });
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: NEW });
    expect(world.responses[0].Reason).toMatch(/was deleted while the deployment waited for it\. Try again/);
  });

  test('is not waited for if FSx says DELETED', async () => {
    const polled = await taken();
    becomes('DELETED');
    expect(await world.poll(createEvent(), { ...polled, wait: 60 })).toHaveProperty('failure');
  });
});

describe('a backup that the resource had before the request', () => {
  const kept = async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [backup({ removal: 'DESTROY' }, { Lifecycle: 'CREATING' })];
    const first = await world.poll(updateEvent(BACKUP, { RemovalPolicy: 'DESTROY' }));
    return world.poll(updateEvent(BACKUP, { RemovalPolicy: 'DESTROY' }), { ...first, wait: 20 });
  };
  const event = updateEvent(BACKUP, { RemovalPolicy: 'DESTROY' });

  test('succeeds without it if somebody deletes it', async () => {
    const polled = await kept();
    world.backups = [];
    expect(await world.poll(event, { ...polled, wait: 60 })).toMatchObject({
      output: { BackupId: BACKUP, BackupLifecycle: 'DELETED' },
    });
  });

  test('is not removed if it fails', async () => {
    const polled = await kept();
    becomes('FAILED');
    await world.poll(event, polled);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: BACKUP });
    expect(world.calls(DeleteBackupCommand)).toEqual([]);
  });
});
