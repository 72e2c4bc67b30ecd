import { readFileSync } from 'node:fs';
import { aws_fsx as fsx, aws_iam as iam, Stack } from 'aws-cdk-lib';
import { PASSING } from './fault-paths';
import { runOf } from '../../lambda/run-input';
import type { Execution, SandboxOptions } from '../../sandbox';
import { BackupSource, FsxBackup, FsxBackupProvider } from '../../src';
import {
  DAY,
  finishedAt,
  HOUR,
  type Kind,
  KINDS,
  MINUTE,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
  nameOf,
} from '../fixtures';
import { RUN } from '../fixtures/events';

interface Operators {
  readonly kind?: Kind;
  readonly pruning?: boolean;
  /** Beside the engine. */
  readonly more?: (stack: Stack, provider: FsxBackupProvider) => void;
}

/** An engine for one source, and somebody who may start it. */
function operators({ kind = 'OPENZFS', pruning = true, more }: Operators = {}): string {
  return synthesize((stack) => {
    const provider = new FsxBackupProvider(stack, 'Provider');
    provider.allowBackupsOf(sourceOf(stack, kind));
    if (pruning) provider.allowPruning();
    const assumedBy = new iam.AccountRootPrincipal();
    provider.grantRun(new iam.Role(stack, 'Operator', { assumedBy, roleName: 'operator' }));
    new iam.Role(stack, 'Stranger', { assumedBy, roleName: 'stranger' });
    more?.(stack, provider);
  });
}

async function begin(given: Operators = {}, options: SandboxOptions = {}): Promise<World> {
  const world = await start(options);
  expect((await world.deploy(operators(given))).Files.status).toBe('CREATE_COMPLETE');
  return world;
}

function sourceIn(world: World, kind: Kind = 'OPENZFS'): string {
  return world.physicalIdOf(kind === 'ONTAP' ? 'SourceVolume' : 'Source')!;
}

function stateMachineIn(world: World): string {
  return world.physicalIdOf(/^ProviderRuns[0-9A-F]{8}$/)!;
}

/** What an operator does: start an execution with the source and this. */
async function launch(world: World, input: object = {}, role = 'operator'): Promise<string> {
  const { api } = world.stepFunctions;
  const given = { source: sourceIn(world), ...input };
  const principal = `arn:aws:iam::123456789012:role/${role}`;
  const { executionArn } = (await api.handle({
    operation: 'StartExecution',
    principal,
    input: { stateMachineArn: stateMachineIn(world), input: JSON.stringify(given) },
  })) as any;
  return executionArn;
}

/** Let time pass until the execution is over. */
async function end(world: World, arn: string, within = 8 * DAY): Promise<Execution> {
  const execution = world.stepFunctions.executions.get(arn)!;
  for (let passed = 0; execution.status === 'RUNNING' && passed <= within; passed += HOUR) {
    await world.pass(HOUR);
  }
  return execution;
}

const take = async (world: World, input: object = {}) => end(world, await launch(world, input));
const outputOf = ({ output }: Execution) => JSON.parse(output!);

test.each(KINDS)('takes a backup and gives its facts as output (%s)', async (kind) => {
  const world = await begin({ kind }, { fsx: { backupDuration: () => 20 * MINUTE } });
  const source = sourceIn(world, kind);
  const execution = await take(world, { source, name: 'before the release', tags: { team: 'files' } });
  const backup = theOnly(world.backups);
  expect(execution.status).toBe('SUCCEEDED');
  expect(outputOf(execution)).toMatchObject({
    BackupId: backup.id,
    BackupArn: backup.arn,
    BackupLifecycle: 'AVAILABLE',
    BackupType: 'USER_INITIATED',
  });
  expect([outputOf(execution).SourceFileSystemId, outputOf(execution).SourceVolumeId]).toContain(source);
  expect(Object.fromEntries(backup.tags)).toMatchObject({
    'Name': 'before the release',
    'team': 'files',
    'cdk-fsx-backup:logical-id': `series/${source}`,
  });
  expect(backup.tags.get('cdk-fsx-backup:stack-id')).toBe(world.cloudFormation.stack('Files').id);
  expect(execution.stopped! - execution.started).toBeLessThan(22 * MINUTE);
});

test('every execution takes its own, and one waits for the other', async () => {
  const world = await begin({}, { fsx: { backupDuration: () => HOUR } });
  const [first, second] = [await launch(world), await launch(world)];
  const ends = [await end(world, first), await end(world, second)].map(
    (execution) => (execution.stopped! - execution.started) / MINUTE,
  );
  expect(world.backups).toHaveLength(2);
  expect(Math.min(...ends)).toBeLessThan(65);
  expect(Math.max(...ends)).toBeGreaterThan(120);
});

