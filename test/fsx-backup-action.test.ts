import {
  App,
  aws_codecommit as codecommit,
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_kms as kms,
  aws_s3 as s3,
  Duration,
  Lazy,
  NestedStack,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackupAction, FsxBackupActionProps, FsxBackupProvider, WhenMissing } from '../src';

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const source = BackupSource.fromFileSystemId(FILE_SYSTEM);
const env = { account: '123456789012', region: 'us-east-1' };

function fileSystemIn(stack: Stack): fsx.CfnFileSystem {
  return new fsx.CfnFileSystem(stack, 'FileSystem', {
    fileSystemType: 'OPENZFS',
    subnetIds: ['subnet-0123456789abcdef0'],
    storageCapacity: 64,
  });
}

interface Given {
  readonly app?: App;
  readonly stack?: Stack;
  readonly crossAccountKeys?: boolean;
  /** Of the pipeline. */
  readonly id?: string;
}

/** A pipeline whose second stage begins with the action. */
function pipelineWith(
  props: Partial<FsxBackupActionProps> = {},
  {
    app = new App(),
    stack = new Stack(app, 'Release', { env }),
    crossAccountKeys = false,
    id = 'Pipeline',
  }: Given = {},
) {
  const action = new FsxBackupAction({ actionName: 'Backup', source, ...props });
  const artifact = new codepipeline.Artifact('Source');
  const bucket = s3.Bucket.fromBucketName(stack, 'Source', 'source');
  const pipeline = new codepipeline.Pipeline(stack, id, {
    crossAccountKeys,
    stages: [
      {
        stageName: 'Source',
        actions: [
          new actions.S3SourceAction({
            actionName: 'Source',
            bucket,
            bucketKey: 'source.zip',
            output: artifact,
          }),
        ],
      },
      { stageName: 'Deploy', actions: [action] },
    ],
  });
  return { app, stack, action, pipeline };
}

const templateOf = (stack: Stack) => Template.fromStack(stack);

function rendered(stack: Stack, name = 'Backup'): any {
  const [pipeline] = Object.values(templateOf(stack).findResources('AWS::CodePipeline::Pipeline'));
  return pipeline.Properties.Stages.flatMap((stage: any) => stage.Actions).find(
    (action: any) => action.Name === name,
  );
}

const inputOf = (stack: Stack) => JSON.parse(rendered(stack).Configuration.Input);

/** Statements of the policies that grant this action, of whichever role. */
function statements(stack: Stack, action: string): any[] {
  return Object.values(templateOf(stack).findResources('AWS::IAM::Policy'))
    .flatMap((policy) => policy.Properties.PolicyDocument.Statement)
    .filter((statement) => [statement.Action].flat().includes(action));
}

test('runs the state machine of runs with the source, and all that is known', () => {
  const { stack } = pipelineWith();
  expect(rendered(stack)).toMatchObject({
    ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'StepFunctions', Version: '1' },
    Configuration: {
      InputType: 'Literal',
      StateMachineArn: { Ref: expect.stringMatching(/^FsxBackupDefaultProviderRuns/) },
    },
  });
  expect(inputOf(stack)).toEqual({
    tags: {},
    source: FILE_SYSTEM,
    series: '123456789012/us-east-1/Release/Pipeline/Deploy/Backup',
    timeout: 43_200,
    whenMissing: 'FAIL',
    version: '1',
  });
});

test('hands its options on', () => {
  const { stack } = pipelineWith({
    backupName: 'release',
    tags: { team: 'files' },
    timeout: Duration.days(7),
    whenMissing: WhenMissing.SKIP,
    keepLast: 3,
    runOrder: 4,
  });
  expect(inputOf(stack)).toMatchObject({
    name: 'release',
    tags: { team: 'files' },
    timeout: 604_800,
    whenMissing: 'SKIP',
    keepLast: 3,
  });
  expect(rendered(stack).RunOrder).toBe(4);
});

test('writes texts of users first, so that no text can replace another member of the JSON', () => {
  const { stack } = pipelineWith({ backupName: 'release', tags: { team: 'files' }, keepLast: 3 });
  expect(Object.keys(inputOf(stack))).toEqual([
    'name',
    'tags',
    'source',
    'series',
    'timeout',
    'whenMissing',
    'keepLast',
    'version',
  ]);
});

