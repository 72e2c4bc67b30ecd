import { together, type Changes } from './changes';
import { deleteResources, failedToDelete } from './deletions';
import { step, type Work } from './forward';
import { inOrder } from './graph';
import { assertExports, lookup, outputsOf } from './outputs';
import { ResourceFailure } from './resources/provider';
import { tellStack, type Deletion, type Engine, type Stack } from './stack';
import type { Plan, PlannedResource } from './template';
import { isReversed, returnFailed, revert, skip } from './undo';

/** One creation or update of a stack: forward, then cleanup or back. */
export class StackOperation implements Work {
  readonly changes: Changes = new Map();
  readonly failed = new Map<string, 'create' | 'update'>();
  readonly abort = new AbortController();
  /** what attempts that have failed before have changed, since the stack was stable */
  private earlier: Changes;
  /** the stack as it was in its last stable state */
  private readonly before: Pick<Stack, 'plan' | 'outputs' | 'tags'>;
  private readonly hasBeenStable: boolean;
  private readonly returned = new Set<string>();
  private hasSent = false;
  private outputFailure?: string;
  private cancelled?: 'by the user' | 'for deletion';

  constructor(
    readonly engine: Engine,
    readonly stack: Stack,
    readonly plan: Plan,
  ) {
    const previous = stack.operation; // it could still be rolled back, and so can this one
    const { outputs, tags } = stack;
    this.before = previous?.before ?? { plan: stack.plan, outputs, tags };
    this.earlier = previous ? together(previous.earlier, previous.changes) : new Map();
    this.hasBeenStable = previous?.hasBeenStable ?? stack.status.endsWith('_COMPLETE');
  }

  async create(): Promise<void> {
    this.tellStack('CREATE_IN_PROGRESS', 'User Initiated');
    if (await this.forward()) return this.finish('CREATE_COMPLETE');
    if (this.cancelled === 'for deletion') return;
    if (this.stack.disableRollback) return this.tellStack('CREATE_FAILED', this.failureReason());
    await this.goBack(`${this.failureReason()}Rollback requested by user.`);
  }

  async update(): Promise<void> {
    this.tellStack('UPDATE_IN_PROGRESS', 'User Initiated');
    if (await this.forward()) {
      this.tellStack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await this.cleanup();
      return this.finish('UPDATE_COMPLETE');
    }
    if (this.stack.disableRollback && !this.cancelled) return this.pauseUpdate();
    await this.goBack(this.failureReason());
  }

  /** Back to the last stable state, over all attempts since. A stack that never had one loses what it has. */
  async goBack(reason: string): Promise<void> {
    if (this.hasBeenStable) {
      this.tellStack('UPDATE_ROLLBACK_IN_PROGRESS', reason);
      return this.rollback();
    }
    this.tellStack('ROLLBACK_IN_PROGRESS', reason);
    return this.rollbackCreation();
  }

  /** Undo an update. What cannot be undone stops it, and it may be continued without that. */
  async rollback(resourcesToSkip: readonly string[] = []): Promise<void> {
    const { stack } = this;
    this.takeOverEarlierChanges();
    for (const name of resourcesToSkip) skip(this, name);
    const unable = await revert(this, ...this.whatGoesBack());
    if (unable.length > 0) {
      return this.tellStack(
        'UPDATE_ROLLBACK_FAILED',
        `The following resource(s) failed to update: [${unable.join(', ')}]. `,
      );
    }
    Object.assign(stack, this.before);
    // what failed in an earlier attempt had gone back then
    for (const state of stack.resources.values()) {
      if (state.status === 'UPDATE_FAILED') {
        Object.assign(state, { status: 'UPDATE_COMPLETE', reason: undefined });
      }
    }
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
    await inOrder(dependencies, async (name) => this.stepOrReturn(plan.resources.get(name)!));
    if (this.failed.size > 0 || this.cancelled) return false;
    this.tellConfigured();
    try {
      const outputs = outputsOf(plan, lookup(stack));
      assertExports(this.engine, this.before.outputs, outputs);
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

  /** AWS has been seen to tell that the stack is configured while it waits for a custom resource. */
  sent(): void {
    if (!this.hasSent) this.tellConfigured();
    this.hasSent = true;
  }

  private tellConfigured(): void {
    if (!this.engine.world.options.configurationComplete) return;
    tellStack(this.engine, this.stack, this.stack.status, undefined, 'CONFIGURATION_COMPLETE');
  }

  /** With rollback disabled, what failed goes back alone: at once or, in `pauseUpdate`, in the end. */
  private async stepOrReturn(planned: PlannedResource): Promise<boolean> {
    const name = planned.logicalId;
    const done = await step(this, planned);
    const isAtOnce = this.engine.world.options.returnsFailed === 'at once';
    if (isAtOnce && this.stack.disableRollback && !this.cancelled && this.failed.get(name) === 'update') {
      this.returned.add(name);
      await returnFailed(this, [name]);
    }
    return done;
  }

  private async pauseUpdate(): Promise<void> {
    const updates = [...this.failed].filter(([name, kind]) => kind === 'update' && !this.returned.has(name));
    await returnFailed(
      this,
      updates.map(([name]) => name),
    );
    this.tellStack('UPDATE_FAILED', this.failureReason());
  }

  private takeOverEarlierChanges(): void {
    const { changes, earlier, stack } = this;
    for (const [name, change] of changes) {
      // this attempt asked nobody about the resource: it is as the earlier one has left it
      if (change.kind === 'relabelled' && earlier.has(name)) stack.resources.set(name, change.before);
    }
    for (const [name, change] of together(earlier, changes)) changes.set(name, change);
    this.earlier = new Map();
  }

  /** [?] With properties resolved again, a resource may have to go back that this update left alone. */
  private whatGoesBack(): [names: string[], again?: Plan] {
    const { changes, stack, before } = this;
    // where dependents go first, the values of what they refer to are not back yet
    if (!this.engine.world.options.rollbackResolvesAgain || isReversed(this)) return [[...changes.keys()]];
    for (const name of before.plan.resources.keys()) {
      const state = stack.resources.get(name);
      if (state && !changes.has(name)) changes.set(name, { kind: 'relabelled', before: state });
    }
    return [[...changes.keys()], before.plan];
  }

  private async rollbackCreation(): Promise<void> {
    const { engine, stack } = this;
    const deletions = [...stack.resources.values()].map((state): Deletion => ({
      state,
      because: 'creation rolled back',
    }));
    const failed = await deleteResources(engine, stack, [...stack.superseded, ...deletions], {
      attempts: 1,
      abandon: false,
    });
    if (failed.length > 0) return this.tellStack('ROLLBACK_FAILED', failedToDelete(failed));
    this.finish('ROLLBACK_COMPLETE');
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

  private finish(status: string): void {
    this.tellStack(status);
    this.stack.operation = undefined;
  }

  private tellStack(status: string, reason?: string): void {
    tellStack(this.engine, this.stack, status, reason);
  }
}
