import {
  type Backup,
  type Facts,
  isAvailable,
  isRunning,
  type Placed,
  policyOf,
  type Request,
  wishOf,
} from './history';
import type { Finding, Invariant, Invariants } from './invariant';

/*
 * What must hold whatever happens. Each invariant looks at a history and tells what in it should not have
 * been.
 */

const HOUR = 60 * 60_000;
/**
 * A finished backup of a failed deployment is taken up within this time (decisions/0003), and one of a failed
 * deletion within that.
 */
const ADOPTION_AGE = { deployment: 24 * HOUR, deletion: 2 * HOUR };
/**
 * An invocation takes this long at most, so that much may lie between its look at the stack and its call, if
 * calls hang.
 */
const LONGEST_INVOCATION = 100_000;
const SUCCEEDED = ['CREATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE'];
const CHANGED = ['CREATE_COMPLETE', 'UPDATE_COMPLETE'];
const CLEANUP = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';

/**
 * Each request has exactly one answer that takes effect, and in time, unless CloudFormation has cancelled it;
 * none is refused.
 */
export const eachRequestIsAnsweredOnceAndInTime: Invariant = ({ requests, of }) => [
  ...requests.flatMap((request) => {
    const answers = of('response').filter(
      ({ requestId, effect }) => requestId === request.requestId && effect === 'accepted',
    );
    const seconds = Number(request.event.ResourceProperties.ServiceTimeout ?? 3600);
    const finding = (what: string): Finding[] => [
      { index: request.index, what: `${request.type} of ${request.logicalId} ${what}` },
    ];
    if (answers.length > 1) return finding(`was answered ${answers.length} times with effect`);
    if (answers.length === 0) return isCancelled(request) ? [] : finding('was never answered');
    return answers[0].at - request.at > seconds * 1000
      ? finding(`was answered after ${(answers[0].at - request.at) / 1000} s`)
      : [];
  }),
  ...of('response')
    .filter(
      ({ effect, why, body }) =>
        effect === 'refused' && !why?.startsWith('fault') && body.UniqueId === undefined,
    )
    .filter(({ requestId, index }) => {
      const end = requests.find((request) => request.requestId === requestId)?.end;
      return end === undefined || end.index > index; // later, nobody waits for it any more
    })
    .map(({ index, logicalId, why }) => {
      return { index, what: `the answer for ${logicalId} was refused: ${why}` };
    }),
];

function isCancelled({ end }: Request): boolean {
  return end?.kind === 'event' && /cancelled/.test(end.reason ?? '');
}

/**
 * A wait condition is always signalled before its time is up; not so where rollback was disabled, and its
 * handle is from an earlier deployment.
 */
export const noWaitConditionRunsOut: Invariant = ({ of, operations }) =>
  of('event')
    .filter(({ reason }) => {
      return (
        reason?.includes('WaitCondition timed out') &&
        !operations.some(({ disableRollback }) => disableRollback)
      );
    })
    .map(({ index, logicalId }) => ({ index, what: `nobody signalled ${logicalId}` }));

/**
 * No backup is taken while there is another of the same identity that is running, or that a retry has to take
 * up: finished, and younger than the last success.
 */
export const atMostOneLivingBackupPerIdentity: Invariant = (facts) =>
  facts.backups.flatMap((second) => {
    const first = facts.backups.find((backup) => {
      return (
        backup.index < second.index &&
        backup.identity === second.identity &&
        isAdoptable(facts, backup, second)
      );
    });
    return first
      ? [
          {
            index: second.index,
            what:
              `${second.id} was taken of ${second.source} although there was ${first.id} of the same ` +
              'identity',
          },
        ]
      : [];
  });

function isAdoptable(facts: Facts, backup: Backup, { at, index, request }: Backup): boolean {
  if (isRunning(backup, { at, index })) return true;
  const age = ADOPTION_AGE[request?.type === 'Delete' ? 'deletion' : 'deployment'];
  return (
    isAvailable(backup, { at, index }) && at - backup.at < age && !succeededBetween(facts, backup.at, index)
  );
}

