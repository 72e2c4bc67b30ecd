import { Answer, readable, responseBody, signalBody } from './answer';
import { attributesOfGone } from './attributes';
import type { Aws } from './aws';
import { look } from './backup';
import { requestOf, Started } from './execution-input';
import { finalSource, lookAtFinal } from './final';
import { finalGenerationOf, generationOf } from './identity';
import { isPipelineJob, report } from './job';
import type { Log } from './log';
import { lookFromOutside } from './outside';
import {
  checked,
  CloudFormationEvent,
  InvalidProperties,
  isBackupId,
  isCloudFormationEvent,
  isFinal,
  isOutside,
  oldProperties,
  sourceId,
  Wanted,
} from './request';
import { secondsToNextAttempt, secondsToNextLook } from './schedule';
import { failed, Situation, subject, waitHandleOf, wantedIn, Work } from './situation';
import { kindOf, notDeleted, notFinished, sayError, sayTrouble, Sequel } from './trouble';
import {
  ANSWER_MARGIN,
  BackupAttributes,
  MAX_EXECUTION_TIMEOUT,
  MAX_SERVICE_TIMEOUT,
  MAX_WAIT_CONDITION_TIMEOUT,
} from '../src/private/contract';

/** The outside world. */
export interface Effects {
  readonly aws: Aws;
  readonly deliver: (url: string, body: string) => Promise<void>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly remainingMs: () => number;
  readonly log: (about: Record<string, unknown>) => Log;
  /** The stack of the provider, whose the backups are that no stack asked for. */
  readonly stackId: string;
}

/**
 * What the state machine carries from look to look. `error` is what its Catch adds when looking failed for
 * good.
 */
export interface Execution {
  readonly over: boolean;
  readonly wait: number;
  readonly work: Work;
  readonly error?: { readonly Error?: string; readonly Cause?: string };
}

/** What an execution ends with: its output, or why it failed. */
export interface End {
  readonly over: true;
  readonly result?: BackupAttributes | {};
  readonly failure?: { readonly error: 'InvalidInput' | 'BackupFailed'; readonly cause: string };
}

/**
 * IAM takes a while to put a new policy into force; and a deletion whose answer got lost is refused the next
 * time, as the tags are gone.
 */
const PERMISSION_GRACE = 120_000;

/** How long CloudFormation is kept waiting for something that is not worth a failure, in seconds. */
const TIDYING_TIME = 600;

/**
 * One invocation: a request of CloudFormation, the first look of an execution that somebody else started, the
 * next look of either, or a pipeline's question.
 */
export async function run(input: unknown, effects: Effects): Promise<Execution | End> {
  if (isCloudFormationEvent(input)) return begin(input, effects);
  if (isExecution(input)) return proceed(input, effects);
  if (isStart(input)) return open(input, effects);
  if (isPipelineJob(input)) return report(input, effects);
  throw new Error(
    "the input is neither a request of CloudFormation nor the state of an execution of this provider's " +
      'state machine',
  );
}

async function open({ started, error }: Start, effects: Effects): Promise<Execution | End> {
  let event: CloudFormationEvent;
  try {
    event = requestOf(started, effects.stackId);
  } catch (invalid) {
    if (!(invalid instanceof InvalidProperties)) throw invalid;
    const cause = readable(`No backup was taken: ${invalid.message}.`);
    effects.log({ execution: started.execution }).warn('the input is not valid', { cause });
    return { over: true, failure: { error: 'InvalidInput', cause } };
  }
  return proceed(
    { over: false, wait: 0, work: { event, startedAt: Date.parse(started.startTime) }, error },
    effects,
  );
}

