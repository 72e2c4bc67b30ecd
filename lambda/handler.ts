import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import { FSxClient } from '@aws-sdk/client-fsx';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { Aws } from './aws';
import { deliver, sleep } from './deliver';
import { consoleLog } from './log';
import { End, Execution, run } from './run';

// A connection that hangs must not use up the invocation: the SDK tries three times. The time-out of the
// request ends with the headers of its answer, that of the socket does not; from 6 s on, the SDK would begin
// it 3 s late.
const requestHandler = {
  connectionTimeout: 3_000,
  requestTimeout: 6_000,
  throwOnRequestTimeout: true,
  socketTimeout: 5_900,
};
const client = { maxAttempts: 3, requestHandler };
const clients = {
  fsx: new FSxClient(client),
  cloudFormation: new CloudFormationClient(client),
  stepFunctions: new SFNClient(client),
  codePipeline: new CodePipelineClient(client),
};

/** What is left of every invocation for starting the state machine and delivering an answer. */
const RESERVE = 50_000;

export async function handler(input: unknown, context: Context): Promise<Execution | End> {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(),
    Math.max(1_000, context.getRemainingTimeInMillis() - RESERVE),
  );
  try {
    return await run(input, {
      aws: new Aws(clients, abort.signal),
      deliver,
      now: Date.now,
      sleep,
      remainingMs: () => context.getRemainingTimeInMillis(),
      log: consoleLog,
      stackId: process.env.STACK_ID!,
    });
  } finally {
    clearTimeout(timer);
  }
}
