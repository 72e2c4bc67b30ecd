import {
  isAvailable,
  isCancellation,
  isDeleted,
  isRunning,
  type Request,
  wantsAnother,
  type Facts,
  wishOf,
  type Backup,
} from './history';
import type { Finding, Invariant, Invariants } from './invariant';

/* What CloudFormation is told, and how deployments and executions end. */

/** How long a resource waits before a continuation takes over, in seconds. */
const MAX_WAIT = 3300;

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
    if (answers.length === 0) {
      return request.end && isCancellation(request.end) ? [] : finding('was never answered');
    }
    return answers[0].at - request.at > seconds * 1000
      ? finding(`was answered after ${(answers[0].at - request.at) / 1000} s`)
      : [];
  }),
  ...of('response')
    .filter(({ effect, why }) => effect === 'refused' && !why?.startsWith('fault'))
    .filter(({ requestId, index }) => {
      const end = requests.find((request) => request.requestId === requestId)?.end;
      return end === undefined || end.index > index; // later, nobody waits for it any more
    })
    .map(({ index, logicalId, why }) => {
      return { index, what: `the answer for ${logicalId} was refused: ${why}` };
    }),
];

/**
 * A backup that CloudFormation waits for is AVAILABLE when it is told of success. A resource with a
 * continuation behind it is told of success while the backup still runs; the last link of the chain is not.
 */
export const successMeansAvailable: Invariant = ({ requests, backups }) =>
  requests.flatMap((request): Finding[] => {
    const { answer, isWayBack, type, event, logicalId } = request;
    const isLink = event.ResourceType === 'Custom::FsxBackupContinuation';
    if (!isLink && event.ResourceType !== 'Custom::FsxBackup') return [];
    if (type === 'Delete' || isWayBack || answer?.body.Status !== 'SUCCESS') return [];
    const { BackupId, TimeoutSeconds } = event.ResourceProperties;
    const id = isLink ? BackupId : answer.body.PhysicalResourceId;
    const backup = backups.find((candidate) => candidate.id === id);
    if (id === 'none' || (backup && isAvailable(backup, answer))) return [];
    if (isOldNews(request, isLink, backup)) return [];
    if (Number(TimeoutSeconds) > MAX_WAIT && backup && isRunning(backup, answer)) return [];
    return [
      { index: answer.index, what: `${logicalId} was told of success with ${id}, which is not AVAILABLE` },
    ];
  });

/**
 * An Update that asks for no other backup accepts that the old one is gone, and a link accepts what was over
 * before it began.
 */
function isOldNews(request: Request, isLink: boolean, backup: Backup | undefined): boolean {
  const { BackupId, BackupLifecycle } = request.event.ResourceProperties;
  if (!isLink) {
    return !wantsAnother(request) && backup !== undefined && isDeleted(backup, request.answer!.index);
  }
  const isSame = request.event.OldResourceProperties?.BackupId === BackupId;
  const isOver = backup === undefined || !isRunning(backup, request);
  return ['AVAILABLE', 'FAILED', 'DELETED', ''].includes(BackupLifecycle) || (isSame && isOver);
}

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

export const RESPONSES: Invariants = {
  eachRequestIsAnsweredOnceAndInTime,
  successMeansAvailable,
  noneMeansThatNothingIsDeployed,
  noRollbackFailsForABackup,
  anUndisturbedDeploymentSucceeds,
  nothingGoesOnForEver,
};
