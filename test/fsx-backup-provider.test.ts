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
              part.Ref
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
  const requestTag = { StringEquals: { 'aws:RequestTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } } };
  const resourceTag = {
    StringEquals: { 'aws:ResourceTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } },
  };

  test('of a stack that keeps its backups', () => {
    define();
    expect(statements('Provider')).toEqual([
      { Effect: 'Allow', Action: ['fsx:DescribeBackups', 'fsx:DescribeFileSystems'], Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'fsx:CreateBackup',
        Resource: [backups, `arn:<Partition>:fsx:<Region>:<AccountId>:file-system/${FILE_SYSTEM}`],
        Condition: requestTag,
      },
      { Effect: 'Allow', Action: 'fsx:TagResource', Resource: backups, Condition: requestTag },
      {
        Effect: 'Allow',
        Action: ['fsx:TagResource', 'fsx:UntagResource'],
        Resource: backups,
        Condition: { ...resourceTag, 'ForAllValues:StringNotLike': { 'aws:TagKeys': ['cdk-fsx-backup:*'] } },
      },
      {
        Effect: 'Allow',
        Action: ['cloudformation:DescribeStacks', 'cloudformation:DescribeStackEvents'],
        Resource: { Ref: 'AWS::StackId' },
      },
      {
        Effect: 'Allow',
        Action: 'states:StartExecution',
        Resource: { Ref: expect.stringMatching(/^ProviderStateMachine/) },
      },
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ProviderLogGroup/), 'Arn'] },
      },
    ]);
  });

  test('for executions that somebody starts: the sources that are allowed, and the stacks named', () => {
    const provider = new FsxBackupProvider(stack, 'Provider');
    const files = new Stack(stack.node.root as App, 'Elsewhere');
    const fileSystem = new fsx.CfnFileSystem(files, 'FileSystem', {
      fileSystemType: 'WINDOWS',
      subnetIds: ['subnet-1'],
    });
    provider.allowBackupsOf(BackupSource.fromVolumeId(VOLUME), BackupSource.fromDeployed(fileSystem));
    const [description, creation, ...others] = statements('ProviderPolicy');
    expect(description.Action).toEqual([
      'fsx:DescribeBackups',
      'fsx:DescribeVolumes',
      'fsx:DescribeFileSystems',
    ]);
    expect(creation.Resource.slice(1)).toEqual([
      `arn:<Partition>:fsx:<Region>:<AccountId>:volume/*/${VOLUME}`,
      'arn:<Partition>:fsx:<Region>:<AccountId>:file-system/*',
    ]);
    expect(others.at(-1)).toEqual({
      Effect: 'Allow',
      Action: 'cloudformation:DescribeStackResource',
      Resource: 'arn:<Partition>:cloudformation:<Region>:<AccountId>:stack/Elsewhere/*',
    });
    expect(statements('ProviderDeletionPolicy')).toEqual([]);
  });

  test('for executions that prune', () => {
    new FsxBackupProvider(stack, 'Provider').allowPruning();
    expect(statements('ProviderDeletionPolicy')).toEqual([
      { Effect: 'Allow', Action: 'fsx:DeleteBackup', Resource: backups, Condition: resourceTag },
    ]);
  });

  test('of who may have backups taken: to start executions, and to see those of this state machine', () => {
    new FsxBackupProvider(stack, 'Provider').grantRun(new iam.User(stack, 'User'));
    expect(statements('User').map(({ Action, Resource }) => [Action, JSON.stringify(Resource)])).toEqual([
      [
        ['states:StartExecution', 'states:DescribeStateMachine'],
        expect.stringMatching(/^\{"Ref":"ProviderStateMachine/),
      ],
      [
        'states:DescribeExecution',
        expect.stringMatching(
          /^"arn:<Partition>:states:<Region>:<AccountId>:execution:<ProviderStateMachine\w+\.Name>:\*"$/,
        ),
      ],
    ]);
  });

  test('of who may have backups taken include the key of a provider that has one', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    new FsxBackupProvider(stack, 'Provider', { encryptionKey }).grantRun(new iam.User(stack, 'User'));
    expect(statements('User')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: stack.resolve(encryptionKey.keyArn),
    });
  });

  test('of a stack that may delete its backups have a policy for that, for tagged backups only', () => {
    define(undefined, undefined, RemovalPolicy.DESTROY);
    expect(statements('ProviderDeletionPolicy')).toEqual([
      { Effect: 'Allow', Action: 'fsx:DeleteBackup', Resource: backups, Condition: resourceTag },
    ]);
    expect(JSON.stringify(statements('ProviderPolicy'))).not.toContain('fsx:DeleteBackup');
  });

  test('of a volume name the volume, whichever file system it is in', () => {
    define(undefined, [BackupSource.fromVolumeId(VOLUME)]);
    expect(statements('Provider')[0].Action).toEqual(['fsx:DescribeBackups', 'fsx:DescribeVolumes']);
    expect(statements('Provider')[1].Resource).toEqual([
      backups,
      `arn:<Partition>:fsx:<Region>:<AccountId>:volume/*/${VOLUME}`,
    ]);
  });

  test('name every source once', () => {
    define(
      undefined,
      [FILE_SYSTEM, FILE_SYSTEM, 'fs-0aaaaaaaaaaaaaaaa'].map((id) => BackupSource.fromFileSystemId(id)),
    );
    expect(statements('Provider')[1].Resource).toHaveLength(3);
  });

  test('of a source that the stack defines are a policy of its own, for which only its backups wait', () => {
    const fileSystem = (id: string) =>
      new fsx.CfnFileSystem(stack, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    define(undefined, [
      BackupSource.fromCfnFileSystem(fileSystem('One')),
      BackupSource.fromCfnFileSystem(fileSystem('Two')),
    ]);
    expect(statements('ProviderSource')).toEqual(
      ['One', 'Two'].map((id) => ({
        Effect: 'Allow',
        Action: 'fsx:CreateBackup',
        Resource: `arn:<Partition>:fsx:<Region>:<AccountId>:file-system/<${id}>`,
      })),
    );
    expect(statements('ProviderPolicy')[1].Resource).toBe(backups);
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
    define(undefined, [BackupSource.fromCfnVolume(volume), BackupSource.fromVolumeId(volume.attrVolumeId)]);
    expect(statements('ProviderSource')).toHaveLength(1);
  });

  test('of a source in another stack are part of the policy of all', () => {
    const other = new Stack(stack.node.root as App, 'Other');
    define(undefined, [
      BackupSource.fromCfnFileSystem(
        new fsx.CfnFileSystem(other, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] }),
      ),
    ]);
    expect(statements('ProviderSource')).toEqual([]);
    expect(statements('ProviderPolicy')[1].Resource).toHaveLength(2);
  });

  test('fit into a role, however many sources there are', () => {
    const id = (n: number) => `fs-${n.toString(16).padStart(17, '0')}`;
    const local = (n: number) =>
      new fsx.CfnFileSystem(stack, `Fs${n}`, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    const sources = Array.from({ length: 100 }, (_, n) =>
      n % 2 ? BackupSource.fromCfnFileSystem(local(n)) : BackupSource.fromFileSystemId(id(n)),
    );
    define(undefined, sources, RemovalPolicy.DESTROY);
    const all = JSON.stringify(statements('Provider'))
      .replace(/<Partition>/g, 'aws-us-gov')
      .replace(/<Region>/g, 'us-gov-west-1')
      .replace(/<AccountId>/g, '123456789012');
    expect(all.length).toBeLessThan(10_240);
    expect(all).toContain('file-system/*');
  });

  test('of the state machine are to call the function', () => {
    define();
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' } },
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

  test('knows nothing of the state machine, which knows it', () => {
    define();
    const [functionResource] = Object.values(
      Template.fromStack(stack).findResources('AWS::Lambda::Function'),
    );
    expect(JSON.stringify(functionResource)).not.toContain('StateMachine');
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

test('the state machine is there for others to grant', () => {
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
