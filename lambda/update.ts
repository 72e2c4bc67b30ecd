import type { Backup } from '@aws-sdk/client-fsx';
import { success, successWithout } from './attributes';
import { type Context, type Standing, standingOf, STATUS_GRACE } from './context';
import { create } from './create';
import { generationOf, isComparable, isOfGeneration, type Marks, marksOf } from './identity';
import { BEGIN, type Phase, respond } from './phase';
import { fail } from './physical-id';
import { type Deployment, isBackupId } from './request';
import { retag } from './retag';
import { isDeployed } from './source';
import { notTaken } from './texts';
import { waitFor } from './wait';
import { NO_BACKUP } from '../src/private/contract';

/** What is known about an Update. */
export interface Observed {
  readonly standing: Standing;
  /** The status of the stack was asked for long enough after the request began to be right. */
  readonly isStatusSure: boolean;
  readonly desired: string;
  readonly former?: string;
  /** The request names a backup, there or gone. */
  readonly hasBackup: boolean;
  /** What the backup that the request names says; undefined if there is none. */
  readonly named?: Marks & { readonly isFailed: boolean };
  /** What the one before it says about its generation: it may be what a rollback returns to. */
  readonly previous: 'desired' | 'other' | 'unknown';
}

export type Decision = 'roll back' | 'keep' | 'gone' | 'take' | 'wait for the status' | 'too late';

/** CloudFormation changes the resource, or the stack is on its way back. */
export async function update(context: Context<Deployment>): Promise<Phase> {
  const { request, stacks, fsx } = context;
  const standing = standingOf((await stacks.state(request.stackId))?.status, false);
  // A rollback goes on even if FSx does not respond.
  const isAsked = standing !== 'back' && isBackupId(request.physicalId);
  const named = isAsked ? await fsx.backup(request.physicalId) : undefined;
  const decision = decide(await observe(context, named, standing));
  switch (decision) {
    case 'roll back':
      return { phase: 'RollingBack' };
    case 'wait for the status':
      return BEGIN.phase;
    case 'too late':
      return fail(request, BEGIN.phase, notTaken(request.desired.source));
    case 'keep':
      return keep(context, named!);
    case 'gone':
      return keepWithout(context);
    case 'take':
      return create(context);
  }
}

async function observe(
  context: Context<Deployment>,
  named: Backup | undefined,
  standing: Standing,
): Promise<Observed> {
  const { request, now, startedAt } = context;
  const { desired, former } = request;
  const marks = named && { ...marksOf(named, request), isFailed: named.Lifecycle === 'FAILED' };
  const wanted = generationOf(desired);
  return {
    standing,
    isStatusSure: now - startedAt >= STATUS_GRACE,
    desired: wanted,
    former: former && generationOf(former),
    hasBackup: isBackupId(request.physicalId),
    named: marks,
    previous: await previousOf(context, marks, wanted),
  };
}

async function previousOf(
  { fsx, request }: Context<Deployment>,
  named: Marks | undefined,
  desired: string,
): Promise<Observed['previous']> {
  if (!named?.previous) return 'unknown';
  if (named.previous === NO_BACKUP) return isDeployed(request.desired.source) ? 'unknown' : 'other';
  const previous = await fsx.backup(named.previous);
  if (!previous) return 'unknown';
  const marks = marksOf(previous, request);
  if (!isComparable(marks)) return 'unknown';
  return marks.generation === desired ? 'desired' : 'other';
}

/** Pure. */
export function decide(observed: Observed): Decision {
  const { standing, isStatusSure, desired, former, named } = observed;
  if (standing === 'back') return 'roll back';
  if (former === desired && standing === 'open') return decideSame(observed);
  // Without rollback, CloudFormation sends a failed resource back while the deployment goes on. But delivered
  // late, an update of the tags must not undo what the rollback has done to them.
  if (former !== desired && isOfGeneration(named, desired)) return 'keep';
  const isSure = isStatusSure || (standing === 'open' && !mayBeWayBack(observed));
  if (!isSure) return 'wait for the status';
  return standing === 'open' ? 'take' : 'too late';
}

function decideSame({ named, hasBackup, isStatusSure }: Observed): Decision {
  // Nothing was deployed before, or attempts without rollback have failed: the resource is not protected yet.
  if (!hasBackup) return isStatusSure ? 'take' : 'wait for the status';
  if (!named) return 'gone';
  return named.isFailed ? 'take' : 'keep';
}

function mayBeWayBack({ former, named, previous }: Observed): boolean {
  return !isOfGeneration(named, former) || previous !== 'other';
}

/** Somebody deleted the backup, or there never was one, and the deployment asks for no other. */
function keepWithout({ request, log }: Context<Deployment>): Phase {
  const { physicalId, stackId, desired } = request;
  if (physicalId !== NO_BACKUP) {
    log.warn('the backup of this resource no longer exists', { backupId: physicalId });
  }
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
  return waitFor(context, { backupId: backup.BackupId!, isKept: true }, backup);
}
