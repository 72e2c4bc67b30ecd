import type { Backup } from '@aws-sdk/client-fsx';
import { isRunning } from './attributes';
import { type Context, hasSureStatus, stackNow, type Standing, type Taker } from './context';
import { SourceBusy } from './errors';
import { clientRequestToken, generationOf, isOfGeneration, marksOf, ownTags } from './identity';
import { list } from './listing';
import { Obstacle, type Operation, type Phase, type PhaseOf } from './phase';
import { fail } from './physical-id';
import { type Deployment, isBackupId } from './request';
import { retag } from './retag';
import { type Source, sourceId } from './source';
import { tagsAt, tagsOfNew, timeInName } from './tags';
import { notTaken } from './texts';
import { waitFor } from './wait';
import { NO_BACKUP } from '../src/private/contract';

/**
 * Fixes what CreateBackup is called with. It is kept in the state before the first call, since the same token
 * with other parameters is an error.
 */
export async function prepare(context: Context<Taker>, source: Source): Promise<PhaseOf<'Taking'>> {
  const { fsx, request, startedAt, log } = context;
  const { kind, desired, physicalId } = request;
  const { tagsToCopy } = await fsx.source(source);
  const previous = isBackupId(physicalId) ? physicalId : NO_BACKUP;
  const removal = kind === 'final' ? 'RETAIN' : desired.removal;
  const own = ownTags(request, generationOf(desired), previous, removal);
  const user = tagsAt(desired, timeInName(new Date(startedAt)));
  const { tags, dropped } = tagsOfNew(tagsToCopy, user, own);
  if (dropped.length > 0) log.warn('too many tags: some of the source are not copied', { keys: dropped });
  if (kind === 'run') return { phase: 'Taking', source, tags };
  const { status, lastUpdated } = await stackNow(context);
  const operation = { lastUpdated, isNewStack: status === 'CREATE_IN_PROGRESS' };
  return { phase: 'Taking', source, tags, operation };
}

/** Calls CreateBackup until FSx takes it. The same call after a lost response gives the same backup. */
export async function take(context: Context<Taker>, phase: PhaseOf<'Taking'>): Promise<Phase> {
  const { fsx, request, log } = context;
  const { source, tags, operation } = phase;
  const standing = await standingNow(context, operation);
  // The status was late: what looked like a way forward is a rollback, which takes none and must not fail.
  if (standing === 'back' && request.type === 'Update') return { phase: 'RollingBack' };
  if (standing !== 'open') {
    return hasSureStatus(context) ? fail(request, phase, notTaken(source)) : phase;
  }
  const token = clientRequestToken(request);
  try {
    const backup = await fsx.createBackup(source, token, tags);
    log.info('backup started', { backupId: backup.BackupId, source: sourceId(source), token });
    return waitFor(context, backup, { operation });
  } catch (error: any) {
    return refused(context, phase, error);
  }
}

/** FSx does not take the call: a backup runs, perhaps the very one that the request is for. */
async function refused(context: Context<Taker>, phase: PhaseOf<'Taking'>, error: Error): Promise<Phase> {
  const { fsx, request } = context;
  const { source } = phase;
  if (error.name === 'BackupInProgress' && request.kind === 'backup' && mayContinue(request)) {
    return continueRunning({ ...context, request }, phase, error);
  }
  const isRefused = /^(BadRequest|UnsupportedOperation|ValidationException)$/.test(error.name);
  if (!isRefused || !(await fsx.source(source)).isBusy) throw error;
  throw new SourceBusy(`${sourceId(source)} is being created or changed: ${error.message}`);
}

/** Whether the operation that the request belongs to goes on. */
async function standingNow(context: Context<Taker>, operation?: Operation): Promise<Standing> {
  const { stacks, request } = context;
  if (request.kind === 'run') return 'open';
  const { standing, lastUpdated } = await stackNow(context);
  const isFirst = request.kind === 'final' || lastUpdated === operation?.lastUpdated;
  if (isFirst || standing !== 'open') return standing;
  const resource = await stacks.resource(request.stackId, request.logicalId);
  return /^(CREATE|UPDATE)_IN_PROGRESS$/.test(resource?.status ?? '') ? 'open' : 'over';
}

/**
 * Without rollback, a Create that failed has left a resource with the id of its backup. CloudFormation
 * deletes that when the next Create has succeeded: the two must not have the same id if the backup goes with
 * it.
 */
function mayContinue({ type, desired }: Deployment): boolean {
  return type !== 'Create' || desired.removal !== 'DESTROY';
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
    const marks = marksOf(backup, request);
    return (
      isRunning(backup.Lifecycle) &&
      isOfGeneration(marks, desired.generation) &&
      marks.previous === desired.previous
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
  return waitFor(context, found, { operation, age });
}
