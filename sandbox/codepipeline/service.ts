import type { VirtualClock } from '../clock';
import type { CloudFormation } from '../cloudformation/engine';
import { Identities } from '../cloudformation/identities';
import type { Place } from '../cloudformation/world';
import { type AwsApi, AwsError } from '../endpoint';
import type { Authorizer } from '../iam';
import type { Journal } from '../journal';
import type { LambdaRuntime } from '../lambda/runtime';
import type { StepFunctions } from '../step-functions';
import { ActionFailure, callerAs, type Play, resolved, type Result } from './action';
import { type Action, declarationOf, type Pipeline, type Provider, type Stage } from './declaration';
import { functionAction } from './function-action';
import { stackAction } from './stack-action';
import { stateMachineAction } from './state-machine-action';

type Status = 'InProgress' | 'Succeeded' | 'Failed';

export interface PipelineExecution {
  readonly id: string;
  readonly pipeline: string;
  status: Status;
  /** in the order in which they began; an action that is retried is there again */
  readonly actions: ActionExecution[];
}

export interface ActionExecution {
  readonly stage: string;
  readonly action: string;
  readonly actionExecutionId: string;
  status: Status;
  error?: string;
  /** its configuration, variables resolved */
  configuration?: Record<string, string>;
  /** what it has given to later actions */
  variables: Record<string, string>;
  /** of a Step Functions action: what is in its output artifact */
  output?: string;
}

/** What only the service knows of an execution. */
interface Run {
  execution: PipelineExecution;
  pipeline: Pipeline;
  assembly?: string;
  namespaces: Map<string, Record<string, string>>;
  done: Set<Action>;
  failed?: Stage;
}

/** AWS CodePipeline: pipelines whose executions are started by hand. */
export class CodePipeline {
  readonly api: AwsApi;
  private readonly identities = new Identities('codepipeline');
  private readonly pipelines = new Map<string, Pipeline>();
  /** by the id of the execution, oldest first */
  private readonly runs = new Map<string, Run>();
  private readonly plays: Record<Provider, Play | undefined>;

  constructor(
    private readonly sandbox: Place & {
      clock: VirtualClock;
      journal: Journal;
      authorizer: Authorizer;
      lambda: Pick<LambdaRuntime, 'invokeAsync'>;
      stepFunctions: Pick<StepFunctions, 'api'>;
      /** asked late: CloudFormation makes pipelines, and pipelines deploy with it */
      cloudFormation: () => CloudFormation;
    },
  ) {
    const { api, play } = functionAction({ ...sandbox, uuid: () => this.identities.uuid() });
    this.api = api;
    this.plays = {
      'StepFunctions': stateMachineAction(sandbox),
      'Lambda': play,
      'CloudFormation': stackAction(sandbox),
      'not played': undefined,
    };
  }

  /** Define a pipeline by the properties of its resource, or replace it. */
  putPipeline(name: string, properties: any): void {
    this.pipelines.set(name, declarationOf(name, properties, this.sandbox.region));
  }

  deletePipeline(name: string): void {
    this.pipelines.delete(name);
  }

  /** An execution, also while it goes on. */
  execution(id: string): PipelineExecution {
    return this.runOf(id).execution;
  }

  /**
   * Run a pipeline to its end. An execution that fails is an outcome, not an exception.
   *
   * @param options `assembly`: the directory of a cloud assembly, which stands for every artifact
   */
  async start(pipelineName: string, options: { assembly?: string } = {}): Promise<PipelineExecution> {
    const pipeline = this.pipelines.get(pipelineName);
    if (!pipeline) {
      throw new AwsError(
        'PipelineNotFoundException',
        `The account does not have a pipeline with the name '${pipelineName}'`,
      );
    }
    this.assertIdle(pipeline);
    const execution: PipelineExecution = {
      id: this.identities.uuid(),
      pipeline: pipelineName,
      status: 'InProgress',
      actions: [],
    };
    const namespaces = new Map([['codepipeline', { PipelineExecutionId: execution.id }]]);
    const run: Run = { execution, pipeline, namespaces, done: new Set(), ...options };
    this.runs.set(execution.id, run);
    return this.goOn(run, pipeline.stages);
  }

