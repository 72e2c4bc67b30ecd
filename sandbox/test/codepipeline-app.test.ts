import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  App,
  aws_iam as iam,
  aws_sns as sns,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Duration,
  pipelines,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as codecommit from 'aws-cdk-lib/aws-codecommit';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { PipelineExecution } from '../codepipeline/service';
import { Sandbox } from '../sandbox';

const ENV = { account: '123456789012', region: 'us-east-1' };
const REPORT = `
  const { CodePipelineClient, PutJobSuccessResultCommand } = require('@aws-sdk/client-codepipeline');
  const client = new CodePipelineClient({});
  exports.handler = async ({ 'CodePipeline.job': { id, data } }) => {
    const Given = data.actionConfiguration.configuration.UserParameters;
    await client.send(new PutJobSuccessResultCommand({ jobId: id, outputVariables: { Given } }));
  };`;

const directories: string[] = [];
let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await Sandbox.start();
});
afterEach(async () => {
  await sandbox.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'codepipeline-'));
  directories.push(directory);
  return directory;
}

/** The cloud assembly of an app with a stack `Pipeline`. */
function synthesize(build: (stack: Stack, app: App) => void): string {
  const app = new App({ outdir: temporary(), analyticsReporting: false });
  build(new Stack(app, 'Pipeline', { env: ENV }), app);
  return app.synth().directory;
}

function fn(scope: Stack, code: string, id = 'Function'): lambda.Function {
  const directory = temporary();
  writeFileSync(join(directory, 'index.js'), code);
  return new lambda.Function(scope, id, {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromAsset(directory),
    timeout: Duration.minutes(1),
    environment: { NODE_PATH: resolve('node_modules') },
  });
}

/** Deploy the stack of the pipeline; resolves to the name of the pipeline. */
async function deploy(assembly: string): Promise<string> {
  const { Pipeline } = await sandbox.deploy(assembly, { stacks: ['Pipeline'] });
  expect([Pipeline.status, Pipeline.reason]).toEqual([
    expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/),
    undefined,
  ]);
  return pipelineResource().physicalId!;
}

const pipelineResource = () =>
  Object.values(sandbox.cloudFormation.stack('Pipeline').resources).find(
    ({ type }) => type === 'AWS::CodePipeline::Pipeline',
  )!;
const run = (name: string, assembly?: string) =>
  sandbox.clock.run(sandbox.codePipeline.start(name, { assembly }));
const failureIn = ({ actions: all }: PipelineExecution) => all.find(({ status }) => status === 'Failed');

