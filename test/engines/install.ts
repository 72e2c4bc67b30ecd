import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOREIGN = join(__dirname, 'foreign');
const INTEG = resolve(__dirname, '../integ');
export const ENGINES = resolve(__dirname, '../../.engines');
export const PYTHON = join(ENGINES, 'python/bin');
export const AWS_CLI = join(ENGINES, 'aws/bin');
export const NODE_MODULES = join(ENGINES, 'node/node_modules');
export const INTEG_RUNNER = join(ENGINES, 'integ');

/** Python 3.10 or later that can make a virtual environment, or why there is none. */
export function findPython(): { command: string } | { missing: string } {
  for (const command of ['python3', 'python']) {
    try {
      execFileSync(command, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], {
        stdio: 'ignore',
      });
      return { command };
    } catch {
      // the next one
    }
  }
  return { missing: 'there is no Python 3.10 or later with venv' };
}

/** Everything that `foreign/` names, into `.engines/`: once, and again when it changes. */
export function install(python: string): void {
  installPython(python, 'python', 'requirements.txt');
  // in an environment of its own: what it needs and what the engines need may part ways
  installPython(python, 'aws', 'aws-cli.txt');
  once('node', FOREIGN, ['package.json', 'package-lock.json'], (folder) => {
    mkdirSync(folder);
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(FOREIGN, file), join(folder, file));
    // cdk-nag wants an aws-cdk-lib beside it; it gets the one of the tests
    run('npm', ['ci', '--legacy-peer-deps', '--no-fund', '--no-audit', '--loglevel=error'], folder);
  });
}

function installPython(python: string, name: string, requirements: string): void {
  once(name, FOREIGN, [requirements], (folder) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    run(python, ['-m', 'venv', folder]);
    run(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...options, '-r', join(FOREIGN, requirements)]);
  });
}

/** What the live tests need: integ-runner, and an aws-cdk-lib that it can read. */
export function installIntegRunner(): void {
  once('integ', INTEG, ['package.json', 'package-lock.json'], (folder) => {
    mkdirSync(folder);
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(INTEG, file), join(folder, file));
    run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], folder);
  });
}

function once(name: string, from: string, sources: string[], make: (folder: string) => void): void {
  const folder = join(ENGINES, name);
  const mark = join(folder, '.installed');
  const wanted = createHash('sha256')
    .update(sources.map((file) => readFileSync(join(from, file))).join('\n'))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  process.stdout.write(
    `installing the engines of ${sources[0]} into .engines/${name}, which takes a minute or two\n`,
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(ENGINES, { recursive: true });
  make(folder);
  writeFileSync(mark, wanted);
}

function run(command: string, args: string[], cwd?: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}
