import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IConstruct } from 'constructs';

/**
 * An engine that takes backups: an `FsxBackupProvider`, or one that is deployed already.
 */
export interface IFsxBackupProvider extends IConstruct {
  /**
   * The state machine that takes a backup and waits for it, for those who want one without CloudFormation.
   * docs/pipelines.md in the repository documents the input of its executions.
   */
  readonly stateMachine: sfn.IStateMachine;
}

/**
 * Properties of an FsxBackupProvider.
 */
export interface FsxBackupProviderProps {
  /**
   * The execution role of the Lambda function.
   *
   * The provider adds what it needs in a policy of its own, unless the role must not be changed
   * (`withoutPolicyUpdates`): then it must have the permissions already. The role must be assumable by
   * `lambda.amazonaws.com`, and with `vpc` it must be allowed to manage network interfaces
   * (`service-role/AWSLambdaVPCAccessExecutionRole`).
   *
   * @default - a role with just the permissions that the backups of this provider need
   */
  readonly role?: iam.IRole;

  /**
   * The VPC to run the Lambda function in.
   *
   * The function must reach the endpoints of FSx, CloudFormation and Step Functions, and Amazon S3 for its
   * answer to CloudFormation: through a NAT gateway, or through VPC endpoints. If the stack itself defines
   * the endpoints, let the provider depend on them (`provider.node.addDependency(endpoint)`), so that they
   * are still there when backups are deleted.
   *
   * @default - the function runs outside of your VPCs
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of `vpc` to run the Lambda function in.
   *
   * @default - the VPC's default strategy: private subnets if there are some
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of the Lambda function. It needs outbound HTTPS only.
   *
   * @default - with `vpc`, a new security group that allows all outbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * The log group of the Lambda function.
   *
   * @default - a log group that keeps its events for one month and outlives the stack, since backups
   * outlive it, too
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * A symmetric key that encrypts the data of the state machines, the function's environment, and the log
   * group unless you bring your own.
   *
   * The provider grants its roles the use of the key. The policy of an imported key must let CloudWatch Logs
   * use it.
   *
   * @default - keys owned by AWS
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * Who is told of a backup that failed.
 */
export interface FsxBackupFailureOptions {
  /**
   * Where the event goes: a topic, a queue, a function.
   *
   * It gets `status`, `name`, `executionArn`, `startDate` and `stopDate` of the execution, whatever input it
   * was given; the name begins with the logical id of the backup's resource. The dates are milliseconds since
   * 1970. Not a log group, which wants another form.
   */
  readonly target: events.IRuleTarget;
}
