import { Answer, responseBody } from './answer';
import type { Aws } from './aws';
import { failed, isPlaceholder, look, Situation, Work } from './backup';
import { generationOf } from './identity';
import type { Log } from './log';
import { CloudFormationEvent, InvalidProperties, isCloudFormationEvent, parseProperties, sourceId, Wanted } from './request';
import { secondsToNextLook } from './schedule';
import { callFailed, kindOf, notFinished, sayError } from './trouble';
import { ANSWER_MARGIN, MAX_SERVICE_TIMEOUT } from '../src/private/contract';

/** The outside world. */
export interface Effects {
  readonly aws: Aws;
  readonly deliver: (url: string, body: string) => Promise<void>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly remainingMs: () => number;
  readonly log: (about: Record<string, unknown>) => Log;
}

/** What the state machine carries from look to look. `error` is what its Catch adds when looking failed for good. */
export interface Execution {
  readonly over: boolean;
  readonly wait: number;
  readonly work: Work;
  readonly error?: { readonly Error?: string; readonly Cause?: string };
}

/** IAM takes a while to put a new policy into force. */
const PERMISSION_GRACE = 120_000;

/** One invocation: a request of CloudFormation, or the next look of the execution that goes on with it. */
export async function run(input: unknown, effects: Effects): Promise<Execution> {
  if (isCloudFormationEvent(input)) return begin(input, effects);
  if (isExecution(input)) return proceed(input, effects);
  throw new Error('the input is neither a request of CloudFormation nor the state of an execution of this provider\'s state machine');
}

async function begin(event: CloudFormationEvent, effects: Effects): Promise<Execution> {
  const execution = await proceed({ over: false, wait: 0, work: { event, startedAt: effects.now() } }, effects);
  if (execution.over) return execution;
  try {
    await startExecution(execution, effects);
    return execution;
  } catch (error) {
    const { work } = execution;
    if (work.answer) throw error; // it could not be delivered and cannot be waited for: Lambda delivers the event again
    return proceed({ ...execution, work: { ...work, answer: failed({ work }, callFailed('Starting the state machine that waits', error)) } }, effects);
  }
}

async function startExecution({ work, ...rest }: Execution, effects: Effects): Promise<void> {
  const { event } = work;
  const stateMachineArn = String(event.ResourceProperties?.StateMachineArn);
  const name = `${event.LogicalResourceId.slice(0, 40)}-${event.RequestId}`.slice(0, 80); // the same for every delivery
  for (;;) {
    try {
      return await effects.aws.startExecution(stateMachineArn, name, { ...rest, work });
    } catch (error) {
      if (kindOf(error) === 'final' || effects.remainingMs() < 45_000) throw error;
      await effects.sleep(5_000);
    }
  }
}

async function proceed(execution: Execution, effects: Effects): Promise<Execution> {
  const { work } = execution;
  const { event } = work;
  const log = effects.log({ stackId: event.StackId, logicalId: event.LogicalResourceId, requestId: event.RequestId, request: event.RequestType });
  work.answer ??= execution.error ? crashed(work, execution.error, log) : await decide(work, effects, log);
  if (work.answer) return answer(work, work.answer, effects, log);

  const elapsed = seconds(effects.now() - work.startedAt);
  const left = timeoutOf(work) - elapsed;
  return { over: false, wait: Math.max(1, Math.min(secondsToNextLook(elapsed), left)), work };
}

/** One look. An obstacle that may go away is waited out until the time is up. */
async function decide(work: Work, effects: Effects, log: Log): Promise<Answer | undefined> {
  let wanted: Wanted;
  try {
    wanted = parseProperties(work.event.ResourceProperties);
  } catch (error) {
    if (!(error instanceof InvalidProperties)) throw error;
    return refused(work, error);
  }
  const { event } = work;
  const identity = { stackId: event.StackId, logicalId: event.LogicalResourceId, generation: generationOf(wanted.source) };
  const elapsed = effects.now() - work.startedAt;
  try {
    const found = await look({ work, wanted, identity, aws: effects.aws, now: effects.now(), log } satisfies Situation);
    work.trouble = undefined;
    if (found) return found;
  } catch (error) {
    const kind = kindOf(error);
    const what = callFailed(purpose(work, wanted), error);
    log.warn('a look did not get through', { kind, error: sayError(error) });
    if (kind === 'final' || (kind === 'permission' && elapsed >= PERMISSION_GRACE)) return giveUp(work, what, log);
    work.trouble = what;
  }
  return seconds(elapsed) >= wanted.timeoutSeconds ? giveUp(work, late(work, wanted), log) : undefined;
}

function giveUp(work: Work, reason: string, log: Log): Answer {
  if (work.settled) {
    log.warn('what the failed update had started could not be deleted, and stays', { reason });
    return work.settled;
  }
  return failed({ work }, work.failure ? `${work.failure} But it could not be removed: ${reason}` : reason);
}

function late(work: Work, wanted: Wanted): string {
  const minutes = Math.round(wanted.timeoutSeconds / 60);
  if (work.awaited && work.seen) {
    return notFinished(wanted.source, work.awaited.id, work.seen, minutes, wanted.removalPolicy === 'DESTROY') + (work.trouble ? ` ${work.trouble}` : '');
  }
  return `${purpose(work, wanted)} was not possible in ${minutes} min. ${work.trouble ?? ''}`;
}

function purpose({ event }: Work, wanted: Wanted): string {
  return event.RequestType === 'Delete' ? `Deleting ${event.PhysicalResourceId}` : `Backing up ${sourceId(wanted.source)}`;
}

/** Properties that cannot be used. What they never made need not be deleted. */
function refused(work: Work, error: InvalidProperties): Answer {
  const { event } = work;
  if (event.RequestType === 'Delete' && isPlaceholder(event.PhysicalResourceId!)) return { status: 'SUCCESS', physicalId: event.PhysicalResourceId! };
  return failed({ work }, `No backup was taken: ${error.message}.`);
}

function crashed(work: Work, error: NonNullable<Execution['error']>, log: Log): Answer {
  return giveUp(work, `Looking at the backup failed several times in a row (${error.Error}). The log of the FsxBackupProvider has the details. `
    + 'Deploy again: a backup that is running or finished is taken up.', log);
}

/** Deliver the answer, or keep it until the next time. */
async function answer(work: Work, decided: Answer, effects: Effects, log: Log): Promise<Execution> {
  const body = responseBody(work.event, decided);
  try {
    await effects.deliver(work.event.ResponseURL, body);
    log.info('answered', { status: decided.status, physicalId: decided.physicalId, reason: decided.status === 'FAILED' ? decided.reason : undefined });
    return { over: true, wait: 0, work: { ...work, answer: undefined } };
  } catch (error) {
    log.warn('the answer could not be delivered', { error: sayError(error), status: decided.status, physicalId: decided.physicalId });
    const hopeless = seconds(effects.now() - work.startedAt) > MAX_SERVICE_TIMEOUT;
    if (hopeless) throw error;
    return { over: false, wait: 5, work };
  }
}

function timeoutOf(work: Work): number {
  try {
    return parseProperties(work.event.ResourceProperties).timeoutSeconds;
  } catch {
    return MAX_SERVICE_TIMEOUT - ANSWER_MARGIN;
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function isExecution(input: any): input is Execution {
  return isCloudFormationEvent(input?.work?.event) && typeof input.work.startedAt === 'number';
}
