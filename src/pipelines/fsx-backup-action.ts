import { Duration } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Action, StateMachineInput, StepFunctionInvokeAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Construct } from 'constructs';
import { BackupSource } from '../backup-source';
import { FsxBackupProvider } from '../fsx-backup-provider';
import { IFsxBackupProvider } from '../fsx-backup-provider-props';
import { checkPipelineBackup, providerFor, runInput, variableProblems } from './pipeline-run';
import { checkMember, checkProps, checkRole } from '../private/type-checks';

/**
 * When a source is missing from its stack.
 */
export enum WhenMissing {
  /** The backup fails, and the pipeline stops. */
  FAIL = 'FAIL',

  /** No backup is taken, its id is `none`, and the pipeline goes on. */
  SKIP = 'SKIP',
}

/**
 * Options of a backup that a pipeline takes.
 */
export interface FsxPipelineBackupProps {
  /**
   * What to back up.
   *
   * Name a file system or volume that a stage of the pipeline deploys by `BackupSource.fromDeployed`. When
   * the backup is taken, the stack is asked for it. If the stack is not there yet, there is nothing to back
   * up: the backup's id is `none`, and the pipeline goes on.
   */
  readonly source: BackupSource;

  /**
   * The name of the backup, shown in the console: its tag `Name`.
   *
   * At most 256 letters, digits, spaces and `_.:/=+-@`, and variables of the pipeline as in `tags`.
   *
   * @default - account, Region, stack, pipeline, stage and action, and the time
   */
  readonly backupName?: string;

  /**
   * Tags of the backup. At most 44 with `Name`, and together with the other options they must fit the 1000
   * characters that CodePipeline allows for the input.
   *
   * Values may hold two variables of the pipeline: `codepipeline.GlobalVariables.executionId`, and the
   * `CommitId` of a source action of this pipeline. Others are refused: CodePipeline writes their text into
   * the input as it is, and a commit message could change the input.
   *
   * @default - none but `Name` and those that say whose backup it is
   */
  readonly tags?: { [key: string]: string };

  /**
   * How long the backup may take, from one minute to seven days, in whole seconds.
   *
   * A backup that is not finished in time goes on. If the action is retried, it waits until that backup is
   * finished, and then takes another one.
   *
   * @default Duration.hours(12)
   */
  readonly timeout?: Duration;

  /**
   * What becomes of the pipeline if the stack of a source from `BackupSource.fromDeployed` is there, but does
   * not have the source.
   *
   * If the stack is not there at all, the pipeline goes on.
   *
   * @default WhenMissing.FAIL
   */
  readonly whenMissing?: WhenMissing;

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
   * If this app defines it in another account or Region, its state machine gets a name of its own, and is
   * replaced if it is deployed already.
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
 * Each attempt takes a backup of its own: a retried action waits until a backup that is still running is
 * finished, and then takes another one. A backup that fails, or is not finished in time, stops the pipeline.
 * Later actions find the attributes of the backup in the artifact `output`. Not available in the China
 * Regions, where CodePipeline has no Step Functions action.
 *
 * @example
 * const source = BackupSource.fromDeployed(cfnFileSystem);
 * stage.addAction(new FsxBackupAction({ actionName: 'Backup', source }));
 */
export class FsxBackupAction extends Action {
  private readonly props: FsxBackupActionProps;
  private readonly timeout: number;

  /**
   * @throws if an option is out of its range
   */
  constructor(props: FsxBackupActionProps) {
    checkProps('an FsxBackupAction', props);
    const what = `action "${props.actionName}"`;
    const timeout = checkPipelineBackup(what, props);
    checkRole(what, props.role);
    checkMember(`the output of ${what}`, props.output, 'artifactName', 'a codepipeline.Artifact');
    super({
      actionName: props.actionName,
      runOrder: props.runOrder,
      variablesNamespace: props.variablesNamespace,
      role: props.role,
      resource: props.provider?.stateMachine,
      category: codepipeline.ActionCategory.INVOKE,
      provider: 'StepFunctions',
      artifactBounds: { minInputs: 0, maxInputs: 0, minOutputs: 0, maxOutputs: 1 },
      outputs: props.output && [props.output],
    });
    this.props = props;
    this.timeout = timeout;
  }

  protected bound(
    scope: Construct,
    stage: codepipeline.IStage,
    options: codepipeline.ActionBindOptions,
  ): codepipeline.ActionConfig {
    const { actionName, output } = this.props;
    const provider = providerFor(scope, this.props);
    if (provider instanceof FsxBackupProvider) provider._allowKey(options.role);
    scope.node.addValidation({ validate: () => variableProblems(scope, stage.pipeline, this.props) });
    return new StepFunctionInvokeAction({
      actionName,
      stateMachine: provider.stateMachine,
      stateMachineInput: StateMachineInput.literal(runInput(scope, this.props, this.timeout)),
      output,
    }).bind(scope, stage, options);
  }
}
