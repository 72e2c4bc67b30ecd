import { createHash } from 'node:crypto';
import type { Backup, Tag } from '@aws-sdk/client-fsx';
import { type Deployed, type Source, sourceId } from './source';
import { TAG } from '../src/private/contract';

/** The resource that a backup belongs to. */
export interface Owner {
  readonly stackId: string;
  readonly logicalId: string;
}

/** What becomes of a backup: the value of its tag `removal`. */
export type Removal = 'RETAIN' | 'DESTROY' | `KEEP_LAST:${number}`;

/** What the library's tags say about a backup. */
export interface Marks {
  readonly isOwn: boolean;
  readonly generation?: string;
  readonly previous?: string;
  readonly removal?: string;
  readonly isHeld: boolean;
}

/** The version of the computation of generations, in front of each. */
const VERSION = '1-';

/** The value of the tag `generation`. Another value asks for another backup. */
export function generationOf({
  source,
  triggers,
}: {
  readonly source: Source | Deployed;
  readonly triggers: string;
}): string {
  return `${VERSION}${digest(['source', sourceId(source), triggers], 16)}`;
}

/** A copy of a backup (`SourceBackupId`) carries its tags, and belongs to nobody. */
export function marksOf(
  { Tags, SourceBackupId }: Pick<Backup, 'Tags' | 'SourceBackupId'>,
  { stackId, logicalId }: Owner,
): Marks {
  const values = new Map(Tags?.map(({ Key, Value }) => [Key, Value]));
  return {
    isOwn: values.get(TAG.stackId) === stackId && values.get(TAG.logicalId) === logicalId && !SourceBackupId,
    generation: values.get(TAG.generation),
    previous: values.get(TAG.previous),
    removal: values.get(TAG.removal),
    isHeld: values.has(TAG.hold),
  };
}

/** Whether these are the marks of an own backup that was taken for the generation. */
export function isOfGeneration(marks: Marks | undefined, generation: string | undefined): boolean {
  return marks !== undefined && marks.isOwn && marks.generation === generation;
}

/** What another version has computed, or what has lost its tags, tells nothing about what was before. */
export function isComparable({ isOwn, generation }: Marks): boolean {
  return isOwn && generation !== undefined && generation.startsWith(VERSION);
}

/** The library's own tags of a new backup. */
export function ownTags(
  { stackId, logicalId }: Owner,
  generation: string,
  previous: string,
  removal: Removal,
): Tag[] {
  return [
    { Key: TAG.stackId, Value: stackId },
    { Key: TAG.logicalId, Value: logicalId },
    { Key: TAG.generation, Value: generation },
    { Key: TAG.previous, Value: previous },
    { Key: TAG.removal, Value: removal },
  ];
}

/** The n of `KEEP_LAST:n`. */
export function keptOf(removal: string | undefined): number | undefined {
  const [, n] = /^KEEP_LAST:([1-9]\d{0,15})$/.exec(removal ?? '') ?? [];
  return n === undefined ? undefined : Number(n);
}

/**
 * The client request token of a request. FSx takes 63 characters of `A-Za-z0-9_.-`; the names in front are
 * for the operator who finds the call in CloudTrail, the digest makes it unique.
 */
export function clientRequestToken({
  stackId,
  logicalId,
  requestId,
}: Owner & { readonly requestId: string }): string {
  const stackName = stackId.split('/')[1] ?? 'stack';
  return [
    plain(stackName).slice(0, 22),
    plain(logicalId).slice(0, 18),
    digest([stackId, logicalId, requestId], 20),
  ].join('.');
}

export function digest(parts: readonly unknown[], length: number): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '-');
}
