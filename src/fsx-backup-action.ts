import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import {
  Action,
  LambdaInvokeAction,
  StateMachineInput,
  StepFunctionInvokeAction,
} from 'aws-cdk-lib/aws-codepipeline-actions';
import { Construct } from 'constructs';
import { BackupSource } from './backup-source';
import { WaitUntil } from './fsx-backup';
import { FsxBackupProvider, IFsxBackupProvider } from './fsx-backup-provider';
import { outermost } from './private/awaited';
import type { ExecutionInput } from './private/contract';
import { checkPipelineBackup, differ, providerFor } from './private/execution';
import { namespaceFor, variable, type VariableName } from './private/pipeline-variable';
import { hashOf } from './private/resource-hash';
import { withTagCharacters } from './private/tag-checks';

/**
 * What a backup that a pipeline takes is like.
 */
export interface FsxPipelineBackupProps {
  /**
   * What to back up.
   *
   * A file system or volume that a stage of the pipeline deploys is named by `BackupSource.fromDeployed`: it
   * is looked up when the backup is taken, by the name of its stack and its logical id, so the first time
   * there is nothing to back up yet, and the pipeline goes on.
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
   * Tags of the backup. At most 46, and together with the other options they must fit the 1000 characters
   * that CodePipeline allows for the input.
   *
   * Variables of the pipeline may be used whose values have no quotes and line breaks, such as
   * `codepipeline.GlobalVariables.executionId`: CodePipeline puts them in as they are.
   *
   * @default - none but `Name` and those that say whose backup it is
   */
  readonly tags?: { [key: string]: string };

  /**
   * How long the backup may take, from one minute to seven days, in whole seconds.
   *
   * The last five minutes of seven days are kept for the answer. A backup that is not finished in time goes
   * on; retry the action, and it is taken up.
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
   * How many backups of this action are kept: when another one is AVAILABLE, older ones are deleted, before
   * the pipeline goes on.
   *
   * Keep at least two: with one, the backup from before a release that went wrong is deleted when the next
   * release begins.
   *
   * @default - all
   */
  readonly keepLast?: number;

  /**
   * The engine that takes the backup, in the account and Region of the source: that of a stack which is
   * deployed before the pipeline, or an imported one.
   *
   * Where this app defines it in another account or Region, its state machine gets a name of its own, and so
   * is replaced if it is deployed already.
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
   * An artifact that receives the attributes of the backup, as JSON: `BackupId`, `BackupArn`, and the others
   * of an FsxBackup.
   *
   * @default - none
   */
  readonly output?: codepipeline.Artifact;
}

/**
 * An action of a pipeline that takes a backup and waits for it.
 *
 * There is one backup per execution of the pipeline and action, however often the action is retried. A backup
 * that fails, or is not finished in time, fails the action, and so stops the pipeline. Not available in the
 * China Regions, where CodePipeline has no Step Functions action.
 *
 * Later actions may use `backupId` and `backupArn`. CodePipeline's Step Functions action cannot provide them:
 * where they are used (or `variablesNamespace` is given), a second action, `<name>-Variables`, follows in the
 * next run order.
 */
export class FsxBackupAction extends Action {
  private readonly props: FsxBackupActionProps;
  private readonly timeout: number;
  private hasVariables: boolean;
  private place?: { readonly stage: codepipeline.IStage; readonly provider: IFsxBackupProvider };
  private readonly namespaces: Namespaces;

  constructor(props: FsxBackupActionProps) {
    const namespaces: Namespaces = {};
    super({
      actionName: props.actionName,
      runOrder: props.runOrder,
      role: props.role,
      resource: props.provider?.stateMachine,
      category: codepipeline.ActionCategory.INVOKE,
      provider: 'StepFunctions',
      artifactBounds: { minInputs: 0, maxInputs: 0, minOutputs: 0, maxOutputs: 1 },
      outputs: props.output && [props.output],
      variablesNamespace: Lazy.string({ produce: () => namespaces.ofExecution }),
    });
    this.namespaces = namespaces;
    this.props = props;
    this.timeout = checkPipelineBackup(props);
    this.hasVariables = props.variablesNamespace !== undefined;
  }