/** A deployment of the stack has succeeded after that instant and before that entry. */
function succeededBetween({ of, stack }: Facts, at: number, index: number): boolean {
  return of('event').some(
    (event) =>
      event.logicalId === stack && SUCCEEDED.includes(event.status) && event.at > at && event.index < index,
  );
}

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

function deletions({ backups }: Facts): Backup[] {
  return backups.filter(({ deleted }) => deleted !== undefined);
}

/**
 * What the resource last said of this backup: when it was taken, and when the resource, asking for the same,
 * still had it or was given it again. What it says after it has moved on to another backup is about that one;
 * but what it never had, since the deployment failed, is taken up by who asks for the same again. Who takes
 * another says nothing of this one.
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
  const wasHeld = sameResource.some(
    ({ answer }) =>
      answer?.body.Status === 'SUCCESS' &&
      answer.body.PhysicalResourceId === backup.id &&
      answer.index < index,
  );
  const holders = later.filter((request) => {
    const isBefore = !movedOn || request.index < movedOn.index;
    const takesAnother = backups.some((other) => other.request === request);
    const asksForTheSame = wishOf(request) === wishOf(origin) && !takesAnother && (isBefore || !wasHeld);
    return asksForTheSame || request.answer?.body.PhysicalResourceId === backup.id;
  });
  return policyOf(holders.at(-1) ?? origin);
}

/**
 * Nothing is deleted or tagged but backups that the stack itself has taken, and the tags that say so are not
 * touched.
 */
export const nothingForeignIsTouched: Invariant = ({ of, backups, requests }) => {
  const stacks = new Set(requests.map(({ event }) => event.StackId));
  const isOwn = (id: string, call: Placed<'call'>) =>
    backups.some((backup) => {
      return (
        backup.id === id &&
        backup.index < call.index &&
        stacks.has(backup.tags.get('cdk-fsx-backup:stack-id')!)
      );
    });
  return of('call').flatMap((call): Finding[] => {
    const { operation, input, index } = call;
    if (!['fsx:DeleteBackup', 'fsx:TagResource', 'fsx:UntagResource'].includes(operation)) return [];
    const id = input.BackupId ?? input.ResourceARN?.split('/').at(-1);
    if (!isOwn(id, call)) return [{ index, what: `${operation} of ${id}, which the stack did not take` }];
    const keys: string[] = [...(input.TagKeys ?? []), ...(input.Tags ?? []).map(({ Key }: any) => Key)];
    const reserved = keys.find((key) => key.startsWith('cdk-fsx-backup:'));
    return reserved ? [{ index, what: `${operation} of ${id} changes ${reserved}` }] : [];
  });
};

/** Before CloudFormation changes what is guarded, the guard's backup of it as it is now is AVAILABLE. */
export const everyChangeOfWhatIsGuardedIsPrecededByItsBackup: Invariant = (facts) =>
  facts.of('event').flatMap((event): Finding[] => {
    if (event.status !== 'UPDATE_IN_PROGRESS' || facts.stackStatus(event.index) !== 'UPDATE_IN_PROGRESS') {
      return [];
    }
    const operation = facts.operation(event.index);
    const isFirst = !facts.of('event').some(({ index, logicalId, status }) => {
      return (
        index >= operation.from &&
        index < event.index &&
        logicalId === event.logicalId &&
        status === event.status
      );
    });
    if (!isFirst) return [];
    return operation.guards
      .filter(({ guarded }) => guarded === event.logicalId)
      .flatMap((guard) => {
        const why = whyUnguarded(facts, guard, event);
        return why === undefined
          ? []
          : [{ index: event.index, what: `${event.logicalId} is changed, and ${guard.backup} ${why}` }];
      });
  });

