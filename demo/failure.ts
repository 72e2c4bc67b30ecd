import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { FAILURE } from './scenes';
import { Sandbox, synthesize, terminalOf } from '../sandbox';

const EXAMPLE = join(__dirname, '../examples/typescript/before-an-upgrade');
const MINUTE = 60_000;

/** What a terminal shows of an upgrade whose backup fails, line by line, with its colours. */
export async function failedUpgrade(columns = 106): Promise<string[]> {
  const sandbox = await Sandbox.start({ fsx: { backupDuration: () => 6 * MINUTE } });
  const directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  try {
    const synthesizeVersion = (version: string) =>
      synthesize(EXAMPLE, { context: { version }, outdir: join(directory, version) });
    const [before, after] = await Promise.all([synthesizeVersion('1'), synthesizeVersion('2')]);
    await sandbox.deploy(before);
    let shown = '';
    const out = Object.assign(
      new PassThrough().on('data', (chunk) => {
        shown += chunk;
      }),
      { columns },
    );
    const terminal = terminalOf(sandbox, { out, colours: true, live: false });
    terminal.brief = true;
    sandbox.fsx.options.fail = () => FAILURE;
    await terminal.deploy(after);
    return shown.trimEnd().split('\n');
  } finally {
    await sandbox.close();
    rmSync(directory, { recursive: true });
  }
}
