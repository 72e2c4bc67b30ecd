/** For each name, the names that have to be done before it. */
export type Dependencies = ReadonlyMap<string, Iterable<string>>;

/** The names of one cycle, or nothing. */
export function cycleIn(dependencies: Dependencies): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (done.has(name)) return undefined;
    if (path.includes(name)) return path.slice(path.indexOf(name));
    path.push(name);
    for (const next of dependencies.get(name) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const name of dependencies.keys()) {
    const cycle = visit(name);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * Start each task as soon as its dependencies are done; whatever depends on a task that says `false` is not
 * started.
 */
export async function inOrder(
  dependencies: Dependencies,
  task: (name: string) => Promise<boolean>,
): Promise<void> {
  const started = new Map<string, Promise<boolean>>();
  const run = (name: string): Promise<boolean> => {
    let running = started.get(name);
    if (!running) {
      const before = [...(dependencies.get(name) ?? [])].filter((other) => dependencies.has(other));
      running = Promise.all(before.map(run)).then(async (outcomes) => outcomes.every(Boolean) && task(name));
      started.set(name, running);
    }
    return running;
  };
  await Promise.all([...dependencies.keys()].map(run));
}

/** The same graph, walked the other way. */
export function reversed(dependencies: Dependencies): Dependencies {
  const result = new Map<string, Set<string>>([...dependencies.keys()].map((name) => [name, new Set()]));
  for (const [name, others] of dependencies) {
    for (const other of others) result.get(other)?.add(name);
  }
  return result;
}
