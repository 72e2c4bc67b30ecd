import { CfnResource, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { BackupSource } from '../backup-source';
import { shareCondition } from './condition';
import * as permissions from './handler-permissions';

/**
 * A role's inline policies may have 10,240 characters together. Beyond this many sources, all of the
 * account's are allowed.
 */
const MAX_NAMED_SOURCES = 30;

/**
 * The policies of a provider's function. Each method says which policies must be there before a backup and
 * until after its deletion.
 */
export class HandlerPolicies {
  private readonly stack: Stack;
  private readonly policy: iam.Policy;
  private readonly creation: iam.PolicyStatement;
  private readonly sources = new Map<string, iam.Policy>();
  private lookups?: iam.PolicyStatement;

  constructor(
    private readonly provider: Construct,
    private readonly role: iam.IRole,
    private readonly isForeignRole: boolean,
    statements: iam.PolicyStatement[],
  ) {
    this.stack = Stack.of(provider);
    this.creation = permissions.creationStatement(this.stack);
    this.policy = this.attach('Policy', [
      this.creation,
      ...permissions.constantStatements(this.stack),
      ...statements,
    ]);
  }

  /**
   * A source of this stack gets a policy of its own: were it named in the policy that all backups wait for,
   * every backup would wait for every source, and a source that is restored from another backup would be a
   * circular dependency.
   */
  public allowSource({ _isVolume, _isDeployed, _resource, _id }: BackupSource): iam.Policy[] {
    const arnOf = (id: string) => permissions.sourceArn(this.stack, _isVolume, id);
    // By the service authorization reference, the volume is enough. AWS's guide to ONTAP names file systems.
    if (_isVolume) this.creation.addResources(permissions.sourceArn(this.stack, false, '*'));
    if (_isDeployed) {
      this.creation.addResources(arnOf('*')); // to name it would be to depend on it
      return [this.policy];
    }
    const local = _resource && Stack.of(_resource) === this.stack ? _resource : undefined;
    // one resource may be named by several tokens
    const key = local?.node.addr ?? _id;
    const isNamed = this.sources.size < MAX_NAMED_SOURCES;
    const policy =
      this.sources.get(key) ?? this.sourcePolicy(arnOf(isNamed ? _id : '*'), isNamed ? local : undefined);
    this.sources.set(key, policy);
    return [...new Set([this.policy, policy])];
  }

  /** Allow to ask the stack of a source which resource it has deployed. */
  public allowLookup(source: CfnResource): void {
    if (!this.lookups) this.policy.addStatements((this.lookups = permissions.lookupStatement()));
    this.lookups.addResources(permissions.stackArn(this.stack, Stack.of(source).stackName));
  }

  /** Of all sources: when CloudFormation cleans up, a source may have been replaced or removed. */
  public allowFinalBackups(): iam.Policy[] {
    const all = [false, true].map((isVolume) => permissions.sourceArn(this.stack, isVolume, '*'));
    return [this.policy, this.once('FinalBackupPolicy', permissions.sourceStatement(...all))];
  }

  /** In a policy of its own: a statement would be gone before the last backup that needs it is deleted. */
  public allowDeletion(): iam.Policy {
    return this.once('DeletionPolicy', permissions.deletionStatement(this.stack));
  }

  private sourcePolicy(arn: string, resource: CfnResource | undefined): iam.Policy {
    if (!resource) {
      this.creation.addResources(arn);
      return this.policy;
    }
    const policy = this.attach(`Source${resource.node.addr.slice(-8)}`, [permissions.sourceStatement(arn)]);
    shareCondition(policy.node.defaultChild as CfnResource, resource);
    return policy;
  }

  private once(id: string, statement: iam.PolicyStatement): iam.Policy {
    return (this.provider.node.tryFindChild(id) as iam.Policy | undefined) ?? this.attach(id, [statement]);
  }

  /** A role that must not be changed (`withoutPolicyUpdates`, or imported as immutable) is left as it is. */
  private attach(id: string, statements: iam.PolicyStatement[]): iam.Policy {
    // Stacks may share a role that is brought along. By CDK's choice of names, the policy of one would
    // replace that of the other.
    const policyName = this.isForeignRole
      ? `${Names.uniqueResourceName(this.provider, { maxLength: 100 })}${id}`
      : undefined;
    // Not in the scope of the role: the function waits for everything in there.
    const policy = new iam.Policy(this.provider, id, { policyName, statements });
    this.role.attachInlinePolicy(policy);
    return policy;
  }
}
