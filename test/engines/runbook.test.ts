import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { App, aws_ssm as ssm, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { CfnFileSystem } from 'aws-cdk-lib/aws-fsx';
import { AWS_CLI } from './install';
import { type PythonServer, startMinistack } from './python-server';
import {
  LANGUAGES,
  MENTIONED,
  PERMISSIONS,
  patternOf,
  plain,
  RESTORED_WITH,
  SECTIONS,
  sectionOf,
} from './runbook-page';
import { RuntimeContainer } from './runtime-api';
import { createExisting, FaultPlan, listen, onLoopback } from '../../sandbox';
import { BackupSource, FsxBackup, type FsxBackupOptions, FsxFinalBackup } from '../../src';
import { fileSystemOf, HOUR, MINUTE, start, temporary, theOnly, type World } from '../fixtures';
import { FunctionWorld } from '../fixtures/function-world';

/*
 * docs/runbook.md: each of its commands is run by bash and the genuine AWS CLI, against the sandbox's API
 * and, for CloudWatch Logs, ministack's. The answer must be as the page shows it.
 */

const OPERATOR = 'arn:aws:iam::123456789012:role/operator';
const STACK = 'Wiki';
const RUN = { timeout: 60_000, maxBuffer: 1e8 };

/** What the page shows and another page explains. */
const SHOWN_ELSEWHERE = ['How do I restore it in its stack?'];
const BEGINNING = 'Before you begin';

interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

/** Headings whose command a test runs, and those whose command has been run. */
const asked = new Set<string>();
const answered = new Set<string>();

let home: string;
const closers: Array<() => unknown> = [];
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  // version 2 shows times so, and version 1 if it is told to
  writeFileSync(join(home, 'config'), '[default]\ncli_timestamp_format = iso8601\n');
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A test that runs the command under this heading. */
function question(heading: string, behaviour: string, body: () => Promise<void>): void {
  asked.add(heading);
  test(`${heading} ${behaviour}`, async () => {
    await body();
    expect(answered).toContain(heading);
  });
}

/** Run the command under a heading as a person would: the variables first, then the command. */
async function ask(
  heading: string,
  environment: NodeJS.ProcessEnv,
  variables: Record<string, string> = {},
): Promise<Printed> {
  const [command] = sectionOf(heading).commands;
  const values = Object.entries({ STACK, ...variables }).map(([name, value]) => `${name}='${value}'`);
  answered.add(heading);
  return bash([...sectionOf(BEGINNING).commands, ...values, command].join('\n'), environment);
}

function bash(script: string, environment: NodeJS.ProcessEnv): Promise<Printed> {
  const env = {
    PATH: [AWS_CLI, process.env.PATH].join(delimiter),
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_ACCESS_KEY_ID: 'OPERATOR',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...environment,
  };
  return new Promise((done) => {
    execFile('bash', ['-c', script], { ...RUN, env }, (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** The answer is as the page shows it; `…` stands for what differs. */
function expectPromised(heading: string, { code, stdout, stderr }: Printed): string {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { answer } = sectionOf(heading);
  if (answer === undefined) expect(stdout).toBe('');
  else expect(plain(stdout)).toMatch(patternOf(answer));
  return plain(stdout);
}

/** The APIs of a sandbox, for a person with the permissions that the page asks for. */
async function serve(world: World): Promise<NodeJS.ProcessEnv> {
  await world.policies.putRole(OPERATOR, {
    trust: { Statement: [] },
    inline: { Runbook: { Statement: [{ Effect: 'Allow', Action: PERMISSIONS, Resource: '*' }] } },
  });
  const apis = {
    AWS_ENDPOINT_URL_FSX: restoring(world),
    AWS_ENDPOINT_URL_SFN: world.stepFunctions.api,
    AWS_ENDPOINT_URL_CLOUDFORMATION: world.cloudFormation.api,
  };
  const environment: NodeJS.ProcessEnv = {};
  for (const [variable, api] of Object.entries(apis)) {
    const { journal } = world;
    const principalOf = () => OPERATOR;
    const server = await listen(api, { journal, faults: new FaultPlan(), principalOf, onHang: () => {} });
    closers.push(() => server.close());
    environment[variable] = server.url;
  }
  return environment;
}

/** The sandbox restores by CloudFormation only. The CLI has checked the request by AWS's own model. */
function restoring({ fsx }: World): World['fsx']['api'] {
  return {
    ...fsx.api,
    handle: async (call) => {
      if (call.operation !== 'CreateFileSystemFromBackup') return fsx.api.handle(call);
      const { BackupId, ClientRequestToken, ...others } = call.input;
      const { fileSystem } = fsx.backups.get(BackupId)!;
      const { FileSystemType, StorageCapacity } = fileSystem;
      const { fileSystemId } = fsx.createFileSystem({ FileSystemType, StorageCapacity, BackupId, ...others });
      return { FileSystem: { FileSystemId: fileSystemId, Lifecycle: 'CREATING' } };
    },
  };
}

interface Wiki extends FsxBackupOptions {
  version?: string;
  throughput?: number;
  hasGuard?: boolean;
}

/** A service on a file system, with a backup for each of the three moments. */
function wiki({ version = '1', throughput, hasGuard = true, ...options }: Wiki = {}): string {
  const outdir = temporary();
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, STACK);
  const fileSystem: CfnFileSystem = fileSystemOf(stack, 'FileSystem', { kind: 'OPENZFS', throughput });
  const source = BackupSource.of(fileSystem);
  const service = new ssm.CfnParameter(stack, 'Service', { type: 'String', value: version });
  FsxBackup.beforeChangeOf(stack, 'BeforeUpgrade', service, { source, ...options });
  if (hasGuard) FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, options);
  new FsxFinalBackup(stack, 'Final', { source });
  app.synth();
  return outdir;
}

async function deployed(options: Wiki = {}): Promise<{ world: World; environment: NodeJS.ProcessEnv }> {
  const world = await start();
  expect((await world.deploy(wiki(options)))[STACK].status).toBe('CREATE_COMPLETE');
  return { world, environment: await serve(world) };
}

const statusOf = (world: World) => world.cloudFormation.stack(STACK).status;
const logicalIdOf = (world: World, beginning: string) =>
  theOnly(
    Object.keys(world.cloudFormation.stack(STACK).resources).filter((id) =>
      new RegExp(`^${beginning}[0-9A-F]{8}$`).test(id),
    ),
  );
const physicalIdOf = (world: World, beginning: string) =>
  world.cloudFormation.stack(STACK).resources[logicalIdOf(world, beginning)].physicalId!;
const machineOf = (world: World) => physicalIdOf(world, 'FsxBackupDefaultProviderRequests');
const fileSystemIdOf = (world: World) => world.newest.source.fileSystemId;

/** An upgrade whose backup FSx cannot finish. */
async function failUpgrade(world: World, options: Wiki = { version: '2' }): Promise<void> {
  world.fsx.options.fail = () => 'The volume is full.';
  expect((await world.deploy(wiki(options)))[STACK].status).toBe('UPDATE_ROLLBACK_COMPLETE');
  world.fsx.options.fail = () => undefined;
}

/** An upgrade that waits for its backup, which takes thirty minutes and is at 40 %. */
async function waiting(options: Wiki = {}) {
  const { world, environment } = await deployed(options);
  world.fsx.options.backupDuration = () => 30 * MINUTE;
  const over = world.cloudFormation.deployAssembly(wiki({ ...options, version: '2' }));
  await world.pass(12.25 * MINUTE);
  expect(statusOf(world)).toBe('UPDATE_IN_PROGRESS');
  return { world, environment, over: () => world.clock.run(over) };
}

/** Backups of all moments: two upgrades, a change of the file system, and an upgrade that fails. */
async function history() {
  const { world, environment } = await deployed();
  await world.deploy(wiki({ version: '2' }));
  await world.deploy(wiki({ version: '2', throughput: 128 }));
  await failUpgrade(world, { version: '3', throughput: 128 });
  return { world, environment };
}

describe('Runbook', () => {
  describe('find out', () => {
    const HAPPENED = 'What happened?';
    question(HAPPENED, 'the events tell the reason, and what to do', async () => {
      const { world, environment } = await deployed();
      await failUpgrade(world);
      const printed = expectPromised(HAPPENED, await ask(HAPPENED, environment));
      expect(printed).toContain('The volume is full. Fix the cause, then try again.');
      expect(printed).toContain(logicalIdOf(world, 'BeforeUpgrade'));
    });

    question(HAPPENED, 'of a stack that is deleted, by its ARN', async () => {
      const { world, environment } = await deployed();
      await failUpgrade(world);
      const before = await ask(HAPPENED, environment);
      const ARN = world.newest.tags.get('cdk-fsx-backup:stack-id')!;
      expect((await world.destroy(STACK)).status).toBe('DELETE_COMPLETE');
      expect(await ask(HAPPENED, environment, { STACK: ARN })).toEqual(before);
    });

    const LOG = 'Where is the log?';
    question(LOG, "the stack's resources name the log group and the state machine", async () => {
      const { world, environment } = await deployed();
      const printed = expectPromised(LOG, await ask(LOG, environment));
      expect(printed).toContain(machineOf(world));
      expect(printed).toContain(physicalIdOf(world, 'FsxBackupDefaultProviderLogGroup'));
    });

    const EXECUTION = 'Why did the execution fail?';
    question(EXECUTION, 'its cause is the text of the stack event', async () => {
      const { world, environment } = await deployed();
      await failUpgrade(world);
      const failed = theOnly(
        [...world.stepFunctions.executions.values()].filter(({ status }) => status === 'FAILED'),
      );
      const printed = expectPromised(EXECUTION, await ask(EXECUTION, environment, { EXECUTION: failed.arn }));
      const event = world.journal.of('event').find(({ status }) => status === 'UPDATE_FAILED')!;
      expect(event.reason).toContain(printed.slice('FAILED BackupFailed '.length));
    });
  });

  describe('the log (of the handler under the Lambda runtime client, served by ministack)', () => {
    const SAYS = 'What does the log say?';
    const WEEK = 'What has failed this week?';
    let logs: PythonServer;
    let environment: NodeJS.ProcessEnv;
    let lines: string[];
    beforeAll(async () => {
      lines = await linesOfFailure();
      logs = await startMinistack({ PATH: process.env.PATH });
      environment = { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url };
      await put(environment, lines);
    });
    afterAll(() => logs.close());

    question(SAYS, 'the lines of the resource, the failure and its reason last', async () => {
      const variables = { LOG_GROUP: 'Provider', LOGICAL_ID: 'Backup' };
      expectPromised(SAYS, await ask(SAYS, environment, variables));
      const others = await ask(SAYS, environment, { ...variables, LOGICAL_ID: 'Other' });
      expect(others.stdout).toBe('');
    });

    question(WEEK, 'Logs Insights finds the failure, and not what went well', async () => {
      const printed = expectPromised(WEEK, await ask(WEEK, environment, { LOG_GROUP: 'Provider' }));
      expect(printed).not.toContain('"INFO"');
    });

    test('the fields of the query are those that the handler logs', () => {
      const [, fields] = /fields (.*)/.exec(sectionOf(WEEK).commands[0])!;
      const failure = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'ERROR');
      const found = fields
        .split(', ')
        .filter((field) => !field.startsWith('@'))
        .map((field) => field.split('.').reduce((value, name) => value?.[name], failure));
      expect(found).toEqual(['Backup', expect.stringContaining('The volume is full.')]);
    });
  });

  describe('a wait', () => {
    const RUNNING = 'Is it still running, and how far?';
    question(RUNNING, 'FSx tells the progress of what runs, and nothing of what is over', async () => {
      const { world, environment, over } = await waiting();
      expectPromised(RUNNING, await ask(RUNNING, environment));
      world.fsx.plantBackup({ fileSystemId: createExisting(world.fsx), duration: HOUR / 2 });
      const lines = plain((await ask(RUNNING, environment)).stdout).split('\n');
      expect(lines).toEqual([
        expect.stringContaining('Wiki/BeforeUpgrade'),
        expect.stringMatching(/ 0 fs-\w+ None$/),
      ]);
      await over();
      await world.pass(HOUR);
      expect(await ask(RUNNING, environment)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(statusOf(world)).toBe('UPDATE_COMPLETE');
    });

    const WAITS = 'What waits for it?';
    question(WAITS, 'the execution begins with the logical id of the resource', async () => {
      const { world, environment, over } = await waiting();
      const printed = expectPromised(WAITS, await ask(WAITS, environment, { MACHINE: machineOf(world) }));
      expect(printed).toContain(`${logicalIdOf(world, 'BeforeUpgrade')}-`);
      await over();
      expect((await ask(WAITS, environment, { MACHINE: machineOf(world) })).stdout).toBe('');
    });

    const STOP = 'How do I stop the wait?';
    question(STOP, 'the update goes back at once; the backup goes on, and a retry continues', async () => {
      const { world, environment, over } = await waiting();
      const before = world.clock.now();
      expectPromised(STOP, await ask(STOP, environment));
      expect((await over())[STACK].status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(world.clock.now() - before).toBeLessThan(5 * MINUTE);
      expect(world.events('Service', 'UPDATE_IN_PROGRESS')).toEqual([]);
      const [, running] = world.ownBackups;
      expect((await world.deploy(wiki({ version: '2' })))[STACK].status).toBe('UPDATE_COMPLETE');
      expect(physicalIdOf(world, 'BeforeUpgrade')).toBe(running.id);
      await world.pass(HOUR);
      const statuses = [...world.stepFunctions.executions.values()].map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(['SUCCEEDED']));
    });

    question(STOP, 'with DESTROY, the rollback deletes the backup', async () => {
      const { world, environment, over } = await waiting({ removalPolicy: RemovalPolicy.DESTROY });
      expectPromised(STOP, await ask(STOP, environment));
      await over();
      expect(world.ownBackups.map(({ id }) => id)).toEqual([physicalIdOf(world, 'BeforeUpgrade')]);
    });

    question(STOP, 'is refused if there is no update', async () => {
      const { environment } = await deployed();
      const { code, stderr } = await ask(STOP, environment);
      expect(code).not.toBe(0);
      expect(stderr).toContain('cannot be called from current stack status CREATE_COMPLETE');
    });
  });

  describe('find the backup', () => {
    const ALL = 'Which backups are there?';
    question(ALL, 'all of this library, the oldest first over all pages, and no others', async () => {
      const { world, environment } = await history();
      world.fsx.plantBackup({ fileSystemId: createExisting(world.fsx), type: 'USER_INITIATED', duration: 0 });
      world.fsx.options.pageSize = 1;
      const printed = expectPromised(ALL, await ask(ALL, environment));
      expect(printed.split('\n').map((line) => line.split(' ')[1])).toEqual(
        world.ownBackups.map(({ id }) => id),
      );
    });

    const ONE = 'Which of them is the one?';
    question(ONE, 'those that are AVAILABLE, the newest first, with moment and time', async () => {
      const { world, environment } = await history();
      const variables = { FILE_SYSTEM: fileSystemIdOf(world) };
      world.fsx.options.pageSize = 1;
      const printed = expectPromised(ONE, await ask(ONE, environment, variables));
      const [, , guard] = world.ownBackups;
      expect(printed.split('\n')[0].split(' ').slice(0, 3)).toEqual([
        expect.stringContaining(new Date(guard.createdAt).toISOString().slice(0, 19)),
        guard.id,
        logicalIdOf(world, 'Guard'),
      ]);
    });

    const HELD = 'Which one does the stack hold?';
    question(HELD, 'the physical id; after a rollback, that of before', async () => {
      const { world, environment } = await deployed();
      await world.deploy(wiki({ version: '2' }));
      const held = world.newest.id;
      await failUpgrade(world, { version: '3' });
      const variables = { LOGICAL_ID: logicalIdOf(world, 'BeforeUpgrade') };
      expect(expectPromised(HELD, await ask(HELD, environment, variables))).toContain(held);
      const guard = await ask(HELD, environment, { LOGICAL_ID: logicalIdOf(world, 'Guard') });
      expect(plain(guard.stdout)).toMatch(/^none /);
      const final = await ask(HELD, environment, { LOGICAL_ID: logicalIdOf(world, 'Final') });
      expect(plain(final.stdout)).toMatch(/^final-fs-/);
    });
  });

  describe('use it', () => {
    const BESIDE = 'How do I restore it beside the stack?';
    question(BESIDE, 'makes another file system, and the stack keeps its own', async () => {
      const { world, environment } = await deployed();
      const before = [...world.fsx.fileSystems.keys()];
      const printed = expectPromised(BESIDE, await ask(BESIDE, environment, { BACKUP: world.newest.id }));
      expect(before).not.toContain(printed.split(' ')[0]);
      expect([...world.fsx.fileSystems.keys()]).toEqual([...before, printed.split(' ')[0]]);
    });

    test.each(RESTORED_WITH)('a backup of %s can be restored so, too', async (kind, options) => {
      const world = await start();
      const fileSystemId = createExisting(world.fsx, kind);
      const { id } = world.fsx.plantBackup({ fileSystemId, duration: 0 });
      const command = sectionOf(BESIDE).commands[0].replace(/--open-zfs-configuration \S+/, options);
      const variables = `BACKUP=${id} SUBNET=subnet-0123456789abcdef0\n`;
      expectPromised(BESIDE, await bash(variables + command, await serve(world)));
      expect([...world.fsx.fileSystems.values()].map(({ type }) => type)).toEqual([kind, kind]);
    });

    const KEEP = 'How do I keep it?';
    question(KEEP, 'neither keepLast nor DESTROY deletes it', async () => {
      const { world, environment } = await deployed({ removalPolicy: RemovalPolicy.DESTROY });
      const [{ id }] = world.ownBackups;
      expectPromised(KEEP, await ask(KEEP, environment, { BACKUP: id }));
      await world.deploy(wiki({ removalPolicy: RemovalPolicy.DESTROY, version: '2' }));
      expect(world.ownBackups.map((backup) => backup.id)).toContain(id);
      expect((await world.destroy(STACK)).status).toBe('DELETE_COMPLETE');
      expect(world.ownBackups.map((backup) => backup.id)).toContain(id);
    });

    question(KEEP, 'with keepLast, it stays when it is old', async () => {
      const { world, environment } = await deployed({ keepLast: 1 });
      const [{ id }] = world.ownBackups;
      expectPromised(KEEP, await ask(KEEP, environment, { BACKUP: id }));
      for (const version of ['2', '3']) await world.deploy(wiki({ keepLast: 1, version }));
      expect(world.ownBackups.map((backup) => backup.id)).toEqual([id, world.newest.id]);
    });

    const BY_HAND = 'How do I take one by hand?';
    question(BY_HAND, 'the library waits for its end, and never deletes it', async () => {
      const { world, environment } = await deployed({ keepLast: 1 });
      const variables = { FILE_SYSTEM: fileSystemIdOf(world) };
      const [id] = expectPromised(BY_HAND, await ask(BY_HAND, environment, variables)).split(' ');
      for (const version of ['2', '3']) await world.deploy(wiki({ keepLast: 1, version }));
      expect(world.backups.map((backup) => backup.id)).toEqual([id, world.newest.id]);
      expect(world.backups[1].createdAt).toBeGreaterThanOrEqual(world.backups[0].createdAt + MINUTE);
    });
  });

  describe('go past it', () => {
    const PAST = 'How do I deploy past the guard?';
    question(PAST, 'what it held stays; when it is back, it takes a backup at once', async () => {
      const { world } = await deployed();
      await world.deploy(wiki({ throughput: 128 }));
      const before = world.ownBackups.map(({ id }) => id);
      const past = await cdk(world, wiki({ throughput: 256, hasGuard: false }));
      expectPromised(PAST, await ask(PAST, past.environment));
      expect(past.commands).toEqual([['cdk', 'deploy', STACK]]);
      expect(statusOf(world)).toBe('UPDATE_COMPLETE');
      expect(world.ownBackups.map(({ id }) => id)).toEqual(before);
      await world.deploy(wiki({ throughput: 256 }));
      expect(world.ownBackups.map(({ id }) => id)).toEqual([...before, physicalIdOf(world, 'Guard')]);
    });

    question(PAST, 'with DESTROY, what it held goes with it unless it is kept', async () => {
      const destroyed = { removalPolicy: RemovalPolicy.DESTROY };
      const { world } = await deployed(destroyed);
      await world.deploy(wiki({ ...destroyed, throughput: 128 }));
      const held = physicalIdOf(world, 'Guard');
      const past = await cdk(world, wiki({ ...destroyed, throughput: 128, hasGuard: false }));
      expectPromised(PAST, await ask(PAST, past.environment));
      expect(world.ownBackups.map(({ id }) => id)).not.toContain(held);
    });

    const DELETE = 'How do I delete without a final backup?';
    question(DELETE, 'the stack and its file system are deleted, and nobody backs them up', async () => {
      const { world, environment } = await deployed();
      const variables = { LOGICAL_ID: logicalIdOf(world, 'Final') };
      expect((await ask(DELETE, environment, variables)).stderr).toContain('RetainResources');
      const fileSystem = await failDeletion(world);
      expectPromised(DELETE, await ask(DELETE, environment, variables));
      await world.pass(HOUR);
      expect(statusOf(world)).toBe('DELETE_COMPLETE');
      expect([...world.fsx.fileSystems.keys()]).not.toContain(fileSystem);
      const final = world.ownBackups.filter((backup) => backup.tags.get('Name')!.includes('Final'));
      expect(final.map(({ failure }) => failure)).toEqual(['The volume is full.']);
    });
  });

  describe('clean up', () => {
    const FAILED = 'Which backups have failed?';
    question(FAILED, "those of this library, with FSx's reason", async () => {
      const { world, environment } = await history();
      const printed = expectPromised(FAILED, await ask(FAILED, environment));
      expect(printed).toMatch(/^backup-\w+ \S+ The volume is full\.$/);
      expect(printed).toContain(world.newest.id);
    });

    const DELETE = 'How do I delete one?';
    question(DELETE, 'it is gone; an upgrade and a rollback go on as if it had been there', async () => {
      const { world, environment } = await history();
      const held = physicalIdOf(world, 'BeforeUpgrade');
      for (const id of [world.newest.id, held]) {
        expectPromised(DELETE, await ask(DELETE, environment, { BACKUP: id }));
        expect(world.backups.map((backup) => backup.id)).not.toContain(id);
      }
      await failUpgrade(world, { version: '4', throughput: 128 });
      expect((await world.deploy(wiki({ version: '5', throughput: 128 })))[STACK].status).toBe(
        'UPDATE_COMPLETE',
      );
      expect(world.newest.id).toBe(physicalIdOf(world, 'BeforeUpgrade'));
    });

    const LAST = "Which are FSx's own last backups?";
    question(LAST, 'of file systems that are gone, without tags of this library', async () => {
      const { world, environment } = await deployed();
      const other = createExisting(world.fsx);
      for (const fileSystemId of [other, fileSystemIdOf(world)]) {
        world.fsx.plantBackup({ fileSystemId, type: 'USER_INITIATED', duration: 0 });
      }
      const fileSystem = fileSystemIdOf(world);
      world.fsx.deleteFileSystem(fileSystem);
      const printed = plain((await ask(LAST, environment)).stdout).split('\n');
      // the one by hand, and FSx's
      expect(printed.map((line) => line.split(' ')[2])).toEqual([fileSystem, fileSystem]);
      for (const line of printed) expect(line).toMatch(patternOf(sectionOf(LAST).answer!));
    });
  });

  describe('what never to press', () => {
    test('an execution that is stopped leaves the stack hanging until the hour is over', async () => {
      const { world, over } = await waiting();
      const since = theOnly(world.events(logicalIdOf(world, 'BeforeUpgrade'), 'UPDATE_IN_PROGRESS')).at;
      const running = theOnly(
        [...world.stepFunctions.executions.values()].filter(({ status }) => status === 'RUNNING'),
      );
      const stop = { operation: 'StopExecution', principal: OPERATOR, input: { executionArn: running.arn } };
      await expect(world.stepFunctions.api.handle(stop)).rejects.toThrow(/not authorized/);
      await world.policies.putPolicy(OPERATOR, 'Stop', {
        Statement: [{ Effect: 'Allow', Action: 'states:StopExecution', Resource: '*' }],
      });
      await world.stepFunctions.api.handle(stop);
      await over();
      const failed = world.journal.of('event').find(({ status }) => status === 'UPDATE_FAILED')!;
      expect(failed.at - since).toBeGreaterThanOrEqual(HOUR);
      expect(failed.reason).toContain('did not receive a response');
      expect(statusOf(world)).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(world.ownBackups).toHaveLength(2);
    });

    test('an execution that somebody starts takes no backup', async () => {
      const { world } = await deployed();
      await world.policies.putPolicy(OPERATOR, 'Start', {
        Statement: [{ Effect: 'Allow', Action: 'states:StartExecution', Resource: '*' }],
      });
      const input = { stateMachineArn: machineOf(world), input: '{}' };
      await world.stepFunctions.api.handle({ operation: 'StartExecution', principal: OPERATOR, input });
      await world.pass(MINUTE);
      expect([...world.stepFunctions.executions.values()].at(-1)).toMatchObject({
        status: 'FAILED',
        error: 'InvalidInput',
      });
      expect(world.ownBackups).toHaveLength(1);
    });

    test('a file system that somebody deletes by hand has no final backup', async () => {
      const { world } = await deployed();
      const final = logicalIdOf(world, 'Final');
      world.fsx.deleteFileSystem(fileSystemIdOf(world));
      await world.destroy(STACK);
      expect(world.events(final, 'DELETE_COMPLETE')).toHaveLength(1);
      expect(world.ownBackups).toHaveLength(1);
    });
  });

  describe('what the page says beside its commands', () => {
    test.each(MENTIONED)('there is aws %s', async (mentioned) => {
      const { code, stderr } = await bash(`aws ${mentioned} --generate-cli-skeleton`, {});
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });

    test('a deletion can be forced, by the option that is warned of', async () => {
      const { stdout } = await bash('aws cloudformation delete-stack --generate-cli-skeleton', {});
      expect(JSON.parse(stdout)).toHaveProperty('DeletionMode');
    });
  });

  test('every command of the page is run here, or shown elsewhere', () => {
    const commands = SECTIONS.filter((section) => section.commands.length > 0);
    expect(commands.map(({ heading }) => heading).sort()).toEqual(
      [BEGINNING, ...asked, ...SHOWN_ELSEWHERE].sort(),
    );
    expect(commands.filter((section) => section.commands.length > 1)).toEqual([]);
    expect(LANGUAGES.filter((language) => language !== 'text')).toEqual(commands.map(() => 'sh'));
  });
});

/** The final backup fails, and so the deletion stops. */
async function failDeletion(world: World): Promise<string> {
  world.fsx.options.fail = () => 'The volume is full.';
  expect((await world.destroy(STACK)).status).toBe('DELETE_FAILED');
  const fileSystem = fileSystemIdOf(world);
  expect([...world.fsx.fileSystems.keys()]).toContain(fileSystem);
  return fileSystem;
}

/** An `npx cdk` that deploys this assembly into the sandbox, and what it was called with. */
async function cdk(world: World, assembly: string) {
  const commands: string[][] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        commands.push(JSON.parse(Buffer.concat(chunks).toString()));
        void world.deploy(assembly).then(() => response.end());
      });
  });
  const { url, close } = await onLoopback(server);
  closers.push(close);
  const bin = temporary();
  writeFileSync(
    join(bin, 'npx'),
    `#!${process.execPath}\nfetch(process.env.TEST_SERVER, ` +
      "{ method: 'POST', body: JSON.stringify(process.argv.slice(2)) });\n",
  );
  chmodSync(join(bin, 'npx'), 0o755);
  const environment = {
    PATH: [bin, process.env.PATH].join(delimiter),
    TEST_SERVER: url,
  };
  return { environment, commands };
}