test('a long series keeps its end and fits a tag', () => {
  const stack = new Stack(new App(), `R${'x'.repeat(126)}`, { env });
  const series = (id: string) => {
    pipelineWith({ actionName: id }, { stack });
    return JSON.parse(rendered(stack, id).Configuration.Input).series;
  };
  expect(series('Backup'.padEnd(90, 'p'))).toMatch(
    /^123456789012\/us-east-1\/[0-9a-f]{8}-x+\/Pipeline\/Deploy\/Backupp+$/,
  );
});

test.each([16, 56, 90])(
  'a series fits the 200 characters that its provider takes: an action name of %i',
  (length) => {
    const stack = new Stack(new App(), `R${'x'.repeat(126)}`, { env: { ...env, region: 'ap-southeast-1' } });
    const actionName = 'Backup'.padEnd(length, 'p');
    pipelineWith({ actionName }, { stack });
    const { series } = JSON.parse(rendered(stack, actionName).Configuration.Input);
    expect(series).toMatch(new RegExp(`/Pipeline/Deploy/${actionName}$`));
    expect(series.length).toBeLessThanOrEqual(200);
  },
);

test('a series has the characters that tags allow', () => {
  const { stack } = pipelineWith({}, { id: 'Pipeline (prod)' });
  expect(inputOf(stack).series).toBe('123456789012/us-east-1/Release/Pipeline -prod-/Deploy/Backup');
});

test('takes the role that is given', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  pipelineWith(
    { role: iam.Role.fromRoleArn(stack, 'Mine', 'arn:aws:iam::123456789012:role/mine') },
    { app, stack },
  );
  expect(rendered(stack).RoleArn).toBe('arn:aws:iam::123456789012:role/mine');
});

describe('may do', () => {
  test('no more than start its state machine and ask for its executions', () => {
    const { stack } = pipelineWith();
    const role = Object.values(
      templateOf(stack).findResources(
        'AWS::IAM::Policy',
        Match.objectLike({
          Properties: { PolicyName: Match.stringLikeRegexp('DeployBackupCodePipelineActionRole') },
        }),
      ),
    );
    expect(
      role
        .flatMap((policy) => policy.Properties.PolicyDocument.Statement)
        .flatMap((statement: any) => statement.Action),
    ).toEqual(['states:StartExecution', 'states:DescribeStateMachine', 'states:DescribeExecution']);
  });

  test('the function backs up the source, and deletes nothing without keepLast', () => {
    const { stack } = pipelineWith();
    expect(JSON.stringify(statements(stack, 'fsx:CreateBackup'))).toContain(`file-system/${FILE_SYSTEM}`);
    expect(statements(stack, 'fsx:DeleteBackup')).toEqual([]);
    expect(statements(stack, 'cloudformation:DescribeStackResources')).toEqual([]);
  });

  test('with keepLast it deletes', () => {
    expect(statements(pipelineWith({ keepLast: 1 }).stack, 'fsx:DeleteBackup')).toHaveLength(1);
  });
});

describe('of what a stack of the app has deployed', () => {
  test.each<[string, typeof env | undefined, typeof env | undefined]>([
    ['of the source', undefined, env],
    ['of the pipeline', env, undefined],
    ['of both', undefined, undefined],
  ])('passes where only deployment knows the account and Region %s', (_, ofSource, ofPipeline) => {
    const app = new App();
    const deployed = BackupSource.fromDeployed(fileSystemIn(new Stack(app, 'Files', { env: ofSource })));
    expect(() =>
      pipelineWith({ source: deployed }, { app, stack: new Stack(app, 'Release', { env: ofPipeline }) }),
    ).not.toThrow();
  });

  test('names stack and logical id, and may ask that stack only', () => {
    const app = new App();
    const files = new Stack(app, 'Files', { env });
    const { stack } = pipelineWith({ source: BackupSource.fromDeployed(fileSystemIn(files)) }, { app });
    expect(inputOf(stack).source).toEqual({ stack: 'Files', logicalId: 'FileSystem' });
    const [{ Resource }] = statements(stack, 'cloudformation:DescribeStackResources');
    expect(JSON.stringify(Resource)).toContain(':stack/Files/*');
    expect(JSON.stringify(statements(stack, 'fsx:CreateBackup'))).toContain('file-system/*');
  });

  test('in a nested stack is refused, whose name is not known', () => {
    const app = new App();
    const nested = new NestedStack(new Stack(app, 'Files', { env }), 'Inner');
    expect(() => pipelineWith({ source: BackupSource.fromDeployed(fileSystemIn(nested)) }, { app })).toThrow(
      /"Files\/Inner\/FileSystem", which is in a nested stack.*fromFileSystemId/,
    );
  });

  test('in another account or Region is refused without a provider there', () => {
    for (const elsewhere of [
      { ...env, account: '210987654321' },
      { ...env, region: 'eu-west-1' },
    ]) {
      const app = new App();
      const deployed = BackupSource.fromDeployed(fileSystemIn(new Stack(app, 'Files', { env: elsewhere })));
      expect(() => pipelineWith({ source: deployed }, { app })).toThrow(
        new RegExp(
          /is in .*, and its provider is in 123456789012\/us-east-1: define an /.source +
            /FsxBackupProvider where the source is/.source,
        ),
      );
    }
  });
});

