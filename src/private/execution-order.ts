import { Aspects, CfnResource, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { isOwn } from './own';

/** Let these scopes wait for the backup. Where one encloses the backup, that is everything else in it. */
export function executeBefore(backup: IConstruct, scopes: readonly IConstruct[]): void {
  for (const scope of scopes) {
    if (encloses(scope, backup)) forAllOthersIn(scope, (other) => other.node.addDependency(backup));
    else scope.node.addDependency(backup);
  }
}

/** Let the backup wait for these scopes. Where one encloses the backup, that is everything else in it. */
export function executeAfter(backup: IConstruct, scopes: readonly IConstruct[]): void {
  for (const scope of scopes) {
    if (encloses(scope, backup)) forAllOthersIn(scope, (other) => backup.node.addDependency(other));
    else backup.node.addDependency(scope);
  }
}

export function encloses(scope: IConstruct, construct: IConstruct): boolean {
  return construct.node.scopes.includes(scope);
}

/** An aspect, because there may be more when the app is complete. */
function forAllOthersIn(scope: IConstruct, act: (resource: CfnResource) => void): void {
  Aspects.of(scope).add({
    visit: (construct) => {
      if (CfnResource.isCfnResource(construct) && !isOwn(construct)) act(construct);
    },
  });
}

/** What is wrong with the order of these resources' stack: each of them that waits for itself. CloudFormation would refuse the template. */
export function cycles(stack: Stack, resources: readonly CfnResource[]): string[] {
  const template = stack.resolve((stack as any)._toCloudFormation()).Resources as Record<string, any>;
  const waitsFor = new Map(Object.entries(template).map(([name, { DependsOn = [], Properties }]) => {
    return [name, [...[DependsOn].flat(), ...references(Properties)]];
  }));
  const found = resources.flatMap((resource) => cycleThrough(stack.resolve(resource.logicalId), waitsFor) ?? []);
  if (found.length === 0) return [];
  const all = stack.node.findAll().filter((construct): construct is CfnResource => CfnResource.isCfnResource(construct));
  const paths = new Map(all.map((resource) => [stack.resolve(resource.logicalId), resource.node.path]));
  return found.map((names) => `a backup waits for itself: ${names.map((name) => `"${paths.get(name) ?? name}"`).join(' waits for ')}. `
    + 'Take one of them out of executeBefore, executeAfter or its dependencies; to back up a file system before its own change, use '
    + 'BackupSource.fromDeployed');
}

/** From the resource back to itself by the shortest way. */
function cycleThrough(start: string, waitsFor: ReadonlyMap<string, string[]>): [string[]] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const next of waitsFor.get(name) ?? []) {
      if (next === start) {
        const way = [start];
        for (let at = name; at !== start; at = cameFrom.get(at)!) way.unshift(at);
        return [[start, ...way]];
      }
      if (!cameFrom.has(next)) queue.push(next);
      if (!cameFrom.has(next)) cameFrom.set(next, name);
    }
  }
  return undefined;
}

/** The logical ids that a resolved value refers to. */
function references(value: any): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value.Ref === 'string') return [value.Ref];
  const attribute = value['Fn::GetAtt'];
  if (attribute !== undefined) return [Array.isArray(attribute) ? attribute[0] : String(attribute).split('.')[0]];
  const text = [value['Fn::Sub']].flat()[0];
  const named = typeof text === 'string' ? [...text.matchAll(/\$\{([A-Za-z0-9]+)/g)].map(([, name]) => name) : [];
  return [...named, ...Object.values(value).flatMap(references)];
}
