import type { ResourceProvider } from './resources/provider';
import type { StackOperation } from './stack-operation';
import type { DeletionPolicy, Plan } from './template';
import type { World } from './world';

/** A resource of a stack, as it is. */
export interface ResourceState {
  logicalId: string;
  type: string;
  physicalId?: string;
  status: string;
  reason?: string;
  /** as last asked for */
  properties: any;
  attributes: Record<string, unknown>;
  deletionPolicy: DeletionPolicy;
  updateReplacePolicy: DeletionPolicy;
  dependsOn: readonly string[];
  at: number;
}

/** A physical resource that has to go, and why: the reason decides which policy may spare it. */
export interface Deletion {
  state: ResourceState;
  because: 'removed' | 'stack deleted' | 'creation rolled back' | 'replaced' | 'replacement rolled back';
}

export interface StackEvent {
  eventId: string;
  at: number;
  logicalId: string;
  type: string;
  physicalId?: string;
  status: string;
  reason?: string;
  properties?: any;
}

export interface Output {
  value: string;
  exportName?: string;
  description?: string;
}

export interface Stack {
  id: string;
  name: string;
  status: string;
  reason?: string;
  /** what it is, or is being, deployed from */
  plan: Plan;
  tags: Record<string, string>;
  resources: Map<string, ResourceState>;
  outputs: Record<string, Output>;
  /** oldest first */
  events: StackEvent[];
  /** what the next cleanup deletes */
  superseded: Deletion[];
  createdAt: number;
  updatedAt?: number;
  deletedAt?: number;
  disableRollback: boolean;
  /** the directory or file of an asset, by its key in S3 */
  assets: (s3Key: string) => string;
  /** of a nested stack */
  parentId?: string;
  /** the operation that is going on, or the last one as long as it can be rolled back */
  operation?: StackOperation;
}

/** What the operations on stacks share. */
export interface Engine {
  world: World;
  providerOf(type: string): ResourceProvider;
  /** names of the stacks that import this export */
  importersOf(exportName: string): string[];
}

const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** A status of a resource, and the event that tells it. */
export function tell(
  engine: Engine,
  stack: Stack,
  state: ResourceState,
  status: string,
  reason?: string,
): void {
  Object.assign(state, { status, reason, at: engine.world.clock.now() });
  addEvent(engine, stack, state);
}

/** A status of the stack itself, and the event that tells it. */
export function tellStack(engine: Engine, stack: Stack, status: string, reason?: string): void {
  Object.assign(stack, { status, reason });
  addEvent(engine, stack, { logicalId: stack.name, type: STACK_TYPE, physicalId: stack.id, status, reason });
}

function addEvent(
  engine: Engine,
  stack: Stack,
  { logicalId, type, physicalId, status, reason, properties }: Omit<StackEvent, 'eventId' | 'at'>,
): void {
  const { clock, journal, identities } = engine.world;
  stack.events.push({
    eventId: identities.uuid(),
    at: clock.now(),
    logicalId,
    type,
    physicalId,
    status,
    reason,
    properties,
  });
  journal.add({ kind: 'event', stack: stack.name, logicalId, type, physicalId, status, reason });
}
