import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  App,
  aws_ec2 as ec2,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  CfnCondition,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  IStackSynthesizer,
  LegacyStackSynthesizer,
  NestedStack,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxBackupProviderProps } from '../src';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Files');
});

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const VOLUME = 'fsvol-0123456789abcdef0';

const oneSource = [BackupSource.fromFileSystemId(FILE_SYSTEM)];

function define(
  providerProps?: FsxBackupProviderProps,
  sources = oneSource,
  removalPolicy?: RemovalPolicy,
): FsxBackupProvider {
  const provider = new FsxBackupProvider(stack, 'Provider', providerProps);
  sources.forEach(
    (source, index) => new FsxBackup(stack, `Backup${index}`, { source, removalPolicy, provider }),
  );
  return provider;
}

/** All statements of a role's policies, with ARNs shortened to what tells them apart. */
function statements(policyPrefix: string): any[] {
  const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(
    ([id]) => id.startsWith(policyPrefix),
  );
  return JSON.parse(
    JSON.stringify(policies.flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement)),
    (_, value) =>
      value?.['Fn::Join']
        ? value['Fn::Join'][1]
            .map((part: any) =>
              part['Fn::Select']
                ? '<uuid>'
                : part.Ref
                  ? `<${part.Ref.replace('AWS::', '')}>`
                  : part['Fn::GetAtt']
                    ? `<${part['Fn::GetAtt'].join('.')}>`
                    : part,
            )
            .join('')
        : value,
  );
}