/** What the handler logs of a backup that FSx cannot finish, as AWS's own runtime client writes it. */
async function linesOfFailure(): Promise<string[]> {
  const world = await FunctionWorld.start();
  const container = await RuntimeContainer.start({
    node: resolve(__dirname, '../../node_modules/node/bin/node'),
    directory: resolve(__dirname, '../../assets/lambda/handler'),
    environment: world.environment,
  });
  try {
    const fileSystem = createExisting(world.fsx);
    world.fsx.options.fail = () => 'The volume is full.';
    await container.invoke(world.request('Create', fileSystem));
    for (let state: unknown = null; state !== undefined;) {
      const outcome: any = await container.invoke({
        machine: 'requests',
        ...world.executions.at(-1)!,
        state,
      });
      state = outcome.result.state;
      await new Promise((done) => setTimeout(done, 20));
    }
    return [...container.lines];
  } finally {
    await container.close();
    await world.close();
  }
}

/** Put lines into a log group, by the CLI. */
async function put(environment: NodeJS.ProcessEnv, lines: string[]): Promise<void> {
  const now = Date.now() - lines.length;
  const events = JSON.stringify(lines.map((message, nth) => ({ timestamp: now + nth, message })));
  const env = {
    ...environment,
    PATH: [AWS_CLI, process.env.PATH].join(delimiter),
    HOME: home,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  const group = ['--log-group-name', 'Provider'];
  const stream = [...group, '--log-stream-name', 'one'];
  for (const command of [
    ['create-log-group', ...group],
    ['create-log-stream', ...stream],
    ['put-log-events', ...stream, '--log-events', events],
  ]) {
    await new Promise<void>((done, fail) => {
      execFile('aws', ['logs', ...command], { ...RUN, env }, (error, _, stderr) => {
        return error ? fail(new Error(stderr)) : done();
      });
    });
  }
}
