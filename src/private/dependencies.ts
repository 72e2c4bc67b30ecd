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

const waiting = new WeakMap<RenderedTemplate, ReadonlySet<string>>();

/** Whether a resource waits for a backup, at any distance. */
export function isWaiting(template: RenderedTemplate, id: string): boolean {
  const all = waiting.get(template) ?? waitingIn(template);
  waiting.set(template, all);
  return all.has(id);
}

function waitingIn(template: RenderedTemplate): ReadonlySet<string> {
  const dependents = new Map<string, string[]>();
  for (const [id, before] of dependenciesIn(template)) {
    for (const name of before) dependents.set(name, [...(dependents.get(name) ?? []), id]);
  }
  const isBackup = (id: string) => [RESOURCE_TYPE, CONTINUATION_TYPE].includes(template.Resources[id].Type);
  const found = new Set(Object.keys(template.Resources).filter(isBackup));
  for (const id of found) for (const dependent of dependents.get(id) ?? []) found.add(dependent);
  return found;
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
