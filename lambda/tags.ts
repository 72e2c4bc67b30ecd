import type { Backup, Tag } from '@aws-sdk/client-fsx';
import type { Desired } from './request';
import { type ContractTag, TAG_PREFIX } from '../src/private/contract';
import { MAX_TAG_VALUE, MAX_TAGS } from '../src/private/rules';

/** How a time is written at the end of a name. */
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\dZ$/;

/** The user's tags, as a backup of this time carries them. */
export function tagsAt({ tags, isNameTimed }: Desired, time: string | undefined): readonly ContractTag[] {
  if (!isNameTimed || time === undefined) return tags;
  return tags.map(({ Key, Value }) => ({ Key, Value: Key === 'Name' ? named(Value, time) : Value }));
}

/** The end of a name says most. A character whose first half is cut off goes. */
function named(name: string, time: string): string {
  const end = name.slice(time.length + 1 - MAX_TAG_VALUE).replace(/^[\uDC00-\uDFFF]/, '');
  return `${end} ${time}`;
}

/** In minutes, such as `2026-11-02T09:00Z`. */
export function timeInName(time: Date | undefined): string | undefined {
  return time && `${time.toISOString().slice(0, 16)}Z`;
}

/** The time in the name of a backup; if there is none, when the backup was created. */
export function timeOfName({ Tags = [], CreationTime }: Backup): string | undefined {
  const name = Tags.find(({ Key }) => Key === 'Name')?.Value ?? '';
  return TIME.exec(name)?.[0] ?? timeInName(CreationTime);
}

/**
 * The tags of a new backup. FSx copies the source's tags only to a backup that is requested without any, and
 * ours always have some; so they are copied here. The user's tags and the library's win, and the source's
 * fill the room that is left. One is left for `hold`.
 */
export function tagsOfNew(
  source: readonly Tag[],
  user: readonly ContractTag[],
  own: readonly Tag[],
): { tags: Tag[]; dropped: string[] } {
  const given = [...own, ...user];
  const keys = new Set(given.map((tag) => tag.Key));
  const copyable = source.filter(
    ({ Key }) => !keys.has(Key!) && !Key!.startsWith('aws:') && !Key!.startsWith(TAG_PREFIX),
  );
  const room = Math.max(0, MAX_TAGS - 1 - given.length);
  return {
    tags: [...given, ...copyable.slice(0, room)],
    dropped: copyable.slice(room).map((tag) => tag.Key!),
  };
}

/**
 * What to change so that a backup carries the desired tags, and no longer those that the user gave it before.
 * Tags that were copied from the source stay while there is room; the library's are never touched.
 */
export function tagChanges(
  actual: readonly Tag[],
  desired: readonly ContractTag[],
  formerKeys: readonly string[],
): { set: Tag[]; removed: string[] } {
  const desiredKeys = new Set(desired.map((tag) => tag.Key));
  const isOurs = (key: string) => desiredKeys.has(key) || key.startsWith(TAG_PREFIX);
  const keys = actual.map((tag) => tag.Key!);
  const removed = keys.filter((key) => formerKeys.includes(key) && !isOurs(key));
  const set = desired.filter(
    (tag) => !actual.some((present) => present.Key === tag.Key && present.Value === tag.Value),
  );

  const remaining = keys.filter((key) => !removed.includes(key));
  const surplus = new Set([...remaining, ...desiredKeys]).size - MAX_TAGS;
  const expendable = remaining.filter((key) => !isOurs(key) && !key.startsWith('aws:'));
  return { set, removed: [...removed, ...expendable.slice(0, Math.max(0, surplus))] };
}
