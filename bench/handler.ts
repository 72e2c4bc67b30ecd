import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { child } from './child';
import { atMost, type Section } from './goals';
import { median } from './median';
import { kilobytes, megabytes, milliseconds, ratio } from './page';
import { frameworkRuntime, root, shipped, work } from './paths';
import { bars } from './plot';
import { eventOf, STATE_MACHINE } from './request';
import { createExisting } from '../sandbox';
import { table } from '../test/engines/markdown';
import { FunctionWorld } from '../test/fixtures/function-world';

interface Told {
  readonly imported: number;
  readonly calls: Array<{ milliseconds: number; logBytes: number }>;
  readonly peakBytes: number;
}

interface Call {
  readonly name: string;
  readonly event: object;
  /** its state is what the call before returned */
  readonly goesOn?: boolean;
}

/** One container: a file, and what it is invoked with in turn: a new backup, and then its polls. */
type Container = (event: object, backupId: string) => { file: string; calls: Call[] };

/** The event starts an execution; one poll prepares the backup, the next starts it, the last waits for it. */
const ours =
  (file: string): Container =>
  (event) => {
    const poll = {
      machine: 'requests',
      input: event,
      execution: `${STATE_MACHINE.replace(':stateMachine:', ':execution:')}:1`,
      startTime: new Date().toISOString(),
      state: null,
    };
    const next = { name: 'handler', event: poll, goesOn: true };
    return { file, calls: [{ name: 'handler', event }, { name: 'handler', event: poll }, next, next] };
  };
const theirs =
  (file: string): Container =>
  (event, PhysicalResourceId) => {
    const poll = { name: 'isComplete', event: { ...event, PhysicalResourceId } };
    return { file, calls: [{ name: 'onEvent', event }, poll, poll] };
  };

/**
 * The framework's function invokes the user's and waits for it: two containers are started one after the
 * other.
 */
const CHAINS: Record<string, Container[]> = {
  'cdk-fsx-backup': [ours(shipped)],
  'the same, SDK left to the runtime': [ours(join(work, 'sdk-external/index.js'))],
  'the same, whole SDK in the bundle': [ours(join(work, 'sdk-whole/index.js'))],
  'Provider framework': [theirs(frameworkRuntime), theirs(join(work, 'on-event/index.js'))],
};
const FRAMEWORK = 'Provider framework';

/** What one poll costs when the containers are warm, for the bill. */
export interface Poll {
  readonly milliseconds: number[];
  readonly logBytes: number;
}

export function nodeVersions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'test/engines/foreign/package.json'), 'utf8'));
  const between = execFileSync(
    'npx',
    ['--yes', '--package', `node@${dependencies.node}`, 'node', '--print', 'process.execPath'],
    { encoding: 'utf8', cwd: root },
  )
    .trim()
    .split('\n')
    .at(-1)!;
  return { 'Node.js 22': between, 'Node.js 24': join(root, 'node_modules/node/bin/node') };
}

/** From nothing to a backup that is started, as CloudFormation's first event finds it. */
export async function measureHandler(
  repetitions: number,
  nodes: Record<string, string>,
): Promise<{ section: Section; polls: Record<string, Poll> }> {
  const world = await FunctionWorld.start();
  const invoked = await userFunction();
  const environment = {
    ...world.environment,
    AWS_ENDPOINT_URL_LAMBDA: invoked.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'ASIA0000000000000001',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_EC2_METADATA_DISABLED: 'true',
    USER_ON_EVENT_FUNCTION_ARN: 'arn:aws:lambda:us-east-1:123456789012:function:OnEvent',
    USER_IS_COMPLETE_FUNCTION_ARN: 'arn:aws:lambda:us-east-1:123456789012:function:IsComplete',
    WAITER_STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter',
  };
  world.fsx.options.backupDuration = () => 1e9;
  const told: Record<string, Told[][]> = {};
  try {
    for (let nth = 0; nth < repetitions; nth++) {
      // in turn, so that what disturbs the machine disturbs all
      for (const [version, node] of Object.entries(nodes)) {
        for (const [name, containers] of Object.entries(CHAINS)) {
          const chain: Told[] = [];
          for (const container of containers) {
            const { event, backupId } = newRequest(world);
            chain.push(await child<Told>('invoke.cjs', container(event, backupId), { node, environment }));
          }
          (told[`${name}, ${version}`] ??= []).push(chain);
        }
      }
    }
  } finally {
    await world.close();
    invoked.close();
  }
  return { section: sectionOf(told, Object.keys(nodes), repetitions), polls: pollsOf(told) };
}

/** How many calls it takes until the backup is started. The framework's chain starts it at once. */
const callsOf = (name: string) => (name === FRAMEWORK ? 1 : 3);

