import type { Verdict } from '../answers';
import type { World } from '../world';
import {
  Refusal,
  ResourceFailure,
  type ResourceProvider,
  type ResourceRequest,
  type ResourceResult,
} from './provider';

interface Signal {
  Status: 'SUCCESS' | 'FAILURE';
  UniqueId: string;
  Data: string;
  Reason: string;
}

/** A handle keeps its signals for ever: a condition that is given an old one sees the old ones. */
interface Handle {
  signals: Map<string, Signal>;
  /** conditions that wait */
  listeners: Set<() => void>;
}

interface Handles {
  byUrl: Map<string, Handle>;
  /** the newest, by its key in S3 */
  byKey: Map<string, Handle>;
}

const LONGEST_TIMEOUT = 43_200;
const URL_EXPIRES_AFTER = 86_399;

/** Wait conditions and the presigned URLs that signal them. */
export function waitConditionProviders(world: World): Record<string, ResourceProvider> {
  const handles: Handles = { byUrl: new Map(), byKey: new Map() };
  const unsupported = async ({ type }: ResourceRequest): Promise<ResourceResult> => {
    throw new Refusal(`Update to resource type ${type} is not supported.`);
  };
  return {
    'AWS::CloudFormation::WaitConditionHandle': {
      attributes: ['Id'],
      create: async (request) => {
        const url = openHandle(world, handles, request);
        request.initiated(url);
        return { physicalId: url, attributes: { Id: url } };
      },
      update: unsupported,
      delete: async () => {},
    },
    'AWS::CloudFormation::WaitCondition': {
      attributes: ['Data'],
      create: (request) => wait(world, handles, request),
      update: unsupported,
      delete: async () => {},
    },
  };
}

function openHandle(world: World, handles: Handles, { stack, logicalId }: ResourceRequest): string {
  const remembers = world.options.waitHandlesRemember;
  const key = `${stack.id}/${logicalId}`;
  const earlier = remembers ? handles.byKey.get(key) : undefined;
  const handle: Handle = earlier ?? { signals: new Map(), listeners: new Set() };
  const receive = (body: string): Verdict => {
    const signal = signalIn(body);
    if (typeof signal === 'string') return { effect: 'refused', why: signal };
    if (handle.signals.has(signal.UniqueId)) {
      return { effect: 'ignored', why: `there is a signal with UniqueId ${signal.UniqueId} already` };
    }
    handle.signals.set(signal.UniqueId, signal);
    for (const listener of handle.listeners) listener();
    return { effect: 'accepted' };
  };
  const bucket = `cloudformation-waitcondition-${world.region.replace(/-/g, '')}`;
  const requestId = world.identities.uuid();
  const object = remembers ? key : `${stack.id}|${logicalId}|${requestId}`;
  const url = world.answers.open(bucket, object, URL_EXPIRES_AFTER, {
    stack: stack.name,
    logicalId,
    requestId,
    receive,
  });
  handles.byUrl.set(url, handle);
  handles.byKey.set(key, handle);
  return url;
}

async function wait(world: World, handles: Handles, request: ResourceRequest): Promise<ResourceResult> {
  const { properties, logicalId, stack, signal: cancellation } = request;
  const { seconds, count } = limitsOf(request);
  const handle = handles.byUrl.get(properties.Handle);
  if (!handle) {
    throw new ResourceFailure(
      `Handle of ${logicalId} is not a wait condition handle of this sandbox: ${properties.Handle}`,
    );
  }
  const physicalId = `${stack.id}/${logicalId}/${world.identities.uuid()}`;
  request.initiated(physicalId);

  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      handle.listeners.delete(look);
      world.clock.clearTimeout(timer);
      cancellation.removeEventListener('abort', cancelled);
      settle();
    };
    const fail = (reason: string) => end(() => reject(new ResourceFailure(reason, physicalId)));
    const cancelled = () => fail('cancelled');
    const succeeded = () => [...handle.signals.values()].filter(({ Status }) => Status === 'SUCCESS');
    const timer = world.clock.setTimeout(
      () =>
        fail(`WaitCondition timed out. Received ${succeeded().length} conditions when expecting ${count}`),
      seconds * 1_000,
    );
    cancellation.addEventListener('abort', cancelled, { once: true });
    const look = () => {
      const failure = [...handle.signals.values()].find(({ Status }) => Status === 'FAILURE');
      if (failure) {
        return fail(
          `WaitCondition received failed message: '${failure.Reason}' for uniqueId: ${failure.UniqueId}`,
        );
      }
      if (succeeded().length < count) return;
      const Data = JSON.stringify(
        Object.fromEntries(succeeded().map((signal) => [signal.UniqueId, signal.Data])),
      );
      end(() => resolve({ physicalId, attributes: { Data } }));
    };
    handle.listeners.add(look);
    look();
  });
}

function limitsOf({ properties, logicalId }: ResourceRequest): { seconds: number; count: number } {
  const seconds = Number(properties.Timeout);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TIMEOUT) {
    throw new ResourceFailure(
      `Timeout ${properties.Timeout} of ${logicalId} must be a number of seconds from 1 to ` +
        `${LONGEST_TIMEOUT}`,
    );
  }
  return { seconds, count: Number(properties.Count ?? 1) };
}

function signalIn(body: string): Signal | string {
  let signal: any;
  try {
    signal = JSON.parse(body);
  } catch {
    return 'the signal is not JSON';
  }
  if (!['SUCCESS', 'FAILURE'].includes(signal?.Status)) return 'Status must be SUCCESS or FAILURE';
  const missing = ['UniqueId', 'Data', 'Reason'].find((name) => typeof signal[name] !== 'string');
  return missing === undefined ? signal : `${missing} must be a string`;
}
