import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EVIDENCE, type Evidence } from './evidence';
import { ENGINES, findPython, install } from './install';
import { page, summary, type TestRun } from './report';

/*
 * `npm run e2e [-- <file> …]`: install the engines, run the tests on them, and write what was shown to
 * docs/engines.md.
 */

delete process.env.TSX_TSCONFIG_PATH; // this process's own: the apps have theirs
const ROOT = resolve(__dirname, '../..');
const only = process.argv.slice(2);

const python = findPython();
if ('missing' in python) {
  process.stdout.write(
    `npm run e2e: ${python.missing}; nothing was tested. Install it, and run this again\n`,
  );
  process.exit(process.env.CI ? 1 : 0);
}
install(python.command);

rmSync(EVIDENCE, { force: true });
const results = join(ENGINES, 'results.json');
const jest = spawnSync(
  process.execPath,
  [
    require.resolve('jest/bin/jest'),
    '--config',
    'jest.engines.json',
    '--coverage=false',
    '--json',
    '--outputFile',
    results,
    ...only,
  ],
  { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] },
);

if (jest.status !== 0) process.exit(jest.status ?? 1);
const run = JSON.parse(readFileSync(results, 'utf8')) as TestRun;
const evidence = existsSync(EVIDENCE)
  ? readFileSync(EVIDENCE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Evidence)
  : [];
if (only.length === 0) writeFileSync(join(ROOT, 'docs/engines.md'), page(run, evidence));
process.stdout.write(summary(run, evidence));
