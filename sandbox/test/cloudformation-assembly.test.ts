import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  CfnOutput,
  CfnParameter,
  CustomResource,
  Duration,
  NestedStack,
  RemovalPolicy,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { VirtualClock } from '../clock';
import { CloudFormation } from '../cloudformation/engine';
import { FaultPlan } from '../faults';
import { FsxService } from '../fsx/service';
import { PolicyStore } from '../iam';
import { Journal } from '../journal';
import { StepFunctions } from '../step-functions';

const PLACE = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' };

let directory: string;
let opened: CloudFormation | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assembly-'));
  writeFileSync(join(directory, 'index.js'), 'exports.handler = async () => {};');
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await opened?.close();
});

/**
 * Everything real but for the Lambda runtime, whose functions answer any custom resource event with success.
 */
function sandbox() {
  const clock = new VirtualClock();
  const journal = new Journal(clock);
  const faults = new FaultPlan();
  const policies = new PolicyStore({ clock });
  const functions: any[] = [];
  const lambdaService = {
    functions,
    create: (fn: any) => void functions.push(fn),
    remove: () => {},
    has: () => true,
    invoke: async () => ({}),
    invokeAsync: (_: string, event: any) => {
      const release = clock.hold();
      const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'made' } = event;
      const body = JSON.stringify({
        Status: 'SUCCESS',
        StackId,
        RequestId,
        LogicalResourceId,
        PhysicalResourceId,
      });
      void fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'Content-Type': '' } }).finally(
        release,
      );
    },
  };
  const fsxService = new FsxService({ clock, authorizer: policies, ...PLACE });
  const stepFunctions = new StepFunctions({ clock, journal, authorizer: policies, lambda: lambdaService });
  const cloudFormation = new CloudFormation({
    clock,
    journal,
    faults,
    lambda: lambdaService,
    stepFunctions,
    fsx: fsxService,
    policies,
    authorizer: policies,
    ...PLACE,
  });
  opened = cloudFormation;
  return { clock, journal, policies, functions, fsxService, stepFunctions, cloudFormation };
}

function provider(scope: Stack): lambda.Function {
  return new lambda.Function(scope, 'Provider', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromAsset(directory),
    timeout: Duration.minutes(1),
    environment: { PARTITION: scope.partition },
    logGroup: new logs.LogGroup(scope, 'Logs'),
  });
}

test('a stack of file systems, provider, state machine and service is deployed and destroyed', async () => {
  const app = new App();
  const stack = new Stack(app, 'Storage', { env: { account: PLACE.accountId, region: PLACE.region } });
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false });
  const fileSystem = new fsx.LustreFileSystem(stack, 'FileSystem', {
    vpc,
    vpcSubnet: vpc.privateSubnets[0],
    removalPolicy: RemovalPolicy.DESTROY,
    storageCapacityGiB: 1200,
    lustreConfiguration: {
      deploymentType: fsx.LustreDeploymentType.PERSISTENT_2,
      perUnitStorageThroughput: 125,
    },
  });
  const onEvent = provider(stack);
  onEvent.addToRolePolicy(
    new iam.PolicyStatement({ actions: ['fsx:DescribeFileSystems'], resources: ['*'] }),
  );
  const machine = new sfn.StateMachine(stack, 'Machine', {
    definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Pass')),
  });
  machine.grantStartExecution(onEvent);
  const thing = new CustomResource(stack, 'Thing', {
    serviceToken: onEvent.functionArn,
    resourceType: 'Custom::Thing',
    properties: { FileSystemId: fileSystem.fileSystemId },
  });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('App', { image: ecs.ContainerImage.fromRegistry('app') });
  new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task }).node.addDependency(thing);
  new CfnOutput(stack, 'FileSystemId', { value: fileSystem.fileSystemId });
  const { clock, cloudFormation, fsxService, policies, functions, journal } = sandbox();

  const outcomes = await clock.run(cloudFormation.deployAssembly(app.synth().directory));
  expect(outcomes.Storage).toMatchObject({ status: 'CREATE_COMPLETE' });
  const [id] = [...fsxService.fileSystems.keys()];
  expect(outcomes.Storage.outputs.FileSystemId).toBe(id);
  expect(functions[0]).toMatchObject({
    arn: `arn:aws:lambda:us-east-1:123456789012:function:${functions[0].name}`,
    handler: 'index.handler',
    timeoutSeconds: 60,
    memoryMegabytes: 128,
    environment: { PARTITION: 'aws' },
    directory: expect.stringContaining('asset.'),
  });
  expect(journal.of('request')[0].event.ResourceProperties.FileSystemId).toBe(id);
  const request = { principal: functions[0].roleArn, resource: '*' };
  await expect(
    policies.authorize({ ...request, action: 'fsx:DescribeFileSystems' }),
  ).resolves.toBeUndefined();
  await expect(policies.authorize({ ...request, action: 'fsx:DescribeBackups' })).rejects.toThrow(
    'not authorized',
  );

  await expect(clock.run(cloudFormation.destroy('Storage'))).resolves.toMatchObject({
    status: 'DELETE_COMPLETE',
  });
  expect(fsxService.fileSystems.size).toBe(0);
  await expect(policies.authorize({ ...request, action: 'fsx:DescribeFileSystems' })).rejects.toThrow(
    'not authorized',
  );
});

