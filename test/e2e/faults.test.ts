import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { bystander, Kind, KINDS, MINUTE, ownBackupsIn, sourceOf, start, synthesize } from './fixture';
import type { Fault } from '../../sandbox/faults';
import type { Sandbox } from '../../sandbox/sandbox';
import { FsxBackup, FsxBackupProps } from '../../src';

/*
 * Every call of every path meets every fault. A passing fault must leave no trace in the result; a final error must fail the
 * deployment with its text, leave nothing unnamed, and touch no other backup.
 */

const { DESTROY, RETAIN } = RemovalPolicy;

const PASSING: Record<string, Fault> = {
  'a throttled call': { kind: 'throttle' },
  'an internal error': { kind: 'server-error' },
  'a hang': { kind: 'hang' },
  'a reset': { kind: 'reset' },
  'a lost response': { kind: 'lost-response' },
};
const FINAL: Fault = { kind: 'error', code: 'BadRequest', message: 'refused for the test' };

interface Path {
  readonly policy: RemovalPolicy;
  /** Before the faults. */
  readonly prepare?: (sandbox: Sandbox, app: Apps) => Promise<void>;
  /** With the faults. Its status must be the same with passing faults as without any. */
  readonly act: (sandbox: Sandbox, app: Apps) => Promise<string>;
  readonly failing?: boolean;
}

interface Apps {
  readonly none: string;
  readonly one: string;
  readonly tagged: string;
  readonly other: string;
}

const deploy = async (sandbox: Sandbox, directory: string) => (await sandbox.deploy(directory)).Files.status;
const destroy = async (sandbox: Sandbox) => (await sandbox.destroy('Files')).status;
const withOne = async (sandbox: Sandbox, apps: Apps) => void await sandbox.deploy(apps.one);
const withNone = async (sandbox: Sandbox, apps: Apps) => void await sandbox.deploy(apps.none);

const PATHS: Record<string, Path> = {
  'a create': { policy: RETAIN, prepare: withNone, act: (sandbox, apps) => deploy(sandbox, apps.one) },
  'a change of tags': { policy: RETAIN, prepare: withOne, act: (sandbox, apps) => deploy(sandbox, apps.tagged) },
  'a change of source': { policy: RETAIN, prepare: withOne, act: (sandbox, apps) => deploy(sandbox, apps.other) },
  'a change of source that deletes the old backup': { policy: DESTROY, prepare: withOne, act: (sandbox, apps) => deploy(sandbox, apps.other) },
  'a rolled back change of source': {
    policy: DESTROY,
    prepare: withOne,
    act: async (sandbox, apps) => {
      sandbox.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
      return deploy(sandbox, apps.other);
    },
  },
  'a create that is cancelled': {
    policy: DESTROY,
    prepare: withNone,
    act: async (sandbox, apps) => {
      sandbox.cloudFormation.failures.fail({ target: 'Sibling', on: 'create', after: 6_000 });
      return deploy(sandbox, apps.one);
    },
  },
  'a create whose backup fails': {
    policy: DESTROY,
    prepare: withNone,
    failing: true,
    act: async (sandbox, apps) => {
      sandbox.fsx.options.fail = () => 'failed for the test';
      return deploy(sandbox, apps.one);
    },
  },
  'a delete': { policy: DESTROY, prepare: withOne, act: destroy },
  'a delete with RETAIN': { policy: RETAIN, prepare: withOne, act: destroy },
};

