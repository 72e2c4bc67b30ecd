import type { Backup } from '@aws-sdk/client-fsx';
import type { Answer } from './answer';
import { attributesOf, attributesOfGone, attributesOfNone } from './attributes';
import type { Aws } from './aws';
import { belongsTo, belongsToResource, clientRequestToken, generationOf, Identity, identityTags } from './identity';
import type { Log } from './log';
import { CloudFormationEvent, isBackupId, isFinal, oldProperties, parseProperties, Source, sourceId, Wanted } from './request';
import { copiedTags, tagChanges } from './tags';
import { backupFailed, backupVanished, foreignBackup, kindOf, notWaitedFor, sayError, Seen } from './trouble';
import { MAX_TAGS, NO_BACKUP } from '../src/private/contract';

/** What one request has come to so far. It travels through the state machine as JSON. */
export interface Work {
  readonly event: CloudFormationEvent;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What is backed up, as soon as it is known. */
  source?: Source;
  /** The backup that is waited for, and since when it is known. */
  awaited?: { readonly id: string; readonly since: number };
  /** The awaited backup is the one the resource already had. */
  inPlace?: boolean;
  /** How the awaited backup looked last. */
  seen?: Seen;
  /** Why the awaited backup failed, while what is left of it is being removed. */
  failure?: string;
  /** CreateBackup was called, so there may be a backup even where none is awaited. */
  requested?: boolean;
  /** An update that is being rolled back: whatever happens, the answer is no failure. */
  rollback?: boolean;
  /** The answer to such an update, while it is tidied up; it is given even if that fails. */
  settled?: Answer;
  /** The answer says only that the backup has started, since a wait condition waits for its end. */
  startedOnly?: boolean;
  /** It was delivered; what there is to say now is for the wait condition. */
  answered?: boolean;
  /** The stack is being created: where that fails, a new stack has to be created, which is another one to us. */
  newStack?: boolean;
  /** Since when calls are refused for want of a permission, in milliseconds since the epoch. */
  deniedSince?: number;
  /** What stands in the way at the moment. */
  trouble?: string;
  /** Decided, and not delivered yet. */
  answer?: Answer;
}

/** All that a decision needs. */
export interface Situation {
  readonly work: Work;
  readonly wanted: Wanted;
  /** Undefined where there is nothing to back up: what has a logical id is not deployed yet. */
  readonly source: Source | undefined;
  readonly identity: Identity;
  readonly aws: Aws;
  readonly now: number;
  readonly log: Log;
}

/** FSx may not know a backup yet right after its creation. */
const VISIBILITY_GRACE = 60_000;
/** A request that CloudFormation has cancelled may be about to call CreateBackup: longer than an invocation takes from its check to the call. */
const CANCELLED_REQUEST_GRACE = 120_000;
/** CloudFormation may still show the status of the stack's last operation. */
const STATUS_GRACE = 60_000;
/** A finished backup of a failed deployment is taken up by a retry within this time. Later, it is no longer the backup of the moment. */
const ADOPTION_AGE = 24 * 60 * 60_000;

/** One look at the state of things, and what follows from it: the answer, or nothing yet. */
export function look(situation: Situation): Promise<Answer | undefined> {
  const { event, awaited, settled } = situation.work;
  if (event.RequestType === 'Delete') return remove(situation);
  if (settled) return settle(situation, settled);
  if (awaited) return watch(situation);
  return event.RequestType === 'Create' ? take(situation) : update(situation);
}

/** The id of the source. One with a logical id only is looked up as the stack has it now; if it has moved, under its former one. */
export async function locate({ source }: Wanted, event: CloudFormationEvent, aws: Aws): Promise<Source | undefined> {
  if (!('logicalId' in source)) return source;
  const former = oldProperties(event)?.source;
  const id = await aws.deployedId(event.StackId, source.logicalId)
    ?? (former && 'logicalId' in former && former.logicalId !== source.logicalId ? await aws.deployedId(event.StackId, former.logicalId) : undefined);
  if (id === undefined) return undefined;
  return source.kind === 'volume' ? { volumeId: id } : { fileSystemId: id };
}

/** The wait condition that waits for the end of this request, if there is one. One that was there before has heard of its backup. */
export function waitHandleOf({ event, rollback }: Work): string | undefined {
  if (rollback || event.RequestType === 'Delete') return undefined;
  const { waitHandle } = parseProperties(event.ResourceProperties);
  return waitHandle === oldProperties(event)?.waitHandle ? undefined : waitHandle;
}

