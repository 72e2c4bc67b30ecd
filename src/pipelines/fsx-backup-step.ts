import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { FsxBackupAction, FsxPipelineBackupProps } from './fsx-backup-action';
import { checkPipelineBackup } from './pipeline-run';
import { checkRole } from '../private/type-checks';

/**
 * Properties of an FsxBackupStep.
 */
export interface FsxBackupStepProps extends FsxPipelineBackupProps {
  /**
   * The role of the action, in the account of the provider. It must be allowed to run it
   * (`provider.grantRun`), and be assumable by the pipeline's role.
   *
   * @default - a new role; where the provider is in another account, one in a support stack that must be
   * deployed there
   */
  readonly role?: iam.IRole;
}

/**
 * A step of a CDK pipeline that takes a backup and waits for it: before or after a stage or wave (`pre`,
 * `post`), or within a stage, before a stack of it is prepared or deployed, or after it (`stackSteps`).
 *
 * Each attempt takes a backup of its own: a retried step waits until a backup that is still running is
 * finished, and then takes another one. A backup that fails, or is not finished in time, stops the pipeline.
 * CloudFormation's hour does not apply: CodePipeline waits for seven days.
 *
 * The primary output of the step is an artifact with the attributes of the backup, as JSON: `BackupId`,
 * `BackupArn`, and the others of an FsxBackup.
 *
 * @example
 * const source = BackupSource.fromDeployed(cfnFileSystem);
 * pipeline.addStage(production, { pre: [new FsxBackupStep('Backup', { source })] });
 */
export class FsxBackupStep extends pipelines.Step implements pipelines.ICodePipelineActionFactory {
  private readonly props: FsxBackupStepProps;

  /**
   * @param id the name of the action, unique within the stage
   * @throws if an option is out of its range
   */
  constructor(id: string, props: FsxBackupStepProps) {
    super(id);
    const what = `step "${id}"`;
    checkPipelineBackup(what, props);
    checkRole(what, props.role);
    this.props = props;
    this.configurePrimaryOutput(new pipelines.FileSet('Backup', this));
  }

  /**
   * Called by CDK Pipelines.
   *
   * @throws if the step is in two places, before the first of which only it would take its backup
   */
  public produceAction(
    stage: codepipeline.IStage,
    options: pipelines.ProduceActionOptions,
  ): pipelines.CodePipelineActionFactoryResult {
    const places = placesOf(this, options.pipeline);
    if (places.length > 1) {
      throw new Error(
        `step "${this.id}" is in ${places.map((place) => `"${place}"`).join(' and ')}, and would take ` +
          'its backup before the first only: define a step for each',
      );
    }
    const { actionName, runOrder, variablesNamespace } = options;
    const output = options.artifacts.toCodePipeline(this.primaryOutput!);
    stage.addAction(new FsxBackupAction({ ...this.props, actionName, runOrder, variablesNamespace, output }));
    return { runOrdersConsumed: 1 };
  }
}

/** Where in the pipeline the step is. CDK Pipelines takes it once, wherever it comes first. */
function placesOf(step: pipelines.Step, pipeline: pipelines.CodePipeline): string[] {
  return pipeline.waves.flatMap((wave) => [
    ...([...wave.pre, ...wave.post].includes(step) ? [wave.id] : []),
    ...wave.stages.flatMap(({ stageName, pre, post, stacks }) => [
      ...([...pre, ...post].includes(step) ? [stageName] : []),
      ...stacks.flatMap((stack) =>
        [stack.pre, stack.changeSet, stack.post]
          .filter((steps) => steps.includes(step))
          .map(() => `${stageName}/${stack.stackName}`),
      ),
    ]),
  ]);
}
