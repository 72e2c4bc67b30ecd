import { CANCELLED_REQUEST_GRACE, type Context } from './context';
import { open, type Opened, type PollInput, refuse } from './door';
import { type Effects, finish, type End } from './ending';
import { kindOf, sayError } from './errors';
import { NotFromCloudFormation, TO_TAKE_ONE } from './event';
import { SearchGoesOn } from './listing';
import { step } from './moments';
import { BEGIN, Obstacle, type Phase, type Response, type State } from './phase';
import { isBackupId, type Request } from './request';
import { secondsToNextAttempt, secondsToNextPoll } from './schedule';
import { crashed as hasCrashed, sayObstacle } from './texts';
import { giveUp, isDeletionOfKept, timeOut } from './time-out';
import { MAX_RUN_TIMEOUT, MAX_WAIT } from '../src/private/contract';

/** IAM takes a while to put a new policy into force. */
const PERMISSION_GRACE = 120_000;
/** How long a response is kept back by a deletion that is not worth a failure. */
const CLEAN_UP_TIME = 600_000;
/** So often the function may crash, and be tried again a minute later. */
const MAX_CRASHES = 5;
/** The phases that delete backups. They are no reason to wait: the same poll begins with them. */
const DELETING = new Set<Phase['phase']>(['CleaningUp', 'DeletingFailed']);

/**
 * One poll: goes on from the state, and says how long to wait, or responds.
 *
 * @param isLast no execution could poll again
 */
export async function poll(
  given: PollInput,
  effects: Effects,
  isLast = false,
): Promise<{ state: State; wait: number } | End> {
  const opened = opens(given, effects);
  if ('failure' in opened) return opened;
  const { request, startedAt, address } = opened;
  const { stackId, logicalId, requestId, type } = address;
  const log = effects.log({ stackId, logicalId, requestId, request: type });
  if (!request) return finish(opened, { ...BEGIN, phase: refuse(opened) }, effects, log);

  const { fsx, stacks, now } = effects;
  const before = isState(given.state) ? given.state : BEGIN;
  // Whatever may be shown late would be there by now, or never.
  const begun = isLast ? Math.min(startedAt, now() - CANCELLED_REQUEST_GRACE) : startedAt;
  const { search } = before;
  const context: Context = { request, fsx, stacks, startedAt: begun, now: now(), clock: now, search, log };
  const state = await next(context, before, given, isLast);
  if (state.phase.phase !== 'Responding') return { state, wait: secondsToWait(context, before, state) };
  const isKeptFirst = !isLast && mightDecideOtherwise(request, before.phase, state.phase.response);
  return isKeptFirst ? { state, wait: 1 } : finish(opened, state, effects, log);
}

/**
 * A poll whose result is lost is repeated, after CloudFormation was answered. Then the source may be
 * deployed, or FSx may take the call, and a backup would be taken that nobody asks for any more.
 */
function mightDecideOtherwise({ kind, type }: Request, { phase }: Phase, response: Response): boolean {
  const isTaker = kind === 'final' ? type === 'Delete' : kind === 'backup' && type !== 'Delete';
  const isDone = response.status === 'SUCCESS' && (kind === 'final' || isBackupId(response.physicalId));
  return isTaker && (phase === 'Starting' || phase === 'Taking') && !isDone;
}

/** An execution that somebody else has started speaks for CloudFormation in vain. */
function opens(given: PollInput, { environment, log }: Effects): Opened | Extract<End, { failure: unknown }> {
  try {
    return open(given, environment);
  } catch (error) {
    if (!(error instanceof NotFromCloudFormation)) throw error;
    const cause = `The input is not a request of CloudFormation: ${error.message}; ${TO_TAKE_ONE}.`;
    log({ execution: given.execution }).error('the input is refused', { cause });
    return { failure: { error: 'InvalidInput', cause } };
  }
}

/** A state of a later version is one that this function cannot read. */
function isState(state: any): state is State {
  return state?.version === BEGIN.version;
}

/** The next state; at the end of its time, or if no execution could go on, the response. */
async function next(context: Context, before: State, { error }: PollInput, isLast: boolean): Promise<State> {
  if (before.phase.phase === 'Responding') return before;
  const isInTime = context.now < limitOf(context, before.phase);
  if (error) return crashed(context, before, isInTime, error.Error);
  const after = await go(context, before);
  if (after.phase.phase === 'Responding') return after;
  if (isLast) return giveUp(context, after, before.obstacle ?? after.obstacle ?? '');
  return isInTime ? after : timeOut(context, after);
}