test('a backup that fails, fails the execution, and a retry takes another', async () => {
  const world = await begin({ pruning: false });
  world.fsx.options.fail = () => 'the volume is full';
  const execution = await take(world);
  expect(execution).toMatchObject({
    status: 'FAILED',
    error: 'BackupFailed',
    cause: expect.stringMatching(
      /FSx could not finish backup backup-\w+ of fs-\w+: the volume is full\. Fix the cause/,
    ),
  });
  world.fsx.options.fail = () => undefined;
  expect(outputOf(await take(world)).BackupLifecycle).toBe('AVAILABLE');
  expect(world.calls('fsx:CreateBackup')).toBe(2);
});

test('one that runs out of time says so and goes on; a retry waits for its end', async () => {
  const world = await begin({}, { fsx: { backupDuration: () => 5 * HOUR } });
  const execution = await take(world, { timeout: 4 * 3600 });
  const [first] = world.backups;
  expect(execution).toMatchObject({
    status: 'FAILED',
    error: 'BackupFailed',
    cause: expect.stringMatching(
      /is not finished after 240 min \(CREATING, \d+ %\)\. It goes on\. Retry: the next run waits for/,
    ),
  });
  expect(outputOf(await take(world)).BackupId).toBe(world.newest.id);
  expect(world.backups).toHaveLength(2);
  expect(world.newest.createdAt).toBeGreaterThanOrEqual(finishedAt(first));
});

test.each([
  [3, 5_500],
  [6.9, 6_000],
])(
  'a backup of %d days is awaited, with a history of less than %d entries',
  async (days, most) => {
    const world = await begin({}, { fsx: { backupDuration: () => days * DAY } });
    const execution = await take(world, { timeout: 7 * 24 * 3600 });
    expect(execution.status).toBe('SUCCEEDED');
    expect(execution.events).toBeLessThan(most);
    expect((execution.stopped! - execution.started) / (days * DAY)).toBeLessThan(1.01);
  },
  300_000,
);

test('a bad input ends in a failed execution, at once, and calls nothing', async () => {
  const world = await begin();
  for (const input of [
    { source: 'vpc-1' },
    { keeplast: 2 },
    { timeout: 'soon' },
    { version: '9' },
    { run: '42' },
  ]) {
    const execution = await take(world, input);
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'InvalidInput',
      cause: expect.stringMatching(/^No backup was taken: /),
    });
    expect(execution.stopped! - execution.started).toBeLessThan(MINUTE);
  }
  expect(world.journal.of('call').filter(({ operation }) => operation.startsWith('fsx:'))).toEqual([]);
});

test.each([
  '"fs-0498eed5fe91001ec"',
  '[]',
  '7',
  '{}',
  '{"state": {"version": 1, "phase": {"phase": "Waiting"}}}',
  '{"machine": "requests", "input": {"RequestType": "Create"}}',
  '{"RequestType": "Delete", "ResponseURL": "https://example.com"}',
  '{"output": {"BackupId": "backup-03e3c82e0183b7b6b"}}',
])('whatever it is started with, it ends: %s', async (input) => {
  const world = await begin();
  const { executionArn } = (await world.stepFunctions.api.handle({
    operation: 'StartExecution',
    principal: 'arn:aws:iam::123456789012:role/operator',
    input: { stateMachineArn: stateMachineIn(world), input },
  })) as any;
  expect(await end(world, executionArn)).toMatchObject({
    status: 'FAILED',
    error: 'InvalidInput',
    cause: expect.stringMatching(/^No backup was taken: /),
  });
  expect(world.backups).toEqual([]);
});

describe('keepLast', () => {
  test('keeps the newest of the series, and nothing else is deleted', async () => {
    const world = await begin({
      more: (stack, provider) =>
        new FsxBackup(stack, 'Backup', {
          source: BackupSource.of(stack.node.findChild('Source') as fsx.CfnFileSystem),
          provider,
        }),
    });
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: MINUTE, fileSystemId: sourceIn(world) });
    await world.pass(HOUR);
    const ids: string[] = [];
    for (let run = 0; run < 4; run++) {
      ids.push(outputOf(await take(world, { keepLast: 2, series: 'nightly' })).BackupId);
    }
    const other = outputOf(await take(world, { keepLast: 1, series: 'weekly' })).BackupId;
    const left = world.backups.map((backup) => backup.id);
    expect(left).toEqual(expect.arrayContaining([...ids.slice(-2), other]));
    expect(left).not.toContain(ids[0]);
    expect(left).not.toContain(ids[1]);
    expect(left).toHaveLength(5); // with the automatic one, and that of the stack
  });

  test('without the permission fails nothing, and says so', async () => {
    const world = await begin({ pruning: false });
    for (let run = 0; run < 2; run++) expect((await take(world, { keepLast: 1 })).status).toBe('SUCCEEDED');
    expect(world.backups).toHaveLength(2);
    expect(
      world.journal
        .of('log')
        .map(({ line }) => line)
        .join('\n'),
    ).toMatch(/left undone'[^}]*AccessDenied/);
  });
});

