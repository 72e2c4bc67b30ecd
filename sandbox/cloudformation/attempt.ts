import { ResourceFailure, pause, type ResourceRequest, type ResourceResult } from './resources/provider';
import type { Engine, ResourceState, Stack } from './stack';

type Operation = 'create' | 'update' | 'delete';

/** What is special about this operation on the resource. */
export interface Attempt {
  signal: AbortSignal;
  oldProperties?: any;
  rollback?: boolean;
  initiated?(physicalId: string): void;
  configured?(): void;
  sent?(): void;
}

const DEFECTS = [TypeError, ReferenceError, RangeError, SyntaxError];

/** Ask a resource's provider for one operation; whatever it says when it fails becomes a ResourceFailure. */
export async function attempt(
  engine: Engine,
  stack: Stack,
  state: ResourceState,
  operation: Operation,
  how: Attempt,
): Promise<ResourceResult> {
  const planned = engine.world.failures.take(state.logicalId, state.type, operation);
  const request = (signal: AbortSignal): ResourceRequest => ({
    stack,
    logicalId: state.logicalId,
    type: state.type,
    properties: state.properties,
    physicalId: state.physicalId,
    oldProperties: how.oldProperties,
    attributes: state.attributes,
    rollback: how.rollback ?? false,
    signal,
    express: stack.express,
    initiated: how.initiated ?? (() => {}),
    configured: how.configured ?? (() => {}),
    sent: how.sent ?? (() => {}),
    asset: stack.assets,
  });
  const carryOut = async (signal: AbortSignal): Promise<ResourceResult> => {
    const provider = engine.providerOf(state.type);
    if (operation !== 'delete') return provider[operation](request(signal));
    await provider.delete(request(signal));
    return { physicalId: state.physicalId!, attributes: state.attributes };
  };
  try {
    if (!planned) return await carryOut(how.signal);
    const left = await failInTheMiddle(
      engine,
      operation === 'delete' ? undefined : carryOut,
      planned.after ?? 0,
      how.signal,
    );
    throw new ResourceFailure(planned.reason ?? handlerMessage(engine, 'planned failure'), left);
  } catch (error) {
    throw asFailure(engine, error);
  }
}

/** Let an operation run for a while and give it up; resolves to the physical id that it leaves behind. */
async function failInTheMiddle(
  engine: Engine,
  carryOut: ((signal: AbortSignal) => Promise<ResourceResult>) | undefined,
  ms: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const inner = new AbortController();
  const left = carryOut?.(inner.signal).then(
    (result) => result.physicalId,
    (error) => error.physicalId as string | undefined,
  );
  await pause(engine.world, ms, signal).catch(() => {});
  inner.abort();
  return left;
}

function asFailure(engine: Engine, error: unknown): Error {
  if (error instanceof ResourceFailure) return error;
  // a defect of the sandbox must not pass for a resource that failed
  if (!(error instanceof Error) || DEFECTS.some((defect) => error instanceof defect)) throw error;
  return new ResourceFailure(handlerMessage(engine, error.message));
}

function handlerMessage(engine: Engine, message: string): string {
  return (
    `Resource handler returned message: "${message}" (RequestToken: ${engine.world.identities.uuid()}, ` +
    'HandlerErrorCode: GeneralServiceException)'
  );
}
