import type { Tag } from '@aws-sdk/client-fsx';
import { ContractTag, MAX_TAGS, TAG_PREFIX } from '../src/private/contract';

/**
 * The tags of a new backup. FSx copies the source's tags only to a backup that is requested without any, and
 * ours always have some; so they are copied here. The user's tags and the identity win, and the source's fill
 * what room is left.
 */
export function copiedTags(
  source: readonly Tag[],
  user: readonly ContractTag[],
  identity: readonly Tag[],
): { tags: Tag[]; dropped: string[] } {
  const own = [...identity, ...user];
  const taken = new Set(own.map((tag) => tag.Key));
  const copyable = source.filter(
    (tag) => !taken.has(tag.Key!) && !tag.Key!.startsWith('aws:') && !tag.Key!.startsWith(TAG_PREFIX),
  );
  const room = MAX_TAGS - own.length;
  return {
    tags: [...own, ...copyable.slice(0, room)].map(({ Key, Value }) => ({ Key, Value })),
    dropped: copyable.slice(room).map((tag) => tag.Key!),
  };
}

/**
 * What to change so that a backup carries the wanted tags, and no longer those the user gave it formerly.
 * Tags that were copied from the source stay while there is room; the identity is never touched.
 */
export function tagChanges(
  actual: readonly Tag[],
  wanted: readonly ContractTag[],
  formerKeys: readonly string[],
): { set: Tag[]; removed: string[] } {
  const wantedKeys = new Set(wanted.map((tag) => tag.Key));
  const isOurs = (key: string) => wantedKeys.has(key) || key.startsWith(TAG_PREFIX);
  const former = new Set(formerKeys);
  const removed = actual.map((tag) => tag.Key!).filter((key) => former.has(key) && !isOurs(key));
  const set = wanted.filter(
    (tag) => !actual.some((present) => present.Key === tag.Key && present.Value === tag.Value),
  );

  const remaining = actual.map((tag) => tag.Key!).filter((key) => !removed.includes(key));
  const surplus = new Set([...remaining, ...wantedKeys]).size - MAX_TAGS;
  const expendable = remaining.filter((key) => !isOurs(key) && !key.startsWith('aws:'));
  return {
    set: set.map(({ Key, Value }) => ({ Key, Value })),
    removed: [...removed, ...expendable.slice(0, Math.max(0, surplus))],
  };
}
