import * as path from 'path';
import {
  ArnFormat,
  Aws,
  CfnResource,
  Duration,
  Names,
  PhysicalName,
  RemovalPolicy,
  Stack,
  Token,
} from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, IConstruct } from 'constructs';
import { BackupSource } from './backup-source';
import { FUNCTION_TIMEOUT, IDENTITY_TAG, TAG_PREFIX } from './private/contract';
import { checkOrder, Served } from './private/execution-order';
import { markAsOwn } from './private/own';
import { ShippedCode } from './private/shipped-code';
import { stateMachineDefinition } from './private/state-machine';

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
   * @default - a role that may do just what the backups of this provider need
   */
  readonly role?: iam.IRole;

  /**
   * The VPC to run the Lambda function in.
   *
   * The function must reach the endpoints of FSx, CloudFormation and Step Functions, and Amazon S3 for its
   * answer to CloudFormation: through a NAT gateway, or through VPC endpoints. Where the stack itself defines
   * the endpoints, let the provider depend on them (`provider.node.addDependency(endpoint)`), so that they
   * are still there when backups are deleted.
   *
   * @default - the function runs outside of your VPCs
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of `vpc` to run the Lambda function in.
   *
   * @default - the VPC's default strategy: private subnets where there are some
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
   * @default - a log group that keeps its events for one month and outlives the stack, since it tells what
   * became of backups that outlive it
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * A symmetric key that encrypts the state machine's data, the function's environment, and the log group
   * unless you bring your own.
   *
   * The provider grants its roles the use of the key. The policy of an imported key must let CloudWatch Logs
   * use it.
   *
   * @default - keys owned by AWS
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * An engine that takes backups: an `FsxBackupProvider`, or one that is deployed already.
 */
export interface IFsxBackupProvider extends IConstruct {
  /**
   * The state machine that takes a backup and waits for it. docs/pipelines.md in the repository documents the
   * input of its executions.
   */
  readonly stateMachine: sfn.IStateMachine;
}

/**
 * The engine that takes backups: one Lambda function, and a state machine that calls it until a backup is
 * finished.
 *
 * Every stack that holds an `FsxBackup` gets one by itself, shared by all backups of the stack. Define one of
 * your own only to bring a role, a VPC, a log group or a key. It serves the stack in which it is defined.
 *
 * CloudFormation refuses to move an existing backup to another provider (`Modifying service token is not
 * allowed`): give the backup another construct id in the same deployment. With the removal policy RETAIN the
 * old backup stays.
 */
export class FsxBackupProvider extends Construct implements IFsxBackupProvider, iam.IGrantable {
  /**
   * A provider that another app has defined, in this or another account or Region. It must allow the source
   * (`allowBackupsOf`), and `allowPruning` where `keepLast` is used.
   *
   * @param stateMachineArn the ARN of its state machine
   * @throws if it is not the ARN of a state machine
   */
  public static fromStateMachineArn(
    scope: Construct,
    id: string,
    stateMachineArn: string,
  ): IFsxBackupProvider {
    if (
      !Token.isUnresolved(stateMachineArn) &&
      !/^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:[^:]+$/.test(stateMachineArn)
    ) {
      throw new Error(
        `"${stateMachineArn}" is not the ARN of a state machine: give that of the other provider's ` +
          '`stateMachine`',
      );
    }
    class Import extends Construct implements IFsxBackupProvider {
      public readonly stateMachine = sfn.StateMachine.fromStateMachineArn(
        this,
        'StateMachine',
        stateMachineArn,
      );
    }
    return new Import(scope, id);
  }

  /**
   * The provider that a backup names, or the one that all backups of its stack share.
   *
   * @internal
   */
  public static _for(backup: Construct, named: FsxBackupProvider | undefined): FsxBackupProvider {
    const stack = Stack.of(backup);
    if (named && Stack.of(named) !== stack) {
      throw new Error(
        `provider "${named.node.path}" is not in the stack of backup "${backup.node.path}": a provider ` +
          `serves the stack in which it is defined, so define one in "${stack.node.path}"`,
      );
    }
    if (named) return named;
    const id = 'FsxBackupDefaultProvider';
    return (stack.node.tryFindChild(id) as FsxBackupProvider | undefined) ?? new FsxBackupProvider(stack, id);
  }

  /** The state machine that waits for backups. */
  public readonly stateMachine: sfn.IStateMachine;

  /** The Lambda function's role, as principal of grants. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * What custom resources name as their service token.
   *
   * @internal
   */
  public readonly _serviceToken: string;

