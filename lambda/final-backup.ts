import { type Context, hasSureStatus, stackNow } from './context';
import { unless } from './errors';
import { BEGIN, type Phase, respond } from './phase';
import type { FinalBackup } from './request';
import { type Source, sourceId, sourceWithId } from './source';
import { prepare } from './take';

/**
 * The resource is called after what it backs up when it is deleted. Another source makes another resource,
 * and the old one is deleted.
 */
const PREFIX = 'final-';

/** What a Delete would back up; undefined if the resource never came to be. */
function finalSource(physicalId: string): Source | undefined {
  return physicalId.startsWith(PREFIX) ? sourceWithId(physicalId.slice(PREFIX.length)) : undefined;
}

export function isFinalId(physicalId: string): boolean {
  return finalSource(physicalId) !== undefined;
}

/** A backup that is taken at deletion: until then there is nothing to do. */
export async function beginFinal(context: Context<FinalBackup>): Promise<Phase> {
  const { request, log } = context;
  const { type, physicalId, desired } = request;
  if (type !== 'Delete') {
    return respond({ status: 'SUCCESS', physicalId: `${PREFIX}${sourceId(desired.source)}` });
  }
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
  const phase = await unless(/^(FileSystem|Volume)NotFound:/, act);
  if (phase) return phase;
  const { physicalId } = request;
  log.info('no final backup: the source is gone already', { physicalId });
  return respond({ status: 'SUCCESS', physicalId });
}
