import type { Backup } from '@aws-sdk/client-fsx';
import { attributesOf, successWithout } from './attributes';
import type { Context } from './context';
import { type Phase, type PhaseOf, respond, type Response, type State } from './phase';
import { fail } from './physical-id';
import type { Request } from './request';
import { failedAndLeft, notDone, notFinished, notPossible } from './texts';
import { MAX_WAIT } from '../src/private/contract';

/** The time is up: what the response is then. */
export function timeOut(context: Context, state: State): State {
  const { phase, obstacle = '' } = state;
  const { request, startedAt, now } = context;
  // A link goes on from where the links before have stopped.
  const begun = request.kind === 'continuation' ? request.told.createdAt || startedAt : startedAt;
  const minutes = Math.round((now - begun) / 60_000);
  if (phase.phase !== 'Waiting' || !phase.seen) {
    return giveUp(context, state, obstacle, notPossible(request, minutes, obstacle));
  }
  if (hasNextLink(request)) return { ...state, phase: respond(handOver(phase)) };
  return giveUp(context, state, obstacle, `${notFinished(request, phase, minutes)} ${obstacle}`.trim());
}

/**
 * Nothing more can be done. A rollback that fails leaves a stack that nobody can deploy any more, and tidying
 * up is not worth a failure: the response is what it would have been, and the log says what was left undone.
 */
export function giveUp(
  context: Context,
  state: State,
  obstacle: string,
  reason = notDone(context.request, obstacle),
): State {
  const { request, log } = context;
  const { phase } = state;
  const fixed = fixedResponse(request, phase);
  if (fixed) {
    const left = phase.phase === 'CleaningUp' ? phase.doomed : undefined;
    log.warn('something was left undone', { phase: phase.phase, obstacle, left });
    return { ...state, phase: respond(fixed) };
  }
  const said =
    phase.phase === 'DeletingFailed' ? failedAndLeft(phase.reason, phase.backupId, obstacle) : reason;
  return { ...state, phase: fail(request, phase, said) };
}

/** What the response is in any case, if that is known. */
function fixedResponse(request: Request, phase: Phase): Response | undefined {
  const { physicalId, stackId } = request;
  if (phase.phase === 'RollingBack') return successWithout(phase.to ?? physicalId, stackId);
  if (phase.phase === 'CleaningUp') return phase.mustSucceed ? undefined : phase.response;
  return isDeletionOfKept(request) ? successWithout(physicalId, stackId) : undefined;
}

/** A Delete that deletes no more than older backups, if anything. */
export function isDeletionOfKept(request: Request): boolean {
  return request.kind === 'backup' && request.type === 'Delete' && request.desired.removal !== 'DESTROY';
}

function hasNextLink(request: Request): boolean {
  if (request.kind === 'continuation') return request.told.timeout > MAX_WAIT;
  return request.kind === 'backup' && request.desired.timeout > MAX_WAIT;
}

/** The backup still runs, and a continuation waits for its end. */
function handOver({ backupId, seen, age }: PhaseOf<'Waiting'>): Response {
  const { lifecycle, createdAt } = seen!;
  const attributes = attributesOf({
    BackupId: backupId,
    Lifecycle: lifecycle,
    CreationTime: createdAt === undefined ? undefined : new Date(createdAt),
  } as Backup);
  return { status: 'SUCCESS', physicalId: backupId, attributes, age };
}
