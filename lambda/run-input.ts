import { check, isText, LOGICAL_ID, oneOf, show, wholeNumber } from './readers';
import { kept, type Run } from './request';
import type { Asked } from './response';
import { type Deployed, type Source, sourceId, sourceWithId } from './source';
import {
  type ContractTag,
  MAX_RUN_TIMEOUT,
  RUN_TIMEOUT,
  type RunInput,
  SCHEMA_VERSION,
  TAG_PREFIX,
} from '../src/private/contract';
import { MAX_TAG_KEY, MAX_TAG_VALUE, MAX_USER_TAGS, TAG_CHARACTERS } from '../src/private/rules';

/** A series is part of tags and of log lines. */
const MAX_NAME = 200;
const MEMBERS: readonly string[] = [
  'version',
  'source',
  'whenMissing',
  'series',
  'name',
  'tags',
  'timeout',
  'keepLast',
] satisfies ReadonlyArray<keyof RunInput>;

/**
 * What the input of an execution of the machine "runs" asks for. Its backups belong to the stack of the
 * provider and to a series, whose name no resource can have.
 *
 * @throws InvalidRequest
 */
export function runOf(input: unknown, asked: Asked): Run {
  const given = membersOf(input);
  const { timeout = RUN_TIMEOUT, whenMissing = 'FAIL', tags = {}, keepLast } = given;
  const source = sourceIn(given.source);
  const series = nameIn('series', given.series, MAX_NAME) ?? sourceId(source).slice(-MAX_NAME);
  const removal = kept('keepLast', keepLast);
  const name = nameIn('name', given.name, MAX_TAG_VALUE);
  return {
    ...asked,
    kind: 'run',
    logicalId: `series/${series}`,
    skipsMissing: oneOf('whenMissing', whenMissing, ['FAIL', 'SKIP']) === 'SKIP',
    desired: {
      source,
      triggers: '',
      tags: tagsIn(tags, name ?? series),
      isNameTimed: name === undefined && Object(tags).Name === undefined,
      timeout: wholeNumber('timeout', timeout, 60, MAX_RUN_TIMEOUT),
      removal,
    },
  };
}

function membersOf(input: unknown): Record<string, unknown> {
  check(
    isObject(input),
    `the input is "${show(input)}"; it must be an object, such as {"source": "fs-0123456789abcdef0"}`,
  );
  const unknown = Object.keys(input).find((member) => !MEMBERS.includes(member));
  check(unknown === undefined, `"${show(unknown)}" is not known: an input may have ${MEMBERS.join(', ')}`);
  const version = input.version ?? SCHEMA_VERSION;
  oneOf('version', typeof version === 'number' ? String(version) : version, [SCHEMA_VERSION]);
  return input;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sourceIn(given: unknown): Source | Deployed {
  const source = sourceWithId(given);
  if (source) return source;
  const { stack, logicalId, ...others } = Object(given) as Record<string, unknown>;
  const isStack = isText(stack, /^[A-Za-z][A-Za-z0-9-]{0,127}$/);
  check(
    isStack && isText(logicalId, LOGICAL_ID) && Object.keys(others).length === 0,
    `source is "${show(given)}"; it must be the id of an FSx file system or ONTAP volume ` +
      '("fs-0123456789abcdef0", "fsvol-0123456789abcdef0"), or {"stack": the name of a stack, "logicalId": ' +
      'the logical id of the file system or volume in it}',
  );
  return { stack, logicalId };
}

function nameIn(member: string, name: unknown, longest: number): string | undefined {
  if (name === undefined) return undefined;
  check(
    isTagText(name, longest) && name !== '',
    `${member} is "${show(name)}"; it must have 1 to ${longest} letters, digits, spaces and _.:/=+-@`,
  );
  return name;
}

function isTagText(value: unknown, longest: number): value is string {
  return isText(value, TAG_CHARACTERS) && value.length <= longest;
}

function tagsIn(tags: unknown, Name: string): ContractTag[] {
  check(
    isObject(tags) && Object.values(tags).every((value) => typeof value === 'string'),
    `tags is "${show(tags)}"; it must be an object of strings, such as {"team": "files"}`,
  );
  const all = Object.entries({ Name, ...(tags as Record<string, string>) });
  all.forEach(checkTag);
  check(
    all.length <= MAX_USER_TAGS,
    `tags has ${all.length} tags with Name; it may have ${MAX_USER_TAGS}, and the others that FSx allows ` +
      "are the library's",
  );
  return all.map(([Key, Value]) => ({ Key, Value }));
}

function checkTag([key, value]: [string, string]): void {
  const isReserved = /^aws:/i.test(key) || key.startsWith(TAG_PREFIX);
  check(!isReserved, `tags has "${show(key)}", which is reserved: use another key`);
  check(
    isTagText(key, MAX_TAG_KEY) && key !== '' && isTagText(value, MAX_TAG_VALUE),
    `tags has "${show([key, value])}"; a key may have 1 to ${MAX_TAG_KEY} letters, digits, spaces and ` +
      `_.:/=+-@, and a value ${MAX_TAG_VALUE}`,
  );
}
