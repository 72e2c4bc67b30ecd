import { successWithout } from './attributes';
import { type Context, locate } from './context';
import { type Phase, respond } from './phase';
import type { Deployment, Run } from './request';
import { sourceId } from './source';
import { prepare } from './take';
import { NO_BACKUP } from '../src/private/contract';

/** CloudFormation creates the resource: a backup is taken, if there is something to back up. */
export async function create(context: Context<Deployment>): Promise<Phase> {
  const source = await locate(context);
  return source ? prepare(context, source) : none(context);
}

/** What the backup is to protect is not deployed yet. */
export function none({ request, log }: Context<Deployment | Run>): Phase {
  log.info('no backup taken: nothing is deployed yet', { source: sourceId(request.desired.source) });
  return respond(successWithout(NO_BACKUP, request.stackId));
}
