import {
  CloudFormationEvent,
  Deployed,
  InvalidProperties,
  oneOf,
  show,
  Source,
  sourceId,
  sourceWithId,
  Wanted,
  wholeNumber,
} from './request';
import {
  ContractTag,
  type ExecutionInput,
  IDENTITY_TAG,
  MAX_EXECUTION_TIMEOUT,
  MAX_TAG_KEY,
  MAX_TAG_VALUE,
  MAX_TAGS,
  SCHEMA_VERSION,
  TAG_CHARACTERS,
  TAG_PREFIX,
} from '../src/private/contract';

/*
 * An execution of the state machine that somebody starts: a pipeline, an operator, a script. It becomes a
 * request like those of CloudFormation, to create a backup, and nobody but the execution waits for the
 * answer.
 */

/** What the state machine makes of an input that it was started with. */
export interface Started {
  readonly input: unknown;
  /** The ARN of the execution. */
  readonly execution: string;
  /** When it was started, in ISO 8601. */
  readonly startTime: string;
}

/** A series, or a run, is part of tags and of log lines. */
const MAX_NAME = 200;
/** In seconds. Somebody who cares says how long. */
const DEFAULT_TIMEOUT = 43_200;
const MEMBERS = new Set<string>([
  'version',
  'source',
  'series',
  'run',
  'name',
  'tags',
  'timeout',
  'waitUntil',
  'keepLast',
] satisfies ReadonlyArray<keyof ExecutionInput>);

export function requestOf({ input, execution }: Started, stackId: string): CloudFormationEvent {
  const properties = objectOf(input);
  const { source } = wantedBy(properties);
  checkName('run', properties.run);
  return {
    RequestType: 'Create',
    StackId: stackId,
    RequestId: execution,
    // Not the logical id of any resource: those have letters and digits only.
    LogicalResourceId: `series/${seriesIn(properties, source)}`,
    ResourceProperties: { ...properties, run: properties.run ?? execution },
  };
}

/** What the input asks for. */
export function wantedBy(input: Record<string, unknown>): Wanted {
  const unknown = Object.keys(input).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined) {
    throw new InvalidProperties(
      `"${show(unknown)}" is not known: an input may have ${[...MEMBERS].join(', ')}`,
    );
  }
  oneOf(
    'version',
    input.version === Number(SCHEMA_VERSION) ? SCHEMA_VERSION : (input.version ?? SCHEMA_VERSION),
    [SCHEMA_VERSION],
  );
  const source = sourceIn(input.source);
  return {
    source,
    triggers: [`run:${input.run}`],
    tags: tagsIn(input.tags, checkName('name', input.name, MAX_TAG_VALUE) ?? seriesIn(input, source)),
    waitUntil: oneOf('waitUntil', input.waitUntil ?? 'AVAILABLE', ['AVAILABLE', 'STARTED']),
    timeoutSeconds: wholeNumber('timeout', input.timeout ?? DEFAULT_TIMEOUT, 60, MAX_EXECUTION_TIMEOUT),
    removalPolicy: 'RETAIN',
    keepLast:
      input.keepLast === undefined
        ? undefined
        : wholeNumber('keepLast', input.keepLast, 1, Number.MAX_SAFE_INTEGER),
  };
}

function seriesIn({ series }: Record<string, unknown>, source: Source | Deployed): string {
  return checkName('series', series) ?? sourceId(source).slice(-MAX_NAME);
}

function objectOf(input: unknown): Record<string, unknown> {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return input as Record<string, unknown>;
  }
  throw new InvalidProperties(
    `the input is "${show(input)}"; it must be an object, such as {"source": "fs-0123456789abcdef0"}`,
  );
}

function sourceIn(source: unknown): Source | Deployed {
  const found = typeof source === 'string' ? sourceWithId(source) : undefined;
  if (found) return found;
  const { stack, logicalId, ...others } = (
    typeof source === 'object' && source !== null ? source : {}
  ) as Record<string, unknown>;
  const isDeployed =
    typeof stack === 'string' &&
    /^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stack) &&
    typeof logicalId === 'string' &&
    /^[A-Za-z0-9]{1,255}$/.test(logicalId) &&
    Object.keys(others).length === 0;
  if (isDeployed) return { stack: stack as string, logicalId: logicalId as string };
  throw new InvalidProperties(
    `source is "${show(source)}"; it must be the id of an FSx file system or ONTAP volume ` +
      '("fs-0123456789abcdef0", "fsvol-0123456789abcdef0"), or {"stack": the name of a stack, "logicalId": ' +
      'that of the file system or volume in it}',
  );
}

function checkName(member: string, value: unknown, longest = MAX_NAME): string | undefined {
  if (value === undefined) return undefined;
  if (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= longest &&
    TAG_CHARACTERS.test(value)
  ) {
    return value;
  }
  throw new InvalidProperties(
    `${member} is "${show(value)}"; it must have 1 to ${longest} letters, digits, spaces and _.:/=+-@`,
  );
}

function tagsIn(tags: unknown, Name: string): ContractTag[] {
  const given = tags === undefined ? {} : objectOfStrings(tags);
  const reserved = Object.keys(given).find((key) => /^aws:/i.test(key) || key.startsWith(TAG_PREFIX));
  if (reserved !== undefined) {
    throw new InvalidProperties(`tags has "${show(reserved)}", which is reserved: use another key`);
  }
  const wrong = Object.entries(given).find(([key, value]) => {
    return (
      key.length < 1 ||
      key.length > MAX_TAG_KEY ||
      value.length > MAX_TAG_VALUE ||
      !TAG_CHARACTERS.test(key + value)
    );
  });
  if (wrong) {
    throw new InvalidProperties(
      `tags has "${show(wrong)}"; a key may have 1 to ${MAX_TAG_KEY} letters, digits, spaces and ` +
        `_.:/=+-@, and a value ${MAX_TAG_VALUE}`,
    );
  }
  const all = Object.entries({ Name, ...given }).map(([Key, Value]) => ({ Key, Value }));
  const own = Object.keys(IDENTITY_TAG).length;
  if (all.length > MAX_TAGS - own) {
    throw new InvalidProperties(
      `tags has ${all.length} tags with Name; it may have ${MAX_TAGS - own}: FSx allows ${MAX_TAGS}, ` +
        `and ${own} say whose backup it is`,
    );
  }
  return all;
}

function objectOfStrings(value: unknown): Record<string, string> {
  const isValid =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((member) => typeof member === 'string');
  if (isValid) return value as Record<string, string>;
  throw new InvalidProperties(
    `tags is "${show(value)}"; it must be an object of strings, such as {"team": "files"}`,
  );
}
