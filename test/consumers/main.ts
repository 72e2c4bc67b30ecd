import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { checkNames } from './csharp';
import { differences } from './templates';
import { synthesize } from '../../sandbox';

/*
 * `npm run consumers [-- language…]`: the packages as users get them. Builds them, installs the built files
 * into projects of their languages, with the aws-cdk-lib that the examples name, and compares what the
 * examples give there with what those of TypeScript give with the same aws-cdk-lib.
 */

const ROOT = resolve(__dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');
const WORK = join(ROOT, '.consumers');
const DIST = join(WORK, 'dist');
const { name, version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Fails with the output of the command, if it does. */
function run(command: string, args: string[], cwd = WORK): void {
  const words = [command, ...args].map((word) => word.replaceAll(`${WORK}/`, '').replaceAll(`${ROOT}/`, ''));
  process.stdout.write(`  ${words.join(' ')}\n`);
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e9 });
}

/** The built file, the only one of its kind. */
function built(folder: string, ending: string): string {
  const files = readdirSync(join(DIST, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith(ending),
  );
  if (files.length !== 1) {
    throw new Error(`${files.length} files of ${folder} end with ${ending}: there must be one`);
  }
  return join(DIST, folder, files[0]);
}

function build(target: string, ...options: string[]): void {
  run('jsii-pacmak', ['--target', target, '--outdir', DIST, ...options, ROOT]);
}

/** What an example says in its project file. */
function pinned(file: string, pattern: RegExp): string {
  const [, found] = pattern.exec(readFileSync(join(EXAMPLES, file), 'utf8')) ?? [];
  if (!found) throw new Error(`examples/${file} names no exact version: ${pattern}`);
  return found;
}

/** The examples, in a project of their own, beside nothing of this one. */
function project(folder: string, from: string): string {
  const path = join(WORK, folder);
  const leftover = /[\\/](cdk\.out|node_modules|target|\.venv)$/; // of somebody who has run one in place
  cpSync(join(EXAMPLES, from), path, { recursive: true, filter: (source) => !leftover.test(source) });
  return path;
}

/** The versions of aws-cdk-lib that there is a project of TypeScript with. */
const references: string[] = [];

/** That project: what the others are compared with. */
function typescript(cdk: string): string {
  const path = join(WORK, `typescript-${cdk}`);
  if (references.includes(cdk)) return path;
  project(`typescript-${cdk}`, 'typescript');
  writeFileSync(join(path, 'package.json'), '{ "private": true }');
  const compilerOptions = {
    module: 'node20',
    target: 'es2022',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/app.ts'] }));
  run(
    'npm',
    [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      built('js', '.tgz'),
      `aws-cdk-lib@${cdk}`,
      `constructs@${devDependencies.constructs}`,
    ],
    path,
  );
  run('tsc', ['--project', path]);
  references.push(cdk);
  return path;
}

/** Synthesize the example in both projects, and say where the templates differ. */
async function compare(example: string, cdk: string, other: string): Promise<string[]> {
  const reference = typescript(cdk);
  process.stdout.write(`  ${example}\n`);
  const [expected, actual] = [join(reference, 'cdk.out', example), join(other, 'cdk.out')];
  await Promise.all([
    synthesize(join(reference, example), { outdir: expected }),
    synthesize(other, { outdir: actual }),
  ]);
  return differences(expected, actual);
}

interface Shown {
  what: string;
  differences: string[];
}

const LANGUAGES: Record<string, () => Promise<Shown>> = {
  async python() {
    build('python');
    const cdk = pinned('python/requirements.txt', /^aws-cdk-lib==([\d.]+)$/m);
    const environment = join(WORK, 'python-environment');
    run('python3', ['-m', 'venv', environment]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    run(join(environment, 'bin/python'), [
      ...pip,
      built('python', '.whl'),
      '--requirement',
      join(EXAMPLES, 'python/requirements.txt'),
    ]);
    process.env.PATH = [join(environment, 'bin'), process.env.PATH].join(delimiter);
    const path = project('python', 'python');
    const examples = [
      ...new Set(['typescript', 'python'].flatMap((language) => readdirSync(join(EXAMPLES, language)))),
    ].filter((entry) => !entry.includes('.'));
    const found = [];
    for (const example of examples) found.push(...(await compare(example, cdk, join(path, example))));
    for (const checks of ['mistakes.py', 'protection.py']) {
      run(join(environment, 'bin/python'), [join(__dirname, checks)]);
    }
    return {
      what:
        `wheel installed, aws-cdk-lib ${cdk} from PyPI; all ${examples.length} examples synthesized, ` +
        'mistakes are told, FsxProtection and defaults by property injectors work',
      differences: found,
    };
  },

  async java() {
    const repository = join(WORK, 'maven');
    build('java', '--maven-local-repository', repository);
    const cdk = pinned('java/quick-start/pom.xml', /<aws-cdk-lib.version>([\d.]+)</);
    cpSync(join(DIST, 'java'), repository, { recursive: true }); // laid out as a local repository already
    const path = project('java', 'java/quick-start');
    mkdirSync(join(path, '.mvn'));
    writeFileSync(
      join(path, '.mvn/maven.config'),
      `-Dmaven.repo.local=${repository}\n-Dcdk-fsx-backup.version=${version}\n`,
    );
    return {
      what: `jar installed, aws-cdk-lib ${cdk} from Maven Central; compiled, synthesized`,
      differences: await compare('quick-start', cdk, path),
    };
  },

  async go() {
    build('go', '--code-only');
    const cdk = pinned('go/quick-start/go.mod', /aws-cdk-go\/awscdk\/v2 v([\d.]+)$/m);
    const module = pinned('go/quick-start/go.mod', /^\s(\S+) v[\d.]+\n\)/m);
    const path = project('go', 'go/quick-start');
    run('go', ['mod', 'edit', `-replace=${module}=${join(DIST, 'go/cdkfsxbackup')}`], path);
    // jsii-pacmak asks for the newest of this one. aws-cdk-go is content with what it was made with.
    const asset = 'github.com/cdklabs/awscdk-asset-awscli-go/awscliv1/v2';
    run('go', ['mod', 'edit', `-replace=${asset}=${asset}@v2.2.292`], path);
    run('go', ['mod', 'tidy'], path);
    run('go', ['vet', '.', `${module}/...`], path);
    return {
      what:
        `module in the place of the published one, aws-cdk-go ${cdk} from the module proxy; compiled, ` +
        'synthesized',
      differences: await compare('quick-start', cdk, path),
    };
  },

  async csharp() {
    build('dotnet', '--code-only');
    const names = checkNames(
      join(EXAMPLES, 'csharp/quick-start/Program.cs'),
      join(DIST, 'dotnet'),
      join(ROOT, 'node_modules/aws-cdk-lib-latest'),
    );
    return {
      what:
        `code generated, neither compiled nor run; the example's ${names} uses of a name are right, by ` +
        'it and by the API of aws-cdk-lib',
      differences: [],
    };
  },
};

async function main(chosen: string[]): Promise<void> {
  const unknown = chosen.filter((language) => !LANGUAGES[language]);
  if (unknown.length > 0) {
    throw new Error(`there is no ${unknown.join(', ')}: ${Object.keys(LANGUAGES).join(', ')}`);
  }
  delete process.env.TSX_TSCONFIG_PATH; // what runs this file is no part of the apps
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK);
  process.stdout.write(`${name} ${version}\n`);
  build('js');
  const lines: string[] = [];
  let failed = false;
  for (const language of chosen.length > 0 ? chosen : Object.keys(LANGUAGES)) {
    process.stdout.write(`${language}\n`);
    try {
      const shown = await LANGUAGES[language]();
      shown.differences.forEach((difference) => process.stdout.write(`${difference}\n`));
      const same = shown.differences.length === 0;
      failed ||= !same;
      const verdict =
        language === 'csharp'
          ? ''
          : same
            ? ': the same templates as TypeScript'
            : `: ${shown.differences.length} templates DIFFER from TypeScript's`;
      lines.push(`${language.padEnd(8)}${shown.what}${verdict}`);
    } catch (error: any) {
      failed = true;
      process.stdout.write(`${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}\n`);
      lines.push(`${language.padEnd(8)}FAILED: ${error.message.split('\n')[0]}`);
    }
  }
  if (references.length > 0) {
    lines.unshift(
      `ts      tarball installed, aws-cdk-lib ${references.join(', ')} from npm; all examples compiled, ` +
        'and synthesized where another language is below',
    );
  }
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.exitCode = failed ? 1 : 0;
}

void main(process.argv.slice(2));
