import type { BackupFailureDetails } from '@aws-sdk/client-fsx';
import { InvalidRequest, isUnsigned, kindOf, sayError, sentence } from './errors';
import type { PhaseOf } from './phase';
import { isBackupId, isSame, type Request } from './request';
import { type Deployed, type Source, sourceId } from './source';
import { MAX_BACKUP_TIMEOUT, MAX_RUN_TIMEOUT } from '../src/private/contract';

/*
 * What the person who deploys reads. The texts are part of the product: what happened, to what, how far it
 * got, what to do. docs/troubleshooting.md has each of them.
 */

const BY_NAME: Record<string, string> = {
  UnsupportedOperation:
    'FSx cannot back this up. Lustre: only persistent deployment types that are not linked to a data ' +
    'repository. ONTAP: back up read-write volumes (BackupSource.fromVolumeId), not the file system. ' +
    'OpenZFS: back up the file system, not a volume.',
  FileSystemNotFound: 'Check that the file system exists in the Region and account of the stack.',
  VolumeNotFound: 'Check that the ONTAP volume exists in the Region and account of the stack.',
  BackupInProgress: 'Another backup of the same source is running. Try again when it is over.',
  IncompatibleParameterError: 'FSx has seen the request with other tags. Try again.',
  BadRequest: 'Check that the source is AVAILABLE and that its id is right, then try again.',
  ValidationException: 'Check the id of the source and the tags.',
};

const BY_KIND = {
  busy: 'Try again when that is over.',
  permission:
    'The role of the FsxBackupProvider lacks this permission, or a service control policy, a permissions ' +
    'boundary or a VPC endpoint policy takes it away. Allow the call, then try again.',
  passing:
    'AWS did not respond, or not usefully. In a VPC, check that the function reaches the endpoints of FSx, ' +
    'CloudFormation and Step Functions. Then try again.',
  final: 'See the log of the FsxBackupProvider, fix the cause, then try again.',
};

/** Nothing stood in the way that is known. */
const UNKNOWN = 'See the log of the FsxBackupProvider, then try again.';

const FIX = 'Fix the cause, then try again.';

/** What the error says, and what to do. */
export function sayObstacle(error: any, isDeleting = false): string {
  return `${sayError(error)} ${isDeleting ? remedyOfDeletion(error) : remedyFor(error)}`;
}

function remedyFor(error: any): string {
  if (error?.name === 'ServiceLimitExceeded') {
    return (
      `The quota${error.Limit ? ` ${error.Limit}` : ''} of this account and Region is used up. Delete ` +
      'backups that nobody needs any more, let `keepLast` do so from now on, or ask for a higher quota in ' +
      'the Service Quotas console; then try again.'
    );
  }
  if (isUnsigned(error)) {
    return (
      "AWS does not accept the function's credentials or its clock. The next container has others: try " +
      'again.'
    );
  }
  // It says itself what to correct.
  if (error instanceof InvalidRequest) return 'Then try again.';
  return BY_NAME[error?.name] ?? BY_KIND[kindOf(error)];
}

function remedyOfDeletion(error: any): string {
  const kind = kindOf(error);
  if (kind === 'busy') {
    return 'FSx still uses the backup: it is being made, restored or copied. Try again when that is over.';
  }
  return kind === 'final' ? 'Delete the backup by hand, then try again.' : remedyFor(error);
}

/** The beginning of the texts about a failed backup. */
export function whyFailed(
  source: string,
  backupId: string,
  details: BackupFailureDetails | undefined,
): string {
  const why = sentence(details?.Message ?? 'it gives no reason');
  return `FSx could not finish backup ${backupId} of ${source}: ${why}`;
}

export function failedAndKept(why: string, backupId: string): string {
  return (
    `${why} ${FIX} The failed backup counts towards your quota: delete it with aws fsx delete-backup ` +
    `--backup-id ${backupId}.`
  );
}

export function failedAndDeleted(why: string): string {
  return `${why} The failed backup is deleted. ${FIX}`;
}

/** The failed backup was to be deleted. The obstacle is long, and goes last: a text may be cut. */
export function failedAndLeft(why: string, backupId: string, obstacle: string): string {
  return `${failedAndKept(why, backupId)} The function could not delete it: ${obstacle || UNKNOWN}`;
}

export function backupVanished(source: string, backupId: string): string {
  return (
    `Backup ${backupId} of ${source} was deleted while the deployment waited for it. Try again to take ` +
    'another.'
  );
}