  /**
   * The id of the backup, for actions of later run orders and stages; `none` where nothing was deployed yet
   * that could be backed up.
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

  protected bound(
    scope: Construct,
    stage: codepipeline.IStage,
    options: codepipeline.ActionBindOptions,
  ): codepipeline.ActionConfig {
    const { actionName, output, source, keepLast } = this.props;
    const provider = providerFor(scope, source, keepLast !== undefined, this.props.provider);
    this.place = { stage, provider };
    if (provider instanceof FsxBackupProvider) provider._allowKey(options.role);
    this.addVariables();
    const stateMachineInput = StateMachineInput.literal(checkLength(scope, this.input(scope)));
    return new StepFunctionInvokeAction({
      actionName,
      stateMachine: provider.stateMachine,
      stateMachineInput,
      output,
    }).bind(scope, stage, options);
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
  public get _namespace(): string | undefined {
    return this.namespaces.ofBackup;
  }

  /** @internal */
  public _useVariables(): void {
    this.hasVariables = true;
    this.addVariables();
  }

  private variable(name: VariableName): string {
    this._useVariables();
    return variable(name, () => this._namespace);
  }

  /** As soon as it is known that there is a use for them, and where. */
  private addVariables(): void {
    if (!this.hasVariables || !this.place || this._namespace !== undefined) return;
    const { stage, provider } = this.place;
    const { actionName, runOrder = 1, variablesNamespace } = this.props;
    const [here, there] = [stage.pipeline.env, provider.stateMachine.env];
    if (
      !(provider instanceof FsxBackupProvider) ||
      differ(here.account, there.account) ||
      differ(here.region, there.region)
    ) {
      throw new Error(
        `the provider of action "${actionName}" is imported, or in another account or Region than the ` +
          'pipeline, and cannot give backupId and backupArn: leave them out. An FsxBackupAction can write ' +
          'them to an artifact, its `output`',
      );
    }
    if (actionName.length > MAX_ACTION_NAME - VARIABLES.length) {
      throw new Error(
        `action "${actionName}" gives backupId and backupArn by a second one, ` +
          `"${actionName}${VARIABLES}", and CodePipeline allows ${MAX_ACTION_NAME} characters: give it a ` +
          `name of at most ${MAX_ACTION_NAME - VARIABLES.length}`,
      );
    }
    this.namespaces.ofExecution = namespaceFor(stage.stageName, actionName, 'Execution');
    this.namespaces.ofBackup = variablesNamespace ?? namespaceFor(stage.stageName, actionName, 'Backup');
    stage.addAction(
      new LambdaInvokeAction({
        actionName: actionName + VARIABLES,
        runOrder: runOrder + 1,
        lambda: provider._allowReports(),
        userParametersString: `#{${this.namespaces.ofExecution}.ExecutionArn}`,
        variablesNamespace: this.namespaces.ofBackup,
      }),
    );
  }
}

const VARIABLES = '-Variables';
const MAX_ACTION_NAME = 100;

interface Namespaces {
  ofExecution?: string;
  ofBackup?: string;
}

/** Whose backups these are, at most 200 characters. The name of a nested stack is not known. */
function seriesOf(scope: Construct): string {
  const stack = outermost(scope);
  const path = withTagCharacters(scope.node.path.slice(stack.node.path.length + 1));
  const name = `${stack.stackName}/${path}`;
  const short = name.length <= 160 ? name : `${hashOf(name, 8)}-${name.slice(-150)}`;
  return `${stack.account}/${stack.region}/${short}`;
}

const MAX_INPUT = 1000;

/** CodePipeline's limit for a value of an action's configuration. */
function checkLength(scope: Construct, input: ExecutionInput): ExecutionInput {
  const { length } = JSON.stringify(Stack.of(scope).resolve(input));
  if (length <= MAX_INPUT) return input;
  throw new Error(
    `the input of "${scope.node.path}" has about ${length} characters, and CodePipeline allows ` +
      `${MAX_INPUT}: give it fewer or shorter tags, or a shorter backupName`,
  );
}
