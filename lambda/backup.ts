import type { Backup } from '@aws-sdk/client-fsx';
import type { Answer } from './answer';
import { attributesOf, attributesOfGone } from './attributes';
import type { Aws } from './aws';
import { belongsTo, belongsToResource, clientRequestToken, generationOf, Identity, identityTags } from './identity';
import type { Log } from './log';
import { CloudFormationEvent, parseProperties, sourceId, Wanted } from './request';
import { copiedTags, tagChanges } from './tags';
import { backupFailed, backupVanished, notWaitedFor, Seen } from './trouble';

/** What one request has come to so far. It travels through the state machine as JSON. */
export interface Work {
  readonly event: CloudFormationEvent;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The backup that is waited for, and since when it is known. */
  awaited?: { readonly id: string; readonly since: number };
  /** The awaited backup is the one the resource already had. */
  inPlace?: boolean;
  /** How the awaited backup looked last. */
  seen?: Seen;
  /** Why the backup failed, while what is left of it is being removed. */
  failure?: string;
  /** The answer, while what a rolled back update had started is being removed. Nothing can turn it into a failure any more. */
  settled?: Answer;
  /** What stands in the way at the moment. */
  trouble?: string;
  /** Decided, and not delivered yet. */
  answer?: Answer;
}

/** All that a decision needs. */
export interface Situation {
  readonly work: Work;
  readonly wanted: Wanted;
  readonly identity: Identity;
  readonly aws: Aws;
  readonly now: number;
  readonly log: Log;
}

/** FSx may not know a backup yet right after its creation. */
const VISIBILITY_GRACE = 60_000;
/** A create that was cancelled may be about to call CreateBackup: longer than one invocation can take from its last check to the call. */
const CANCELLED_CREATE_GRACE = 120_000;

/** One look at the state of things, and what follows from it: the answer, or nothing yet. */
export function look(situation: Situation): Promise<Answer | undefined> {
  switch (situation.work.event.RequestType) {
    case 'Create': return situation.work.awaited ? watch(situation) : take(situation);
    case 'Update': return situation.work.settled ? settle(situation, situation.work.settled) : situation.work.awaited ? watch(situation) : update(situation);
    case 'Delete': return remove(situation);
  }
}

/** Find the backup this resource should have, or start it. */
async function take(situation: Situation, known?: Backup[]): Promise<Answer | undefined> {
  const { work: { event }, wanted, aws, log } = situation;
  const living = (known ?? await own(situation)).filter(isLiving);
  const running = living.find((backup) => backup.Lifecycle !== 'AVAILABLE');
  if (running) return adopt(situation, running);

  const newest = newestOf(living);
  const status = await aws.stackStatus(event.StackId);
  if (isRollback(status)) return newest ? adopt(situation, newest) : nothingToReturnTo(situation, status);
  if (!isForward(status)) return failed(situation, notWaitedFor(wanted.source, status));
  if (newest && await isUnconfirmed(situation, newest)) return adopt(situation, newest);

  const copied = copiedTags(await aws.tagsToCopy(wanted.source), wanted.tags, identityTags(situation.identity));
  if (copied.dropped.length > 0) log.warn('too many tags: some of the source are not copied', { keys: copied.dropped });
  const token = clientRequestToken(event.StackId, event.LogicalResourceId, event.RequestId);
  const backup = await aws.createBackup(wanted.source, token, copied.tags);
  log.info('backup started', { backupId: backup.BackupId, source: sourceId(wanted.source), lifecycle: backup.Lifecycle, token });
  situation.work.awaited = { id: backup.BackupId!, since: situation.now };
  return judge(situation, backup);
}

async function adopt(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  situation.log.info('backup adopted: an earlier delivery or attempt started it', { backupId: backup.BackupId, lifecycle: backup.Lifecycle });
  await changeTags(situation, backup, []);
  situation.work.awaited = { id: backup.BackupId!, since: situation.now };
  return judge(situation, backup);
}

async function watch(situation: Situation): Promise<Answer | undefined> {
  const { awaited, inPlace, failure } = situation.work;
  if (failure) return removeHusk(situation);
  const backup = await situation.aws.backup(awaited!.id);
  if (backup && backup.Lifecycle !== 'DELETED') return judge(situation, backup);
  if (situation.now - awaited!.since < VISIBILITY_GRACE) return undefined;
  return inPlace ? gone(situation) : failed(situation, backupVanished(situation.wanted.source, awaited!.id));
}

