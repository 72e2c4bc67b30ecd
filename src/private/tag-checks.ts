import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { TAG_PREFIX } from './contract';
import { MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS, MAX_USER_TAGS, TAG_CHARACTERS } from './rules';
import { checkText } from './type-checks';

/** The value of a trigger that is part of a name has at most this many characters. */
const MAX_IN_NAME = 40;

export function checkName(name: string): string {
  checkText('backupName', name);
  const problem = Token.isUnresolved(name)
    ? undefined
    : name.length < 1 || name.length > MAX_TAG_VALUE
      ? `has ${name.length} characters: it must have 1 to ${MAX_TAG_VALUE}`
      : TAG_CHARACTERS.test(name)
        ? undefined
        : 'has other characters than letters, digits, spaces and _.:/=+-@';
  if (problem === undefined) return name;
  throw new Error(`backupName "${name.slice(0, 60)}" ${problem}`);
}

/** Whether the value of a trigger may be part of a name. */
export function isShortText(value: string): boolean {
  return !Token.isUnresolved(value) && value.length <= MAX_IN_NAME && TAG_CHARACTERS.test(value);
}

/** The path of a backup and the values of its triggers. The end says most. */
export function defaultName(backup: IConstruct, values: readonly string[]): string {
  const end = [withTagCharacters(backup.node.path), ...values].join(' ').slice(-MAX_TAG_VALUE);
  return end.replace(/^[\uDC00-\uDFFF]/, ''); // the second half of a character whose first half is cut off
}

/** Others become hyphens. */
export function withTagCharacters(text: string): string {
  return [...text].map((character) => (TAG_CHARACTERS.test(character) ? character : '-')).join('');
}

/** What is wrong with the tags of a backup, as far as it is known before deployment. */
export function tagProblems(tags: Record<string, string>): string[] {
  const problems = Object.entries(tags).flatMap(([key, value]) => [
    ...keyProblems(key),
    ...valueProblems(key, value),
  ]);
  const count = Object.keys(tags).length;
  if (count > MAX_USER_TAGS) {
    problems.push(
      `the backup has ${count} tags, and may have ${MAX_USER_TAGS}: FSx allows ${MAX_TAGS}, and ` +
        `${MAX_TAGS - MAX_USER_TAGS} are the library's. Remove some, or exclude inherited ones with ` +
        'Tags.of(backup).remove(key)',
    );
  }
  return problems;
}

function keyProblems(key: string): string[] {
  if (Token.isUnresolved(key)) return [];
  if (/^aws:/i.test(key)) {
    return [`tag "${key}": keys that begin with "aws:" are reserved by AWS; use another key`];
  }
  if (key.startsWith(TAG_PREFIX)) {
    return [`tag "${key}": keys that begin with "${TAG_PREFIX}" are the library's; use another key`];
  }
  if (key.length < 1 || key.length > MAX_TAG_KEY) {
    return [
      `tag "${key.slice(0, 60)}": the key has ${key.length} characters; it must have 1 to ${MAX_TAG_KEY}`,
    ];
  }
  return TAG_CHARACTERS.test(key)
    ? []
    : [`tag "${key}": the key may have letters, digits, spaces and _.:/=+-@ only`];
}

function valueProblems(key: string, value: string): string[] {
  if (Token.isUnresolved(value)) return [];
  if (value.length > MAX_TAG_VALUE) {
    return [`tag "${key}": the value has ${value.length} characters; it may have ${MAX_TAG_VALUE}`];
  }
  return TAG_CHARACTERS.test(value)
    ? []
    : [`tag "${key}": the value "${value.slice(0, 60)}" may have letters, digits, spaces and _.:/=+-@ only`];
}