describe('permissions', () => {
  const backups = 'arn:<Partition>:fsx:<Region>:<AccountId>:backup/*';
  const ownRequestTag = { 'aws:RequestTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } };
  const ownResourceTag = { 'aws:ResourceTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } };
  const deletion = {
    Effect: 'Allow',
    Action: 'fsx:DeleteBackup',
    Resource: backups,
    Condition: {
      StringEquals: ownResourceTag,
      StringLike: { 'aws:ResourceTag/cdk-fsx-backup:removal': ['DESTROY', 'KEEP_LAST:*'] },
      Null: { 'aws:ResourceTag/cdk-fsx-backup:hold': 'true' },
    },
  };

  test('of a stack that keeps its backups', () => {
    define();
    expect(statements('Provider')).toEqual([
      {
        Effect: 'Allow',
        Action: 'fsx:CreateBackup',
        Resource: [backups, `arn:<Partition>:fsx:<Region>:<AccountId>:file-system/${FILE_SYSTEM}`],
        Condition: { StringEquals: ownRequestTag },
      },
      {
        Effect: 'Allow',
        Action: ['fsx:DescribeBackups', 'fsx:DescribeFileSystems', 'fsx:DescribeVolumes'],
        Resource: '*',
      },
      {
        Effect: 'Allow',
        Action: 'fsx:TagResource',
        Resource: backups,
        Condition: { StringEquals: ownRequestTag, StringEqualsIfExists: ownResourceTag },
      },
      {
        Effect: 'Allow',
        Action: ['fsx:TagResource', 'fsx:UntagResource'],
        Resource: backups,
        Condition: {
          'StringEquals': ownResourceTag,
          'Null': { 'aws:TagKeys': 'false' },
          'ForAllValues:StringNotLike': { 'aws:TagKeys': ['cdk-fsx-backup:*'] },
        },
      },
      {
        Effect: 'Allow',
        Action: 'fsx:TagResource',
        Resource: backups,
        Condition: {
          'StringEquals': ownResourceTag,
          'Null': { 'aws:TagKeys': 'false' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['cdk-fsx-backup:removal'] },
          'StringLike': { 'aws:RequestTag/cdk-fsx-backup:removal': ['RETAIN', 'DESTROY', 'KEEP_LAST:*'] },
        },
      },
      {
        Effect: 'Allow',
        Action: ['cloudformation:DescribeStacks', 'cloudformation:DescribeStackResource'],
        Resource: { Ref: 'AWS::StackId' },
      },
      {
        Effect: 'Allow',
        Action: 'states:StartExecution',
        Resource: 'arn:<Partition>:states:<Region>:<AccountId>:stateMachine:FsxBackup-<uuid>-*',
      },
      {
        Effect: 'Allow',
        Action: 'states:DescribeExecution',
        Resource: 'arn:<Partition>:states:<Region>:<AccountId>:execution:FsxBackup-<uuid>-*:*',
      },
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ProviderLogGroup/), 'Arn'] },
      },
    ]);
  });

  test('name no state machine, so that the rollback of another one may start its own', () => {
    define();
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(JSON.stringify(policy)).not.toMatch(/ProviderRequests|ProviderRuns/);
  });

  test('for executions that somebody starts: the sources that are allowed, and the stacks named', () => {
    const provider = new FsxBackupProvider(stack, 'Provider');
    const files = new Stack(stack.node.root as App, 'Elsewhere');
    const fileSystem = new fsx.CfnFileSystem(files, 'FileSystem', {
      fileSystemType: 'WINDOWS',
      subnetIds: ['subnet-1'],
    });
    provider.allowBackupsOf(BackupSource.fromVolumeId(VOLUME), BackupSource.fromDeployed(fileSystem));
    const [creation, ...others] = statements('ProviderPolicy');
    expect(creation.Resource.slice(1)).toEqual([
      'arn:<Partition>:fsx:<Region>:<AccountId>:file-system/*',
      `arn:<Partition>:fsx:<Region>:<AccountId>:volume/*/${VOLUME}`,
    ]);
    expect(others.at(-1)).toEqual({
      Effect: 'Allow',
      Action: [
        'cloudformation:DescribeStackResource',
        'cloudformation:DescribeStackResources',
        'cloudformation:DescribeStacks',
      ],
      Resource: 'arn:<Partition>:cloudformation:<Region>:<AccountId>:stack/Elsewhere/*',
    });
    expect(statements('ProviderDeletionPolicy')).toEqual([]);
  });

  test('for executions that prune', () => {
    new FsxBackupProvider(stack, 'Provider').allowPruning();
    expect(statements('ProviderDeletionPolicy')).toEqual([deletion]);
  });

  test('to run backups reach the executions of runs only, never those that answer CloudFormation', () => {
    new FsxBackupProvider(stack, 'Provider').grantRun(new iam.User(stack, 'User'));
    expect(statements('User').map(({ Action, Resource }) => [Action, JSON.stringify(Resource)])).toEqual([
      [
        ['states:StartExecution', 'states:DescribeStateMachine'],
        expect.stringMatching(/^\{"Ref":"ProviderRuns/),
      ],
      [
        'states:DescribeExecution',
        expect.stringMatching(
          /^"arn:<Partition>:states:<Region>:<AccountId>:execution:<ProviderRuns\w+\.Name>:\*"$/,
        ),
      ],
    ]);
  });

  test('to run backups include the key of a provider that has one', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    new FsxBackupProvider(stack, 'Provider', { encryptionKey }).grantRun(new iam.User(stack, 'User'));
    expect(statements('User')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: stack.resolve(encryptionKey.keyArn),
    });
  });

  test('of a stack that may delete backups cover those whose tag says so, and that nobody holds', () => {
    define(undefined, undefined, RemovalPolicy.DESTROY);
    expect(statements('ProviderDeletionPolicy')).toEqual([deletion]);
    expect(JSON.stringify(statements('ProviderPolicy'))).not.toContain('fsx:DeleteBackup');
  });

  test('of a volume name the volume, and any file system: AWS says both', () => {
    define(undefined, [BackupSource.fromVolumeId(VOLUME)]);
    expect(statements('Provider')[0].Resource).toEqual([
      backups,
      'arn:<Partition>:fsx:<Region>:<AccountId>:file-system/*',
      `arn:<Partition>:fsx:<Region>:<AccountId>:volume/*/${VOLUME}`,
    ]);
  });

  test('name every source once', () => {
    define(
      undefined,
      [FILE_SYSTEM, FILE_SYSTEM, 'fs-0aaaaaaaaaaaaaaaa'].map((id) => BackupSource.fromFileSystemId(id)),
    );
    expect(statements('Provider')[0].Resource).toHaveLength(3);
  });

  test('of a source that the stack defines are a policy of its own, for which only its backups wait', () => {
    const fileSystem = (id: string) =>
      new fsx.CfnFileSystem(stack, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    define(undefined, [BackupSource.of(fileSystem('One')), BackupSource.of(fileSystem('Two'))]);
    expect(statements('ProviderSource')).toEqual(
      ['One', 'Two'].map((id) => ({
        Effect: 'Allow',
        Action: 'fsx:CreateBackup',
        Resource: `arn:<Partition>:fsx:<Region>:<AccountId>:file-system/<${id}>`,
      })),
    );
    expect(statements('ProviderPolicy')[0].Resource).toBe(backups);
    const waits = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup')).map(
      (resource) => resource.DependsOn,
    );
    expect(waits).toEqual(
      waits.map(() => [expect.stringMatching(/^ProviderPolicy/), expect.stringMatching(/^ProviderSource/)]),
    );
    expect(waits[0]).not.toEqual(waits[1]);
  });

  test('of one source that is named by two tokens are one policy', () => {
    const volume = new fsx.CfnVolume(stack, 'Vol', {
      name: 'vol',
      volumeType: 'ONTAP',
      ontapConfiguration: { storageVirtualMachineId: 'svm-1' },
    });
    define(undefined, [BackupSource.of(volume), BackupSource.fromVolumeId(volume.attrVolumeId)]);
    expect(statements('ProviderSource')).toHaveLength(1);
  });

  test('of a source in another stack are part of the policy of all', () => {
    const other = new Stack(stack.node.root as App, 'Other');
    define(undefined, [
      BackupSource.of(
        new fsx.CfnFileSystem(other, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] }),
      ),
    ]);
    expect(statements('ProviderSource')).toEqual([]);
    expect(statements('ProviderPolicy')[0].Resource).toHaveLength(2);
  });

  test('fit into a role, however many sources there are', () => {
    const id = (n: number) => `fs-${n.toString(16).padStart(17, '0')}`;
    const local = (n: number) =>
      new fsx.CfnFileSystem(stack, `Fs${n}`, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    const sources = Array.from({ length: 100 }, (_, n) =>
      n % 2 ? BackupSource.of(local(n)) : BackupSource.fromFileSystemId(id(n)),
    );
    define(undefined, sources, RemovalPolicy.DESTROY);
    const all = JSON.stringify(statements('Provider'))
      .replace(
        /\{"Ref":"AWS::StackId"\}/g,
        `"arn:aws-us-gov:cloudformation:us-gov-west-1:${'x'.repeat(183)}"`,
      )
      .replace(/<uuid>/g, 'x'.repeat(36))
      .replace(/<Partition>/g, 'aws-us-gov')
      .replace(/<Region>/g, 'us-gov-west-1')
      .replace(/<AccountId>/g, '123456789012');
    expect(all.length).toBeLessThan(10_000);
    expect(all).toContain('file-system/*');
  });

  test('of a conditional source are under its condition', () => {
    const fileSystem = new fsx.CfnFileSystem(stack, 'Fs', {
      fileSystemType: 'OPENZFS',
      subnetIds: ['subnet-1'],
    });
    define(undefined, [BackupSource.of(fileSystem)]);
    fileSystem.cfnOptions.condition = new CfnCondition(stack, 'IsProd');
    const conditions = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).map(
      ([id, { Condition }]) => [id.replace(/[0-9a-f]{8}[0-9A-F]{8}$|[0-9A-F]{8}$/, ''), Condition],
    );
    expect(Object.fromEntries(conditions)).toEqual({ ProviderPolicy: undefined, ProviderSource: 'IsProd' });
  });

  test('of the state machines are to call the function, for this account only', () => {
    define();
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: 'states.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Action: 'lambda:InvokeFunction',
                Effect: 'Allow',
                Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ProviderFunction'), 'Arn'] },
              },
            ],
          },
        },
      ],
    });
  });
});

