import type { Backup, Tag } from '@aws-sdk/client-fsx';
import type { Answer } from './answer';
import type { Aws } from './aws';
import { wantedBy } from './execution-input';
import { belongsTo, clientRequestToken, Identity } from './identity';
import type { Log } from './log';
import {
  CloudFormationEvent,
  isBackupId,
  isDeployed,
  isOutside,
  oldProperties,
  parseProperties,
  Source,
  sourceId,
  sourceWithId,
  Wanted,
} from './request';
import type { Seen } from './trouble';

/** What one request has come to so far. It travels through the state machine as JSON. */
export interface Work {
  readonly event: CloudFormationEvent;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What is backed up, as soon as it is known. */
  source?: Source;
  /**
   * The tags of the source that its backup gets, once they are known: asked for again, they would stand in
   * the way of starting it.
   */
  sourceTags?: Tag[];
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
  /** The wait condition was there before and waits no more: the answer itself waits for the end. */
  waitsItself?: boolean;
  /** It was delivered; what there is to say now is for the wait condition. */
  answered?: boolean;
  /**
   * The stack is being created: where that fails, a new stack has to be created, which is another one to us.
   */
  newStack?: boolean;
  /** Since when calls are refused for want of a permission, in milliseconds since the epoch. */
  deniedSince?: number;
  /** Looks that AWS throttled or failed, less those that it answered since. */
  failedLooks?: number;
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

/**
 * What is backed up; undefined where nothing has the logical id that it is named by, or is not complete yet.
 * It is looked up as the stack has it now; if it has moved, under its former logical id.
 */
export async function sourceOf({ work, wanted, aws }: Situation): Promise<Source | undefined> {
  return (work.source ??= await locate(wanted, work.event, aws));
}

async function locate({ source }: Wanted, event: CloudFormationEvent, aws: Aws): Promise<Source | undefined> {
  if (!isDeployed(source)) return source;
  const former = oldProperties(event)?.source;
  const id =
    (await aws.deployedId(source.stack ?? event.StackId, source.logicalId)) ??
    (former && isDeployed(former) && former.logicalId !== source.logicalId
      ? await aws.deployedId(event.StackId, former.logicalId)
      : undefined);
  if (id === undefined) return undefined;
  const found = sourceWithId(id);
  if (!found) throw new Error(`${sourceId(source)} is "${id}", and no FSx file system or volume`);
  return found;
}

/** What the request asks for. */
export function wantedIn(event: CloudFormationEvent): Wanted {
  return isOutside(event) ? wantedBy(event.ResourceProperties) : parseProperties(event.ResourceProperties);
}

/**
 * The wait condition that waits for the end of this request, if there is one. One that was there before has
 * heard of its backup.
 */
export function waitHandleOf({ event, rollback, waitsItself }: Work): string | undefined {
  if (rollback || waitsItself || event.RequestType === 'Delete') return undefined;
  const { waitHandle } = wantedIn(event);
  return waitHandle === oldProperties(event)?.waitHandle ? undefined : waitHandle;
}

/**
 * This generation's backups, living or failed. A copy that somebody made carries our tags too, and is theirs.
 * On the way back, and when a pipeline's stage is run again, what has the logical id of a deployed source may
 * be its replacement (and the permission to ask may be gone): the backups of all sources are looked through.
 */
export async function own(situation: Situation): Promise<Backup[]> {
  const { work, aws, wanted, identity } = situation;
  const mayBeAnother = work.rollback || work.event.RequestType === 'Delete' || isOutside(work.event);
  const backups = await aws.backupsOf(
    mayBeAnother && isDeployed(wanted.source) ? undefined : await sourceOf(situation),
  );
  return backups.filter(
    (backup) => belongsTo(backup.Tags, identity) && !backup.SourceBackupId && backup.Lifecycle !== 'DELETED',
  );
}

/** FSx may not know a backup yet right after its creation. */
export const VISIBILITY_GRACE = 60_000;

/** What it is about, for texts. */
export function subject({ work, wanted }: Pick<Situation, 'work' | 'wanted'>): string {
  return sourceId(work.source ?? wanted.source);
}

/** The backup with this id, if it is this generation's. */
export async function ownById({ aws, identity }: Situation, id: string): Promise<Backup | undefined> {
  const backup = isBackupId(id) ? await aws.backup(id) : undefined;
  return backup && belongsTo(backup.Tags, identity) && backup.Lifecycle !== 'DELETED' ? backup : undefined;
}

/**
 * No deployment has succeeded since: the backup belongs to an attempt that failed, or to the one that is
 * going on.
 */
export async function isUnconfirmed({ aws, work: { event } }: Situation, backup: Backup): Promise<boolean> {
  return !(await aws.deploymentSucceededSince(event.StackId, backup.CreationTime!));
}

/**
 * A finished backup of a failed deployment is taken up by a retry within this time. Later, it is no longer
 * the backup of the moment.
 */
const ADOPTION_AGE = 24 * 60 * 60_000;

/**
 * Whether a request takes up the backup of an attempt that failed, instead of starting another one. A running
 * one it does, at whatever age.
 */
export function isTakenUp({ Lifecycle, CreationTime }: Backup, now: number, longest = ADOPTION_AGE): boolean {
  return Lifecycle !== 'FAILED' && (Lifecycle !== 'AVAILABLE' || now - CreationTime!.getTime() < longest);
}

/** What a failed request reports as physical id, so that the Delete that may follow finds what there is. */
export function failed(
  { work: { event, awaited, requested } }: Pick<Situation, 'work'>,
  reason: string,
): Answer {
  const token = clientRequestToken(event.StackId, event.LogicalResourceId, event.RequestId);
  const placeholder = requested ? token : `${PLACEHOLDER}${token}`;
  const physicalId = (event.RequestType === 'Create' ? awaited?.id : event.PhysicalResourceId) ?? placeholder;
  return { status: 'FAILED', physicalId, reason };
}

/** There is no backup, and none can come. */
const PLACEHOLDER = 'none-';

export function isPlaceholder(physicalId: string): boolean {
  return physicalId.startsWith(PLACEHOLDER);
}

export function newestFirst(backups: Backup[]): Backup[] {
  return [...backups].sort((a, b) => b.CreationTime!.getTime() - a.CreationTime!.getTime());
}