describe('permissions', () => {
  test('who was not granted it, starts nothing', async () => {
    const world = await begin();
    await expect(launch(world, {}, 'stranger')).rejects.toThrow(
      /not authorized to perform: states:StartExecution/,
    );
  });

  test('a source that was not allowed is not backed up', async () => {
    const world = await begin({ more: (stack) => sourceOf(stack, 'LUSTRE', 'Other') });
    const other = world.physicalIdOf('Other');
    expect(await take(world, { source: other })).toMatchObject({
      status: 'FAILED',
      cause: expect.stringMatching(/AccessDeniedException.*fsx:CreateBackup.*Allow the call/),
    });
    expect(world.backups).toEqual([]);
  });
});

describe('of what another stack has deployed', () => {
  const served = () =>
    operators({
      more: (stack, provider) => {
        const other = new Stack(stack.node.root as any, 'Other');
        provider.allowBackupsOf(
          BackupSource.fromDeployed(
            new fsx.CfnFileSystem(other, 'Data', {
              fileSystemType: 'OPENZFS',
              storageCapacity: 64,
              subnetIds: ['subnet-0123456789abcdef0'],
            }),
          ),
        );
      },
    });
  const data = { stack: 'Other', logicalId: 'Data' };

  test('there is nothing the first time, and its own file system later', async () => {
    const world = await start();
    const directory = served();
    await world.deploy(directory, { stacks: ['Files'] });
    expect(outputOf(await take(world, { source: data }))).toMatchObject({
      BackupId: 'none',
      BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none',
    });
    await world.deploy(directory);
    expect(outputOf(await take(world, { source: data })).SourceFileSystemId).toBe(
      world.cloudFormation.stack('Other').resources.Data.physicalId,
    );
    const missing = { source: { ...data, logicalId: 'Removed' } };
    expect(await take(world, missing)).toMatchObject({
      status: 'FAILED',
      cause: expect.stringMatching(
        /stack Other has no deployed file system or volume Removed \(it has Data\); .*whenMissing to SKIP/,
      ),
    });
    expect(outputOf(await take(world, { ...missing, whenMissing: 'SKIP' })).BackupId).toBe('none');
    expect(nameOf(theOnly(world.ownBackups))).toBe('Other/Data');
  });

  test('a stack that was not named may not be asked', async () => {
    const world = await begin();
    expect(await take(world, { source: { stack: 'Elsewhere', logicalId: 'Source' } })).toMatchObject({
      status: 'FAILED',
      cause: expect.stringMatching(/AccessDenied.*cloudformation:DescribeStackResource/),
    });
  });
});

test.each(Object.entries(PASSING))(
  '%s of any call is waited out: one backup, and success',
  async (_, fault) => {
    const calm = await begin({}, { fsx: { backupDuration: () => 7_000 } });
    const from = calm.journal.entries.length;
    await take(calm, { keepLast: 1 });
    const made = calm.journal.entries
      .slice(from)
      .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
    expect(new Set(made)).toEqual(
      new Set(['fsx:DescribeBackups', 'fsx:DescribeFileSystems', 'fsx:CreateBackup']),
    );
    for (const operation of new Set(made)) {
      for (let nth = 1; nth <= made.filter((each) => each === operation).length; nth++) {
        const world = await begin({}, { fsx: { backupDuration: () => 7_000 } });
        world.faults.add(operation, nth, fault);
        expect([operation, nth, (await take(world, { keepLast: 1 })).status]).toEqual([
          operation,
          nth,
          'SUCCEEDED',
        ]);
        expect(world.ownBackups).toHaveLength(1);
      }
    }
  },
);

test('a function that crashes after CreateBackup takes no second backup', async () => {
  const world = await begin();
  world.lambda.crashAfter('fsx:CreateBackup', 1);
  expect((await take(world)).status).toBe('SUCCEEDED');
  expect(world.ownBackups).toHaveLength(1);
});

test('a function that always crashes fails the execution', async () => {
  const world = await begin();
  world.faults.add('lambda:*', { from: 1 }, { kind: 'server-error' });
  expect(await take(world)).toMatchObject({ status: 'FAILED', error: 'Unanswered' });
});

test("the deletion of the engine's stack leaves its backups; executions touch no stacks", async () => {
  const world = await begin();
  await take(world, { keepLast: 1 });
  expect(world.events('Files', 'UPDATE_IN_PROGRESS')).toEqual([]);
  await world.destroy('Files');
  expect(world.ownBackups).toHaveLength(1);
});

test('the documented input has every member that the handler knows', () => {
  const table = readFileSync('docs/pipelines.md', 'utf8')
    .split('| member of the input | |')[1]
    .split('\n\n')[0];
  const documented = [...table.matchAll(/^\| (`.*?) (?:\(required\) )?\|/gm)].flatMap(([, names]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  const stackId = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/1';
  expect(() => runOf({ nonsense: 1 }, { ...RUN, stackId })).toThrow(
    new RegExp(`may have ((${documented.join('|')})(, |$)){8}`),
  );
  expect(documented).toHaveLength(8);
});
