import { execFile } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { evidence } from './evidence';
import { INTEG_RUNNER } from './install';
import { APPS, compileApps, copyApps, integRunner, liveApps, synthesizeApp } from './live-apps';
import { type BackupRecord, FaultPlan, FsxService, Journal, lifecycleOf, listen } from '../../sandbox';
import { MINUTE, start, temporary, type World } from '../fixtures';

const PLACE = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' };
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
    expect(integRunner(['integ.lustre.ts'])).toMatchObject({
      status: 0,
      output: expect.stringContaining('1 passed, 1 total'),
    });
    copyApps();
  });

  test('a snapshot changes with a construct', () => {
    const construct = join(INTEG_RUNNER, 'src/private/engine.ts');
    writeFileSync(construct, readFileSync(construct, 'utf8').replace('memorySize: 256', 'memorySize: 512'));
    expect(integRunner(['integ.lustre.ts'])).toMatchObject({
      status: 1,
      output: expect.stringContaining('MemorySize'),
    });
    copyApps();
  });

  describe('in the sandbox, what the apps expect of an account is true', () => {
    test.each(liveApps())('%s', async (name) => {
      const outdir = temporary();
      const world = await start({ fsx: { backupDuration: () => 10 * MINUTE } });
      const stackName = `FsxBackupLive-${name}`;
      const { stackUpdateWorkflow, hooks, cdkCommandOptions } = Object.values<any>(
        readJson(join(SNAPSHOTS, `integ.${name}.ts.snapshot/integ.json`)).testCases,
      )[0];
      const left = Number(hooks.postDestroy[0].split(' ').at(-1));

      for (const deployment of stackUpdateWorkflow ? (['first', 'second'] as const) : (['second'] as const)) {
        const assembly = join(outdir, deployment);
        synthesizeApp(name, deployment, assembly);
        withoutAutoDelete(join(assembly, `${stackName}.template.json`));
        const isToFail = deployment === 'second' && cdkCommandOptions?.deploy?.expectError === true;
        // the sandbox checks no values
        if (isToFail) world.cloudFormation.failures.fail({ target: 'Service', on: 'update' });
        expect(readFileSync(join(assembly, 'manifest.json'), 'utf8')).not.toContain('[ack: cdk-fsx-backup:');
        const { status, reason } = (await world.deploy(assembly, { stacks: [stackName] }))[stackName];
        expect(isToFail ? status : (reason ?? status)).toMatch(
          isToFail ? /^UPDATE_ROLLBACK_COMPLETE$/ : /^(CREATE|UPDATE)_COMPLETE$/,
        );
      }
      const pipeline = world.resourcesOf('AWS::CodePipeline::Pipeline', stackName)[0]?.physicalId;
      if (pipeline) {
        expect(
          await world.clock.run(world.codePipeline.start(pipeline, { assembly: join(outdir, 'second') })),
        ).toMatchObject({ status: 'Succeeded' });
      }

      for (const expected of expectedBackups(join(outdir, 'second'))) {
        expect(ownBackups(world)).toEqual(expected);
      }
      expect((await world.destroy(stackName)).status).toBe('DELETE_COMPLETE');
      expect(ownBackups(world)).toHaveLength(left);
      expect(await afterDestroy(world, hooks.postDestroy[0])).toEqual({ deleted: left });
      evidence({ deployments: stackUpdateWorkflow ? 2 : 1 });
    });
  });
});

/** CDK's own function that empties a bucket answers over https only. */
function withoutAutoDelete(file: string): void {
  const template = readJson(file);
  for (const [id, { Type }] of Object.entries<any>(template.Resources)) {
    if (Type === 'Custom::S3AutoDeleteObjects') delete template.Resources[id];
  }
  writeFileSync(file, JSON.stringify(template));
}

/** Run the command that counts and deletes what is left, on FSx as it is. */
async function afterDestroy({ clock, fsx }: World, command: string): Promise<{ deleted: number }> {
  const journal = new Journal(clock);
  const copy = new FsxService({ clock, authorizer: { authorize: async () => undefined }, ...PLACE });
  for (const [id, backup] of fsx.backups) copy.backups.set(id, backup);
  const endpoint = await listen(copy.api, {
    journal,
    faults: new FaultPlan(),
    principalOf: () => 'role',
    onHang: () => undefined,
  });
  const [program, ...args] = command.split(' ');
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_FSX: endpoint.url,
    AWS_REGION: PLACE.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  try {
    await promisify(execFile)(program, args, { cwd: APPS, env });
  } finally {
    await endpoint.close();
  }
  return {
    deleted: journal
      .calls('fsx:DeleteBackup')
      .filter(({ outcome, input }) => outcome === 'ok' && isOwn(fsx.backups.get(input.BackupId)!)).length,
  };
}

const isOwn = ({ tags }: BackupRecord) => tags.has('cdk-fsx-backup:stack-id');

/** The library's backups, as far as assertions look at them. */
function ownBackups({ ownBackups: own, clock }: World) {
  return own.map((backup) => ({
    Lifecycle: lifecycleOf(backup, clock.now()),
    Type: backup.type,
    Tags: [...backup.tags].map(([Key, Value]) => ({ Key, Value })),
  }));
}

/** What the assertions of a cloud assembly say about the answers of DescribeBackups. */
function expectedBackups(assembly: string): object[][] {
  const templates = readdirSync(assembly)
    .filter((file) => /DeployAssert.*\.template\.json$/.test(file))
    .map((file) => readJson(join(assembly, file)));
  const calls = templates
    .flatMap(({ Resources = {} }) => Object.values<any>(Resources))
    .filter(({ Type }) => Type === 'Custom::DeployAssert@SdkCallFSxDescribeBackups');
  return calls.map(({ Properties }) =>
    JSON.parse(Properties.expected).$ObjectLike.Backups.map((expected: any) =>
      expect.objectContaining({
        ...expected,
        ...(expected.Tags && { Tags: expect.arrayContaining(expected.Tags.$ArrayWith) }),
      }),
    ),
  );
}
