import { attempt, type Attempt } from './attempt';
import type { Changes, Replacement } from './changes';
import { lookup } from './outputs';
import { Refusal, ResourceFailure, same } from './resources/provider';
import { tell, type Engine, type ResourceState, type Stack } from './stack';
import type { Plan, PlannedResource } from './template';

/** What the steps of one operation on a stack share. */
export interface Work {
  readonly engine: Engine;
  readonly stack: Stack;
  readonly plan: Plan;
  readonly changes: Changes;
  /** by logical id */
  readonly failed: Map<string, 'create' | 'update'>;
  readonly abort: AbortController;
  /** told when the event of a custom resource is on its way */
  sent(): void;
}

/** Create or update one resource as planned; false if that failed, or the operation was given up before. */
export async function step(work: Work, planned: PlannedResource): Promise<boolean> {
  if (work.abort.signal.aborted) return false;
  const { stack } = work;
  const before = stack.resources.get(planned.logicalId);
  const isNew = before === undefined || before.status === 'CREATE_FAILED';
  let properties: any;
  try {
    properties = work.plan.resolve(planned.properties, lookup(stack));
  } catch (error) {
    const state = isNew ? stateOf(work, planned, {}) : { ...before, ...labels(planned) };
    if (!isNew) work.changes.set(planned.logicalId, { kind: 'relabelled', before });
    else work.changes.set(planned.logicalId, { kind: 'created' });
    stack.resources.set(planned.logicalId, state);
    return fail(work, state, isNew ? 'create' : 'update', error);
  }
  if (isNew) return createResource(work, planned, properties, before);
  if (before.status !== 'UPDATE_FAILED' && same(before.properties, properties)) {
    return relabel(work, planned, before);
  }
  const { replaces } = work.engine.providerOf(planned.type);
  if (replaces?.(before.properties, properties)) return replaceResource(work, planned, properties, before);
  return updateResource(work, planned, properties, before);
}

async function createResource(
  work: Work,
  planned: PlannedResource,
  properties: any,
  failedBefore?: ResourceState,
): Promise<boolean> {
  const { engine, stack } = work;
  const state = stateOf(work, planned, properties);
  stack.resources.set(state.logicalId, state);
  work.changes.set(state.logicalId, { kind: 'created' });
  // [?] whether the id of a creation that failed before gets its Delete
  if (failedBefore?.physicalId !== undefined && !engine.world.options.forgetsFailedIds) {
    stack.superseded.push({ state: failedBefore, because: 'creation rolled back' });
  }
  tell(engine, stack, state, 'CREATE_IN_PROGRESS');
  try {
    const initiated = (physicalId: string) => {
      state.physicalId = physicalId;
      tell(engine, stack, state, 'CREATE_IN_PROGRESS', 'Resource creation Initiated');
    };
    Object.assign(state, await attempt(engine, stack, state, 'create', { ...told(work, state), initiated }));
  } catch (error) {
    return fail(work, state, 'create', error);
  }
  tell(engine, stack, state, 'CREATE_COMPLETE');
  return true;
}

async function updateResource(
  work: Work,
  planned: PlannedResource,
  properties: any,
  before: ResourceState,
): Promise<boolean> {
  const { engine, stack } = work;
  const state: ResourceState = { ...before, ...labels(planned), properties };
  stack.resources.set(state.logicalId, state);
  work.changes.set(state.logicalId, { kind: 'updated', before });
  tell(engine, stack, state, 'UPDATE_IN_PROGRESS');
  try {
    const result = await attempt(engine, stack, state, 'update', {
      ...told(work, state),
      oldProperties: before.properties,
    });
    if (result.physicalId !== before.physicalId) {
      tell(
        engine,
        stack,
        state,
        'UPDATE_IN_PROGRESS',
        'Requested update required the provider to create a new physical resource',
      );
      supersede(work, before, state);
    }
    Object.assign(state, result);
  } catch (error) {
    if (error instanceof Refusal) work.changes.set(state.logicalId, { kind: 'relabelled', before });
    // [?] a failed update may answer with another physical id: the one that was there before stays
    return fail(work, state, 'update', error, before.physicalId);
  }
  tell(engine, stack, state, 'UPDATE_COMPLETE');
  return true;
}

