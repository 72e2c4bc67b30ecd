import { attempt } from './attempt';
import { deleteResources } from './deletions';
import { inOrder } from './graph';
import { Refusal, ResourceFailure, same } from './resources/provider';
import {
  tell,
  tellStack,
  type Deletion,
  type Engine,
  type Output,
  type ResourceState,
  type Stack,
} from './stack';
import { isCustom, type Plan, type PlannedResource, type ResourceLookup } from './template';

/** What was done to one resource, so that it can be undone. */
type Change =
  | { kind: 'created' }
  | { kind: 'updated'; before: ResourceState }
  | { kind: 'replaced'; before: ResourceState; replacement?: string }
  /** attributes that are none of the provider's business */
  | { kind: 'relabelled'; before: ResourceState };

/** One creation or update of a stack: forward, then cleanup or back. */
export class StackOperation {
  private readonly changes = new Map<string, Change>();
  private readonly failed = new Map<string, 'create' | 'update'>();
  private readonly abort = new AbortController();
  private readonly before: Pick<Stack, 'plan' | 'outputs' | 'tags'>;
  private outputFailure?: string;
  private cancelled?: 'by the user' | 'for deletion';

  constructor(
    private readonly engine: Engine,
    private readonly stack: Stack,
    private readonly plan: Plan,
  ) {
    this.before = { plan: stack.plan, outputs: stack.outputs, tags: stack.tags };
  }

  async create(): Promise<void> {
    this.tellStack('CREATE_IN_PROGRESS', 'User Initiated');
    if (await this.forward()) return this.finish('CREATE_COMPLETE');
    if (this.cancelled === 'for deletion') return;
    if (this.stack.disableRollback) return this.tellStack('CREATE_FAILED', this.failureReason());
    this.tellStack('ROLLBACK_IN_PROGRESS', `${this.failureReason()}Rollback requested by user.`);
    await this.rollbackCreation();
  }

  async rollbackCreation(): Promise<void> {
    const deletions = [...this.stack.resources.values()].map((state): Deletion => ({
      state,
      because: 'creation rolled back',
    }));
    const failed = await deleteResources(this.engine, this.stack, deletions, { attempts: 1, abandon: false });
    if (failed.length > 0) return this.tellStack('ROLLBACK_FAILED', failedToDelete(failed));
    this.finish('ROLLBACK_COMPLETE');
  }

  async update(): Promise<void> {
    this.tellStack('UPDATE_IN_PROGRESS', 'User Initiated');
    if (await this.forward()) {
      this.tellStack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await this.cleanup();
      return this.finish('UPDATE_COMPLETE');
    }
    if (this.stack.disableRollback && !this.cancelled) return this.pauseUpdate();
    this.tellStack('UPDATE_ROLLBACK_IN_PROGRESS', this.failureReason());
    await this.rollback();
  }

  /** Undo an update. What cannot be undone stops it, and it may be continued without that. */
  async rollback(resourcesToSkip: readonly string[] = []): Promise<void> {
    for (const name of resourcesToSkip) this.skip(name);
    const unable = await this.revert([...this.changes.keys()]);
    if (unable.length > 0) {
      return this.tellStack(
        'UPDATE_ROLLBACK_FAILED',
        `The following resource(s) failed to update: [${unable.join(', ')}]. `,
      );
    }
    Object.assign(this.stack, this.before);
    this.tellStack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await this.deleteSuperseded();
    this.finish('UPDATE_ROLLBACK_COMPLETE');
  }

  cancel(why: 'by the user' | 'for deletion'): void {
    this.cancelled = why;
    this.abort.abort();
  }

  /**
   * Create and update everything that the plan asks for; false when something failed or the user cancelled.
   */
  async forward(): Promise<boolean> {
    const { stack, plan } = this;
    stack.plan = plan;
    const dependencies = new Map([...plan.resources].map(([name, { dependsOn }]) => [name, dependsOn]));
    await inOrder(dependencies, async (name) => this.step(plan.resources.get(name)!));
    if (this.failed.size > 0 || this.cancelled) return false;
    try {
      const outputs = outputsOf(plan, lookup(stack));
      this.assertExports(outputs);
      stack.outputs = outputs;
    } catch (error) {
      if (!(error instanceof ResourceFailure)) throw error;
      this.outputFailure = error.message;
      return false;
    }
    return true;
  }