function appsFor(kind: Kind, removalPolicy: RemovalPolicy): Apps {
  const app = (which: 'One' | 'Two' | undefined, team = 'a') => synthesize((stack: Stack) => {
    const sources = { One: sourceOf(stack, kind, 'One'), Two: sourceOf(stack, kind, 'Two') };
    const props: Partial<FsxBackupProps> = { removalPolicy };
    // The engine is there before the backup, so that a rollback does not take it away.
    new FsxBackup(stack, 'Standing', { source: sourceOf(stack, kind, 'Three'), removalPolicy });
    if (!which) return;
    bystander(stack, undefined, which);
    const backup = new FsxBackup(stack, 'Backup', { source: sources[which], ...props });
    stack.node.findChild('Bystander').node.addDependency(backup);
    bystander(stack, undefined, '1', 'Sibling');
    Tags.of(backup).add('team', team);
    new CfnOutput(stack, 'BackupId', { value: backup.backupId });
  });
  return { none: app(undefined), one: app('One'), tagged: app('One', 'b'), other: app('Two') };
}

/** What matters in the end: which backups there are, what they carry, and which of them the stack holds. */
function outcome(sandbox: Sandbox): unknown {
  const stack = sandbox.cloudFormation.stack('Files');
  const held = new Set(Object.values(stack.resources).map((resource) => resource.physicalId));
  return ownBackupsIn(sandbox)
    .map((backup) => ({ tags: Object.fromEntries(backup.tags), held: held.has(backup.id), failed: backup.failure }))
    .map(({ tags: { 'cdk-fsx-backup:stack-id': _, ...tags }, ...rest }) => JSON.stringify({ ...rest, tags }))
    .sort();
}

function eachRequestIsAnsweredOnce(sandbox: Sandbox): void {
  const answered = sandbox.journal.of('response').filter((response) => response.effect === 'accepted').map((response) => response.requestId);
  expect(new Set(answered).size).toBe(answered.length);
  for (const response of sandbox.journal.of('response')) expect(response.bytes).toBeLessThanOrEqual(4096);
  expect(sandbox.journal.of('response').filter((response) => response.effect === 'refused' && !response.why?.startsWith('fault:'))).toEqual([]);
}

async function play(path: Path, apps: Apps, disturb: (sandbox: Sandbox) => void = () => {}) {
  const sandbox = await start({ fsx: { backupDuration: () => 7_000 } });
  await path.prepare?.(sandbox, apps);
  const before = sandbox.journal.entries.length;
  disturb(sandbox);
  const status = await path.act(sandbox, apps);
  await sandbox.clock.run(sandbox.clock.sleep(90 * MINUTE)); // whatever still runs gets its time
  sandbox.faults.clear();
  eachRequestIsAnsweredOnce(sandbox);
  const calls = sandbox.journal.entries.slice(before).flatMap((entry) => entry.kind === 'call' ? [entry.operation] : []);
  return { sandbox, status, calls };
}

/** The path's calls, each with which one of its operation it is: fsx:DescribeBackups 3. */
function numbered(calls: string[]): Array<[string, number]> {
  const counts: Record<string, number> = {};
  return [...calls, 'response:PUT'].map((operation) => [operation, counts[operation] = (counts[operation] ?? 0) + 1]);
}

