import type { Backup } from '@aws-sdk/client-fsx';
import { isRunning, sourceOfBackup, success, successWithout } from './attributes';
import { cleanUp } from './clean-up';
import { type Context, VISIBILITY_GRACE } from './context';
import { kindOf } from './errors';
import { keptOf } from './identity';
import { type Phase, type PhaseOf, respond, type Response } from './phase';
import { fail } from './physical-id';
import type { Request } from './request';
import { sourceId } from './source';
import { backupVanished, FAILED_LINK, failedAndDeleted, failedAndKept, whyFailed } from './texts';

/** The backup is there, or on its way, and the request waits until it is AVAILABLE. */
export async function wait(context: Context, phase: PhaseOf<'Waiting'>): Promise<Phase> {
  const { fsx, now, request, log } = context;
  const backup = await fsx.backup(phase.backupId);
  if (backup) return waitFor(context, backup, phase);
  if (now - phase.since < VISIBILITY_GRACE) return phase;
  if (!phase.isKept) return failed(request, phase, backupVanished(subject(request), phase.backupId));
  log.warn('the backup of this resource no longer exists', { backupId: phase.backupId });
  return respond(successWithout(phase.backupId, request.stackId, 'DELETED'));
}

/** Success is AVAILABLE, and nothing else. A lifecycle not yet invented is waited for. */
export function waitFor(context: Context, backup: Backup, known: Partial<PhaseOf<'Waiting'>>): Phase {
  const { request, now } = context;
  const phase: PhaseOf<'Waiting'> = {
    phase: 'Waiting',
    backupId: backup.BackupId!,
    since: now,
    ...known,
  };
  if (backup.Lifecycle === 'AVAILABLE') return available(context, backup, phase.age);
  if (isRunning(backup.Lifecycle)) {
    const seen = {
      lifecycle: backup.Lifecycle!,
      percent: backup.ProgressPercent,
      createdAt: backup.CreationTime?.getTime(),
    };
    return { ...phase, seen };
  }
  const reason = whyFailed(subject(request), phase.backupId, backup.FailureDetails);
  const isRemoved = mayBeRemoved(request) && !phase.isKept;
  if (isRemoved) return { phase: 'DeletingFailed', backupId: phase.backupId, reason };
  return failed(request, phase, failedAndKept(reason, phase.backupId));
}

/** What FSx keeps of a failed backup is no data. */
export async function deleteFailed(
  { fsx, request }: Context,
  phase: PhaseOf<'DeletingFailed'>,
): Promise<Phase> {
  const isGone = await fsx.deleteBackup(phase.backupId).catch(async (error) => {
    // IAM finds no tags on what is gone, and denies.
    if (kindOf(error) === 'permission' && !(await fsx.backup(phase.backupId))) return true;
    throw error;
  });
  if (!isGone) return phase;
  return failed(request, phase, failedAndDeleted(phase.reason));
}

/** The role may delete backups that say so. */
function mayBeRemoved(request: Request): boolean {
  return (request.kind === 'backup' || request.kind === 'run') && request.desired.removal !== 'RETAIN';
}

function failed(request: Request, phase: Phase, reason: string): Phase {
  const advice = request.kind === 'continuation' ? ` ${FAILED_LINK}` : '';
  return fail(request, phase, reason + advice);
}

function available({ request, now }: Context, backup: Backup, age?: number): Phase {
  // CloudFormation reads no attributes of what it deletes.
  const response: Response =
    request.kind === 'final' ? { status: 'SUCCESS', physicalId: request.physicalId } : success(backup, age);
  const keep = request.kind === 'run' ? keptOf(request.desired.removal) : undefined;
  const source = sourceOfBackup(backup);
  if (keep === undefined || !source) return respond(response);
  const goal = { delete: 'older', keep, held: backup.BackupId! } as const;
  return cleanUp(now, response, { goal, sources: [source], mustSucceed: false });
}

function subject(request: Request): string {
  return request.kind === 'continuation' ? 'the FsxBackup' : sourceId(request.desired.source);
}