/** The function has failed for good: it may work again after a while. */
function crashed(context: Context, before: State, isInTime: boolean, error: string | undefined): State {
  const crashes = (before.crashes ?? 0) + 1;
  const state = { ...before, phase: asked(before.phase), crashes };
  return isInTime && crashes < MAX_CRASHES ? state : giveUp(context, state, hasCrashed(error));
}

async function go(context: Context, state: State): Promise<State> {
  let { phase } = state;
  let before: Phase;
  try {
    do {
      before = phase;
      phase = await step(context, before);
    } while (isImmediate(before, phase));
    return { ...BEGIN, phase, failedPolls: lessOne(state.failedPolls) };
  } catch (thrown) {
    if (thrown instanceof SearchGoesOn) return { ...state, phase, search: thrown.search };
    return thrown instanceof Obstacle
      ? obstructed(context, { ...state, phase: thrown.phase }, thrown.error)
      : obstructed(context, { ...state, phase }, thrown);
  }
}

/** What went wrong may have been the response to CreateBackup. */
function asked(phase: Phase): Phase {
  return phase.phase === 'Taking' ? { ...phase, isAsked: true } : phase;
}

function isImmediate(before: Phase, after: Phase): boolean {
  if (after.phase === 'CleaningUp' && before.phase === 'CleaningUp') {
    return !before.doomed && after.doomed !== undefined;
  }
  return after.phase === 'RollingBack' || (after.phase !== before.phase && DELETING.has(after.phase));
}

/** An obstacle that may go away is waited out until the time is up. */
function obstructed(context: Context, state: State, error: unknown): State {
  const { request, log, now } = context;
  const kind = kindOf(error);
  const isDeleting =
    DELETING.has(state.phase.phase) || (request.kind === 'backup' && request.type === 'Delete');
  const obstacle = sayObstacle(error, isDeleting);
  log.warn('a poll did not get through', { kind, error: sayError(error) });
  const deniedSince = kind === 'permission' ? (state.deniedSince ?? now) : undefined;
  const isDenied = now - (deniedSince ?? now) >= PERMISSION_GRACE;
  const failedPolls = kind === 'passing' ? (state.failedPolls ?? 0) + 1 : lessOne(state.failedPolls);
  const phase = asked(state.phase);
  const after = { ...BEGIN, phase, obstacle, search: state.search, deniedSince, failedPolls };
  return kind === 'final' || isDenied ? giveUp(context, after, obstacle) : after;
}

/** One poll that AWS answers does not mean that it would answer all again. */
function lessOne(failedPolls: number | undefined): number | undefined {
  return failedPolls ? failedPolls - 1 : undefined;
}

/** When the request is at its end, in milliseconds since the epoch. */
function limitOf({ request, startedAt }: Context, phase: Phase): number {
  const limit = startedAt + secondsFor(request) * 1000;
  if (phase.phase === 'CleaningUp' && !phase.mustSucceed) return Math.min(limit, phase.since + CLEAN_UP_TIME);
  return phase.phase === 'Starting' && isDeletionOfKept(request) ? startedAt + CLEAN_UP_TIME : limit;
}

/** A deletion has nothing to do with how long a backup may take, and neither has a rollback. */
function secondsFor(request: Request): number {
  if (request.kind === 'run') return Math.min(request.desired.timeout, MAX_RUN_TIMEOUT - 300);
  if (request.kind === 'final' || request.type === 'Delete') return MAX_WAIT;
  return Math.min(request.kind === 'backup' ? request.desired.timeout : request.told.timeout, MAX_WAIT);
}

function secondsToWait(context: Context, before: State, after: State): number {
  // What CreateBackup is called with is in the state from now on.
  if (before.phase.phase === 'Starting' && after.phase.phase === 'Taking') return 1;
  const left = Math.ceil((limitOf(context, after.phase) - context.clock()) / 1000);
  const seconds = after.crashes ? 60 : secondsByPlan(context, after);
  return Math.max(1, Math.min(seconds, left));
}

/** Under throttling, executions that only wait back off more than those that must still call CreateBackup. */
function secondsByPlan({ request, startedAt, now }: Context, { phase, failedPolls }: State): number {
  const isLink = phase.phase === 'Waiting' && request.kind === 'continuation';
  const since = (isLink && phase.seen?.createdAt) || startedAt;
  const planned = secondsToNextPoll(Math.floor((now - since) / 1000));
  if (!failedPolls) return planned;
  return phase.phase === 'Waiting'
    ? planned + secondsToNextAttempt(failedPolls, 120, request.requestId)
    : secondsToNextAttempt(failedPolls, 60, request.requestId);
}