  /** After everything succeeded: delete what was replaced and what the template has no more. */
  async cleanup(): Promise<void> {
    const { resources } = this.stack;
    await Promise.all(
      [...resources.values()].map(({ type, physicalId }) =>
        this.engine.providerOf(type).settle?.(physicalId!),
      ),
    );
    for (const state of resources.values()) {
      if (!this.plan.resources.has(state.logicalId)) {
        this.stack.superseded.push({ state, because: 'removed' });
      }
    }
    await this.deleteSuperseded();
  }

  failureReason(): string {
    if (this.cancelled) return 'User Initiated';
    if (this.outputFailure !== undefined) return `${this.outputFailure}. `;
    const names = (operation: string) =>
      [...this.failed].filter(([, kind]) => kind === operation).map(([name]) => name);
    const sentence = (operation: 'create' | 'update') => {
      return names(operation).length > 0
        ? `The following resource(s) failed to ${operation}: [${names(operation).join(', ')}]. `
        : '';
    };
    return sentence('create') + sentence('update');
  }

  private async step(planned: PlannedResource): Promise<boolean> {
    if (this.abort.signal.aborted) return false;
    const { stack } = this;
    const before = stack.resources.get(planned.logicalId);
    const anew = before === undefined || before.status === 'CREATE_FAILED';
    let properties: any;
    try {
      properties = this.plan.resolve(planned.properties, lookup(stack));
    } catch (error) {
      const state = anew ? this.stateOf(planned, {}) : { ...before, ...this.labels(planned) };
      if (!anew) this.changes.set(planned.logicalId, { kind: 'relabelled', before });
      else this.changes.set(planned.logicalId, { kind: 'created' });
      stack.resources.set(planned.logicalId, state);
      return this.fail(state, anew ? 'create' : 'update', error);
    }
    if (anew) return this.createResource(planned, properties, before);
    if (before.status !== 'UPDATE_FAILED' && same(before.properties, properties)) {
      return this.relabel(planned, before);
    }
    const { replaces } = this.engine.providerOf(planned.type);
    if (replaces?.(before.properties, properties)) return this.replaceResource(planned, properties, before);
    return this.updateResource(planned, properties, before);
  }

  private async createResource(
    planned: PlannedResource,
    properties: any,
    failedBefore?: ResourceState,
  ): Promise<boolean> {
    const state = this.stateOf(planned, properties);
    this.stack.resources.set(state.logicalId, state);
    this.changes.set(state.logicalId, { kind: 'created' });
    if (failedBefore?.physicalId !== undefined) {
      this.stack.superseded.push({ state: failedBefore, because: 'creation rolled back' });
    }
    this.tell(state, 'CREATE_IN_PROGRESS');
    try {
      const initiated = (physicalId: string) => {
        state.physicalId = physicalId;
        this.tell(state, 'CREATE_IN_PROGRESS', 'Resource creation Initiated');
      };
      Object.assign(
        state,
        await attempt(this.engine, this.stack, state, 'create', { signal: this.abort.signal, initiated }),
      );
    } catch (error) {
      return this.fail(state, 'create', error);
    }
    this.tell(state, 'CREATE_COMPLETE');
    return true;
  }

  private async updateResource(
    planned: PlannedResource,
    properties: any,
    before: ResourceState,
  ): Promise<boolean> {
    const state: ResourceState = { ...before, ...this.labels(planned), properties };
    this.stack.resources.set(state.logicalId, state);
    this.changes.set(state.logicalId, { kind: 'updated', before });
    this.tell(state, 'UPDATE_IN_PROGRESS');
    try {
      const result = await attempt(this.engine, this.stack, state, 'update', {
        signal: this.abort.signal,
        oldProperties: before.properties,
      });
      if (result.physicalId !== before.physicalId) {
        this.tell(
          state,
          'UPDATE_IN_PROGRESS',
          'Requested update required the provider to create a new physical resource',
        );
        this.supersede(before, state);
      }
      Object.assign(state, result);
    } catch (error) {
      if (error instanceof Refusal) this.changes.set(state.logicalId, { kind: 'relabelled', before });
      // [?] a failed update may answer with another physical id: the one that was there before stays
      return this.fail(state, 'update', error, before.physicalId);
    }
    this.tell(state, 'UPDATE_COMPLETE');
    return true;
  }