test('a boundary of the customer holds for the roles that name it, as it is changed', async () => {
  const { clock, cloudFormation, policies } = sandbox();
  const request = {
    principal: 'arn:aws:iam::123456789012:role/bounded',
    action: 'fsx:DescribeFileSystems',
    resource: '*',
  };
  const deploy = (...allowed: string[]) => {
    const app = new App({ outdir: mkdtempSync(join(directory, 'out-')) });
    const stack = new Stack(app, 'Roles');
    const everything = new iam.PolicyStatement({ actions: ['*'], resources: ['*'] });
    const boundary = new iam.ManagedPolicy(stack, 'Boundary', {
      statements: [new iam.PolicyStatement({ actions: allowed, resources: ['*'] })],
    });
    new iam.Role(stack, 'Role', {
      roleName: 'bounded',
      assumedBy: new iam.AccountRootPrincipal(),
      permissionsBoundary: boundary,
      inlinePolicies: { All: new iam.PolicyDocument({ statements: [everything] }) },
    });
    return clock.run(cloudFormation.deployAssembly(app.synth().directory));
  };
  await deploy('fsx:DescribeFileSystems');
  await expect(policies.authorize(request)).resolves.toBeUndefined();
  await deploy('fsx:DescribeBackups');
  await expect(policies.authorize(request)).rejects.toThrow(
    'no permissions boundary allows the fsx:DescribeFileSystems action',
  );
});

test('a function in a VPC needs a role that may make network interfaces', async () => {
  const { clock, cloudFormation } = sandbox();
  const app = new App({ outdir: join(directory, 'out') });
  for (const name of ['With', 'Without']) {
    const stack = new Stack(app, name);
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    if (name === 'With') {
      role.addManagedPolicy(
        iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole'),
      );
    }
    new lambda.Function(stack, 'Function', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(directory, { exclude: ['out'] }),
      role: role.withoutPolicyUpdates(),
      vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, restrictDefaultSecurityGroup: false }),
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    });
  }
  const { Without, With } = await clock.run(cloudFormation.deployAssembly(app.synth().directory));
  expect(Without).toMatchObject({
    status: 'ROLLBACK_COMPLETE',
    reason: 'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
  });
  expect(With.status).toBe('CREATE_COMPLETE');
});