describe('an app of CDK Pipelines', () => {
  const DEPLOY_ROLE = 'arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-us-east-1';

  interface Options {
    displayName?: string;
    useChangeSets?: boolean;
    files?: (stack: Stack) => void;
    pipeline?: (pipeline: pipelines.CodePipeline, stages: Stage[]) => void;
  }

  const appWith = ({
    displayName = 'one',
    useChangeSets,
    files = () => {},
    pipeline: more = () => {},
  }: Options = {}) =>
    synthesize((scope, app) => {
      const synth = new pipelines.ShellStep('Synth', {
        input: pipelines.CodePipelineSource.connection('owner/repository', 'main', {
          connectionArn: 'arn:aws:codestar-connections:us-east-1:123456789012:connection/1',
        }),
        commands: ['npx cdk synth'],
      });
      const pipeline = new pipelines.CodePipeline(scope, 'Pipeline', { synth, useChangeSets });
      const stages = ['Test', 'Prod'].map((name) => {
        const stage = new Stage(app, name, { env: ENV });
        const stack = new Stack(stage, 'Files', { tags: { stage: name } });
        const topic = new sns.CfnTopic(stack, 'Topic', { displayName });
        new CfnOutput(stack, 'TopicArn', { value: topic.ref });
        files(stack);
        pipeline.addStage(
          stage,
          name === 'Prod' ? { pre: [new pipelines.ShellStep('Check', { commands: ['true'] })] } : {},
        );
        return stage;
      });
      more(pipeline, stages);
    });
  const topicIn = (stack: string) =>
    Object.values(sandbox.cloudFormation.stack(stack).resources).find(
      ({ type }) => type === 'AWS::SNS::Topic',
    )!;

  test('deploys stage after stage, with assets and tags, and again what has changed', async () => {
    const files = (stack: Stack) => void fn(stack, 'exports.handler = async () => 1;');
    const assembly = appWith({ files });
    const name = await deploy(assembly);
    const execution = await run(name, assembly);
    expect([execution.status, failureIn(execution)]).toEqual(['Succeeded', undefined]);
    const names = execution.actions.map(({ stage, action }) => `${stage}/${action}`);
    expect(names).toEqual(expect.arrayContaining(['Build/Synth', 'UpdatePipeline/SelfMutate', 'Prod/Check']));
    expect(names.filter((one) => /Prepare|Deploy/.test(one))).toEqual([
      'Test/Prepare',
      'Test/Deploy',
      'Prod/Files.Prepare',
      'Prod/Files.Deploy',
    ]);
    for (const stack of ['Test-Files', 'Prod-Files']) {
      expect(
        sandbox.journal
          .of('event')
          .filter(({ logicalId }) => logicalId === stack)
          .map(({ status }) => status),
      ).toEqual(['REVIEW_IN_PROGRESS', 'CREATE_IN_PROGRESS', 'CREATE_COMPLETE']);
    }
    const functions = sandbox.journal
      .of('event')
      .filter(({ type, status }) => type === 'AWS::Lambda::Function' && status === 'CREATE_COMPLETE');
    expect(functions.map(({ stack }) => stack)).toEqual(['Test-Files', 'Prod-Files']);

    expect((await run(name, assembly)).status).toBe('Succeeded'); // nothing has changed
    expect(topicIn('Prod-Files').properties.DisplayName).toBe('one');
    expect((await run(name, appWith({ files, displayName: 'two' }))).status).toBe('Succeeded');
    expect(topicIn('Prod-Files').properties.DisplayName).toBe('two');
    expect(sandbox.cloudFormation.stack('Prod-Files').status).toBe('UPDATE_COMPLETE');
  });

  test('deploys with the tags of the stage and the role of the bootstrap stack', async () => {
    const assembly = appWith();
    await run(await deploy(assembly), assembly);
    const tagsOf = async (StackName: string) => {
      const answer: any = await sandbox.cloudFormation.api.handle({
        operation: 'DescribeStacks',
        input: { StackName },
        principal: DEPLOY_ROLE,
      });
      return answer.Stacks[0].Tags;
    };
    expect(await tagsOf('Test-Files')).toEqual([{ Key: 'stage', Value: 'Test' }]);
    expect(await tagsOf('Prod-Files')).toEqual([{ Key: 'stage', Value: 'Prod' }]);
    for (const operation of ['CreateChangeSet', 'ExecuteChangeSet']) {
      expect(
        sandbox.journal
          .calls(`cloudformation:${operation}`)
          .map(({ principal, outcome }) => [principal, outcome]),
      ).toEqual([
        [DEPLOY_ROLE, 'ok'],
        [DEPLOY_ROLE, 'ok'],
      ]);
    }
  });

  test('deploys without change sets', async () => {
    const assembly = appWith({ useChangeSets: false });
    const execution = await run(await deploy(assembly), assembly);
    expect([execution.status, failureIn(execution)]).toEqual(['Succeeded', undefined]);
    expect(
      (await run(execution.pipeline, appWith({ useChangeSets: false, displayName: 'two' }))).status,
    ).toBe('Succeeded');
    expect(topicIn('Test-Files').properties.DisplayName).toBe('two');
    expect(sandbox.journal.calls('cloudformation:CreateStack')).toHaveLength(2);
    expect(sandbox.journal.calls('cloudformation:UpdateStack')).toHaveLength(2);
  });

  test('gives the outputs of a stack to a later step', async () => {
    const assembly = appWith({
      pipeline: (pipeline, [stage]) => {
        const output = Stack.of(stage.node.findChild('Files')).node.findChild('TopicArn') as CfnOutput;
        pipeline.waves[0].stages[0].addPost(
          new pipelines.ShellStep('Use', { commands: ['true'], envFromCfnOutputs: { TOPIC: output } }),
        );
      },
    });
    const { actions: all, status } = await run(await deploy(assembly), assembly);
    expect(status).toBe('Succeeded');
    const use = all.find(({ action }) => action === 'Use')!;
    expect(JSON.parse(use.configuration!.EnvironmentVariables)).toContainEqual({
      name: 'TOPIC',
      type: 'PLAINTEXT',
      value: topicIn('Test-Files').physicalId,
    });
  });

  test('stops when a stack fails, tells why, and goes on where it is retried', async () => {
    const assembly = appWith();
    const name = await deploy(assembly);
    await run(name, assembly);
    sandbox.cloudFormation.failures.fail({
      target: 'AWS::SNS::Topic',
      on: 'update',
      reason: 'no more topics',
    });
    const changed = appWith({ displayName: 'two' });
    const execution = await run(name, changed);
    expect(execution.status).toBe('Failed');
    expect(failureIn(execution)).toMatchObject({
      stage: 'Test',
      action: 'Deploy',
      error: 'The stack Test-Files is in UPDATE_ROLLBACK_COMPLETE: no more topics',
    });
    expect((await run(name, assembly)).status).toBe('Succeeded'); // the stack is as this assembly has it
    sandbox.cloudFormation.failures.fail({
      target: 'AWS::SNS::Topic',
      on: 'update',
      reason: 'no more topics',
    });
    const { id } = await run(name, changed);
    // what was prepared was used up by the first attempt
    expect(await sandbox.clock.run(sandbox.codePipeline.retry(id, 'Test'))).toMatchObject({
      status: 'Failed',
    });
    expect(
      await sandbox.clock.run(sandbox.codePipeline.retry(id, 'Test', { mode: 'ALL_ACTIONS' })),
    ).toMatchObject({ id, status: 'Succeeded' });
    expect(topicIn('Prod-Files').properties.DisplayName).toBe('two');
  });

  test('cannot deploy what another assembly has, or without one', async () => {
    const name = await deploy(appWith());
    const other = synthesize((stack) => void new sns.CfnTopic(stack, 'Topic'));
    expect(failureIn(await run(name, other))!.error).toMatch(
      /^File \[assembly-Test\/\S+\] does not exist in artifact \[Synth_Output\]$/,
    );
    await expect(run(name)).rejects.toThrow('give `assembly` to start()');
  });

  test('fails where its role may not deploy', async () => {
    const assembly = appWith();
    const name = await deploy(assembly);
    await sandbox.policies.putPolicy(DEPLOY_ROLE, 'default', {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['cloudformation:DescribeStacks', 'cloudformation:CreateChangeSet'],
          Resource: '*',
        },
      ],
    });
    expect(failureIn(await run(name, assembly))).toMatchObject({
      action: 'Prepare',
      error: expect.stringContaining('not authorized to perform: iam:PassRole'),
    });
    await sandbox.policies.putPolicy(DEPLOY_ROLE, 'default', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['cloudformation:DescribeStacks', 'iam:PassRole'], Resource: '*' },
      ],
    });
    expect(failureIn(await run(name, assembly))!.error).toMatch(
      new RegExp(
        /cloudformation:CreateChangeSet on resource: /.source +
          /arn:aws:cloudformation:us-east-1:123456789012:stack\/Test-Files\/\*/.source,
      ),
    );
    expect(() => sandbox.cloudFormation.stack('Test-Files')).toThrow('does not exist');
  });
});