  private async replaceResource(
    planned: PlannedResource,
    properties: any,
    before: ResourceState,
  ): Promise<boolean> {
    const state: ResourceState = { ...before, ...this.labels(planned), properties };
    const change: Change = { kind: 'replaced', before };
    this.stack.resources.set(state.logicalId, state);
    this.changes.set(state.logicalId, change);
    this.tell(
      state,
      'UPDATE_IN_PROGRESS',
      'Requested update requires the creation of a new physical resource; hence creating one.',
    );
    try {
      const initiated = (physicalId: string) => {
        state.physicalId = change.replacement = physicalId;
        this.tell(state, 'UPDATE_IN_PROGRESS', 'Resource creation Initiated');
      };
      Object.assign(
        state,
        await attempt(this.engine, this.stack, state, 'create', { signal: this.abort.signal, initiated }),
      );
    } catch (error) {
      return this.fail(state, 'update', error, state.physicalId);
    }
    this.supersede(before, state);
    this.tell(state, 'UPDATE_COMPLETE');
    return true;
  }

  private relabel(planned: PlannedResource, before: ResourceState): boolean {
    this.stack.resources.set(before.logicalId, { ...before, ...this.labels(planned) });
    this.changes.set(before.logicalId, { kind: 'relabelled', before });
    return true;
  }

  /** [?] The old physical resource is cleaned up under the policy that the new template gives it. */
  private supersede(before: ResourceState, after: ResourceState): void {
    this.stack.superseded.push({
      state: { ...before, updateReplacePolicy: after.updateReplacePolicy },
      because: 'replaced',
    });
  }

  private fail(
    state: ResourceState,
    operation: 'create' | 'update',
    error: unknown,
    physicalId?: string,
  ): boolean {
    if (!(error instanceof ResourceFailure)) throw error;
    state.physicalId = physicalId ?? error.physicalId ?? state.physicalId;
    const cancelled = `Resource ${operation === 'create' ? 'creation' : 'update'} cancelled`;
    this.tell(
      state,
      operation === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED',
      this.abort.signal.aborted ? cancelled : error.message,
    );
    this.failed.set(state.logicalId, operation);
    // with rollback disabled, a failure in one path leaves the others alone
    if (!this.stack.disableRollback) this.abort.abort();
    return false;
  }

  /**
   * Rollback is disabled: what failed goes back to its last stable state, and the rest stays as it has
   * become.
   */
  private async pauseUpdate(): Promise<void> {
    const reason = this.failureReason();
    const failedUpdates = [...this.failed]
      .filter(([, operation]) => operation === 'update')
      .map(([name]) => name);
    const reasons = new Map(failedUpdates.map((name) => [name, this.stack.resources.get(name)!.reason]));
    await this.revert(failedUpdates);
    for (const [name, why] of reasons) {
      Object.assign(this.stack.resources.get(name)!, { status: 'UPDATE_FAILED', reason: why });
    }
    this.tellStack('UPDATE_FAILED', reason);
  }

  /**
   * Undo changes, in the order of the resources as they were; resolves to the names of those that could not
   * be undone.
   */
  private async revert(names: readonly string[]): Promise<string[]> {
    const unable: string[] = [];
    const dependsOn = (name: string) => {
      const change = this.changes.get(name);
      return change && 'before' in change
        ? change.before.dependsOn
        : this.stack.resources.get(name)!.dependsOn;
    };
    const dependencies = new Map([...this.stack.resources.keys()].map((name) => [name, dependsOn(name)]));
    await inOrder(dependencies, async (name) => {
      const change = this.changes.get(name);
      if (!change || !names.includes(name)) return true;
      const done = await this.undo(name, change);
      if (done) this.changes.delete(name);
      else unable.push(name);
      return done;
    });
    return unable;
  }

  private async undo(name: string, change: Change): Promise<boolean> {
    const { stack } = this;
    const state = stack.resources.get(name)!;
    switch (change.kind) {
      case 'created':
        stack.superseded.push({ state, because: 'creation rolled back' });
        return true;
      case 'relabelled':
        stack.resources.set(name, change.before);
        return true;
      case 'replaced':
        if (change.replacement !== undefined) this.giveUp(state);
        this.keep(change.before);
        stack.resources.set(name, change.before);
        this.tell(change.before, 'UPDATE_COMPLETE');
        return true;
      case 'updated':
        return this.updateBack(state, change.before);
    }
  }

