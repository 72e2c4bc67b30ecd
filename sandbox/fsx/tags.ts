import { AwsError } from '../endpoint';

export type Tags = Map<string, string>;
export type TagList = Array<{ Key: string; Value: string }>;

const MOST = 50;

export function fromList(list: TagList | undefined): Tags {
  return new Map((list ?? []).map(({ Key, Value }) => [Key, Value]));
}

/** The model knows no empty list of tags: none is no member. */
export function toList(tags: Tags): TagList | undefined {
  return tags.size === 0 ? undefined : [...tags].map(([Key, Value]) => ({ Key, Value }));
}

/** Refuse what a caller may not ask for, beyond what the model says. */
export function assertTaggable(list: TagList | undefined): void {
  const keys = (list ?? []).map(({ Key }) => Key);
  assertNotReserved(keys);
  const twice = keys.find((key, index) => keys.indexOf(key) < index);
  if (twice !== undefined) throw new AwsError('BadRequest', `The tag key ${twice} is given more than once.`);
}

export function assertNotReserved(keys: string[]): void {
  const reserved = keys.find((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined) {
    throw new AwsError('BadRequest', `Tag keys that start with aws: are reserved for AWS: ${reserved}.`);
  }
}

export function assertRoom(tags: Tags): void {
  const count = withoutReserved(tags).size;
  if (count > MOST) {
    throw new AwsError('BadRequest', `A resource has at most ${MOST} tags; it would have ${count}.`);
  }
}

/** AWS's own tags are neither counted nor copied. */
export function withoutReserved(tags: Tags): Tags {
  return new Map([...tags].filter(([key]) => !key.startsWith('aws:')));
}
