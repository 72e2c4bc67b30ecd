import type { Verdict } from './answers';
import {
  Refusal,
  ResourceFailure,
  type ResourceProvider,
  type ResourceRequest,
  type ResourceResult,
} from './resources/provider';
import type { World } from './world';

type RequestType = 'Create' | 'Update' | 'Delete';

interface Success {
  PhysicalResourceId: string;
  Data?: Record<string, unknown>;
}

const LONGEST_RESPONSE = 4_096;
const LONGEST_PHYSICAL_ID = 1_024;
const LONGEST_SERVICE_TIMEOUT = 3_600;
const URL_EXPIRES_AFTER = 7_200;
const LARGEST_EVENT = 262_144;

/**
 * `Custom::…` and `AWS::CloudFormation::CustomResource`: what stands behind the `ServiceToken` makes them.
 */
export function customResource(world: World): ResourceProvider {
  return {
    attributes: 'any',
    create: async (request) => {
      const result = resultOf(await ask(world, request, 'Create'));
      request.initiated(result.physicalId);
      return result;
    },
    update: async (request) => {
      if (request.oldProperties.ServiceToken !== request.properties.ServiceToken) {
        throw new Refusal('Modifying service token is not allowed.');
      }
      return resultOf(await ask(world, request, 'Update'));
    },
    delete: async (request) => void (await ask(world, request, 'Delete')),
  };
}

/** Numbers and booleans as strings, at every depth: that is how the provider gets to see them. */
export function stringified(value: unknown): any {
  if (Array.isArray(value)) return value.map(stringified);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, stringified(member)]));
  }
  return String(value);
}

function resultOf({ PhysicalResourceId, Data }: Success): ResourceResult {
  return { physicalId: PhysicalResourceId, attributes: Data ?? {} };
}

/** Send one request and wait for its answer, its time-out or its cancellation. */
async function ask(world: World, request: ResourceRequest, type: RequestType): Promise<Success> {
  const { stack, logicalId, signal } = request;
  const token = serviceTokenOf(world, request);
  const seconds = serviceTimeoutOf(request);
  const requestId = world.identities.uuid();
  // a resource that was asked for and did not say its name is called by an invented one from then on
  const left = type === 'Create' ? world.identities.physicalId(stack.name, logicalId) : undefined;

  return new Promise<Success>((resolve, reject) => {
    let over: string | undefined;
    const end = (why: string, settle: () => void) => {
      over = why;
      world.clock.clearTimeout(timer);
      signal.removeEventListener('abort', cancelled);
      settle();
    };
    const fail = (why: string, reason: string, physicalId = left) =>
      end(why, () => reject(new ResourceFailure(reason, physicalId)));
    const cancelled = () => fail('the request was cancelled', `Resource ${type.toLowerCase()} cancelled`);
    const timer = world.clock.setTimeout(
      () => fail('the request has timed out', timeOutMessage(requestId)),
      seconds * 1_000,
    );
    signal.addEventListener('abort', cancelled, { once: true });

    const receive = (body: string, bytes: number): Verdict => {
      if (over !== undefined) return { effect: 'ignored', why: over };
      const judged = judge(body, bytes, {
        StackId: stack.id,
        RequestId: requestId,
        LogicalResourceId: logicalId,
      });
      if ('stranger' in judged) return { effect: 'refused', why: judged.stranger };
      if ('success' in judged) {
        end('the request was answered before', () => resolve(judged.success));
        return { effect: 'accepted' };
      }
      fail('the request was answered before', judged.reason, judged.physicalId);
      return judged.wellFormed ? { effect: 'accepted' } : { effect: 'refused', why: judged.reason };
    };
    const bucket = `cloudformation-custom-resource-response-${world.region.replace(/-/g, '')}`;
    const ResponseURL = world.answers.open(
      bucket,
      `${stack.id}|${logicalId}|${requestId}`,
      URL_EXPIRES_AFTER,
      { stack: stack.name, logicalId, requestId, receive },
    );
    const event = {
      RequestType: type,
      ServiceToken: token,
      ResponseURL,
      StackId: stack.id,
      RequestId: requestId,
      LogicalResourceId: logicalId,
      ...(type !== 'Create' && { PhysicalResourceId: request.physicalId }),
      ResourceType: request.type,
      ResourceProperties: stringified(request.properties),
      ...(type === 'Update' && { OldResourceProperties: stringified(request.oldProperties) }),
    };
    world.journal.add({ kind: 'request', stack: stack.name, logicalId, requestId, type, event });
    try {
      deliver(world, token, event);
      request.sent();
    } catch (error) {
      end('the request could not be delivered', () => reject(new ResourceFailure((error as Error).message)));
    }
  });
}

