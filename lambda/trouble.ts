import type { BackupFailureDetails } from '@aws-sdk/client-fsx';

/*
 * What went wrong, whether waiting helps, and what to tell the person who deploys. The texts are part of the
 * product: what happened, to what, how far it got, what to do.
 */

/**
 * Waiting helps: somebody else is busy, the network or the service hiccups, a new permission is not yet in
 * force.
 */
export type Kind = 'busy' | 'passing' | 'permission' | 'final';

/** How a backup looked last. */
export interface Seen {
  readonly lifecycle: string;
  readonly percent?: number;
}

// IncompatibleParameterError: an earlier delivery of the request used the token, with other tags; its backup
// will be seen soon.
const BUSY = new Set([
  'BackupInProgress',
  'BackupRestoring',
  'BackupBeingCopied',
  'IncompatibleParameterError',
]);
const THROTTLING = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'KmsThrottlingException',
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

/** An answer that cannot be one of AWS: empty, cut off, a proxy's page. */
export class UnusableAnswer extends Error {}

/**
 * The SDK could not read it (a TypeError, a SyntaxError, …, of the SDK's), or has found no error of AWS in
 * it.
 */
function isUnreadable(error: any): boolean {
  return (
    (error?.$response !== undefined && error.$fault === undefined) || /^Unknown(Error)?$/.test(error?.name)
  );
}

export function kindOf(error: any): Kind {
  if (BUSY.has(error?.name)) return 'busy';
  if (PERMISSION.has(error?.name) || UNKNOWN.has(error?.name)) return 'permission';
  const status = error?.$metadata?.httpStatusCode ?? 0;
  const passing =
    THROTTLING.has(error?.name) ||
    error?.name === 'InternalServerError' ||
    error?.name === 'AbortError' ||
    error?.name === 'TimeoutError' ||
    error?.$retryable !== undefined ||
    NETWORK.has(error?.code) ||
    /^HPE_/.test(error?.code) || // what is no HTTP
    SIGNATURE.has(error?.name) ||
    status >= 500 ||
    status === 429 ||
    error instanceof UnusableAnswer ||
    isUnreadable(error);
  return passing ? 'passing' : 'final';
}

/** What the error says, without a stack and in one line. */
export function sayError(error: any): string {
  if (isUnreadable(error)) {
    return (
      `An answer (HTTP ${error.$metadata?.httpStatusCode}) could not be read: it is not one of AWS, or ` +
      'was cut off on the way.'
    );
  }
  const name = error?.name && error.name !== 'Error' ? `${error.name}: ` : '';
  return sentence(`${name}${error?.message || String(error)}`.slice(0, 400));
}

function sentence(text: string): string {
  return text.replace(/[.\s]*$/, '.');
}

/** What to do about it. */
function remedyFor(error: any, deleting: boolean): string {
  if (deleting && kindOf(error) === 'busy') {
    return 'FSx still uses the backup: it is being made, restored or copied. Try again when that is over.';
  }
  if (deleting && kindOf(error) === 'final') return 'Delete the backup by hand, then try again.';
  switch (error?.name) {
    case 'ServiceLimitExceeded':
      return (
        `The quota${error.Limit ? ` ${error.Limit}` : ''} of this account and Region is used up. Delete ` +
        'backups that nobody needs any more, let `keepLast` do so from now on, or ask for a higher quota ' +
        'in the Service Quotas console; then try again.'
      );
    case 'UnsupportedOperation':
      return (
        'FSx cannot back this up. Lustre: only persistent deployment types that are not linked to a data ' +
        'repository. ONTAP: back up read-write volumes (BackupSource.fromVolumeId), not the file system. ' +
        'OpenZFS: back up the file system, not a volume.'
      );
    case 'FileSystemNotFound':
      return 'Check that the file system exists in the Region and account of the stack.';
    case 'VolumeNotFound':
      return 'Check that the ONTAP volume exists in the Region and account of the stack.';
    case 'BackupInProgress':
      return 'Another backup of the same source is running. Try again when it is over.';
    case 'IncompatibleParameterError':
      return 'An earlier attempt of this request used other tags. Try again.';
    case 'BadRequest':
      return 'Check that the source is AVAILABLE and that its id is right, then try again.';
    case 'ValidationException':
      return 'Check the id of the source and the tags.';
  }
  if (SIGNATURE.has(error?.name) || UNKNOWN.has(error?.name)) {
    return (
      "AWS does not accept the function's credentials or its clock. The next container has others: try " +
      'again.'
    );
  }
  switch (kindOf(error)) {
    case 'permission':
      return (
        'The role of the FsxBackupProvider lacks this permission, or a service control policy, a ' +
        'permissions boundary or a VPC endpoint policy takes it away. Allow the call, then try again.'
      );
    case 'passing':
      return (
        'AWS did not answer, or not usefully. In a VPC, check that the function reaches the endpoints of ' +
        'FSx, CloudFormation and Step Functions. Then try again.'
      );
    default:
      return 'The log of the FsxBackupProvider has the details.';
  }
}

