import { AwsError, type AwsApi, type AwsCall } from '../endpoint';
import { invalid } from './intrinsics';
import { seenLate, type ResourceState, type Stack } from './stack';
import { arn, type World } from './world';

/** DescribeStackResources returns no more of a stack, and has no pages; a page of ListStackResources. */
const MAX_RESOURCES = 100;

/** What a call changes. It is answered at once: how the operation ends, the events tell. */
export interface Operations {
  cancelUpdate(stackName: string): void;
  destroy(stackName: string, options: { retainResources: string[] }): Promise<unknown>;
}

type Action = (world: World, stacks: readonly Stack[], input: any, operations: Operations) => unknown;

const ACTIONS: Record<string, Action> = {
  DescribeStacks: (world, stacks, { StackName }) => {
    const seen = stacks.map((stack) => seenLate(stack, world));
    return {
      Stacks: (StackName === undefined ? seen.filter(isLive) : [find(seen, StackName)]).map(described),
    };
  },
  DescribeStackResource: (world, stacks, { StackName, LogicalResourceId }) => {
    if (StackName === undefined || LogicalResourceId === undefined) {
      throw invalid('StackName and LogicalResourceId must be specified');
    }
    const stack = find(stacks, StackName, `Stack '${StackName}' does not exist`);
    const resource = shownResource(stack, LogicalResourceId, world);
    if (!resource) throw invalid(`Resource ${LogicalResourceId} does not exist for stack ${stack.name}`);
    return {
      StackResourceDetail: { StackName: stack.name, StackId: stack.id, ...describedResource(resource) },
    };
  },
  DescribeStackResources: (world, stacks, { StackName, LogicalResourceId, PhysicalResourceId }) => {
    if (StackName === undefined || LogicalResourceId !== undefined || PhysicalResourceId !== undefined) {
      throw new AwsError('InvalidAction', 'the sandbox serves DescribeStackResources by StackName alone');
    }
    const stack = find(stacks, StackName);
    const shown = [...stack.resources.keys()].map((logicalId) => shownResource(stack, logicalId, world)!);
    return {
      StackResources: shown.slice(0, MAX_RESOURCES).map((resource) => {
        const { LastUpdatedTimestamp: Timestamp, ...others } = describedResource(resource);
        return { StackName: stack.name, StackId: stack.id, Timestamp, ...others };
      }),
    };
  },
  ListStackResources: (world, stacks, { StackName, NextToken = '0' }) => {
    const stack = find(stacks, specified(StackName));
    const shown = [...stack.resources.keys()].map((logicalId) => shownResource(stack, logicalId, world)!);
    const to = Number(NextToken) + MAX_RESOURCES;
    return {
      StackResourceSummaries: shown.slice(Number(NextToken), to).map(describedResource),
      NextToken: to < shown.length ? String(to) : undefined,
    };
  },
  CancelUpdateStack: (_world, stacks, { StackName }, operations) => {
    operations.cancelUpdate(find(stacks, specified(StackName)).id);
    return {};
  },
  DeleteStack: async (_world, stacks, { StackName, RetainResources = [] }, operations) => {
    const stack = lookUp(stacks, specified(StackName));
    if (!stack || !isLive(stack)) return {}; // nothing to delete is no error
    const over = operations.destroy(stack.id, { retainResources: RetainResources });
    // what is refused is refused before anything is awaited; all else is an outcome
    await Promise.race([over, Promise.resolve()]);
    return {};
  },
  DescribeStackEvents: (world, stacks, { StackName, NextToken }) => {
    const stack = find(stacks, specified(StackName));
    const newestFirst = [...stack.events].reverse();
    // a token is the event that comes next, so that new events do not shift the pages
    const from = NextToken === undefined ? 0 : newestFirst.findIndex(({ eventId }) => eventId === NextToken);
    if (from < 0) throw invalid(`NextToken ${NextToken} is not one of stack ${stack.name}`);
    const to = from + world.options.eventsPerPage;
    return {
      StackEvents: newestFirst.slice(from, to).map((event) => ({
        StackId: stack.id,
        EventId: event.eventId,
        StackName: stack.name,
        LogicalResourceId: event.logicalId,
        PhysicalResourceId: event.physicalId ?? '',
        ResourceType: event.type,
        Timestamp: new Date(event.at),
        ResourceStatus: event.status,
        ResourceStatusReason: event.reason,
        DetailedStatus: event.detailedStatus,
        ResourceProperties: event.properties && JSON.stringify(event.properties),
      })),
      NextToken: newestFirst[to]?.eventId,
    };
  },
};