describe('the function', () => {
  test('logs JSON into the log group, whose events live for a month', () => {
    define();
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.stringLikeRegexp('^ProviderLogGroup') } },
    });
    Template.fromStack(stack).hasResource('AWS::Logs::LogGroup', {
      Properties: { RetentionInDays: 30 },
      DeletionPolicy: 'Retain',
    });
  });

  test('knows its stack, and nothing of the state machines, which know it', () => {
    define();
    const [functionResource] = Object.values(
      Template.fromStack(stack).findResources('AWS::Lambda::Function'),
    );
    expect(JSON.stringify(functionResource)).not.toMatch(/StateMachine|Requests|Runs/);
    expect(functionResource.Properties.Environment.Variables).toEqual({
      STACK_ID: { Ref: 'AWS::StackId' },
      URL_SUFFIX: { Ref: 'AWS::URLSuffix' },
    });
  });

  test('runs in a VPC', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    define({ vpc });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: Match.anyValue(), SecurityGroupIds: Match.anyValue() },
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      ManagedPolicyArns: [
        {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole',
            ],
          ],
        },
      ],
    });
  });

  test('runs in the subnets and security groups that are named', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Sg', 'sg-1');
    define({ vpc, vpcSubnets: { subnets: [vpc.privateSubnets[0]] }, securityGroups: [securityGroup] });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: [stack.resolve(vpc.privateSubnets[0].subnetId)], SecurityGroupIds: ['sg-1'] },
    });
  });

  test('takes the role that is brought along, and gives it what it needs', () => {
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const provider = define({ role });
    expect(provider.grantPrincipal).toBe(role);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Function', { Role: stack.resolve(role.roleArn) });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve(role.roleName)],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'fsx:CreateBackup' })]) },
    });
    template.resourceCountIs('AWS::IAM::Role', 2);
  });

  test('takes an imported role', () => {
    define({ role: iam.Role.fromRoleArn(stack, 'Mine', 'arn:aws:iam::123456789012:role/mine') });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', { Roles: ['mine'] });
  });

  test('shares an imported role with the same stack deployed under another name', () => {
    const names = ['Dev', 'Prod'].flatMap((id) => {
      stack = new Stack(new App(), id);
      define(
        { role: iam.Role.fromRoleArn(stack, 'Mine', 'arn:aws:iam::123456789012:role/mine') },
        undefined,
        RemovalPolicy.DESTROY,
      );
      return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).map(
        (policy) => policy.Properties.PolicyName,
      );
    });
    expect(names).toHaveLength(4);
    expect(new Set(names).size).toBe(4);
  });

  test('leaves a role alone that must not be changed', () => {
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    define({ role: role.withoutPolicyUpdates() }, undefined, RemovalPolicy.DESTROY);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.hasResource('Custom::FsxBackup', { DependsOn: Match.absent() });
  });

  test('takes the log group that is brought along', () => {
    define({ logGroup: logs.LogGroup.fromLogGroupName(stack, 'Logs', 'mine') });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Logs::LogGroup', 0);
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: 'mine' } });
  });
});

