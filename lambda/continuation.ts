import { isRunning, success, successWithout } from './attributes';
import { type Context, hasSureStatus, stackNow } from './context';
import { BEGIN, type Phase, respond } from './phase';
import { type Continuation, isBackupId } from './request';
import { wait } from './wait';

/**
 * A link of the chain behind a backup goes on waiting. It owns nothing: it takes, tags and deletes nothing.
 * What is over is accepted, gone or not, so that a longer `timeout` does not fail years later: all links
 * before are updated then, and tell how the backup is now.
 */
export async function proceed(context: Context<Continuation>): Promise<Phase> {
  const { request, now } = context;
  const { told, type, physicalId, formerBackupId } = request;
  if (type === 'Delete') return respond({ status: 'SUCCESS', physicalId });
  if (!isRunning(told.lifecycle) || formerBackupId === told.backupId) return accept(context);
  if (type === 'Update') {
    if ((await stackNow(context)).standing === 'back') return accept(context);
    if (!hasSureStatus(context)) return BEGIN.phase;
  }
  return wait(context, { phase: 'Waiting', backupId: told.backupId, since: now });
}

async function accept({ fsx, request }: Context<Continuation>): Promise<Phase> {
  const { told, stackId } = request;
  const backup = isBackupId(told.backupId) ? await fsx.backup(told.backupId) : undefined;
  return respond(backup ? success(backup) : successWithout(told.backupId, stackId));
}
