import {
  App,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_s3 as s3,
  aws_ssm as ssm,
  Duration,
  pipelines,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackupStep, FsxBackupStepProps } from '../src';

const env = { account: '123456789012', region: 'us-east-1' };

interface Place {
  readonly pipeline: pipelines.CodePipeline;
  readonly prod: Stage;
  readonly step: FsxBackupStep;
  readonly stacks: { readonly files: Stack; readonly service: Stack };
}

/** A pipeline with a file system in a stage, whose second stack is a service. */
function setUp(place: (given: Place) => void, props: Partial<FsxBackupStepProps> = {}) {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  const prod = new Stage(app, 'Prod', { env });
  const files = new Stack(prod, 'Files');
  const service = new Stack(prod, 'Service');
  new ssm.CfnParameter(service, 'Version', { type: 'String', value: '1' });
  const fileSystem = new fsx.CfnFileSystem(files, 'FileSystem', {
    fileSystemType: 'OPENZFS',
    subnetIds: ['subnet-0123456789abcdef0'],
    storageCapacity: 64,
  });
  const input = pipelines.CodePipelineSource.s3(
    s3.Bucket.fromBucketName(stack, 'Source', 'source'),
    'source.zip',
  );
  const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', {
    synth: new pipelines.ShellStep('Synth', { input, commands: ['true'] }),
  });
  const step = new FsxBackupStep('Backup', { source: BackupSource.fromDeployed(fileSystem), ...props });
  place({ pipeline, prod, step, stacks: { files, service } });
  pipeline.buildPipeline();
  const [{ Properties }] = Object.values(
    Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'),
  );
  return { stack, stages: Properties.Stages as any[] };
}

/** Another stage, beside this one. */
function smallStage({ node }: Stage): Stage {
  const stage = new Stage(node.root as App, 'Test', { env });
  new ssm.CfnParameter(new Stack(stage, 'Stack'), 'Version', { type: 'String', value: '1' });
  return stage;
}

/** The actions of a stage in the order in which they run. */
function inOrder(stages: any[], name: string): string[] {
  const { Actions } = stages.find((stage) => stage.Name === name);
  return [...Actions].sort((a, b) => a.RunOrder - b.RunOrder).map((action) => action.Name);
}

const find = (stages: any[], name: string) =>
  stages.flatMap((stage) => stage.Actions).find((action) => action.Name === name);

test.each<[string, (given: Place) => void, string, RegExp]>([
  [
    'before a stage',
    ({ pipeline, prod, step }) => pipeline.addStage(prod, { pre: [step] }),
    'Prod',
    /^Backup,(Files|Service)\.Prepare/,
  ],
  [
    'after a stage',
    ({ pipeline, prod, step }) => pipeline.addStage(prod, { post: [step] }),
    'Prod',
    /Deploy,Backup$/,
  ],
  [
    'before a stack of it is prepared',
    ({ pipeline, prod, step, stacks }) =>
      pipeline.addStage(prod, { stackSteps: [{ stack: stacks.service, pre: [step] }] }),
    'Prod',
    /Service\.Backup,.*Service\.Prepare,.*Service\.Deploy/,
  ],
  [
    'between change set and deployment',
    ({ pipeline, prod, step, stacks }) =>
      pipeline.addStage(prod, { stackSteps: [{ stack: stacks.service, changeSet: [step] }] }),
    'Prod',
    /Service\.Prepare,.*Service\.Backup,.*Service\.Deploy/,
  ],
  [
    'before a wave',
    ({ pipeline, prod, step }) => pipeline.addWave('Wave', { pre: [step] }).addStage(prod),
    'Prod',
    /^Backup,/,
  ],
])('takes its place %s', (_, place, stage, order) => {
  expect(inOrder(setUp(place).stages, stage).join()).toMatch(order);
});

test('asks the stack of the stage by its name, when it runs', () => {
  const { stages } = setUp(({ pipeline, prod, step }) => pipeline.addStage(prod, { pre: [step] }), {
    keepLast: 2,
    timeout: Duration.days(3),
    tags: { team: 'files' },
    backupName: 'prod',
  });
  expect(JSON.parse(find(stages, 'Backup').Configuration.Input)).toEqual({
    source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
    series: '123456789012/us-east-1/Release/Pipeline/Pipeline/Prod/Backup',
    name: 'prod',
    tags: { team: 'files' },
    timeout: 259_200,
    whenMissing: 'FAIL',
    version: '1',
    keepLast: 2,
  });
});

