import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_s3 as s3,
  Duration,
  Stack,
} from 'aws-cdk-lib';
import {
  type ActionExecution,
  type PipelineExecution,
  type SandboxOptions,
  synthesize as synthesizeFolder,
} from '../../sandbox';
import { FsxBackupAction, FsxBackupActionProps } from '../../src';
import {
  DAY,
  finishedAt,
  HOUR,
  sourceOf,
  start,
  synthesize,
  temporary,
  theOnly,
  type World,
} from '../fixtures';

const EXAMPLES = join(__dirname, '../../examples/typescript');

const pipelinesIn = (world: World, stack = 'Release') =>
  world.resourcesOf('AWS::CodePipeline::Pipeline', stack).map(({ physicalId }) => physicalId!);
/** An action of the last stage; the last time, where it ran more than once. */
const find = ({ actions: all }: PipelineExecution, name: string): ActionExecution =>
  all.filter(({ action }) => action === name).at(-1)!;
const release = (world: World, assembly: string) =>
  world.clock.run(world.codePipeline.start(pipelinesIn(world)[0], { assembly }));

describe('the example', () => {
  let first: string;
  let second: string;
  beforeAll(async () => {
    [first, second] = await Promise.all(
      ['1', '2'].map((version) =>
        synthesizeFolder(join(EXAMPLES, 'pipeline'), { context: { release: version } }),
      ),
    );
  });
  afterAll(() => [first, second].forEach((directory) => rmSync(directory, { recursive: true })));

  async function begin(options: SandboxOptions = {}): Promise<World> {
    const world = await start(options);
    expect((await world.deploy(first, { stacks: ['Release'] })).Release.status).toBe('CREATE_COMPLETE');
    return world;
  }

  /** With a release that is deployed. */
  async function released(options: SandboxOptions = {}): Promise<World> {
    const world = await begin(options);
    expect(await release(world, first)).toMatchObject({ status: 'Succeeded' });
    return world;
  }

  const production = (world: World) =>
    world.cloudFormation.stack('Production-Files').resources.FileSystem.physicalId!;
  const began = (world: World, execution: PipelineExecution, name: string) =>
    world.journal
      .of('action')
      .filter(
        ({ action, execution: id, status }) =>
          action === name && id === execution.id && status === 'InProgress',
      )
      .at(-1)!.at;

  test('backs nothing up the first time, since nothing is deployed, and goes on', async () => {
    const world = await begin();
    const execution = await release(world, first);
    expect(execution.status).toBe('Succeeded');
    expect(find(execution, 'Backup-Variables').variables).toEqual({ BackupId: 'none', BackupArn: '' });
    expect(world.backups).toEqual([]);
  });

  test('backs production up before a release changes it, and tells the id', async () => {
    const world = await released();
    const execution = await release(world, second);
    expect(execution.status).toBe('Succeeded');
    const backup = theOnly(world.backups);
    expect(backup.source.fileSystemId).toBe(production(world));
    expect(began(world, execution, 'Files.Prepare')).toBeGreaterThanOrEqual(finishedAt(backup));
    expect(JSON.parse(find(execution, 'Announce').configuration!.EnvironmentVariables)).toEqual([
      expect.objectContaining({ name: 'BACKUP', value: backup.id }),
    ]);
    expect(Object.fromEntries(backup.tags)).toMatchObject({
      'cdk-fsx-backup:logical-id': expect.stringMatching(
        /^series\/\d+\/us-east-1\/Release\/Pipeline\/Pipeline\/Production\/Backup$/,
      ),
    });
    expect(world.journal.of('call').filter(({ outcome }) => outcome === 'denied')).toEqual([]);
  });

  test('takes one backup per execution, and keeps five', async () => {
    const world = await released();
    for (let nth = 0; nth < 7; nth++) {
      expect((await release(world, nth % 2 ? first : second)).status).toBe('Succeeded');
    }
    expect(world.calls('fsx:CreateBackup')).toBe(7);
    expect(world.backups).toHaveLength(5);
  }, 240_000);

  test('a failed backup stops the stage before any change, and the action can be retried', async () => {
    const world = await released();
    world.fsx.options.fail = () => 'the disk is full';
    const execution = await release(world, second);
    expect(execution.status).toBe('Failed');
    expect(find(execution, 'Backup').error).toMatch(
      /BackupFailed: FSx could not finish backup backup-\w+ of fs-\w+: the disk is full/,
    );
    expect(
      execution.actions.filter(({ stage, action }) => stage === 'Production' && action !== 'Backup'),
    ).toEqual([]);
    world.fsx.options.fail = () => undefined;
    expect((await world.clock.run(world.codePipeline.retry(execution.id, 'Production'))).status).toBe(
      'Succeeded',
    );
    // with keepLast what is left of the first is removed
    expect(theOnly(world.backups).failure).toBeUndefined();
  });

  test('an action that runs out of time takes the same backup up when it is retried', async () => {
    const world = await released({ fsx: { backupDuration: () => 4 * DAY } });
    const execution = await release(world, second);
    expect(find(execution, 'Backup').error).toMatch(
      /is not finished after 4320 min \(CREATING, 7\d %\)\. It goes on: retry the pipeline's action/,
    );
    const retried = await world.clock.run(world.codePipeline.retry(execution.id, 'Production'));
    expect(retried).toMatchObject({ id: execution.id, status: 'Succeeded' });
    expect(find(retried, 'Backup-Variables').variables.BackupId).toBe(theOnly(world.backups).id);
    expect(world.calls('fsx:CreateBackup')).toBe(1);
  });

  test('a backup of nearly three days is waited for', async () => {
    const world = await released({ fsx: { backupDuration: () => 2.9 * DAY } });
    expect((await release(world, second)).status).toBe('Succeeded');
    const execution = [...world.stepFunctions.executions.values()].at(-1)!;
    expect(execution.events).toBeLessThan(6_000);
  });

  test.each(['FAILED_ACTIONS', 'ALL_ACTIONS'] as const)(
    'a stage that is run again (%s) after the release has failed takes no second backup',
    async (mode) => {
      const world = await released();
      const target = Object.keys(world.cloudFormation.stack('Production-Service').resources).find((name) =>
        name.startsWith('Release'),
      )!;
      let isSpoiled = false;
      world.journal.onEntry((entry) => {
        if (
          isSpoiled ||
          entry.kind !== 'action' ||
          entry.action !== 'Backup' ||
          entry.status !== 'Succeeded'
        ) {
          return;
        }
        world.cloudFormation.failures.fail({ target, on: 'update' });
        isSpoiled = true;
      });
      let execution = await release(world, second);
      expect(find(execution, 'Service.Deploy')).toMatchObject({ stage: 'Production', status: 'Failed' });
      world.cloudFormation.failures.clear();
      const [backup] = world.backups;
      await world.pass(3 * DAY);
      execution = await world.clock.run(world.codePipeline.retry(execution.id, 'Production', { mode }));
      if (mode === 'ALL_ACTIONS') expect(execution.status).toBe('Succeeded');
      expect(theOnly(world.backups).id).toBe(backup.id);
      expect(world.calls('fsx:CreateBackup')).toBe(1);
    },
  );

  test('its actions make no calls but these', async () => {
    const world = await released();
    await release(world, second);
    const { resources } = world.cloudFormation.stack('Release');
    const roles = Object.keys(resources)
      .filter((name) => /Backup(Variables)?CodePipelineActionRole\w{8}$/.test(name))
      .map((name) => resources[name].physicalId!);
    expect(roles).toHaveLength(2);
    const made = new Set(
      world.journal
        .of('call')
        .filter(({ principal }) => roles.some((role) => principal.endsWith(`/${role}`)))
        .map(({ operation }) => operation),
    );
    expect(made).toEqual(
      new Set([
        'states:DescribeStateMachine',
        'states:StartExecution',
        'states:DescribeExecution',
        'lambda:InvokeFunction',
      ]),
    );
  });
});

