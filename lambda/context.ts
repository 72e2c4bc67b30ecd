import { InvalidRequest } from './errors';
import type { Fsx } from './fsx';
import type { Search } from './listing';
import type { Log } from './log';
import type { Deployment, FinalBackup, Request, Run } from './request';
import { isDeployed, type Source, sourceId, sourceWithId } from './source';
import type { Stacks } from './stack';

/** All that a moment needs. */
export interface Context<R extends Request = Request> {
  readonly request: R;
  readonly fsx: Fsx;
  readonly stacks: Stacks;
  /** When the request was made, and when this poll began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly now: number;
  /** The time of the clock, which goes on while the poll runs. */
  readonly clock: () => number;
  /** What an earlier poll has not finished. */
  readonly search?: Search;
  readonly log: Log;
}

/** What the stack is doing: what the request is for, on its way back, or something else. */
export type Standing = 'open' | 'back' | 'over';

/** The status of a stack may be late by so much. */
const STATUS_GRACE = 20_000;

/** FSx may not know a backup yet right after its creation. */
export const VISIBILITY_GRACE = 60_000;

/**
 * A request that is undone may be about to call CreateBackup. No poll takes so long from its check to the
 * call. None of the other times of grace is longer.
 */
export const CANCELLED_REQUEST_GRACE = 120_000;

export function standingOf(status: string | undefined, isAtDeletion: boolean): Standing {
  if (status?.endsWith('ROLLBACK_IN_PROGRESS')) return 'back';
  const open = isAtDeletion
    ? ['DELETE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS']
    : ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'];
  return open.includes(status ?? '') ? 'open' : 'over';
}

/** What the stack is doing now, as far as its status is not late. */
export async function stackNow({ stacks, request }: Pick<Context, 'stacks' | 'request'>) {
  const { status, lastUpdated } = { ...(await stacks.state(request.stackId)) };
  const isAtDeletion = request.kind === 'final' && request.type === 'Delete';
  return { status, lastUpdated, standing: standingOf(status, isAtDeletion) };
}

/** The request is old enough for the status of its stack to be right. */
export function hasSureStatus({ now, startedAt }: Pick<Context, 'now' | 'startedAt'>): boolean {
  return now - startedAt >= STATUS_GRACE;
}

/**
 * What is backed up; undefined if nothing has the logical id that it is named by, or is not complete yet. It
 * is what the stack has deployed now; if the construct has moved, under its former logical id.
 */
export async function locate({ stacks, request }: Context<Deployment | Run>): Promise<Source | undefined> {
  const { source } = request.desired;
  if (!isDeployed(source)) return source;
  const stack = source.stack ?? request.stackId;
  const before = request.kind === 'backup' ? request.former?.source : undefined;
  const names = [source, before].flatMap((one) => (one && isDeployed(one) ? [one.logicalId] : []));
  let id: string | undefined;
  for (const name of new Set(names)) id ??= await stacks.deployedId(stack, name);
  if (id === undefined) return undefined;
  const found = sourceWithId(id);
  if (found) return found;
  throw new InvalidRequest(
    `${sourceId(source)} is "${id.slice(0, 80)}", and no FSx file system or volume; name the resource of a ` +
      'file system or volume',
  );
}

/** The requests that take a backup. */
export type Taker = Deployment | FinalBackup | Run;
