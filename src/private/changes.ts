import { CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { hashOf } from './hash';
import type { Home } from './home';
import { oncePer } from './once';
import { isOwn } from './own';
import { type Part, type Place, readPart } from './reading';
import { templateOf } from './rendered-template';

/*
 * What a deployment is going to change: the text of resources, and the values of the functions in it, which
 * CloudFormation compares with those of the last deployment.
 */

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
      !isOwn(resource) &&
      resource.cfnResourceType !== 'AWS::CDK::Metadata' &&
      // a policy that is attached to nothing, for example, is not
      templateOf(resource.stack).ids.has(resource),
  );
}

/** What is read of resources for a trigger of a backup. */
export interface Changes {
  /** Of the text. */
  readonly hash: string;
  /** Functions to copy. */
  readonly values: readonly unknown[];
  /** What these resources use, and whose change would go unseen. */
  readonly unseen: readonly string[];
}

/**
 * Read what a deployment would change in these resources: stack, logical id, type and properties, as they
 * will be in the template. Neither metadata nor dependencies, which change without anything being updated.
 * What refers to the library's own resources counts as constant, since a backup would otherwise be a reason
 * for the next one.
 *
 * @param home of the backup
 */
export function changesOf(resources: readonly CfnResource[], home: Home): Changes {
  const parts = new Map<string, Part>();
  const places = resources.map(placeOf);
  for (const place of places) {
    const name = nameOf(place);
    if (parts.has(name)) continue;
    parts.set(name, partOf(home, place, name));
    places.push(...parts.get(name)!.others);
  }
  const all = [...parts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, part]) => part);
  const values = [...new Set(all.flatMap((part) => part.values))];
  const numbers = new Map(values.map((value, index) => [value, index]));
  return {
    hash: hashOf(
      all.map((part) => [part.text, ...part.values.map((value) => numbers.get(value))]),
      16,
    ),
    values: values.map((value) => JSON.parse(value)),
    unseen: [...new Set(all.flatMap((part) => part.unseen))],
  };
}

function placeOf(resource: CfnResource): Place {
  const template = templateOf(resource.stack);
  return { template, id: template.ids.get(resource)! };
}

function nameOf({ template, id }: Place): string {
  return JSON.stringify([...stackNames(template.stack), id]);
}

/** The name of the stack and, where it is nested, what it is called in those around it. */
function stackNames(stack: Stack): string[] {
  return stack.nestedStackParent
    ? [...stackNames(stack.nestedStackParent), stack.resolve(stack.nestedStackResource!.logicalId)]
    : [stack.stackName];
}

/** Each resource is read once for all backups that can refer to the same. */
const partsIn = oncePer((_: Home) => new Map<string, Part>());

function partOf(home: Home, place: Place, name: string): Part {
  const parts = partsIn(home);
  const part = parts.get(name) ?? readPart(home, place, name);
  parts.set(name, part);
  return part;
}
