import type { Backup } from '@aws-sdk/client-fsx';
import { isRunning, success, successWithout } from './attributes';
import { type Context, hasSureStatus, stackNow } from './context';
import { create } from './create';
import { generationOf, isComparable, isOfGeneration, type Marks, marksOf } from './identity';
import { BEGIN, type Phase, respond } from './phase';
import { fail } from './physical-id';
import { type Deployment, isBackupId, isSame } from './request';
import { retag } from './retag';
import { isDeployed } from './source';
import { notTaken } from './texts';
import { waitFor } from './wait';
import { NO_BACKUP } from '../src/private/contract';

/** What is known about an Update. */
export interface Observed {
  /** The operation that the request belongs to goes on. */
  readonly isOpen: boolean;
  /** The status of the stack was asked for long enough after the request began to be right. */
  readonly isStatusSure: boolean;
  readonly desired: string;
  readonly former?: string;
  /** The request asks for no other backup than the one that it names, there or gone. */
  readonly isUnchanged: boolean;
  /** What the backup that the request names says; undefined if there is none. */
  readonly named?: Marks & { readonly isFailed: boolean; readonly isRunning: boolean };
  /** The one before it is known to be of another generation: no rollback returns to it. */
  readonly isOtherBefore: boolean;
}

export type Decision = 'keep' | 'take' | 'wait for the status' | 'too late';

/** CloudFormation changes the resource, or the stack is on its way back. */
export async function update(context: Context<Deployment>): Promise<Phase> {
  const { request, fsx } = context;
  const { standing } = await stackNow(context);
  // A rollback goes on even if FSx does not respond.
  if (standing === 'back') return { phase: 'RollingBack' };
  const named = isBackupId(request.physicalId) ? await fsx.backup(request.physicalId) : undefined;
  switch (decide(await observe(context, named, standing === 'open'))) {
    case 'wait for the status':
      return BEGIN.phase;
    case 'too late':
      return fail(request, BEGIN.phase, notTaken(request.desired.source));
    case 'keep':
      return named ? keep(context, named) : keepWithout(context);
    case 'take':
      return create(context);
  }
}

async function observe(
  context: Context<Deployment>,
  backup: Backup | undefined,
  isOpen: boolean,
): Promise<Observed> {
  const { request } = context;
  const { former, physicalId } = request;
  const named = backup && {
    ...marksOf(backup, request),
    isFailed: backup.Lifecycle === 'FAILED',
    isRunning: isRunning(backup.Lifecycle),
  };
  const desired = generationOf(request.desired);
  return {
    isOpen,
    isStatusSure: hasSureStatus(context),
    desired,
    former: former && generationOf(former),
    isUnchanged: isBackupId(physicalId) && isSame(request),
    named,
    isOtherBefore: await hasOtherBefore(context, named?.previous, desired),
  };
}

async function hasOtherBefore(
  { fsx, request }: Context<Deployment>,
  previous: string | undefined,
  desired: string,
): Promise<boolean> {
  if (!previous) return false;
  if (previous === NO_BACKUP) return !isDeployed(request.desired.source);
  const backup = await fsx.backup(previous);
  const marks = backup && marksOf(backup, request);
  return marks !== undefined && isComparable(marks) && marks.generation !== desired;
}

/** Pure. */
export function decide(observed: Observed): Decision {
  const { isOpen, isStatusSure, isUnchanged, named } = observed;
  // A rollback neither waits for a backup that runs, nor takes one.
  if (isKept(observed)) return named?.isRunning && !isStatusSure ? 'wait for the status' : 'keep';
  if (!isStatusSure && (isUnchanged || mayBeWayBack(observed))) return 'wait for the status';
  return isOpen ? 'take' : 'too late';
}

/**
 * Without rollback, CloudFormation sends a failed resource back while the deployment goes on. But delivered
 * late, an update of the tags must not undo what the rollback has done to them.
 */
function isKept({ isOpen, isUnchanged, desired, named }: Observed): boolean {
  return isUnchanged ? isOpen && !named?.isFailed : isOfGeneration(named, desired);
}

/** So may be what names `none`: attempts without rollback have failed, or nothing was deployed before. */
function mayBeWayBack({ isOpen, former, named, isOtherBefore }: Observed): boolean {
  return !isOpen || !isOtherBefore || !isOfGeneration(named, former);
}

/** Somebody deleted the backup, and the deployment asks for no other. */
function keepWithout({ request, log }: Context<Deployment>): Phase {
  const { physicalId, stackId, desired } = request;
  log.warn('the backup of this resource no longer exists', { backupId: physicalId });
  return respond(successWithout(physicalId, stackId, 'DELETED', desired.source));
}

/** The resource keeps its backup. Its tags follow the template. */
async function keep(context: Context<Deployment>, backup: Backup): Promise<Phase> {
  const { fsx, request, log } = context;
  if (marksOf(backup, request).isOwn) {
    await retag(fsx, request, backup);
  } else {
    log.warn('the resource keeps a backup that has lost the tags of its owner', {
      backupId: backup.BackupId,
    });
  }
  if (backup.Lifecycle === 'FAILED') return respond(success(backup));
  return waitFor(context, backup, { isKept: true });
}
