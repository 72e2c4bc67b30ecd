import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateBackupCommand, DeleteBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { backup, NEW } from './backups';
import { MockedAws } from './mocked-aws';
import {
  awsError,
  BACKUP,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  RESPONSE_URL,
  START,
  updateEvent,
} from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const MINUTE = 60_000;
const event = createEvent();
const finish = () => (world.backups = world.backups.map((one) => ({ ...one, Lifecycle: 'AVAILABLE' })));
const taken = async () => world.poll(event, await world.poll(event));
const denied = awsError('AccessDeniedException', 'not authorized to perform fsx:DescribeBackups');
const throttled = awsError('ThrottlingException', 'slow down');
const crash = { error: { Error: 'Sandbox.Timedout' } };
const describing = (error: Error) => world.fsx.on(DescribeBackupsCommand).rejects(error);

describe('a poll', () => {
  test('goes on from the state: Starting, Taking, Waiting, the response', async () => {
    const first = await world.poll(event);
    const second = await world.poll(event, first);
    expect([first, second].map(({ state }) => state.phase.phase)).toEqual(['Taking', 'Waiting']);
    finish();
    expect(await world.poll(event, second)).toHaveProperty('output');
  });

  test('returns a state that is versioned, and JSON', async () => {
    const { state } = await taken();
    expect(state.version).toBe(1);
    expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(state)));
  });

  test('mutates no state', async () => {
    const polled = await taken();
    const frozen = JSON.parse(JSON.stringify(polled));
    const freeze = (value: any) =>
      Object.values(Object.freeze(value)).forEach((v) => v && Object(v) === v && freeze(v));
    freeze(frozen);
    await world.poll(event, frozen);
    expect(JSON.stringify(frozen)).toBe(JSON.stringify(polled));
  });

  test('starts over with a state of another version, and takes no second backup', async () => {
    const polled = await taken();
    const later = { ...polled, state: { ...polled.state, version: 2, phase: { phase: 'Dancing' } } };
    const again = await world.poll(event, later);
    expect(again.state).toMatchObject({ version: 1, phase: { phase: 'Taking' } });
    await world.poll(event, again);
    expect(world.backups).toHaveLength(1);
  });

  test('takes nothing for state that an execution was started with', async () => {
    const forged = {
      ...event,
      state: { version: 1, phase: { phase: 'Waiting', backupId: BACKUP, since: 0 } },
    };
    expect((await world.poll(forged)).state.phase.phase).toBe('Taking');
  });

  test('of an input that is not CloudFormation’s ends the execution, and responds to nobody', async () => {
    const foreign = { ...event, ResponseURL: 'https://evil.com/?X-Amz-Signature=secret' };
    expect(await world.poll(foreign)).toEqual({
      failure: { error: 'InvalidInput', cause: expect.stringMatching(/not a request of CloudFormation/) },
    });
    expect(world.responses).toEqual([]);
    expect(world.fsx.calls()).toEqual([]);
    expect(JSON.stringify(world.logged)).not.toContain('secret');
    expect(world.logged).toEqual([expect.objectContaining({ level: 'error' })]);
  });

  test('never lets the URL into the log', async () => {
    describing(throttled);
    await world.toTheEnd(createEvent({ TimeoutSeconds: '600' }));
    expect(JSON.stringify(world.logged)).not.toContain('verysecret');
    expect(JSON.stringify(world.logged)).not.toContain(new URL(RESPONSE_URL).host);
  });

  test('says in each line of the log which resource of which stack it is about', async () => {
    await world.toTheEnd(createEvent({ TimeoutSeconds: '60' }));
    expect(world.logged.length).toBeGreaterThan(0);
    for (const line of world.logged) {
      expect(line).toMatchObject({ stackId: event.StackId, logicalId: 'Backup', requestId: 'request-1' });
    }
  });
});

