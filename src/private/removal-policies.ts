import { Annotations, CfnDeletionPolicy, CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { rendered } from './source-checks';

/*
 * Removal policies of the library's resources, which aspects may change, such as
 * `RemovalPolicies.of(stack).retain()`, and of what is backed up.
 */

/** Let CloudFormation tell when it deletes a resource or cleans it up. An override wins over all aspects. */
export function tellOf(
  resource: CfnResource,
  ...moments: Array<'DeletionPolicy' | 'UpdateReplacePolicy'>
): void {
  for (const moment of moments) resource.addOverride(moment, CfnDeletionPolicy.DELETE);
}

/** A removal policy of the resource of a backup that is not the one of the backup, which decides. */
export function warnOfOtherPolicy(backup: IConstruct, resource: CfnResource, policy: RemovalPolicy): void {
  const { deletionPolicy = CfnDeletionPolicy.DELETE } = resource.cfnOptions;
  const isKept = policy === RemovalPolicy.RETAIN;
  if (deletionPolicy === (isKept ? CfnDeletionPolicy.RETAIN : CfnDeletionPolicy.DELETE)) return;
  const effect = isKept
    ? 'That has no effect on the backup, which is kept, since its own removal policy is RETAIN'
    : 'CloudFormation then does not tell when it deletes the resource, and the backup is kept, though its ' +
      'own removal policy is DESTROY';
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:removalPolicyOfResource',
    `something, such as an aspect, has set the removal policy of its resource to ${deletionPolicy}. ` +
      `${effect}. To change it, use backup.applyRemovalPolicy`,
  );
}

/** Whether CloudFormation deletes it with its stack, or when it is removed from there. */
export function isDeleted(resource: CfnResource): boolean {
  return !retains(rendered(resource).DeletionPolicy);
}

/** Whether CloudFormation deletes the old one when it is replaced. */
export function isReplaced(resource: CfnResource): boolean {
  return !retains(rendered(resource).UpdateReplacePolicy);
}

/** Whether CloudFormation never deletes it. */
export function isRetained(resource: CfnResource): boolean {
  return !isDeleted(resource) && !isReplaced(resource);
}

function retains(policy: unknown): boolean {
  return String(policy).startsWith('Retain');
}

/** A final backup of what CloudFormation never deletes. */
export function warnOfRetainedSource(backup: IConstruct, source: CfnResource | undefined): void {
  if (!source || !isRetained(source)) return;
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:finalOfRetained',
    `"${source.node.path}" is retained, so CloudFormation never deletes it, and takes a final backup for ` +
      'nothing when the stack is deleted. Give the file system or volume RemovalPolicy.DESTROY (an L2 is ' +
      'retained by default), or leave the final backup out',
  );
}
