import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembly, assembly, type Property, ROOT } from './assembly';
import { lastPublished, report } from './compatibility';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('what an older release offered', () => {
  /** A release that never was: this one, changed. */
  function older(change: (api: Assembly) => void): string {
    const api: Assembly = structuredClone(assembly);
    change(api);
    const folder = join(directory, 'older');
    mkdirSync(folder);
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, '.jsii'), JSON.stringify(api));
    return folder;
  }
  const propertiesOf = (api: Assembly, name: string): Property[] =>
    api.types[`cdk-fsx-backup.${name}`].properties!;

  test('may be more now', async () => {
    const release = older((api) => {
      delete api.types['cdk-fsx-backup.FsxFinalBackup'];
      const options = api.types['cdk-fsx-backup.FsxBackupOptions'];
      options.properties = options.properties!.filter((property) => property.name !== 'backupName');
    });
    expect(await report(release, ROOT)).toBeUndefined();
  });

  test('may not be gone, unless it is said', async () => {
    const release = older((api) => {
      const attributes = propertiesOf(api, 'FsxBackup');
      attributes.push({
        ...attributes.find((property) => property.name === 'backupOwnerId')!,
        name: 'backupOwner',
      });
    });
    const changes = await report(release, ROOT);
    expect(changes).toMatch(/backupOwner/);

    const [, key] = changes!.match(/\[(removed:[^\]]+)\]/)!;
    const ignored = join(directory, 'ignored');
    writeFileSync(ignored, `${key}\n`);
    expect(await report(release, ROOT, ignored)).toBeUndefined();
  });

  test('may not be asked for that was not', async () => {
    const release = older((api) => {
      propertiesOf(api, 'FsxBackupProps').find((property) => property.name === 'source')!.optional = true;
    });
    expect(await report(release, ROOT)).toMatch(/FsxBackupProps.*source/);
  });

  test('is an error where it cannot be read', async () => {
    await expect(report(join(directory, 'missing'), ROOT)).rejects.toThrow(/missing/);
  });
});

describe('the last release', () => {
  let server: Server;
  afterEach(() => new Promise((done) => server.close(done)));

  async function registry(status: number, body: object): Promise<string[]> {
    server = createServer((_, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    return [
      `--registry=http://127.0.0.1:${port}/`,
      '--fetch-retries=0',
      `--cache=${join(directory, 'cache')}`,
    ];
  }

  test('is the one that users get', async () => {
    const versions = Object.fromEntries(
      ['0.2.0', '0.3.0-rc.0'].map((version) => [version, { name: 'cdk-fsx-backup', version }]),
    );
    expect(
      await lastPublished(
        'cdk-fsx-backup',
        await registry(200, { 'name': 'cdk-fsx-backup', 'dist-tags': { latest: '0.2.0' }, versions }),
      ),
    ).toBe('0.2.0');
  });

  test('is none where the registry knows no such package', async () => {
    expect(
      await lastPublished('cdk-fsx-backup', await registry(404, { error: 'Not found' })),
    ).toBeUndefined();
  });

  test('is not known where the registry does not answer', async () => {
    await expect(lastPublished('cdk-fsx-backup', await registry(500, {}))).rejects.toThrow();
  });
});
