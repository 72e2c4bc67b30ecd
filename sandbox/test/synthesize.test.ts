import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '../synthesize';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'app-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An app that writes this manifest, and beside it what the CDK CLI told it. */
function app(manifest: object | undefined, settings: object = {}): void {
  const told =
    '({ context: JSON.parse(process.env.CDK_CONTEXT_JSON), account: process.env.CDK_DEFAULT_ACCOUNT, ' +
    'region: process.env.CDK_DEFAULT_REGION })';
  const content = JSON.stringify(JSON.stringify(manifest));
  writeFileSync(
    join(folder, 'app.js'),
    `
    const { writeFileSync } = require('fs');
    writeFileSync(process.env.CDK_OUTDIR + '/told.json', JSON.stringify(${told}));
    ${manifest ? `writeFileSync(process.env.CDK_OUTDIR + '/manifest.json', ${content});` : ''}
  `,
  );
  writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: 'node app.js', ...settings }));
}

const outdir = () => join(folder, 'out');
const run = (context: Record<string, string> = {}) =>
  synthesize(folder, { context, outdir: outdir(), region: 'eu-west-1' });
const told = () => JSON.parse(readFileSync(join(outdir(), 'told.json'), 'utf8'));

test('an app is told what the CDK CLI tells it; the command line has the last word', async () => {
  app({}, { context: { a: 'of cdk.json', b: 'of cdk.json' }, versionReporting: false });
  writeFileSync(join(folder, 'cdk.context.json'), JSON.stringify({ looked: 'up', a: 'looked up' }));
  expect(await run({ b: 'of the command line' })).toBe(outdir());
  expect(told()).toEqual({
    context: expect.objectContaining({ a: 'of cdk.json', b: 'of the command line', looked: 'up' }),
    account: '123456789012',
    region: 'eu-west-1',
  });
  expect(told().context).toMatchObject({
    'aws:cdk:enable-path-metadata': true,
    'aws:cdk:version-reporting': false,
  });
});

test('an assembly goes into a directory of its own if none is given', async () => {
  app({});
  const directory = await synthesize(folder);
  expect(existsSync(join(directory, 'manifest.json'))).toBe(true);
  rmSync(directory, { recursive: true });
});

test('an app that fails is quoted', async () => {
  app({});
  writeFileSync(join(folder, 'app.js'), 'throw new Error("more than 50 tags")');
  await expect(run()).rejects.toThrow(/failed \(node app\.js, exit code 1\):[^]*more than 50 tags/);
});

test('errors that the app only reports keep it from being deployed', async () => {
  app({
    artifacts: {
      Files: {
        metadata: {
          '/Files/Backup': [
            { type: 'aws:cdk:error', data: 'too late' },
            { type: 'aws:cdk:warning', data: 'mind' },
          ],
        },
      },
    },
  });
  await expect(run()).rejects.toThrow(/reports errors:\n\/Files\/Backup: too late$/);
});

test('a lookup has no account to look into', async () => {
  app({ missing: [{ key: 'vpc-provider:account=1' }] });
  await expect(run()).rejects.toThrow('asks an account for vpc-provider:account=1, and here is none');
});

test('an app that does not synthesize, and a cdk.json without an app, are told apart', async () => {
  app(undefined);
  await expect(run()).rejects.toThrow('wrote no cloud assembly');
  writeFileSync(join(folder, 'cdk.json'), '{}');
  await expect(run()).rejects.toThrow('has no "app"');
});
