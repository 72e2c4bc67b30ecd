import { DELETIONS } from './deletions';
import {
  type Facts,
  hasFailedBy,
  heldAt,
  isAvailable,
  isCancellation,
  isRunning,
  type Placed,
  type Request,
  STABLE,
  wantsAnother,
  wishOf,
} from './history';
import type { Finding, Invariant, Invariants } from './invariant';
import { RESPONSES } from './responses';

/*
 * The invariants: they hold however unfriendly AWS is. Each one reads a history and returns the findings that
 * should not be there. These are about the backups that are taken, and about what waits for them.
 */

const MINUTE = 60_000;

/**
 * Every request takes at most one backup, once, whatever is delivered again.
 * FSx may forget the token of a backup that has failed [?]: then the call is repeated, and takes another.
 */
export const aRequestTakesAtMostOneBackup: Invariant = ({ backups }) =>
  backups.flatMap(({ id, request, index, at }): Finding[] => {
    const first = request && backups.find((other) => other.request === request && !hasFailedBy(other, at));
    if (!first || first.id === id || first.index > index) return [];
    return [{ index, what: `${id} was taken for ${request.requestId}, which had taken ${first.id}` }];
  });

/**
 * Every backup is taken for a request that CloudFormation waits for.
 * A request that was cancelled within the last minute cannot know it yet. Nor can a call that is on its way
 * for so long: FSx may carry it out when its backup has failed, if it has forgotten the token by then [?].
 * A pipeline run or a person takes backups of a series, for no request.
 */
export const aBackupIsTakenForAnOpenRequest: Invariant = ({ backups }) =>
  backups.flatMap(({ id, index, at, request, logicalId }): Finding[] => {
    const finding = (what: string) => [{ index, what: `${id} was taken ${what}` }];
    if (!request) return logicalId.startsWith('series/') ? [] : finding('with a token of no request');
    const isFinal = request.event.ResourceType === 'Custom::FsxFinalBackup';
    if ((request.type === 'Delete') !== isFinal) return finding(`by ${request.type} of ${logicalId}`);
    const { end } = request;
    if (!end || end.index > index) return [];
    const isForgotten = backups.some((other) => other.request === request && hasFailedBy(other, at));
    if ((isCancellation(end) || isForgotten) && at - end.at <= MINUTE) return [];
    return finding(`for a request of ${logicalId} that had ended ${(at - end.at) / 1000} s before`);
  });

/**
 * A rollback takes no backup.
 * Nor does a resource that CloudFormation sends back while the deployment goes on, if its backup tells so.
 */
export const aRollbackTakesNoBackup: Invariant = (facts) =>
  facts.backups
    .filter(({ request }) => request?.isWayBack && !isUntold(facts, request))
    .map(({ id, index, logicalId }) => ({ index, what: `${id} was taken by ${logicalId} on its way back` }));

/** The stack is on its way forward, and the resource holds no backup, or one that a person has changed. */
function isUntold({ stackStatus, people }: Facts, { index, event }: Request): boolean {
  const held = event.PhysicalResourceId;
  if (stackStatus(index).includes('ROLLBACK')) return false;
  const isChanged = people.some(
    ({ backupId, index: at, act }) => act !== 'hold' && backupId === held && at < index,
  );
  return held === 'none' || isChanged;
}

/**
 * A rollback returns to the backup that the resource held before, unless a person changed one. A resource
 * that held none keeps its first backup, if that was taken for what the resource returns to: by an update of
 * its tags alone, or by an attempt without rollback that went back to it. If its properties do not change, it
 * may keep what it has: nothing tells whether a weak reference was resolved again [?].
 */
export const aRollbackReturnsToWhatWasHeld: Invariant = (facts) =>
  facts.requests.flatMap((request): Finding[] => {
    const { answer, isWayBack, type, logicalId, event } = request;
    if (!isWayBack || type !== 'Update' || answer?.body.Status !== 'SUCCESS') return [];
    if (event.ResourceType !== 'Custom::FsxBackup') return [];
    const before = heldBefore(facts, request);
    const given = answer.body.PhysicalResourceId;
    if (before === undefined || before === given) return [];
    if (before === 'none' && (isFirstFor(facts, request, given) || keepsIt(request, given))) return [];
    if (isUntold(facts, request) || isDisturbed(facts, request)) return [];
    if (given === event.PhysicalResourceId && hasVanished(facts, request, given)) return [];
    return [{ index: answer.index, what: `${logicalId} returned to ${given}, and held ${before} before` }];
  });

function isFirstFor({ backups }: Facts, request: Request, id: string): boolean {
  const taken = backups.find((backup) => backup.id === id)?.request;
  return taken !== undefined && wishOf(taken) === wishOf(request);
}

function keepsIt(request: Request, given: string): boolean {
  return given === request.event.PhysicalResourceId && !wantsAnother(request);
}

