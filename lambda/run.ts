import { type Context, locate } from './context';
import { none } from './create';
import { InvalidRequest } from './errors';
import type { Phase } from './phase';
import type { Run } from './request';
import { isDeployed } from './source';
import { prepare } from './take';

/** The stack exists in name only: nothing of it is deployed. */
const EMPTY = new Set(['REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE']);

/** A pipeline or a person asks for a backup. A source that its stack should have, and lacks, is a failure. */
export async function beginRun(context: Context<Run>): Promise<Phase> {
  const { request, stacks } = context;
  const { source } = request.desired;
  const found = await locate(context);
  if (found || !isDeployed(source)) return prepare(context, found!);
  const stack = await stacks.state(source.stack!);
  if (stack && !EMPTY.has(stack.status) && !request.skipsMissing) {
    const present = (await stacks.sourcesIn(source.stack!)).join(', ') || 'none';
    throw new InvalidRequest(
      `stack ${source.stack} has no deployed file system or volume ${source.logicalId} (it has ` +
        `${present}); name one that it has, or set whenMissing to SKIP`,
    );
  }
  return none(context);
}
