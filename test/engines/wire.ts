import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FaultPlan, type Sandbox, type Which } from '../../sandbox';

/*
 * What lies between the handler and AWS: a proxy before each service, which does to single calls what
 * networks do to them. The services are the sandbox's, and know nothing of it.
 */

/** What a service has answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** What can happen to a call. */
export interface Disturbance {
  /** Whose calls are concerned; by default, everybody's. */
  readonly concerns?: (caller: string) => boolean;
  /** The service hears of the call, and carries it out. */
  readonly carriedOut: boolean;
  /**
   * Does to the handler's connection whatever it does. The reply is undefined where the service heard
   * nothing.
   */
  answer(line: Line, reply: Reply | undefined): void;
}

/** The connection to the handler. */
export interface Line {
  readonly socket: Socket;
  readonly operation: string;
  readonly accessKeyId: string;
  /** virtual time */
  readonly now: number;
  /** Nothing more comes, and the handler's clock goes on. */
  fallSilent(): void;
  /** What comes next, comes after this much virtual time. */
  after(milliseconds: number, next: () => void): void;
}

/** The proxies of a sandbox. */
export class Wire {
  /** Before the services, and before the URLs that take answers to CloudFormation. */
  static async into(sandbox: Sandbox): Promise<Wire> {
    const wire = new Wire(sandbox);
    const { environment } = sandbox.lambda;
    const services = Object.entries(environment).filter(([variable]) =>
      variable.startsWith('AWS_ENDPOINT_URL'),
    );
    for (const [variable, service] of services) environment[variable] = await wire.before(() => service);
    await wire.beforeAnswers();
    return wire;
  }

  /**
   * How often each operation was disturbed. Operations are named as in the journal: `fsx:CreateBackup`,
   * `response:PUT`.
   */
  readonly disturbed = new Map<string, number>();
  /** access key ids of those who have called */
  readonly callers = new Set<string>();
  private readonly plan = new FaultPlan();
  private readonly disturbances: Disturbance[] = [];
  private readonly servers: Server[] = [];

  private constructor(private readonly sandbox: Sandbox) {}

  disturb(operation: string, which: Which, disturbance: Disturbance): void {
    this.plan.add(operation, which, { kind: 'error', code: String(this.disturbances.push(disturbance) - 1) });
  }

  calm(): void {
    this.plan.clear();
  }

  async close(): Promise<void> {
    await Promise.all(
      this.servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      ),
    );
  }

  private async before(service: () => string): Promise<string> {
    const server = createServer(
      (incoming) => void this.pass(incoming, service()).catch(() => incoming.socket.destroy()),
    );
    server.keepAliveTimeout = 0; // real time must not decide when a connection is closed
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private async beforeAnswers(): Promise<void> {
    const { lambda } = this.sandbox;
    let bucket = '';
    const proxy = await this.before(() => bucket);
    lambda.environment.CDK_FSX_BACKUP_RESPONSE_HOST = new URL(proxy).host;
    const invoke = lambda.invokeAsync.bind(lambda);
    lambda.invokeAsync = (arn, event: any) => {
      if (typeof event?.ResponseURL !== 'string') return invoke(arn, event);
      bucket = new URL(event.ResponseURL).origin;
      return invoke(arn, { ...event, ResponseURL: event.ResponseURL.replace(bucket, proxy) });
    };
  }

  private async pass(incoming: IncomingMessage, service: string): Promise<void> {
    const { socket } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const operation = operationOf(incoming, body);
    const line = this.lineOf(incoming, operation);
    if (line.accessKeyId) this.callers.add(line.accessKeyId);
    const fault = this.plan.next(operation);
    const disturbance = fault?.kind === 'error' ? this.disturbances[Number(fault.code)] : undefined;
    if (!disturbance || disturbance.concerns?.(line.accessKeyId) === false) {
      return write(socket, await forward(incoming, service, body));
    }
    this.disturbed.set(operation, (this.disturbed.get(operation) ?? 0) + 1);
    const reply = disturbance.carriedOut ? await forward(incoming, service, body) : undefined;
    disturbance.answer(line, reply);
  }

  private lineOf({ socket, headers }: IncomingMessage, operation: string): Line {
    const { clock, lambda } = this.sandbox;
    const accessKeyId = /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
    const fallSilent = () => lambda.requestHangs(accessKeyId || undefined);
    const after = (milliseconds: number, next: () => void) => {
      const goOn = fallSilent();
      clock.setTimeout(() => {
        const release = clock.hold();
        setTimeout(() => {
          // until then, it is known whether the handler has given up
          release();
          if (socket.destroyed) return;
          void goOn();
          next();
        }, 5);
      }, milliseconds);
    };
    return { socket, operation, accessKeyId, now: clock.now(), fallSilent, after };
  }
}

/** As HTTP writes it. */
export function head({ status, headers }: Omit<Reply, 'body'>): string {
  return [
    `HTTP/1.1 ${status} by the proxy`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');
}

export function write(socket: Socket, { status, headers, body }: Reply): void {
  socket.write(head({ status, headers: { ...headers, 'Content-Length': String(body.length) } }));
  socket.write(body);
}

function operationOf({ method, headers }: IncomingMessage, body: Buffer): string {
  const target = headers['x-amz-target'];
  if (method === 'PUT') return 'response:PUT';
  if (typeof target !== 'string') {
    return `cloudformation:${new URLSearchParams(body.toString()).get('Action')}`;
  }
  const service = {
    AWSSimbaAPIService_v20180301: 'fsx',
    AWSStepFunctions: 'states',
    CodePipeline_20150709: 'codepipeline',
  }[target.split('.')[0]];
  return `${service}:${target.split('.')[1]}`;
}

/** What the service says to it. */
function forward({ method, url, headers }: IncomingMessage, service: string, body: Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(`${service}${url}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', () => {
          const {
            'connection': _,
            'keep-alive': __,
            'transfer-encoding': ___,
            'content-length': ____,
            ...kept
          } = response.headers as Record<string, string>;
          resolve({ status: response.statusCode!, headers: kept, body: Buffer.concat(chunks) });
        });
    });
    outgoing.on('error', reject).end(body);
  });
}
