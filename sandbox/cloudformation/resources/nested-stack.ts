import { readFileSync } from 'node:fs';
import { tellStack, type Engine, type Stack } from '../stack';
import type { StackOperation } from '../stack-operation';
import {
  ResourceFailure,
  type ResourceProvider,
  type ResourceRequest,
  type ResourceResult,
} from './provider';

/** What nested stacks need of the engine that serves all stacks. */
export interface Nesting {
  engine(): Engine;
  /** a new stack, not yet begun */
  open(name: string, source: NestedSource, parentId: string): { stack: Stack; operation: StackOperation };
  /** an update of it, not yet begun */
  change(id: string, source: NestedSource): { stack: Stack; operation: StackOperation };
  find(id: string): Stack;
  deleteStack(stack: Stack): Promise<void>;
}

export interface NestedSource {
  template: any;
  parameters: Record<string, string>;
  /** [?] Express mode is that of the stack around it */
  express: boolean;
  assets: (s3Key: string) => string;
}

/** A stack as a resource: it goes forward, back and through its cleanup with the stack around it. */
export function nestedStackProvider(nesting: Nesting): ResourceProvider {
  const tell = (stack: Stack, status: string, reason?: string) =>
    tellStack(nesting.engine(), stack, status, reason);
  return {
    attributes: 'any',
    create: async (request) => {
      const name = nesting.engine().world.identities.physicalId(request.stack.name, request.logicalId, 128);
      const { stack, operation } = nesting.open(name, sourceOf(request), request.stack.id);
      request.initiated(stack.id);
      tell(stack, 'CREATE_IN_PROGRESS', 'User Initiated');
      if (!(await forward(operation, request))) {
        tell(stack, 'CREATE_FAILED', operation.failureReason());
        throw new ResourceFailure(
          `Embedded stack ${stack.id} was not successfully created: ${operation.failureReason()}`,
          stack.id,
        );
      }
      stack.operation = undefined;
      tell(stack, 'CREATE_COMPLETE');
      return resultOf(stack);
    },
    update: async (request) => {
      if (request.rollback) return takeBack(request);
      const { stack, operation } = nesting.change(request.physicalId!, sourceOf(request));
      tell(stack, 'UPDATE_IN_PROGRESS', 'User Initiated');
      if (!(await forward(operation, request))) {
        const reason = operation.failureReason();
        tell(stack, 'UPDATE_ROLLBACK_IN_PROGRESS', reason);
        await operation.rollback();
        throw new ResourceFailure(
          `Embedded stack ${stack.id} was not successfully updated. Currently in ${stack.status} with ` +
            `reason: ${reason}`,
        );
      }
      tell(stack, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      return resultOf(stack);
    },
    delete: async (request) => {
      const stack = nesting.find(request.physicalId!);
      await nesting.deleteStack(stack);
      if (stack.status !== 'DELETE_COMPLETE') {
        throw new ResourceFailure(`Embedded stack ${stack.id} was not successfully deleted: ${stack.reason}`);
      }
    },
    settle: async (id) => {
      const stack = nesting.find(id);
      await stack.operation?.cleanup();
      if (!stack.operation) return;
      stack.operation = undefined;
      tell(stack, 'UPDATE_COMPLETE');
    },
  };

  /** An update that failed has gone back already; one that succeeded waits for its cleanup, or for this. */
  async function takeBack(request: ResourceRequest): Promise<ResourceResult> {
    const stack = nesting.find(request.physicalId!);
    if (stack.operation) {
      tell(stack, 'UPDATE_ROLLBACK_IN_PROGRESS');
      await stack.operation.rollback();
    }
    if (stack.status === 'UPDATE_ROLLBACK_FAILED') {
      throw new ResourceFailure(
        `Embedded stack ${stack.id} was not successfully rolled back: ${stack.reason}`,
      );
    }
    return resultOf(stack);
  }
}

async function forward(operation: StackOperation, { signal }: ResourceRequest): Promise<boolean> {
  const cancel = () => operation.cancel('by the user');
  signal.addEventListener('abort', cancel, { once: true });
  return operation.forward().finally(() => signal.removeEventListener('abort', cancel));
}

function resultOf(stack: Stack): ResourceResult {
  return {
    physicalId: stack.id,
    attributes: Object.fromEntries(
      Object.entries(stack.outputs).map(([name, { value }]) => [`Outputs.${name}`, value]),
    ),
  };
}

/** The template is an asset: `https://s3.<region>.<suffix>/<bucket>/<key>`. */
function sourceOf({ properties, asset, express }: ResourceRequest): NestedSource {
  const key = new URL(properties.TemplateURL).pathname.split('/').slice(2).join('/');
  return {
    template: JSON.parse(readFileSync(asset(key), 'utf8')),
    parameters: Object.fromEntries(
      Object.entries(properties.Parameters ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    express,
    assets: asset,
  };
}