async function begin(input: CloudFormationEvent, effects: Effects): Promise<Execution | End> {
  const { event, problem } = checked(input);
  const begun: Work = { event, startedAt: effects.now() };
  if (problem) {
    begun.answer = failed(
      { work: begun },
      `Nothing was done: ${problem}, which CloudFormation would not send. Send what it would.`,
    );
  }
  const execution = await proceed({ over: false, wait: 0, work: begun }, effects);
  if (!('work' in execution)) return execution;
  try {
    await startExecution(execution, effects);
    return execution;
  } catch (error) {
    const { work } = execution;
    // it could not be delivered and cannot be waited for: Lambda delivers the event again
    if (work.answer) throw error;
    const reason = `Starting the state machine that waits failed. ${sayTrouble(error)}`;
    return proceed(
      { ...execution, work: { ...work, answer: giveUp(work, reason, logFor(event, effects)) } },
      effects,
    );
  }
}

async function startExecution({ work, ...rest }: Execution, effects: Effects): Promise<void> {
  const { event } = work;
  const stateMachineArn = String(event.ResourceProperties?.StateMachineArn);
  // the same for every delivery
  const name = `${event.LogicalResourceId.slice(0, 40)}-${event.RequestId}`.slice(0, 80);
  for (;;) {
    try {
      return await effects.aws.startExecution(stateMachineArn, name, { ...rest, work });
    } catch (error) {
      if (kindOf(error) === 'final' || effects.remainingMs() < 45_000) throw error;
      await effects.sleep(5_000);
    }
  }
}

async function proceed(execution: Execution, effects: Effects): Promise<Execution | End> {
  const { work } = execution;
  const { event } = work;
  const log = logFor(event, effects);
  work.answer ||= execution.error ? crashed(work, execution.error, log) : await decide(work, effects, log);
  if (work.answer) return answer(work, work.answer, effects, log);

  const elapsed = seconds(effects.now() - work.startedAt);
  const left = timeLimit(work) - elapsed;
  return { over: false, wait: Math.max(1, Math.min(secondsToWait(work, elapsed), left)), work };
}

/**
 * Where many look at once, those who already know of their backup leave the way to those who have to start
 * one.
 */
function secondsToWait({ failedLooks, awaited, event: { RequestId } }: Work, elapsed: number): number {
  const planned = secondsToNextLook(elapsed);
  if (!failedLooks) return planned;
  return awaited
    ? planned + secondsToNextAttempt(failedLooks, 120, RequestId)
    : secondsToNextAttempt(failedLooks, 60, RequestId);
}

function logFor(
  { StackId, LogicalResourceId, RequestId, RequestType }: CloudFormationEvent,
  effects: Effects,
): Log {
  return effects.log({
    stackId: StackId,
    logicalId: LogicalResourceId,
    requestId: RequestId,
    request: RequestType,
  });
}

/** One look. An obstacle that may go away is waited out until the time is up. */
async function decide(work: Work, effects: Effects, log: Log): Promise<Answer | undefined> {
  const { event } = work;
  let wanted: Wanted;
  try {
    wanted = wantedIn(event);
  } catch (error) {
    if (!(error instanceof InvalidProperties)) throw error;
    return refused(work, error);
  }
  const elapsed = effects.now() - work.startedAt;
  try {
    const found = await lookOnce(work, wanted, effects, log);
    work.trouble = work.deniedSince = undefined;
    work.failedLooks = lessOne(work.failedLooks);
    if (found) return found;
  } catch (error) {
    const kind = kindOf(error);
    work.trouble = work.failure
      ? sayError(error)
      : sayTrouble(error, event.RequestType === 'Delete' && !isFinal(event));
    log.warn('a look did not get through', { kind, error: sayError(error) });
    work.failedLooks = kind === 'passing' ? (work.failedLooks ?? 0) + 1 : lessOne(work.failedLooks);
    if (kind === 'permission') work.deniedSince ??= effects.now();
    const isDenied = kind === 'permission' && effects.now() - work.deniedSince! >= PERMISSION_GRACE;
    if (kind === 'final' || isDenied) {
      return giveUp(work, `${purpose(work, wanted)} failed. ${work.trouble}`, log);
    }
  }
  return seconds(elapsed) >= timeLimit(work) ? giveUp(work, late(work, wanted), log) : undefined;
}