describe('an app with a pipeline of its own', () => {
  interface Options {
    props?: codepipeline.PipelineProps;
    more?: (source: codepipeline.Artifact) => codepipeline.StageProps[];
  }

  const build = (scope: Stack, { props = {}, more = () => [] }: Options = {}) => {
    const source = new codepipeline.Artifact();
    const repository = new codecommit.Repository(scope, 'Repository', { repositoryName: 'files' });
    const project = new codebuild.PipelineProject(scope, 'Project');
    return new codepipeline.Pipeline(scope, 'Main', {
      ...props,
      stages: [
        {
          stageName: 'Source',
          actions: [new actions.CodeCommitSourceAction({ actionName: 'Source', repository, output: source })],
        },
        {
          stageName: 'Build',
          actions: [new actions.CodeBuildAction({ actionName: 'Build', project, input: source })],
        },
        ...more(source),
      ],
    });
  };

  test('runs a state machine and asks a function, with the permissions that CDK gives', async () => {
    const name = await deploy(
      synthesize((scope) => {
        const stateMachine = new sfn.StateMachine(scope, 'Machine', {
          definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(scope, 'Pass')),
        });
        const executionId = codepipeline.GlobalVariables.executionId;
        const start = new actions.StepFunctionInvokeAction({
          actionName: 'Run',
          stateMachine,
          stateMachineInput: actions.StateMachineInput.literal({ run: executionId }),
        });
        const ask = new actions.LambdaInvokeAction({
          actionName: 'Ask',
          lambda: fn(scope, REPORT),
          userParametersString: executionId,
          runOrder: 2,
        });
        const project = new codebuild.PipelineProject(scope, 'Using');
        const environmentVariables = { GIVEN: { value: ask.variable('Given') } };
        build(scope, {
          props: { crossAccountKeys: true },
          more: (input) => {
            const use = new actions.CodeBuildAction({
              actionName: 'Use',
              project,
              input,
              runOrder: 3,
              environmentVariables,
            });
            return [{ stageName: 'Backup', actions: [start, ask, use] }];
          },
        });
      }),
    );
    const execution = await run(name);
    expect([execution.status, failureIn(execution)]).toEqual(['Succeeded', undefined]);
    const [, , , ask, use] = execution.actions;
    expect(ask.variables).toEqual({ Given: execution.id });
    expect(JSON.parse(use.configuration!.EnvironmentVariables)).toEqual([
      { name: 'GIVEN', type: 'PLAINTEXT', value: execution.id },
    ]);
    expect(sandbox.journal.calls('codepipeline:PutJobSuccessResult')).toMatchObject([{ outcome: 'ok' }]);
    expect([...sandbox.stepFunctions.executions.values()]).toMatchObject([
      { status: 'SUCCEEDED', output: `{"run":"${execution.id}"}` },
    ]);
  });

  test('deploys a stack with parameters', async () => {
    const assembly = synthesize((scope, app) => {
      const stack = new Stack(app, 'Files', { env: ENV });
      const parameter = new CfnParameter(stack, 'Name');
      new sns.CfnTopic(stack, 'Topic', { displayName: parameter.valueAsString });
      build(scope, {
        more: (source) => [
          {
            stageName: 'Deploy',
            actions: [
              new actions.CloudFormationCreateUpdateStackAction({
                actionName: 'Deploy',
                stackName: 'Renamed',
                templatePath: source.atPath('Files.template.json'),
                adminPermissions: true,
                parameterOverrides: { Name: 'given' },
              }),
            ],
          },
        ],
      });
    });
    const execution = await run(await deploy(assembly), assembly);
    expect([execution.status, failureIn(execution)]).toEqual(['Succeeded', undefined]);
    expect(Object.values(sandbox.cloudFormation.stack('Renamed').resources)[0].properties).toEqual({
      DisplayName: 'given',
    });
  });

  test('counts the versions of its pipeline, replaces it with its name, and deletes it', async () => {
    const version = () => pipelineResource().attributes.Version;
    const named = (pipelineName: string, stageName: string) =>
      synthesize((scope) => {
        const project = new codebuild.PipelineProject(scope, 'Another');
        build(scope, {
          props: { pipelineName },
          more: (input) => [
            { stageName, actions: [new actions.CodeBuildAction({ actionName: 'Build', project, input })] },
          ],
        });
      });
    expect([await deploy(named('one', 'A')), version()]).toEqual(['one', '1']);
    expect([await deploy(named('one', 'B')), version()]).toEqual(['one', '2']);
    expect((await run('one')).actions.map(({ stage }) => stage)).toEqual(['Source', 'Build', 'B']);
    expect([await deploy(named('two', 'B')), version()]).toEqual(['two', '1']);
    await expect(run('one')).rejects.toMatchObject({ code: 'PipelineNotFoundException' });
    await sandbox.destroy('Pipeline');
    await expect(run('two')).rejects.toMatchObject({ code: 'PipelineNotFoundException' });
  });

  const refusalOf = async (assembly: string) => {
    const { Pipeline } = await sandbox.deploy(assembly);
    expect(Pipeline.status).toBe('ROLLBACK_COMPLETE');
    return Pipeline.events.find(
      ({ status, type }) => status === 'CREATE_FAILED' && type === 'AWS::CodePipeline::Pipeline',
    )!.reason;
  };

  test('is refused when its role does not trust CodePipeline', async () => {
    const reason = await refusalOf(
      synthesize((scope) => {
        build(scope, {
          props: {
            role: new iam.Role(scope, 'Wrong', {
              assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com'),
            }),
          },
        });
      }),
    );
    expect(reason).toMatch(
      new RegExp(
        /CodePipeline is not authorized to perform AssumeRole on role /.source +
          /arn:aws:iam::123456789012:role\/Pipeline-Wrong/.source,
      ),
    );
  });

  test('is refused when a value is too long once it is resolved, or a type is not served', async () => {
    const withAction = (action: (scope: Stack) => codepipeline.IAction) =>
      synthesize(
        (scope) => void build(scope, { more: () => [{ stageName: 'Last', actions: [action(scope)] }] }),
      );
    const long = withAction((scope) => {
      const topic = new sns.CfnTopic(scope, 'Topic');
      return new actions.LambdaInvokeAction({
        actionName: 'Ask',
        lambda: fn(scope, REPORT),
        userParametersString: `${'x'.repeat(980)} ${topic.ref}`,
      });
    });
    expect(await refusalOf(long)).toContain('pipeline.stages.3.member.actions.1.member.configuration');
    expect(
      await refusalOf(withAction(() => new actions.ManualApprovalAction({ actionName: 'Approve' }))),
    ).toContain('the sandbox does not serve the type Approval/AWS/Manual/1 of action Approve');
  });
});

