import { CONTINUATION_TYPE, RESOURCE_TYPE } from './contract';
import { oncePer } from './once';
import type { RenderedTemplate } from './rendered-template';
import { usesIn } from './template-functions';

/** For each resource of a template, those that CloudFormation creates and changes before it. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

export const dependenciesIn = oncePer(({ Resources }: RenderedTemplate): Dependencies => {
  return new Map(
    Object.entries(Resources).map(([id, { DependsOn = [], ...resource }]) => [
      id,
      [...[DependsOn].flat(), ...usesIn(resource).map(({ name }) => name)],
    ]),
  );
});

/** For each resource of a template, those that wait for it. */
export const dependentsIn = oncePer((template: RenderedTemplate) => reverse(dependenciesIn(template)));

function reverse(dependencies: Dependencies): Dependencies {
  const dependents = new Map<string, string[]>();
  for (const [id, before] of dependencies) {
    for (const name of before) {
      const others = dependents.get(name);
      if (others) others.push(id);
      else dependents.set(name, [id]);
    }
  }
  return dependents;
}

/** Everything that is reached from one of these resources, at any distance; they themselves are. */
export function reachedFrom(starts: Iterable<string>, edges: Dependencies): ReadonlySet<string> {
  const found = new Set(starts);
  for (const id of found) for (const next of edges.get(id) ?? []) found.add(next);
  return found;
}

/** Whether a resource waits for a backup, at any distance. */
export function isWaiting(template: RenderedTemplate, id: string): boolean {
  return waitingIn(template).has(id);
}

const waitingIn = oncePer((template: RenderedTemplate) => {
  const isBackup = (id: string) => [RESOURCE_TYPE, CONTINUATION_TYPE].includes(template.Resources[id].Type);
  return reachedFrom(Object.keys(template.Resources).filter(isBackup), dependentsIn(template));
});

/** From one resource to another that it waits for, by the shortest way. */
export function wayFrom(start: string, end: string, dependencies: Dependencies): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const next of dependencies.get(name) ?? []) {
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, name);
      if (next === end) return wayBack(start, end, cameFrom);
      queue.push(next);
    }
  }
  return undefined;
}

function wayBack(start: string, end: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [end];
  do way.unshift(cameFrom.get(way[0])!);
  while (way[0] !== start);
  return way;
}
