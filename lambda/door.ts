import { InvalidRequest } from './errors';
import { addressOf, type Environment, leanEvent, timeOf } from './event';
import { isFinalId } from './final-backup';
import { type Phase, respond } from './phase';
import { failedId } from './physical-id';
import { isBackupId, type Request, requestOf } from './request';
import type { Asked } from './response';
import { runOf } from './run-input';
import { notUsable } from './texts';
import { MAX_SERVICE_TIMEOUT } from '../src/private/contract';

/** What the state machine gives to a poll. Only `state` and `error` come from earlier polls. */
export interface PollInput {
  readonly machine: 'requests' | 'runs';
  readonly input: unknown;
  /** The ARN of the execution. */
  readonly execution: string;
  /** In ISO 8601. */
  readonly startTime: string;
  readonly state: unknown;
  /** What the `Catch` of the state machine adds if the function failed for good. */
  readonly error?: { readonly Error?: string };
}

/** A request, or why it cannot be used. */
export interface Opened {
  readonly address: Asked;
  /** None for a run: its execution ends with the response. */
  readonly responseUrl?: string;
  /** When the request was made, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly request?: Request;
  readonly problem?: InvalidRequest;
}

/**
 * What an execution was started with, checked. Every input is hostile until then.
 *
 * @throws NotFromCloudFormation
 */
export function open({ machine, input, execution, startTime }: PollInput, environment: Environment): Opened {
  const begun = Date.parse(startTime);
  if (machine === 'runs') {
    const { stackId } = environment;
    const address = {
      type: 'Create',
      stackId,
      requestId: execution,
      logicalId: 'series/',
      physicalId: '',
    } as const;
    return { startedAt: begun, ...parsed(address, () => runOf(input, address)) };
  }
  const event = leanEvent(input, environment);
  const { address, problem } = addressOf(event);
  const made = timeOf(event) ?? begun;
  // CloudFormation's time counts from the request, and its event may have been late.
  const isPlausible = made <= begun && begun - made < MAX_SERVICE_TIMEOUT * 1000;
  return {
    responseUrl: event.ResponseURL,
    startedAt: isPlausible ? made : begun,
    ...(problem ? { address, problem } : parsed(address, () => requestOf(event, address))),
  };
}

function parsed(
  address: Opened['address'],
  parse: () => Request,
): Pick<Opened, 'address' | 'request' | 'problem'> {
  try {
    const request = parse();
    return { address: request, request };
  } catch (problem) {
    if (!(problem instanceof InvalidRequest)) throw problem;
    return { address, problem };
  }
}

/** The response to a request that cannot be used. What was never made need not be deleted. */
export function refuse({ address, problem, responseUrl }: Opened): Phase {
  const { type, physicalId } = address;
  const isUnmade = !isBackupId(physicalId) && !isFinalId(physicalId);
  if (type === 'Delete' && isUnmade) return respond({ status: 'SUCCESS', physicalId });
  const what = type === 'Delete' ? `${physicalId} was not deleted` : 'No backup was taken';
  return respond({
    status: 'FAILED',
    physicalId: failedId(address, false),
    reason: notUsable(what, problem!, responseUrl === undefined),
  });
}
