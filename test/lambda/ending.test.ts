import { MockedAws } from './mocked-aws';
import { open } from '../../lambda/door';
import { finish } from '../../lambda/ending';
import type { Response } from '../../lambda/phase';
import {
  awsError,
  BACKUP,
  createEvent,
  deleteEvent,
  EXECUTION,
  FILE_SYSTEM,
  RESPONSE_URL,
  START,
  updateEvent,
} from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const good: Response = { status: 'SUCCESS', physicalId: BACKUP, attributes: { BackupId: BACKUP } as any };
const bad: Response = { status: 'FAILED', physicalId: BACKUP, reason: 'it did not work' };
const final = { ...deleteEvent(`final-${FILE_SYSTEM}`), ResourceType: 'Custom::FsxFinalBackup' };
const begun = { execution: EXECUTION, startTime: new Date(START).toISOString(), state: null };

function end(input: unknown, response: Response, more: any = {}): Promise<any> {
  const { machine = 'requests', ...state } = more;
  const opened = open({ machine, input, ...begun }, world.effects.environment);
  const phase = { phase: 'Responding' as const, response };
  const before = { version: 1 as const, phase, ...state };
  return finish(opened, before, world.effects, world.effects.log({}));
}

describe('an execution ends', () => {
  test('SUCCEEDED with the facts of the backup as output, once CloudFormation is answered', async () => {
    expect(await end(createEvent(), good)).toEqual({
      output: { BackupId: BACKUP, PhysicalResourceId: BACKUP },
    });
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
  });

  test('with the age of a backup that was continued', async () => {
    expect(await end(createEvent(), { ...good, age: 600 })).toMatchObject({
      output: { SecondsBeforeRequest: 600 },
    });
  });

  test.each([good, bad])('with the id of a link, which never changes', async (response) => {
    const told = {
      BackupId: BACKUP,
      BackupLifecycle: 'CREATING',
      BackupCreationTime: '',
      TimeoutSeconds: '60',
    };
    for (const event of [createEvent(told), updateEvent('continuation-Old', told, told)]) {
      await end({ ...event, ResourceType: 'Custom::FsxBackupContinuation' }, response);
    }
    const { status: Status } = response;
    expect(world.responses).toEqual([
      expect.objectContaining({ Status, PhysicalResourceId: 'continuation-Backup' }),
      expect.objectContaining({ Status, PhysicalResourceId: 'continuation-Old' }),
    ]);
  });

  test('FAILED with the reason as cause, if a wanted backup is not there', async () => {
    expect(await end(createEvent(), bad)).toEqual({
      failure: { error: 'BackupFailed', cause: 'it did not work' },
    });
    expect(world.responses).toEqual([
      expect.objectContaining({ Status: 'FAILED', Reason: 'it did not work' }),
    ]);
    expect(world.logged).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  test('FAILED with InvalidInput, if the request cannot be used', async () => {
    expect(await end(createEvent({ FileSystemId: 'vpc-1' }), bad)).toMatchObject({
      failure: { error: 'InvalidInput' },
    });
  });

  test('FAILED if a final backup is not there', async () => {
    world.stack.status = 'DELETE_IN_PROGRESS';
    expect(await end(final, bad)).toHaveProperty('failure');
  });

  test('SUCCEEDED if a Delete failed: no backup is missing', async () => {
    world.stack.status = 'DELETE_IN_PROGRESS';
    expect(await end(deleteEvent(BACKUP), bad)).toMatchObject({
      output: { reason: 'it did not work', abandoned: false },
    });
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'FAILED' })]);
  });

  test.each([
    ['a Create', createEvent(), 'ROLLBACK_IN_PROGRESS'],
    ['an Update', updateEvent(BACKUP), 'UPDATE_ROLLBACK_IN_PROGRESS'],
    ['an Update', updateEvent(BACKUP), 'UPDATE_COMPLETE'],
    ['a final backup', final, 'UPDATE_COMPLETE'],
    ['a Create of a stack that is gone', createEvent(), undefined],
  ])('SUCCEEDED with `abandoned` if nobody waits any more: %s', async (_, event, status) => {
    world.stack = { status };
    world.now = START + 60_000;
    expect(await end(event, bad)).toMatchObject({ output: { abandoned: true, PhysicalResourceId: BACKUP } });
    expect(world.logged.map(({ level }) => level)).not.toContain('error');
  });

  test('FAILED as long as the status of the stack may be late', async () => {
    world.stack = { status: 'UPDATE_COMPLETE' };
    expect(await end(createEvent(), bad)).toHaveProperty('failure');
  });

  test('FAILED if it cannot be known whether somebody waits', async () => {
    world.cloudFormation.onAnyCommand().rejects(awsError('AccessDeniedException', 'no'));
    expect(await end(createEvent(), bad)).toHaveProperty('failure');
  });

  test('FAILED if a run has no backup, and no stack is asked', async () => {
    world.stack = {};
    const run = { source: FILE_SYSTEM };
    expect(await end(run, bad, { machine: 'runs' })).toHaveProperty('failure');
    expect(world.responses).toEqual([]);
    expect(world.cloudFormation.calls()).toEqual([]);
  });

  test('with a cause that is printable and under 1 KB', async () => {
    const { failure } = await end(createEvent(), { ...bad, reason: `a\n${'é'.repeat(3000)}` });
    expect(failure.cause).toMatch(/^a é+…$/);
    expect(Buffer.byteLength(failure.cause)).toBeLessThanOrEqual(1024);
  });
});

describe('a response that cannot be delivered', () => {
  beforeEach(() => (world.problem = new Error('CloudFormation’s response URL could not be reached')));

  test('is kept, and delivered by the next poll', async () => {
    const kept = await end(createEvent(), good);
    expect(kept).toMatchObject({ state: { phase: { response: good } }, wait: 5 });
    world.problem = undefined;
    expect(await world.poll(createEvent(), kept)).toMatchObject({ output: { BackupId: BACKUP } });
    expect(world.responses).toHaveLength(1);
  });

  test('is not judged again when it is delivered', async () => {
    const kept = await end(createEvent(), bad);
    world.problem = undefined;
    world.stack = { status: 'ROLLBACK_IN_PROGRESS' };
    expect(await world.poll(createEvent(), kept)).toHaveProperty('failure');
  });

  test('is given up, loudly, when CloudFormation has stopped waiting', async () => {
    world.now += 3_601_000;
    await expect(end(createEvent(), good)).rejects.toThrow('could not be reached');
  });

  test('is logged without its URL', async () => {
    await end(createEvent(), good);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: 'the response could not be delivered', status: 'SUCCESS' }),
    );
    expect(JSON.stringify(world.logged)).not.toContain(new URL(RESPONSE_URL).host);
  });
});

describe('a final backup that fails', () => {
  beforeEach(() => (world.stack.status = 'DELETE_IN_PROGRESS'));

  test('blocks the deletion with a message that names the ways on', async () => {
    await end(final, bad);
    expect(world.responses[0].Reason).toBe(
      `${FILE_SYSTEM} is not deleted, since its final backup is not AVAILABLE. it did not work To delete ` +
        'without it, retain Backup (delete-stack --retain-resources, once the stack is DELETE_FAILED).',
    );
  });

  test('says so once, however often it is delivered', async () => {
    world.problem = new Error('no');
    const kept = await end(final, bad);
    const again = await world.poll(final, kept);
    world.problem = undefined;
    await world.poll(final, again);
    expect(world.responses[0].Reason.match(/is not deleted/g)).toHaveLength(1);
  });
});