/** Success is AVAILABLE, and nothing else, unless the user does not want to wait. A lifecycle not yet invented is waited for. */
async function judge(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { wanted } = situation;
  situation.work.seen = { lifecycle: backup.Lifecycle!, percent: backup.ProgressPercent };
  if (backup.Lifecycle === 'FAILED' || backup.Lifecycle === 'DELETED') return fail(situation, backup);
  if (backup.Lifecycle === 'AVAILABLE' || wanted.waitUntil === 'STARTED') {
    const answer: Answer = { status: 'SUCCESS', physicalId: backup.BackupId!, attributes: attributesOf(backup) };
    return situation.work.inPlace ? settle(situation, answer) : answer;
  }
  return undefined;
}

/** A failed backup is a husk, not data. */
async function fail(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  const { wanted } = situation;
  const describe = (husk: string) => backupFailed(wanted.source, backup.BackupId!, backup.FailureDetails, husk);
  if (situation.work.inPlace || wanted.removalPolicy !== 'DESTROY') {
    return failed(situation, describe('What is left of it counts towards the quota until you delete it.'));
  }
  situation.work.failure = describe('What was left of it is removed.');
  return removeHusk(situation);
}

async function removeHusk(situation: Situation): Promise<Answer | undefined> {
  const { awaited, failure } = situation.work;
  return await situation.aws.deleteBackup(awaited!.id) ? failed(situation, failure!) : undefined;
}

async function update(situation: Situation): Promise<Answer | undefined> {
  const { work: { event }, identity } = situation;
  const old = oldProperties(event);
  const mine = await own(situation);
  const current = mine.find((backup) => backup.BackupId === event.PhysicalResourceId);
  if (current && isLiving(current)) return keep(situation, current, old);
  if (old && generationOf(old.source) === identity.generation) return current ? judgeFailed(situation, current) : gone(situation);
  return take(situation, mine);
}

/** The resource keeps the backup it has: tags follow the template, options take effect, nothing new is taken. */
async function keep(situation: Situation, backup: Backup, old: Wanted | undefined): Promise<Answer | undefined> {
  await changeTags(situation, backup, old?.tags.map((tag) => tag.Key) ?? []);
  situation.work.inPlace = true;
  situation.work.awaited = { id: backup.BackupId!, since: situation.now };
  return judge(situation, backup);
}

/**
 * The update that failed has been rolled back, and kept its old backup after all. What it had started is treated as its
 * removal policy said: with DESTROY it is deleted, with RETAIN it stays, and a retry adopts it.
 */
async function settle(situation: Situation, answer: Answer): Promise<Answer | undefined> {
  const old = oldProperties(situation.work.event);
  if (old?.removalPolicy !== 'DESTROY' || generationOf(old.source) === situation.identity.generation) return answer;
  situation.work.settled = answer;
  const attempt = { ...situation, wanted: old, identity: { ...situation.identity, generation: generationOf(old.source) } };
  return await removeUnconfirmed(attempt, await own(attempt)) ? answer : undefined;
}

/** The resource's backup is gone, and this update asks for no other. Failing would leave the stack in a worse state. */
function gone(situation: Situation): Answer {
  const { event } = situation.work;
  situation.log.warn('the backup of this resource no longer exists', { backupId: event.PhysicalResourceId });
  const physicalId = event.PhysicalResourceId!;
  return { status: 'SUCCESS', physicalId, attributes: attributesOfGone(physicalId, situation.wanted.source) };
}

/** Started once and not waited for, this backup has failed since. Only who now wants to wait hears of it as a failure. */
async function judgeFailed(situation: Situation, backup: Backup): Promise<Answer | undefined> {
  if (situation.wanted.waitUntil === 'STARTED') return { status: 'SUCCESS', physicalId: backup.BackupId!, attributes: attributesOf(backup) };
  situation.work.inPlace = true;
  return fail(situation, backup);
}

/** A rollback never takes a backup. Without the old one the resource keeps what it has, so that the rollback can finish. */
function nothingToReturnTo(situation: Situation, status: string): Answer {
  return situation.work.event.RequestType === 'Update' ? gone(situation) : failed(situation, notWaitedFor(situation.wanted.source, status));
}

