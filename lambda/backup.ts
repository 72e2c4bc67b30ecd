import type { Backup } from '@aws-sdk/client-fsx';
import type { Answer } from './answer';
import { attributesOf, attributesOfGone, attributesOfNone } from './attributes';
import { belongsTo, belongsToResource, clientRequestToken, generationOf, identityTags } from './identity';
import { remove, removeAttempts } from './removal';
import {
  CloudFormationEvent,
  isBackupId,
  isDeployed,
  isFinal,
  isOutside,
  oldProperties,
  sourceId,
  Wanted,
} from './request';
import {
  failed,
  isTakenUp,
  isUnconfirmed,
  newestFirst,
  own,
  ownById,
  Situation,
  sourceOf,
  subject,
  VISIBILITY_GRACE,
  waitHandleOf,
} from './situation';
import { copiedTags, tagChanges } from './tags';
import { backupFailed, backupVanished, notWaitedFor } from './trouble';
import { MAX_TAGS, NO_BACKUP } from '../src/private/contract';

/** CloudFormation may still show the status of the stack's last operation. */
const STATUS_GRACE = 60_000;
/** What was written since the final backup was started, is lost. */
const FINAL_ADOPTION_AGE = 2 * 60 * 60_000;

/** One look at the state of things, and what follows from it: the answer, or nothing yet. */
export function look(situation: Situation): Promise<Answer | undefined> {
  const { event, awaited, settled } = situation.work;
  if (event.RequestType === 'Delete') return remove(situation);
  if (settled) return settle(situation, settled);
  if (awaited) return watch(situation);
  return event.RequestType === 'Create' ? take(situation) : update(situation);
}

/** Find the backup this resource should have, or start it. */
export async function take(situation: Situation): Promise<Answer | undefined> {
  const { work, wanted, aws, now } = situation;
  if (!work.rollback && !(await sourceOf(situation))) return none(situation, 'nothing is deployed yet');
  const found = await own(situation);
  const living = found.filter(isLiving);
  const running = living.find((backup) => backup.Lifecycle !== 'AVAILABLE');
  if (running) return adopt(situation, running);

  const [newest] = newestFirst(living);
  // of this very run, at whatever age
  if (isOutside(work.event)) return newest ? adopt(situation, newest) : start(situation);
  const status = await aws.stackStatus(work.event.StackId);
  work.newStack = status === 'CREATE_IN_PROGRESS';
  if (isRollback(status)) return returnTo(situation, newest, status);
  if (!(isFinal(work.event) ? isDeletion(status) : isForward(status))) return refuse(situation, status);
  const mayBeAdopted = newest && isTakenUp(newest, now, isFinal(work.event) ? FINAL_ADOPTION_AGE : undefined);
  if (mayBeAdopted && (await isUnconfirmed(situation, newest))) return adopt(situation, newest);
  if (isFinal(work.event)) return start(situation);
  const { StackId, LogicalResourceId, RequestType } = work.event;
  const [husk] = newestFirst(found.filter((backup) => !isLiving(backup)));
  // At a late delivery, when the answer was given long ago, what was not there at the first may be there,
  // what was started and not waited for may have failed, and what has failed may be removed. An update has
  // been asked about that already.
  const mayBeLate =
    isDeployed(wanted.source) || husk !== undefined || (RequestType === 'Create' && removesHusks(wanted));
  if (!mayBeLate) return start(situation);
  const { isDone, physicalId, begun } = await aws.presentOperation(StackId, LogicalResourceId);
  if (isDone) return follow(situation, physicalId, status);
  // Another delivery of this very request has started it, and will find that it has failed, too.
  return husk && begun && begun < husk.CreationTime! ? adopt(situation, husk) : start(situation);
}

/**
 * The request was answered at another delivery, whose backup did not show here yet, or failed since. Where a
 * wait condition is to hear of the end, it hears it from here: whoever answered could start no execution
 * beside this one. Else, this delivery is late.
 */
async function follow(
  situation: Situation,
  physicalId: string | undefined,
  status: string,
): Promise<Answer | undefined> {
  const { work, now } = situation;
  const isHeard =
    isBackupId(physicalId ?? '') && waitHandleOf(work) !== undefined && !(await isSpent(situation));
  if (!isHeard) return failed(situation, notWaitedFor(subject(situation), status));
  work.awaited = { id: physicalId!, since: now };
  work.answered = true;
  return watch(situation);
}

/**
 * The wait condition is there already: a deployment that failed, with rollback disabled, has not removed it
 * yet, and it is not going to wait again.
 */
async function isSpent({ work, wanted, aws }: Situation): Promise<boolean> {
  return (
    wanted.waitCondition !== undefined &&
    (await aws.deployedId(work.event.StackId, wanted.waitCondition)) !== undefined
  );
}

