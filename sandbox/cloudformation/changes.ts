import type { ResourceState, Stack } from './stack';

/** What was done to one resource, so that it can be undone. `before` is the resource as it was. */
export type Change =
  | { kind: 'created' }
  | { kind: 'updated'; before: ResourceState }
  | Replacement
  /** attributes that are none of the provider's business */
  | { kind: 'relabelled'; before: ResourceState };

export interface Replacement {
  kind: 'replaced';
  before: ResourceState;
  /** its physical id, as soon as there is one */
  replacement?: string;
  /** how the replaced physical resource was left: an earlier attempt may have updated it */
  left: ResourceState;
}

/** By logical id. */
export type Changes = Map<string, Change>;

/**
 * The changes of two attempts as if one had made them all. With rollback disabled a stack may fail several
 * times before somebody rolls it back, and then it goes back over all of them.
 */
export function together(earlier: Changes, later: Changes): Changes {
  const result: Changes = new Map(earlier);
  for (const [name, change] of later) {
    const first = earlier.get(name);
    result.set(name, first ? merged(first, change) : change);
  }
  return result;
}

function merged(earlier: Change, later: Change): Change {
  if (earlier.kind === 'created' || later.kind === 'created') return earlier;
  const { before } = earlier;
  if (earlier.kind === 'replaced') {
    const replacement = later.kind === 'replaced' ? later.replacement : undefined;
    return { ...earlier, replacement: replacement ?? earlier.replacement };
  }
  if (later.kind === 'replaced') return { ...later, before };
  return { kind: earlier.kind === 'updated' ? 'updated' : later.kind, before };
}

/** The physical resource is not the current one any more. */
export function giveUp(stack: Stack, state: ResourceState): void {
  stack.superseded.push({ state, because: 'replacement rolled back' });
}

/** The old physical resource is the current one again. */
export function keep(stack: Stack, { logicalId, physicalId }: ResourceState): void {
  stack.superseded = stack.superseded.filter(
    ({ state }) => state.logicalId !== logicalId || state.physicalId !== physicalId,
  );
}
