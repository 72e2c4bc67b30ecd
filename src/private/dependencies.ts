import { CONTINUATION_TYPE, RESOURCE_TYPE } from './contract';
import type { RenderedTemplate } from './rendered-template';
import { usesIn } from './template-functions';

/** For each resource of a template, those that CloudFormation creates and changes before it. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

const known = new WeakMap<RenderedTemplate, Dependencies>();

export function dependenciesIn(template: RenderedTemplate): Dependencies {
  const dependencies =
    known.get(template) ??
    new Map(
      Object.entries(template.Resources).map(([id, { DependsOn = [], ...resource }]) => [
        id,
        [...[DependsOn].flat(), ...usesIn(resource).map(({ name }) => name)],
      ]),
    );
  known.set(template, dependencies);
  return dependencies;
}

const reversed = new WeakMap<RenderedTemplate, Dependencies>();

/** For each resource of a template, those that wait for it. */
export function dependentsIn(template: RenderedTemplate): Dependencies {
  const dependents = reversed.get(template) ?? reverse(dependenciesIn(template));
  reversed.set(template, dependents);
  return dependents;
}

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

const waiting = new WeakMap<RenderedTemplate, ReadonlySet<string>>();

/** Whether a resource waits for a backup, at any distance. */
export function isWaiting(template: RenderedTemplate, id: string): boolean {
  const all = waiting.get(template) ?? waitingIn(template);
  waiting.set(template, all);
  return all.has(id);
}

function waitingIn(template: RenderedTemplate): ReadonlySet<string> {
  const isBackup = (id: string) => [RESOURCE_TYPE, CONTINUATION_TYPE].includes(template.Resources[id].Type);
  return reachedFrom(Object.keys(template.Resources).filter(isBackup), dependentsIn(template));
}

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
