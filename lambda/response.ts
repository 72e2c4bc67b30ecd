import type { Response } from './phase';

/** CloudFormation refuses a larger response. */
const MAX_RESPONSE_BYTES = 4096;
/** Enough for every text of ours, and little enough to be read in a stack event. */
const MAX_REASON_BYTES = 1024;
const ATTEMPTS = 3;
const ATTEMPT_TIMEOUT = 8_000;

/** Whom a response is for. */
export interface Address {
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalId: string;
}

/** What is known of a request before it is read. */
export interface Asked extends Address {
  readonly type: 'Create' | 'Update' | 'Delete';
  /** Empty in a Create. */
  readonly physicalId: string;
}

export function responseBody({ stackId, requestId, logicalId }: Address, response: Response): string {
  const body = (reason?: string) =>
    JSON.stringify({
      Status: response.status,
      Reason: reason,
      PhysicalResourceId: response.physicalId,
      StackId: stackId,
      RequestId: requestId,
      LogicalResourceId: logicalId,
      NoEcho: false,
      Data: response.status === 'SUCCESS' ? response.attributes : undefined,
    });
  if (response.status === 'SUCCESS') return body();
  const room = MAX_RESPONSE_BYTES - Buffer.byteLength(body(''));
  return body(truncate(printable(response.reason), Math.min(MAX_REASON_BYTES, room)));
}

/** A reason that a person reads in the console of Step Functions. */
export function readable(reason: string): string {
  return truncate(printable(reason), MAX_REASON_BYTES);
}

/**
 * Puts the body to the presigned URL. Throws if it could not be delivered; the error never contains the URL.
 */
export async function deliver(url: string, body: string, pause = sleep): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const problem = await put(url, body);
    if (problem === undefined) return;
    if (attempt === ATTEMPTS) {
      throw new Error(`CloudFormation's response URL could not be reached: ${problem}`);
    }
    await pause(500 * 2 ** attempt * (0.5 + Math.random() / 2));
  }
}

async function put(url: string, body: string): Promise<string | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ATTEMPT_TIMEOUT);
  try {
    // The URL is signed for an empty content type, hence bytes and the header: fetch would add one to a
    // string.
    const response = await fetch(url, {
      method: 'PUT',
      body: Buffer.from(body),
      headers: { 'content-type': '' },
      redirect: 'error',
      signal: abort.signal,
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error: any) {
    // undici's messages may quote the URL; its codes do not.
    return abort.signal.aborted
      ? `no response in ${ATTEMPT_TIMEOUT / 1000} s`
      : String(error?.cause?.code ?? error?.name ?? 'network error');
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function printable(text: string): string {
  return (
    text.replace(/[\p{C}\s]+/gu, ' ').trim() || 'the reason is unknown: see the log of the FsxBackupProvider'
  );
}

/** Cut to a number of bytes, counted as JSON writes the text, without breaking a character. */
function truncate(text: string, bytes: number): string {
  if (jsonBytes(text) <= bytes) return text;
  let room = bytes - jsonBytes('…');
  let kept = '';
  for (const character of text) {
    room -= jsonBytes(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