/** Find the backup this resource should have, or start it. */
export async function take(situation: Situation): Promise<Answer | undefined> {
  const { work, aws, now } = situation;
  if (!situation.source && !work.rollback) return nothingDeployed(situation);
  const living = (await own(situation)).filter(isLiving);
  const running = living.find((backup) => backup.Lifecycle !== 'AVAILABLE');
  if (running) return adopt(situation, running);

  const [newest] = newestFirst(living);
  const status = await aws.stackStatus(work.event.StackId);
  work.newStack = status === 'CREATE_IN_PROGRESS';
  if (isRollback(status)) return returnTo(situation, newest, status);
  if (!isForward(status) && !isFinal(work.event)) return refuse(situation, status);
  const recent = newest && now - newest.CreationTime!.getTime() < ADOPTION_AGE;
  return recent && await isUnconfirmed(situation, newest) ? adopt(situation, newest) : start(situation);
}

/** Nobody waits for this request any more: it is a late delivery. Unless CloudFormation is late itself. */
function refuse(situation: Situation, status: string): Answer | undefined {
  const isEarly = situation.now - situation.work.startedAt < STATUS_GRACE;
  return isEarly ? undefined : failed(situation, notWaitedFor(subject(situation), status));
}

/** This deployment is the first: it creates what later ones change. */
function nothingDeployed({ wanted, log }: Situation): Answer {
  log.info('no backup taken: nothing is deployed yet', { logicalId: sourceId(wanted.source) });
  return { status: 'SUCCESS', physicalId: NO_BACKUP, attributes: attributesOfNone() };
}

async function start(situation: Situation): Promise<Answer | undefined> {
  const { work, wanted, aws, log, now } = situation;
  const { StackId, LogicalResourceId, RequestId } = work.event;
  const source = situation.source!;
  const copied = copiedTags(await aws.tagsToCopy(source), wanted.tags, identityTags(situation.identity));
  if (copied.dropped.length > 0) log.warn('too many tags: some of the source are not copied', { keys: copied.dropped });
  const token = clientRequestToken(StackId, LogicalResourceId, RequestId);
  work.requested = true;
  const backup = await aws.createBackup(source, token, copied.tags);
  log.info('backup started', { backupId: backup.BackupId, source: sourceId(source), lifecycle: backup.Lifecycle, token });
  work.awaited = { id: backup.BackupId!, since: now };
  return judge(situation, backup);
}

async function adopt(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  situation.log.info('backup adopted: an earlier delivery or attempt started it', { backupId: backup.BackupId, lifecycle: backup.Lifecycle });
  await changeTags(situation, backup, []);
  situation.work.awaited = { id: backup.BackupId!, since: situation.now };
  return judge(situation, backup);
}

export async function watch(situation: Situation): Promise<Answer | undefined> {
  const { awaited, inPlace, failure } = situation.work;
  const backup = await situation.aws.backup(awaited!.id);
  const exists = backup && backup.Lifecycle !== 'DELETED';
  if (failure) return exists ? removeHusk(situation, failure) : failed(situation, `${failure} What was left of it is removed.`);
  if (exists) return judge(situation, backup);
  if (situation.now - awaited!.since < VISIBILITY_GRACE) return undefined;
  return inPlace ? gone(situation) : failed(situation, backupVanished(subject(situation), awaited!.id));
}

/** Success is AVAILABLE, and nothing else, unless the user does not want to wait. A lifecycle not yet invented is waited for. */
async function judge(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, wanted } = situation;
  work.seen = { lifecycle: backup.Lifecycle!, percent: backup.ProgressPercent };
  if (backup.Lifecycle === 'FAILED' || backup.Lifecycle === 'DELETED') return fail(situation, backup);
  if (backup.Lifecycle === 'AVAILABLE' || wanted.waitUntil === 'STARTED') return success(backup);
  if (work.answered || waitHandleOf(work) === undefined) return undefined;
  work.startedOnly = true;
  return success(backup);
}

/** A failed backup is a husk, not data. */
async function fail(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, wanted } = situation;
  const failure = backupFailed(subject(situation), backup.BackupId!, backup.FailureDetails);
  if (work.inPlace || (wanted.removalPolicy !== 'DESTROY' && wanted.keepLast === undefined)) {
    return failed(situation, `${failure} What is left of it counts towards the quota until you delete it.`);
  }
  work.failure = failure;
  return removeHusk(situation, failure);
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
  if (!old || generationOf(old) !== identity.generation) return take(situation);
  if (!current) return gone(situation);
  if (isLiving(current)) return keep(situation, current);
  // It was started and not waited for, and has failed since. Who now wants to wait gets another.
  return wanted.waitUntil === 'STARTED' ? success(current) : take(situation);
}

/** The resource keeps the backup it has: tags follow the template, options take effect, nothing new is taken. */
async function keep(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { work, now } = situation;
  await changeTags(situation, backup, formerKeys(work.event));
  work.inPlace = true;
  work.awaited = { id: backup.BackupId!, since: now };
  return judge(situation, backup);
}

