import type { Answer } from './answer';
import { take, watch } from './backup';
import { prune } from './removal';
import type { Situation } from './situation';
import { sayError } from './trouble';
import { NO_BACKUP } from '../src/private/contract';

/**
 * A backup that no stack asked for: a pipeline did, or a person. When it is there, older ones of its series
 * may go.
 */
export async function lookFromOutside(situation: Situation): Promise<Answer | undefined> {
  const {
    work: { awaited },
    wanted: { keepLast },
    log,
  } = situation;
  const answer = await (awaited ? watch(situation) : take(situation));
  if (answer?.status !== 'SUCCESS' || answer.physicalId === NO_BACKUP || keepLast === undefined) {
    return answer;
  }
  try {
    await prune(situation, keepLast, answer.physicalId);
  } catch (error) {
    log.warn('older backups not deleted: the next run tries again', { error: sayError(error) });
  }
  return answer;
}