describe('two pipelines that back up the same file system', () => {
  const twoPipelines = (props: Partial<FsxBackupActionProps> = {}) => {
    const define = (stack: Stack) => {
      const source = sourceOf(stack, 'WINDOWS');
      for (const id of ['One', 'Two']) {
        const bucket = s3.Bucket.fromBucketName(stack, `${id}Source`, 'source');
        new codepipeline.Pipeline(stack, id, {
          crossAccountKeys: false,
          stages: [
            {
              stageName: 'Source',
              actions: [
                new actions.S3SourceAction({
                  actionName: 'Source',
                  bucket,
                  bucketKey: 'a.zip',
                  output: new codepipeline.Artifact(),
                }),
              ],
            },
            {
              stageName: 'Backup',
              actions: [
                new FsxBackupAction({
                  actionName: 'Backup',
                  source,
                  output: new codepipeline.Artifact('Saved'),
                  ...props,
                }),
              ],
            },
          ],
        });
      }
    };
    return synthesize(define);
  };
  const named = (world: World) => pipelinesIn(world, 'Files');

  test('wait for one another, and each has its own', async () => {
    const world = await start({ fsx: { backupDuration: () => HOUR } });
    await world.deploy(twoPipelines({ timeout: Duration.hours(3), keepLast: 1 }));
    const executions = await world.clock.run(
      Promise.all(named(world).map((name) => world.codePipeline.start(name))),
    );
    expect(executions.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
    const ids = executions.map((execution) => JSON.parse(find(execution, 'Backup').output!).BackupId);
    expect(new Set(ids)).toEqual(new Set(world.ownBackups.map(({ id }) => id)));
    const [one, two] = world.ownBackups;
    expect(two.createdAt).toBeGreaterThanOrEqual(finishedAt(one));
  });
});

test('across accounts, role and engine are those of the operators, in their account and Region', async () => {
  const directory = await synthesizeFolder(join(EXAMPLES, 'pipeline-accounts'), { outdir: temporary() });
  const [operators, pipeline] = ['Operators', 'Release'].map(
    (name) => JSON.parse(readFileSync(join(directory, `${name}.template.json`), 'utf8')).Resources,
  );
  const role = Object.values<any>(operators).find(
    ({ Properties }) => Properties?.RoleName === 'backups-for-pipelines',
  );
  expect(JSON.stringify(role.Properties.AssumeRolePolicyDocument)).toContain(':iam::111111111111:root');
  const granted = Object.values<any>(operators).filter(
    ({ Type, Properties }) => Type === 'AWS::IAM::Policy' && /^Role/.test(Properties.PolicyName),
  );
  expect(theOnly(granted).Properties.PolicyDocument.Statement.flatMap(({ Action }: any) => Action)).toEqual([
    'states:StartExecution',
    'states:DescribeStateMachine',
    'states:DescribeExecution',
  ]);
  const [{ Properties }] = Object.values<any>(pipeline).filter(
    ({ Type }) => Type === 'AWS::CodePipeline::Pipeline',
  );
  const action = Properties.Stages[1].Actions.find(({ Name }: any) => Name === 'Backup');
  expect(action).toMatchObject({
    Region: 'eu-central-1',
    RoleArn: 'arn:aws:iam::222222222222:role/backups-for-pipelines',
  });
  expect(action.Configuration.StateMachineArn).toMatch(
    /^arn:aws:states:eu-central-1:222222222222:stateMachine:/,
  );
  expect(Properties.ArtifactStores.map(({ Region }: any) => Region).sort()).toEqual([
    'eu-central-1',
    'us-east-1',
  ]);
  expect(JSON.stringify(pipeline)).toContain(
    '"Action":"sts:AssumeRole","Effect":"Allow",' +
      '"Resource":"arn:aws:iam::222222222222:role/backups-for-pipelines"',
  );
});