test("a source of the pipeline's own stack may be referred to", () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  pipelineWith({ source: BackupSource.of(fileSystemIn(stack)) }, { app, stack });
  expect(rendered(stack).Configuration.Input['Fn::Join'][1]).toContainEqual({ Ref: 'FileSystem' });
});

test('a source of a nested stack of it, too', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  pipelineWith({ source: BackupSource.of(fileSystemIn(new NestedStack(stack, 'Inner'))) }, { app, stack });
  expect(rendered(stack).Configuration.Input['Fn::Join'][1]).toContainEqual({
    'Fn::GetAtt': [expect.stringMatching(/^InnerNestedStack/), expect.stringMatching(/^Outputs\./)],
  });
});

test('a reference to something in a stage is refused: its id is not known in the pipeline', () => {
  const app = new App();
  const files = new Stack(new Stage(app, 'Prod', { env }), 'Files');
  expect(() => pipelineWith({ source: BackupSource.of(fileSystemIn(files)) }, { app })).toThrow(
    /refers to "Prod\/Files\/FileSystem", which is in another stage.*use BackupSource\.fromDeployed/,
  );
});

test('a pipeline in a nested stack has the name of the stack around it', () => {
  const app = new App();
  const nested = new NestedStack(new Stack(app, 'Release', { env }), 'Inner');
  pipelineWith({}, { app, stack: nested });
  expect(inputOf(nested).series).toBe('123456789012/us-east-1/Release/Inner/Pipeline/Deploy/Backup');
});

test('the logical id is that of the template, also when it is changed later', () => {
  const app = new App();
  const fileSystem = fileSystemIn(new Stack(app, 'Files', { env }));
  const { stack } = pipelineWith({ source: BackupSource.fromDeployed(fileSystem) }, { app });
  fileSystem.overrideLogicalId('Renamed');
  expect(inputOf(stack).source).toEqual({ stack: 'Files', logicalId: 'Renamed' });
});

test('a file system that is linked to a data repository is refused', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
    fileSystemId: FILE_SYSTEM,
    fileSystemPath: '/ns1',
    dataRepositoryPath: 's3://bucket',
  });
  pipelineWith({}, { app, stack });
  expect(() => app.synth()).toThrow(/linked to a data repository by "Release\/Link"/);
});

test('a file system that is linked to a data repository is refused of an imported provider, too', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
    fileSystemId: FILE_SYSTEM,
    fileSystemPath: '/ns1',
    dataRepositoryPath: 's3://bucket',
  });
  pipelineWith(
    {
      provider: FsxBackupProvider.fromStateMachineArn(
        stack,
        'Provider',
        'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter',
      ),
    },
    { app, stack },
  );
  expect(() => app.synth()).toThrow(/linked to a data repository by "Release\/Link"/);
});

