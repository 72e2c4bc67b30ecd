import type { Backup } from '@aws-sdk/client-fsx';
import { CANCELLED_REQUEST_GRACE, type Context } from './context';
import { kindOf, sayError } from './errors';
import { marksOf, type Owner } from './identity';
import { list, SHARE } from './listing';
import { type Found, type Goal, type Phase, type PhaseOf, respond, type Response } from './phase';

/** More need not be carried from poll to poll: what is left is found the next time. */
const MAX_FOUND = 500;

export function cleanUp(
  since: number,
  response: Response,
  task: Pick<PhaseOf<'CleaningUp'>, 'goal' | 'sources' | 'mustSucceed' | 'mayGrow'>,
): PhaseOf<'CleaningUp'> {
  return { phase: 'CleaningUp', since, response, found: [], ...task };
}

/** Lists backups of the resource, then deletes those that the goal names. */
export async function tidy(context: Context, phase: PhaseOf<'CleaningUp'>): Promise<Phase> {
  const { now, startedAt, log } = context;
  const { mayGrow, sources, doomed, isSecond } = phase;
  // The backups of the whole account are listed once only.
  const isGrowing = mayGrow && now - startedAt < CANCELLED_REQUEST_GRACE;
  if (isGrowing && (isSecond || sources.length === 0)) return phase;
  if (!doomed) return listFor(context, phase);
  const left = await deleteAll(context, phase, doomed);
  if (left.length > 0) return { ...phase, doomed: left };
  if (phase.place) return { ...phase, doomed: undefined };
  if (!isGrowing) return respond(phase.response);
  log.info('backups are listed again later: a request that was cancelled may still start one');
  return { ...phase, doomed: undefined, isSecond: true };
}

async function listFor(context: Context, phase: PhaseOf<'CleaningUp'>): Promise<Phase> {
  const { place, found, isDone } = await list<readonly Found[]>(
    context,
    phase.sources,
    phase,
    (before, backups) => [...before, ...backups.flatMap((backup) => foundOf(backup, context.request))],
    (all) => all.length >= MAX_FOUND,
  );
  if (!isDone && found.length < MAX_FOUND) return { ...phase, place, found };
  return { ...phase, found: [], place: isDone ? undefined : place, doomed: doomedBy(phase.goal, found) };
}

function foundOf(backup: Backup, owner: Owner): Found[] {
  const { isOwn, previous, removal, isHeld } = marksOf(backup, owner);
  const { BackupId, CreationTime, Lifecycle } = backup;
  if (!isOwn || Lifecycle === 'DELETED') return [];
  const isAvailable = Lifecycle === 'AVAILABLE';
  return [{ id: BackupId!, createdAt: CreationTime!.getTime(), isAvailable, previous, removal, isHeld }];
}

/** The ids of those that the goal names. Never one that bears `hold`, or that says RETAIN. */
export function doomedBy(goal: Goal, found: readonly Found[]): string[] {
  const deletable = found.filter(({ isHeld }) => !isHeld);
  const ids = (backups: readonly Found[]) => backups.map(({ id }) => id);
  if (goal.delete === 'older') {
    const available = found.filter(({ isAvailable }) => isAvailable);
    const newest = available.sort((a, b) => b.createdAt - a.createdAt).slice(0, goal.keep);
    const kept = new Set([goal.held, ...ids(newest)]);
    const isOlder = ({ id, isAvailable, removal = '' }: Found) =>
      isAvailable && !kept.has(id) && /^(DESTROY|KEEP_LAST:\d+)$/.test(removal);
    return ids(deletable.filter(isOlder));
  }
  const condemned = deletable.filter(({ removal, id }) => removal === 'DESTROY' && id !== goal.except);
  if (goal.delete === 'all') return ids(condemned);
  return ids(condemned.filter(({ id, previous }) => id === goal.of || previous === goal.of));
}

/** Those that are left. */
async function deleteAll(
  context: Context,
  { mustSucceed }: PhaseOf<'CleaningUp'>,
  doomed: readonly string[],
): Promise<string[]> {
  const { now, clock, log } = context;
  const left: string[] = [];
  let obstacle: unknown;
  for (const [index, backupId] of doomed.entries()) {
    if (clock() - now > SHARE) return [...left, ...doomed.slice(index)];
    try {
      if (await deleteOne(context, backupId)) log.info('backup deleted', { backupId });
      else left.push(backupId);
    } catch (error) {
      const kind = kindOf(error);
      if (kind === 'busy') {
        obstacle = error;
        left.push(backupId);
      } else if (kind === 'final' && !mustSucceed) {
        log.warn('backup not deleted', { backupId, error: sayError(error) });
      } else {
        throw error;
      }
    }
  }
  // If nothing else is left, the text of a time-out names it.
  if (obstacle !== undefined && left.length === doomed.length) throw obstacle;
  return left;
}

/** Whether the backup is gone, or may stay. */
async function deleteOne({ fsx, request, log }: Context, backupId: string): Promise<boolean> {
  try {
    return await fsx.deleteBackup(backupId);
  } catch (error) {
    const kind = kindOf(error);
    if (kind !== 'permission' && kind !== 'final') throw error;
    const backup = await fsx.backup(backupId);
    if (!backup) return true;
    const saysSo = isKept(backup, request);
    if (!saysSo && (kind !== 'final' || backup.Lifecycle !== 'FAILED')) throw error;
    const why = saysSo ? 'backup kept, as its tags say' : 'FSx does not delete a failed backup';
    log.warn(why, { backupId, error: sayError(error) });
    return true;
  }
}

function isKept(backup: Backup, owner: Owner): boolean {
  const { isOwn, removal, isHeld } = marksOf(backup, owner);
  return !isOwn || removal === 'RETAIN' || isHeld;
}