  private async updateBack(state: ResourceState, before: ResourceState): Promise<boolean> {
    const back: ResourceState = { ...before, physicalId: state.physicalId, attributes: state.attributes };
    this.stack.resources.set(back.logicalId, back);
    this.tell(back, 'UPDATE_IN_PROGRESS');
    try {
      const signal = new AbortController().signal;
      const result = await attempt(this.engine, this.stack, back, 'update', {
        signal,
        oldProperties: state.properties,
        rollback: true,
      });
      // [?] an answer with a third id, or with the new one, leaves the old one superseded, and the cleanup
      // deletes it
      if (result.physicalId !== state.physicalId) this.giveUp(state);
      if (result.physicalId === before.physicalId) this.keep(before);
      Object.assign(back, result);
    } catch (error) {
      if (!(error instanceof ResourceFailure)) throw error;
      this.stack.resources.set(back.logicalId, state);
      this.tell(state, 'UPDATE_FAILED', error.message);
      return false;
    }
    this.tell(back, 'UPDATE_COMPLETE');
    return true;
  }

  private giveUp(state: ResourceState): void {
    this.stack.superseded.push({ state, because: 'replacement rolled back' });
  }

  /** The old physical resource is the current one again. */
  private keep({ logicalId, physicalId }: ResourceState): void {
    this.stack.superseded = this.stack.superseded.filter(
      ({ state }) => state.logicalId !== logicalId || state.physicalId !== physicalId,
    );
  }

  private skip(name: string): void {
    const change = this.changes.get(name);
    if (!change || !('before' in change)) return;
    this.changes.delete(name);
    this.stack.resources.set(name, { ...change.before, status: 'UPDATE_COMPLETE' });
    this.keep(change.before);
  }

  private async deleteSuperseded(): Promise<void> {
    const { stack, engine } = this;
    const deletions = stack.superseded;
    stack.superseded = [];
    await deleteResources(engine, stack, deletions, {
      attempts: engine.world.options.cleanupAttempts,
      abandon: true,
    });
    for (const { state } of deletions) {
      if (stack.resources.get(state.logicalId) === state) stack.resources.delete(state.logicalId);
    }
  }

  private assertExports(outputs: Record<string, Output>): void {
    const values = new Map(Object.values(outputs).map(({ exportName, value }) => [exportName, value]));
    for (const { exportName, value } of Object.values(this.before.outputs)) {
      if (exportName === undefined || values.get(exportName) === value) continue;
      const importers = this.engine.importersOf(exportName);
      const verb = values.has(exportName) ? 'updated' : 'deleted';
      if (importers.length > 0) {
        throw new ResourceFailure(
          `Export ${exportName} cannot be ${verb} as it is in use by ${importers.join(', ')}`,
        );
      }
    }
  }

  private finish(status: string): void {
    this.tellStack(status);
    this.stack.operation = undefined;
  }

  private stateOf(planned: PlannedResource, properties: any): ResourceState {
    const { logicalId, type } = planned;
    return {
      logicalId,
      type,
      properties,
      attributes: {},
      status: '',
      at: this.engine.world.clock.now(),
      ...this.labels(planned),
    };
  }

  private labels({ deletionPolicy, updateReplacePolicy, dependsOn }: PlannedResource) {
    return { deletionPolicy, updateReplacePolicy, dependsOn };
  }

  private tell(state: ResourceState, status: string, reason?: string): void {
    tell(this.engine, this.stack, state, status, reason);
  }

  private tellStack(status: string, reason?: string): void {
    tellStack(this.engine, this.stack, status, reason);
  }
}

export function failedToDelete(names: readonly string[]): string {
  return `The following resource(s) failed to delete: [${names.join(', ')}]. `;
}

/** What `Ref` and `Fn::GetAtt` find in a stack. */
export function lookup(stack: Stack): ResourceLookup {
  return {
    ref: (logicalId) => stack.resources.get(logicalId)!.physicalId,
    getAtt: (logicalId, attribute) => {
      const { type, attributes } = stack.resources.get(logicalId)!;
      const value = attributes[attribute];
      if (value === undefined && isCustom(type)) {
        throw new ResourceFailure(
          `CustomResource attribute error: Vendor response doesn't contain ${attribute} key in object ` +
            `${stack.id}|${logicalId}`,
        );
      }
      if (value === undefined) {
        throw new ResourceFailure(`Attribute ${attribute} of ${logicalId} (${type}) does not exist`);
      }
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    },
  };
}

function outputsOf(plan: Plan, resources: ResourceLookup): Record<string, Output> {
  return Object.fromEntries(
    Object.entries(plan.outputs).map(([name, { value, exportName, description }]) => [
      name,
      {
        value: String(plan.resolve(value, resources)),
        ...(exportName !== undefined && { exportName: String(plan.resolve(exportName, resources)) }),
        ...(description !== undefined && { description }),
      },
    ]),
  );
}