async function remove(situation: Situation): Promise<Answer | undefined> {
  const { work: { event, startedAt }, wanted, aws, log, now } = situation;
  const physicalId = event.PhysicalResourceId!;
  const done: Answer = { status: 'SUCCESS', physicalId };
  if (wanted.removalPolicy !== 'DESTROY') {
    log.info('backup kept, as the removal policy says', { physicalId });
    return done;
  }
  if (isBackupId(physicalId)) {
    const backup = await aws.backup(physicalId);
    if (!backup || backup.Lifecycle === 'DELETED') return done;
    if (!belongsToResource(backup.Tags, situation.identity)) return failed(situation, foreign(physicalId));
    return await removeBackup(situation, physicalId) ? done : undefined;
  }
  // CloudFormation knows no backup: the create failed before there was one, was cancelled, or was not answered in time.
  const mine = await own(situation);
  const found = mine.length > 0;
  if (!await removeUnconfirmed(situation, mine)) return undefined;
  const createMayStillRun = !found && !isPlaceholder(physicalId) && now - startedAt < CANCELLED_CREATE_GRACE;
  return createMayStillRun ? undefined : done;
}

/** Delete this generation's backups that no successful deployment ever reported. Whether all are gone. */
async function removeUnconfirmed(situation: Situation, mine: Backup[]): Promise<boolean> {
  let all = true;
  for (const backup of mine) {
    if (backup.BackupId === situation.work.event.PhysicalResourceId || !await isUnconfirmed(situation, backup)) continue;
    situation.log.info('deleting what a failed attempt had started', { backupId: backup.BackupId });
    all = await removeBackup(situation, backup.BackupId!) && all;
  }
  return all;
}

async function removeBackup(situation: Situation, backupId: string): Promise<boolean> {
  const isGone = await situation.aws.deleteBackup(backupId);
  if (isGone) situation.log.info('backup deleted, as the removal policy says', { backupId });
  return isGone;
}

/** This generation's backups, living or failed. A copy that somebody made carries our tags too, and is theirs. */
async function own({ aws, wanted, identity }: Situation): Promise<Backup[]> {
  const backups = await aws.backupsOf(wanted.source);
  return backups.filter((backup) => belongsTo(backup.Tags, identity) && !backup.SourceBackupId && backup.Lifecycle !== 'DELETED');
}

/** No deployment has succeeded since: the backup belongs to an attempt that failed, or to the one that is going on. */
async function isUnconfirmed({ aws, work: { event } }: Situation, backup: Backup): Promise<boolean> {
  return !await aws.deploymentSucceededSince(event.StackId, backup.CreationTime!);
}

async function changeTags({ aws, wanted }: Situation, backup: Backup, formerKeys: string[]): Promise<void> {
  const { set, removed } = tagChanges(backup.Tags ?? [], wanted.tags, formerKeys);
  await aws.untag(backup.ResourceARN!, removed); // first, so that there is room
  await aws.tag(backup.ResourceARN!, set);
}

/** What a failed request reports as physical id, so that the Delete that may follow finds what there is. */
export function failed({ work: { event, awaited } }: Pick<Situation, 'work'>, reason: string): Answer {
  const placeholder = `${PLACEHOLDER}${clientRequestToken(event.StackId, event.LogicalResourceId, event.RequestId)}`;
  const physicalId = event.RequestType === 'Create' ? awaited?.id ?? placeholder : event.PhysicalResourceId!;
  return { status: 'FAILED', physicalId, reason };
}

export function isPlaceholder(physicalId: string): boolean {
  return physicalId.startsWith(PLACEHOLDER);
}

const PLACEHOLDER = 'none-';

function foreign(backupId: string): string {
  return `Backup ${backupId} is not deleted: it does not carry the tags that say it belongs to this resource. If nobody needs it, delete it by `
    + 'hand; then delete the stack again, or let CloudFormation skip this resource.';
}

function oldProperties(event: CloudFormationEvent): Wanted | undefined {
  try {
    return parseProperties(event.OldResourceProperties);
  } catch {
    return undefined; // written by a version this handler does not know: nothing can be said about them
  }
}

function newestOf(backups: Backup[]): Backup | undefined {
  return [...backups].sort((a, b) => b.CreationTime!.getTime() - a.CreationTime!.getTime())[0];
}

function isLiving(backup: Backup): boolean {
  return backup.Lifecycle !== 'FAILED';
}

function isBackupId(id: string): boolean {
  return /^backup-[0-9a-f]{8,}$/.test(id);
}

function isRollback(stackStatus: string): boolean {
  return stackStatus.includes('ROLLBACK');
}

function isForward(stackStatus: string): boolean {
  return stackStatus === 'CREATE_IN_PROGRESS' || stackStatus === 'UPDATE_IN_PROGRESS';
}
