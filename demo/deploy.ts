import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createExisting,
  KINDS,
  type Output,
  Sandbox,
  stacksOf,
  synthesize,
  type Terminal,
  terminalOf,
  type TerminalOptions,
} from '../sandbox';
import { backupSummaries, summaryTable } from './summary';

const HELP = `Deploy a CDK app into the sandbox: no account, no network, no time to wait.

  npm run sandbox -- <folder> [options]

  <folder>                    of an app (with a cdk.json), or a cloud assembly (cdk.out)
  -c, --context key=value     context of the app, as with the CDK CLI; may be repeated
  --existing key=KIND         a file system that is there before: WINDOWS, LUSTRE or OPENZFS; \
its id is given to the app as context
  --backup-takes <duration>   how long a backup takes: 90s, 20m, 2h (default: 10m)
  --backup-fails <message>    every backup fails at its end, with this message
  --busy <duration>           somebody else's backup of each source begins before the stack's own, \
and takes so long
  --destroy                   destroy the stacks afterwards
  -h, --help
`;

const OPTIONS = {
  'context': { type: 'string', short: 'c', multiple: true, default: [] as string[] },
  'existing': { type: 'string', multiple: true, default: [] as string[] },
  'backup-takes': { type: 'string', default: '10m' },
  'backup-fails': { type: 'string' },
  'busy': { type: 'string' },
  'destroy': { type: 'boolean', default: false },
  'help': { type: 'boolean', short: 'h', default: false },
} as const;

/** What the command line asks for. */
interface Wish {
  folder: string;
  context: Record<string, string>;
  existing: Record<string, string>;
  backupDuration: number;
  failure?: string;
  busy?: number;
  destroy: boolean;
}

class UsageError extends Error {}

/** Run the command; resolves to the exit code: 0 done, 1 the deployment failed, 2 the arguments are wrong. */
export async function main(
  args: string[],
  options: TerminalOptions & { err?: Output } = {},
): Promise<number> {
  const { out = process.stdout, err = process.stderr } = options;
  try {
    const wish = wishOf(args);
    if (wish) return await carryOut(wish, options);
    out.write(HELP);
    return 0;
  } catch (error) {
    err.write(`${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** @returns nothing if all that is wanted is help */
function wishOf(args: string[]): Wish | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    throw new UsageError(`give one folder, got ${positionals.length}; --help tells the options`);
  }
  if (!['cdk.json', 'manifest.json'].some((file) => existsSync(join(folder, file)))) {
    throw new UsageError(
      `${folder} is neither the folder of an app (no cdk.json) nor a cloud assembly (no manifest.json)`,
    );
  }
  const existing = pairsOf('--existing', values.existing);
  const unknown = Object.values(existing).find((kind) => !(kind in KINDS));
  if (unknown !== undefined) {
    throw new UsageError(
      `--existing takes key=KIND with one of ${Object.keys(KINDS).join(', ')}, got ${unknown}`,
    );
  }
  return {
    folder,
    context: pairsOf('--context', values.context),
    existing,
    backupDuration: milliseconds('--backup-takes', values['backup-takes']),
    failure: values['backup-fails'],
    busy: values.busy === undefined ? undefined : milliseconds('--busy', values.busy),
    destroy: values.destroy,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}; --help tells the options`);
  }
}

function pairsOf(option: string, pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`${option} takes key=value, got ${pair}`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function milliseconds(option: string, text: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (unit === undefined) throw new UsageError(`${option} takes a duration like 90s, 20m or 2h, got ${text}`);
  return Number(amount) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
}

async function carryOut(wish: Wish, options: TerminalOptions): Promise<number> {
  const { folder, backupDuration, failure, busy } = wish;
  const sandbox = await Sandbox.start({ fsx: { backupDuration: () => backupDuration, fail: () => failure } });
  const terminal = terminalOf(sandbox, options);
  const existing = Object.entries(wish.existing).map(([key, kind]) => [
    key,
    createExisting(sandbox.fsx, kind),
  ]);
  for (const [key, id] of existing) terminal.print(`${key} = ${id}`);
  if (busy !== undefined) keepBusy(sandbox, busy);
  let temporary: string | undefined;
  try {
    if (!existsSync(join(folder, 'manifest.json'))) {
      temporary = await synthesize(folder, { context: { ...Object.fromEntries(existing), ...wish.context } });
    }
    const outcomes = await terminal.deploy(temporary ?? folder);
    const deployed = Object.values(outcomes).every(({ status }) => /^(CREATE|UPDATE)_COMPLETE$/.test(status));
    const destroyed = !wish.destroy || (await destroyAll(terminal, temporary ?? folder));
    showSummary(sandbox, terminal);
    return deployed && destroyed ? 0 : 1;
  } finally {
    await sandbox.close();
    if (temporary !== undefined) rmSync(temporary, { recursive: true });
  }
}

/** Whatever can be backed up is being backed up by somebody else, as soon as it is there. */
function keepBusy({ fsx, journal }: Sandbox, duration: number): void {
  const plant = (source: { fileSystemId?: string; volumeId?: string }) =>
    fsx.plantBackup({ type: 'AUTOMATIC', duration, failure: undefined, ...source });
  for (const fileSystemId of fsx.fileSystems.keys()) plant({ fileSystemId });
  journal.onEntry((entry) => {
    if (entry.kind !== 'event' || entry.status !== 'CREATE_COMPLETE') return;
    if (entry.type === 'AWS::FSx::Volume' && fsx.volume(entry.physicalId!).description.OntapConfiguration) {
      plant({ volumeId: entry.physicalId });
    }
    if (entry.type === 'AWS::FSx::FileSystem' && fsx.fileSystem(entry.physicalId!).type !== 'ONTAP') {
      plant({ fileSystemId: entry.physicalId });
    }
  });
}

/** In the order in which the CDK CLI destroys: those first that others do not need. */
async function destroyAll(terminal: Terminal, directory: string): Promise<boolean> {
  let all = true;
  for (const { stackName } of stacksOf(directory).reverse()) {
    terminal.print();
    all = (await terminal.destroy(stackName)).status === 'DELETE_COMPLETE' && all;
  }
  return all;
}

function showSummary(sandbox: Sandbox, terminal: Terminal): void {
  const operations = sandbox.journal
    .of('call')
    .map(({ operation }) => operation)
    .sort();
  const counts = [...new Set(operations)].map(
    (operation) => `${operation} ${operations.filter((one) => one === operation).length}`,
  );
  terminal.print();
  terminal.print(summaryTable(backupSummaries(sandbox), terminal));
  terminal.tell(
    `Calls of AWS: ${counts.join(', ') || 'none'}. Lambda invocations: ` +
      `${sandbox.journal.of('invocation').length}.`,
  );
}

if (require.main === module) {
  void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
