import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { FSxClient } from '@aws-sdk/client-fsx';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import type { PollInput } from './door';
import type { End } from './ending';
import { Executions } from './executions';
import { Fsx } from './fsx';
import { consoleLog } from './log';
import type { State } from './phase';
import { poll } from './poll';
import { deliver, sleep } from './response';
import { Stacks } from './stack';
import { start } from './start';

// A connection that hangs must not use up the invocation: the SDK tries three times. The time-out of the
// request ends with the headers of its response, that of the socket does not; from 6 s on, the SDK would
// begin it 3 s late.
const requestHandler = {
  connectionTimeout: 3_000,
  requestTimeout: 6_000,
  throwOnRequestTimeout: true,
  socketTimeout: 5_900,
};
const client = { maxAttempts: 3, requestHandler };
const fsx = new FSxClient(client);
const cloudFormation = new CloudFormationClient(client);
const stepFunctions = new SFNClient(client);

/** What is left of every invocation for delivering a response. */
const RESERVE = 50_000;

/** Either CloudFormation or a state machine invokes the function. */
export async function handler(
  input: PollInput | { readonly RequestType: unknown },
  context: Context,
): Promise<{ state: State; wait: number } | End | void> {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(),
    Math.max(1_000, context.getRemainingTimeInMillis() - RESERVE),
  );
  const effects = {
    fsx: new Fsx(fsx, abort.signal),
    stacks: new Stacks(cloudFormation, abort.signal),
    executions: new Executions(stepFunctions),
    deliver,
    now: Date.now,
    sleep,
    remainingMs: () => context.getRemainingTimeInMillis(),
    log: consoleLog,
    environment: {
      stackId: process.env.STACK_ID!,
      urlSuffix: process.env.URL_SUFFIX!,
      responseHost: process.env.CDK_FSX_BACKUP_RESPONSE_HOST,
    },
  };
  try {
    return await (isEvent(input) ? start(input, effects) : poll(Object(input), effects));
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing is known of the input: it may not even be an object. */
function isEvent(
  input: PollInput | { readonly RequestType: unknown },
): input is { readonly RequestType: unknown } {
  return 'RequestType' in Object(input);
}
