import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { INTEG_RUNNER, installIntegRunner } from './install';

/* The live tests, test/integ/, in a work copy where `aws-cdk-lib` is one that integ-runner can read. */

const ROOT = resolve(__dirname, '../..');
export const APPS = join(INTEG_RUNNER, 'test/integ');
const TSX = join(INTEG_RUNNER, 'node_modules/tsx/dist/cli.mjs');

/**
 * Before each synthesis, the CDK Toolkit would ask the machine it runs on for a Region, and where there is
 * none, wait long for an answer.
 */
const WITHOUT_ACCOUNT = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
};

/** The names of the apps. */
export function liveApps(): string[] {
  return readdirSync(join(ROOT, 'test/integ'))
    .flatMap((file) => /^integ\.(.+)\.ts$/.exec(file)?.[1] ?? [])
    .sort();
}

/** Make a new work copy. */
export function copyApps(): void {
  installIntegRunner();
  for (const path of ['src', 'assets', 'tsconfig.json', 'test/tsconfig.json', 'test/integ']) {
    rmSync(join(INTEG_RUNNER, path), { recursive: true, force: true });
    cpSync(join(ROOT, path), join(INTEG_RUNNER, path), { recursive: true });
  }
}

/**
 * Bring the snapshots of the work copy home, without what is bundled, and without metadata, which tell where
 * they were made.
 */
export function keepSnapshots(): void {
  for (const snapshot of readdirSync(APPS).filter((name) => name.endsWith('.snapshot'))) {
    const home = join(ROOT, 'test/integ', snapshot);
    rmSync(home, { recursive: true, force: true });
    cpSync(join(APPS, snapshot), home, {
      recursive: true,
      filter: (file) => !/^asset\.|\.metadata\.json$/.test(basename(file)),
    });
    const manifest = JSON.parse(readFileSync(join(home, 'manifest.json'), 'utf8'));
    for (const artifact of Object.values<any>(manifest.artifacts)) delete artifact.additionalMetadataFile;
    writeFileSync(join(home, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  }
}

/** Synthesize an app as one of its two deployments has it. */
export function synthesizeApp(name: string, deployment: 'first' | 'second', outdir: string): void {
  const env = { CDK_OUTDIR: outdir, CDK_INTEG_ACCOUNT: deployment === 'first' ? '12345678' : '' };
  const { status, output } = say(TSX, [join(APPS, `integ.${name}.ts`)], env);
  if (status !== 0) throw new Error(output);
}

/** @returns what integ-runner says of the work copy; without an account unless it is to deploy */
export function integRunner(args: string[], isLive = false): Said {
  const app = `"${process.execPath}" "${TSX}" {filePath}`;
  return say(
    join(INTEG_RUNNER, 'node_modules/@aws-cdk/integ-runner/bin/integ-runner'),
    [
      '--parallel-regions',
      // takes a list, so not last: it would take names of tests for Regions
      process.env.AWS_REGION ?? 'us-east-1',
      '--directory',
      'test/integ',
      '--strict',
      '--language',
      'typescript',
      '--app',
      app,
      '--max-workers',
      '2',
      ...args,
    ],
    isLive ? {} : WITHOUT_ACCOUNT,
  );
}

/** @returns what the compiler says of the work copy */
export function compileApps(): Said {
  return say(require.resolve('typescript/bin/tsc'), ['--noEmit', '-p', 'test/integ']);
}

export interface Said {
  status: number;
  output: string;
}

function say(program: string, args: string[], env: Record<string, string> = {}): Said {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    cwd: INTEG_RUNNER,
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  if (error) throw error;
  return { status: status ?? 1, output: stdout + stderr };
}