function whyUnguarded(
  facts: Facts,
  { backup: logicalId, isOfGuarded }: Facts['operations'][0]['guards'][0],
  event: Placed<'event'>,
): string | undefined {
  const id = heldBy(facts, logicalId, event.index);
  const backup = facts.backups.find((candidate) => candidate.id === id);
  // There was nothing to back up: noneMeansThatNothingIsDeployed judges that.
  if (
    id === 'none' &&
    !isOfGuarded &&
    answerTo(facts, logicalId, event.index)!.index >= facts.operation(event.index).from
  ) {
    return undefined;
  }
  if (!backup) return `has ${id ?? 'no backup'}`;
  if (!isAvailable(backup, event)) return `has ${id}, which is not AVAILABLE`;
  if (isOfGuarded && backup.source !== event.physicalId) {
    return `has ${id} of ${backup.source}, not of ${event.physicalId}`;
  }
  const changedSince = facts.of('event').some((change) => {
    return (
      change.logicalId === event.logicalId &&
      CHANGED.includes(change.status) &&
      change.index > backup.index &&
      change.index < event.index &&
      isForward(facts.stackStatus(change.index)) &&
      succeededAfter(facts, change, event.index)
    );
  });
  return changedSince ? `has ${id}, which is older than the last change` : undefined;
}

/** The operation of this change went on to succeed. */
function succeededAfter(facts: Facts, change: Placed<'event'>, before: number): boolean {
  const end = facts.operations.find(({ from }) => from > change.index)?.from ?? Infinity;
  return facts.of('event').some(({ logicalId, status, index }) => {
    return (
      logicalId === facts.stack &&
      SUCCEEDED.includes(status) &&
      index > change.index &&
      index < Math.min(end, before)
    );
  });
}

function isForward(status: string): boolean {
  return status === 'CREATE_IN_PROGRESS' || status === 'UPDATE_IN_PROGRESS';
}

/** What CloudFormation has as physical id of the resource: the last answer that it took for good. */
function heldBy(facts: Facts, logicalId: string, index: number): string | undefined {
  return answerTo(facts, logicalId, index)?.body.PhysicalResourceId;
}

function answerTo({ requests }: Facts, logicalId: string, index: number): Request['answer'] {
  return requests
    .filter((request) => {
      return (
        request.logicalId === logicalId &&
        request.type !== 'Delete' &&
        request.answer?.body.Status === 'SUCCESS' &&
        request.answer.index < index
      );
    })
    .at(-1)?.answer;
}

/**
 * A backup is taken for a request that CloudFormation waits for, and that it did not send on its way back: a
 * rollback takes none. Between the look at the stack and the call of CreateBackup no time passes, unless a
 * call in between hangs or is repeated; only then a rollback may begin there. A late delivery of a deletion
 * may take a final backup again where FSx forgets the token of one that has failed: nothing tells it from the
 * next attempt.
 */
export const onlyAnOpenRequestOfAForwardDeploymentTakesABackup: Invariant = (facts) =>
  facts.backups.flatMap((backup): Finding[] => {
    const { request, index, id, at } = backup;
    const finding = (what: string) => [{ index, what: `${id} was taken ${what}` }];
    if (!request) return finding('with a token of no request');
    const isFinal = request.event.ResourceType === 'Custom::FsxFinalBackup';
    if (request.isWayBack) return finding(`by ${request.type} of ${request.logicalId} on its way back`);
    if ((request.type === 'Delete') !== isFinal) return finding(`by ${request.type} of ${request.logicalId}`);
    const { end } = request;
    if (!end || end.index > index) return [];
    const hasFailedBefore = facts.backups.some(
      (other) =>
        other.request === request && other.index < index && other.end.as === 'FAILED' && other.end.at <= at,
    );
    if (isFinal && facts.forgetsFailed && hasFailedBefore) return [];
    const wasDelayed =
      at - end.at <= LONGEST_INVOCATION &&
      facts.of('call').some((call) => {
        return (
          call.outcome === 'fault' &&
          call.principal === backup.call.principal &&
          call.index < index &&
          call.at >= at - LONGEST_INVOCATION
        );
      });
    return wasDelayed
      ? []
      : finding(
          `for a request that had ended ${(at - end.at) / 1000} s before, in ${facts.stackStatus(index)}`,
        );
  });

