import { readable } from './answer';
import type { Effects, End } from './run';
import { kindOf, sayError, sayTrouble } from './trouble';

/** What CodePipeline sends to a function: here, the question which backup an execution has taken. */
export interface PipelineJob {
  readonly 'CodePipeline.job': {
    readonly id: string;
    readonly data: {
      readonly actionConfiguration: { readonly configuration: { readonly UserParameters?: string } };
    };
  };
}

export function isPipelineJob(input: any): input is PipelineJob {
  return typeof input?.['CodePipeline.job']?.id === 'string';
}

/** CodePipeline's own action gives the ARN of its execution as variable, and not its output. */
export async function report(
  { 'CodePipeline.job': { id, data } }: PipelineJob,
  { aws, log }: Effects,
): Promise<End> {
  const given: unknown = data?.actionConfiguration?.configuration?.UserParameters;
  const executionArn = (typeof given === 'string' ? given : (JSON.stringify(given) ?? 'missing')).slice(
    0,
    300,
  );
  try {
    const { BackupId, BackupArn } = await aws.outputOf(executionArn);
    await aws.succeedJob(id, { BackupId, BackupArn });
  } catch (error) {
    log({ job: id, execution: executionArn }).warn('the job did not get through', { error: sayError(error) });
    if (kindOf(error) === 'passing') throw error; // Lambda invokes again
    await aws.failJob(
      id,
      readable(`The backup of execution ${executionArn} could not be told. ${sayTrouble(error)}`),
    );
  }
  return { over: true };
}
