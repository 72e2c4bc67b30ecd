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
  detailedStatus?: DetailedStatus;
  properties?: any;
}

export type DetailedStatus = 'CONFIGURATION_COMPLETE';

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
  detailedStatus?: DetailedStatus;
  /** what it is, or is being, deployed from */
  plan: Plan;
  tags: Record<string, string>;
  resources: Map<string, ResourceState>;
  outputs: Record<string, Output>;
  /** oldest first */
  events: StackEvent[];
  /** what the next cleanup deletes */
  superseded: Deletion[];
  /** physical resources whose deletion runs */
  deleting: Set<ResourceState>;
  /** the stack as it was at each of its events, oldest first */
  past: Array<{ at: number; stack: Stack }>;
  createdAt: number;
  updatedAt?: number;
  deletedAt?: number;
  disableRollback: boolean;
  /** Express mode: native resources count as complete early */
  express: boolean;
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
  detailedStatus?: DetailedStatus,
): void {
  Object.assign(state, { status, reason, at: engine.world.clock.now() });
  addEvent(engine, stack, { ...state, detailedStatus });
}

/** A status of the stack itself, and the event that tells it. */
export function tellStack(
  engine: Engine,
  stack: Stack,
  status: string,
  reason?: string,
  detailedStatus?: DetailedStatus,
): void {
  const { clock, options } = engine.world;
  // [?] whether a rollback counts as an update of the stack
  if (options.rollbackMovesLastUpdatedTime && /^(UPDATE_)?ROLLBACK_IN_PROGRESS$/.test(status)) {
    stack.updatedAt = clock.now();
  }
  Object.assign(stack, { status, reason, detailedStatus });
  const told = { logicalId: stack.name, type: STACK_TYPE, physicalId: stack.id };
  addEvent(engine, stack, { ...told, status, reason, detailedStatus });
  stack.past.push({ at: clock.now(), stack: { ...stack } });
}

/**
 * The stack as DescribeStacks shows it: as it was so many milliseconds ago, if it was there then, else in its
 * first state.
 */
export function seenLate(stack: Stack, { clock, options }: Engine['world']): Stack {
  if (options.describeStacksLag <= 0) return stack;
  const then = clock.now() - options.describeStacksLag;
  return (stack.past.filter(({ at }) => at <= then).at(-1) ?? stack.past[0])?.stack ?? stack;
}

function addEvent(
  engine: Engine,
  stack: Stack,
  {
    logicalId,
    type,
    physicalId,
    status,
    reason,
    detailedStatus,
    properties,
  }: Omit<StackEvent, 'eventId' | 'at'>,
): void {
  const { clock, journal, identities } = engine.world;
  const told = { logicalId, type, physicalId, status, reason, ...(detailedStatus && { detailedStatus }) };
  stack.events.push({ eventId: identities.uuid(), at: clock.now(), ...told, properties });
  journal.add({ kind: 'event', stack: stack.name, ...told });
}