/**
 * With DESTROY nothing is left but what a resource of an existing stack holds. Not so where rollback was
 * disabled or its cleanup is still to come, where FSx does not delete it, and where the policy has changed
 * since.
 */
export const nothingIsLeftOfWhatIsToBeDestroyed: Invariant = (facts) => {
  const { backups, left, requests, entries, keepsFailed } = facts;
  const index = entries.length - 1;
  if (facts.stackStatus(index) === 'UPDATE_ROLLBACK_FAILED') return [];
  return backups
    .filter((backup) => {
      if (!left.has(backup.id) || policyFor(facts, backup, entries.length) !== 'DESTROY') return false;
      if (keepsFailed && backup.end.as === 'FAILED') return false;
      if (wasRefusedDeletion(facts, backup, entries.length)) return false;
      const later = requests.filter(
        (request) => request.index > backup.request!.index && isSameResource(request, backup.request!),
      );
      if (later.some((request) => policyOf(request) !== 'DESTROY')) return false;
      if (facts.operations.some(({ disableRollback }) => disableRollback)) return false;
      return (
        isGone(facts, backup.request!.event.StackId) ||
        heldBy(facts, backup.logicalId, entries.length) !== backup.id
      );
    })
    .map(({ id, logicalId }) => ({ index, what: `${id} of ${logicalId} is left` }));
};

function isSameResource(one: Request, other: Request): boolean {
  return one.logicalId === other.logicalId && one.event.StackId === other.event.StackId;
}

function isGone({ of, stack }: Facts, stackId: string): boolean {
  return of('event').some(
    (event) =>
      event.logicalId === stack && event.physicalId === stackId && event.status === 'DELETE_COMPLETE',
  );
}

/**
 * `keepLast` prunes in the cleanup after a deployment that succeeded; never the newest, never what the
 * resource holds, never what is running.
 */
export const pruningSparesTheNewest: Invariant = (facts) =>
  deletions(facts).flatMap((backup): Finding[] => {
    const { index, at } = backup.deleted!;
    if (!isPruning(facts, backup) || (backup.end.as === 'FAILED' && backup.end.at <= at)) return [];
    const finding = (what: string) => [
      { index, what: `${backup.id} of ${backup.logicalId} was deleted ${what}` },
    ];
    if (facts.stackStatus(index) !== CLEANUP) return finding(`in ${facts.stackStatus(index)}`);
    if (isRunning(backup, { at, index })) return finding('while it was running');
    if (heldBy(facts, backup.logicalId, index) === backup.id) {
      return finding('although the resource holds it');
    }
    const inForce = lastPolicy(facts, backup, index);
    if (typeof inForce !== 'number') return finding(`although its resource says ${inForce} now`);
    const newer = siblings(facts, backup).filter(
      (other) => other.at > backup.at && isAvailable(other, { at, index }),
    );
    return newer.length < inForce ? finding(`although it was one of the newest ${inForce}`) : [];
  });

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

function siblings({ backups }: Facts, { identity }: Backup): Backup[] {
  const resourceOf = (text: string) => JSON.stringify(JSON.parse(text).slice(0, 2));
  return backups.filter((other) => resourceOf(other.identity) === resourceOf(identity));
}

/**
 * When an undisturbed deployment has replaced the backup of a resource with `keepLast`, no more than so many
 * are left of those that were finished when CloudFormation cleaned up, and what the resource holds.
 */
