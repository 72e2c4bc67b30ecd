import { invalid } from './intrinsics';
import { same } from './resources/provider';
import type { Output, Stack, StackEvent } from './stack';
import type { Plan, Template } from './template';
import type { CloudFormationOptions } from './world';

export interface Deployment {
  template: Template;
  stackName: string;
  parameters?: Record<string, string>;
  /** the directory (code) or file (template) of an asset, by its key in S3 */
  assets?: (s3Key: string) => string;
  disableRollback?: boolean;
  /** Express mode: native resources count as complete when their API call has returned */
  express?: boolean;
  tags?: Record<string, string>;
}

export interface StackOutcome {
  status: string;
  outputs: Record<string, string>;
  /** of this operation, oldest first */
  events: StackEvent[];
  /** of the first failure */
  reason?: string;
  /** there was nothing to do */
  noChanges?: boolean;
}

/** What a deployment says about the stack as a whole. */
export function settingsOf(
  { tags = {}, assets = noAssets, express = false, disableRollback }: Deployment,
  { expressDisablesRollback }: CloudFormationOptions,
): Pick<Stack, 'tags' | 'assets' | 'express' | 'disableRollback'> {
  return {
    tags,
    assets,
    express,
    // [?] reports differ about Express mode
    disableRollback: disableRollback ?? (express && expressDisablesRollback),
  };
}

/** Whether there is nothing to update: `DependsOn` alone is no change. */
export function sameDeployment(one: Plan, other: Plan): boolean {
  const comparable = ({ template, parameters, stackOutputs }: Plan) => ({
    ...template,
    Resources: Object.fromEntries(
      Object.entries(template.Resources).map(([name, { DependsOn, ...rest }]) => [name, rest]),
    ),
    parameters,
    stackOutputs,
  });
  return same(comparable(one), comparable(other));
}

export function assertSameTypes(stack: Stack, plan: Plan): void {
  const changed = [...plan.resources.values()].filter(
    ({ logicalId, type }) => (stack.resources.get(logicalId)?.type ?? type) !== type,
  );
  if (changed.length === 0) return;
  const names = changed.map(({ logicalId }) => logicalId).join(', ');
  throw invalid(
    'Update of resource type is not permitted. The new template modifies resource type of the following ' +
      `resources: [${names}]`,
  );
}

export function valuesOf(outputs: Record<string, Output>): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
}

function noAssets(s3Key: string): string {
  throw invalid(`S3 key ${s3Key} is not an asset of this deployment; give \`assets\` to deploy()`);
}
