import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { VirtualClock } from '../clock';
import type { Fault, FaultPlan } from '../faults';
import type { Journal } from '../journal';
import type { Identities } from './identities';

/** What became of an answer. */
export interface Verdict {
  effect: 'accepted' | 'ignored' | 'refused';
  why?: string;
}

/** One object in S3 that somebody may PUT an answer to. */
export interface Slot {
  stack: string;
  logicalId: string;
  requestId: string;
  receive(body: string, bytes: number): Verdict;
}

interface OpenSlot extends Slot {
  signature: string;
  expiresAt: number;
}

/**
 * The presigned S3 URLs that CloudFormation hands out for answers.
 *
 * S3 takes whatever is put there, so a bad answer is not known from the status of the PUT. The URLs are
 * signed without a content type: a request that carries one does not match its signature.
 */
export class Answers {
  /** by path; a URL that is signed later for the same object leaves the earlier ones valid */
  private readonly slots = new Map<string, OpenSlot[]>();
  private server?: Promise<{ server: Server; url: string }>;
  private url = '';
  private hangListener?: () => void;

  constructor(
    private readonly clock: VirtualClock,
    private readonly journal: Journal,
    private readonly faults: FaultPlan,
    private readonly identities: Identities,
  ) {}

  /** told when a request is made to hang; the URL does not tell who made it */
  set onHang(listener: () => void) {
    this.hangListener = listener;
  }

  async start(): Promise<void> {
    this.server ??= new Promise((resolve) => {
      const server = createServer((request, response) => {
        this.serve(request, response).catch(() => request.socket.destroy());
      });
      server.keepAliveTimeout = 0; // real time must not decide when a connection is closed
      server.unref(); // a test that fails before it closes must not keep its process alive
      server.listen(0, '127.0.0.1', () =>
        resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
      );
    });
    const release = this.clock.hold();
    this.url = (await this.server).url;
    release();
  }

  /** Where responses go, as the host of their URLs; known once it is started. */
  get host(): string {
    return new URL(this.url).host;
  }

  async close(): Promise<void> {
    const running = await this.server;
    this.server = undefined;
    if (!running) return;
    await new Promise<void>((resolve) => {
      running.server.close(() => resolve());
      running.server.closeAllConnections();
    });
  }

  /** A presigned URL for one object. */
  open(bucket: string, key: string, expiresInSeconds: number, slot: Slot): string {
    const path = `/${bucket}/${encodeURIComponent(key)}`;
    const signature = this.identities.hex(64);
    const expiresAt = this.clock.now() + expiresInSeconds * 1_000;
    this.slots.set(path, [...(this.slots.get(path) ?? []), { ...slot, signature, expiresAt }]);
    const date = this.clock
      .date()
      .toISOString()
      .replace(/[-:]|\.\d+/g, '');
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Date': date,
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Expires': String(expiresInSeconds),
      'X-Amz-Credential': `SANDBOX/${date.slice(0, 8)}/s3/aws4_request`,
      'X-Amz-Signature': signature,
    });
    return `${this.url}${path}?${query}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', this.url);
    const slots = this.slots.get(url.pathname);
    const isSignedFor = ({ signature }: OpenSlot) => signature === url.searchParams.get('X-Amz-Signature');
    const slot = slots?.find(isSignedFor) ?? slots?.[0];
    const body = bytes.toString('utf8');
    const record = (verdict: Verdict) => {
      const { stack, logicalId, requestId } = slot ?? { stack: '', logicalId: '', requestId: '' };
      this.journal.add({
        kind: 'response',
        stack,
        logicalId,
        requestId,
        body: asJson(body),
        bytes: bytes.length,
        ...verdict,
      });
    };

    const fault = this.faults.next('response:PUT');
    if (fault && fault.kind !== 'lost-response') {
      record({ effect: 'refused', why: `fault: ${fault.kind}` });
      if (fault.kind === 'hang') return this.hangListener?.();
      if (fault.kind === 'reset') return void request.socket.resetAndDestroy();
      return refuse(response, this.clock, ...faultAnswer(fault));
    }
    const refusal = refusalOf(request, url, slot, this.clock.now());
    if (refusal) record({ effect: 'refused', why: refusal[1] });
    else record(slot!.receive(body, bytes.length));
    if (fault) return void request.socket.resetAndDestroy();
    if (refusal) return refuse(response, this.clock, ...refusal);
    response.sendDate = false;
    response.writeHead(200, { Date: this.clock.date().toUTCString() }).end();
  }
}

type Refusal = [status: number, code: string, message: string];

function refusalOf(
  request: IncomingMessage,
  url: URL,
  slot: OpenSlot | undefined,
  now: number,
): Refusal | undefined {
  if (request.method !== 'PUT') {
    return [403, 'SignatureDoesNotMatch', `The URL is signed for PUT, got ${request.method}.`];
  }
  if (!slot) return [403, 'AccessDenied', 'Access Denied'];
  if (url.searchParams.get('X-Amz-Signature') !== slot.signature) {
    return [403, 'SignatureDoesNotMatch', 'The signature of the URL is not the one that was handed out.'];
  }
  if (request.headers['content-type']) {
    return [
      403,
      'SignatureDoesNotMatch',
      'The URL is signed without a content type, and the request has one.',
    ];
  }
  if (request.headers['transfer-encoding']) {
    return [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented'];
  }
  if (now > slot.expiresAt) return [403, 'AccessDenied', 'Request has expired'];
  return undefined;
}

function faultAnswer(fault: Fault): Refusal {
  if (fault.kind === 'throttle') return [503, 'SlowDown', 'Please reduce your request rate.'];
  if (fault.kind === 'error') {
    return [fault.status ?? 400, fault.code, fault.message ?? `${fault.code} by the fault plan`];
  }
  return [500, 'InternalError', 'We encountered an internal error. Please try again.'];
}

function refuse(
  response: ServerResponse,
  clock: VirtualClock,
  status: number,
  code: string,
  message: string,
): void {
  response.sendDate = false;
  response.writeHead(status, { 'Content-Type': 'application/xml', 'Date': clock.date().toUTCString() });
  response.end(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
}

function asJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
