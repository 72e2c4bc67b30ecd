import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  App,
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
import { BackupSource, FsxBackupAction, FsxBackupActionProps, WhenMissing } from '../../src';
import {
  DAY,
  fileSystemOf,
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
/** What is in the artifact of the backup. */
const outputOf = (execution: PipelineExecution) => JSON.parse(find(execution, 'Backup').output!);
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
    expect(outputOf(execution)).toMatchObject({
      BackupId: 'none',
      BackupArn: 'arn:aws:fsx:us-east-1:123456789012:backup/none',
      PhysicalResourceId: 'none',
    });
    expect(world.backups).toEqual([]);
  });

  test('backs production up before a release changes it, and its artifact tells which', async () => {
    const world = await released();
    const execution = await release(world, second);
    expect(execution.status).toBe('Succeeded');
    const backup = theOnly(world.backups);
    expect(backup.source.fileSystemId).toBe(production(world));
    expect(began(world, execution, 'Files.Prepare')).toBeGreaterThanOrEqual(finishedAt(backup));
    expect(outputOf(execution)).toMatchObject({ BackupId: backup.id, BackupLifecycle: 'AVAILABLE' });
    const { Stages } = world.resourcesOf('AWS::CodePipeline::Pipeline', 'Release')[0].properties as any;
    const { Actions } = Stages.find(({ Name }: any) => Name === 'Production');
    const named = (name: string) => Actions.find(({ Name }: any) => Name === name);
    expect(named('Announce').InputArtifacts).toEqual(named('Backup').OutputArtifacts);
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
      /BackupFailed: FSx could not finish backup backup-\w+ of Production-Files\/FileSystem: the disk/,
    );
    expect(
      execution.actions.filter(({ stage, action }) => stage === 'Production' && action !== 'Backup'),
    ).toEqual([]);
    world.fsx.options.fail = () => undefined;
    expect((await world.clock.run(world.codePipeline.retry(execution.id, 'Production'))).status).toBe(
      'Succeeded',
    );
    // with keepLast the failed one is deleted
    expect(theOnly(world.backups).failure).toBeUndefined();
  });

  test('an action that ran out of time is retried: it waits out that backup, and takes its own', async () => {
    const world = await released({ fsx: { backupDuration: () => 4 * DAY } });
    const execution = await release(world, second);
    expect(find(execution, 'Backup').error).toMatch(
      new RegExp(
        /is not finished after 4320 min \(CREATING, 7\d %\)\. It goes on\. Retry: the next run waits /
          .source + /for its end, and then takes a backup of its own\./.source,
      ),
    );
    world.fsx.options.backupDuration = () => HOUR;
    const retried = await world.clock.run(world.codePipeline.retry(execution.id, 'Production'));
    expect(retried).toMatchObject({ id: execution.id, status: 'Succeeded' });
    const [former, own] = world.backups;
    expect(own.createdAt).toBeGreaterThanOrEqual(finishedAt(former));
    expect(outputOf(retried).BackupId).toBe(own.id);
    expect(world.backups).toHaveLength(2);
  });

  test('a backup of nearly three days is waited for', async () => {
    const world = await released({ fsx: { backupDuration: () => 2.9 * DAY } });
    expect((await release(world, second)).status).toBe('Succeeded');
    const execution = [...world.stepFunctions.executions.values()].at(-1)!;
    expect(execution.events).toBeLessThan(6_000);
  });

  test.each([
    ['FAILED_ACTIONS', 'takes no second backup', 1],
    ['ALL_ACTIONS', 'takes a backup of its own', 2],
  ] as const)('a stage that is run again (%s) after the release has failed %s', async (mode, _, taken) => {
    const world = await released();
    const target = Object.keys(world.cloudFormation.stack('Production-Service').resources).find((name) =>
      name.startsWith('Release'),
    )!;
    let isSpoiled = false;
    world.journal.onEntry((entry) => {
      if (isSpoiled || entry.kind !== 'action' || entry.action !== 'Backup' || entry.status !== 'Succeeded') {
        return;
      }
      world.cloudFormation.failures.fail({ target, on: 'update' });
      isSpoiled = true;
    });
    let execution = await release(world, second);
    expect(find(execution, 'Service.Deploy')).toMatchObject({ stage: 'Production', status: 'Failed' });
    world.cloudFormation.failures.clear();
    await world.pass(3 * DAY);
    execution = await world.clock.run(world.codePipeline.retry(execution.id, 'Production', { mode }));
    if (mode === 'ALL_ACTIONS') expect(execution.status).toBe('Succeeded');
    expect([world.calls('fsx:CreateBackup'), world.backups.length]).toEqual([taken, taken]);
    expect(outputOf(execution).BackupId).toBe(world.newest.id);
  });

  test('its actions make no calls but these', async () => {
    const world = await released();
    await release(world, second);
    const { resources } = world.cloudFormation.stack('Release');
    const role = theOnly(
      Object.keys(resources).filter((name) => /BackupCodePipelineActionRole\w{8}$/.test(name)),
    );
    const { physicalId } = resources[role];
    const made = new Set(
      world.journal
        .of('call')
        .filter(({ principal }) => principal.endsWith(`/${physicalId}`))
        .map(({ operation }) => operation),
    );
    expect(made).toEqual(
      new Set(['states:DescribeStateMachine', 'states:StartExecution', 'states:DescribeExecution']),
    );
  });
});

