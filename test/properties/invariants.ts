import {
  anUndisturbedDeploymentSucceeds,
  eachRequestIsAnsweredOnceAndInTime,
  noKeptBackupIsDeleted,
  noneMeansThatNothingIsDeployed,
  noRollbackFailsForABackup,
  nothingGoesOnForEver,
  successMeansAvailable,
  whatHasAFinalBackupIsNotDeletedWithoutIt,
} from './first-design';
import {
  type Backup,
  type Facts,
  isAvailable,
  isRunning,
  type Placed,
  type Request,
  wishOf,
} from './history';
import type { Finding, Invariant, Invariants } from './invariant';

/*
 * The invariants of the second design: they hold in every setting, however unfriendly AWS is.
 * Each one reads a history and returns the findings that should not be there.
 */

const MINUTE = 60_000;
const STABLE = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'];

/** Every request takes at most one backup, once, whatever is delivered again. */
export const aRequestTakesAtMostOneBackup: Invariant = ({ backups }) =>
  backups.flatMap(({ id, request, index }): Finding[] => {
    const first = request && backups.find((other) => other.request === request);
    if (!first || first.id === id) return [];
    return [{ index, what: `${id} was taken for ${request.requestId}, which had taken ${first.id}` }];
  });

/**
 * Every backup is taken for a request that CloudFormation waits for.
 * A request that was cancelled within the last minute cannot know it yet.
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
    if (isCancellation(end) && at - end.at <= MINUTE) return [];
    return finding(`for a request of ${logicalId} that had ended ${(at - end.at) / 1000} s before`);
  });

function isCancellation(end: NonNullable<Request['end']>): boolean {
  return end.kind === 'event' && /cancelled/.test(end.reason ?? '');
}

/** A rollback takes no backup. */
export const aRollbackTakesNoBackup: Invariant = ({ backups }) =>
  backups
    .filter(({ request }) => request?.isWayBack)
    .map(({ id, index, logicalId }) => ({ index, what: `${id} was taken by ${logicalId} on its way back` }));

/** A rollback returns to the backup that the resource held before, unless a person changed one. */
export const aRollbackReturnsToWhatWasHeld: Invariant = (facts) =>
  facts.requests.flatMap((request): Finding[] => {
    const { answer, isWayBack, type, logicalId, event } = request;
    if (!isWayBack || type !== 'Update' || answer?.body.Status !== 'SUCCESS') return [];
    if (event.ResourceType !== 'Custom::FsxBackup') return [];
    const before = heldBefore(facts, request);
    const given = answer.body.PhysicalResourceId;
    if (before === undefined || before === given || isDisturbed(facts, request)) return [];
    return [{ index: answer.index, what: `${logicalId} returned to ${given}, and held ${before} before` }];
  });

/** In a rollback of the stack: when it was last stable. Without rollback: before the update that failed. */
function heldBefore(facts: Facts, request: Request): string | undefined {
  const { index, event, logicalId } = request;
  if (!facts.stackStatus(index).includes('ROLLBACK')) return event.PhysicalResourceId;
  const stable = facts.stackEvents.filter(({ status, index: at }) => at < index && STABLE.includes(status));
  const since = stable.at(-1)?.index ?? -1;
  const first = facts.requests.find((other) => other.index > since && other.logicalId === logicalId);
  return first?.event.PhysicalResourceId;
}

/** A person deleted or retagged a backup of this resource before the answer. */
function isDisturbed({ backups, people }: Facts, { logicalId, answer }: Request): boolean {
  const own = new Set(backups.filter((backup) => backup.logicalId === logicalId).map(({ id }) => id));
  return people.some(({ backupId, index, act }) => {
    return act !== 'hold' && own.has(backupId) && index < answer!.index;
  });
}

/** The library deletes and tags only what its own stack took, and changes no tag that says whose it is. */
export const onlyItsOwnIsDeletedOrTagged: Invariant = ({ of, backups, requests }) => {
  const stacks = new Set(requests.map(({ event }) => event.StackId));
  return of('call').flatMap((call): Finding[] => {
    const { operation, input, index, outcome } = call;
    if (!/^fsx:(DeleteBackup|TagResource|UntagResource)$/.test(operation) || outcome === 'denied') return [];
    const id = input.BackupId ?? input.ResourceARN?.split('/').at(-1);
    const isOwn = backups.some((backup) => {
      return (
        backup.id === id && backup.index < index && stacks.has(backup.tags.get('cdk-fsx-backup:stack-id')!)
      );
    });
    if (!isOwn) return [{ index, what: `${operation} of ${id}, which the stack did not take` }];
    const keys: string[] = [...(input.TagKeys ?? []), ...(input.Tags ?? []).map(({ Key }: any) => Key)];
    const reserved = keys.find(
      (key) => key.startsWith('cdk-fsx-backup:') && key !== 'cdk-fsx-backup:removal',
    );
    return reserved ? [{ index, what: `${operation} of ${id} changes ${reserved}` }] : [];
  });
};

