import { MockedAws, requestFor } from './mocked-aws';
import type { Phase, Response } from '../../lambda/phase';
import { giveUp, timeOut } from '../../lambda/time-out';
import { BACKUP, createEvent, deleteEvent, FILE_SYSTEM, START, updateEvent } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => {
  world.reset();
  world.now = START + 55 * 60_000;
});

const seen = { lifecycle: 'CREATING', percent: 43, createdAt: START };
const waiting: Phase = { phase: 'Waiting', backupId: BACKUP, since: START, seen };
const taking: Phase = { phase: 'Taking', source: { FileSystemId: FILE_SYSTEM }, tags: [] };
const done: Response = { status: 'SUCCESS', physicalId: BACKUP };
const cleaning = (mustSucceed: boolean): Phase => ({
  phase: 'CleaningUp',
  since: START,
  response: done,
  goal: { delete: 'all' },
  sources: [],
  found: [],
  mustSucceed,
});
const short = createEvent({ TimeoutSeconds: '3300' });
const long = createEvent({ TimeoutSeconds: '7200' });
const run = async (phase: Phase, event: unknown, act: any, obstacle?: string) => {
  const state = { version: 1 as const, phase, obstacle };
  return act(world.context(requestFor(event)), state, obstacle ?? '').phase.response;
};
const timedOut = (phase: Phase, event: unknown = short, obstacle?: string) =>
  run(phase, event, timeOut, obstacle);
const givenUp = (phase: Phase, event: unknown, obstacle = 'It is broken.') =>
  run(phase, event, giveUp, obstacle);

describe('when the time is up', () => {
  test('a backup that still runs is a failure with the progress, and its id', async () => {
    expect(await timedOut(waiting)).toMatchObject({
      status: 'FAILED',
      physicalId: BACKUP,
      reason: expect.stringMatching(
        /^Backup \S+ of fs-\S+ is not finished after 55 min \(CREATING, 43 %\)\./,
      ),
    });
  });

  test('it hands over to a continuation if the timeout is longer than 55 minutes', async () => {
    expect(await timedOut(waiting, long)).toMatchObject({
      status: 'SUCCESS',
      physicalId: BACKUP,
      attributes: {
        BackupId: BACKUP,
        BackupLifecycle: 'CREATING',
        BackupCreationTime: new Date(START).toISOString(),
      },
    });
  });

  test('it hands over what the resource had before under the id of the resource', async () => {
    const event = updateEvent(BACKUP, { TimeoutSeconds: '7200' });
    expect(await timedOut({ ...waiting, isKept: true }, event)).toMatchObject({ physicalId: BACKUP });
  });

  test('it hands over no backup that was never seen', async () => {
    expect(await timedOut({ ...waiting, seen: undefined }, long, 'It hangs.')).toMatchObject({
      status: 'FAILED',
      physicalId: BACKUP,
      reason: expect.stringMatching(/was not possible in 55 min\. It hangs\./),
    });
  });

  test('it hands over nothing if none could be begun', async () => {
    expect(await timedOut(taking, long, 'It is busy.')).toMatchObject({
      status: 'FAILED',
      physicalId: expect.stringMatching(/^none-Files\.Backup\./),
      reason: expect.stringMatching(/^Backing up fs-\S+ was not possible in 55 min\. It is busy\. Or allow/),
    });
  });

  test('what stands in the way of the last polls is said, too', async () => {
    expect((await timedOut(waiting, short, 'AWS is slow.')).reason).toMatch(/AWS is slow\.$/);
  });
});

describe('when nothing more can be done', () => {
  test('a rollback succeeds with the id of the request, or with the one that was found', async () => {
    const event = updateEvent(BACKUP);
    expect(await givenUp({ phase: 'RollingBack' }, event)).toMatchObject({
      status: 'SUCCESS',
      physicalId: BACKUP,
      attributes: { BackupArn: expect.stringMatching(`:backup/${BACKUP}$`) },
    });
    expect(await givenUp({ phase: 'RollingBack', to: 'none' }, event)).toMatchObject({ physicalId: 'none' });
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', obstacle: 'It is broken.' }),
    );
  });

  test('tidying up is not worth a failure', async () => {
    expect(await givenUp(cleaning(false), updateEvent(BACKUP))).toEqual(done);
  });

  test('a deletion that is asked for is', async () => {
    const event = deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' });
    expect(await givenUp(cleaning(true), event)).toMatchObject({
      status: 'FAILED',
      physicalId: BACKUP,
      reason: `Deleting ${BACKUP} failed. It is broken.`,
    });
  });

  test('a Delete that deletes nothing succeeds', async () => {
    expect(await givenUp({ phase: 'Starting' }, deleteEvent(BACKUP))).toMatchObject({ status: 'SUCCESS' });
  });

  test('a failed backup that stays is named', async () => {
    const phase: Phase = { phase: 'DeletingFailed', backupId: BACKUP, reason: 'FSx could not.' };
    expect(await givenUp(phase, createEvent())).toMatchObject({
      status: 'FAILED',
      physicalId: BACKUP,
      reason: expect.stringMatching(/^FSx could not\..* The function could not delete it: It is broken\.$/),
    });
  });

  test.each<[string, Phase, RegExp]>([
    ['that never called CreateBackup', { phase: 'Starting' }, /^none-Files\.Backup\./],
    ['that was about to call it', taking, /^none-Files\.Backup\./],
    ['that may have called it', { ...taking, isAsked: true } as Phase, /^Files\.Backup\./],
    ['that knows its backup', waiting, /^backup-/],
  ])('a failed Create %s says so in its id', async (_, phase, id) => {
    expect((await givenUp(phase, createEvent())).physicalId).toMatch(id);
  });

  test('a failed Update answers with the physical id of the request', async () => {
    for (const phase of [{ phase: 'Starting' } as Phase, taking, waiting]) {
      expect((await givenUp(phase, updateEvent('none'))).physicalId).toBe('none');
    }
  });
});
