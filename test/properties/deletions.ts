import {
  type Backup,
  type Facts,
  heldAt,
  isAvailable,
  policyOf,
  STABLE,
  wishOf,
  type Request,
} from './history';
import type { Finding, Invariant, Invariants } from './invariant';

/* Which backups are deleted and retagged, and which file systems are deleted. */

const CLEANUP = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';

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

/**
 * What a resource holds at the end of an operation was not deleted by the library.
 * A failed backup is no data.
 */
export const nothingHeldIsDeleted: Invariant = ({ operations, backups }) =>
  operations.flatMap(({ held }, nth): Finding[] => {
    const end = operations[nth + 1]?.from ?? Infinity;
    return backups
      .filter(({ id, deleted }) => deleted && deleted.index < end && Object.values(held).includes(id))
      .filter(({ end: { as, at }, deleted }) => as !== 'FAILED' || at > deleted!.at)
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
 * A backup is deleted only with DESTROY, or pruned. What the resource said of it last counts; and in the
 * cleanup after an update also what the template says now. A final backup is never deleted.
 */
export const noKeptBackupIsDeleted: Invariant = (facts) =>
  deletions(facts).flatMap((backup) => {
    const index = backup.deleted!.index;
    if (isPruning(facts, backup)) return [];
    const policy = policyFor(facts, backup, index);
    const now = facts.stackStatus(index) === CLEANUP ? lastPolicy(facts, backup, index) : policy;
    if (policy === 'DESTROY' && now === 'DESTROY') return [];
    return [
      {
        index,
        what:
          `${backup.id} of ${backup.logicalId} was deleted, and its policy is ` +
          `${policy}${now === policy ? '' : `, and ${now} now`}`,
      },
    ];
  });

/**
 * A deletion that `keepLast` is answerable for: that of the backup, or what the template says now in a
 * cleanup.
 */
function isPruning(facts: Facts, backup: Backup): boolean {
  const { index } = backup.deleted!;
  if (typeof policyFor(facts, backup, index) === 'number') return true;
  return facts.stackStatus(index) === CLEANUP && typeof lastPolicy(facts, backup, index) === 'number';
}

/**
 * What the resource last said of this backup: when it was taken, and when the resource, asking for the same,
 * still had it or was given it again. What it says after it has moved on to another backup is about that one.
 * A backup that it never had, since the deployment failed, may be continued by a request that asks for the
 * same; a request that takes another says nothing of this one.
 */
function policyFor(
  { requests, backups }: Facts,
  backup: Backup,
  index: number,
): ReturnType<typeof policyOf> | undefined {
  const { request: origin } = backup;
  if (!origin) return undefined;
  const sameResource = requests.filter((request) => {
    return (
      request.logicalId === origin.logicalId &&
      request.event.StackId === origin.event.StackId &&
      request.type !== 'Delete'
    );
  });
  const later = sameResource.filter((request) => request.index > origin.index && request.index < index);
  const movedOn = later.find(
    ({ answer }) =>
      answer?.body.Status === 'SUCCESS' &&
      answer.body.PhysicalResourceId !== backup.id &&
      answer.index < index,
  );
  const hadIt = sameResource.some(
    ({ answer }) =>
      answer?.body.Status === 'SUCCESS' &&
      answer.body.PhysicalResourceId === backup.id &&
      answer.index < index,
  );
  const holders = later.filter((request) => {
    const isBefore = !movedOn || request.index < movedOn.index;
    const takesAnother = backups.some((other) => other.request === request);
    const asksForTheSame = wishOf(request) === wishOf(origin) && !takesAnother && (isBefore || !hadIt);
    return asksForTheSame || request.answer?.body.PhysicalResourceId === backup.id;
  });
  return policyOf(holders.at(-1) ?? origin);
}

function lastPolicy(
  { requests }: Facts,
  { request: origin }: Backup,
  index: number,
): ReturnType<typeof policyOf> | undefined {
  const last = requests
    .filter(
      (request) =>
        request.index < index && request.type !== 'Delete' && origin && isSameResource(request, origin),
    )
    .at(-1);
  return last && policyOf(last);
}

function isSameResource(one: Request, other: Request): boolean {
  return one.logicalId === other.logicalId && one.event.StackId === other.event.StackId;
}

/**
 * The last copy of what a resource backed up before stays: while the resource lives on and holds a backup of
 * another source, the newest AVAILABLE one that it has held of the former source is not deleted. If a person
 * deleted the one that it holds, nothing may tell that it lives on: CloudFormation may show the old id [?].
 */
export const theLastCopyOfAnotherSourceStays: Invariant = (facts) =>
  deletions(facts).flatMap((backup): Finding[] => {
    const { at, index } = backup.deleted!;
    const status = facts.stackStatus(index);
    if (!status.startsWith('UPDATE_') || !wasHeld(facts, backup, index)) return [];
    const held = facts.backups.find(({ id }) => id === heldAt(facts, backup.logicalId, index));
    if (!held || held.source === backup.source || held.resource !== backup.resource) return [];
    if (held.removed !== undefined && held.removed < index) return [];
    const others = facts.backups.filter((other) => {
      return other !== backup && other.source === backup.source && isAvailable(other, { at, index });
    });
    if (others.length > 0 || !isAvailable(backup, { at, index })) return [];
    const what =
      `${backup.id} was deleted, the last copy of ${backup.source}; ` +
      `${backup.logicalId} holds one of ${held.source}`;
    return [{ index, what }];
  });

/** CloudFormation had the backup at the end of an operation that left the stack stable. */
function wasHeld({ operations }: Facts, { id }: Backup, index: number): boolean {
  return operations.some(({ held, outcome }, nth) => {
    const end = operations[nth + 1]?.from ?? Infinity;
    return end <= index && STABLE.includes(outcome ?? '') && Object.values(held).includes(id);
  });
}

function deletions({ backups }: Pick<Facts, 'backups'>): Backup[] {
  return backups.filter(({ deleted }) => deleted !== undefined);
}

/**
 * Where there is a final backup of it, a file system or volume is deleted only when a backup of it is
 * AVAILABLE; not in a rollback.
 */
export const whatHasAFinalBackupIsNotDeletedWithoutIt: Invariant = (facts) =>
  facts.of('event').flatMap((event): Finding[] => {
    const isSource = event.type === 'AWS::FSx::FileSystem' || event.type === 'AWS::FSx::Volume';
    const status = facts.stackStatus(event.index);
    if (!isSource || event.status !== 'DELETE_IN_PROGRESS' || status.includes('ROLLBACK')) return [];
    const { from } = facts.operation(event.index);
    const finals = facts.requests.filter(({ index, type, answer }) => {
      return (
        index < event.index &&
        type !== 'Delete' &&
        answer?.body.Status === 'SUCCESS' &&
        answer.body.PhysicalResourceId === `final-${event.physicalId}`
      );
    });
    return finals.flatMap(({ logicalId }): Finding[] => {
      const deletion = facts.requests.find((request) => {
        return (
          request.type === 'Delete' &&
          request.logicalId === logicalId &&
          request.event.PhysicalResourceId === `final-${event.physicalId}`
        );
      });
      if (deletion && deletion.index < from) return []; // it was removed before, and took its backup then
      const wasAbandoned =
        status === CLEANUP &&
        facts.of('event').some((failure) => {
          return (
            failure.logicalId === logicalId &&
            failure.status === 'DELETE_FAILED' &&
            failure.index > from &&
            failure.index < event.index
          );
        });
      const isBackedUp = facts.backups.some((backup) => {
        return (
          backup.logicalId === logicalId && backup.source === event.physicalId && isAvailable(backup, event)
        );
      });
      return isBackedUp || wasAbandoned
        ? []
        : [
            {
              index: event.index,
              what: `${event.physicalId} is deleted, and ${logicalId} has no backup of it`,
            },
          ];
    });
  });

export const DELETIONS: Invariants = {
  onlyItsOwnIsDeletedOrTagged,
  nothingHeldIsDeleted,
  nothingOnHoldIsDeleted,
  noKeptBackupIsDeleted,
  theLastCopyOfAnotherSourceStays,
  whatHasAFinalBackupIsNotDeletedWithoutIt,
};