/** What a resource holds at the end of an operation was not deleted by the library. */
export const nothingHeldIsDeleted: Invariant = ({ operations, backups }) =>
  operations.flatMap(({ held }, nth): Finding[] => {
    const end = operations[nth + 1]?.from ?? Infinity;
    return backups
      .filter(({ id, deleted }) => deleted && deleted.index < end && Object.values(held).includes(id))
      .map(({ id, logicalId, deleted }) => {
        return { index: deleted!.index, what: `${id} was deleted, and ${logicalId} holds it` };
      });
  });

/** A backup that bears `hold` is never deleted. */
export const nothingOnHoldIsDeleted: Invariant = ({ backups, people }) =>
  deletions({ backups }).flatMap(({ id, deleted }): Finding[] => {
    const last = people.filter(({ backupId, index }) => backupId === id && index < deleted!.index).at(-1);
    return last?.act === 'hold' ? [{ index: deleted!.index, what: `${id} was deleted, and bears hold` }] : [];
  });

/**
 * The last copy of what a resource backed up before stays: while the resource lives on and holds a backup of
 * another source, the newest AVAILABLE one that it has held of the former source is not deleted.
 */
export const theLastCopyOfAnotherSourceStays: Invariant = (facts) =>
  deletions(facts).flatMap((backup): Finding[] => {
    const { at, index } = backup.deleted!;
    const status = facts.stackStatus(index);
    if (!status.startsWith('UPDATE_') || !wasHeld(facts, backup, index)) return [];
    const held = facts.backups.find(({ id }) => id === heldAt(facts, backup.logicalId, index));
    if (!held || held.source === backup.source || held.resource !== backup.resource) return [];
    const others = facts.backups.filter((other) => {
      return other !== backup && other.source === backup.source && isAvailable(other, { at, index });
    });
    if (others.length > 0 || !isAvailable(backup, { at, index })) return [];
    const what =
      `${backup.id} was deleted, the last copy of ${backup.source}; ` +
      `${backup.logicalId} holds one of ${held.source}`;
    return [{ index, what }];
  });

function deletions({ backups }: Pick<Facts, 'backups'>): Backup[] {
  return backups.filter(({ deleted }) => deleted !== undefined);
}

/** CloudFormation had the backup at the end of an operation that left the stack stable. */
function wasHeld({ operations }: Facts, { id }: Backup, index: number): boolean {
  return operations.some(({ held, outcome }, nth) => {
    const end = operations[nth + 1]?.from ?? Infinity;
    return end <= index && STABLE.includes(outcome ?? '') && Object.values(held).includes(id);
  });
}

/** The id of the last answer that CloudFormation accepted as a success. */
function heldAt({ requests }: Facts, logicalId: string, index: number): string | undefined {
  const answered = requests.filter(({ type, answer, ...request }) => {
    return request.logicalId === logicalId && type !== 'Delete' && answer && answer.index < index;
  });
  return answered.filter(({ answer }) => answer!.body.Status === 'SUCCESS').at(-1)?.answer!.body
    .PhysicalResourceId;
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
  // A retry without rollback after the service failed: CloudFormation sends the backup no request.
  const isRetry = facts.operations.some(
    ({ from: begin, disableRollback }) => begin < from && disableRollback,
  );
  if (!request) return isRetry ? undefined : 'was asked for no backup';
  const id = heldAt(facts, guard.backup, event.index);
  if (id === 'none' && !guard.isOfGuarded) return undefined;
  const backup = facts.backups.find((candidate) => candidate.id === id);
  if (!backup) return `has ${id ?? 'no backup'}`;
  if (!isAvailable(backup, event)) return `has ${id}, which is not AVAILABLE`;
  if (guard.isOfGuarded && backup.source !== event.physicalId) return `has ${id} of ${backup.source}`;
  const isOwn = backup.request === request || isRunning(backup, request) || !wantsAnother(request);
  return isOwn ? undefined : `has ${id}, which is of an earlier deployment`;
}

/** An Update of tags and options alone keeps the backup. */
function wantsAnother({ type, event }: Request): boolean {
  const { OldResourceProperties: ResourceProperties } = event;
  return type === 'Create' || wishOf({ event }) !== wishOf({ event: { ResourceProperties } });
}

/** Nobody is called but AWS. */
export const nobodyIsCalledButAws: Invariant = ({ of }) =>
  of('stray').map(({ index, method, url }) => ({ index, what: `${method} of ${url}` }));

export const INVARIANTS: Invariants = {
  eachRequestIsAnsweredOnceAndInTime,
  aRequestTakesAtMostOneBackup,
  aBackupIsTakenForAnOpenRequest,
  aRollbackTakesNoBackup,
  aRollbackReturnsToWhatWasHeld,
  onlyItsOwnIsDeletedOrTagged,
  nothingHeldIsDeleted,
  nothingOnHoldIsDeleted,
  noKeptBackupIsDeleted,
  theLastCopyOfAnotherSourceStays,
  whatWaitsChangesAfterItsOwnBackup,
  nobodyIsCalledButAws,
  whatHasAFinalBackupIsNotDeletedWithoutIt,
  successMeansAvailable,
  noneMeansThatNothingIsDeployed,
  noRollbackFailsForABackup,
  anUndisturbedDeploymentSucceeds,
  nothingGoesOnForEver,
};
