import { attempt } from './attempt';
import { cycleIn, inOrder, reversed } from './graph';
import { ResourceFailure } from './resources/provider';
import { tell, type Deletion, type Engine, type ResourceState, type Stack } from './stack';

interface Manner {
  /** how often to try */
  attempts: number;
  /** go on with what the resource depends on although it could not be deleted */
  abandon: boolean;
}

/** Delete physical resources, dependents first; resolves to the logical ids that could not be deleted. */
export async function deleteResources(
  engine: Engine,
  stack: Stack,
  deletions: readonly Deletion[],
  manner: Manner,
): Promise<string[]> {
  const failed: string[] = [];
  const named = new Map(deletions.map((deletion, index) => [String(index), deletion]));
  const dependenciesBy = (dependsOn: (state: ResourceState) => readonly string[]) =>
    new Map(
      [...named].map(([name, { state }]) => {
        const below = dependsOn(state);
        return [
          name,
          [...named]
            .filter(([other, candidate]) => other !== name && below.includes(candidate.state.logicalId))
            .map(([other]) => other),
        ];
      }),
    );
  const asMade = dependenciesBy(({ dependsOn }) => dependsOn);
  // An update that has failed halfway may leave resources of two templates, each of which depends on the
  // other.
  const asPlanned = () =>
    dependenciesBy(({ logicalId }) => stack.plan.resources.get(logicalId)?.dependsOn ?? []);
  const dependencies = cycleIn(asMade) ? asPlanned() : asMade;
  await inOrder(reversed(dependencies), async (name) => {
    const deletion = named.get(name)!;
    const gone = await deleteResource(engine, stack, deletion, manner.attempts);
    if (!gone) failed.push(deletion.state.logicalId);
    return gone || manner.abandon;
  });
  return failed;
}

async function deleteResource(
  engine: Engine,
  stack: Stack,
  { state, because }: Deletion,
  attempts: number,
): Promise<boolean> {
  if (spared(engine, { state, because })) {
    tell(engine, stack, state, 'DELETE_SKIPPED');
    return true;
  }
  stack.deleting.add(state);
  for (let nth = 1; nth <= attempts; nth++) {
    if (await tryToDelete(engine, stack, state)) break;
  }
  stack.deleting.delete(state);
  return state.status === 'DELETE_COMPLETE';
}

async function tryToDelete(engine: Engine, stack: Stack, state: ResourceState): Promise<boolean> {
  tell(engine, stack, state, 'DELETE_IN_PROGRESS');
  try {
    // without a physical id nobody was ever asked to make it
    if (state.physicalId !== undefined) {
      await attempt(engine, stack, state, 'delete', { signal: new AbortController().signal });
    }
  } catch (error) {
    if (!(error instanceof ResourceFailure)) throw error;
    tell(engine, stack, state, 'DELETE_FAILED', error.message);
    return false;
  }
  tell(engine, stack, state, 'DELETE_COMPLETE');
  return true;
}

function spared({ world }: Engine, { state, because }: Deletion): boolean {
  switch (because) {
    case 'replaced':
      return state.updateReplacePolicy !== 'Delete';
    case 'replacement rolled back':
      return state.updateReplacePolicy !== 'Delete' && world.options.updateReplacePolicySparesNewId;
    case 'creation rolled back':
      return state.deletionPolicy === 'Retain';
    default:
      return state.deletionPolicy !== 'Delete';
  }
}

export function failedToDelete(names: readonly string[]): string {
  return `The following resource(s) failed to delete: [${names.join(', ')}]. `;
}
