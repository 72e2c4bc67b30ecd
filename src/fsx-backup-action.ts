import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Action, LambdaInvokeAction, StateMachineInput, StepFunctionInvokeAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Construct } from 'constructs';
import { BackupSource } from './backup-source';
import { WaitUntil } from './fsx-backup';
import { FsxBackupProvider, IFsxBackupProvider } from './fsx-backup-provider';
import type { ExecutionInput } from './private/contract';
import { checkPipelineBackup, providerFor } from './private/execution';
import { hashOf } from './private/resource-hash';
import { withTagCharacters } from './private/tag-checks';

/**
 * What a backup that a pipeline takes is like.
 */
export interface FsxPipelineBackupProps {
  /**
   * What to back up.
   *
   * A file system or volume that a stage of the pipeline deploys is named by `BackupSource.fromDeployed`: it is looked up when the backup is taken, by the name of its
   * stack and its logical id, so the first time there is nothing to back up yet, and the pipeline goes on.
   */
  readonly source: BackupSource;

  /**
   * The name of the backup, shown in the console: its tag `Name`.
   *
   * At most 256 letters, digits, spaces and `_.:/=+-@`.
   *
   * @default - account, Region, stack, pipeline, stage and action
   */
  readonly backupName?: string;

  /**
   * Tags of the backup. At most 46, and together with the other options they must fit the 1000 characters that CodePipeline allows for the input.
   *
   * @default - none but `Name` and those that say whose backup it is
   */
  readonly tags?: { [key: string]: string };

  /**
   * How long the backup may take, from one minute to seven days, in whole seconds.
   *
   * The last five minutes of seven days are kept for the answer. A backup that is not finished in time goes on; retry the action, and it is taken up.
   *
   * @default Duration.hours(12)
   */
  readonly timeout?: Duration;

  /**
   * What the pipeline waits for.
   *
   * @default WaitUntil.AVAILABLE
   */
  readonly waitUntil?: WaitUntil;

  /**
   * How many backups of this action are kept: when another one is there, older ones are deleted.
   *
   * @default - all
   */
  readonly keepLast?: number;

  /**
   * The engine that takes the backup, in the account and Region of the source: that of a stack which is deployed before the pipeline, or an imported one.
   *
   * @default - one for all backups of the pipeline's stack
   */
  readonly provider?: IFsxBackupProvider;
}

/**
 * Properties of an FsxBackupAction.
 */
export interface FsxBackupActionProps extends FsxPipelineBackupProps, codepipeline.CommonAwsActionProps {
  /**
   * An artifact that receives the attributes of the backup, as JSON: `BackupId`, `BackupArn`, and the others of an FsxBackup.
   *
   * @default - none
   */
  readonly output?: codepipeline.Artifact;
}

/**
 * An action of a pipeline that takes a backup and waits for it.
 *
 * There is one backup per execution of the pipeline and action, however often the action is retried. A backup that fails, or is not finished in time, fails the
 * action, and so stops the pipeline. Not available in the China Regions, where CodePipeline has no Step Functions action.
 *
 * Later actions may use `backupId` and `backupArn`. CodePipeline's Step Functions action cannot provide them: where they are used (or `variablesNamespace` is
 * given), a second action, `<name>-Variables`, follows in the next run order.
 */
export class FsxBackupAction extends Action {
  private readonly props: FsxBackupActionProps;
  private readonly timeout: number;
  private hasVariables: boolean;
  private place?: { readonly stage: codepipeline.IStage; readonly provider: IFsxBackupProvider };
  /** @internal */
  public _namespace?: string;

  constructor(props: FsxBackupActionProps) {
    super({
      actionName: props.actionName,
      runOrder: props.runOrder,
      role: props.role,
      resource: props.provider?.stateMachine,
      category: codepipeline.ActionCategory.INVOKE,
      provider: 'StepFunctions',
      artifactBounds: { minInputs: 0, maxInputs: 0, minOutputs: 0, maxOutputs: 1 },
      outputs: props.output && [props.output],
    });
    this.props = props;
    this.timeout = checkPipelineBackup(props);
    this.hasVariables = props.variablesNamespace !== undefined;
  }