/** Nobody waits for this request any more: it is a late delivery. Unless CloudFormation is late itself. */
function refuse(situation: Situation, status: string): Answer | undefined {
  const isEarly = situation.now - situation.work.startedAt < STATUS_GRACE;
  return isEarly ? undefined : failed(situation, notWaitedFor(subject(situation), status));
}

/** The resource holds no backup: this deployment is the first, or goes back to it. */
function none({ wanted, log }: Situation, why: string): Answer {
  log.info(`no backup taken: ${why}`, { source: sourceId(wanted.source) });
  return { status: 'SUCCESS', physicalId: NO_BACKUP, attributes: attributesOfNone() };
}

async function start(situation: Situation): Promise<Answer | undefined> {
  const { work, wanted, aws, log, now } = situation;
  const { StackId, LogicalResourceId, RequestId } = work.event;
  const source = (await sourceOf(situation))!;
  work.sourceTags ??= await aws.tagsToCopy(source);
  const copied = copiedTags(work.sourceTags, wanted.tags, identityTags(situation.identity));
  if (copied.dropped.length > 0) {
    log.warn('too many tags: some of the source are not copied', { keys: copied.dropped });
  }
  const token = clientRequestToken(StackId, LogicalResourceId, RequestId);
  work.requested = true;
  const backup = await aws.createBackup(source, token, copied.tags);
  log.info('backup started', {
    backupId: backup.BackupId,
    source: sourceId(source),
    lifecycle: backup.Lifecycle,
    token,
  });
  work.awaited = { id: backup.BackupId!, since: now };
  return judge(situation, backup);
}

async function adopt(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  situation.log.info('backup adopted: an earlier delivery or attempt started it', {
    backupId: backup.BackupId,
    lifecycle: backup.Lifecycle,
  });
  await changeTags(situation, backup, []);
  situation.work.awaited = { id: backup.BackupId!, since: situation.now };
  return judge(situation, backup);
}

export async function watch(situation: Situation): Promise<Answer | undefined> {
  const { awaited, inPlace, failure } = situation.work;
  const backup = await situation.aws.backup(awaited!.id);
  const exists = backup && backup.Lifecycle !== 'DELETED';
  if (failure) {
    return exists
      ? removeHusk(situation, failure)
      : failed(situation, `${failure} What was left of it is removed.`);
  }
  if (exists) return judge(situation, backup);
  if (situation.now - awaited!.since < VISIBILITY_GRACE) return undefined;
  return inPlace ? gone(situation) : failed(situation, backupVanished(subject(situation), awaited!.id));
}

/**
 * Success is AVAILABLE, and nothing else, unless the user does not want to wait. A lifecycle not yet invented
 * is waited for.
 */
async function judge(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, wanted } = situation;
  work.seen = { lifecycle: backup.Lifecycle!, percent: backup.ProgressPercent };
  if (backup.Lifecycle === 'FAILED' || backup.Lifecycle === 'DELETED') return fail(situation, backup);
  if (!work.answered && waitHandleOf(work) !== undefined && (await isSpent(situation))) {
    work.waitsItself = true;
  }
  if (backup.Lifecycle === 'AVAILABLE' || wanted.waitUntil === 'STARTED') return success(backup);
  if (work.answered || waitHandleOf(work) === undefined) return undefined;
  work.startedOnly = true;
  return success(backup);
}

/** A failed backup is a husk, not data. */
async function fail(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, wanted } = situation;
  const failure = backupFailed(subject(situation), backup.BackupId!, backup.FailureDetails);
  if (work.inPlace || !removesHusks(wanted)) {
    return failed(situation, `${failure} What is left of it counts towards the quota until you delete it.`);
  }
  work.failure = failure;
  return removeHusk(situation, failure);
}

function removesHusks({ removalPolicy, keepLast }: Wanted): boolean {
  return removalPolicy === 'DESTROY' || keepLast !== undefined;
}

async function removeHusk(situation: Situation, failure: string): Promise<Answer | undefined> {
  const isGone = await situation.aws.deleteBackup(situation.work.awaited!.id);
  return isGone ? failed(situation, `${failure} What was left of it is removed.`) : undefined;
}

async function update(situation: Situation): Promise<Answer | undefined> {
  const { work, identity, wanted, aws } = situation;
  const { event } = work;
  const status = await aws.stackStatus(event.StackId);
  work.rollback = isRollback(status);
  if (!work.rollback && !isForward(status)) return refuse(situation, status);

  const current = await ownById(situation, event.PhysicalResourceId!);
  if (work.rollback) return current ? settle(situation, success(current)) : take(situation);
  const old = oldProperties(event);
  const wantsAnother = !old || generationOf(old) !== identity.generation;
  const mayHaveFailed = !current && isBackupId(event.PhysicalResourceId!);
  if (
    wantsAnother ||
    (mayHaveFailed &&
      (await aws.hasFailedAWait(event.StackId, event.LogicalResourceId, event.PhysicalResourceId!)))
  ) {
    work.rollback = await aws.hasFailed(event.StackId, event.LogicalResourceId);
    if (work.rollback) {
      return current ? settle(situation, success(current)) : returnTo(situation, undefined, status);
    }
    return take(situation);
  }
  if (!current) return gone(situation);
  if (isLiving(current)) return keep(situation, current);
  // It was started and not waited for, and has failed since. Who now wants to wait gets another.
  return wanted.waitUntil === 'STARTED' ? success(current) : take(situation);
}