/** One that AWS answers does not mean that it would answer all again. */
function lessOne(failedLooks: number | undefined): number | undefined {
  return failedLooks ? failedLooks - 1 : undefined;
}

async function lookOnce(
  work: Work,
  wanted: Wanted,
  { aws, now }: Effects,
  log: Log,
): Promise<Answer | undefined> {
  const { event } = work;
  const owner = { stackId: event.StackId, logicalId: event.LogicalResourceId };
  const situation = (generation: string): Situation => ({
    work,
    wanted,
    identity: { ...owner, generation },
    aws,
    now: now(),
    log,
  });
  if (isOutside(event)) return lookFromOutside(situation(generationOf(wanted)));
  if (!isFinal(event)) return look(situation(generationOf(wanted)));
  work.source = finalSource(event);
  return lookAtFinal(situation(work.source ? finalGenerationOf(work.source) : ''));
}

/**
 * A rollback that fails leaves a stack that nobody can deploy any more, and tidying up is not worth a
 * failure: it goes on, and the log says what was left undone.
 */
function giveUp(work: Work, reason: string, log: Log): Answer {
  if (work.rollback || work.settled) {
    log.warn(`the ${work.rollback ? 'rollback' : 'cleanup'} goes on, and something was left undone`, {
      reason,
    });
    return work.settled ?? unseen(work);
  }
  if (isFinal(work.event) && work.event.RequestType === 'Delete') {
    return failed(
      { work },
      notDeleted(sourceId(finalSource(work.event)!), work.event.LogicalResourceId, reason),
    );
  }
  if (!work.failure) return failed({ work }, reason);
  return failed(
    { work },
    `${work.failure} What is left of it could not be removed, and counts towards the quota until you ` +
      `delete it: ${reason}`,
  );
}

/** The resource keeps what it has, which could not be looked at. */
function unseen({ event, source }: Work): Answer {
  const physicalId = event.PhysicalResourceId!;
  return { status: 'SUCCESS', physicalId, attributes: attributesOfGone(physicalId, source, undefined) };
}

function late(work: Work, wanted: Wanted): string {
  const minutes = Math.round(timeLimit(work) / 60);
  const trouble = work.trouble ? ` ${work.trouble}` : '';
  const most = isOutside(work.event) ? MAX_EXECUTION_TIMEOUT : MAX_WAIT_CONDITION_TIMEOUT;
  const canAllowMore =
    work.event.RequestType !== 'Delete' &&
    wanted.timeoutSeconds < most &&
    (work.answered || !wanted.waitHandle);
  if (!work.awaited || !work.seen || work.failure) {
    return (
      `${purpose(work, wanted)} was not possible in ${minutes} ` +
      `min.${trouble}${canAllowMore ? ' Or allow more time with `timeout`.' : ''}`
    );
  }
  return (
    notFinished(
      subject({ work, wanted }),
      work.awaited.id,
      work.seen,
      minutes,
      sequelOf(work, wanted),
      canAllowMore,
    ) + trouble
  );
}

function sequelOf(work: Work, wanted: Wanted): Sequel {
  if (isOutside(work.event)) return 'same run';
  if (isFinal(work.event)) return 'deletion';
  if (work.inPlace) return 'stays';
  if (wanted.removalPolicy === 'DESTROY') return 'removed';
  return work.newStack ? 'new stack' : 'taken up';
}

function purpose(work: Work, wanted: Wanted): string {
  const { event, failure } = work;
  if (failure) return 'Deleting it';
  if (isFinal(event)) return 'It';
  if (event.RequestType === 'Delete') return `Deleting ${event.PhysicalResourceId}`;
  const old = event.RequestType === 'Update' ? oldProperties(event) : undefined;
  if (old && generationOf(old) === generationOf(wanted)) return `Updating ${event.PhysicalResourceId}`;
  return `Backing up ${subject({ work, wanted })}`;
}

