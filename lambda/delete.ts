import type { Backup } from '@aws-sdk/client-fsx';
import { sourceOfBackup } from './attributes';
import { cleanUp } from './clean-up';
import { type Context, hasSureStatus, VISIBILITY_GRACE } from './context';
import { keptOf, type Marks, marksOf, type Removal } from './identity';
import { newest } from './listing';
import { BEGIN, type Goal, type Phase, respond, type Response } from './phase';
import { isPlaceholder } from './physical-id';
import { type Deployment, isBackupId } from './request';
import { retagRemoval } from './retag';
import { distinct, sourceId, sourceWithId } from './source';
import { NO_BACKUP } from '../src/private/contract';

/** A backup of the resource, as far as its deletion depends on it. */
export interface Known extends Marks {
  readonly source?: string;
}

/** What is known about a Delete. */
export interface Observed {
  readonly physicalId: string;
  readonly policy: Removal;
  /** The stack is deleted, or its creation undone; else an update cleans up, or is undone. */
  readonly isWhole: boolean;
  /** CloudFormation cleans up after an update that succeeded. */
  readonly isCleanup: boolean;
  readonly named?: Known;
  /** What the resource holds now; undefined if it goes. */
  readonly heldId?: string;
  readonly held?: Known;
}

/** What follows: what the named backup is to say from now on, and what is deleted. */
export interface Plan {
  readonly retag?: Removal;
  readonly goal?: Goal;
  readonly isUnknownIfHeld?: boolean;
}

/** CloudFormation deletes the resource, or what it held before. */
export async function remove(context: Context<Deployment>): Promise<Phase> {
  const { request, fsx, now, startedAt } = context;
  const { physicalId } = request;
  if (isPlaceholder(physicalId)) return respond({ status: 'SUCCESS', physicalId });
  const named = isBackupId(physicalId) ? await fsx.backup(physicalId) : undefined;
  if (isBackupId(physicalId) && !named && now - startedAt < VISIBILITY_GRACE) return BEGIN.phase;
  const observed = await observe(context, named);
  return observed ? carryOut(context, observed, named) : BEGIN.phase;
}

async function carryOut(
  context: Context<Deployment>,
  observed: Observed,
  named: Backup | undefined,
): Promise<Phase> {
  const { request, fsx, log, now } = context;
  const { physicalId } = request;
  const done: Response = { status: 'SUCCESS', physicalId };
  const { retag, goal, isUnknownIfHeld } = planFor(observed);
  if (isUnknownIfHeld) {
    log.warn('older backups are kept: CloudFormation does not tell what the resource holds');
  }
  if (retag) await retagRemoval(fsx, request, named!, retag);
  if (goal) return cleanUp(now, done, { goal, ...scopeOf(goal, observed, request) });
  const { removal, isHeld } = { ...observed.named };
  log.info('backup kept', { physicalId, removal, isHeld });
  return respond(done);
}

/** Pure. */
export function planFor(observed: Observed): Plan {
  const { policy, isWhole, named, heldId } = observed;
  if (!isWhole && !isCancelledCreate(observed)) return planForOne(observed);
  const isDoomed = policy === 'DESTROY' || isDeletable(named);
  return isDoomed ? { goal: { delete: 'all', except: isWhole ? undefined : heldId } } : {};
}

/** An update cleans up, or is undone: the resource goes on, or its construct is removed. */
function planForOne(observed: Observed): Plan {
  const { physicalId, policy, isCleanup, named, heldId, held } = observed;
  const keep = keptOf(held?.removal);
  const goal =
    keep !== undefined && isCleanup ? ({ delete: 'older', keep, held: heldId! } as const) : undefined;
  if (!isDeletable(named) || heldId === physicalId) {
    return { goal, isUnknownIfHeld: !held && isCleanup && policy.startsWith('KEEP_LAST') };
  }
  if (stays(named, observed)) return { retag: keep === undefined ? 'RETAIN' : `KEEP_LAST:${keep}`, goal };
  return { goal: { delete: 'attempts', of: physicalId, except: heldId } };
}

/** It says DESTROY, but what the resource holds now does not, or is of another file system or volume. */
function stays(named: Known, { isCleanup, heldId, held }: Observed): boolean {
  // An update that is undone was the first that had something to back up.
  const isFirst = !isCleanup && heldId === NO_BACKUP;
  if (heldId === undefined || isFirst) return false;
  return held?.removal !== 'DESTROY' || held.source !== named.source;
}

function isDeletable(named: Known | undefined): named is Known {
  return named !== undefined && named.isOwn && named.removal === 'DESTROY';
}

/** CloudFormation made up an id for what had not responded yet. */
function isCancelledCreate({ physicalId }: Observed): boolean {
  return !isBackupId(physicalId) && physicalId !== NO_BACKUP;
}

/** Undefined if CloudFormation may not show yet what the stack is doing. */
async function observe(
  context: Context<Deployment>,
  backup: Backup | undefined,
): Promise<Observed | undefined> {
  const { request, stacks } = context;
  const { physicalId, desired, stackId } = request;
  const { status } = (await stacks.state(stackId)) ?? { status: 'DELETE_IN_PROGRESS' };
  if (!DELETES.test(status) && !hasSureStatus(context)) return undefined;
  const observed = {
    physicalId,
    policy: desired.removal,
    isWhole: !status.startsWith('UPDATE_'),
    isCleanup: status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    named: knownOf(backup, request),
  };
  return observed.isWhole ? observed : { ...observed, ...(await heldNow(context, observed.isCleanup)) };
}

/** What a stack does while it deletes resources. With rollback disabled, it may be something else. */
const DELETES = /^(DELETE|(UPDATE_)?ROLLBACK|UPDATE_(ROLLBACK_)?COMPLETE_CLEANUP)_IN_PROGRESS$/;

async function heldNow(
  context: Context<Deployment>,
  isCleanup: boolean,
): Promise<Pick<Observed, 'heldId' | 'held'>> {
  const { request, stacks, fsx } = context;
  const { stackId, logicalId, physicalId } = request;
  const { status = '', physicalId: shown } = (await stacks.resource(stackId, logicalId)) ?? {};
  // What is being deleted is not held: CloudFormation may show the request's own id, or another old one.
  if (shown === physicalId ? /^(CREATE|UPDATE)_COMPLETE$/.test(status) : !status.startsWith('DELETE_')) {
    const held = shown && isBackupId(shown) ? await fsx.backup(shown) : undefined;
    return { heldId: shown, held: knownOf(held, request) };
  }
  if (!isCleanup || physicalId === NO_BACKUP) return {};
  // It may be of another source, which this request does not know. In the place of a Create that failed, it
  // may be any of the resource.
  const successor = await newest(context, [], (backup) => {
    const { isOwn, previous } = marksOf(backup, request);
    return isOwn && (previous === physicalId || !isBackupId(physicalId));
  });
  return { heldId: successor?.BackupId, held: knownOf(successor, request) };
}

function knownOf(backup: Backup | undefined, request: Deployment): Known | undefined {
  const source = sourceOfBackup(backup);
  return backup && { source: source && sourceId(source), ...marksOf(backup, request) };
}

/** Of an account with thousands of backups, only those of the sources that are known are listed. */
function scopeOf(goal: Goal, observed: Observed, request: Deployment) {
  const { isWhole, named, held } = observed;
  const known = [goal.delete === 'older' ? undefined : named, held].map((one) => sourceWithId(one?.source));
  return {
    sources: isWhole ? [] : distinct(...known, named ? undefined : request.desired.source),
    mustSucceed: goal.delete !== 'older',
    mayGrow: isCancelledCreate(observed),
  };
}