export const pruningLeavesNoMore: Invariant = (facts) =>
  facts.operations.flatMap(({ from, isUndisturbed }, nth): Finding[] => {
    const to = facts.operations[nth + 1]?.from ?? facts.entries.length;
    const cleanup = facts
      .of('event')
      .find(({ index, status }) => index >= from && index < to && status === CLEANUP);
    if (!isUndisturbed || !cleanup) return [];
    const updates = facts.requests.filter(({ index, type, answer, event }) => {
      return (
        index >= from &&
        index < to &&
        type === 'Update' &&
        answer?.body.Status === 'SUCCESS' &&
        answer.body.PhysicalResourceId !== event.PhysicalResourceId
      );
    });
    return updates.flatMap((update) => {
      const most = policyOf(update);
      const end = { at: facts.entries[to - 1].at, index: to };
      const ofResource = facts.backups.filter(({ request }) => request && isSameResource(request, update));
      const finished = ofResource.filter(
        (backup) => isAvailable(backup, cleanup) && !facts.busy.has(backup.id),
      );
      const newest = [...finished]
        .sort((a, b) => b.at - a.at)
        .slice(0, typeof most === 'number' ? most : undefined);
      const left = finished.filter((backup) => isAvailable(backup, end));
      const surplus = left.find(
        (backup) => !newest.includes(backup) && backup.id !== update.answer!.body.PhysicalResourceId,
      );
      return surplus
        ? [
            {
              index: to - 1,
              what: `${surplus.id} of ${surplus.logicalId} was not pruned, and keepLast is ${most}`,
            },
          ]
        : [];
    });
  });

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

/**
 * Who was to wait for a backup is told of success only when it is AVAILABLE, be it by an answer or by a
 * signal to a wait condition. Where the wait condition was told of a failure, it stands in the way of
 * success, whatever the resource is told later.
 */
export const successMeansAvailable: Invariant = (facts) => {
  const { requests, backups, of } = facts;
  const isFinished = (id: string, response: Placed<'response'>) => {
    const backup = backups.find((candidate) => candidate.id === id);
    return backup !== undefined && isAvailable(backup, response);
  };
  const isToldOfFailure = (answer: Placed<'response'>) =>
    of('response').some(({ body, effect, index }) => {
      return (
        effect === 'accepted' &&
        body.Status === 'FAILURE' &&
        body.Data === answer.body.PhysicalResourceId &&
        index < answer.index
      );
    });
  const answers = requests.flatMap(({ answer, isWayBack, type, event }) => {
    const { WaitUntil, WaitHandle } = event.ResourceProperties;
    const isToWait =
      type !== 'Delete' &&
      event.ResourceType === 'Custom::FsxBackup' &&
      WaitUntil === 'AVAILABLE' &&
      !isWayBack;
    const waitsElsewhere = WaitHandle !== undefined && WaitHandle !== event.OldResourceProperties?.WaitHandle;
    return isToWait &&
      !waitsElsewhere &&
      answer?.body.Status === 'SUCCESS' &&
      !(WaitHandle !== undefined && isToldOfFailure(answer))
      ? [{ response: answer, id: answer.body.PhysicalResourceId }]
      : [];
  });
  const isHeard = ({ logicalId, index }: Placed<'response'>) =>
    !of('event').some((event) => {
      return event.index < index && event.logicalId === logicalId && event.status === 'DELETE_COMPLETE';
    });
  const signals = of('response')
    .filter(
      ({ body, effect }) => effect === 'accepted' && body.UniqueId !== undefined && body.Status === 'SUCCESS',
    )
    .filter(isHeard)
    .map((response) => ({ response, id: response.body.Data }));
  return [...answers, ...signals]
    .filter(({ id, response }) => id !== 'none' && !isFinished(id, response))
    .map(({ id, response }) => {
      return {
        index: response.index,
        what: `${response.logicalId} was told of success with ${id}, which is not AVAILABLE`,
      };
    });
};

