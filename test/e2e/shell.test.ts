import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { aws_iam as iam } from 'aws-cdk-lib';
import { type Listening, onLoopback } from '../../sandbox';
import { FsxBackupProvider } from '../../src';
import { finishedAt, MINUTE, sourceOf, start, synthesize, temporary, theOnly, type World } from '../fixtures';

/*
 * examples/shell/backup.sh, run by a real shell. In the place of the AWS CLI and of `sleep` stand two
 * commands that ask this test: the calls go to the sandbox's Step Functions, with the role's permissions, and
 * sleeping lets virtual time pass.
 */

/** As much of the AWS CLI as the script uses: options by name, `--query` for members of the answer, text. */
const AWS = `#!${process.execPath}
const [, , service, operation, ...rest] = process.argv;
const named = rest.flatMap((word, at) => word.startsWith('--') ? [[word.slice(2), rest[at + 1]]] : []);
const options = Object.fromEntries(named);
if (service !== 'stepfunctions') throw new Error('unknown service ' + service);
const body = JSON.stringify({ operation, options });
fetch(process.env.TEST_SERVER, { method: 'POST', body }).then(async (response) => {
  const answer = await response.json();
  if (!response.ok) { console.error(answer); process.exit(254); }
  const members = options.query.replace(/[[\\] ]/g, '').split(',');
  console.log(members.map((member) => answer[member] ?? 'None').join('\\t'));
});
`;
const SLEEP = `#!${process.execPath}
const body = JSON.stringify({ operation: 'sleep', seconds: Number(process.argv[2]) });
fetch(process.env.TEST_SERVER, { method: 'POST', body });
`;

/** The state machine that others may start. */
const RUNS = /^ProviderRuns[0-9A-F]{8}$/;

let bin: string;
const servers: Listening[] = [];
beforeEach(() => {
  bin = temporary();
  for (const [name, text] of Object.entries({ aws: AWS, sleep: SLEEP })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
});
afterEach(() => {
  for (const server of servers.splice(0)) void server.close();
});

async function prepare(): Promise<{ world: World; stateMachine: string; source: string }> {
  const world = await start({ fsx: { backupDuration: () => 3 * MINUTE } });
  await world.deploy(
    synthesize((stack) => {
      const provider = new FsxBackupProvider(stack, 'Provider');
      provider.allowBackupsOf(sourceOf(stack, 'OPENZFS'));
      provider.grantRun(
        new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal(), roleName: 'operator' }),
      );
    }),
  );
  const stateMachine = world.physicalIdOf(RUNS)!;
  return { world, stateMachine, source: world.physicalIdOf('Source')! };
}

async function serve(world: World): Promise<string> {
  const principal = 'arn:aws:iam::123456789012:role/operator';
  const answer = async ({ operation, options, seconds }: any): Promise<unknown> => {
    if (operation === 'sleep') return world.pass(seconds * 1000);
    if (operation === 'start-execution') {
      return world.stepFunctions.api.handle({
        operation: 'StartExecution',
        principal,
        input: { stateMachineArn: options['state-machine-arn'], input: options.input },
      });
    }
    return world.stepFunctions.api.handle({
      operation: 'DescribeExecution',
      principal,
      input: { executionArn: options['execution-arn'] },
    });
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        answer(JSON.parse(Buffer.concat(chunks).toString())).then(
          (found) => response.end(JSON.stringify(found ?? {})),
          (error) => {
            response.writeHead(400);
            response.end(JSON.stringify(error.message));
          },
        );
      });
  });
  const listening = await onLoopback(server);
  servers.push(listening);
  return listening.url;
}

async function backup(
  world: World,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    PATH: [bin, process.env.PATH].join(delimiter),
    TEST_SERVER: await serve(world),
  };
  return new Promise((done) => {
    execFile('sh', ['examples/shell/backup.sh', ...args], { env }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

test('the script waits for a backup and prints its id; a job that is run again takes its own', async () => {
  const { world, stateMachine, source } = await prepare();
  const input = JSON.stringify({ source, series: 'wiki' });
  expect(await backup(world, stateMachine, input)).toEqual({
    code: 0,
    stdout: `${theOnly(world.backups).id}\n`,
    stderr: '',
  });
  expect(world.clock.now()).toBeGreaterThanOrEqual(finishedAt(theOnly(world.backups)));
  expect(await backup(world, stateMachine, input)).toMatchObject({
    code: 0,
    stdout: `${world.newest.id}\n`,
  });
  expect(world.backups).toHaveLength(2);
});

test.each([
  [
    'a backup that fails',
    {},
    /^FAILED\tBackupFailed\tFSx could not finish backup backup-\w+ of fs-\w+: the disk is full/,
  ],
  ['a wrong input', { timeout: 'soon' }, /^FAILED\tInvalidInput\tNo backup was taken: timeout is "soon"/],
])('the script fails with the text of %s', async (_, more, text) => {
  const { world, stateMachine, source } = await prepare();
  world.fsx.options.fail = () => 'the disk is full';
  expect(await backup(world, stateMachine, JSON.stringify({ source, ...more }))).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(text),
  });
});

test('the script fails where it may not start the execution', async () => {
  const { world, stateMachine } = await prepare();
  expect(await backup(world, `${stateMachine}x`, '{}')).toMatchObject({
    code: expect.any(Number),
    stdout: '',
    stderr: expect.stringMatching(/not authorized/),
  });
});