export const FAILED_LINK =
  'If rollback is disabled, roll back first (cdk rollback), or change a value of a trigger.';

export function notTaken(source: Source | Deployed): string {
  return (
    `No backup of ${sourceId(source)} was taken, because CloudFormation no longer waits for this one: the ` +
    'operation of the stack is over, or is undone. There is nothing to do; to have a backup, try again.'
  );
}

/** A backup that is not finished in time. */
export function notFinished(request: Request, phase: PhaseOf<'Waiting'>, minutes: number): string {
  const { lifecycle, percent } = phase.seen!;
  const progress = percent === undefined ? '' : `, ${percent} %`;
  const subject = request.kind === 'continuation' ? '' : ` of ${sourceId(request.desired.source)}`;
  return (
    `Backup ${phase.backupId}${subject} is not finished after ${minutes} min (${lifecycle}${progress}). ` +
    `${sequelOf(request, phase)}${longer(request)}`
  );
}

function sequelOf(request: Request, phase: PhaseOf<'Waiting'>): string {
  if (request.kind === 'run') {
    return 'It goes on. Retry: the next run waits for its end, and then takes a backup of its own.';
  }
  if (request.kind === 'final') return 'It goes on. Delete again when it is finished.';
  if (phase.isKept) return "It goes on, and stays this resource's backup: deploy again to wait for it.";
  if (request.kind === 'backup' && request.desired.removal === 'DESTROY') {
    return (
      'It is deleted with the rollback, as the removal policy DESTROY says, if FSx allows that in time; if ' +
      'not, or with rollback disabled, delete it by hand.'
    );
  }
  return phase.operation?.isNewStack
    ? 'It goes on and stays, but a stack whose creation failed has to be created again, and that is ' +
        'another stack. Create the stack without the backup and add it then.'
    : 'It goes on: deploy again, and the deployment continues with it.';
}

/** The request came to its time limit before there was a backup. */
export function notPossible(request: Request, minutes: number, obstacle: string): string {
  const what = `${purposeOf(request)} was not possible in ${minutes} min.`;
  return `${what} ${obstacle || UNKNOWN}${longer(request)}`;
}

export function notDone(request: Request, obstacle: string): string {
  return `${purposeOf(request)} failed. ${obstacle || UNKNOWN}`;
}

function longer(request: Request): string {
  if (request.kind !== 'backup' && request.kind !== 'run') return '';
  const most = request.kind === 'run' ? MAX_RUN_TIMEOUT : MAX_BACKUP_TIMEOUT;
  return request.type !== 'Delete' && request.desired.timeout < most
    ? ' Or allow more time with `timeout`.'
    : '';
}

export function purposeOf(request: Request): string {
  if (request.kind === 'continuation') return `Waiting for ${request.told.backupId}`;
  if (request.kind === 'backup' && request.type === 'Delete') return `Deleting ${request.physicalId}`;
  if (request.kind === 'backup' && isBackupId(request.physicalId) && isSame(request)) {
    return `Updating ${request.physicalId}`;
  }
  if (request.kind === 'final' && request.type !== 'Delete') {
    return `Checking ${sourceId(request.desired.source)}`;
  }
  return `Backing up ${sourceId(request.desired.source)}`;
}

/** A source is refused that nobody could back up at its deletion. */
export function notPossibleAtDeletion(source: string, why: string): string {
  return (
    `A final backup of ${source} would not be possible: it ${why}. Correct the source or remove the ` +
    'FsxFinalBackup, then deploy again.'
  );
}

/** A request, or the input of a run, was refused. */
export function notUsable(what: string, { message, remedy }: InvalidRequest, isRun: boolean): string {
  const refused = `${what}: ${message}.`;
  if (isRun) return `${refused} Correct the input, then try again.`;
  return remedy === undefined ? `${refused} ${RENDERED}` : refused;
}

/** The properties are what the construct rendered, unless somebody has changed them. */
const RENDERED =
  'Deploy the template as CDK synthesizes it; if it is unchanged, check what its tokens resolve to.';

/** Why a source is not deleted, and how it can be all the same. */
export function notDeleted(source: string, logicalId: string, reason: string): string {
  return (
    `${source} is not deleted, since its final backup is not AVAILABLE. ${reason} To delete without it, ` +
    `retain ${logicalId} (delete-stack --retain-resources, once the stack is DELETE_FAILED).`
  );
}

export function crashed(error: string | undefined): string {
  return (
    `The function failed several times in a row (${error}). The log of the FsxBackupProvider has the ` +
    'details. A backup that is running goes on. Try again.'
  );
}