  private readonly role: iam.IRole;
  private readonly isForeignRole: boolean;
  private readonly policy: iam.Policy;
  private readonly creation: iam.PolicyStatement;
  private readonly description: iam.PolicyStatement;
  private readonly ownStack: iam.PolicyStatement;
  private readonly sources = new Map<string, iam.Policy>();
  private readonly served: Served[] = [];
  /** Of other stacks, what they have deployed. */
  private lookups?: iam.PolicyStatement;
  private readonly handler: lambda.Function;
  private readonly stateMachineName: string;
  private readonly encryptionKey?: kms.IKey;

  constructor(scope: Construct, id: string, props: FsxBackupProviderProps = {}) {
    super(scope, id);
    markAsOwn(this);
    this.node.addValidation({ validate: () => checkOrder(Stack.of(this), this.served) });

    this.isForeignRole = props.role !== undefined;
    this.encryptionKey = props.encryptionKey;
    this.role = props.role ?? this.functionRole(props.vpc !== undefined);
    this.grantPrincipal = this.role;
    const logGroup = props.logGroup ?? this.encryptedLogGroup(props.encryptionKey);

    const handler = (this.handler = new lambda.Function(this, 'Function', {
      description: 'Takes Amazon FSx backups for CloudFormation (cdk-fsx-backup)',
      code: new ShippedCode(path.join(__dirname, '..', 'assets', 'lambda', 'handler')),
      handler: 'index.handler',
      // Named without its constant, which is younger than the oldest supported aws-cdk-lib.
      runtime: new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS, { supportsInlineCode: true }),
      memorySize: 256,
      timeout: Duration.seconds(FUNCTION_TIMEOUT),
      role: this.role,
      environment: { STACK_ID: Aws.STACK_ID },
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      environmentEncryption: props.encryptionKey,
    }));
    this._serviceToken = handler.functionArn;

