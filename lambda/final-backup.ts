import type { FileSystem } from '@aws-sdk/client-fsx';
import { type Context, hasSureStatus, stackNow, VISIBILITY_GRACE } from './context';
import { unless } from './errors';
import type { Fsx } from './fsx';
import { BEGIN, type Phase, respond } from './phase';
import { fail } from './physical-id';
import type { FinalBackup } from './request';
import { type Source, sourceId, sourceWithId } from './source';
import { prepare } from './take';
import { notPossibleAtDeletion } from './texts';
import { type FileSystemLike, whyNotFileSystem, whyNotVolume } from '../src/private/rules';

/**
 * The resource is called after what it backs up when it is deleted. Another source makes another resource,
 * and the old one is deleted.
 */
const PREFIX = 'final-';

/** FSx knows no such source. */
const NOT_FOUND = /^(FileSystem|Volume)NotFound:/;

/** What a Delete would back up; undefined if the resource never came to be. */
function finalSource(physicalId: string): Source | undefined {
  return physicalId.startsWith(PREFIX) ? sourceWithId(physicalId.slice(PREFIX.length)) : undefined;
}

export function isFinalId(physicalId: string): boolean {
  return finalSource(physicalId) !== undefined;
}

const UNKNOWN = 'is not known to FSx in the Region and account of the stack: check its id';

/** A backup that is taken at deletion. */
export async function beginFinal(context: Context<FinalBackup>): Promise<Phase> {
  return context.request.type === 'Delete' ? beginDeletion(context) : check(context);
}

/** Nothing is taken yet. But a source that could not be backed up is refused now, not at its deletion. */
async function check(context: Context<FinalBackup>): Promise<Phase> {
  const { request, fsx, now, startedAt } = context;
  const { source } = request.desired;
  const physicalId = `${PREFIX}${sourceId(source)}`;
  const done = respond({ status: 'SUCCESS', physicalId });
  if (request.physicalId === physicalId) return done;
  // A rollback returns to the source, whatever has become of it.
  if (request.type === 'Update' && (await stackNow(context)).standing === 'back') return done;
  const why = await whyNot(fsx, source);
  if (why === undefined) return done;
  // FSx may show a new source late, and CloudFormation the status of its stack.
  if (now - startedAt < VISIBILITY_GRACE) return BEGIN.phase;
  return fail(request, BEGIN.phase, notPossibleAtDeletion(sourceId(source), why));
}

/** FSx knows no such source, or cannot back it up. */
async function whyNot(fsx: Fsx, source: Source): Promise<string | undefined> {
  if ('VolumeId' in source) {
    const volume = await unless(NOT_FOUND, () => fsx.volume(source.VolumeId));
    return volume ? whyNotVolume(volume) : UNKNOWN;
  }
  const fileSystem = await unless(NOT_FOUND, () => fsx.fileSystem(source.FileSystemId));
  return fileSystem ? whyNotFileSystem(factsOf(fileSystem)) : UNKNOWN;
}

function factsOf({ FileSystemType, LustreConfiguration }: FileSystem): FileSystemLike {
  const { DeploymentType, DataRepositoryConfiguration } = LustreConfiguration ?? {};
  return { FileSystemType, DeploymentType, ...DataRepositoryConfiguration };
}

async function beginDeletion(context: Context<FinalBackup>): Promise<Phase> {
  const { request, log } = context;
  const { physicalId } = request;
  const done = respond({ status: 'SUCCESS', physicalId });
  const source = finalSource(physicalId);
  if (!source) return done;
  const { status = '', standing } = await stackNow(context);
  if (/ROLLBACK_(COMPLETE_CLEANUP_)?IN_PROGRESS$/.test(status)) {
    log.info('no final backup: a deployment that failed has created the source', {
      source: sourceId(source),
    });
    return done;
  }
  if (standing !== 'open' && !hasSureStatus(context)) return BEGIN.phase;
  return unlessGone(context, () => prepare(context, source));
}

/** The source of a final backup may be gone: somebody has deleted it by hand. */
export async function unlessGone(
  { request, log }: Context<FinalBackup>,
  act: () => Promise<Phase>,
): Promise<Phase> {
  const phase = await unless(NOT_FOUND, act);
  if (phase) return phase;
  const { physicalId } = request;
  log.info('no final backup: the source is gone already', { physicalId });
  return respond({ status: 'SUCCESS', physicalId });
}