/** A rollback never takes a backup. Without the old one the resource keeps what it has, so that the rollback can finish. */
async function returnTo(situation: Situation, backup: Backup | undefined, status: string): Promise<Answer | undefined> {
  if (situation.work.event.RequestType === 'Create') return failed(situation, notWaitedFor(subject(situation), status));
  return settle(situation, backup ? success(backup) : await gone(situation));
}

/**
 * The answer to a rolled back update is known; what remains is tidying up. What the failed update had started is treated as its
 * removal policy said: with DESTROY it is deleted, unless CloudFormation knows it and will; with RETAIN it stays, and a retry takes it up.
 */
async function settle(situation: Situation, answer: Answer): Promise<Answer | undefined> {
  const { work, identity, aws } = situation;
  work.settled = answer;
  const restored = await ownById(situation, answer.physicalId);
  if (restored) await changeTags(situation, restored, formerKeys(work.event));

  const old = oldProperties(work.event);
  if (old?.removalPolicy !== 'DESTROY') return answer;
  const generation = generationOf(old);
  const mayHaveStartedOne = generation !== identity.generation || restored?.Lifecycle === 'FAILED';
  if (!mayHaveStartedOne || work.event.PhysicalResourceId !== answer.physicalId) return answer; // had it finished, its backup is cleaned up
  const attempt = { ...situation, wanted: old, source: await locate(old, work.event, aws), identity: { ...identity, generation } };
  return await removeAttempts(attempt, true) ? answer : undefined;
}

/** The resource's backup is gone, and this request takes no other. Failing would leave the stack in a worse state. */
async function gone(situation: Situation): Promise<Answer> {
  const { work: { event }, aws, log, source } = situation;
  const physicalId = event.PhysicalResourceId!;
  if (physicalId === NO_BACKUP) return nothingDeployed(situation);
  const backup = isBackupId(physicalId) ? await aws.backup(physicalId) : undefined;
  if (backup && backup.Lifecycle !== 'DELETED') {
    log.warn('the resource keeps a backup that was not taken for it as it is now, or has lost the tags that say so', { backupId: physicalId });
    return success(backup);
  }
  log.warn('the backup of this resource no longer exists', { backupId: physicalId });
  return { status: 'SUCCESS', physicalId, attributes: attributesOfGone(physicalId, source, 'DELETED') };
}

async function remove(situation: Situation): Promise<Answer | undefined> {
  const { work: { event }, wanted, log } = situation;
  const physicalId = event.PhysicalResourceId!;
  const done: Answer = { status: 'SUCCESS', physicalId };
  if (wanted.removalPolicy !== 'DESTROY') {
    log.info('backup kept, as the removal policy says', { physicalId });
    return wanted.keepLast === undefined ? done : prune(situation, done);
  }
  if (isBackupId(physicalId)) return removeById(situation, done);
  if (physicalId === NO_BACKUP) return done;

  // CloudFormation knows no backup: the create failed before there was one, was cancelled, or was not answered in time.
  return await removeAttempts(situation, !isPlaceholder(physicalId)) ? done : undefined;
}

async function removeById(situation: Situation, done: Answer): Promise<Answer | undefined> {
  const { work: { event }, aws, identity, log } = situation;
  const { physicalId } = done;
  const backup = await aws.backup(physicalId);
  if (!backup || backup.Lifecycle === 'DELETED') return done;
  if (!belongsToResource(backup.Tags, identity)) return failed(situation, foreignBackup(physicalId));
  // A retry without rollback may have adopted what a failed create had started; CloudFormation then cleans up the failed one.
  // A deletion or a rolled back creation ends with the resource; asking is for updates only, and the events of a large stack are many.
  const isUpdate = (await aws.stackStatus(event.StackId)).startsWith('UPDATE_');
  if (isUpdate && (await aws.held(event.StackId, event.LogicalResourceId))?.physicalId === physicalId) {
    log.info('backup kept: the resource holds it again', { backupId: physicalId });
    return done;
  }
  try {
    return await removeBackup(situation, physicalId) ? done : undefined;
  } catch (error) {
    if (backup.Lifecycle !== 'FAILED' || kindOf(error) !== 'final') throw error;
    log.warn('FSx does not delete what is left of a failed backup', { backupId: physicalId, error: sayError(error) });
    return done;
  }
}

/**
 * CloudFormation cleans up after a deployment that succeeded: older backups of the resource go, and with them what is left of failed ones. How many
 * stay, the template says that is in force now. Nothing that goes wrong here is worth a failure, since the next deployment does it again.
 */