  /**
   * Run the stage that has failed again, all of it or what has failed and comes after that, and go on from
   * there: the same execution.
   */
  async retry(
    executionId: string,
    stageName: string,
    { mode = 'FAILED_ACTIONS' }: { mode?: 'FAILED_ACTIONS' | 'ALL_ACTIONS' } = {},
  ): Promise<PipelineExecution> {
    const run = this.runOf(executionId);
    const { pipeline, failed, done } = run;
    const index = pipeline.stages.findIndex(({ name }) => name === stageName);
    if (index < 0) {
      throw new AwsError('StageNotFoundException', `The pipeline ${pipeline.name} has no stage ${stageName}`);
    }
    if (failed !== pipeline.stages[index] || this.pipelines.get(pipeline.name) !== pipeline) {
      const why =
        'The pipeline structure or stage state might have changed while actions awaited retry, or the ' +
        'stage contains no failed actions.';
      throw new AwsError('StageNotRetryableException', `Unable to retry. ${why}`);
    }
    const all = this.runsOf(pipeline);
    if (
      all
        .slice(all.indexOf(run) + 1)
        .some(({ execution: { actions } }) => actions.some(({ stage }) => stage === stageName))
    ) {
      throw new AwsError(
        'NotLatestPipelineExecutionException',
        `A later execution than ${executionId} has reached the stage ${stageName}`,
      );
    }
    this.assertIdle(pipeline);
    if (mode === 'ALL_ACTIONS') failed.actions.forEach((action) => done.delete(action));
    return this.goOn(run, pipeline.stages.slice(index));
  }

  private async goOn(run: Run, stages: readonly Stage[]): Promise<PipelineExecution> {
    const { execution } = run;
    execution.status = 'InProgress';
    run.failed = undefined;
    for (const stage of stages) {
      if (await this.runStage(run, stage)) continue;
      run.failed = stage;
      execution.status = 'Failed';
      return execution;
    }
    execution.status = 'Succeeded';
    return execution;
  }

  /** The actions of one run order in parallel, those of the next when all of them have succeeded. */
  private async runStage(run: Run, stage: Stage): Promise<boolean> {
    const left = stage.actions.filter((action) => !run.done.has(action));
    for (const order of [...new Set(left.map(({ runOrder }) => runOrder))].sort(
      (one, other) => one - other,
    )) {
      const succeeded = await Promise.all(
        left.filter(({ runOrder }) => runOrder === order).map((action) => this.runAction(run, stage, action)),
      );
      if (succeeded.includes(false)) return false;
    }
    return true;
  }

  private async runAction(run: Run, stage: Stage, action: Action): Promise<boolean> {
    const { execution, namespaces, done } = run;
    const names = { stage: stage.name, action: action.name };
    const record: ActionExecution = {
      ...names,
      actionExecutionId: this.identities.uuid(),
      status: 'InProgress',
      variables: {},
    };
    execution.actions.push(record);
    const tell = (change: Partial<ActionExecution> & { status: Status }) => {
      Object.assign(record, change);
      const { status, error } = record;
      this.sandbox.journal.add({
        kind: 'action',
        pipeline: execution.pipeline,
        execution: execution.id,
        ...names,
        status,
        ...(error !== undefined && { error }),
      });
    };
    tell({ status: 'InProgress' });
    try {
      record.configuration = resolved(action.configuration, namespaces);
      const { variables = {}, output } = await this.play(run, action, record);
      done.add(action);
      if (action.namespace !== undefined) namespaces.set(action.namespace, variables);
      tell({ status: 'Succeeded', variables, ...(action.hasOutput && output !== undefined && { output }) });
      return true;
    } catch (error) {
      // anything else is a defect, or not served, and must not pass for an action that failed
      if (!(error instanceof ActionFailure || error instanceof AwsError)) throw error;
      tell({ status: 'Failed', error: error.message });
      return false;
    }
  }

  private async play(
    { pipeline, assembly }: Run,
    action: Action,
    { actionExecutionId: id, configuration }: ActionExecution,
  ): Promise<Result> {
    const play = this.plays[action.provider];
    if (!play) return {};
    const own = callerAs(pipeline.roleArn, this.sandbox);
    const { roleArn = pipeline.roleArn } = action;
    if (roleArn !== pipeline.roleArn) {
      await own.call('sts:AssumeRole', { RoleArn: roleArn }, [{ resource: roleArn }], () => {});
    }
    return play({ id, configuration: configuration!, assembly, caller: callerAs(roleArn, this.sandbox) });
  }

  private assertIdle(pipeline: Pipeline): void {
    const isBusy = this.runsOf(pipeline).some(({ execution }) => execution.status === 'InProgress');
    if (isBusy) {
      throw new Error(
        `the sandbox does not serve two executions of a pipeline at a time, and one of ${pipeline.name} ` +
          'goes on',
      );
    }
  }

  private runsOf({ name }: Pipeline): Run[] {
    return [...this.runs.values()].filter(({ pipeline }) => pipeline.name === name);
  }

  private runOf(executionId: string): Run {
    const run = this.runs.get(executionId);
    if (!run) {
      throw new AwsError(
        'PipelineExecutionNotFoundException',
        `There is no pipeline execution ${executionId}`,
      );
    }
    return run;
  }
}