  /**
   * The id of the backup, for actions of later run orders and stages; `none` where nothing was deployed yet that could be backed up.
   */
  public get backupId(): string {
    return this.variable('BackupId');
  }

  /**
   * The ARN of the backup, for actions of later run orders and stages.
   */
  public get backupArn(): string {
    return this.variable('BackupArn');
  }

  /** @internal */
  public get _runOrders(): number {
    return this.hasVariables ? 2 : 1;
  }

  protected bound(scope: Construct, stage: codepipeline.IStage, options: codepipeline.ActionBindOptions): codepipeline.ActionConfig {
    const { actionName, output, source, keepLast } = this.props;
    const provider = providerFor(scope, source, keepLast !== undefined, this.props.provider);
    this.place = { stage, provider };
    this.addVariables();
    const stateMachineInput = StateMachineInput.literal(checkLength(scope, this.input(scope)));
    return new StepFunctionInvokeAction({ actionName, stateMachine: provider.stateMachine, stateMachineInput, output }).bind(scope, stage, options);
  }

  private input(scope: Construct): ExecutionInput {
    const { source, backupName, tags, waitUntil, keepLast } = this.props;
    return {
      source: source._inInput(),
      series: seriesOf(scope),
      run: codepipeline.GlobalVariables.executionId, // the same when the action is retried
      name: backupName,
      tags,
      timeout: this.timeout,
      waitUntil,
      keepLast,
    };
  }

  /** @internal */
  public _useVariables(): void {
    this.hasVariables = true;
    this.addVariables();
  }

  private variable(name: VariableName): string {
    this._useVariables();
    return variable(name, () => this);
  }

  /** As soon as it is known that there is a use for them, and where. */
  private addVariables(): void {
    if (!this.hasVariables || !this.place || this._namespace !== undefined) return;
    const { stage, provider } = this.place;
    const { actionName, runOrder = 1, variablesNamespace } = this.props;
    if (!(provider instanceof FsxBackupProvider)) {
      throw new Error(`action "${actionName}" has an imported provider, which cannot give backupId and backupArn: take \`output\`, an artifact that holds them`);
    }
    this._namespace = variablesNamespace ?? `${stage.stageName}_${actionName}_Backup`.replace(/[^A-Za-z0-9@_-]/g, '_').slice(-100);
    stage.addAction(new LambdaInvokeAction({
      actionName: `${actionName}-Variables`,
      runOrder: runOrder + 1,
      lambda: provider._allowReports(),
      userParametersString: this.variableExpression('ExecutionArn'),
      variablesNamespace: this._namespace,
    }));
  }
}

type VariableName = 'BackupId' | 'BackupArn';

/** In braces from the start: CDK tells by them that it is a variable. */
export function variable(name: VariableName, actionOf: () => FsxBackupAction | undefined): string {
  const produce = () => {
    const namespace = actionOf()?._namespace;
    if (namespace !== undefined) return namespace;
    throw new Error(`${name} of a backup is used, and its action or step was never added to a pipeline`);
  };
  return `#{${Lazy.string({ produce })}.${name}}`;
}

/** Whose backups these are, at most 200 characters. */
function seriesOf(scope: Construct): string {
  const stack = Stack.of(scope);
  const path = withTagCharacters(scope.node.path.slice(stack.node.path.length + 1));
  const name = `${stack.stackName}/${path}`;
  return `${stack.account}/${stack.region}/${name.length <= 160 ? name : `${hashOf(name, 8)}-${name.slice(-150)}`}`;
}

const MAX_INPUT = 1000;

/** CodePipeline's limit for a value of an action's configuration. */
function checkLength(scope: Construct, input: ExecutionInput): ExecutionInput {
  const { length } = JSON.stringify(Stack.of(scope).resolve(input));
  if (length <= MAX_INPUT) return input;
  throw new Error(`the input of "${scope.node.path}" has about ${length} characters, and CodePipeline allows ${MAX_INPUT}: give it fewer or shorter tags, or a shorter backupName`);
}