export function backupFailed(
  source: string,
  backupId: string,
  details: BackupFailureDetails | undefined,
): string {
  return (
    `FSx could not finish backup ${backupId} of ${source}: ` +
    `${sentence(details?.Message ?? 'it gives no reason')} Mend the cause, then try again.`
  );
}

export function backupVanished(source: string, backupId: string): string {
  return (
    `Backup ${backupId} of ${source} was deleted by somebody while it was awaited. Try again to take ` +
    'another.'
  );
}

export function foreignBackup(backupId: string): string {
  return (
    `Backup ${backupId} is not deleted: it does not carry the tags that say it belongs to this resource. ` +
    'If nobody needs it, delete it by hand; then delete the stack again, or let CloudFormation skip this ' +
    'resource.'
  );
}

/** What the error says, and what to do. */
export function sayTrouble(error: unknown, deleting = false): string {
  return `${sayError(error)} ${remedyFor(error, deleting)}`;
}

/** What becomes of a backup that is not finished in time. */
export type Sequel = 'stays' | 'removed' | 'taken up' | 'same run' | 'new stack' | 'deletion';

const SEQUEL: Record<Sequel, string> = {
  'stays': "It goes on, and stays this resource's backup.",
  'removed':
    'It is removed with the rollback, as the removal policy DESTROY says, if FSx allows that within the ' +
    'hour; else, or with rollback disabled, delete it by hand.',
  'taken up': 'It goes on: deploy again and the deployment takes it up.',
  'same run':
    "It goes on: retry the pipeline's action, or start another execution with the same `run`, and it is " +
    'taken up.',
  'new stack':
    'It goes on and stays, but a stack whose creation failed has to be created anew, and does not take it ' +
    'up. Create the stack without the backup and add it then.',
  'deletion': 'It goes on, and deleting again takes it up.',
};

export function notFinished(
  source: string,
  backupId: string,
  seen: Seen,
  minutes: number,
  sequel: Sequel,
  canAllowMore: boolean,
): string {
  const progress = seen.percent === undefined ? '' : `, ${seen.percent} %`;
  const advice =
    sequel === 'deletion'
      ? ''
      : canAllowMore
        ? ' Or allow more time with `timeout`, or do not wait with waitUntil: WaitUntil.STARTED.'
        : ' Or do not wait with waitUntil: WaitUntil.STARTED.';
  return (
    `Backup ${backupId} of ${source} is not finished after ${minutes} min ` +
    `(${seen.lifecycle}${progress}). ${SEQUEL[sequel]}${advice}`
  );
}

/** Why a source is not deleted, and how it can be all the same. */
export function notDeleted(source: string, logicalId: string, reason: string): string {
  return (
    `${source} is not deleted, since its final backup is not AVAILABLE. ${reason} To delete without it, ` +
    `retain ${logicalId} (delete-stack --retain-resources, once the stack is DELETE_FAILED).`
  );
}

export function notWaitedFor(source: string, stackStatus: string): string {
  return (
    `No backup of ${source} was taken, because the stack is ${stackStatus}: CloudFormation no longer ` +
    'waits for this one.'
  );
}
