import { createHash } from 'node:crypto';
import type { Tag } from '@aws-sdk/client-fsx';
import { Source, sourceId, Wanted } from './request';
import { IDENTITY_TAG } from '../src/private/contract';

/** Whose a backup is. It never depends on anything that differs between two deliveries or two attempts. */
export interface Identity {
  readonly stackId: string;
  readonly logicalId: string;
  /** Changes when another backup is wanted. */
  readonly generation: string;
}

export function generationOf({ source, triggers }: Pick<Wanted, 'source' | 'triggers'>): string {
  return digest(['source', sourceId(source), ...[...triggers].sort()], 16);
}

/** Of what is taken when the source is deleted. */
export function finalGenerationOf(source: Source): string {
  return digest(['final', sourceId(source)], 16);
}

export function identityTags(identity: Identity): Tag[] {
  return [
    { Key: IDENTITY_TAG.stackId, Value: identity.stackId },
    { Key: IDENTITY_TAG.logicalId, Value: identity.logicalId },
    { Key: IDENTITY_TAG.generation, Value: identity.generation },
  ];
}

/** Whether the tags say that the backup was taken for this resource, in whichever generation. */
export function belongsToResource(
  tags: readonly Tag[] | undefined,
  identity: Omit<Identity, 'generation'>,
): boolean {
  return (
    valueOf(tags, IDENTITY_TAG.stackId) === identity.stackId &&
    valueOf(tags, IDENTITY_TAG.logicalId) === identity.logicalId
  );
}

export function belongsTo(tags: readonly Tag[] | undefined, identity: Identity): boolean {
  return belongsToResource(tags, identity) && valueOf(tags, IDENTITY_TAG.generation) === identity.generation;
}

/**
 * The client request token: the same for every delivery of one request. FSx takes 63 characters of
 * `A-Za-z0-9_.-`; the names in front are for the operator who finds the call in CloudTrail, the digest makes
 * it unique.
 */
export function clientRequestToken(stackId: string, logicalId: string, requestId: string): string {
  const stackName = stackId.split('/')[1] ?? 'stack';
  return [
    plain(stackName).slice(0, 22),
    plain(logicalId).slice(0, 18),
    digest([stackId, logicalId, requestId], 20),
  ].join('.');
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '-');
}

function digest(parts: readonly string[], length: number): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);
}

function valueOf(tags: readonly Tag[] | undefined, key: string): string | undefined {
  return tags?.find((tag) => tag.Key === key)?.Value;
}
