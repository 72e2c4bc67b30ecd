import type { Effects } from './ending';
import { kindOf, sayError } from './errors';
import { addressOf, type CloudFormationEvent, leanEvent, NotFromCloudFormation, timeOf } from './event';
import { BEGIN, type State } from './phase';
import { poll } from './poll';
import { sayObstacle } from './texts';

/** How long Lambda's next delivery is sooner than CloudFormation's time-out. */
const YOUNG = 180_000;
/** What the function's time is left at least, for doing the work of an execution. */
const RESERVE = 60_000;

/**
 * The first act on every event of CloudFormation: start the execution that will respond to it, named after
 * the request. Whatever is delivered again finds it there.
 */
export async function start(input: unknown, effects: Effects): Promise<void> {
  const { environment, log } = effects;
  try {
    await begin(leanEvent(input, environment), effects);
  } catch (error) {
    if (!(error instanceof NotFromCloudFormation)) throw error;
    log({ stackId: environment.stackId }).error('the event is refused', { reason: error.message });
  }
}

async function begin(event: CloudFormationEvent, effects: Effects): Promise<void> {
  const { executions, now, log } = effects;
  const { address, problem } = addressOf(event);
  const { stackId, logicalId, requestId } = address;
  const { StateMachineArn } = event.ResourceProperties;
  const machine = typeof StateMachineArn === 'string' ? StateMachineArn : '';
  const execution = `${logicalId.slice(0, 40)}-${requestId.slice(-39)}`;
  let state: State = BEGIN;
  try {
    if (!problem) {
      const startOnce = () => executions.start(machine, execution, JSON.stringify(event));
      return await persist(startOnce, effects);
    }
  } catch (error) {
    const about = log({ stackId, logicalId, requestId });
    about.warn('the execution could not be started', { error: sayError(error) });
    // Lambda delivers the event again if this throws.
    if (kindOf(error) !== 'final' && now() - (timeOf(event) ?? 0) < YOUNG) throw error;
    // If that cannot be asked either, there most likely is none.
    if (await executions.exists(machine, execution).catch(() => false)) return;
    state = { ...BEGIN, obstacle: sayObstacle(error) };
  }
  const startTime = new Date(now()).toISOString();
  const given = { machine: 'requests' as const, input: event, execution, startTime, state };
  if ('state' in (await poll(given, effects, true))) throw new Error('the response could not be delivered');
}

/** Does it again while that may help. */
async function persist(act: () => Promise<void>, { remainingMs, sleep }: Effects): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (kindOf(error) === 'final' || remainingMs() < RESERVE) throw error;
      await sleep(5_000);
    }
  }
}
