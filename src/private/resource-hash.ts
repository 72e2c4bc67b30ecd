import { createHash } from 'crypto';
import {
  CfnResource,
  DefaultTokenResolver,
  IResolvable,
  IResolveContext,
  NestedStack,
  Reference,
  Stack,
  Tokenization,
} from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { isOwn } from './own';

/** The resources at or below these constructs that a deployment is about. */
export function resourcesIn(scopes: readonly IConstruct[]): CfnResource[] {
  const inside = scopes.flatMap((scope) => scope.node.findAll());
  // CDK defines the resource of a nested stack, which holds its parameters, beside it.
  const nested = inside.flatMap((construct) =>
    NestedStack.isNestedStack(construct) ? [construct.nestedStackResource!] : [],
  );
  const found = [...inside, ...nested].filter((construct): construct is CfnResource =>
    CfnResource.isCfnResource(construct),
  );
  return [...new Set(found)].filter(
    (resource) =>
      !isOwn(resource) && resource.cfnResourceType !== 'AWS::CDK::Metadata' && isRendered(resource),
  );
}

/** A policy that is attached to nothing, for example, is not. */
function isRendered(resource: CfnResource): boolean {
  return 'Resources' in (resource as any)._toCloudFormation();
}

/**
 * Types that CloudFormation replaces at every change, so that whatever refers to them is changed too: what is
 * in a task definition is what the service is. (A launch template is not replaced, but has another version,
 * which is referred to.)
 */
const VERSIONED = new Set([
  'AWS::ApiGateway::Deployment',
  'AWS::AutoScaling::LaunchConfiguration',
  'AWS::Batch::JobDefinition',
  'AWS::EC2::LaunchTemplate',
  'AWS::ECS::TaskDefinition',
  'AWS::Lambda::LayerVersion',
  'AWS::Lambda::Version',
]);

/**
 * A hash of what a deployment would change: stack, logical id, type and properties, as they will be in the
 * template. Neither metadata nor dependencies, which change without anything being updated. What refers to
 * the library's own resources counts as constant, since a backup would otherwise be a reason for the next
 * one.
 */
export function hashOfResources(resources: readonly CfnResource[]): string {
  const covered = new Set(resources);
  const described: string[] = [];
  for (const resource of covered) {
    // and those that are found on the way
    const resolver = new OwnReferencesAreConstant(JOIN);
    described.push(
      canonical(
        resolve(
          [stackNames(resource.stack), resource.logicalId, ...partsOf(resource, resolver)],
          resource,
          resolver,
        ),
      ),
    );
    for (const target of resolver.referred) if (VERSIONED.has(target.cfnResourceType)) covered.add(target);
  }
  return hashOf(described.sort(), 16);
}

export function hashOf(value: unknown, length: number): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, length);
}

/** The name of the stack and, where it is nested, what it is called in those around it. */
function stackNames(stack: Stack): string[] {
  return stack.nestedStackParent
    ? [...stackNames(stack.nestedStackParent), stack.nestedStackResource!.logicalId]
    : [stack.stackName];
}

/** Type and properties. */
function partsOf(resource: CfnResource, resolver: OwnReferencesAreConstant): unknown[] {
  const [{ Type, Properties = {} }] = Object.values<any>(
    resolve((resource as any)._toCloudFormation(), resource, resolver).Resources,
  );
  if (!isNestedStack(resource)) return [Type, Properties];
  // the URL holds a hash of the nested template, whose resources count for themselves
  const { TemplateURL, Parameters = {}, ...rest } = Properties;
  const foreign = Object.entries(Parameters).filter(([, value]) => value !== OWN_VALUE);
  return [Type, rest, foreign];
}

function isNestedStack(resource: CfnResource): boolean {
  // CDK defines it in a scope beside that of the nested stack
  const siblings = resource.node.scope!.node.scope?.node.children ?? [];
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
  return Tokenization.resolve(value, { scope: Stack.of(scope), resolver, preparing: false });
}

/** How strings with tokens in them are put together. */
const JOIN: ConstructorParameters<typeof DefaultTokenResolver>[0] = {
  join: (left: any, right: any) =>
    left === undefined ? right : right === undefined ? left : { 'Fn::Join': ['', [left, right]] },
};

/** No value of a property that CloudFormation knows. */
const OWN_VALUE = 'a value of cdk-fsx-backup';

/** Whether a property of a resource is made of what a resource of the library gives. */
export function usesOwn(user: CfnResource, property: string, own: CfnResource): boolean {
  const resolver = new OwnReferencesAreConstant(JOIN);
  const [, properties] = partsOf(user, resolver) as [string, Record<string, unknown>];
  return resolver.own.has(own) && JSON.stringify(properties[property] ?? '').includes(OWN_VALUE);
}

class OwnReferencesAreConstant extends DefaultTokenResolver {
  /** The resources that were referred to: the library's, and others. */
  public readonly own = new Set<CfnResource>();
  public readonly referred = new Set<CfnResource>();

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: any): any {
    const target = Reference.isReference(token) ? token.target : undefined;
    if (target && CfnResource.isCfnResource(target)) (isOwn(target) ? this.own : this.referred).add(target);
    if (target && isOwn(target)) return OWN_VALUE;
    return super.resolveToken(token, context, postProcessor);
  }
}
