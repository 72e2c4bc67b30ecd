import { hasSureStatus, stackNow } from './context';
import type { Opened } from './door';
import { sayError } from './errors';
import type { Environment } from './event';
import type { Executions } from './executions';
import type { Fsx } from './fsx';
import type { Log } from './log';
import type { PhaseOf, Response, State } from './phase';
import { readable, responseBody } from './response';
import { sourceId } from './source';
import type { Stacks } from './stack';
import { notDeleted } from './texts';
import { MAX_SERVICE_TIMEOUT } from '../src/private/contract';

/** The world outside of the function. */
export interface Effects {
  readonly fsx: Fsx;
  readonly stacks: Stacks;
  readonly executions: Executions;
  readonly deliver: (url: string, body: string) => Promise<void>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly remainingMs: () => number;
  readonly log: (about: Record<string, unknown>) => Log;
  readonly environment: Environment;
}

/** What an execution ends with. FAILED means: a backup that was asked for is not there. */
export type End =
  | { readonly output: object }
  | { readonly failure: { readonly error: 'InvalidInput' | 'BackupFailed'; readonly cause: string } };

/** Delivers the response, or keeps it for the next poll. Then the execution ends. */
export async function finish(
  opened: Opened,
  state: State,
  effects: Effects,
  log: Log,
): Promise<{ state: State; wait: number } | End> {
  const response = completed(opened, (state.phase as PhaseOf<'Responding'>).response);
  const isAbandoned = state.isAbandoned ?? (await nobodyWaits(opened, response, effects));
  const { responseUrl, startedAt } = opened;
  const { status, physicalId } = response;
  const told = { status, physicalId, isAbandoned: isAbandoned || undefined };
  try {
    if (responseUrl !== undefined) await effects.deliver(responseUrl, responseBody(opened.address, response));
  } catch (error) {
    log.warn('the response could not be delivered', { error: sayError(error), ...told });
    if (effects.now() - startedAt > MAX_SERVICE_TIMEOUT * 1000) throw error;
    return { state: { ...state, isAbandoned }, wait: 5 };
  }
  return end(opened, response, isAbandoned, log, told);
}

/** With what is the same for all responses to a link, and for all failures at the deletion of a source. */
function completed({ request }: Opened, response: Response): Response {
  if (request?.kind === 'continuation') {
    // It never changes, so that no link is replaced.
    return { ...response, physicalId: request.physicalId || `continuation-${request.logicalId}` };
  }
  if (request?.kind !== 'final' || request.type !== 'Delete' || response.status === 'SUCCESS') {
    return response;
  }
  const { desired, logicalId } = request;
  return { ...response, reason: notDeleted(sourceId(desired.source), logicalId, response.reason) };
}

/** A backup that nobody waits for any more is no failure. */
async function nobodyWaits(
  { request, startedAt }: Opened,
  response: Response,
  { stacks, now }: Effects,
): Promise<boolean> {
  if (response.status === 'SUCCESS' || !request || request.kind === 'run') return false;
  const isDeletion = request.kind !== 'final' && request.type === 'Delete';
  if (isDeletion || !hasSureStatus({ now: now(), startedAt })) return false;
  try {
    return (await stackNow({ stacks, request })).standing !== 'open';
  } catch {
    return false;
  }
}

function end(
  { request, address }: Opened,
  response: Response,
  isAbandoned: boolean,
  log: Log,
  told: Record<string, unknown>,
): End {
  const { physicalId: PhysicalResourceId } = response;
  if (response.status === 'SUCCESS') {
    log.info('responded', told);
    const { attributes, age: SecondsBeforeRequest } = response;
    return { output: { ...attributes, PhysicalResourceId, SecondsBeforeRequest } };
  }
  const reason = readable(response.reason);
  const isWanted = !isAbandoned && (address.type !== 'Delete' || request?.kind === 'final');
  if (!isWanted) {
    log.warn('responded', { ...told, reason });
    return { output: { PhysicalResourceId, reason, abandoned: isAbandoned } };
  }
  log.error('the backup that was asked for is not there', { ...told, reason });
  return { failure: { error: request ? 'BackupFailed' : 'InvalidInput', cause: reason } };
}