describe('variables of the pipeline', () => {
  const executionId = codepipeline.GlobalVariables.executionId;

  /** A pipeline with a source in a repository, whose variables the action uses. */
  function withRepository(
    propsOf: (variables: actions.CodeCommitSourceVariables) => Partial<FsxBackupActionProps>,
    variablesNamespace?: string,
  ) {
    const app = new App();
    const stack = new Stack(app, 'Release', { env });
    const output = new codepipeline.Artifact('Source');
    const repository = codecommit.Repository.fromRepositoryName(stack, 'Repository', 'files');
    const code = new actions.CodeCommitSourceAction({
      actionName: 'Code',
      repository,
      output,
      variablesNamespace,
    });
    new codepipeline.Pipeline(stack, 'Pipeline', {
      crossAccountKeys: false,
      stages: [
        { stageName: 'Source', actions: [code] },
        {
          stageName: 'Deploy',
          actions: [new FsxBackupAction({ actionName: 'Backup', source, ...propsOf(code.variables) })],
        },
      ],
    });
    return { app, stack };
  }

  test.each<[string, string | undefined]>([
    ['#{Source_Code_NS.CommitId}', undefined],
    ['#{Code.CommitId}', 'Code'],
  ])('may be the execution, and the commit id of a source action: %s', (commit, namespace) => {
    const { app, stack } = withRepository(
      ({ commitId }) => ({
        tags: { commit: commitId, both: `${executionId} ${commitId}` },
        backupName: `release ${executionId}`,
      }),
      namespace,
    );
    expect(() => app.synth()).not.toThrow();
    expect(inputOf(stack)).toMatchObject({
      tags: { commit, both: `#{codepipeline.PipelineExecutionId} ${commit}` },
      name: 'release #{codepipeline.PipelineExecutionId}',
    });
  });

  test.each<[string, (variables: actions.CodeCommitSourceVariables) => Partial<FsxBackupActionProps>]>([
    ['CommitMessage', ({ commitMessage }) => ({ tags: { message: commitMessage } })],
    ['BranchName', ({ branchName }) => ({ backupName: branchName })],
    ['AuthorDate', ({ authorDate }) => ({ tags: { date: `${executionId} ${authorDate}` } })],
    ['RepositoryName', ({ repositoryName }) => ({ tags: { repository: repositoryName } })],
  ])('that may hold any text are refused: %s', (name, propsOf) => {
    expect(() => withRepository(propsOf).app.synth()).toThrow(
      new RegExp(
        '\\[Release/Pipeline/Deploy/Backup\\] (backupName|tag "\\w+") holds ' +
          `"#\\{Source_Code_NS\\.${name}\\}": ` +
          'CodePipeline writes the text of a variable into the input .* Use only ' +
          '#\\{codepipeline.PipelineExecutionId\\}, and the CommitId of a source action of this pipeline',
      ),
    );
  });

  test.each([
    '#{Build.CommitId}',
    '#{codepipeline.Other}',
    '#{Source.VersionId}',
    '#{codepipeline.PipelineExecutionId',
    '#{a#{codepipeline.PipelineExecutionId}b}',
  ])('of other actions are refused, and what is like one: %s', (value) => {
    expect(() =>
      withRepository(() => ({ tags: { release: Lazy.string({ produce: () => value }) } })).app.synth(),
    ).toThrow(/tag "release" holds "#\{/);
  });

  test('are refused as the key of a tag', () => {
    expect(() => withRepository(() => ({ tags: { [executionId]: 'x' } }))).toThrow(
      /the key may have letters/,
    );
    expect(() => withRepository(({ commitId }) => ({ tags: { [commitId]: 'x' } })).app.synth()).toThrow(
      /holds "#\{Source_Code_NS\.CommitId\}"/,
    );
  });
});

test('an encrypted provider is one that the action may use', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  const provider = new FsxBackupProvider(stack, 'Provider', { encryptionKey: new kms.Key(stack, 'Key') });
  pipelineWith({ provider }, { app, stack });
  const roles = Object.values(
    templateOf(stack).findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('DeployBackupCodePipelineActionRole') },
    }),
  );
  expect(JSON.stringify(roles)).toContain('kms:Decrypt');
});

test('an artifact may hold the attributes', () => {
  expect(
    rendered(pipelineWith({ output: new codepipeline.Artifact('Backup') }).stack).OutputArtifacts,
  ).toEqual([{ Name: 'Backup' }]);
});

test('an artifact is one that the action may write', () => {
  const { stack } = pipelineWith({ output: new codepipeline.Artifact('Backup') });
  const role = Object.values(
    templateOf(stack).findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('DeployBackupCodePipelineActionRole') },
    }),
  );
  expect(JSON.stringify(role)).toContain('s3:PutObject');
});