/** Properties that cannot be used. What they never made need not be deleted. */
function refused(work: Work, error: InvalidProperties): Answer {
  const { RequestType, PhysicalResourceId } = work.event;
  const isUnmade = !isBackupId(PhysicalResourceId ?? '') && !finalSource(work.event);
  if (RequestType === 'Delete' && isUnmade) return { status: 'SUCCESS', physicalId: PhysicalResourceId! };
  return failed(
    { work },
    `${RequestType === 'Delete' ? `${PhysicalResourceId} was not deleted` : 'No backup was taken'}: ` +
      `${error.message}.`,
  );
}

function crashed(work: Work, error: NonNullable<Execution['error']>, log: Log): Answer {
  return giveUp(
    work,
    `Looking at the backup failed several times in a row (${error.Error}). The log of the ` +
      'FsxBackupProvider has the details. A backup that is running goes on. Try again.',
    log,
  );
}

/**
 * Deliver the answer, or keep it until the next time. A wait condition hears of the end after CloudFormation
 * has heard of the beginning.
 */
async function answer(work: Work, decided: Answer, effects: Effects, log: Log): Promise<Execution | End> {
  const { event, answered, startedOnly } = work;
  const told = {
    status: decided.status,
    physicalId: decided.physicalId,
    reason: decided.status === 'FAILED' ? decided.reason : undefined,
  };
  try {
    if (answered) await effects.deliver(waitHandleOf(work)!, signalBody(decided));
    else if (!isOutside(event)) await effects.deliver(event.ResponseURL!, responseBody(event, decided));
  } catch (error) {
    log.warn('the answer could not be delivered', { error: sayError(error), ...told });
    const hopeless =
      seconds(effects.now() - work.startedAt) > (answered ? MAX_WAIT_CONDITION_TIMEOUT : MAX_SERVICE_TIMEOUT);
    if (hopeless) throw error;
    return { over: false, wait: answered ? 60 : 5, work };
  }
  log.info(
    answered
      ? 'wait condition told'
      : startedOnly
        ? 'answered: the wait condition waits for the end'
        : 'answered',
    told,
  );
  const isOver = answered || decided.status === 'FAILED' || waitHandleOf(work) === undefined;
  if (isOver) return endOf(event, decided);
  if (!startedOnly) return answer({ ...work, answered: true }, decided, effects, log);
  return {
    over: false,
    wait: secondsToNextLook(seconds(effects.now() - work.startedAt)),
    work: { ...work, answer: undefined, answered: true },
  };
}

/** Where CloudFormation had the answer, the execution has nothing more to say. */
function endOf(event: CloudFormationEvent, decided: Answer): End {
  if (!isOutside(event)) return { over: true, result: {} };
  if (decided.status === 'SUCCESS') return { over: true, result: decided.attributes };
  return { over: true, failure: { error: 'BackupFailed', cause: readable(decided.reason) } };
}

/**
 * How long this request may go on, in seconds. A deletion has nothing to do with how long a backup may take.
 */
function timeLimit({ event, rollback, settled, answered }: Work): number {
  if (event.RequestType === 'Delete' && settled) return TIDYING_TIME;
  const patience = isOutside(event)
    ? MAX_EXECUTION_TIMEOUT
    : answered
      ? MAX_WAIT_CONDITION_TIMEOUT
      : MAX_SERVICE_TIMEOUT;
  const longest = patience - ANSWER_MARGIN;
  if (event.RequestType === 'Delete' || rollback) return longest;
  return Math.min(wantedIn(event).timeoutSeconds, longest);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function isExecution(input: any): input is Execution {
  return typeof input?.work?.event?.RequestType === 'string' && typeof input.work.startedAt === 'number';
}

/** What the state machine makes of an input that is not a state of its own. */
type Start = Pick<Execution, 'error'> & { readonly started: Started };

function isStart(input: any): input is Start {
  return typeof input?.started?.execution === 'string';
}