test('a changed KMS key replaces the file system, a changed size does not', async () => {
  const { clock, cloudFormation, fsxService } = sandbox();
  const deploy = (properties: object) =>
    clock.run(
      cloudFormation.deploy({
        stackName: 'Stack',
        template: {
          Resources: {
            FileSystem: {
              Type: 'AWS::FSx::FileSystem',
              Properties: {
                FileSystemType: 'WINDOWS',
                StorageCapacity: 32,
                SubnetIds: ['subnet-0123456789abcdef0'],
                WindowsConfiguration: { ThroughputCapacity: 8 },
                ...properties,
              },
            },
          },
        },
      }),
    );
  const current = () => cloudFormation.stack('Stack').resources.FileSystem.physicalId!;
  await expect(deploy({})).resolves.toMatchObject({ status: 'CREATE_COMPLETE', reason: undefined });
  const first = current();
  await deploy({ StorageCapacity: 64 });
  expect(current()).toBe(first);
  await deploy({ StorageCapacity: 64, KmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/1' });
  expect(current()).not.toBe(first);
  expect([...fsxService.fileSystems.keys()]).toEqual([current()]);
});

test('stacks are deployed after those they depend on, those of a stage too', async () => {
  const app = new App();
  const stage = new Stage(app, 'Prod', { env: { account: PLACE.accountId, region: PLACE.region } });
  const consumer = new Stack(stage, 'Consumer');
  const producer = new Stack(stage, 'Producer');
  const group = new logs.LogGroup(producer, 'Logs');
  new CfnOutput(consumer, 'Arn', { value: group.logGroupArn });
  new logs.LogGroup(consumer, 'Own');
  const { clock, cloudFormation } = sandbox();
  const outcomes = await clock.run(cloudFormation.deployAssembly(app.synth().directory));
  expect(Object.entries(outcomes).map(([name, { status }]) => [name, status])).toEqual([
    ['Prod-Producer', 'CREATE_COMPLETE'],
    ['Prod-Consumer', 'CREATE_COMPLETE'],
  ]);
  expect(outcomes['Prod-Consumer'].outputs.Arn).toMatch(
    /^arn:aws:logs:us-east-1:123456789012:log-group:Prod-Producer-Logs/,
  );
});

test('a nested stack is deployed, updated and deleted with its parent', async () => {
  const synth = (retention: logs.RetentionDays, tag?: string) => {
    const app = new App();
    const stack = new Stack(app, 'Parent', { env: { account: PLACE.accountId, region: PLACE.region } });
    const nested = new NestedStack(stack, 'Nested');
    const group = new logs.LogGroup(nested, 'Logs', { retention });
    new logs.LogGroup(stack, 'Other', { logGroupName: tag });
    new CfnOutput(stack, 'Arn', { value: group.logGroupArn });
    return app.synth().directory;
  };
  const { clock, cloudFormation } = sandbox();
  const { Parent } = await clock.run(cloudFormation.deployAssembly(synth(logs.RetentionDays.ONE_DAY)));
  expect(Parent).toMatchObject({ status: 'CREATE_COMPLETE' });
  const [nested] = Object.values(cloudFormation.stack('Parent').resources).filter(
    ({ type }) => type === 'AWS::CloudFormation::Stack',
  );
  expect(nested.physicalId).toMatch(/:stack\/Parent-Nested\w+-[0-9A-Z]{13}\//);
  expect(Parent.outputs.Arn).toContain(':log-group:Parent-Nested');

  const groupIn = () =>
    Object.values(cloudFormation.stack(nested.physicalId!).resources).find(
      ({ type }) => type === 'AWS::Logs::LogGroup',
    )!;
  await clock.run(cloudFormation.deployAssembly(synth(logs.RetentionDays.ONE_WEEK)));
  expect(groupIn().properties.RetentionInDays).toBe(7);

  await clock.run(cloudFormation.destroy('Parent'));
  expect(cloudFormation.stack(nested.physicalId!).status).toBe('DELETE_COMPLETE');
});

test('a nested stack goes back with its parent, and cleans up after its parent has succeeded', async () => {
  const synth = (name: string) => {
    const app = new App();
    const stack = new Stack(app, 'Parent', { env: { account: PLACE.accountId, region: PLACE.region } });
    const nested = new NestedStack(stack, 'Nested');
    new logs.LogGroup(nested, 'Logs', { logGroupName: name, removalPolicy: RemovalPolicy.DESTROY });
    new logs.LogGroup(stack, 'Later', {
      logGroupName: `later-${name}`,
      removalPolicy: RemovalPolicy.DESTROY,
    }).node.addDependency(nested);
    return app.synth().directory;
  };
  const { clock, cloudFormation, journal } = sandbox();
  const deploy = async (name: string) =>
    (await clock.run(cloudFormation.deployAssembly(synth(name)))).Parent.status;
  await deploy('one');
  const nested = Object.values(cloudFormation.stack('Parent').resources).find(
    ({ type }) => type === 'AWS::CloudFormation::Stack',
  )!.physicalId!;
  const names = () =>
    Object.values(cloudFormation.stack(nested).resources).map(({ physicalId }) => physicalId);

  cloudFormation.failures.fail({
    target: Object.keys(cloudFormation.stack('Parent').resources).find((name) => name.startsWith('Later'))!,
    on: 'create',
  });
  await expect(deploy('two')).resolves.toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(names()).toEqual(['one']);
  expect(cloudFormation.stack(nested).status).toBe('UPDATE_ROLLBACK_COMPLETE');

  await expect(deploy('three')).resolves.toBe('UPDATE_COMPLETE');
  expect(names()).toEqual(['three']);
  expect(cloudFormation.stack(nested).status).toBe('UPDATE_COMPLETE');
  const told = journal
    .of('event')
    .filter(({ at }) => at > 0)
    .map(({ status, physicalId, stack }) => `${stack.slice(0, 7)} ${status} ${physicalId}`);
  expect(told.lastIndexOf('Parent- DELETE_COMPLETE one')).toBeGreaterThan(
    told.lastIndexOf('Parent UPDATE_COMPLETE later-three'),
  );
});

describe('parameters of an assembly', () => {
  const deploy = async (
    { cloudFormation, clock }: ReturnType<typeof sandbox>,
    value: string | undefined,
    options: { id?: string; fallback?: string; previousParameters?: boolean } = {},
  ) => {
    const { id = 'In', fallback, previousParameters } = options;
    const app = new App();
    const stack = new Stack(app, 'Given');
    new CfnOutput(stack, 'Out', { value: new CfnParameter(stack, id, { default: fallback }).valueAsString });
    new sns.CfnTopic(stack, `TopicBeside${id}`);
    const parameters = value === undefined ? undefined : { [id]: value };
    const { Given } = await clock.run(
      cloudFormation.deployAssembly(app.synth().directory, { parameters, previousParameters }),
    );
    return Given.outputs.Out;
  };

  test('keep their value in a stack that is there, whatever default the template has by then', async () => {
    const world = sandbox();
    expect(await deploy(world, 'first')).toBe('first');
    expect(await deploy(world, undefined)).toBe('first');
    expect(await deploy(world, undefined, { fallback: 'default' })).toBe('first');
    expect(await deploy(world, 'second')).toBe('second');
    expect(await deploy(world, undefined)).toBe('second');
  });

  test('must be given otherwise: for a new stack, a new parameter, and without previous values', async () => {
    const world = sandbox();
    const missing = (name: string) => `Parameters: [${name}] must have values`;
    await expect(deploy(world, undefined)).rejects.toThrow(missing('In'));
    await deploy(world, 'first');
    await expect(deploy(world, undefined, { id: 'Other' })).rejects.toThrow(missing('Other'));
    await expect(deploy(world, undefined, { previousParameters: false })).rejects.toThrow(missing('In'));
    expect(await deploy(world, undefined)).toBe('first');
  });
});
