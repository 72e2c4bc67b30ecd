import type { World } from '../world';

/** What CloudFormation asks of a resource provider. */
export interface ResourceRequest {
  stack: { name: string; id: string };
  logicalId: string;
  type: string;
  properties: any;
  /** of an update or deletion */
  physicalId?: string;
  /** of an update */
  oldProperties?: any;
  /** as they are, of an update */
  attributes: Record<string, unknown>;
  /** the update takes another one back */
  rollback: boolean;
  /** aborted when CloudFormation does not want the operation any more */
  signal: AbortSignal;
  /** a native resource is complete as soon as its API call has returned */
  express: boolean;
  /** tell that the resource exists from now on, although it is not complete yet */
  initiated(physicalId: string): void;
  /** tell that the API call has returned: from now on the resource only becomes stable */
  configured(): void;
  /** tell that the event of a custom resource is on its way */
  sent(): void;
  /** the directory of an asset, by its key in S3 */
  asset(s3Key: string): string;
}

export interface ResourceResult {
  physicalId: string;
  attributes: Record<string, unknown>;
}

export interface ResourceProvider {
  /** what `Fn::GetAtt` may ask for */
  attributes: readonly string[] | 'any';
  /** does this change need a new physical resource? */
  replaces?(oldProperties: any, properties: any): boolean;
  create(request: ResourceRequest): Promise<ResourceResult>;
  update(request: ResourceRequest): Promise<ResourceResult>;
  delete(request: ResourceRequest): Promise<void>;
  /** the update of the stack has succeeded and cannot be taken back any more */
  settle?(physicalId: string): Promise<void>;
}

/** An operation on a resource that failed; `physicalId` says what it left behind. */
export class ResourceFailure extends Error {
  constructor(
    reason: string,
    readonly physicalId?: string,
  ) {
    super(reason);
  }
}

/**
 * CloudFormation refuses an update by itself: the provider was never asked, and there is nothing to take
 * back.
 */
export class Refusal extends ResourceFailure {}

/** `takes`: the virtual milliseconds until the resource is stable, waited for or not. */
export type NativeRequest = ResourceRequest & { takes: number };
export type ExistingRequest = NativeRequest & { physicalId: string };
type Attributes = Record<string, unknown>;

/** A resource type of AWS: what is done at once, in virtual time that passes afterwards. */
export interface NativeType {
  attributes: readonly string[];
  /** properties whose change replaces the resource; `A.B` is one in another */
  replacedBy?: readonly string[] | 'any';
  create(request: NativeRequest): ResourceResult | Promise<ResourceResult>;
  /** default: nothing happens but that time passes */
  update?(request: ExistingRequest): Attributes | void | Promise<Attributes | void>;
  delete?(request: ExistingRequest): void | Promise<void>;
}

function valueAt(properties: any, path: string): unknown {
  return path.split('.').reduce((value, name) => value?.[name], properties);
}

export function native(world: World, type: NativeType): ResourceProvider {
  const timed = (request: ResourceRequest, operation: 'create' | 'update' | 'delete') => ({
    ...request,
    physicalId: request.physicalId!,
    takes:
      world.options.duration?.(request.type, operation, request.logicalId) ??
      durationOf(request.type, operation),
  });
  /** Until it is stable; nobody waits for that in Express mode, and it goes on by itself. */
  const stable = async ({ express, takes, signal }: NativeRequest) =>
    express ? undefined : pause(world, takes, signal);
  const atOnce = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const release = world.clock.hold();
    try {
      return await work();
    } finally {
      release();
    }
  };
  return {
    attributes: type.attributes,
    replaces: (oldProperties, properties) => {
      const { replacedBy = [] } = type;
      return (
        replacedBy === 'any' ||
        replacedBy.some((path) => !same(valueAt(oldProperties, path), valueAt(properties, path)))
      );
    },
    create: async (request) => {
      const timedRequest = timed(request, 'create');
      const result = await atOnce(() => type.create(timedRequest));
      request.initiated(result.physicalId);
      request.configured();
      await stable(timedRequest);
      return result;
    },
    update: async (request) => {
      const timedRequest = timed(request, 'update');
      const attributes = (await atOnce(() => type.update?.(timedRequest))) ?? request.attributes;
      request.configured();
      await stable(timedRequest);
      return { physicalId: request.physicalId!, attributes };
    },
    delete: async (request) => {
      const timedRequest = timed(request, 'delete');
      await atOnce(() => type.delete?.(timedRequest));
      await stable(timedRequest);
    },
  };
}

/** Virtual time passes, unless the operation is cancelled. */
export function pause(world: Pick<World, 'clock'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = () => {
      world.clock.clearTimeout(timer);
      reject(new ResourceFailure('cancelled'));
    };
    const timer = world.clock.setTimeout(() => {
      signal.removeEventListener('abort', cancelled);
      resolve();
    }, ms);
    if (signal.aborted) return cancelled();
    signal.addEventListener('abort', cancelled, { once: true });
  });
}

/** Are two resolved values the same, whatever the order of their keys? */
export function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Guesses from experience; what matters is that a file system takes long and a role does not. */
function durationOf(type: string, operation: 'create' | 'update' | 'delete'): number {
  if (type === 'AWS::FSx::FileSystem') return operation === 'create' ? 10 * MINUTE : 5 * MINUTE;
  if (type.startsWith('AWS::FSx::')) return 2 * MINUTE;
  if (type === 'AWS::ECS::Service' || type === 'AWS::EC2::NatGateway') return 2 * MINUTE;
  if (type === 'AWS::IAM::Role' && operation === 'create') return 15 * SECOND;
  if (type === 'AWS::Lambda::Function') return 5 * SECOND;
  return 2 * SECOND;
}