    const stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      // where a pipeline of another account or Region refers to it
      stateMachineName: PhysicalName.GENERATE_IF_NEEDED,
      comment: 'Waits for Amazon FSx backups (cdk-fsx-backup)',
      definitionBody: sfn.DefinitionBody.fromString(
        Stack.of(this).toJsonString(stateMachineDefinition(handler.functionArn, FUNCTION_TIMEOUT)),
      ),
      role: this.stateMachineRole(handler, props.encryptionKey),
      encryptionConfiguration:
        props.encryptionKey && new sfn.CustomerManagedEncryptionConfiguration(props.encryptionKey),
    });
    this.stateMachine = stateMachine;
    this.stateMachineName = stateMachine.stateMachineName;

    this.creation = new iam.PolicyStatement({
      actions: ['fsx:CreateBackup'],
      resources: [this.backupArns()],
      conditions: this.ifTaggedByThisStack('aws:RequestTag'),
    });
    this.description = new iam.PolicyStatement({ actions: ['fsx:DescribeBackups'], resources: ['*'] });
    this.ownStack = new iam.PolicyStatement({
      actions: ['cloudformation:DescribeStacks', 'cloudformation:DescribeStackEvents'],
      resources: [Aws.STACK_ID],
    });
    // Outside of the role's own scope: the function waits for everything in there, and this policy names the
    // state machine.
    this.policy = this.attach('Policy', [
      this.description,
      this.creation,
      ...this.taggingStatements(),
      this.ownStack,
      new iam.PolicyStatement({
        actions: ['states:StartExecution'],
        resources: [stateMachine.stateMachineArn],
      }),
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
      ...(props.encryptionKey
        ? [
            new iam.PolicyStatement({
              actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
              resources: [props.encryptionKey.keyArn],
            }),
          ]
        : []),
    ]);
  }

  /**
   * Allow backups of a source, and say which policies must be there before the backup and until after its
   * deletion.
   *
   * A source of this stack gets a policy of its own: were it named in the policy that all backups wait for,
   * every backup would wait for every source, and a source that is restored from another backup would be a
   * circular dependency.
   *
   * @internal
   */
  public _allowSource(source: BackupSource): iam.Policy[] {
    if (source._isDeployed) this._allowLookup();
    return this.allow(source);
  }

  /**
   * Allow to ask what the stack has deployed under a logical id.
   *
   * @internal
   */
  public _allowLookup(): void {
    this.ownStack.addActions('cloudformation:DescribeStackResource');
  }

  private allow(source: BackupSource): iam.Policy[] {
    this.description.addActions(source._isVolume ? 'fsx:DescribeVolumes' : 'fsx:DescribeFileSystems');
    const arnOf = (sourceId: string) =>
      source._isVolume ? this.volumeArn(sourceId) : this.fileSystemArn(sourceId);
    if (source._isDeployed) {
      this.creation.addResources(arnOf('*')); // to name it would be to depend on it
      return [this.policy];
    }
    const isLocal = source._resource !== undefined && Stack.of(source._resource) === Stack.of(this);
    // one resource may be named by several tokens
    const key = isLocal ? source._resource!.node.addr : arnOf(source._id);
    const policy =
      this.sources.get(key) ??
      this.sourcePolicy(
        arnOf(this.sources.size < MAX_NAMED_SOURCES ? source._id : '*'),
        isLocal ? key : undefined,
      );
    this.sources.set(key, policy);
    return policy === this.policy ? [policy] : [this.policy, policy];
  }

  /**
   * Let executions of the state machine back up these sources: those that you start by hand or from
   * elsewhere, and those of pipelines that import the provider. Constructs of this app ask for themselves.
   *
   * @param sources of the account and Region of the provider; with `fromDeployed`, any file system (or
   * volume) may be backed up, and their stacks may be asked
   */
  public allowBackupsOf(...sources: BackupSource[]): void {
    for (const source of sources) {
      this.node.addValidation({ validate: () => source._validate(this.node.root) });
      this.allow(source);
      if (!source._isDeployed) continue;
      if (!this.lookups) {
        this.policy.addStatements(
          (this.lookups = new iam.PolicyStatement({ actions: ['cloudformation:DescribeStackResource'] })),
        );
      }
      this.lookups.addResources(
        Stack.of(this).formatArn({
          service: 'cloudformation',
          resource: 'stack',
          resourceName: `${Stack.of(source._resource!).stackName}/*`,
        }),
      );
    }
  }

  /**
   * Let executions with `keepLast` delete what the provider has taken.
   */
  public allowPruning(): void {
    this._allowDeletion();
  }

  /**
   * Let somebody take backups of the sources that are allowed: start executions of the state machine, and see
   * how they end.
   *
   * Whoever may start executions acts with the permissions of the function: nothing but backups tagged as
   * this stack's is taken or deleted.
   *
   * @param grantee for example the role of an action in a pipeline of another account
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    const machine = iam.Grant.addToPrincipal({
      grantee,
      actions: ['states:StartExecution', 'states:DescribeStateMachine'],
      resourceArns: [this.stateMachine.stateMachineArn],
    });
    this._allowKey(grantee);
    return machine.combine(
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['states:DescribeExecution'],
        resourceArns: [this.executionArns()],
      }),
    );
  }

  /**
   * What starting an execution, and seeing it, takes where its data are encrypted.
   *
   * @internal
   */
  public _allowKey(grantee: iam.IGrantable): void {
    this.encryptionKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  /**
   * Let the function tell pipelines which backup an execution has taken.
   *
   * @internal
   */
  public _allowReports(): lambda.IFunction {
    if (!this.node.tryFindChild('ReportPolicy')) {
      this.attach('ReportPolicy', [
        new iam.PolicyStatement({ actions: ['states:DescribeExecution'], resources: [this.executionArns()] }),
      ]);
    }
    return this.handler;
  }

  private sourcePolicy(arn: string, address: string | undefined): iam.Policy {
    if (address !== undefined && !arn.endsWith('*')) {
      return this.attach(`Source${address.slice(-8)}`, [
        new iam.PolicyStatement({ actions: ['fsx:CreateBackup'], resources: [arn] }),
      ]);
    }
    this.creation.addResources(arn);
    return this.policy;
  }

  /**
   * Allow backups at deletion. Of all sources, and in a policy of its own that never changes: CloudFormation
   * updates policies first and cleans up last, when a source that was named may have been replaced or
   * removed.
   *
   * @internal
   */
  public _allowFinalBackups(): iam.Policy[] {
    const policy =
      (this.node.tryFindChild('FinalBackupPolicy') as iam.Policy | undefined) ??
      this.attach('FinalBackupPolicy', [
        new iam.PolicyStatement({
          actions: ['fsx:CreateBackup'],
          resources: [this.fileSystemArn('*'), this.volumeArn('*')],
        }),
        new iam.PolicyStatement({
          actions: ['fsx:DescribeFileSystems', 'fsx:DescribeVolumes'],
          resources: ['*'],
        }),
      ]);
    return [this.policy, policy];
  }

  /**
   * A resource that this provider serves.
   *
   * @internal
   */
  public _serve(resource: CfnResource, source: BackupSource): void {
    this.served.push({ resource, deployed: source._isDeployed ? source._resource : undefined });
  }

  /**
   * Allow the deletion of this stack's backups. The policy is a resource of its own, because CloudFormation
   * updates policies first and cleans up last: a statement would be gone by the time the last backup that
   * needs it is deleted.
   *
   * @internal
   */
  public _allowDeletion(): iam.Policy {
    return (
      (this.node.tryFindChild('DeletionPolicy') as iam.Policy | undefined) ??
      this.attach('DeletionPolicy', [
        new iam.PolicyStatement({
          actions: ['fsx:DeleteBackup'],
          resources: [this.backupArns()],
          conditions: this.ifTaggedByThisStack('aws:ResourceTag'),
        }),
      ])
    );
  }

  /** A role that must not be changed (`withoutPolicyUpdates`, or imported as immutable) is left as it is. */
  private attach(id: string, statements: iam.PolicyStatement[]): iam.Policy {
    // Stacks may share a role that is brought along. By CDK's choice of names, the policy of one would
    // replace that of the other.
    const policyName = this.isForeignRole
      ? `${Names.uniqueResourceName(this, { maxLength: 100 })}${id}`
      : undefined;
    const policy = new iam.Policy(this, id, { policyName, statements });
    this.role.attachInlinePolicy(policy);
    return policy;
  }

  /** Tags of this stack's backups may change, but those that say whose they are may not. */
  private taggingStatements(): iam.PolicyStatement[] {
    return [
      new iam.PolicyStatement({
        actions: ['fsx:TagResource'], // of a backup that is being created
        resources: [this.backupArns()],
        conditions: this.ifTaggedByThisStack('aws:RequestTag'),
      }),
      new iam.PolicyStatement({
        actions: ['fsx:TagResource', 'fsx:UntagResource'],
        resources: [this.backupArns()],
        conditions: {
          ...this.ifTaggedByThisStack('aws:ResourceTag'),
          'ForAllValues:StringNotLike': { 'aws:TagKeys': [`${TAG_PREFIX}*`] },
        },
      }),
    ];
  }

  private ifTaggedByThisStack(
    key: 'aws:RequestTag' | 'aws:ResourceTag',
  ): Record<string, Record<string, string>> {
    return { StringEquals: { [`${key}/${IDENTITY_TAG.stackId}`]: Aws.STACK_ID } };
  }

  private fileSystemArn(id: string): string {
    return Stack.of(this).formatArn({ service: 'fsx', resource: 'file-system', resourceName: id });
  }

  /** A volume's ARN names its file system too, and a volume's id does not tell it. */
  private volumeArn(id: string): string {
    return Stack.of(this).formatArn({ service: 'fsx', resource: 'volume/*', resourceName: id });
  }

  private executionArns(): string {
    const resourceName = `${this.stateMachineName}:*`;
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  private backupArns(): string {
    return Stack.of(this).formatArn({ service: 'fsx', resource: 'backup', resourceName: '*' });
  }

  private functionRole(inVpc: boolean): iam.Role {
    return new iam.Role(this, 'Role', {
      description: 'Role of the function that takes Amazon FSx backups (cdk-fsx-backup)',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: inVpc
        ? [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole')]
        : undefined,
    });
  }

  private stateMachineRole(handler: lambda.Function, encryptionKey: kms.IKey | undefined): iam.Role {
    const statements = [
      new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [handler.functionArn] }),
    ];
    // CDK's own grant names the state machine by its physical name, and fits none where CloudFormation
    // chooses the name.
    if (encryptionKey) {
      statements.push(
        new iam.PolicyStatement({
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: [encryptionKey.keyArn],
        }),
      );
    }
    return new iam.Role(this, 'StateMachineRole', {
      description: 'Role of the state machine that waits for Amazon FSx backups (cdk-fsx-backup)',
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com'),
      inlinePolicies: { InvokeFunction: new iam.PolicyDocument({ statements }) },
    });
  }

  private encryptedLogGroup(encryptionKey: kms.IKey | undefined): logs.LogGroup {
    encryptionKey?.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.${Aws.URL_SUFFIX}`)],
        actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': Stack.of(this).formatArn({
              service: 'logs',
              resource: '*',
            }),
          },
        },
      }),
    );
    return new logs.LogGroup(this, 'LogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.RETAIN,
      encryptionKey,
    });
  }
}

/**
 * A role's inline policies may have 10,240 characters together. Beyond this many sources, all of the
 * account's are allowed.
 */
const MAX_NAMED_SOURCES = 30;