describe.each(Object.entries(PATHS))('%s', (name, path) => {
  const kinds = name === 'a create' ? KINDS : [KINDS[Object.keys(PATHS).indexOf(name) % KINDS.length]];

  test.each(kinds)('comes to the same end whatever passing fault meets whichever call (%s)', async (kind) => {
    const apps = appsFor(kind, path.policy);
    const undisturbed = await play(path, apps);
    const expected = outcome(undisturbed.sandbox);
    const positions = numbered(undisturbed.calls);
    expect(positions.length).toBeGreaterThan(path.policy === RETAIN && name.startsWith('a delete') ? 0 : 1);
    for (const [operation, nth] of positions) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const { sandbox, status } = await play(path, apps, ({ faults }) => faults.add(operation, nth, fault));
        const where = `${what} at ${operation} ${nth}`;
        expect([where, status, outcome(sandbox)]).toEqual([where, undisturbed.status, expected]);
        await sandbox.close();
      }
    }
  }, 300_000);

  test('ends in a named failure, and touches nothing else, where a call is refused for good', async () => {
    const kind = kinds[0];
    const apps = appsFor(kind, path.policy);
    const undisturbed = await play(path, apps);
    const foreign = (sandbox: Sandbox) => ownBackupsIn(sandbox).filter((backup) => backup.tags.get('Name') === 'Files/Standing').length;
    for (const [operation, nth] of numbered(undisturbed.calls).filter(([called]) => called.startsWith('fsx:'))) {
      const { sandbox } = await play(path, apps, ({ faults }) => faults.add(operation, { from: nth }, FINAL));
      const where = `${operation} from ${nth} on`;
      const reasons = sandbox.cloudFormation.stack('Files').events.map((event) => event.reason ?? '').join('\n');
      const named = sandbox.journal.of('log').map((entry) => entry.line).join('\n');
      const held = Object.values(sandbox.cloudFormation.stack('Files').resources).map((resource) => resource.physicalId);
      expect([where, /BadRequest/.test(reasons + named)]).toEqual([where, true]);
      for (const backup of ownBackupsIn(sandbox)) {
        const isKnown = held.includes(backup.id) || (reasons + named).includes(backup.id);
        expect([where, backup.id, isKnown]).toEqual([where, backup.id, true]);
      }
      if (!name.startsWith('a delete')) expect([where, foreign(sandbox)]).toEqual([where, 1]);
      await sandbox.close();
    }
  }, 300_000);
});

describe('for as long as it lasts', () => {
  const apps = () => appsFor('OPENZFS', RETAIN);
  const create = PATHS['a create'];

  test('throttling of every other call does not stop a backup', async () => {
    const { sandbox, status } = await play(create, apps(), ({ faults }) => faults.add('fsx:*', { every: 2 }, { kind: 'throttle' }));
    expect(status).toBe('UPDATE_COMPLETE');
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  });

  test.each(Object.entries({ ...PASSING, 'a refusal': { kind: 'error', code: 'AccessDeniedException', message: 'no' } as Fault }))(
    '%s of every call of FSx is answered within the service timeout', async (_, fault) => {
      const { sandbox, status } = await play(create, apps(), ({ faults }) => faults.add('fsx:*', { from: 1 }, fault));
      expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
      const request = sandbox.journal.of('request').find((entry) => entry.type === 'Create' && entry.logicalId.startsWith('Backup'))!;
      const answer = sandbox.journal.of('response').find((entry) => entry.requestId === request.requestId)!;
      expect(answer.effect).toBe('accepted');
      expect(answer.at - request.at).toBeLessThan(3600_000);
    }, 60_000);

  test.each(Object.entries(PASSING))('%s of every call of CloudFormation ends in a failure that names it, and no backup', async (_, fault) => {
    const { sandbox, status } = await play(create, apps(), ({ faults }) => faults.add('cloudformation:*', { from: 1 }, fault));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(ownBackupsIn(sandbox)).toHaveLength(1);
    const reasons = sandbox.cloudFormation.stack('Files').events.map((event) => event.reason).join();
    expect(reasons).toMatch(/Backing up fs-\w+ was not possible in 58 min.*AWS did not answer/);
  }, 60_000);

  test.each(Object.entries(PASSING))('%s of every call of Step Functions ends in a failure, and deploying again takes the backup up', async (_, fault) => {
    const prepared = apps();
    const { sandbox, status } = await play(create, prepared, ({ faults }) => faults.add('states:*', { from: 1 }, fault));
    expect(status).toMatch(/^UPDATE_(ROLLBACK_)?COMPLETE$/); // a lost response has started the execution
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
    expect(await deploy(sandbox, prepared.one)).toMatch(/^UPDATE_COMPLETE$/);
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  }, 60_000);

  test('an answer that gets lost for twenty minutes is delivered after all', async () => {
    const { sandbox, status } = await play(create, apps(), (box) => {
      box.faults.add('response:PUT', { from: 1 }, { kind: 'server-error' });
      box.clock.setTimeout(() => box.faults.clear(), 20 * MINUTE);
    });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(ownBackupsIn(sandbox)).toHaveLength(2);
  });
});
