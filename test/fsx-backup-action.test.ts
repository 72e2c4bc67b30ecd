import {
  App,
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_kms as kms,
  aws_s3 as s3,
  Duration,
  NestedStack,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackupAction, FsxBackupActionProps, FsxBackupProvider, WaitUntil } from '../src';

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

test("runs the state machine with the source, and the pipeline's execution as run", () => {
  const { stack } = pipelineWith();
  expect(rendered(stack)).toMatchObject({
    ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'StepFunctions', Version: '1' },
    Configuration: {
      InputType: 'Literal',
      StateMachineArn: { Ref: expect.stringMatching(/^FsxBackupDefaultProviderStateMachine/) },
    },
  });
  expect(inputOf(stack)).toEqual({
    source: FILE_SYSTEM,
    series: '123456789012/us-east-1/Release/Pipeline/Deploy/Backup',
    run: '#{codepipeline.PipelineExecutionId}',
    timeout: 43_200,
  });
});

test('hands its options on', () => {
  const { stack } = pipelineWith({
    backupName: 'release',
    tags: { team: 'files' },
    timeout: Duration.days(7),
    waitUntil: WaitUntil.STARTED,
    keepLast: 3,
    runOrder: 4,
  });
  expect(inputOf(stack)).toMatchObject({
    name: 'release',
    tags: { team: 'files' },
    timeout: 604_800,
    waitUntil: 'STARTED',
    keepLast: 3,
  });
  expect(rendered(stack).RunOrder).toBe(4);
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
    expect(statements(stack, 'states:DescribeExecution')).toEqual([
      expect.objectContaining({ Action: 'states:DescribeExecution' }),
    ]);
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
    expect(statements(stack, 'cloudformation:DescribeStackResource')).toEqual([]);
    expect(statements(stack, 'codepipeline:PutJobSuccessResult')).toEqual([]);
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
    const [{ Resource }] = statements(stack, 'cloudformation:DescribeStackResource');
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
  pipelineWith({ source: BackupSource.fromCfnFileSystem(fileSystemIn(stack)) }, { app, stack });
  expect(rendered(stack).Configuration.Input['Fn::Join'][1]).toContainEqual({ Ref: 'FileSystem' });
});

test('a source of a nested stack of it, too', () => {
  const app = new App();
  const stack = new Stack(app, 'Release', { env });
  pipelineWith(
    { source: BackupSource.fromCfnFileSystem(fileSystemIn(new NestedStack(stack, 'Inner'))) },
    { app, stack },
  );
  expect(rendered(stack).Configuration.Input['Fn::Join'][1]).toContainEqual({
    'Fn::GetAtt': [expect.stringMatching(/^InnerNestedStack/), expect.stringMatching(/^Outputs\./)],
  });
});

test('a reference to something in a stage is refused: its id is not known in the pipeline', () => {
  const app = new App();
  const files = new Stack(new Stage(app, 'Prod', { env }), 'Files');
  expect(() =>
    pipelineWith({ source: BackupSource.fromCfnFileSystem(fileSystemIn(files)) }, { app }),
  ).toThrow(/refers to "Prod\/Files\/FileSystem", which is in another stage.*use BackupSource\.fromDeployed/);
});

