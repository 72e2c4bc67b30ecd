import {
  type CloudFormationClient,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { given, unless } from './errors';

export interface StackState {
  readonly status: string;
  /** In ISO 8601; absent before the first update. */
  readonly lastUpdated?: string;
}

export interface ResourceState {
  readonly status: string;
  readonly physicalId?: string;
}

/** The calls of CloudFormation. */
export class Stacks {
  constructor(
    private readonly client: CloudFormationClient,
    private readonly options: { readonly abortSignal?: AbortSignal } = {},
  ) {}

  /** Undefined if there is no such stack. */
  async state(stack: string): Promise<StackState | undefined> {
    return unless(MISSING, async () => {
      const found = await this.client.send(new DescribeStacksCommand({ StackName: stack }), this.options);
      const { StackStatus, LastUpdatedTime } = given(found.Stacks?.[0]);
      return { status: given(StackStatus), lastUpdated: LastUpdatedTime?.toISOString() };
    });
  }

  /** Undefined if the stack, or the resource in it, does not exist. */
  async resource(stack: string, logicalId: string): Promise<ResourceState | undefined> {
    return unless(MISSING, async () => {
      const command = new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: logicalId });
      const detail = given((await this.client.send(command, this.options)).StackResourceDetail);
      return { status: given(detail.ResourceStatus), physicalId: detail.PhysicalResourceId || undefined };
    });
  }

  /** The physical id of a resource that is deployed: not being created, and not deleted. */
  async deployedId(stack: string, logicalId: string): Promise<string | undefined> {
    const resource = await this.resource(stack, logicalId);
    return resource && !NOT_THERE.has(resource.status) ? resource.physicalId : undefined;
  }

  /** The logical ids of FSx file systems and volumes that a stack has. */
  async sourcesIn(stack: string): Promise<string[]> {
    const command = new DescribeStackResourcesCommand({ StackName: stack });
    const { StackResources = [] } = await this.client.send(command, this.options);
    return StackResources.filter(({ ResourceType }) =>
      /^AWS::FSx::(FileSystem|Volume)$/.test(ResourceType!),
    ).map(({ LogicalResourceId }) => LogicalResourceId!);
  }
}

/** CloudFormation has no error of its own for this. */
const MISSING = /^ValidationError: .*does not exist/s;
const NOT_THERE = new Set(['CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_COMPLETE', 'DELETE_SKIPPED']);
