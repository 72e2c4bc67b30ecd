import type { Answer } from './answer';
import { belongsToResource } from './identity';
import { isBackupId } from './request';
import { failed, isPlaceholder, isUnconfirmed, newestFirst, own, Situation } from './situation';
import { foreignBackup, kindOf, sayError } from './trouble';
import { NO_BACKUP } from '../src/private/contract';

/** A request that CloudFormation has cancelled may be about to call CreateBackup: longer than an invocation takes from its check to the call. */
const CANCELLED_REQUEST_GRACE = 120_000;

/** CloudFormation deletes the resource, or what it held before. */
export async function remove(situation: Situation): Promise<Answer | undefined> {
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
  if (!held?.properties) {
    log.warn('older backups kept: CloudFormation does not tell how many shall stay', { logicalId: LogicalResourceId });
    return done;
  }
  const keepLast = Number(JSON.parse(held.properties).KeepLast);
  if (!(keepLast >= 1)) return done;

  const backups = (await aws.backupsOf(undefined)).filter((backup) => belongsToResource(backup.Tags, identity) && !backup.SourceBackupId);
  const available = newestFirst(backups.filter((backup) => backup.Lifecycle === 'AVAILABLE'));
  const husks = backups.filter((backup) => backup.Lifecycle === 'FAILED');
  for (const { BackupId } of [...available.slice(keepLast), ...husks].filter((backup) => backup.BackupId !== held.physicalId)) {
    try {
      if (await aws.deleteBackup(BackupId!)) log.info('older backup deleted, as keepLast says', { backupId: BackupId, keepLast });
    } catch (error) {
      if (kindOf(error) === 'passing') throw error;
      log.warn('older backup not deleted: the next deployment tries again', { backupId: BackupId, error: sayError(error) });
    }
  }
  return done;
}

/**
 * Delete this generation's backups that no successful deployment has ever reported. Whether all are gone, and none can come any more: the
 * request that was cancelled may still be about to start one.
 */
export async function removeAttempts(situation: Situation, mayStillRun: boolean): Promise<boolean> {
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