/** In a rollback of the stack: when it was last stable. Without rollback: before the update that failed. */
function heldBefore(facts: Facts, request: Request): string | undefined {
  const { index, event, logicalId } = request;
  if (!facts.stackStatus(index).includes('ROLLBACK')) return event.PhysicalResourceId;
  const stable = facts.stackEvents.filter(({ status, index: at }) => at < index && STABLE.includes(status));
  const since = stable.at(-1)?.index ?? -1;
  const first = facts.requests.find((other) => other.index > since && other.logicalId === logicalId);
  return first?.event.PhysicalResourceId;
}

/** It had failed, and FSx does not know it any more [?]: nothing tells what was before it. */
function hasVanished({ backups, of }: Facts, { answer }: Request, id: string): boolean {
  const isUnknown = of('call').some(({ operation, index, input, error = '' }) => {
    const isOfThis = operation === 'fsx:DescribeBackups' && input.BackupIds?.includes(id);
    return isOfThis && index < answer!.index && error.startsWith('BackupNotFound');
  });
  return isUnknown && backups.some((backup) => backup.id === id && hasFailedBy(backup, answer!.at));
}

/** A person deleted or retagged a backup of this resource before the answer. */
function isDisturbed({ backups, people }: Facts, { logicalId, answer }: Request): boolean {
  const own = new Set(backups.filter((backup) => backup.logicalId === logicalId).map(({ id }) => id));
  return people.some(({ backupId, index, act }) => {
    return act !== 'hold' && own.has(backupId) && index < answer!.index;
  });
}

/**
 * What waits for a backup changes only when the backup of that very deployment is AVAILABLE:
 * its request took it, or continued one that was still running when the request came.
 */
export const whatWaitsChangesAfterItsOwnBackup: Invariant = (facts) =>
  firstChanges(facts).flatMap((event): Finding[] => {
    const operation = facts.operation(event.index);
    const guards = operation.guards.filter(({ guarded }) => guarded === event.logicalId);
    return guards.flatMap((guard) => {
      const why = whyUnprotected(facts, guard, event, operation.from);
      return why === undefined
        ? []
        : [{ index: event.index, what: `${event.logicalId} changes, and ${guard.backup} ${why}` }];
    });
  });

/** Of each resource and deployment, the first change on the way forward. */
function firstChanges(facts: Facts): Placed<'event'>[] {
  const seen = new Set<string>();
  return facts.of('event').filter((event) => {
    if (event.status !== 'UPDATE_IN_PROGRESS' || facts.stackStatus(event.index) !== 'UPDATE_IN_PROGRESS') {
      return false;
    }
    const key = `${facts.operation(event.index).from} ${event.logicalId}`;
    if (event.detailedStatus !== undefined || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

type Guard = Facts['operations'][0]['guards'][0];

function whyUnprotected(
  facts: Facts,
  guard: Guard,
  event: Placed<'event'>,
  from: number,
): string | undefined {
  const request = facts.requests.find(({ index, logicalId, type }) => {
    return index >= from && index < event.index && logicalId === guard.backup && type !== 'Delete';
  });
  // A retry without rollback after another resource failed: CloudFormation sends the backup no request.
  const isRetry = hasFailedSinceStable(facts, from);
  if (!request) return isRetry ? undefined : 'was asked for no backup';
  const id = heldAt(facts, guard.backup, event.index);
  if (id === 'none' && !guard.isOfGuarded) return undefined;
  const backup = facts.backups.find((candidate) => candidate.id === id);
  if (!backup) return `has ${id ?? 'no backup'}`;
  // A person may delete it after it was AVAILABLE.
  if (backup.removed !== undefined && backup.removed < event.index) return undefined;
  if (!isAvailable(backup, event)) return `has ${id}, which is not AVAILABLE`;
  if (guard.isOfGuarded && backup.source !== event.physicalId) return `has ${id} of ${backup.source}`;
  const isOwn = backup.request === request || isRunning(backup, request) || !wantsAnother(request);
  return isOwn ? undefined : `has ${id}, which is of an earlier deployment`;
}

/** A deployment before this one has failed without rollback, which Express mode disables by itself. */
function hasFailedSinceStable({ stackEvents }: Facts, from: number): boolean {
  const before = stackEvents.filter(({ index }) => index < from).map(({ status }) => status);
  const lastStable = before.map((status) => STABLE.includes(status)).lastIndexOf(true);
  return before.slice(lastStable + 1).includes('UPDATE_FAILED');
}

/** Nobody is called but AWS. */
export const nobodyIsCalledButAws: Invariant = ({ of }) =>
  of('stray').map(({ index, method, url }) => ({ index, what: `${method} of ${url}` }));

export const INVARIANTS: Invariants = {
  aRequestTakesAtMostOneBackup,
  aBackupIsTakenForAnOpenRequest,
  aRollbackTakesNoBackup,
  aRollbackReturnsToWhatWasHeld,
  whatWaitsChangesAfterItsOwnBackup,
  nobodyIsCalledButAws,
  ...DELETIONS,
  ...RESPONSES,
};