describe('time', () => {
  test.each([
    ['of a backup is its timeout', createEvent({ TimeoutSeconds: '600' }), 10],
    ['of a backup is 55 minutes', createEvent({ TimeoutSeconds: '3300' }), 55],
    ['of a backup is 55 minutes at most', createEvent({ TimeoutSeconds: '43200' }), 55],
  ])('%s', async (_, given, minutes) => {
    await world.toTheEnd(given);
    expect(world.now).toBe(START + minutes * MINUTE);
    expect(world.responses).toHaveLength(1);
  });

  test('of a deletion is 55 minutes, whatever the timeout', async () => {
    world.stack.status = 'DELETE_IN_PROGRESS';
    world.backups = [backup({ removal: 'DESTROY' })];
    world.fsx.on(DeleteBackupCommand).rejects(awsError('BackupInProgress', 'wait'));
    await world.toTheEnd(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY', TimeoutSeconds: '60' }));
    expect(world.now).toBe(START + 55 * MINUTE);
  });

  test('is counted from the request, however late its event', async () => {
    const late = { ...event, ResponseURL: `${RESPONSE_URL}&X-Amz-Date=20261102T081500Z` };
    await world.toTheEnd(late);
    expect(world.now).toBe(START + 10 * MINUTE);
  });

  test('is never passed by a wait', async () => {
    const given = createEvent({ TimeoutSeconds: '61' });
    const polled = await world.poll(given, await world.poll(given));
    expect((await world.poll(given, { ...polled, wait: 58 })).wait).toBe(2);
  });
});

describe('an obstacle', () => {
  test('that passes is waited out, and forgotten', async () => {
    const polled = await taken();
    describing(throttled);
    const obstructed = await world.poll(event, polled);
    expect(obstructed.state).toMatchObject({
      phase: { phase: 'Waiting', backupId: NEW },
      obstacle: expect.stringMatching(/^ThrottlingException: slow down\. AWS did not respond/),
      failedPolls: 1,
    });
    world.fsx.on(DescribeBackupsCommand).resolves({ Backups: world.backups });
    expect((await world.poll(event, obstructed)).state).not.toHaveProperty('obstacle');
  });

  test('that passes makes those wait longer that only wait, not those that still begin', async () => {
    const longest = async (before: any) => {
      let most = 0;
      for (let polls = 0; polls < 20; polls++) {
        before = await world.poll(event, before);
        most = Math.max(most, before.wait);
      }
      return most;
    };
    world.fsx.onAnyCommand().rejects(throttled);
    expect(await longest(undefined)).toBeLessThanOrEqual(60);
    world.reset();
    const polled = await taken();
    world.fsx.onAnyCommand().rejects(throttled);
    expect(await longest(polled)).toBeGreaterThan(60);
  });

  test('that lasts is named when the time is up', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BackupInProgress', 'one is running'));
    await world.toTheEnd(createEvent({ TimeoutSeconds: '600' }));
    expect(world.responses[0].Reason).toMatch(
      /^Backing up fs-\S+ was not possible in 10 min\. BackupInProgress: one is running\. Another backup/,
    );
    expect(world.responses[0].Reason).toMatch(/Or allow more time with `timeout`\.$/);
  });

  test('that is final is a failure at once, with its remedy', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('UnsupportedOperation', 'a scratch file system'));
    await world.toTheEnd(event);
    expect(world.responses[0].Reason).toMatch(
      /^Backing up fs-\S+ failed\. UnsupportedOperation: a scratch file system\. FSx cannot back this up\./,
    );
  });
});

describe('a permission', () => {
  test('that is not in force yet is waited for, for two minutes', async () => {
    const polled = await taken();
    describing(denied);
    const first = await world.poll(event, polled);
    expect(first.state.deniedSince).toBe(world.now);
    const second = await world.poll(event, { ...first, wait: 119 });
    expect(second.state.deniedSince).toBe(first.state.deniedSince);
    expect(await world.poll(event, { ...second, wait: 1 })).toHaveProperty('failure');
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: NEW });
    expect(world.responses[0].Reason).toMatch(/The role of the FsxBackupProvider lacks this permission/);
  });

  test('that comes into force is forgotten', async () => {
    const polled = await taken();
    describing(denied);
    const first = await world.poll(event, polled);
    world.fsx.on(DescribeBackupsCommand).resolves({ Backups: world.backups });
    const second = await world.poll(event, { ...first, wait: 110 });
    expect(second.state.deniedSince).toBeUndefined();
    describing(denied);
    expect(await world.poll(event, { ...second, wait: 60 })).toHaveProperty('state');
  });
});