async function prune(situation: Situation, done: Answer): Promise<Answer> {
  const { work, aws, identity, log } = situation;
  const { StackId, LogicalResourceId } = work.event;
  work.settled = done;
  if (await aws.stackStatus(StackId) !== 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') return done;
  const held = await aws.held(StackId, LogicalResourceId);
  const keepLast = held && keepLastIn(held.properties);
  if (keepLast === undefined) return done;

  const backups = (await aws.backupsOf(undefined)).filter((backup) => belongsToResource(backup.Tags, identity) && !backup.SourceBackupId);
  const available = newestFirst(backups.filter((backup) => backup.Lifecycle === 'AVAILABLE'));
  const husks = backups.filter((backup) => backup.Lifecycle === 'FAILED');
  for (const { BackupId } of [...available.slice(keepLast), ...husks].filter((backup) => backup.BackupId !== held!.physicalId)) {
    try {
      if (await aws.deleteBackup(BackupId!)) log.info('older backup deleted, as keepLast says', { backupId: BackupId, keepLast });
    } catch (error) {
      if (kindOf(error) === 'passing') throw error;
      log.warn('older backup not deleted: the next deployment tries again', { backupId: BackupId, error: sayError(error) });
    }
  }
  return done;
}

function keepLastIn(properties: string | undefined): number | undefined {
  try {
    return parseProperties(JSON.parse(properties!)).keepLast;
  } catch {
    return undefined;
  }
}

/**
 * Delete this generation's backups that no successful deployment has ever reported. Whether all are gone, and none can come any more: the
 * request that was cancelled may still be about to start one.
 */
async function removeAttempts(situation: Situation, mayStillRun: boolean): Promise<boolean> {
  const { work, now, log } = situation;
  const found = (await own(situation)).filter((backup) => backup.BackupId !== work.event.PhysicalResourceId);
  let all = true;
  for (const backup of found) {
    if (!await isUnconfirmed(situation, backup)) continue;
    log.info('deleting what a failed attempt had started', { backupId: backup.BackupId });
    all = await removeBackup(situation, backup.BackupId!) && all;
  }
  return all && (found.length > 0 || !mayStillRun || now - work.startedAt >= CANCELLED_REQUEST_GRACE);
}

async function removeBackup(situation: Situation, backupId: string): Promise<boolean> {
  const isGone = await situation.aws.deleteBackup(backupId);
  if (isGone) situation.log.info('backup deleted, as the removal policy says', { backupId });
  return isGone;
}

/** This generation's backups, living or failed. A copy that somebody made carries our tags too, and is theirs. */
async function own({ work, aws, wanted, source, identity }: Situation): Promise<Backup[]> {
  const isOwn = (backup: Backup) => belongsTo(backup.Tags, identity) && !backup.SourceBackupId && backup.Lifecycle !== 'DELETED';
  const found = (await aws.backupsOf(source)).filter(isOwn);
  // On the way back, what has the logical id may still be the replacement of what was backed up.
  const mayBeAnother = 'logicalId' in wanted.source && source && (work.rollback || work.event.RequestType === 'Delete');
  return found.length === 0 && mayBeAnother ? (await aws.backupsOf(undefined)).filter(isOwn) : found;
}

/** What it is about, for texts. */
function subject({ source, wanted }: Pick<Situation, 'source' | 'wanted'>): string {
  return sourceId(source ?? wanted.source);
}

/** The backup with this id, if it is this generation's. */
async function ownById({ aws, identity }: Situation, id: string): Promise<Backup | undefined> {
  const backup = isBackupId(id) ? await aws.backup(id) : undefined;
  return backup && belongsTo(backup.Tags, identity) && backup.Lifecycle !== 'DELETED' ? backup : undefined;
}

/** No deployment has succeeded since: the backup belongs to an attempt that failed, or to the one that is going on. */
async function isUnconfirmed({ aws, work: { event } }: Situation, backup: Backup): Promise<boolean> {
  return !await aws.deploymentSucceededSince(event.StackId, backup.CreationTime!);
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

function success(backup: Backup): Answer {
  return { status: 'SUCCESS', physicalId: backup.BackupId!, attributes: attributesOf(backup) };
}

/** What a failed request reports as physical id, so that the Delete that may follow finds what there is. */
export function failed({ work: { event, awaited, requested } }: Pick<Situation, 'work'>, reason: string): Answer {
  const token = clientRequestToken(event.StackId, event.LogicalResourceId, event.RequestId);
  const placeholder = requested ? token : `${PLACEHOLDER}${token}`;
  const physicalId = event.RequestType === 'Create' ? awaited?.id ?? placeholder : event.PhysicalResourceId!;
  return { status: 'FAILED', physicalId, reason };
}

/** There is no backup, and none can come. */
const PLACEHOLDER = 'none-';

function isPlaceholder(physicalId: string): boolean {
  return physicalId.startsWith(PLACEHOLDER);
}

function newestFirst(backups: Backup[]): Backup[] {
  return [...backups].sort((a, b) => b.CreationTime!.getTime() - a.CreationTime!.getTime());
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
