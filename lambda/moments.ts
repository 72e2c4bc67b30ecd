import { tidy } from './clean-up';
import type { Context } from './context';
import { proceed } from './continuation';
import { create } from './create';
import { remove } from './delete';
import { beginFinal, unlessGone } from './final-backup';
import type { Phase } from './phase';
import { rollBack } from './rollback';
import { beginRun } from './run';
import { take } from './take';
import { update } from './update';
import { deleteFailed, wait } from './wait';

/** One step of a request: from a phase to the next, or to the same again. */
export function step(context: Context<any>, phase: Phase): Promise<Phase> | Phase {
  switch (phase.phase) {
    case 'Starting':
      return begin(context);
    case 'Taking':
      return context.request.kind === 'final'
        ? unlessGone(context, () => take(context, phase))
        : take(context, phase);
    case 'Waiting':
      return wait(context, phase);
    case 'DeletingFailed':
      return deleteFailed(context, phase);
    case 'RollingBack':
      return rollBack(context, phase);
    case 'CleaningUp':
      return tidy(context, phase);
    case 'Responding':
      return phase;
  }
}

/** The moments of which the README speaks, one file each. */
function begin(context: Context<any>): Promise<Phase> {
  const { kind, type } = context.request;
  if (kind === 'run') return beginRun(context);
  if (kind === 'final') return beginFinal(context);
  if (kind === 'continuation') return proceed(context);
  if (type === 'Create') return create(context);
  return type === 'Update' ? update(context) : remove(context);
}
