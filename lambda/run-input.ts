import { InvalidRequest } from './errors';
import { show } from './event';
import { oneOf, type Run, wholeNumber } from './request';
import { type Deployed, type Source, sourceId, sourceWithId } from './source';
import {
  type ContractTag,
  MAX_RUN_TIMEOUT,
  MAX_TAG_KEY,
  MAX_TAG_VALUE,
  MAX_USER_TAGS,
  type RunInput,
  SCHEMA_VERSION,
  TAG_CHARACTERS,
  TAG_PREFIX,
} from '../src/private/contract';

/** A series is part of tags and of log lines. */
const MAX_NAME = 200;
/** In seconds. */
const DEFAULT_TIMEOUT = 43_200;
const MEMBERS = new Set<string>([
  'version',
  'source',
  'whenMissing',
  'series',
  'name',
  'tags',
  'timeout',
  'keepLast',
] satisfies ReadonlyArray<keyof RunInput>);

/**
 * What the input of an execution of the machine "runs" asks for. Its backups belong to the stack of the
 * provider and to a series, whose name no resource can have.
 *
 * @throws InvalidRequest
 */
export function runOf(input: unknown, execution: string, stackId: string): Run {
  const given = objectOf(input);
  const source = sourceIn(given.source);
  const series = nameIn('series', given.series, MAX_NAME) ?? sourceId(source).slice(-MAX_NAME);
  const { timeout = DEFAULT_TIMEOUT, whenMissing = 'FAIL', keepLast } = given;
  const kept =
    keepLast === undefined ? undefined : wholeNumber('keepLast', keepLast, 1, Number.MAX_SAFE_INTEGER);
  return {
    kind: 'run',
    type: 'Create',
    physicalId: '',
    stackId,
    requestId: execution,
    logicalId: `series/${series}`,
    skipsMissing: oneOf('whenMissing', whenMissing, ['FAIL', 'SKIP']) === 'SKIP',
    desired: {
      source,
      triggers: '',
      tags: tagsIn(given.tags, nameIn('name', given.name, MAX_TAG_VALUE) ?? series),
      timeout: wholeNumber('timeout', timeout, 60, MAX_RUN_TIMEOUT),
      removal: kept === undefined ? 'RETAIN' : `KEEP_LAST:${kept}`,
    },
  };
}

function objectOf(input: unknown): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidRequest(
      `the input is "${show(input)}"; it must be an object, such as {"source": "fs-0123456789abcdef0"}`,
    );
  }
  const given = input as Record<string, unknown>;
  const unknown = Object.keys(given).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined) {
    throw new InvalidRequest(`"${show(unknown)}" is not known: an input may have ${[...MEMBERS].join(', ')}`);
  }
  const version = given.version ?? SCHEMA_VERSION;
  oneOf('version', typeof version === 'number' ? String(version) : version, [SCHEMA_VERSION]);
  return given;
}

function sourceIn(source: unknown): Source | Deployed {
  const found = typeof source === 'string' ? sourceWithId(source) : undefined;
  if (found) return found;
  const { stack, logicalId, ...others } = Object(source) as Record<string, unknown>;
  const isDeployed =
    isMatch(stack, /^[A-Za-z][A-Za-z0-9-]{0,127}$/) &&
    isMatch(logicalId, /^[A-Za-z0-9]{1,255}$/) &&
    Object.keys(others).length === 0;
  if (isDeployed) return { stack: stack as string, logicalId: logicalId as string };
  throw new InvalidRequest(
    `source is "${show(source)}"; it must be the id of an FSx file system or ONTAP volume ` +
      '("fs-0123456789abcdef0", "fsvol-0123456789abcdef0"), or {"stack": the name of a stack, "logicalId": ' +
      'the logical id of the file system or volume in it}',
  );
}

function isMatch(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value);
}

function nameIn(member: string, value: unknown, longest: number): string | undefined {
  if (value === undefined) return undefined;
  if (isMatch(value, TAG_CHARACTERS) && value !== '' && (value as string).length <= longest) {
    return value as string;
  }
  throw new InvalidRequest(
    `${member} is "${show(value)}"; it must have 1 to ${longest} letters, digits, spaces and _.:/=+-@`,
  );
}

function tagsIn(tags: unknown = {}, Name: string): ContractTag[] {
  const isObject = typeof tags === 'object' && tags !== null && !Array.isArray(tags);
  if (!isObject || !Object.values(tags).every((value) => typeof value === 'string')) {
    throw new InvalidRequest(
      `tags is "${show(tags)}"; it must be an object of strings, such as {"team": "files"}`,
    );
  }
  const all = Object.entries({ Name, ...(tags as Record<string, string>) });
  all.forEach(checkTag);
  if (all.length <= MAX_USER_TAGS) return all.map(([Key, Value]) => ({ Key, Value }));
  throw new InvalidRequest(
    `tags has ${all.length} tags with Name; it may have ${MAX_USER_TAGS}, and the others that FSx allows ` +
      "are the library's",
  );
}

function checkTag([key, value]: [string, string]): void {
  if (/^aws:/i.test(key) || key.startsWith(TAG_PREFIX)) {
    throw new InvalidRequest(`tags has "${show(key)}", which is reserved: use another key`);
  }
  const fits = key.length >= 1 && key.length <= MAX_TAG_KEY && value.length <= MAX_TAG_VALUE;
  if (fits && TAG_CHARACTERS.test(key + value)) return;
  throw new InvalidRequest(
    `tags has "${show([key, value])}"; a key may have 1 to ${MAX_TAG_KEY} letters, digits, spaces and ` +
      `_.:/=+-@, and a value ${MAX_TAG_VALUE}`,
  );
}