describe('variables', () => {
  const job = (stack: Stack) => rendered(stack, 'Backup-Variables');

  test('cost nothing as long as they are not used', () => {
    const { stack } = pipelineWith();
    expect(job(stack)).toBeUndefined();
    expect(rendered(stack)).not.toHaveProperty('Namespace');
  });

  test.each(['before', 'after'])(
    'are given by a second action when they are asked for %s the action is added',
    (when) => {
      const app = new App();
      const stack = new Stack(app, 'Release', { env });
      const wanted = (action: FsxBackupAction) =>
        `${stack.resolve(`${action.backupId} ${action.backupArn}`)}`;
      let action = new FsxBackupAction({ actionName: 'Backup', source });
      if (when === 'before') action.backupId;
      const pipeline = pipelineWith({ actionName: 'First' }, { stack }).pipeline;
      pipeline.stages[1].addAction(action);
      expect(wanted(action)).toBe('#{Deploy_Backup_Backup.BackupId} #{Deploy_Backup_Backup.BackupArn}');
      expect(job(stack)).toMatchObject({
        ActionTypeId: { Provider: 'Lambda' },
        Namespace: 'Deploy_Backup_Backup',
        RunOrder: 2,
        Configuration: { UserParameters: '#{Deploy_Backup_Execution.ExecutionArn}' },
      });
      expect(rendered(stack).Namespace).toBe('Deploy_Backup_Execution');
      const [{ Resource }] = statements(stack, 'states:DescribeExecution').filter((statement) =>
        JSON.stringify(statement.Resource).includes(':*'),
      );
      expect(JSON.stringify(Resource)).toContain(':execution:');
      expect(statements(stack, 'codepipeline:PutJobSuccessResult')).toHaveLength(1);
    },
  );

  test('follow in the next run order', () => {
    expect(job(pipelineWith({ variablesNamespace: 'Saved', runOrder: 4 }).stack).RunOrder).toBe(5);
  });

  test('have namespaces of at most 100 characters, which differ', () => {
    const actionName = 'Backup'.padEnd(90, 'p');
    const { stack, action } = pipelineWith({ actionName });
    expect(stack.resolve(action.backupId)).toMatch(/^#\{.*p_Backup\.BackupId\}$/);
    const namespaces = [actionName, `${actionName}-Variables`].map((name) => rendered(stack, name).Namespace);
    expect(namespaces).toEqual([expect.stringMatching(/^.{1,100}$/), expect.stringMatching(/^.{1,100}$/)]);
    expect(namespaces[0]).not.toBe(namespaces[1]);
  });

  test('of two stages have different namespaces, also where only the part that is cut off differs', () => {
    const { stack, pipeline, action } = pipelineWith({ actionName: 'Backup'.padEnd(90, 'p') });
    const other = new FsxBackupAction({ actionName: 'Backup'.padEnd(90, 'p'), source });
    pipeline.addStage({ stageName: 'Redeploy', actions: [other] });
    expect(stack.resolve(other.backupId)).not.toBe(stack.resolve(action.backupId));
  });

  test("need room for the second action's name", () => {
    const { action } = pipelineWith({ actionName: 'Backup'.padEnd(91, 'p') });
    expect(() => action.backupId).toThrow(
      new RegExp(
        /"Backupp+" gives backupId and backupArn by a second one, .* allows 100 characters: /.source +
          /give it a name of at most 90/.source,
      ),
    );
  });

  test('of two actions come from one provider', () => {
    const { stack, pipeline } = pipelineWith({ variablesNamespace: 'One' });
    pipeline.stages[1].addAction(
      new FsxBackupAction({ actionName: 'Second', source, variablesNamespace: 'Two' }),
    );
    expect(rendered(stack, 'Second-Variables').Configuration.FunctionName).toEqual(
      job(stack).Configuration.FunctionName,
    );
  });

  test('have the namespace that is given', () => {
    expect(job(pipelineWith({ variablesNamespace: 'Saved' }).stack).Namespace).toBe('Saved');
  });

  test('of an action that is in no pipeline are refused', () => {
    const stack = new Stack(new App(), 'Release');
    expect(() => stack.resolve(new FsxBackupAction({ actionName: 'Backup', source }).backupId)).toThrow(
      /BackupId of a backup is used, and its action or step was never added/,
    );
  });

  test.each([
    ['account', { ...env, account: '210987654321' }],
    ['Region', { ...env, region: 'eu-west-1' }],
  ])('of a provider in another %s are refused', (_, elsewhere) => {
    const app = new App();
    const provider = new FsxBackupProvider(new Stack(app, 'Operators', { env: elsewhere }), 'Provider');
    expect(() =>
      pipelineWith({ provider, variablesNamespace: 'Saved' }, { app, crossAccountKeys: true }),
    ).toThrow(/in another account or Region than the pipeline/);
  });

  test('of an imported provider are refused: it cannot give them', () => {
    const app = new App();
    const stack = new Stack(app, 'Release', { env });
    const provider = FsxBackupProvider.fromStateMachineArn(
      stack,
      'Provider',
      'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter',
    );
    expect(() => pipelineWith({ provider, variablesNamespace: 'Saved' }, { app, stack })).toThrow(
      new RegExp(
        /the provider of action "Backup" is imported, or in another account.*cannot give /.source +
          /backupId and backupArn: leave them out.*`output`/.source,
      ),
    );
  });
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

test.each<[string, Partial<FsxBackupActionProps>]>([
  ['the whole name', { backupName: codepipeline.GlobalVariables.executionId }],
  [
    'in a tag beside another',
    { tags: { release: `${codepipeline.GlobalVariables.executionId} #{Source.VersionId}` } },
  ],
])('a variable of the pipeline may be %s', (_, props) => {
  expect(() => pipelineWith(props)).not.toThrow();
});

test('variables of the pipeline may be tags, and part of the name', () => {
  const { stack } = pipelineWith({
    tags: { execution: codepipeline.GlobalVariables.executionId },
    backupName: `release ${codepipeline.GlobalVariables.executionId}`,
  });
  expect(inputOf(stack)).toMatchObject({
    tags: { execution: '#{codepipeline.PipelineExecutionId}' },
    name: 'release #{codepipeline.PipelineExecutionId}',
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
    { tags: Object.fromEntries(Array.from({ length: 47 }, (_, i) => [`k${i}`, ''])) },
    /has 48 tags, and may have 47/,
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
