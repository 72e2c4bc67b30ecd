import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { FSxClient } from '@aws-sdk/client-fsx';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { Executions } from './executions';
import { Fsx } from './fsx';
import { consoleLog } from './log';
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

/** Either CloudFormation or a state machine invokes the function. The input may not even be an object. */
export async function handler(input: unknown, context: Context): Promise<object | void> {
  const remainingMs = () => context.getRemainingTimeInMillis();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), Math.max(1_000, remainingMs() - RESERVE));
  const options = { abortSignal: abort.signal };
  const effects = {
    fsx: new Fsx(fsx, options),
    stacks: new Stacks(cloudFormation, options),
    executions: new Executions(stepFunctions),
    deliver,
    now: Date.now,
    sleep,
    remainingMs,
    log: consoleLog,
    environment: {
      stackId: process.env.STACK_ID!,
      urlSuffix: process.env.URL_SUFFIX!,
      responseHost: process.env.CDK_FSX_BACKUP_RESPONSE_HOST,
    },
  };
  try {
    const given = Object(input);
    return await ('RequestType' in given ? start(given, effects) : poll(given, effects));
  } finally {
    clearTimeout(timer);
  }
}