async function replaceResource(
  work: Work,
  planned: PlannedResource,
  properties: any,
  before: ResourceState,
): Promise<boolean> {
  const { engine, stack } = work;
  const state: ResourceState = { ...before, ...labels(planned), properties };
  const change: Replacement = { kind: 'replaced', before, left: before };
  stack.resources.set(state.logicalId, state);
  work.changes.set(state.logicalId, change);
  tell(
    engine,
    stack,
    state,
    'UPDATE_IN_PROGRESS',
    'Requested update requires the creation of a new physical resource; hence creating one.',
  );
  try {
    const initiated = (physicalId: string) => {
      state.physicalId = change.replacement = physicalId;
      tell(engine, stack, state, 'UPDATE_IN_PROGRESS', 'Resource creation Initiated');
    };
    Object.assign(state, await attempt(engine, stack, state, 'create', { ...told(work, state), initiated }));
  } catch (error) {
    return fail(work, state, 'update', error, state.physicalId);
  }
  supersede(work, before, state);
  tell(engine, stack, state, 'UPDATE_COMPLETE');
  return true;
}

function relabel(work: Work, planned: PlannedResource, before: ResourceState): boolean {
  work.stack.resources.set(before.logicalId, { ...before, ...labels(planned) });
  work.changes.set(before.logicalId, { kind: 'relabelled', before });
  return true;
}

/** [?] Whose UpdateReplacePolicy decides about the old physical resource: the new template's, or its own. */
function supersede({ engine, stack }: Work, before: ResourceState, after: ResourceState): void {
  const { updateReplacePolicyOf } = engine.world.options;
  const { updateReplacePolicy } = updateReplacePolicyOf === 'old template' ? before : after;
  stack.superseded.push({ state: { ...before, updateReplacePolicy }, because: 'replaced' });
}

function fail(
  { engine, stack, abort, failed }: Work,
  state: ResourceState,
  operation: 'create' | 'update',
  error: unknown,
  physicalId?: string,
): boolean {
  if (!(error instanceof ResourceFailure)) throw error;
  state.physicalId = physicalId ?? error.physicalId ?? state.physicalId;
  const cancelled = `Resource ${operation === 'create' ? 'creation' : 'update'} cancelled`;
  tell(
    engine,
    stack,
    state,
    operation === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED',
    abort.signal.aborted ? cancelled : error.message,
  );
  failed.set(state.logicalId, operation);
  // with rollback disabled, a failure in one path leaves the others alone
  if (!stack.disableRollback) abort.abort();
  return false;
}

/** How the provider can stop, and what it tells on its way. */
function told(work: Work, state: ResourceState): Attempt {
  return {
    signal: work.abort.signal,
    sent: () => work.sent(),
    configured: () => tellConfigured(work, state),
  };
}

/** The resource is configured, and CloudFormation waits for it to become stable. */
export function tellConfigured({ engine, stack }: Work, state: ResourceState): void {
  if (!engine.world.options.configurationComplete) return;
  tell(engine, stack, state, state.status, 'Eventual consistency check initiated', 'CONFIGURATION_COMPLETE');
}

function stateOf({ engine }: Work, planned: PlannedResource, properties: any): ResourceState {
  const { logicalId, type } = planned;
  return {
    logicalId,
    type,
    properties,
    attributes: {},
    status: '',
    at: engine.world.clock.now(),
    ...labels(planned),
  };
}

function labels({ deletionPolicy, updateReplacePolicy, dependsOn }: PlannedResource) {
  return { deletionPolicy, updateReplacePolicy, dependsOn };
}
