import { createHash } from 'crypto';
import { CfnResource, DefaultTokenResolver, IResolvable, IResolveContext, NestedStack, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { Awaited } from './awaited';
import { isOwn } from './own';

/** The resources at or below these constructs that a deployment is about. */
export function resourcesIn(scopes: readonly IConstruct[]): CfnResource[] {
  const found = scopes.flatMap((scope) => scope.node.findAll()).filter((construct): construct is CfnResource => CfnResource.isCfnResource(construct));
  return [...new Set(found)].filter((resource) => !isOwn(resource) && resource.cfnResourceType !== 'AWS::CDK::Metadata');
}

/**
 * Types that CloudFormation replaces at every change, so that whatever refers to them is changed too: what is in a task definition is what the service is.
 * (A launch template is not replaced, but has another version, which is referred to.)
 */
const VERSIONED = new Set([
  'AWS::ApiGateway::Deployment', 'AWS::AutoScaling::LaunchConfiguration', 'AWS::Batch::JobDefinition', 'AWS::EC2::LaunchTemplate', 'AWS::ECS::TaskDefinition',
  'AWS::Lambda::LayerVersion', 'AWS::Lambda::Version',
]);

/**
 * A hash of what a deployment would change: logical id, type and properties, as they will be in the template. Neither metadata nor
 * dependencies, which change without anything being updated. What refers to the library's own resources counts as constant, since a backup would
 * otherwise be a reason for the next one.
 */
export function hashOfResources(resources: readonly CfnResource[]): string {
  const covered = new Set(resources);
  const described: string[] = [];
  for (const resource of covered) { // and those that are found on the way
    const resolver = new OwnReferencesAreConstant(JOIN);
    described.push(canonical(resolve([resource.logicalId, resource.cfnResourceType, propertiesOf(resource, resolver)], resource, resolver)));
    for (const target of resolver.referred) if (VERSIONED.has(target.cfnResourceType)) covered.add(target);
  }
  return hashOf(described.sort(), 16);
}

export function hashOf(value: unknown, length: number): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, length);
}

let depth = 0;

/** While resources are hashed, the names that hold such a hash go without it: a resource may depend on the wait condition of the backup that comes before it. */
export function isHashing(): boolean {
  return depth > 0;
}

function propertiesOf(resource: CfnResource, resolver: OwnReferencesAreConstant): unknown {
  const template = resolve((resource as any)._toCloudFormation(), resource, resolver);
  const [{ Properties = {} }] = Object.values<any>(template.Resources ?? { none: {} });
  if (!isNestedStack(resource)) return Properties;
  const { TemplateURL, ...parameters } = Properties; // it holds a hash of the nested template, whose resources count for themselves
  return parameters;
}

function isNestedStack(resource: CfnResource): boolean {
  const siblings = resource.node.scope!.node.scope?.node.children ?? []; // CDK defines it in a scope beside that of the nested stack
  return siblings.some((child) => NestedStack.isNestedStack(child) && child.nestedStackResource === resource);
}

/** As JSON, whatever the order of the keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function resolve(value: unknown, scope: IConstruct, resolver: OwnReferencesAreConstant): any {
  depth++;
  try {
    return Tokenization.resolve(value, { scope: Stack.of(scope), resolver, preparing: false });
  } finally {
    depth--;
  }
}

/** How strings with tokens in them are put together. */
const JOIN: ConstructorParameters<typeof DefaultTokenResolver>[0] = {
  join: (left: any, right: any) => left === undefined ? right : right === undefined ? left : { 'Fn::Join': ['', [left, right]] },
};

class OwnReferencesAreConstant extends DefaultTokenResolver {
  /** The other resources that were referred to. */
  public readonly referred = new Set<CfnResource>();

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: any): any {
    if (token instanceof Awaited || (Reference.isReference(token) && isOwn(token.target))) return { Ref: 'cdk-fsx-backup' };
    if (Reference.isReference(token) && CfnResource.isCfnResource(token.target)) this.referred.add(token.target);
    return super.resolveToken(token, context, postProcessor);
  }
}
