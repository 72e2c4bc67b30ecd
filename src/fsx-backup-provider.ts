import { CfnResource, Lazy, PhysicalName, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { BackupSource } from './backup-source';
import {
  FsxBackupFailureOptions,
  FsxBackupProviderProps,
  IFsxBackupProvider,
} from './fsx-backup-provider-props';
import { checkClass, checkCopy, recognizable } from './private/copies';
import { defineFunction, defineFunctionRole, defineLogGroup, defineStateMachine } from './private/engine';
import { checkOrder, Served } from './private/execution-order';
import { metricOfFailed, ruleOfFailed } from './private/failures';
import * as permissions from './private/handler-permissions';
import { HandlerPolicies } from './private/handler-policies';
import { hashOf } from './private/hash';
import { ImportedProvider } from './private/imported-provider';
import { injected } from './private/injection';
import { markAsOwn } from './private/own';
import { checkPlace } from './private/source-checks';
import { checkProviderProps, checkTarget } from './private/type-checks';

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
 *
 * @example
 * const provider = new FsxBackupProvider(this, 'Provider', { vpc });
 * new FsxBackup(this, 'Backup', { source: BackupSource.of(fileSystem), provider });
 */
export class FsxBackupProvider extends Construct implements IFsxBackupProvider, iam.IGrantable {
  /** Names the class to property injectors of aws-cdk-lib 2.196 and later, which give it defaults. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-fsx-backup.FsxBackupProvider';

  /**
   * A provider that another app has defined, in this or another account or Region. It must allow the source
   * (`allowBackupsOf`), and `allowPruning` if `keepLast` is used.
   *
   * @param stateMachineArn the ARN of its `stateMachine`
   * @throws if it is not the ARN of a state machine
   */
  public static fromStateMachineArn(
    scope: Construct,
    id: string,
    stateMachineArn: string,
  ): IFsxBackupProvider {
    return new ImportedProvider(scope, id, stateMachineArn);
  }

  /**
   * The provider that all backups of a stack share which name none; if there is none yet, a new one.
   *
   * @param scope in the stack
   * @throws if another copy of the library has defined it
   */
  public static defaultFor(scope: Construct): FsxBackupProvider {
    const [stack, id] = [Stack.of(scope), 'FsxBackupDefaultProvider'];
    const shared = stack.node.tryFindChild(id) as FsxBackupProvider | undefined;
    checkCopy(`the provider of "${scope.node.path}"`, shared, 'FsxBackupProvider');
    return shared ?? new FsxBackupProvider(stack, id);
  }

  /**
   * The provider that a backup names, or the one that all backups of its stack share.
   *
   * @internal
   */
  public static _for(backup: Construct, named: FsxBackupProvider | undefined): FsxBackupProvider {
    const stack = Stack.of(backup);
    const what = `the provider of "${backup.node.path}"`;
    if (named !== undefined) checkClass(what, named, 'FsxBackupProvider', 'an FsxBackupProvider');
    if (named && Stack.of(named) !== stack) {
      throw new Error(
        `provider "${named.node.path}" is not in the stack of backup "${backup.node.path}": a provider ` +
          `serves the stack in which it is defined, so define one in "${stack.node.path}"`,
      );
    }
    return named ?? FsxBackupProvider.defaultFor(backup);
  }

  /** The Lambda function's role, as principal of grants. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * What custom resources name: their service token, and the state machine that answers their requests.
   *
   * @internal
   */
  public readonly _engine: { readonly serviceToken: string; readonly stateMachineArn: string };

  /** @internal */
  public readonly _policies: HandlerPolicies;

  private readonly encryptionKey?: kms.IKey;
  private readonly served: Served[] = [];
  private runs?: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: FsxBackupProviderProps = {}) {
    super(scope, id);
    markAsOwn(this);
    props = injected(FsxBackupProvider.PROPERTY_INJECTION_ID, this, props);
    checkProviderProps(`provider "${this.node.path}"`, props);
    this.node.addValidation({ validate: () => checkOrder(Stack.of(this), this.served) });
    const { encryptionKey } = props;
    this.encryptionKey = encryptionKey;
    const role = props.role ?? defineFunctionRole(this, props.vpc !== undefined);
    this.grantPrincipal = role;
    const logGroup = props.logGroup ?? defineLogGroup(this, encryptionKey);
    const { functionArn } = defineFunction(this, props, role, logGroup);
    const name = permissions.REQUESTS_PREFIX + hashOf(this.node.path, 8);
    const { stateMachineArn } = defineStateMachine(this, 'requests', name, functionArn, encryptionKey);
    this._engine = { serviceToken: functionArn, stateMachineArn };
    this._policies = new HandlerPolicies(this, role, props.role !== undefined, [
      permissions.logStatement(logGroup.logGroupArn),
      ...(encryptionKey ? [permissions.keyStatement(encryptionKey.keyArn)] : []),
    ]);
  }

  /**
   * The state machine that pipelines and people start, for backups without CloudFormation. It is defined when
   * it is first used.
   */
  public get stateMachine(): sfn.IStateMachine {
    return this.machineOfRuns();
  }

  /**
   * Let executions of the state machine back up these sources: those that you start by hand or from
   * elsewhere, and those of pipelines that import the provider. Constructs of this app ask for themselves.
   *
   * @param sources of the account and Region of the provider; with `fromDeployed`, any file system (or
   * volume) may be backed up, and their stacks may be asked
   * @throws if one of them is no source, or of another account or Region
   */
  public allowBackupsOf(...sources: BackupSource[]): void {
    this.machineOfRuns();
    for (const source of sources) {
      checkPlace('provider', this, source);
      this.node.addValidation({ validate: () => source._validate(this.node.root) });
      this._policies.allowSource(source);
      if (source._isDeployed) this._policies.allowLookup(source._resource!);
    }
  }

  /** Let executions with `keepLast` delete backups that the provider has taken. */
  public allowPruning(): void {
    this._policies.allowDeletion();
  }

  /**
   * Let somebody take backups of the sources that are allowed: start executions of `stateMachine`, and see
   * how they end.
   *
   * These executions act with the permissions of the function: nothing but backups tagged as this stack's is
   * taken or deleted. They cannot answer CloudFormation.
   *
   * @param grantee for example the role of an action in a pipeline of another account
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    const { stateMachineArn, stateMachineName } = this.machineOfRuns();
    this._allowKey(grantee);
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['states:StartExecution', 'states:DescribeStateMachine'],
      resourceArns: [stateMachineArn],
    }).combine(
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['states:DescribeExecution'],
        resourceArns: [permissions.statesArn(Stack.of(this), 'execution', `${stateMachineName}:*`)],
      }),
    );
  }

  /**
   * How many backups that somebody wanted are not there: executions of the state machines that failed, timed
   * out or were aborted, as AWS itself counts them.
   *
   * An alarm on it costs as much as six metrics. Let it treat missing data as not breaching.
   *
   * @param options default: the sum of five minutes
   *
   * @example
   * provider.metricFailed().createAlarm(this, 'BackupFailed', {
   *   threshold: 1,
   *   evaluationPeriods: 1,
   *   treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
   * });
   */
  public metricFailed(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    // There may be runs later. A metric of what is not there has no data.
    const runs = Lazy.string({ produce: () => this.runs?.stateMachineArn ?? 'no runs' });
    return metricOfFailed([this._engine.stateMachineArn, runs], options);
  }

  /**
   * Tell somebody of each backup that was wanted and is not there, by AWS's own event of its execution. AWS
   * delivers events as well as it can; what must not be missed needs an alarm on `metricFailed`.
   *
   * @param id the construct id of the rule
   * @param options where the event goes
   * @throws if there is no target
   *
   * @example
   * provider.onFailed('Failed', { target: new targets.SnsTopic(topic) });
   */
  public onFailed(id: string, options: FsxBackupFailureOptions): events.IRule {
    const machines = () => [this._engine.stateMachineArn, ...(this.runs ? [this.runs.stateMachineArn] : [])];
    checkTarget(options);
    return ruleOfFailed(this, id, machines, options.target);
  }

  /**
   * Permissions to start an execution, and to see it, if its data are encrypted.
   *
   * @internal
   */
  public _allowKey(grantee: iam.IGrantable): void {
    this.encryptionKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  /**
   * A resource that this provider serves.
   *
   * @internal
   */
  public _serve(resource: CfnResource, source: BackupSource): void {
    this.served.push({ resource, deployed: source._isDeployed ? source._resource : undefined });
  }

  private machineOfRuns(): sfn.StateMachine {
    // it gets a name of its own if a pipeline of another account or Region refers to it
    const name = PhysicalName.GENERATE_IF_NEEDED;
    const { encryptionKey, _engine: engine } = this;
    return (this.runs ??= defineStateMachine(this, 'runs', name, engine.serviceToken, encryptionKey));
  }
}

recognizable(FsxBackupProvider);
