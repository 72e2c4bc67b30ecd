import { clientRequestToken } from './identity';
import { type Phase, type PhaseOf, respond } from './phase';
import type { Request } from './request';
import type { Asked } from './response';

/** In front of the id of a resource that has no backup, and can get none. */
const PLACEHOLDER = 'none-';

/** A request fails that stands at this phase. */
export function fail(request: Request, phase: Phase, reason: string): PhaseOf<'Responding'> {
  const mayHaveAsked = phase.phase === 'Taking' ? phase.isAsked === true : phase.phase !== 'Starting';
  const backupId = 'backupId' in phase ? phase.backupId : undefined;
  return respond({ status: 'FAILED', physicalId: failedId(request, mayHaveAsked, backupId), reason });
}

/**
 * What a failed request responds as physical id, so that the Delete that may follow finds what there is. A
 * Create that has called CreateBackup and does not know the backup gives its token.
 */
export function failedId(request: Asked, mayHaveAsked: boolean, backupId?: string): string {
  if (request.type !== 'Create') return request.physicalId;
  const token = clientRequestToken(request);
  return backupId ?? (mayHaveAsked ? token : `${PLACEHOLDER}${token}`);
}

export function isPlaceholder(physicalId: string): boolean {
  return physicalId.startsWith(PLACEHOLDER);
}