/** What a deployed function, or a person, may ask of CloudFormation. */
export function cloudFormationApi(world: World, stacks: readonly Stack[], operations: Operations): AwsApi {
  return {
    service: 'cloudformation',
    protocol: 'query',
    handle: async ({ operation, input, principal }: AwsCall) => {
      const action = ACTIONS[operation];
      if (!action) {
        throw new AwsError(
          'InvalidAction',
          `Could not find operation ${operation}; the sandbox serves ${Object.keys(ACTIONS).join(', ')}`,
        );
      }
      await world.authorizer?.authorize({
        principal,
        action: `cloudformation:${operation}`,
        resource: resourceOf(world, stacks, input.StackName),
      });
      return action(world, stacks, input, operations);
    },
  };
}

/**
 * What permissions on a stack are asked for: its id; of one that does not exist, all ids that it might have.
 */
export function resourceOf(world: World, stacks: readonly Stack[], name: string | undefined): string {
  if (name === undefined) return '*';
  return (
    lookUp(stacks, name)?.id ??
    (name.startsWith('arn:') ? name : arn(world, 'cloudformation', `stack/${name}/*`))
  );
}

function specified(StackName: string | undefined): string {
  if (StackName === undefined) throw invalid('StackName must be specified');
  return StackName;
}

function find(
  stacks: readonly Stack[],
  name: string,
  refusal = `Stack with id ${name} does not exist`,
): Stack {
  const stack = lookUp(stacks, name);
  if (!stack) throw invalid(refusal);
  return stack;
}

/** A deleted stack is known by its id only. */
function lookUp(stacks: readonly Stack[], name: string): Stack | undefined {
  // the newest: seen late, a deleted one may still seem to be there when its successor is, too
  return stacks.filter((stack) => stack.id === name || (isLive(stack) && stack.name === name)).at(-1);
}

function isLive({ status }: Stack): boolean {
  return status !== 'DELETE_COMPLETE';
}

function described(stack: Stack) {
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: stack.plan.template.Description,
    CreationTime: new Date(stack.createdAt),
    LastUpdatedTime: stack.updatedAt === undefined ? undefined : new Date(stack.updatedAt),
    DeletionTime: stack.deletedAt === undefined ? undefined : new Date(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DetailedStatus: stack.detailedStatus,
    DisableRollback: stack.disableRollback,
    DeploymentConfig: { Mode: stack.express ? 'EXPRESS' : 'STANDARD' },
    ParentId: stack.parentId,
    Parameters: Object.entries(stack.plan.parameters).map(([ParameterKey, value]) => ({
      ParameterKey,
      ParameterValue: String(value),
    })),
    Outputs: Object.entries(stack.outputs).map(([OutputKey, { value, exportName, description }]) => ({
      OutputKey,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

/** [?] What is shown of a resource while the physical resource that it had before is being deleted. */
function shownResource(stack: Stack, logicalId: string, { options }: World): ResourceState | undefined {
  const current = stack.resources.get(logicalId);
  if (options.cleanupShows === 'new id') return current;
  return [...stack.deleting].filter((state) => state.logicalId === logicalId).at(-1) ?? current;
}

function describedResource(resource: ResourceState) {
  return {
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    LastUpdatedTimestamp: new Date(resource.at),
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}
