/** The request cannot be used; the message is for the person who deploys. */
export class InvalidRequest extends Error {
  /** @param remedy what to do, if that is not the same for all of the properties or of the input */
  constructor(
    problem: string,
    readonly remedy?: string,
  ) {
    super(remedy === undefined ? problem : `${problem}; ${remedy}`);
  }
}

/** A response that cannot be one of AWS: empty, cut off, a proxy's page. */
export class UnusableResponse extends Error {}

/**
 * A member of a response of AWS. The SDK takes an empty response for a success.
 *
 * @throws UnusableResponse if it is missing
 */
export function given<T>(member: T | undefined): T {
  if (member === undefined) {
    throw new UnusableResponse('The response is empty: it is not one of AWS, or was cut off on the way');
  }
  return member;
}

/** What a call gives; undefined if it fails with this error, which is its name, a colon and its message. */
export async function unless<T>(error: RegExp, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (thrown: any) {
    if (error.test(`${thrown?.name}: ${thrown?.message}`)) return undefined;
    throw thrown;
  }
}

/** The source is being created or changed, and FSx refuses a backup until that is over. */
export class SourceBusy extends Error {}

/** Waiting helps: the source is busy, the network or the service fails, a new permission is not in force. */
export type Kind = 'busy' | 'passing' | 'permission' | 'final';

const BUSY = new Set(['BackupInProgress', 'BackupRestoring', 'BackupBeingCopied']);
const PASSING = new Set([
  'InternalServerError',
  'AbortError',
  'TimeoutError',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'KmsThrottlingException',
  'ExecutionLimitExceeded',
]);
const PERMISSION = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'KmsAccessDeniedException',
  'UnauthorizedOperation',
]);
/** The credentials, or the clock by which a call is signed. The next container has others. */
const SIGNATURE = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'RequestExpired',
  'RequestTimeTooSkewed',
]);
/** Credentials of a role that is new, or that is no more. */
const UNKNOWN = new Set(['UnrecognizedClientException', 'InvalidClientTokenId']);
const NETWORK = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

export function kindOf(error: any): Kind {
  const { name, code, $retryable, $metadata } = Object(error);
  if (BUSY.has(name) || error instanceof SourceBusy) return 'busy';
  if (PERMISSION.has(name) || UNKNOWN.has(name)) return 'permission';
  const status = $metadata?.httpStatusCode;
  const passing = [
    PASSING.has(name),
    SIGNATURE.has(name),
    NETWORK.has(code),
    /^HPE_/.test(code), // not HTTP
    $retryable !== undefined,
    status >= 500 || status === 429,
    error instanceof UnusableResponse,
    isUnreadable(error),
  ];
  return passing.includes(true) ? 'passing' : 'final';
}

/** Whether AWS did not accept the function's credentials or its clock. */
export function isUnsigned(error: any): boolean {
  return SIGNATURE.has(error?.name) || UNKNOWN.has(error?.name);
}

/**
 * The SDK could not read the response (a TypeError, a SyntaxError, … of the SDK's), or has found no error of
 * AWS in it.
 */
function isUnreadable(error: any): boolean {
  return (
    (error?.$response !== undefined && error.$fault === undefined) || /^Unknown(Error)?$/.test(error?.name)
  );
}

/** What the error says, without a stack and in one line. */
export function sayError(error: any): string {
  if (isUnreadable(error)) {
    return (
      `A response (HTTP ${error.$metadata?.httpStatusCode}) could not be read: it is not one of AWS, or ` +
      'was cut off on the way.'
    );
  }
  const name = error?.name && error.name !== 'Error' ? `${error.name}: ` : '';
  return sentence(`${name}${error?.message || String(error)}`.slice(0, 400));
}

export function sentence(text: string): string {
  return text.replace(/[.\s]*$/, '.');
}
