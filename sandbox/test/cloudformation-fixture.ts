import { VirtualClock } from '../clock';
import { CloudFormation, type Deployment } from '../cloudformation/engine';
import type { CloudFormationOptions, Neighbours, Place } from '../cloudformation/world';
import { FaultPlan } from '../faults';
import { Journal } from '../journal';

export const TOKEN = 'arn:aws:lambda:us-east-1:123456789012:function:provider';

/** What a provider answers: members that differ from a plain success, or nothing for "no answer at all". */
export type Answer = Record<string, unknown> | undefined;
export type Provider = (event: any, nth: number) => Answer | Promise<Answer>;

export interface TestWorld {
  clock: VirtualClock;
  journal: Journal;
  faults: FaultPlan;
  cloudFormation: CloudFormation;
  /** behind TOKEN; the default answers SUCCESS and keeps the physical id */
  provider: Provider;
  deploy(template: any, more?: Partial<Deployment>): Promise<Awaited<ReturnType<CloudFormation['deploy']>>>;
  destroy(
    stackName?: string,
    options?: { retainResources?: string[] },
  ): ReturnType<CloudFormation['destroy']>;
  /** the requests to custom resources so far, in short: `Create A`, `Delete A a-1` */
  requests(): string[];
  put(event: any, answer: Answer): Promise<Response>;
}

const worlds: TestWorld[] = [];

/** CloudFormation with an in-process Lambda that plays the provider of custom resources. */
export function testWorld(
  options: Partial<CloudFormationOptions> = {},
  more: Partial<Neighbours & Place> = {},
): TestWorld {
  const clock = more.clock ?? new VirtualClock();
  const journal = new Journal(clock);
  const faults = new FaultPlan();
  let nth = 0;
  const world: TestWorld = {
    clock,
    journal,
    faults,
    cloudFormation: new CloudFormation({
      clock,
      journal,
      faults,
      lambda: {
        create: () => {},
        remove: () => {},
        has: (arn) => arn.endsWith(':provider'),
        invokeAsync: (arn, event) => {
          if (!arn.endsWith(':provider')) throw new Error(`Function not found: ${arn}`);
          void Promise.resolve(world.provider(event, ++nth)).then(
            (answer) => answer && world.put(event, answer),
          );
        },
      },
      ...more,
      options: { duration: () => 1_000, ...options },
    }),
    provider: () => ({}),
    deploy: (template, rest) =>
      clock.run(world.cloudFormation.deploy({ stackName: 'Stack', template, ...rest })),
    destroy: (stackName = 'Stack', rest) => clock.run(world.cloudFormation.destroy(stackName, rest)),
    requests: () =>
      journal
        .of('request')
        .map(({ type, logicalId, event }) =>
          [type, logicalId, event.PhysicalResourceId].filter(Boolean).join(' '),
        ),
    put: async (event, answer) => {
      const release = clock.hold();
      const { StackId, RequestId, LogicalResourceId } = event;
      const PhysicalResourceId = event.PhysicalResourceId ?? `${LogicalResourceId.toLowerCase()}-1`;
      const body = JSON.stringify({
        Status: 'SUCCESS',
        StackId,
        RequestId,
        LogicalResourceId,
        PhysicalResourceId,
        ...answer,
      });
      return fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'Content-Type': '' } }).finally(
        release,
      );
    },
  };
  worlds.push(world);
  return world;
}

afterEach(async () => {
  for (const { cloudFormation } of worlds.splice(0)) await cloudFormation.close();
});

export function custom(properties: Record<string, unknown> = {}, attributes: Record<string, unknown> = {}) {
  return { Type: 'Custom::Thing', Properties: { ServiceToken: TOKEN, ...properties }, ...attributes };
}

export function topic(properties: Record<string, unknown> = {}, attributes: Record<string, unknown> = {}) {
  return { Type: 'AWS::SNS::Topic', Properties: properties, ...attributes };
}

/** What an API of CloudFormation says at this moment, without a way over the wire. */
export function ask(world: TestWorld, operation: string, input: Record<string, unknown> = {}): Promise<any> {
  const call = { operation, input: { StackName: 'Stack', ...input }, principal: 'test' };
  return Promise.resolve(world.cloudFormation.api.handle(call as any));
}

export async function describedStack(world: TestWorld, StackName = 'Stack'): Promise<any> {
  return (await ask(world, 'DescribeStacks', { StackName })).Stacks[0];
}

export async function describedResource(world: TestWorld, LogicalResourceId: string): Promise<any> {
  return (await ask(world, 'DescribeStackResource', { LogicalResourceId })).StackResourceDetail;
}

/** Stack events in short: `CREATE_FAILED A`. */
export function told(events: ReadonlyArray<{ status: string; logicalId: string }>): string[] {
  return events.map(({ status, logicalId }) => `${status} ${logicalId}`);
}
