import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidence } from './evidence';
import { INTEG_RUNNER } from './install';
import { compileApps, copyApps, integRunner, liveApps, synthesizeApp } from './live-apps';
import { lifecycleOf } from '../../sandbox/fsx/backup';
import { Sandbox } from '../../sandbox/sandbox';

const SNAPSHOTS = join(__dirname, '../integ');
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('Live tests', () => {
  beforeAll(copyApps);

  test('the apps compile with the latest aws-cdk-lib that integ-runner reads', () => {
    expect(compileApps()).toEqual({ status: 0, output: '' });
  });

  test('the apps synthesize to their snapshots', () => {
    const { status, output } = integRunner([]);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain(`${liveApps().length} passed, ${liveApps().length} total`);
    evidence({ snapshots: liveApps().length });
  });

  test('no snapshot changes with the bundled handler', () => {
    appendFileSync(join(INTEG_RUNNER, 'assets/lambda/handler/index.js'), '\n// changed\n');
    expect(integRunner(['integ.lustre.ts'])).toMatchObject({ status: 0 });
    copyApps();
  });

  test('a snapshot changes with a construct', () => {
    const construct = join(INTEG_RUNNER, 'src/fsx-backup-provider.ts');
    writeFileSync(construct, readFileSync(construct, 'utf8').replace('memorySize: 256', 'memorySize: 512'));
    expect(integRunner(['integ.lustre.ts'])).toMatchObject({ status: 1, output: expect.stringContaining('MemorySize') });
    copyApps();
  });

  describe('in the sandbox, what the apps expect of an account is true', () => {
    let outdir: string;
    let sandbox: Sandbox;
    beforeEach(async () => {
      outdir = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
      sandbox = await Sandbox.start();
    });
    afterEach(async () => {
      rmSync(outdir, { recursive: true });
      await sandbox.close();
    });

    test.each(liveApps())('%s', async (name) => {
      const stackName = `FsxBackupLive-${name}`;
      const { stackUpdateWorkflow, hooks, cdkCommandOptions } = Object.values<any>(readJson(join(SNAPSHOTS, `integ.${name}.ts.snapshot/integ.json`)).testCases)[0];
      const left = Number(hooks.postDestroy[0].split(' ').at(-1));

      for (const deployment of stackUpdateWorkflow ? ['first', 'second'] as const : ['second'] as const) {
        const assembly = join(outdir, deployment);
        synthesizeApp(name, deployment, assembly);
        const { status, reason } = (await sandbox.deploy(assembly, { stacks: [stackName] }))[stackName];
        const isToFail = deployment === 'second' && cdkCommandOptions?.deploy?.expectError === true;
        expect(isToFail ? status : reason ?? status).toMatch(isToFail ? /^UPDATE_ROLLBACK_COMPLETE$/ : /^(CREATE|UPDATE)_COMPLETE$/);
      }
      const pipeline = Object.values(sandbox.cloudFormation.stack(stackName).resources).find(({ type }) => type === 'AWS::CodePipeline::Pipeline')?.physicalId;
      if (pipeline) expect(await sandbox.clock.run(sandbox.codePipeline.start(pipeline, { assembly: join(outdir, 'second') }))).toMatchObject({ status: 'Succeeded' });

      for (const expected of expectedBackups(join(outdir, 'second'))) expect(ownBackups(sandbox)).toEqual(expected);
      expect((await sandbox.destroy(stackName)).status).toBe('DELETE_COMPLETE');
      expect(ownBackups(sandbox)).toHaveLength(left);
      evidence({ deployments: stackUpdateWorkflow ? 2 : 1 });
    });
  });
});

/** The library's backups, as far as assertions look at them. */
function ownBackups({ fsx, clock }: Sandbox) {
  return [...fsx.backups.values()].filter((backup) => lifecycleOf(backup, clock.now()) !== 'DELETED' && backup.tags.has('cdk-fsx-backup:stack-id')).map((backup) => ({
    Lifecycle: lifecycleOf(backup, clock.now()),
    Type: backup.type,
    Tags: [...backup.tags].map(([Key, Value]) => ({ Key, Value })),
  }));
}

/** What the assertions of a cloud assembly say about the answers of DescribeBackups. */
function expectedBackups(assembly: string): object[][] {
  const templates = readdirSync(assembly).filter((file) => /DeployAssert.*\.template\.json$/.test(file)).map((file) => readJson(join(assembly, file)));
  const calls = templates.flatMap(({ Resources }) => Object.values<any>(Resources)).filter(({ Type }) => Type === 'Custom::DeployAssert@SdkCallFSxDescribeBackups');
  return calls.map(({ Properties }) => JSON.parse(Properties.expected).$ObjectLike.Backups.map((expected: any) => expect.objectContaining({
    ...expected,
    ...expected.Tags && { Tags: expect.arrayContaining(expected.Tags.$ArrayWith) },
  })));
}