describe('a provider', () => {
  test('that is imported serves the account and Region of its state machine, by a role there', () => {
    const app = new App();
    const stack = new Stack(app, 'Release', { env });
    const provider = FsxBackupProvider.fromStateMachineArn(
      stack,
      'Provider',
      'arn:aws:states:us-east-1:210987654321:stateMachine:Waiter',
    );
    pipelineWith({ provider, output: undefined }, { app, stack, crossAccountKeys: true });
    const action = rendered(stack);
    expect(action.Configuration.StateMachineArn).toBe(
      'arn:aws:states:us-east-1:210987654321:stateMachine:Waiter',
    );
    expect(JSON.stringify(action.RoleArn)).toContain(':iam::210987654321:role/');
    templateOf(stack).resourceCountIs('AWS::StepFunctions::StateMachine', 0);
  });

  test('of another stack in another account is named, since the pipeline must know its name', () => {
    const app = new App();
    const operators = new Stack(app, 'Operators', { env: { ...env, account: '210987654321' } });
    const provider = new FsxBackupProvider(operators, 'Provider');
    const { stack } = pipelineWith({ provider }, { app, crossAccountKeys: true });
    expect(JSON.stringify(rendered(stack).Configuration.StateMachineArn)).toMatch(
      /:states:us-east-1:210987654321:stateMachine:operators/,
    );
    expect(JSON.stringify(statements(operators, 'fsx:CreateBackup'))).toContain(`file-system/${FILE_SYSTEM}`);
  });

  test('that a stage of the pipeline would deploy is refused', () => {
    const app = new App();
    const provider = new FsxBackupProvider(new Stack(new Stage(app, 'Prod', { env }), 'Files'), 'Provider');
    expect(() => pipelineWith({ provider }, { app })).toThrow(
      new RegExp(
        /provider "Prod\/Files\/Provider" is defined in a stage that the pipeline of .* /.source +
          /deploys, and would not be there the first time/.source,
      ),
    );
  });

  test('is imported by the ARN of a state machine only', () => {
    const stack = new Stack(new App(), 'Release');
    expect(() =>
      FsxBackupProvider.fromStateMachineArn(
        stack,
        'Provider',
        'arn:aws:lambda:us-east-1:123456789012:function:Waiter',
      ),
    ).toThrow(/is not the ARN of a state machine/);
  });
});

test.each<[string, Partial<FsxBackupActionProps>, RegExp]>([
  [
    'a timeout of seconds',
    { timeout: Duration.seconds(59) },
    /timeout is 59 seconds: it must be from 1 minute to 7 days/,
  ],
  [
    'a timeout over what CodePipeline waits',
    { timeout: Duration.days(8) },
    /timeout is 8 days: it must be from 1 minute to 7 days/,
  ],
  [
    'keepLast of zero',
    { keepLast: 0 },
    /keepLast is 0: it must be a whole number of at least 1\. To keep all of them, leave it out/,
  ],
  ['a name with other characters', { backupName: 'a\nb' }, /backupName/],
  ['a tag of AWS', { tags: { 'aws:x': 'y' } }, /reserved by AWS/],
  [
    'too many tags',
    { tags: Object.fromEntries(Array.from({ length: 44 }, (_, i) => [`k${i}`, ''])) },
    /has 45 tags, and may have 44/,
  ],
])('%s is refused', (_, props, message) => {
  expect(() => new FsxBackupAction({ actionName: 'Backup', source, ...props })).toThrow(message);
});

test("what just fits CodePipeline's 1000 characters is fine", () => {
  const long = 'x'.repeat(256);
  const lengthWith = (last: string) =>
    rendered(pipelineWith({ tags: { note: long, more: long, yet: 'x'.repeat(100), last } }).stack)
      .Configuration.Input.length;
  const rest = 1000 - lengthWith('');
  expect(lengthWith('x'.repeat(rest))).toBe(1000);
});

test("what does not fit CodePipeline's 1000 characters is refused", () => {
  expect(() =>
    pipelineWith({
      tags: { note: 'x'.repeat(256), more: 'x'.repeat(256), yet: 'x'.repeat(256), last: 'x'.repeat(256) },
    }),
  ).toThrow(
    new RegExp(
      /the input of "Release\/Pipeline\/Deploy\/Backup" has about 12\d\d characters, and /.source +
        /CodePipeline allows 1000: give it fewer or shorter tags/.source,
    ),
  );
});