/** `none` is the answer only where there is nothing to back up. */
export const noneMeansThatNothingIsDeployed: Invariant = (facts) =>
  facts.requests.flatMap((request): Finding[] => {
    const { answer, event, type, isWayBack, logicalId } = request;
    if (
      type === 'Delete' ||
      answer?.body.Status !== 'SUCCESS' ||
      answer.body.PhysicalResourceId !== 'none' ||
      isWayBack
    ) {
      return [];
    }
    const { DeployedFileSystem, DeployedVolume } = event.ResourceProperties;
    const source = DeployedFileSystem ?? DeployedVolume;
    if (source === undefined) {
      return [{ index: answer.index, what: `${logicalId} has no backup although its source has an id` }];
    }
    if (
      event.PhysicalResourceId === 'none' &&
      wishOf({ event }) === wishOf({ event: { ResourceProperties: event.OldResourceProperties } })
    ) {
      return [];
    }
    const last = facts
      .of('event')
      .filter((candidate) => candidate.logicalId === source && candidate.index < answer.index)
      .at(-1);
    const isThere =
      last !== undefined &&
      last.physicalId !== undefined &&
      !['DELETE_COMPLETE', 'CREATE_FAILED'].includes(last.status);
    return isThere
      ? [{ index: answer.index, what: `${logicalId} has no backup although ${source} is ${last.physicalId}` }]
      : [];
  });

/**
 * A rollback never fails for a backup; unless FSx refuses to delete one for as long as a deletion may take.
 */
export const noRollbackFailsForABackup: Invariant = (facts) =>
  facts
    .of('event')
    .filter(({ type, status, index, logicalId }) => {
      const isRollback = facts.stackStatus(index).includes('ROLLBACK');
      const isFailure =
        isRollback && type.startsWith('Custom::Fsx') && /^(UPDATE|DELETE)_FAILED$/.test(status);
      return (
        isFailure &&
        !facts.backups.some(
          (backup) => backup.logicalId === logicalId && wasRefusedDeletion(facts, backup, index),
        )
      );
    })
    .map(({ index, logicalId, reason }) => ({
      index,
      what: `${logicalId} failed in ${facts.stackStatus(index)}: ${reason}`,
    }));

/** FSx does not delete what is running or in use, and a deletion has 55 minutes. */
function wasRefusedDeletion({ of }: Facts, { id }: Backup, before: number): boolean {
  const refusals = of('call').filter(({ operation, input, error, index }) => {
    return (
      operation === 'fsx:DeleteBackup' &&
      input.BackupId === id &&
      /^Backup(InProgress|Restoring)/.test(error ?? '') &&
      index < before
    );
  });
  return refusals.some(({ at }) => at - refusals[0].at >= 50 * 60_000);
}

/** Where nothing is in its way, a deployment succeeds. */
export const anUndisturbedDeploymentSucceeds: Invariant = ({ operations }) =>
  operations
    .filter(({ isUndisturbed, outcome }) => {
      return isUndisturbed && !/^(CREATE|UPDATE|DELETE)_COMPLETE$/.test(outcome ?? '');
    })
    .map(({ from, outcome }) => ({
      index: from,
      what: `nothing was in its way, and it ended with ${outcome}`,
    }));

/** In the end every execution of the state machine has ended. */
export const nothingGoesOnForEver: Invariant = ({ of }) => {
  const executions = of('execution');
  return executions
    .filter(({ status, name }) => {
      return (
        status === 'RUNNING' && !executions.some((other) => other.name === name && other.status !== 'RUNNING')
      );
    })
    .map(({ index, name }) => ({ index, what: `execution ${name} has not ended` }));
};

/** What the first design promises, in the setting that it was made for. */
export const FIRST_DESIGN: Invariants = {
  eachRequestIsAnsweredOnceAndInTime,
  noWaitConditionRunsOut,
  atMostOneLivingBackupPerIdentity,
  noKeptBackupIsDeleted,
  nothingForeignIsTouched,
  everyChangeOfWhatIsGuardedIsPrecededByItsBackup,
  onlyAnOpenRequestOfAForwardDeploymentTakesABackup,
  nothingIsLeftOfWhatIsToBeDestroyed,
  pruningSparesTheNewest,
  pruningLeavesNoMore,
  whatHasAFinalBackupIsNotDeletedWithoutIt,
  successMeansAvailable,
  noneMeansThatNothingIsDeployed,
  noRollbackFailsForABackup,
  anUndisturbedDeploymentSucceeds,
  nothingGoesOnForEver,
};
