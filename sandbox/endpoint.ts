import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Fault, FaultPlan } from './faults';
import type { Entry, Journal } from './journal';
import { type Listening, onLoopback } from './loopback';

/** One call, as the service sees it. */
export interface AwsCall {
  /** for example `CreateBackup` */
  operation: string;
  input: any;
  /** role ARN of the caller */
  principal: string;
}

/** An error that a service answers with. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly fields: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = code;
  }
}

/** An AWS API without its wire. */
export interface AwsApi {
  service: 'fsx' | 'states' | 'cloudformation' | 'codepipeline';
  protocol: 'json-1.1' | 'json-1.0' | 'query';
  handle(call: AwsCall): Promise<unknown>;
}

export interface EndpointContext {
  journal: Journal;
  faults: FaultPlan;
  /** access key id → role ARN */
  principalOf(accessKeyId: string): string | undefined;
  /**
   * told when a request is made to hang, with its access key id and the caller's port, so that the caller's
   * clock can go on
   */
  onHang(accessKeyId: string, port?: number): void;
  /** told when a call is recorded, before it is answered */
  afterCall?(operation: string, accessKeyId: string): void;
  /** virtual milliseconds that a call takes until the service acts on it; by default, none */
  callDuration?(operation: string): number;
  /**
   * Lets virtual time pass while the caller waits. Resolves when that is over; time stands still from then on
   * until what it resolves to is called. Without it, no call takes any time.
   */
  afterWaiting?(accessKeyId: string, port: number | undefined, ms: number): Promise<() => void>;
}

