import * as path from 'path';
import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FsxBackupProviderProps } from '../fsx-backup-provider-props';
import { FUNCTION_TIMEOUT } from './contract';
import { invocationStatement, keyStatement } from './handler-permissions';
import { ShippedCode } from './shipped-code';
import { type Machine, stateMachineDefinition } from './state-machine';

/* The resources of a provider. */

export function defineFunction(
  provider: Construct,
  { vpc, vpcSubnets, securityGroups, encryptionKey }: FsxBackupProviderProps,
  role: iam.IRole,
  logGroup: logs.ILogGroup,
): lambda.Function {
  return new lambda.Function(provider, 'Function', {
    description: 'Takes Amazon FSx backups for CloudFormation (cdk-fsx-backup)',
    code: new ShippedCode(path.join(__dirname, '..', '..', 'assets', 'lambda', 'handler')),
    handler: 'index.handler',
    // Named without its constant, which is younger than the oldest supported aws-cdk-lib.
    runtime: new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS, { supportsInlineCode: true }),
    memorySize: 256,
    timeout: Duration.seconds(FUNCTION_TIMEOUT),
    role,
    environment: { STACK_ID: Aws.STACK_ID, URL_SUFFIX: Aws.URL_SUFFIX },
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    vpc,
    vpcSubnets,
    securityGroups,
    environmentEncryption: encryptionKey,
  });
}

export function defineStateMachine(
  provider: Construct,
  machine: Machine,
  stateMachineName: string,
  functionArn: string,
  encryptionKey: kms.IKey | undefined,
): sfn.StateMachine {
  return new sfn.StateMachine(provider, machine === 'requests' ? 'Requests' : 'Runs', {
    stateMachineName,
    comment: 'Waits for Amazon FSx backups (cdk-fsx-backup)',
    definitionBody: sfn.DefinitionBody.fromString(
      Stack.of(provider).toJsonString(stateMachineDefinition(machine, functionArn, FUNCTION_TIMEOUT)),
    ),
    role: stateMachineRole(provider, functionArn, encryptionKey),
    encryptionConfiguration: encryptionKey && new sfn.CustomerManagedEncryptionConfiguration(encryptionKey),
  });
}

function stateMachineRole(provider: Construct, functionArn: string, encryptionKey?: kms.IKey): iam.IRole {
  const id = 'StateMachineRole';
  const statements = [invocationStatement(functionArn)];
  // CDK's own grant names the state machine by its physical name, and fits none if CloudFormation chooses
  // the name.
  if (encryptionKey) statements.push(keyStatement(encryptionKey.keyArn));
  return (
    (provider.node.tryFindChild(id) as iam.Role | undefined) ??
    new iam.Role(provider, id, {
      description: 'Role of the state machines that wait for Amazon FSx backups (cdk-fsx-backup)',
      // https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: { InvokeFunction: new iam.PolicyDocument({ statements }) },
    })
  );
}

export function defineFunctionRole(provider: Construct, inVpc: boolean): iam.Role {
  return new iam.Role(provider, 'Role', {
    description: 'Role of the function that takes Amazon FSx backups (cdk-fsx-backup)',
    // Without aws:SourceAccount: Lambda's documentation does not promise that it sends one.
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: inVpc
      ? [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole')]
      : undefined,
  });
}

export function defineLogGroup(provider: Construct, encryptionKey: kms.IKey | undefined): logs.LogGroup {
  encryptionKey?.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.${Aws.URL_SUFFIX}`)],
      actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': Stack.of(provider).formatArn({
            service: 'logs',
            resource: '*',
          }),
        },
      },
    }),
  );
  return new logs.LogGroup(provider, 'LogGroup', {
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.RETAIN,
    encryptionKey,
  });
}