describe('the encryption key', () => {
  test('encrypts state machine, environment and log group, and the roles may use it', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    define({ encryptionKey });
    const key = stack.resolve(encryptionKey.keyArn);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      EncryptionConfiguration: { KmsKeyId: key, Type: 'CUSTOMER_MANAGED_KMS_KEY' },
    });
    template.hasResourceProperties('AWS::Lambda::Function', { KmsKeyArn: key });
    template.hasResourceProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
    expect(statements('ProviderPolicy')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: key,
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyDocument: {
            Statement: Match.arrayWith([
              { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: key },
            ]),
          },
        },
      ],
    });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Principal: {
              Service: {
                'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
              },
            },
            Action: [
              'kms:Encrypt*',
              'kms:Decrypt*',
              'kms:ReEncrypt*',
              'kms:GenerateDataKey*',
              'kms:Describe*',
            ],
            Resource: '*',
            Condition: {
              ArnLike: {
                'kms:EncryptionContext:aws:logs:arn': stack.resolve(
                  stack.formatArn({ service: 'logs', resource: '*' }),
                ),
              },
            },
          },
        ]),
      },
    });
  });

  test('leaves a log group that is brought along alone', () => {
    define({ encryptionKey: new kms.Key(stack, 'Key'), logGroup: new logs.LogGroup(stack, 'Logs') });
    Template.fromStack(stack).hasResourceProperties('AWS::Logs::LogGroup', { KmsKeyId: Match.absent() });
  });
});

test('two providers with their own knobs are two engines', () => {
  new FsxBackupProvider(stack, 'One', { logGroup: logs.LogGroup.fromLogGroupName(stack, 'LogsOne', 'one') });
  new FsxBackupProvider(stack, 'Two', { logGroup: logs.LogGroup.fromLogGroupName(stack, 'LogsTwo', 'two') });
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 2);
});