/** Hand an event to Lambda, and again as often as the options say. */
function deliver(world: World, token: string, event: object): void {
  assertFits(world, event);
  world.lambda.invokeAsync(token, structuredClone(event));
  for (const delay of world.options.redeliveries) {
    world.clock.setTimeout(() => {
      // a function that is gone loses its queue
      if (world.lambda.has(token)) world.lambda.invokeAsync(token, structuredClone(event));
    }, delay);
  }
}

/** AWS has raised the limit of asynchronous invocations for some; the sandbox plays the small one. */
function assertFits(world: World, event: object): void {
  if (Buffer.byteLength(JSON.stringify(event)) <= LARGEST_EVENT) return;
  throw new Error(
    `Request must be smaller than ${LARGEST_EVENT} bytes for the InvokeFunction operation ` +
      '(Service: Lambda, Status Code: 413, Error Code: RequestEntityTooLargeException, ' +
      `Request ID: ${world.identities.uuid()})`,
  );
}

function serviceTokenOf(world: World, { properties, logicalId }: ResourceRequest): string {
  const token = properties.ServiceToken;
  if (typeof token !== 'string') {
    throw new ResourceFailure(`Property ServiceToken of ${logicalId} must be specified`);
  }
  if (!token.startsWith(`arn:${world.partition}:lambda:${world.region}:`)) {
    throw new ResourceFailure(
      `ServiceToken ${token} of ${logicalId} is not a Lambda function of this Region; the sandbox ` +
        'serves no other',
    );
  }
  return token;
}

function serviceTimeoutOf({ properties, logicalId }: ResourceRequest): number {
  const given = properties.ServiceTimeout ?? LONGEST_SERVICE_TIMEOUT;
  const seconds = Number(given);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_SERVICE_TIMEOUT) return seconds;
  throw new ResourceFailure(
    `Invalid ServiceTimeout ${given} of ${logicalId}: it must be an integer from 1 to ` +
      `${LONGEST_SERVICE_TIMEOUT}`,
  );
}

type Judgement =
  | { success: Success }
  | { reason: string; physicalId?: string; wellFormed: boolean }
  /**
   * Not an answer to this request. [?] Whether CloudFormation fails the resource or goes on waiting is not
   * documented.
   */
  | { stranger: string };

function judge(
  body: string,
  bytes: number,
  expected: Record<'StackId' | 'RequestId' | 'LogicalResourceId', string>,
): Judgement {
  const malformed = (reason: string, physicalId?: string): Judgement => ({
    reason,
    physicalId,
    wellFormed: false,
  });
  if (bytes > LONGEST_RESPONSE) return malformed('Response object is too long.');
  const answer = objectIn(body);
  if (!answer) return malformed('Invalid response: it is not a JSON object.');
  const stranger = Object.entries(expected).find(([name, value]) => answer[name] !== value);
  if (stranger) {
    return {
      stranger: `${stranger[0]} is ${JSON.stringify(answer[stranger[0]])}, expected "${stranger[1]}"`,
    };
  }
  const { Status, PhysicalResourceId, Reason, Data } = answer;
  if (Status !== 'SUCCESS' && Status !== 'FAILED') {
    return malformed('Invalid response: Status must be SUCCESS or FAILED.');
  }
  if (
    typeof PhysicalResourceId !== 'string' ||
    PhysicalResourceId === '' ||
    Buffer.byteLength(PhysicalResourceId) > LONGEST_PHYSICAL_ID
  ) {
    return malformed('Invalid PhysicalResourceId');
  }
  if (Status === 'FAILED') {
    if (typeof Reason !== 'string' || Reason === '') {
      return malformed('Invalid response: a FAILED response needs a Reason.', PhysicalResourceId);
    }
    const reason =
      `Received response status [FAILED] from custom resource. Message returned: ${Reason} (RequestId: ` +
      `${expected.RequestId})`;
    return { reason, physicalId: PhysicalResourceId, wellFormed: true };
  }
  if (Data !== undefined && Data !== null && (typeof Data !== 'object' || Array.isArray(Data))) {
    return malformed('Invalid response: Data must be an object.', PhysicalResourceId);
  }
  return { success: { PhysicalResourceId, Data: Data ?? undefined } };
}

function objectIn(body: string): Record<string, any> | undefined {
  try {
    const value = JSON.parse(body);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function timeOutMessage(requestId: string): string {
  return (
    'CloudFormation did not receive a response from your Custom Resource. Please check your logs for ' +
    `requestId [${requestId}]. If you are using the Python cfn-response module, you may need to update ` +
    'your Lambda function so that CloudFormation can attach the updated version.'
  );
}
