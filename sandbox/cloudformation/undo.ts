import { attempt } from './attempt';
import { giveUp, keep, type Change, type Replacement } from './changes';
import { tellConfigured, type Work } from './forward';
import { inOrder, reversed } from './graph';
import { lookup } from './outputs';
import { ResourceFailure, same } from './resources/provider';
import { tell, type ResourceState } from './stack';
import type { Plan } from './template';

/**
 * Undo the changes of these resources; resolves to the names of those that could not be undone.
 *
 * @param again the template of before, if its properties are to be resolved again
 */
export async function revert(work: Work, names: readonly string[], again?: Plan): Promise<string[]> {
  const { changes, stack } = work;
  const unable: string[] = [];
  const dependsOn = (name: string) => {
    const change = changes.get(name);
    return change && 'before' in change ? change.before.dependsOn : stack.resources.get(name)!.dependsOn;
  };
  const asCreated = new Map([...stack.resources.keys()].map((name) => [name, dependsOn(name)]));
  await inOrder(isReversed(work) ? reversed(asCreated) : asCreated, async (name) => {
    const change = changes.get(name);
    if (!change || !names.includes(name)) return true;
    const done = await undo(work, name, change, again);
    if (done) changes.delete(name);
    else unable.push(name);
    return done;
  });
  return unable;
}

/** [?] Whether the resources go back in the order in which they are created, or dependents first. */
export function isReversed({ engine }: Work): boolean {
  return engine.world.options.rollbackOrder === 'reversed';
}

/**
 * With rollback disabled: what failed goes back to its last stable state, and the others stay as they have
 * become. It is a failed resource for all that.
 */
export async function returnFailed(work: Work, names: readonly string[]): Promise<void> {
  const { resources } = work.stack;
  const reasons = new Map(names.map((name) => [name, resources.get(name)!.reason]));
  await revert(work, names);
  for (const [name, reason] of reasons) {
    Object.assign(resources.get(name)!, { status: 'UPDATE_FAILED', reason });
  }
}

/** Leave out of the rollback what cannot be undone. */
export function skip({ changes, stack }: Work, name: string): void {
  const change = changes.get(name);
  if (!change || !('before' in change)) return;
  changes.delete(name);
  stack.resources.set(name, { ...change.before, status: 'UPDATE_COMPLETE' });
  keep(stack, change.before);
}

async function undo(work: Work, name: string, change: Change, again?: Plan): Promise<boolean> {
  const { engine, stack } = work;
  const state = stack.resources.get(name)!;
  if (change.kind === 'created') {
    stack.superseded.push({ state, because: 'creation rolled back' });
    return true;
  }
  let before: ResourceState;
  try {
    before = again ? resolvedAgain(work, change.before, again) : change.before;
  } catch (error) {
    if (!(error instanceof ResourceFailure)) throw error;
    tell(engine, stack, state, 'UPDATE_FAILED', error.message);
    return false;
  }
  switch (change.kind) {
    case 'relabelled':
      stack.resources.set(name, change.before);
      return same(change.before.properties, before.properties) || updateBack(work, change.before, before);
    case 'replaced':
      return undoReplacement(work, state, change, before);
    case 'updated':
      return updateBack(work, state, before);
  }
}

async function undoReplacement(
  work: Work,
  state: ResourceState,
  change: Replacement,
  before: ResourceState,
): Promise<boolean> {
  const { engine, stack } = work;
  if (change.replacement !== undefined) giveUp(stack, state);
  keep(stack, change.before);
  if (!same(change.left.properties, before.properties)) {
    // from here on, it is a resource to be sent back like others
    stack.resources.set(state.logicalId, change.left);
    work.changes.set(state.logicalId, { kind: 'updated', before: change.before });
    return updateBack(work, change.left, before);
  }
  stack.resources.set(state.logicalId, change.before);
  tell(engine, stack, change.before, 'UPDATE_COMPLETE');
  return true;
}

async function updateBack(work: Work, state: ResourceState, before: ResourceState): Promise<boolean> {
  const { engine, stack } = work;
  const back: ResourceState = { ...before, physicalId: state.physicalId, attributes: state.attributes };
  stack.resources.set(back.logicalId, back);
  tell(engine, stack, back, 'UPDATE_IN_PROGRESS');
  try {
    const result = await attempt(engine, stack, back, 'update', {
      signal: new AbortController().signal,
      oldProperties: state.properties,
      rollback: true,
      configured: () => tellConfigured(work, back),
    });
    // [?] an answer with a third id, or with the new one, leaves the old one superseded, and the cleanup
    // deletes it
    if (result.physicalId !== state.physicalId) giveUp(stack, state);
    if (result.physicalId === before.physicalId) keep(stack, before);
    Object.assign(back, result);
  } catch (error) {
    if (!(error instanceof ResourceFailure)) throw error;
    stack.resources.set(back.logicalId, state);
    tell(engine, stack, state, 'UPDATE_FAILED', error.message);
    return false;
  }
  tell(engine, stack, back, 'UPDATE_COMPLETE');
  return true;
}

/**
 * [?] The resource as it was, with properties that are resolved against the others as they are now. A custom
 * resource may have answered the rollback with other attributes than before. Where that would replace the
 * resource, it keeps its old properties.
 */
function resolvedAgain({ engine, stack }: Work, before: ResourceState, plan: Plan): ResourceState {
  const planned = plan.resources.get(before.logicalId);
  if (!planned) return before;
  const properties = plan.resolve(planned.properties, lookup(stack));
  const needsReplacement = engine.providerOf(before.type).replaces?.(before.properties, properties);
  return needsReplacement ? before : { ...before, properties };
}