test('its primary output is an artifact that later steps may read', () => {
  const { stages } = setUp(({ pipeline, prod, step }) => {
    const tell = new pipelines.ShellStep('Tell', { input: step, commands: ['cat *.json'] });
    pipeline.addStage(prod, { pre: [step], post: [tell] });
  });
  const [artifact, ...others] = find(stages, 'Backup').OutputArtifacts;
  expect(others).toEqual([]);
  expect(find(stages, 'Tell').InputArtifacts).toEqual([artifact]);
});

test('its primary output may remain unused, in two steps too', () => {
  const { stages } = setUp(({ pipeline, prod, step }) => {
    const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
    pipeline.addStage(prod, { pre: [step], post: [new FsxBackupStep('Afterwards', { source })] });
  });
  const names = ['Backup', 'Afterwards'].map((name) => find(stages, name).OutputArtifacts[0].Name);
  expect(new Set(names).size).toBe(2);
});

test('a step takes the place of one action, and gives no variables', () => {
  const { stages } = setUp(({ pipeline, prod, step }) => pipeline.addStage(prod, { pre: [step] }));
  expect(inOrder(stages, 'Prod').filter((name) => name.startsWith('Backup'))).toEqual(['Backup']);
  expect(find(stages, 'Backup')).not.toHaveProperty('Namespace');
});

test('takes the role that is given', () => {
  const { stages } = setUp(({ pipeline, prod }) => {
    const role = iam.Role.fromRoleArn(Stack.of(pipeline), 'Mine', 'arn:aws:iam::123456789012:role/mine');
    pipeline.addStage(prod, {
      pre: [
        new FsxBackupStep('Backup', { source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'), role }),
      ],
    });
  });
  expect(find(stages, 'Backup').RoleArn).toBe('arn:aws:iam::123456789012:role/mine');
});

test.each<[string, (given: Place) => void, RegExp]>([
  [
    'two stages',
    ({ pipeline, prod, step }) => {
      pipeline.addStage(smallStage(prod), { pre: [step] });
      pipeline.addStage(prod, { pre: [step] });
    },
    new RegExp(
      /step "Backup" is in "Test" and "Prod", and would take its backup before the first only: /.source +
        /define a step for each/.source,
    ),
  ],
  [
    'two stacks',
    ({ pipeline, prod, step, stacks }) => {
      pipeline.addStage(prod, {
        stackSteps: [
          { stack: stacks.files, pre: [step] },
          { stack: stacks.service, pre: [step] },
        ],
      });
    },
    /step "Backup" is in "Prod\/Prod-Files" and "Prod\/Prod-Service"/,
  ],
  [
    'a wave and a stage',
    ({ pipeline, prod, step }) => {
      pipeline.addWave('Wave', { pre: [step] }).addStage(smallStage(prod));
      pipeline.addStage(prod, { pre: [step] });
    },
    /step "Backup" is in "Wave" and "Prod"/,
  ],
  [
    'the end of a wave and the beginning of a stage',
    ({ pipeline, prod, step }) => {
      pipeline.addWave('Wave', { post: [step] }).addStage(smallStage(prod));
      pipeline.addStage(prod, { pre: [step] });
    },
    /step "Backup" is in "Wave" and "Prod"/,
  ],
  [
    'the end of a stage and the beginning of the next',
    ({ pipeline, prod, step }) => {
      pipeline.addStage(smallStage(prod), { post: [step] });
      pipeline.addStage(prod, { pre: [step] });
    },
    /step "Backup" is in "Test" and "Prod"/,
  ],
  [
    'the change set of a stack and the end of another',
    ({ pipeline, prod, step, stacks }) => {
      pipeline.addStage(prod, {
        stackSteps: [
          { stack: stacks.files, changeSet: [step] },
          { stack: stacks.service, post: [step] },
        ],
      });
    },
    /step "Backup" is in "Prod\/Prod-Files" and "Prod\/Prod-Service"/,
  ],
])('that is shared by %s is refused', (_, place, message) => {
  expect(() => setUp(place)).toThrow(message);
});

test('a source of a construct without a file system is refused', () => {
  const stack = new Stack(new Stage(new App(), 'Prod'), 'Service');
  expect(() => new FsxBackupStep('Backup', { source: BackupSource.fromDeployed(stack) })).toThrow(
    /"Prod\/Service" defines none/,
  );
});

test('an option out of its range is refused where the step is defined', () => {
  expect(
    () =>
      new FsxBackupStep('Backup', {
        source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
        timeout: Duration.days(8),
      }),
  ).toThrow(/timeout is 8 days: it must be from 1 minute to 7 days/);
});
