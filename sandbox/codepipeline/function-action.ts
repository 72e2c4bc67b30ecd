import type { VirtualClock } from '../clock';
import { arn, type Place } from '../cloudformation/world';
import { type AwsApi, AwsError } from '../endpoint';
import type { Authorizer } from '../iam';
import { ActionFailure, type Play, type Result } from './action';
import { LONGEST_VALUE } from './declaration';
import type { LambdaRuntime } from '../lambda/runtime';

interface Around extends Place {
  clock: VirtualClock;
  authorizer: Authorizer;
  lambda: Pick<LambdaRuntime, 'invokeAsync'>;
  uuid(): string;
}

/** What has become of a job. */
type Answer = Result | ActionFailure;

const ANSWERED_WITHIN = 20 * 60_000;
const FAILURES = [
  'JobFailed',
  'ConfigurationError',
  'PermissionError',
  'RevisionOutOfSync',
  'RevisionUnavailable',
  'SystemUnavailable',
];
const ANSWERS: Record<string, (input: any) => Answer> = {
  PutJobSuccessResult: ({ continuationToken, outputVariables = {} }) => {
    if (continuationToken !== undefined) {
      throw new AwsError('ValidationException', 'the sandbox does not serve continuationToken');
    }
    const areValid = Object.keys(outputVariables).every((key) => /^[A-Za-z0-9@_-]+$/.test(key));
    if (!areValid) {
      throw invalid(
        'outputVariables',
        'Map keys must satisfy constraint: [Member must satisfy regular expression pattern: ' +
          '[A-Za-z0-9@\\-_]+]',
      );
    }
    return { variables: outputVariables };
  },
  PutJobFailureResult: ({ failureDetails: { type, message = '' } = {} as any }) => {
    if (!FAILURES.includes(type)) {
      throw invalid('failureDetails.type', `Member must satisfy enum value set: [${FAILURES.join(', ')}]`);
    }
    if (message.length < 1 || message.length > 5000) {
      throw invalid('failureDetails.message', 'Member must have length from 1 to 5000');
    }
    return new ActionFailure(message);
  },
};

/**
 * An action that invokes a function, and the API by which the function tells what has become of its job:
 * once, within 20 minutes.
 */
export function functionAction({ clock, authorizer, lambda, uuid, ...place }: Around): {
  play: Play;
  api: AwsApi;
} {
  /** what hears the answer; undefined when the job is over */
  const jobs = new Map<string, ((answer: Answer) => void) | undefined>();

  const play: Play = async ({ configuration, caller }) => {
    const { FunctionName, UserParameters = '' } = configuration;
    if (UserParameters.length > LONGEST_VALUE) {
      throw new ActionFailure(
        `UserParameters has ${UserParameters.length} characters with its variables, and may have ` +
          `${LONGEST_VALUE}`,
      );
    }
    const id = uuid();
    const functionArn = arn(place, 'lambda', `function:${FunctionName}`);
    const input = { FunctionName, InvocationType: 'Event' };
    const answered = new Promise<Answer>((resolve) => jobs.set(id, resolve));
    await caller.call('lambda:InvokeFunction', input, [{ resource: functionArn }], () =>
      lambda.invokeAsync(functionArn, eventOf(id, place, configuration)),
    );
    const timer = clock.setTimeout(
      () =>
        jobs.get(id)?.(
          new ActionFailure('The action timed out: the function did not answer within 20 minutes'),
        ),
      ANSWERED_WITHIN,
    );
    const answer = await answered;
    clock.clearTimeout(timer);
    jobs.set(id, undefined);
    if (answer instanceof ActionFailure) throw answer;
    return answer;
  };

  const handle: AwsApi['handle'] = async ({ operation, input, principal }) => {
    const answerOf = ANSWERS[operation];
    if (!answerOf) {
      throw new AwsError(
        'UnknownOperationException',
        `the sandbox does not serve codepipeline:${operation}, only ${Object.keys(ANSWERS).join(', ')}`,
      );
    }
    await authorizer.authorize({ principal, action: `codepipeline:${operation}`, resource: '*' });
    const { jobId } = input;
    const answer = answerOf(input);
    if (!jobs.has(jobId)) throw new AwsError('JobNotFoundException', `Job ${jobId} cannot be found`);
    const hear = jobs.get(jobId);
    if (!hear) throw new AwsError('InvalidJobStateException', `Job ${jobId} is over`);
    jobs.set(jobId, undefined);
    hear(answer);
    return undefined;
  };

  return { play, api: { service: 'codepipeline', protocol: 'json-1.1', handle } };
}

function eventOf(id: string, { accountId }: Place, configuration: Record<string, string>) {
  const artifactCredentials = {
    accessKeyId: 'ASIAARTIFACTSINSANDBOX',
    secretAccessKey: 'secret key of the artifacts',
    sessionToken: 'session of the artifacts',
  };
  return {
    'CodePipeline.job': {
      id,
      accountId,
      data: {
        actionConfiguration: { configuration },
        inputArtifacts: [],
        outputArtifacts: [],
        artifactCredentials,
      },
    },
  };
}

function invalid(member: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
