import type { BackupFailureDetails } from '@aws-sdk/client-fsx';
import { Source, sourceId } from './request';

/*
 * What went wrong, whether waiting helps, and what to tell the person who deploys. The texts are part of the product:
 * what happened, to what, how far it got, what to do.
 */

/** Waiting helps: somebody else is busy, the network or the service hiccups, a new permission is not yet in force. */
export type Kind = 'busy' | 'passing' | 'permission' | 'final';

/** How a backup looked last. */
export interface Seen {
  readonly lifecycle: string;
  readonly percent?: number;
}

// IncompatibleParameterError: an earlier delivery of the request used the token, with other tags; its backup will be seen soon.
const BUSY = new Set(['BackupInProgress', 'BackupRestoring', 'BackupBeingCopied', 'IncompatibleParameterError']);
const THROTTLING = new Set(['ThrottlingException', 'Throttling', 'TooManyRequestsException', 'RequestLimitExceeded', 'RequestThrottled', 'SlowDown']);
const PERMISSION = new Set([
  'AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'UnrecognizedClientException', 'InvalidClientTokenId',
  'ExpiredToken', 'ExpiredTokenException', 'InvalidSignatureException', 'SignatureDoesNotMatch',
]);
const NETWORK = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH',
]);

export function kindOf(error: any): Kind {
  if (BUSY.has(error?.name)) return 'busy';
  if (PERMISSION.has(error?.name)) return 'permission';
  const status = error?.$metadata?.httpStatusCode ?? 0;
  const passing = THROTTLING.has(error?.name)
    || error?.name === 'InternalServerError'
    || error?.name === 'AbortError' || error?.name === 'TimeoutError'
    || error?.$retryable !== undefined
    || NETWORK.has(error?.code)
    || status >= 500 || status === 429
    || error?.$responseBodyText !== undefined; // an answer that cannot be parsed: a proxy's page, or a truncated one
  return passing ? 'passing' : 'final';
}

/** What the error says, without a stack and in one line. */
export function sayError(error: any): string {
  const name = error?.name && error.name !== 'Error' ? `${error.name}: ` : '';
  return `${name}${error?.message || String(error)}`.slice(0, 400).replace(/[.\s]*$/, '.');
}

/** What to do about it. */
export function remedyFor(error: any): string {
  switch (error?.name) {
    case 'ServiceLimitExceeded':
      return `The quota${error.Limit ? ` ${error.Limit}` : ''} of this account and Region is used up. Delete backups that nobody needs any more, `
        + 'or ask for a higher quota in the Service Quotas console, then deploy again.';
    case 'UnsupportedOperation':
      return 'FSx cannot back this up. Lustre: only persistent deployment types that are not linked to a data repository. ONTAP: back up '
        + 'read-write volumes (BackupSource.fromVolumeId), not the file system. OpenZFS: back up the file system, not a volume.';
    case 'FileSystemNotFound':
      return 'Check that the file system exists in the Region and account of the stack.';
    case 'VolumeNotFound':
      return 'Check that the ONTAP volume exists in the Region and account of the stack.';
    case 'BackupInProgress':
      return 'Another backup of the same source is running. Deploy again when it is over, or allow more time with `timeout`.';
    case 'BackupRestoring':
      return 'A file system is being restored from the backup. Try again when that is over.';
    case 'BackupBeingCopied':
      return 'The backup is being copied. Try again when that is over.';
    case 'IncompatibleParameterError':
      return 'An earlier attempt of this request used other tags. Deploy again.';
    case 'BadRequest':
      return 'Check that the source is AVAILABLE and that its id is right, then deploy again.';
    case 'ValidationException':
      return 'Check the id of the source and the tags.';
  }
  switch (kindOf(error)) {
    case 'permission':
      return 'The role of the FsxBackupProvider lacks this permission, or a service control policy, a permissions boundary or a VPC endpoint '
        + 'policy takes it away. Allow the call, then deploy again.';
    case 'passing':
      return 'AWS did not answer, or not usefully. In a VPC, check that the function reaches the endpoints of FSx, CloudFormation and Step '
        + 'Functions. Then deploy again.';
    default:
      return 'The log of the FsxBackupProvider has the details.';
  }
}

export function backupFailed(source: Source, backupId: string, details: BackupFailureDetails | undefined, husk: string): string {
  return `FSx could not finish backup ${backupId} of ${sourceId(source)}: ${(details?.Message ?? 'it gives no reason').replace(/[.\s]*$/, '.')} ${husk} `
    + 'Mend the cause, then deploy again.';
}

export function backupVanished(source: Source, backupId: string): string {
  return `Backup ${backupId} of ${sourceId(source)} was deleted by somebody while it was awaited. Deploy again to take another.`;
}

export function callFailed(what: string, error: unknown): string {
  return `${what} failed. ${sayError(error)} ${remedyFor(error)}`;
}

export function notFinished(source: Source, backupId: string, seen: Seen, minutes: number, removed: boolean): string {
  const progress = seen.percent === undefined ? '' : `, ${seen.percent} %`;
  return `Backup ${backupId} of ${sourceId(source)} is not finished after ${minutes} min (${seen.lifecycle}${progress}). `
    + (removed
      ? 'It is removed with the rollback, as the removal policy DESTROY says. Allow more time with `timeout`.'
      : 'It goes on: deploy again and the deployment takes it up. Or allow more time with `timeout`, or do not wait with waitUntil: WaitUntil.STARTED.');
}

export function notWaitedFor(source: Source, stackStatus: string): string {
  return `No backup of ${sourceId(source)} was taken, because the stack is ${stackStatus}: CloudFormation no longer waits for this one.`;
}
