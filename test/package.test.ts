import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');
const bundle = 'assets/lambda/handler/index.js';

function packed(): string[] {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const parsed = JSON.parse(output);
  const [{ files }] = Array.isArray(parsed) ? parsed : Object.values<any>(parsed);
  return files.map((file: { path: string }) => file.path);
}

test('the tarball holds the handler, ready to run', () => {
  expect(packed()).toContain(bundle);
});

test('the tarball holds nothing that only developers need', () => {
  const allowed =
    /^(lib\/|assets\/lambda\/|\.jsii$|package\.json$|README\.md$|API\.md$|LICENSE$|changelog\.md$)/;
  expect(packed().filter((path) => !allowed.test(path))).toEqual([]);
});

test('the handler in the tarball is made from the sources as they are', () => {
  const { tasks } = JSON.parse(readFileSync(join(root, '.projen', 'tasks.json'), 'utf8'));
  const [esbuild, ...args]: string[] = tasks['bundle:lambda/handler'].steps[0].execArgs;
  const directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  try {
    const fresh = join(directory, 'index.js');
    const here = args.map((arg) => (arg === `--outfile=${bundle}` ? `--outfile=${fresh}` : arg));
    expect(here).toContain(`--outfile=${fresh}`);
    execFileSync(join(root, 'node_modules', '.bin', esbuild), [...here, '--log-level=error'], { cwd: root });
    expect(readFileSync(fresh).equals(readFileSync(join(root, bundle)))).toBe(true);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the handler knows nothing of the CDK', () => {
  expect(readFileSync(join(root, bundle), 'utf8')).not.toMatch(/aws-cdk-lib|constructs/);
});

test('users install aws-cdk-lib and constructs, and nothing else', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.bundledDependencies ?? []).toEqual([]);
});