interface Request {
  operation: string;
  accessKeyId: string;
  requestId: string;
  /** parsed late: a caller that nobody knows is told so before its body is looked at */
  input(): any;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

type Outcome = Omit<Extract<Entry, { kind: 'call' }>, 'kind' | 'operation' | 'principal' | 'input'>;

const XML_NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** Serve one AWS API on loopback: protocol, faults, caller, journal. */
export async function listen(api: AwsApi, context: EndpointContext): Promise<Listening> {
  let requests = 0;
  const server = createServer((incoming, response) => {
    serve(api, context, incoming, response, requestIdOf(api.service, ++requests)).catch(() =>
      incoming.socket.destroy(),
    );
  });
  return onLoopback(server);
}

async function serve(
  api: AwsApi,
  context: EndpointContext,
  incoming: IncomingMessage,
  response: ServerResponse,
  requestId: string,
) {
  const port = incoming.socket.remotePort; // not known any more when the connection is gone
  const request = requestOf(api, incoming, await textOf(incoming), requestId);
  const operation = `${api.service}:${request.operation}`;
  const principal = context.principalOf(request.accessKeyId);
  const record = (outcome: Outcome) => {
    context.journal.add({
      kind: 'call',
      operation,
      principal: principal ?? '',
      input: inputIfReadable(request),
      ...outcome,
    });
    context.afterCall?.(operation, request.accessKeyId);
  };

  const fault = context.faults.next(operation);
  if (fault?.kind === 'hang') {
    record({ outcome: 'fault', error: 'hang' });
    context.onHang(request.accessKeyId, port);
    return;
  }
  if (fault?.kind === 'reset') {
    record({ outcome: 'fault', error: 'reset' });
    incoming.socket.resetAndDestroy();
    return;
  }

  const ms = (context.callDuration?.(operation) ?? 0) + (fault?.kind === 'slow' ? fault.ms : 0);
  // with a caller that has gone nobody holds the clock while the call is carried out
  const release = ms > 0 ? await context.afterWaiting?.(request.accessKeyId, port, ms) : undefined;
  try {
    const { outcome, answer } = await act(api, request, principal, fault);
    record(outcome);
    if (fault?.kind === 'lost-response') {
      incoming.socket.resetAndDestroy();
      return;
    }
    // an SDK that runs on another clock takes a Date for skew, and repeats what failed
    response.sendDate = false;
    response.writeHead(answer.status, { ...answer.headers, 'x-amzn-RequestId': requestId });
    response.end(answer.body);
  } finally {
    release?.();
  }
}

/** What becomes of a call that reaches the service. */
async function act(
  api: AwsApi,
  request: Request,
  principal: string | undefined,
  fault: Fault | undefined,
): Promise<{ outcome: Outcome; answer: Answer }> {
  const isLost = fault?.kind === 'lost-response';
  const isRefused = fault !== undefined && fault.kind !== 'slow' && !isLost;
  try {
    if (isRefused) throw errorOf(api, fault);
    const output = await carryOut(api, request, principal);
    const answer = success(api, request, output);
    if (isLost) return { outcome: { outcome: 'fault', output, error: 'lost-response' }, answer };
    return { outcome: { outcome: 'ok', output }, answer };
  } catch (thrown) {
    const error = asAwsError(thrown);
    const denied = error.code === 'AccessDeniedException';
    const outcome: Outcome = {
      outcome: isRefused || isLost ? 'fault' : denied ? 'denied' : 'error',
      error: `${isLost ? 'lost-response: ' : ''}${error.code}: ${error.message}`,
    };
    return { outcome, answer: failure(api, request, error) };
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function requestOf(api: AwsApi, incoming: IncomingMessage, body: string, requestId: string): Request {
  const accessKeyId = /Credential=([^/,\s]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
  if (api.protocol === 'query') {
    const { Action, Version, ...input } = Object.fromEntries(new URLSearchParams(body));
    return { operation: Action ?? 'unknown', accessKeyId, requestId, input: () => withLists(input) };
  }
  const target = String(incoming.headers['x-amz-target'] ?? 'unknown');
  return {
    operation: target.slice(target.indexOf('.') + 1),
    accessKeyId,
    requestId,
    input: () => parseJson(body),
  };
}

function parseJson(body: string): any {
  try {
    const input = JSON.parse(body);
    if (input !== null && typeof input === 'object' && !Array.isArray(input)) return input;
  } catch {
    // said below
  }
  throw new AwsError('SerializationException', 'the body of the request is not a JSON object');
}

/** The members of a list are parameters of their own: `Names.member.1`, `Names.member.2`. */
function withLists(input: Record<string, string>): Record<string, string | string[]> {
  const lists: Record<string, string[]> = {};
  const scalars = Object.entries(input).filter(([name, value]) => {
    if (!name.includes('.')) return true;
    const [, list, nth] = /^(\w+)\.member\.(\d+)$/.exec(name) ?? unreadable(name);
    (lists[list] ??= [])[Number(nth) - 1] = value;
    return false;
  });
  return { ...Object.fromEntries(scalars), ...lists };
}

function unreadable(name: string): never {
  throw new AwsError(
    'InvalidParameterValue',
    `the sandbox reads parameters that are scalars, or lists of them, got ${name}`,
  );
}

function inputIfReadable(request: Request): any {
  try {
    return request.input();
  } catch {
    return undefined;
  }
}

async function carryOut(api: AwsApi, request: Request, principal: string | undefined): Promise<unknown> {
  if (principal === undefined) {
    const message = 'The security token included in the request is invalid.';
    if (api.protocol === 'query') throw new AwsError('InvalidClientTokenId', message, 403);
    throw new AwsError('UnrecognizedClientException', message);
  }
  return api.handle({ operation: request.operation, input: request.input(), principal });
}

function errorOf(api: AwsApi, fault: Fault): AwsError {
  const query = api.protocol === 'query';
  if (fault.kind === 'throttle') {
    return new AwsError(query ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
  }
  if (fault.kind === 'error') {
    return new AwsError(fault.code, fault.message ?? 'by the fault plan', fault.status, fault.fields);
  }
  return new AwsError(query ? 'InternalFailure' : 'InternalServerError', 'Internal Server Error', 500);
}

/**
 * Anything that is not an answer of AWS is a defect of the sandbox. It says so, with a status that nobody
 * retries.
 */
function asAwsError(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  return new AwsError(
    'SandboxDefect',
    thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  );
}

function success(api: AwsApi, request: Request, output: unknown): Answer {
  if (api.protocol !== 'query') return json(api, 200, output ?? {});
  const { operation, requestId } = request;
  const inner =
    element(`${operation}Result`, output ?? {}) + element('ResponseMetadata', { RequestId: requestId });
  return xml(200, `${operation}Response`, inner);
}

function failure(api: AwsApi, request: Request, error: AwsError): Answer {
  if (api.protocol !== 'query') {
    // FSx's error shapes spell the member with a capital, those of the others without
    const message = { [api.service === 'fsx' ? 'Message' : 'message']: error.message };
    const answer = json(api, error.status, { __type: error.code, ...message, ...error.fields });
    return { ...answer, headers: { ...answer.headers, 'x-amzn-ErrorType': error.code } };
  }
  const denied = error.code === 'AccessDeniedException';
  const Type = error.status >= 500 ? 'Receiver' : 'Sender';
  const Code = denied ? 'AccessDenied' : error.code;
  const inner = element('Error', { Type, Code, Message: error.message, ...error.fields });
  return xml(
    denied ? 403 : error.status,
    'ErrorResponse',
    `${inner}${element('RequestId', request.requestId)}`,
  );
}

function json(api: AwsApi, status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'Content-Type': `application/x-amz-${api.protocol}` },
    body: JSON.stringify(body),
  };
}

function xml(status: number, root: string, inner: string): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/xml' },
    body: `<${root} xmlns="${XML_NAMESPACE}">${inner}</${root}>`,
  };
}

function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  return `<${name}>${content(value)}</${name}>`;
}

function content(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => element('member', item)).join('');
  if (typeof value === 'object') {
    return Object.entries(value!)
      .map(([name, member]) => element(name, member))
      .join('');
  }
  return String(value).replace(
    /[&<>]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]!,
  );
}

/** The same for every run of the same calls. */
function requestIdOf(service: string, nth: number): string {
  const hex = createHash('sha256').update(`${service} ${nth}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
