import type { Backup } from '@aws-sdk/client-fsx';
import { isRunning } from './attributes';
import { type Context, type Standing, standingOf, STATUS_GRACE, type Taker } from './context';
import { SourceBusy } from './errors';
import { clientRequestToken, generationOf, marksOf, ownTags } from './identity';
import { list } from './listing';
import { Obstacle, type Operation, type Phase, type PhaseOf } from './phase';
import { fail } from './physical-id';
import { type Deployment, isBackupId } from './request';
import { retag } from './retag';
import { type Source, sourceId } from './source';
import type { Stacks } from './stack';
import { tagsOfNew } from './tags';
import { notTaken } from './texts';
import { waitFor } from './wait';
import { NO_BACKUP } from '../src/private/contract';

/**
 * Fixes what CreateBackup is called with. It is kept in the state before the first call, since the same token
 * with other parameters is an error.
 */
export async function prepare(
  { fsx, stacks, request, log }: Context<Taker>,
  source: Source,
): Promise<PhaseOf<'Taking'>> {
  const { tagsToCopy } = await fsx.source(source);
  const { desired } = request;
  const own = ownTags(request, generationOf(desired), heldBefore(request), removalOf(request));
  const { tags, dropped } = tagsOfNew(tagsToCopy, desired.tags, own);
  if (dropped.length > 0) log.warn('too many tags: some of the source are not copied', { keys: dropped });
  if (request.kind === 'run') return { phase: 'Taking', source, tags };
  const state = await stacks.state(request.stackId);
  const operation = { lastUpdated: state?.lastUpdated, isNewStack: state?.status === 'CREATE_IN_PROGRESS' };
  return { phase: 'Taking', source, tags, operation };
}

/** What the resource holds before the request is done. */
function heldBefore({ kind, physicalId }: Taker): string {
  return kind === 'backup' && isBackupId(physicalId) ? physicalId : NO_BACKUP;
}

function removalOf({ kind, desired }: Taker) {
  return kind === 'final' ? 'RETAIN' : desired.removal;
}

/** Calls CreateBackup until FSx takes it. The same call after a lost response gives the same backup. */
export async function take(context: Context<Taker>, phase: PhaseOf<'Taking'>): Promise<Phase> {
  const { fsx, request, log, now, startedAt } = context;
  const { source, tags, operation } = phase;
  const standing = await standingNow(context, operation);
  // The status was late: what looked like a way forward is a rollback, which takes none and must not fail.
  if (standing === 'back' && request.type === 'Update') return { phase: 'RollingBack' };
  if (standing !== 'open') {
    if (now - startedAt < STATUS_GRACE) return phase;
    return fail(request, phase, notTaken(source));
  }
  const token = clientRequestToken(request, request.requestId);
  try {
    const backup = await fsx.createBackup(source, token, tags);
    log.info('backup started', { backupId: backup.BackupId, source: sourceId(source), token });
    return waitFor(context, { backupId: backup.BackupId!, operation }, backup);
  } catch (error: any) {
    return refused(context, phase, error);
  }
}

/** FSx does not take the call: a backup runs, perhaps the very one that the request is for. */
function refused(context: Context<Taker>, phase: PhaseOf<'Taking'>, error: Error): Promise<Phase> {
  const { request } = context;
  if (error.name === 'BackupInProgress' && request.kind === 'backup') {
    return continueRunning({ ...context, request }, phase, error);
  }
  return unlessBusy(context, phase, error);
}

async function unlessBusy({ fsx }: Context, { source }: PhaseOf<'Taking'>, error: Error): Promise<never> {
  const isRefused = /^(BadRequest|UnsupportedOperation|ValidationException)$/.test(error.name);
  if (!isRefused || !(await fsx.source(source)).isBusy) throw error;
  throw new SourceBusy(`${sourceId(source)} is being created or changed: ${error.message}`);
}

/** Whether the operation that the request belongs to goes on. */
async function standingNow({ stacks, request }: Context<Taker>, operation?: Operation): Promise<Standing> {
  if (request.kind === 'run') return 'open';
  const state = await stacks.state(request.stackId);
  const standing = standingOf(state?.status, request.kind === 'final');
  if (standing !== 'open') return standing;
  const isFirst = state?.lastUpdated === operation?.lastUpdated || request.kind === 'final';
  return isFirst || (await isInProgress(stacks, request)) ? 'open' : 'over';
}

async function isInProgress(stacks: Stacks, { stackId, logicalId }: Taker): Promise<boolean> {
  const { status = '' } = (await stacks.resource(stackId, logicalId)) ?? {};
  return /^(CREATE|UPDATE)_IN_PROGRESS$/.test(status);
}

/**
 * FSx refuses a second backup of a source at the same time. If the one that runs is of an attempt of this
 * very resource for the same generation, and no deployment has succeeded since, the request waits for it.
 * What is listed once is not listed again.
 */
async function continueRunning(
  context: Context<Deployment>,
  phase: PhaseOf<'Taking'>,
  error: Error,
): Promise<Phase> {
  const { fsx, request, log, now } = context;
  const { source, tags, operation, listed } = phase;
  const desired = marksOf({ Tags: [...tags] }, request);
  const isContinued = (backup: Backup) => {
    const { isOwn, generation, previous } = marksOf(backup, request);
    return (
      isRunning(backup.Lifecycle) &&
      isOwn &&
      generation === desired.generation &&
      previous === desired.previous
    );
  };
  const { place, found } = await list<Backup | undefined>(
    context,
    [source],
    { place: listed, found: undefined },
    (_, backups) => backups.find(isContinued),
    (running) => running !== undefined,
  );
  if (!found) throw new Obstacle(error, { ...phase, listed: place });
  const { BackupId, CreationTime } = found;
  const age = Math.round((now - CreationTime!.getTime()) / 1000);
  log.info('a backup that an earlier attempt has started is continued', { backupId: BackupId, age });
  await retag(fsx, request, found);
  return waitFor(context, { backupId: BackupId!, operation, age }, found);
}