describe('the state machines', () => {
  const machines = () => {
    const found = Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine');
    return Object.fromEntries(
      Object.entries(found).map(([id, machine]) => [id.replace(/[0-9A-F]{8}$/, ''), machine.Properties]),
    );
  };
  const uuid = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };

  test('are one, if nothing but CloudFormation takes backups, and its name tells stack and provider', () => {
    define();
    expect(Object.keys(machines())).toEqual(['ProviderRequests']);
    expect(machines().ProviderRequests.StateMachineName).toEqual({
      'Fn::Join': ['', ['FsxBackup-', uuid, expect.stringMatching(/^-[0-9a-f]{8}$/)]],
    });
    expect(machines().ProviderRequests.DefinitionString['Fn::Join'][1].join()).toContain(
      '\"machine\":\"requests\"',
    );
  });

  test('of two providers have different names', () => {
    new FsxBackupProvider(stack, 'One');
    new FsxBackupProvider(stack, 'Two');
    const [one, two] = Object.values(machines()).map(({ StateMachineName }) => StateMachineName);
    expect(one).not.toEqual(two);
  });

  test.each<[string, (provider: FsxBackupProvider) => unknown]>([
    ['stateMachine is used', (provider) => provider.stateMachine],
    ['somebody may run it', (provider) => provider.grantRun(new iam.User(stack, 'User'))],
    ['backups of a source are allowed', (provider) => provider.allowBackupsOf(oneSource[0])],
  ])('are two, once %s: that of runs has no name that answers CloudFormation', (_, use) => {
    const provider = new FsxBackupProvider(stack, 'Provider');
    use(provider);
    provider.stateMachine;
    expect(Object.keys(machines())).toEqual(['ProviderRequests', 'ProviderRuns']);
    expect(machines().ProviderRuns).not.toHaveProperty('StateMachineName');
    expect(machines().ProviderRuns.DefinitionString['Fn::Join'][1].join()).toContain('\"machine\":\"runs\"');
    expect(machines().ProviderRuns.RoleArn).toEqual(machines().ProviderRequests.RoleArn);
  });

  test('of requests are those that custom resources name', () => {
    define().stateMachine;
    Template.fromStack(stack).hasResourceProperties('Custom::FsxBackup', {
      StateMachineArn: { Ref: Match.stringLikeRegexp('^ProviderRequests') },
    });
  });
});

test('the state machine of runs is there for others to grant', () => {
  const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
  define().stateMachine.grantStartExecution(role);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: [Match.objectLike({ Action: 'states:StartExecution' })] },
  });
});

test("with all of CDK's recommended feature flags there are as many resources", () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const flags = require('aws-cdk-lib/recommended-feature-flags.json');
  const flagged = new Stack(new App({ context: flags }), 'Files');
  new FsxBackup(flagged, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
  expect(Object.keys(flags).length).toBeGreaterThan(20);
  expect(Object.keys(Template.fromStack(flagged).toJSON().Resources)).toHaveLength(7);
});

describe('the code of the function', () => {
  const HANDLER = join(__dirname, '..', 'assets', 'lambda', 'handler');
  const synthesizers: Array<[string, () => IStackSynthesizer]> = [
    ['default', () => new DefaultStackSynthesizer()],
    ['CLI credentials', () => new CliCredentialsStackSynthesizer()],
    ['legacy', () => new LegacyStackSynthesizer()],
  ];

  test.each(synthesizers)('is published as CDK publishes a function of its own: %s', (_, synthesizer) => {
    const [ours, another] = ['Ours', 'Another'].map(
      (id) => new Stack(new App(), id, { synthesizer: synthesizer() }),
    );
    new FsxBackup(ours, 'Backup', { source: oneSource[0] });
    new lambda.Function(another, 'Function', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(HANDLER),
    });
    const codeOf = (of: Stack) =>
      Object.values(Template.fromStack(of).findResources('AWS::Lambda::Function')).map(
        ({ Properties }) => Properties.Code,
      );
    const withoutNames = (codes: object[]) =>
      JSON.parse(JSON.stringify(codes).replace(/AssetParameters[0-9a-f]+/g, 'AssetParameters'));
    expect(codeOf(ours)).toHaveLength(1);
    expect(withoutNames(codeOf(ours))).toEqual(withoutNames(codeOf(another)));
    const assetsOf = (of: Stack) =>
      of.node.root.node.tryFindChild(of.node.id) &&
      (of.node.root as App).synth().getStackByName(of.stackName).assets;
    expect(assetsOf(ours)).toEqual(assetsOf(another));
  });

  test('is published for a nested stack', () => {
    new FsxBackup(new NestedStack(stack, 'Nested'), 'Backup', { source: oneSource[0] });
    const { artifacts } = (stack.node.root as App).synth();
    const published = artifacts.flatMap(
      (artifact: any) => Object.values(artifact.contents?.files ?? {}) as any[],
    );
    expect(published.filter(({ source }) => source.packaging === 'zip')).toHaveLength(1);
  });

  test('does not have CDK load what it knows of every Region', () => {
    const app = `
      const { App, Stack } = require('aws-cdk-lib');
      const { BackupSource, FsxBackup } = require('./src');
      const app = new App();
      const source = BackupSource.fromFileSystemId('${FILE_SYSTEM}');
      new FsxBackup(new Stack(app, 'Files'), 'Backup', { source });
      app.synth();
      console.log(Object.keys(require.cache).filter((file) => file.includes('region-info')).join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', app], {
      cwd: join(__dirname, '..'),
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['\n', '']);
  });
});
