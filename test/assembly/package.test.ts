import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembly, ROOT } from './assembly';

/*
 * The compiled package: what users get, and what Construct Hub wants of it. test/package.test.ts looks at the
 * handler in it.
 */

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: ROOT,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const [tarball]: { size: number; unpackedSize: number; files: { path: string; size: number }[] }[] =
  Object.values(JSON.parse(output)); // an array or an object, as npm likes
const paths = tarball.files.map((file) => file.path);

describe('the tarball', () => {
  test('holds what it takes to use it, in every language', () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        '.jsii',
        'API.md',
        'LICENSE',
        'README.md',
        'assets/lambda/handler/index.js',
        'package.json',
      ]),
    );
    expect(paths).toContain(manifest.main);
    expect(paths).toContain(manifest.types);
  });

  test('holds for each module the code and its types, and no more', () => {
    const modules = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `lib/${file.replace(/\.ts$/, '')}`);
    expect(modules.length).toBeGreaterThan(10);
    expect(paths.filter((path) => path.startsWith('lib/')).sort()).toEqual(
      modules.flatMap((module) => [`${module}.d.ts`, `${module}.js`]).sort(),
    );
  });

  test('holds nothing that was lying about', () => {
    expect(
      paths.filter((path) => /\.(map|tgz|log|env|pem|tsbuildinfo)$|\.npmrc$|(^|\/)node_modules\//.test(path)),
    ).toEqual([]);
  });

  // 0.3 MB to download, 1.2 MB on disk: November 2026
  test('is small: 400 KB to download, 1.5 MB on disk', () => {
    expect(tarball.size).toBeLessThan(400_000);
    expect(tarball.unpackedSize).toBeLessThan(1_500_000);
  });
});

/*
 * https://github.com/cdklabs/construct-hub: what src/package-sources/npmjs/npm-js-follower.lambda.ts looks
 * for, and src/backend/ingestion/ingestion.lambda.ts refuses.
 */
describe('Construct Hub', () => {
  test('finds it: it is made by jsii, and has the keyword', () => {
    expect(manifest.jsii).toBeDefined();
    expect(manifest.keywords).toEqual(expect.arrayContaining(['cdk', 'aws-cdk', 'awscdk']));
  });

  test('may fetch it: from npm, by everybody, under a license that it lists', () => {
    expect(manifest.private).toBeUndefined();
    expect(manifest.publishConfig).toEqual({ access: 'public' });
    expect(manifest.license).toBe('Apache-2.0');
    expect(readFileSync(join(ROOT, 'LICENSE'), 'utf8')).toMatch(/Apache License\s+Version 2\.0/);
  });

  test('takes it: the assembly says the same of itself as the package', () => {
    expect({ name: assembly.name, version: assembly.version, license: assembly.license }).toEqual({
      name: manifest.name,
      version: manifest.version,
      license: manifest.license,
    });
    expect(assembly.repository.url).toBe(manifest.repository.url);
  });

  test('knows which CDK it is for', () => {
    expect(Object.keys(assembly.dependencyClosure!)).toEqual(
      expect.arrayContaining(['aws-cdk-lib', 'constructs']),
    );
  });

  test('can show it in five languages, with its README as it is now', () => {
    expect(Object.keys(assembly.targets)).toEqual(
      expect.arrayContaining(['dotnet', 'go', 'java', 'js', 'python']),
    );
    expect(assembly.readme!.markdown.trim()).toBe(readFileSync(join(ROOT, 'README.md'), 'utf8').trim());
  });
});
