import type { Backup } from '@aws-sdk/client-fsx';
import { sourceOfBackup, success, successWithout } from './attributes';
import { cleanUp } from './clean-up';
import type { Context } from './context';
import { kindOf, sayError } from './errors';
import { generationOf, isComparable, isOfGeneration, marksOf } from './identity';
import { newest } from './listing';
import { type Phase, type PhaseOf, respond } from './phase';
import { type Deployment, isBackupId, isSame } from './request';
import { retag } from './retag';
import { distinct, isDeployed } from './source';
import { NO_BACKUP } from '../src/private/contract';

/** A chain of `previous` is longer only if people made it so. */
const LONGEST_CHAIN = 50;

/** The stack is on its way back: the resource returns to the backup that it held. None is ever taken. */
export async function rollBack(context: Context<Deployment>, phase: PhaseOf<'RollingBack'>): Promise<Phase> {
  const { request, fsx, now } = context;
  const { desired, former, stackId, physicalId } = request;
  const { to } = phase;
  if (to === undefined) return { ...phase, to: former ? await backupBefore(context) : physicalId };
  const restored = isBackupId(to) ? await fsx.backup(to) : undefined;
  await returnTags(context, restored);
  const response = restored ? success(restored) : successWithout(to, stackId, 'DELETED', desired.source);
  if (former?.removal !== 'DESTROY' || !mayHaveStartedOne(request, to, restored)) return respond(response);
  return cleanUp(now, response, {
    goal: { delete: 'attempts', of: to, except: to },
    sources: isDeployed(former.source)
      ? []
      : distinct(former.source, desired.source, sourceOfBackup(restored)),
    mustSucceed: false,
    mayGrow: true,
  });
}

/** If the update had succeeded, CloudFormation deletes what it took. */
function mayHaveStartedOne(request: Deployment, to: string, restored: Backup | undefined): boolean {
  if (to !== request.physicalId) return false;
  return !isSame(request) || (restored !== undefined && !isAttempt(request, restored));
}

async function returnTags(
  { fsx, request, log }: Context<Deployment>,
  restored: Backup | undefined,
): Promise<void> {
  try {
    if (restored && marksOf(restored, request).isOwn) await retag(fsx, request, restored);
  } catch (error) {
    if (kindOf(error) === 'passing') throw error;
    log.warn('the tags of the backup did not go back', {
      backupId: restored?.BackupId,
      error: sayError(error),
    });
  }
}

/**
 * The id that the resource had before the update that is undone: along `previous` to the first backup of the
 * desired generation.
 */
async function backupBefore(context: Context<Deployment>): Promise<string> {
  const { request, fsx } = context;
  const { physicalId, desired } = request;
  if (!isBackupId(physicalId)) return physicalId;
  const chain: string[] = [];
  let id = physicalId;
  let named: Backup | undefined;
  while (isBackupId(id) && chain.length <= LONGEST_CHAIN) {
    chain.push(id);
    const backup = await fsx.backup(id);
    if (!backup) break;
    named ??= backup;
    const marks = marksOf(backup, request);
    if (isOfGeneration(marks, generationOf(desired))) return id;
    if (!isComparable(marks)) return beforeAttempt(request, named, id);
    id = marks.previous ?? '';
  }
  return id === NO_BACKUP ? noneBefore(request, named!) : leave(context, named, chain.slice(1));
}

/** Lost tags of the one before tell nothing. But an attempt was to replace it, and must not stay instead. */
function beforeAttempt(request: Deployment, named: Backup, before: string): string {
  return isAttempt(request, named) ? before : request.physicalId;
}

/**
 * Only what is not deployed yet goes without a backup, or what has none before its first update. But where
 * the properties stay the same, the named backup may be what was held for others: a weak reference was
 * resolved again [?].
 */
function noneBefore(request: Deployment, named: Backup): string {
  const mayHaveNone = isDeployed(request.desired.source) && !isSame(request);
  return isAttempt(request, named) || mayHaveNone ? NO_BACKUP : request.physicalId;
}

/** After an attempt without rollback, the named backup is of neither the old nor the new properties. */
function isAttempt(request: Deployment, named: Backup): boolean {
  return isOfGeneration(marksOf(named, request), generationOf(request.former!));
}

/** The chain is broken. An attempt must not pass for what the resource held, even if that is gone. */
async function leave(
  context: Context<Deployment>,
  named: Backup | undefined,
  passed: readonly string[],
): Promise<string> {
  const { request, log } = context;
  const { physicalId: backupId } = request;
  if (named ? !isAttempt(request, named) : isSame(request)) return backupId;
  if (named) log.warn('the backup before this one no longer exists', { backupId, previous: passed.at(-1) });
  return (await newestFormer(context, named)) ?? passed[0] ?? backupId;
}

/** The newest AVAILABLE backup of the desired generation: of the account, if its source is not known. */
async function newestFormer(context: Context<Deployment>, named?: Backup): Promise<string | undefined> {
  const { request } = context;
  const { desired } = request;
  const sources = distinct(isDeployed(desired.source) ? sourceOfBackup(named) : desired.source);
  const former = await newest(context, sources, (backup) =>
    isOfGeneration(marksOf(backup, request), generationOf(desired)),
  );
  return former?.BackupId;
}