describe('what was decided', () => {
  const undeployed = createEvent({ FileSystemId: undefined, DeployedFileSystem: 'Fs' });
  const deploy = () => (world.resources.Fs = { status: 'CREATE_COMPLETE', id: FILE_SYSTEM });

  test('without a backup is in the state before CloudFormation is told', async () => {
    const decided = await world.poll(undeployed);
    expect(decided).toMatchObject({ state: { phase: { phase: 'Responding' } }, wait: 1 });
    expect(world.responses).toEqual([]);
    deploy();
    expect(await world.poll(undeployed, decided)).toHaveProperty('output');
    expect(world.responses).toEqual([expect.objectContaining({ PhysicalResourceId: 'none' })]);
    expect(world.backups).toEqual([]);
  });

  test('about a refused call, too: FSx may take the next one', async () => {
    world.fsx.on(CreateBackupCommand).rejects(awsError('BadRequest', 'no'));
    const decided = await taken();
    expect(decided).toMatchObject({ state: { phase: { phase: 'Responding' } }, wait: 1 });
    world.fsx.on(CreateBackupCommand).rejects(new Error('called again'));
    expect(await world.poll(event, decided)).toHaveProperty('failure');
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'FAILED' })]);
  });

  test('about a backup that is there is said at once', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [backup()];
    expect(await world.poll(updateEvent(BACKUP))).toHaveProperty('output');
  });
});

describe('a function that fails for good', () => {
  test('is polled again a minute later, from the same state', async () => {
    const polled = await taken();
    const crashed = await world.poll(event, polled, crash);
    expect(crashed).toMatchObject({
      state: { phase: { phase: 'Waiting', backupId: NEW }, crashes: 1 },
      wait: 60,
    });
    finish();
    expect(await world.poll(event, crashed)).toHaveProperty('output');
  });

  test('fails the request after the fifth time in a row', async () => {
    let polled = await taken();
    for (const crashes of [1, 2, 3, 4]) {
      polled = await world.poll(event, polled, crash);
      expect(polled.state.crashes).toBe(crashes);
    }
    expect(await world.poll(event, polled, crash)).toHaveProperty('failure');
    expect(world.responses[0].Reason).toMatch(/failed several times in a row \(Sandbox\.Timedout\)/);
  });

  test('goes back to waiting when it works again', async () => {
    let polled = await taken();
    for (let polls = 0; polls < 4; polls++) polled = await world.poll(event, polled, crash);
    polled = await world.poll(event, polled);
    expect(polled.state).toMatchObject({ phase: { phase: 'Waiting' } });
    expect(polled.state.crashes).toBeUndefined();
  });

  test('fails the request when the time is up', async () => {
    const polled = await taken();
    expect(await world.poll(event, { ...polled, wait: 3300 }, crash)).toHaveProperty('failure');
  });

  test('says so before its first state, too', async () => {
    expect(await world.poll(event, undefined, crash)).toMatchObject({ state: { crashes: 1 }, wait: 60 });
    expect(world.fsx.calls()).toEqual([]);
  });

  test('delivers a response that is known', async () => {
    world.problem = new Error('no');
    finish();
    const kept = await world.poll(createEvent({ FileSystemId: undefined, DeployedVolume: 'V' }));
    world.problem = undefined;
    expect(await world.poll(event, kept, crash)).toHaveProperty('output');
  });
});

describe('an execution that begins or goes on late', () => {
  test('acts once more before it gives up', async () => {
    const polled = await taken();
    finish();
    expect(await world.poll(event, { ...polled, wait: 3600 })).toHaveProperty('output');
  });

  test('of a rollback succeeds', async () => {
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    world.backups = [backup()];
    world.now += 56 * MINUTE;
    expect(await world.poll(updateEvent(BACKUP))).toMatchObject({ output: { PhysicalResourceId: BACKUP } });
  });

  test('takes nothing any more', async () => {
    world.now += 56 * MINUTE;
    await world.toTheEnd(event);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
    expect(world.responses[0]).toMatchObject({ Status: 'FAILED' });
  });
});

test('what may end in another poll is not asked of the stack again and again', async () => {
  const polled = await taken();
  const asked = world.calls(DescribeStacksCommand).length;
  await world.poll(event, await world.poll(event, polled));
  expect(world.calls(DescribeStacksCommand)).toHaveLength(asked);
});
