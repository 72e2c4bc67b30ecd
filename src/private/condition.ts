import { CfnCondition, CfnResource } from 'aws-cdk-lib';

/** Let a resource have the condition of another, also if that is set later. */
export function shareCondition(resource: CfnResource, { cfnOptions }: CfnResource): void {
  Object.defineProperty(resource.cfnOptions, 'condition', {
    get: () => cfnOptions.condition,
    set: (condition: CfnCondition) => (cfnOptions.condition = condition),
  });
}
