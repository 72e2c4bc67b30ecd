import type { Answer } from './answer';
import { take, watch } from './backup';
import { CloudFormationEvent, Source, sourceId, sourceWithId } from './request';
import type { Situation } from './situation';
import { notDeleted } from './trouble';

/**
 * What the resource is called after: what it backs up when it is deleted. Another source makes another
 * resource, and the old one is deleted.
 */
const PREFIX = 'final-';

/** What a request to delete would back up; undefined where the resource never came to be. */
export function finalSource({ PhysicalResourceId }: CloudFormationEvent): Source | undefined {
  return PhysicalResourceId?.startsWith(PREFIX)
    ? sourceWithId(PhysicalResourceId.slice(PREFIX.length))
    : undefined;
}

/** A backup that is taken at deletion: until then there is nothing to do. */
export async function lookAtFinal(situation: Situation): Promise<Answer | undefined> {
  const { work, wanted, aws, log } = situation;
  const { event } = work;
  const source = finalSource(event);
  if (event.RequestType !== 'Delete') {
    return { status: 'SUCCESS', physicalId: `${PREFIX}${sourceId(wanted.source)}` };
  }

  const done: Answer = { status: 'SUCCESS', physicalId: event.PhysicalResourceId! };
  if (!source) return done;
  if (
    !work.awaited &&
    /ROLLBACK_(COMPLETE_CLEANUP_)?IN_PROGRESS$/.test(await aws.stackStatus(event.StackId))
  ) {
    log.info('no final backup: what a deployment that failed has created is not worth one', {
      source: sourceId(source),
    });
    return done;
  }
  try {
    const answer = await (work.awaited ? watch(situation) : take(situation));
    if (answer?.status === 'FAILED') {
      return { ...answer, reason: notDeleted(sourceId(source), event.LogicalResourceId, answer.reason) };
    }
    return answer && done;
  } catch (error: any) {
    if (error?.name !== 'FileSystemNotFound' && error?.name !== 'VolumeNotFound') throw error;
    log.info('no final backup: the source is gone already', { source: sourceId(source) });
    return done;
  }
}
