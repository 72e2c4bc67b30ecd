import { tidy } from './clean-up';
import type { Context } from './context';
import { proceed } from './continuation';
import { create } from './create';
import { remove } from './delete';
import { beginFinal, takeFinal } from './final-backup';
import type { Phase, PhaseOf } from './phase';
import type { Request } from './request';
import { rollBack } from './rollback';
import { beginRun } from './run';
import { take } from './take';
import { update } from './update';
import { deleteFailed, wait } from './wait';

/** One step of a request: from a phase to the next, or to the same again. */
export function step(context: Context, phase: Phase): Promise<Phase> | Phase {
  switch (phase.phase) {
    case 'Starting':
      return begin(context);
    case 'Taking':
      return takeFor(context, phase);
    case 'Waiting':
      return wait(context, phase);
    case 'DeletingFailed':
      return deleteFailed(context, phase);
    case 'RollingBack':
      return rollBack(context as Context<any>, phase);
    case 'CleaningUp':
      return tidy(context, phase);
    case 'Responding':
      return phase;
  }
}

/** The moments of which the README speaks, one file each. */
function begin(context: Context): Promise<Phase> {
  const { request } = context;
  const of = <R extends Request>(narrowed: R) => ({ ...context, request: narrowed });
  if (request.kind === 'run') return beginRun(of(request));
  if (request.kind === 'final') return beginFinal(of(request));
  if (request.kind === 'continuation') return proceed(of(request));
  if (request.type === 'Create') return create(of(request));
  return request.type === 'Update' ? update(of(request)) : remove(of(request));
}

function takeFor(context: Context, phase: PhaseOf<'Taking'>): Promise<Phase> {
  return context.request.kind === 'final'
    ? takeFinal(context as Context<any>, phase)
    : take(context as Context<any>, phase);
}