/**
 * The resource keeps the backup it has: tags follow the template, options take effect, nothing new is taken.
 */
async function keep(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, now } = situation;
  await changeTags(situation, backup, formerKeys(work.event));
  work.inPlace = true;
  work.awaited = { id: backup.BackupId!, since: now };
  return judge(situation, backup);
}

/**
 * A rollback never takes a backup. Without the old one the resource keeps what it has, so that the rollback
 * can finish.
 */
async function returnTo(
  situation: Situation,
  backup: Backup | undefined,
  status: string,
): Promise<Answer | undefined> {
  if (situation.work.event.RequestType === 'Create') {
    return failed(situation, notWaitedFor(subject(situation), status));
  }
  return settle(situation, backup ? success(backup) : await gone(situation));
}

/**
 * The answer to a rolled back update is known; what remains is tidying up. What the failed update had started
 * is treated as its removal policy said: with DESTROY it is deleted, unless CloudFormation knows it and will;
 * with RETAIN it stays, and a retry takes it up.
 */
async function settle(situation: Situation, answer: Answer): Promise<Answer | undefined> {
  const { work, identity } = situation;
  work.settled = answer;
  const restored = await ownById(situation, answer.physicalId);
  if (restored) await changeTags(situation, restored, formerKeys(work.event));

  const old = oldProperties(work.event);
  if (old?.removalPolicy !== 'DESTROY') return answer;
  const generation = generationOf(old);
  const mayHaveStartedOne = generation !== identity.generation || restored?.Lifecycle === 'FAILED';
  // had it finished, its backup is cleaned up
  if (!mayHaveStartedOne || work.event.PhysicalResourceId !== answer.physicalId) return answer;
  const attempt = {
    ...situation,
    work: { ...work, source: undefined, rollback: true },
    wanted: old,
    identity: { ...identity, generation },
  };
  return (await removeAttempts(attempt, true)) ? answer : undefined;
}

/**
 * The resource's backup is gone, and this request takes no other. Failing would leave the stack in a worse
 * state.
 */
async function gone(situation: Situation): Promise<Answer> {
  const { work, wanted, identity, aws, log } = situation;
  const physicalId = work.event.PhysicalResourceId!;
  if (physicalId === NO_BACKUP) {
    return none(situation, 'there was none, and the deployment asks for no other');
  }
  const backup = isBackupId(physicalId) ? await aws.backup(physicalId) : undefined;
  if (backup && backup.Lifecycle !== 'DELETED') {
    const isOfAttempt = belongsToResource(backup.Tags, identity) && !belongsTo(backup.Tags, identity);
    if (work.rollback && isDeployed(wanted.source) && isOfAttempt) {
      return none(situation, 'there was none before the update that is rolled back');
    }
    log.warn(
      'the resource keeps a backup that was not taken for it as it is now, or has lost the tags that say so',
      { backupId: physicalId },
    );
    return success(backup);
  }
  log.warn('the backup of this resource no longer exists', { backupId: physicalId });
  return { status: 'SUCCESS', physicalId, attributes: attributesOfGone(physicalId, work.source, 'DELETED') };
}

function success(backup: Backup): Answer {
  return { status: 'SUCCESS', physicalId: backup.BackupId!, attributes: attributesOf(backup) };
}

async function changeTags({ aws, wanted }: Situation, backup: Backup, former: string[]): Promise<void> {
  const actual = backup.Tags ?? [];
  const { set, removed } = tagChanges(actual, wanted.tags, former);
  const isTight = actual.length + set.length > MAX_TAGS;
  if (isTight) await aws.untag(backup.ResourceARN!, removed);
  await aws.tag(backup.ResourceARN!, set); // else first: where it is refused, nothing has changed
  if (!isTight) await aws.untag(backup.ResourceARN!, removed);
}

function formerKeys(event: CloudFormationEvent): string[] {
  return oldProperties(event)?.tags.map((tag) => tag.Key) ?? [];
}

function isLiving(backup: Backup): boolean {
  return backup.Lifecycle !== 'FAILED';
}

function isRollback(stackStatus: string): boolean {
  return stackStatus.endsWith('ROLLBACK_IN_PROGRESS');
}

function isForward(stackStatus: string): boolean {
  return stackStatus === 'CREATE_IN_PROGRESS' || stackStatus === 'UPDATE_IN_PROGRESS';
}

function isDeletion(stackStatus: string): boolean {
  return stackStatus === 'DELETE_IN_PROGRESS' || stackStatus === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
}