function sectionOf(told: Record<string, Told[][]>, versions: string[], repetitions: number): Section {
  const medianOf = (name: string, version: string, what: (container: Told) => number) => {
    return median(
      told[`${name}, ${version}`].map((chain) => chain.reduce((sum, container) => sum + what(container), 0)),
    );
  };
  const call =
    (nth: number) =>
    ({ calls }: Told) =>
      calls[nth].milliseconds;
  const begun =
    (count: number) =>
    ({ imported, calls }: Told) =>
      calls.slice(0, count).reduce((sum, { milliseconds: own }) => sum + own, imported);
  const taken = (name: string, version: string) => medianOf(name, version, begun(callsOf(name)));
  const share = (name: string, version: string) => taken(name, version) / taken(FRAMEWORK, version);
  const polled = (name: string, version: string, nth: number) =>
    name === FRAMEWORK ? '–' : milliseconds(medianOf(name, version, call(nth)));
  return {
    title: 'Cold start',
    goals: versions.map((version) =>
      atMost(
        `import, start of the execution and first poll, of the Provider framework's chain, ${version}`,
        0.45,
        medianOf('cdk-fsx-backup', version, begun(2)) / taken(FRAMEWORK, version),
        ratio,
      ),
    ),
    blocks: [
      'A new process loads the handler and is invoked for a first Create until the backup is started. Ours ' +
        'starts an execution; its first poll asks for the file system and for the status of the stack, and ' +
        'fixes the tags; its second asks for the status again and calls CreateBackup. Medians of ' +
        `${repetitions} new processes for each, all of AWS on this machine. The framework's chain is its ` +
        "own function and then the user's, which asks for the same and calls CreateBackup at once; its " +
        'memory is that of both, its bundle that of the three functions of the framework and the two of ' +
        'the user. The ratio in the table is of the whole, the second poll included.',
      ...versions.map((version) =>
        table(
          [
            version,
            'bundle',
            'import',
            'first response',
            'first poll',
            'second poll',
            'together',
            'ratio',
            'peak memory',
          ],
          Object.keys(CHAINS).map((name) => [
            name,
            kilobytes(BUNDLES[name]()),
            milliseconds(medianOf(name, version, ({ imported }) => imported)),
            milliseconds(medianOf(name, version, call(0))),
            polled(name, version, 1),
            polled(name, version, 2),
            milliseconds(taken(name, version)),
            ratio(share(name, version)),
            megabytes(medianOf(name, version, ({ peakBytes }) => peakBytes)),
          ]),
        ),
      ),
    ],
    plots: {
      'cold-start': bars({
        title: 'From nothing to a backup that is started, ms',
        groups: versions,
        series: Object.fromEntries(
          Object.keys(CHAINS).map((name) => [name, versions.map((version) => taken(name, version))]),
        ),
      }),
    },
  };
}

const BUNDLES: Record<string, () => number> = {
  'cdk-fsx-backup': () => statSync(shipped).size,
  'the same, SDK left to the runtime': () => statSync(join(work, 'sdk-external/index.js')).size,
  'the same, whole SDK in the bundle': () => statSync(join(work, 'sdk-whole/index.js')).size,
  [FRAMEWORK]: () => 3 * runtimeBytes() + 2 * statSync(join(work, 'on-event/index.js')).size,
};

function runtimeBytes(): number {
  const folder = dirname(frameworkRuntime);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function pollsOf(told: Record<string, Told[][]>): Record<string, Poll> {
  return Object.fromEntries(
    ['cdk-fsx-backup', FRAMEWORK].map((name) => {
      const chains = told[`${name}, Node.js 24`];
      const lastOf = (nth: number) => chains.map((chain) => chain[nth].calls.at(-1)!);
      const containers = CHAINS[name].map((_, nth) => lastOf(nth));
      return [
        name,
        {
          milliseconds: containers.map((last) => median(last.map((call) => call.milliseconds))),
          logBytes: containers.reduce((sum, last) => sum + median(last.map((call) => call.logBytes)), 0),
        },
      ];
    }),
  );
}

let requests = 0;

/** Of a file system without backups; and one backup of another that is running. */
function newRequest(world: FunctionWorld) {
  world.fsx.backups.clear();
  const RequestId = `request-${++requests}`;
  const event = eventOf(
    { FileSystemId: createExisting(world.fsx) },
    { ResponseURL: world.responseUrl, RequestId },
  );
  const { id } = world.fsx.plantBackup({
    fileSystemId: createExisting(world.fsx),
    type: 'USER_INITIATED',
    duration: 1e9,
  });
  return { event, backupId: id };
}

/**
 * Lambda, as the framework's function sees it: the user's answers at once, since its own time is measured by
 * itself.
 */
async function userFunction(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () =>
        response.end(
          JSON.stringify(
            request.url!.includes('IsComplete')
              ? { IsComplete: false }
              : { PhysicalResourceId: 'backup-03e3c82e0183b7b6b' },
          ),
        ),
      );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
