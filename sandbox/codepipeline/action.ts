import { type AwsApi, AwsError } from '../endpoint';
import type { Authorizer } from '../iam';
import type { Journal } from '../journal';

/** An action that failed, in the words of its error details. */
export class ActionFailure extends Error {}

/** An action that runs. */
export interface Running {
  /** the action execution id */
  id: string;
  /** variables resolved */
  configuration: Record<string, string>;
  /** the cloud assembly that stands for every artifact of the pipeline */
  assembly?: string;
  caller: Caller;
}

export interface Result {
  variables?: Record<string, string>;
  output?: string;
}

export type Play = (running: Running) => Promise<Result>;

interface Permission {
  action?: string;
  resource: string;
  context?: Record<string, string>;
}

/**
 * The role that an action is carried out as. Its calls are authorized and recorded like those of a function.
 */
export interface Caller {
  /** a call of an API that authorizes by itself */
  ask(api: AwsApi, operation: string, input: object): Promise<any>;
  /** a call of which the sandbox knows more ways than the API, and the permissions that it needs */
  call<T>(operation: string, input: object, permissions: Permission[], work: () => T): Promise<T>;
}

export function callerAs(
  principal: string,
  { authorizer, journal }: { authorizer: Authorizer; journal: Journal },
): Caller {
  const recorded = async <T>(operation: string, input: object, work: () => Promise<T>): Promise<T> => {
    const record = (outcome: { outcome: 'ok' | 'denied' | 'error'; output?: unknown; error?: string }) => {
      journal.add({ kind: 'call', operation, principal, input, ...outcome });
    };
    try {
      const output = await work();
      record({ outcome: 'ok', output });
      return output;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      record({
        outcome: error.code === 'AccessDeniedException' ? 'denied' : 'error',
        error: `${error.code}: ${error.message}`,
      });
      throw error;
    }
  };
  return {
    ask: (api, operation, input) =>
      recorded(`${api.service}:${operation}`, input, () => api.handle({ operation, input, principal })),
    call: (operation, input, permissions, work) =>
      recorded(operation, input, async () => {
        for (const { action = operation, ...on } of permissions) {
          await authorizer.authorize({ principal, action, ...on });
        }
        return work();
      }),
  };
}

const REFERENCE = /#\{([^{}]*)\}/g;

/** A configuration with the values of its variables, `#{namespace.Name}`. */
export function resolved(
  configuration: Record<string, string>,
  namespaces: ReadonlyMap<string, Record<string, string>>,
): Record<string, string> {
  const valueOf = (reference: string, inner: string) => {
    const dot = inner.indexOf('.');
    const variables = namespaces.get(inner.slice(0, dot)) ?? {};
    const name = inner.slice(dot + 1);
    if (!Object.hasOwn(variables, name)) {
      throw new ActionFailure(`The variable ${reference} could not be resolved: no action has given it`);
    }
    return variables[name];
  };
  return Object.fromEntries(
    Object.entries(configuration).map(([key, value]) => [key, value.replace(REFERENCE, valueOf)]),
  );
}
