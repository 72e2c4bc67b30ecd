import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

export interface SynthesisOptions {
  /** as with `-c key=value` */
  context?: Record<string, string>;
  /** where the cloud assembly goes; default: a new temporary directory, for the caller to remove */
  outdir?: string;
  accountId?: string;
  region?: string;
}

const BINARIES = resolve(__dirname, '../node_modules/.bin');

/**
 * Run the app of a folder with a `cdk.json`, as the CDK CLI does; resolves to the directory of its cloud
 * assembly.
 */
export async function synthesize(folder: string, options: SynthesisOptions = {}): Promise<string> {
  if (options.outdir !== undefined) return synthesizeInto(options.outdir, folder, options);
  const temporary = mkdtempSync(join(tmpdir(), 'cloud-assembly-'));
  return synthesizeInto(temporary, folder, options).catch((error) => {
    rmSync(temporary, { recursive: true });
    throw error;
  });
}

async function synthesizeInto(directory: string, folder: string, options: SynthesisOptions): Promise<string> {
  const { context = {}, accountId = '123456789012', region = 'us-east-1' } = options;
  const settings = readJson(join(folder, 'cdk.json'));
  if (typeof settings.app !== 'string') {
    throw new Error(`${join(folder, 'cdk.json')} has no "app": give it the command that synthesizes the app`);
  }
  const outdir = resolve(directory);
  mkdirSync(outdir, { recursive: true });
  await run(settings.app, folder, {
    ...process.env,
    PATH: [BINARIES, process.env.PATH].join(delimiter),
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify({ ...contextOf(folder, settings), ...context }),
    CDK_DEFAULT_ACCOUNT: accountId,
    CDK_DEFAULT_REGION: region,
  });
  assertDeployable(folder, outdir);
  return outdir;
}

function contextOf(
  folder: string,
  { context, versionReporting = true, pathMetadata = true, assetMetadata = true }: Record<string, any>,
) {
  const cached = join(folder, 'cdk.context.json');
  return {
    'aws:cdk:enable-path-metadata': pathMetadata,
    'aws:cdk:enable-asset-metadata': assetMetadata,
    'aws:cdk:version-reporting': versionReporting,
    'aws:cdk:bundling-stacks': ['**'],
    ...(existsSync(cached) ? readJson(cached) : {}),
    ...context,
  };
}

/** The app's own output is shown only if it fails. */
function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, fail) => {
    const app = spawn(command, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [app.stdout, app.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    app.on('error', fail);
    app.on('close', (code) =>
      code === 0
        ? done()
        : fail(new Error(`the app in ${cwd} failed (${command}, exit code ${code}):\n${output.trim()}`)),
    );
  });
}

/** What the CDK CLI would look up in an account, or refuse to deploy. */
function assertDeployable(folder: string, outdir: string): void {
  if (!existsSync(join(outdir, 'manifest.json'))) {
    throw new Error(`the app in ${folder} wrote no cloud assembly: it has to be an App that is synthesized`);
  }
  const { missing = [], artifacts = {} } = readJson(join(outdir, 'manifest.json'));
  if (missing.length > 0) {
    const keys = missing.map(({ key }: { key: string }) => key).join(', ');
    throw new Error(
      `the app in ${folder} asks an account for ${keys}, and here is none: put the values into ` +
        `${join(folder, 'cdk.context.json')}`,
    );
  }
  const metadata = Object.values<any>(artifacts).flatMap((artifact) => [
    artifact.metadata ?? {},
    artifact.additionalMetadataFile ? readJson(join(outdir, artifact.additionalMetadataFile)) : {},
  ]);
  const errors = metadata
    .flatMap((ofArtifact) => Object.entries<any[]>(ofArtifact))
    .flatMap(([path, entries]) => {
      return entries.filter(({ type }) => type === 'aws:cdk:error').map(({ data }) => `${path}: ${data}`);
    });
  if (errors.length > 0) throw new Error(`the app in ${folder} reports errors:\n${errors.join('\n')}`);
}

function readJson(file: string): any {
  return JSON.parse(readFileSync(file, 'utf8'));
}
