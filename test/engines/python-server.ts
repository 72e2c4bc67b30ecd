import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PYTHON } from './install';

/** A program in Python that serves on loopback. */
export interface PythonServer {
  url: string;
  /** what it has printed so far, for people who wonder why it does what it does */
  log(): string;
  close(): Promise<void>;
}

/**
 * Start a script of `foreign/`, and wait until it answers.
 *
 * @param argumentsFor command-line arguments and environment, for the port that it shall serve on
 */
export async function startPython(
  script: string,
  path: string,
  argumentsFor: (port: string) => { args?: string[]; env?: NodeJS.ProcessEnv },
): Promise<PythonServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { args = [], env } = argumentsFor(String(port));
  const child = spawn(join(PYTHON, 'python'), [join(__dirname, 'foreign', script), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log += chunk;
    });
  }
  for (let attempt = 0; ; attempt++) {
    if (
      await fetch(url + path).then(
        ({ ok }) => ok,
        () => false,
      )
    ) {
      break;
    }
    if (child.exitCode !== null || attempt > 600) throw new Error(`${script} does not start:\n${log}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  return { url, log: () => log, close: () => ended(child) };
}

/** Start ministack, with what FSx needs beside it, in this environment. */
export function startMinistack(environment: NodeJS.ProcessEnv): Promise<PythonServer> {
  return startPython('ministack_with_fsx.py', '/_ministack/health', (port) => ({
    env: {
      ...environment,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: port,
      // functions inherit it: that is where responses go here
      CDK_FSX_BACKUP_RESPONSE_HOST: `127.0.0.1:${port}`,
      IOT_MTLS_ENABLED: '0',
      IMDS_ENABLED: '0',
    },
  }));
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null) return done();
    child.once('exit', () => done());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
  });
}

async function freePort(): Promise<number> {
  const socket = createServer();
  await new Promise<void>((done) => socket.listen(0, '127.0.0.1', done));
  const { port } = socket.address() as AddressInfo;
  await new Promise((done) => socket.close(done));
  return port;
}