function sourceAction(stack: Stack, id: string): actions.S3SourceAction {
  return new actions.S3SourceAction({
    actionName: 'Source',
    bucket: s3.Bucket.fromBucketName(stack, id, 'source'),
    bucketKey: 'a.zip',
    output: new codepipeline.Artifact(),
  });
}

describe('two pipelines that back up the same file system', () => {
  const twoPipelines = (props: Partial<FsxBackupActionProps> = {}) => {
    const define = (stack: Stack) => {
      const source = sourceOf(stack, 'WINDOWS');
      for (const id of ['One', 'Two']) {
        new codepipeline.Pipeline(stack, id, {
          crossAccountKeys: false,
          stages: [
            {
              stageName: 'Source',
              actions: [sourceAction(stack, `${id}Source`)],
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

describe('a source that a stage deploys', () => {
  /** A stack of files, with or without the file system, and a pipeline that backs it up. */
  const app = (whenMissing?: WhenMissing, present = true) =>
    synthesize((stack) => {
      if (present) fileSystemOf(stack, 'FileSystem', { kind: 'LUSTRE' });
      fileSystemOf(stack, 'Another', { kind: 'LUSTRE' });
      if (!present) return;
      const pipelineStack = new Stack(stack.node.root as App, 'Release');
      new codepipeline.Pipeline(pipelineStack, 'Pipeline', {
        crossAccountKeys: false,
        stages: [
          { stageName: 'Source', actions: [sourceAction(pipelineStack, 'Source')] },
          {
            stageName: 'Backup',
            actions: [
              new FsxBackupAction({
                actionName: 'Backup',
                source: BackupSource.fromDeployed(stack.node.findChild('FileSystem')),
                output: new codepipeline.Artifact('Saved'),
                keepLast: 2,
                whenMissing,
              }),
            ],
          },
        ],
      });
    });
  const without = () => app(undefined, false);

  test('is backed up, and two of the series are kept, however many others there are', async () => {
    const world = await start();
    await world.deploy(app());
    for (let nth = 0; nth < 4; nth++) expect((await release(world, '')).status).toBe('Succeeded');
    expect(world.calls('fsx:CreateBackup')).toBe(4);
    expect(world.backups).toHaveLength(2);
    expect(new Set(world.backups.map(({ tags }) => tags.get('cdk-fsx-backup:removal')))).toEqual(
      new Set(['KEEP_LAST:2']),
    );
    const other = world.fsx.plantBackup({
      type: 'USER_INITIATED',
      lifecycle: 'AVAILABLE',
      fileSystemId: world.physicalIdOf('FileSystem'),
    });
    await release(world, '');
    expect(world.backups.map(({ id }) => id)).toContain(other.id);
    expect(world.ownBackups).toHaveLength(2);
  });

  test('and is missing from its stack stops the pipeline, with what is there instead', async () => {
    const world = await start();
    await world.deploy(without(), { stacks: ['Files'] });
    await world.deploy(app(), { stacks: ['Release'] });
    const execution = await release(world, '');
    expect(execution.status).toBe('Failed');
    expect(find(execution, 'Backup').error).toMatch(
      /stack Files has no deployed file system or volume FileSystem \(it has Another\).*whenMissing to SKIP/,
    );
    expect(world.calls('fsx:CreateBackup')).toBe(0);
  });

  test('and is missing from its stack is skipped with whenMissing, and the pipeline goes on', async () => {
    const world = await start();
    await world.deploy(without(), { stacks: ['Files'] });
    await world.deploy(app(WhenMissing.SKIP), { stacks: ['Release'] });
    const execution = await release(world, '');
    expect([execution.status, outputOf(execution).BackupId]).toEqual(['Succeeded', 'none']);
  });

  test.each([WhenMissing.FAIL, WhenMissing.SKIP])(
    'in a stack that is not there yet is nothing to back up (%s)',
    async (whenMissing) => {
      const world = await start();
      await world.deploy(app(whenMissing), { stacks: ['Release'] });
      const execution = await release(world, '');
      expect([execution.status, outputOf(execution).BackupId]).toEqual(['Succeeded', 'none']);
    },
  );
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
