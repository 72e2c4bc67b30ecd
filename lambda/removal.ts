import type { Backup } from '@aws-sdk/client-fsx';
import type { Answer } from './answer';
import { belongsToResource } from './identity';
import { isBackupId } from './request';
import {
  failed,
  isPlaceholder,
  isTakenUp,
  isUnconfirmed,
  newestFirst,
  own,
  Situation,
  VISIBILITY_GRACE,
} from './situation';
import { foreignBackup, kindOf, sayError } from './trouble';
import { type BackupProperties, NO_BACKUP } from '../src/private/contract';

/**
 * A request that CloudFormation has cancelled may be about to call CreateBackup: longer than an invocation
 * takes from its check to the call.
 */
const CANCELLED_REQUEST_GRACE = 120_000;

/** CloudFormation deletes the resource, or what it held before. */
export async function remove(situation: Situation): Promise<Answer | undefined> {
  const { work, wanted, log } = situation;
  const physicalId = work.event.PhysicalResourceId!;
  const done: Answer = { status: 'SUCCESS', physicalId };
  if (wanted.removalPolicy !== 'DESTROY') {
    log.info('backup kept, as the removal policy says', { physicalId });
    // nothing that goes wrong now is worth a failure, since the next deployment does it again
    work.settled = done;
  }
  const inForce = await updatedTo(situation);
  if (inForce) {
    const { KeepLast, RemovalPolicy } = inForce.properties;
    if (RemovalPolicy !== 'DESTROY' && Number(KeepLast) >= 1) {
      work.settled = done;
      await prune(situation, Number(KeepLast), inForce.physicalId);
    }
    if (RemovalPolicy !== 'DESTROY') return done;
  }
  if (work.settled) return done;
  if (isBackupId(physicalId)) return removeById(situation, done);
  if (physicalId === NO_BACKUP) return done;

  // CloudFormation knows no backup: the create failed before there was one, was cancelled, or was not
  // answered in time.
  return (await removeAttempts(situation, !isPlaceholder(physicalId))) ? done : undefined;
}

interface Updated {
  readonly physicalId?: string;
  readonly properties: Partial<BackupProperties>;
}

/**
 * What the resource has become, where CloudFormation cleans up after an update that succeeded. The Delete
 * carries the properties of before; what shall be kept, the template says that is in force now.
 */
async function updatedTo({ work: { event }, aws, log }: Situation): Promise<Updated | undefined> {
  if ((await aws.stackStatus(event.StackId)) !== 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') return undefined;
  const held = await aws.held(event.StackId, event.LogicalResourceId);
  if (!held) return undefined; // it is in the template no more
  try {
    return { physicalId: held.physicalId, properties: JSON.parse(held.properties!) };
  } catch {
    log.warn('CloudFormation does not tell how many backups the template keeps now', {
      logicalId: event.LogicalResourceId,
    });
    return undefined;
  }
}

async function removeById(situation: Situation, done: Answer): Promise<Answer | undefined> {
  const { work, aws, identity, log, now } = situation;
  const { event } = work;
  const { physicalId } = done;
  const backup = await aws.backup(physicalId);
  if (backup?.Lifecycle === 'DELETED') return done;
  if (!backup) return now - work.startedAt < VISIBILITY_GRACE ? undefined : done;
  if (!belongsToResource(backup.Tags, identity)) return failed(situation, foreignBackup(physicalId));
  // A retry without rollback may have adopted what a failed create had started; CloudFormation then cleans up
  // the failed one. A deletion or a rolled back creation ends with the resource; asking is for updates only,
  // and the events of a large stack are many.
  const isUpdate = (await aws.stackStatus(event.StackId)).startsWith('UPDATE_');
  if (isUpdate && (await aws.held(event.StackId, event.LogicalResourceId))?.physicalId === physicalId) {
    log.info('backup kept: the resource holds it again', { backupId: physicalId });
    return done;
  }
  return (await removeBackup(situation, backup)) ? done : undefined;
}

/** Delete older backups of the resource, and what is left of failed ones. */
export async function prune(
  { aws, identity, log }: Situation,
  keepLast: number,
  held: string | undefined,
): Promise<void> {
  const backups = (await aws.backupsOf(undefined)).filter(
    (backup) => belongsToResource(backup.Tags, identity) && !backup.SourceBackupId,
  );
  const available = newestFirst(backups.filter((backup) => backup.Lifecycle === 'AVAILABLE'));
  const husks = backups.filter((backup) => backup.Lifecycle === 'FAILED');
  for (const { BackupId } of [...available.slice(keepLast), ...husks].filter(
    (backup) => backup.BackupId !== held,
  )) {
    try {
      if (await aws.deleteBackup(BackupId!)) {
        log.info('older backup deleted, as keepLast says', { backupId: BackupId, keepLast });
      }
    } catch (error) {
      if (kindOf(error) === 'passing') throw error;
      log.warn('older backup not deleted: tried again next time', {
        backupId: BackupId,
        error: sayError(error),
      });
    }
  }
}

/**
 * Delete this generation's backups that no successful deployment has ever reported. Whether all are gone, and
 * none can come any more: the request that was cancelled may still be about to start one.
 */
export async function removeAttempts(situation: Situation, mayStillRun: boolean): Promise<boolean> {
  const { work, now, log } = situation;
  const found = (await own(situation)).filter((backup) => backup.BackupId !== work.event.PhysicalResourceId);
  let all = true;
  let mayBeItsOwn = false;
  for (const backup of found) {
    if (!(await isUnconfirmed(situation, backup))) continue;
    // an older one is of an earlier attempt, beside which it would start another
    mayBeItsOwn ||= isTakenUp(backup, now);
    log.info('deleting what a failed attempt had started', { backupId: backup.BackupId });
    all = (await removeBackup(situation, backup)) && all;
  }
  return all && (mayBeItsOwn || !mayStillRun || now - work.startedAt >= CANCELLED_REQUEST_GRACE);
}

/** Whether it is gone, or is what is left of a failed one that FSx does not delete. */
async function removeBackup(
  { aws, log }: Situation,
  { BackupId: backupId, Lifecycle }: Backup,
): Promise<boolean> {
  try {
    const isGone = await aws.deleteBackup(backupId!);
    if (isGone) log.info('backup deleted, as the removal policy says', { backupId });
    return isGone;
  } catch (error) {
    if (Lifecycle !== 'FAILED' || kindOf(error) !== 'final') throw error;
    log.warn('FSx does not delete what is left of a failed backup', { backupId, error: sayError(error) });
    return true;
  }
}
