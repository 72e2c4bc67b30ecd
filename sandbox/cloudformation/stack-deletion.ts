import { deleteResources, failedToDelete } from './deletions';
import { tell, tellStack, type Deletion, type Engine, type ResourceState, type Stack } from './stack';

/** Delete a stack with all that it has, but for the resources that it shall leave behind. */
export async function deleteStack(
  engine: Engine,
  stack: Stack,
  retainResources: readonly string[] = [],
): Promise<void> {
  tellStack(engine, stack, 'DELETE_IN_PROGRESS', 'User Initiated');
  const exports = Object.values(stack.outputs).flatMap(({ exportName }) => exportName ?? []);
  const inUse = exports.find((name) => engine.importersOf(name).length > 0);
  if (inUse !== undefined) {
    return tellStack(
      engine,
      stack,
      'DELETE_FAILED',
      `Export ${inUse} cannot be deleted as it is in use by ${engine.importersOf(inUse).join(', ')}`,
    );
  }
  const isLeft = ({ status }: ResourceState) => !['DELETE_COMPLETE', 'DELETE_SKIPPED'].includes(status);
  const left = [...stack.resources.values()].filter(isLeft);
  stack.superseded = stack.superseded.filter(({ state }) => isLeft(state));
  for (const state of left.filter(({ logicalId }) => retainResources.includes(logicalId))) {
    tell(engine, stack, state, 'DELETE_SKIPPED');
  }
  const deletions = left
    .filter(({ status }) => status !== 'DELETE_SKIPPED')
    .map((state): Deletion => ({ state, because: 'stack deleted' }));
  const failed = await deleteResources(engine, stack, [...stack.superseded, ...deletions], {
    attempts: 1,
    abandon: false,
  });
  if (failed.length > 0) return tellStack(engine, stack, 'DELETE_FAILED', failedToDelete(failed));
  stack.deletedAt = engine.world.clock.now();
  tellStack(engine, stack, 'DELETE_COMPLETE');
}