test('types that are only there have the names and attributes that a template asks for', async () => {
  const { Pipeline } = await sandbox.deploy(
    synthesize((scope) => {
      const resource = (type: string, properties: object, ...attributes: string[]) => {
        const id = type.split('::').slice(1).join('');
        const made = new CfnResource(scope, id, { type, properties: properties as any });
        new CfnOutput(scope, `${id}Ref`, { value: made.ref });
        for (const attribute of attributes) {
          new CfnOutput(scope, `${id}${attribute}`, { value: made.getAtt(attribute).toString() });
        }
      };
      resource('AWS::S3::Bucket', { BucketName: 'files' }, 'Arn', 'DomainName', 'RegionalDomainName');
      resource('AWS::CodeBuild::Project', { Name: 'build' }, 'Arn');
      resource('AWS::CodeCommit::Repository', { RepositoryName: 'code' }, 'Arn', 'Name');
      resource('AWS::Events::Rule', { Name: 'nightly' }, 'Arn');
      resource('AWS::CodeStarConnections::Connection', { ConnectionName: 'c' }, 'ConnectionArn');
    }),
  );
  expect(Pipeline.outputs).toMatchObject({
    S3BucketRef: 'files',
    S3BucketArn: 'arn:aws:s3:::files',
    S3BucketDomainName: 'files.s3.amazonaws.com',
    S3BucketRegionalDomainName: 'files.s3.us-east-1.amazonaws.com',
    CodeBuildProjectRef: 'build',
    CodeBuildProjectArn: 'arn:aws:codebuild:us-east-1:123456789012:project/build',
    CodeCommitRepositoryArn: 'arn:aws:codecommit:us-east-1:123456789012:code',
    CodeCommitRepositoryName: 'code',
    EventsRuleRef: 'nightly',
    EventsRuleArn: 'arn:aws:events:us-east-1:123456789012:rule/nightly',
    CodeStarConnectionsConnectionRef: expect.stringMatching(
      /^arn:aws:codestar-connections:us-east-1:123456789012:connection\/[0-9a-f-]{36}$/,
    ),
  });
  expect(Pipeline.outputs.CodeStarConnectionsConnectionConnectionArn).toBe(
    Pipeline.outputs.CodeStarConnectionsConnectionRef,
  );
});
