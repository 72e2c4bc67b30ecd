import {
  BackupProperties,
  ContractTag,
  FINAL_RESOURCE_TYPE,
  MAX_WAIT_CONDITION_TIMEOUT,
  SCHEMA_VERSION,
} from '../src/private/contract';

/** What CloudFormation sends. */
export interface CloudFormationEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  /** None where it was not CloudFormation that asked (execution-input.ts). */
  readonly ResponseURL?: string;
  readonly ResourceType?: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
}

/** What is backed up: exactly one of the two. */
export type Source = { readonly fileSystemId: string } | { readonly volumeId: string };

/** What a stack has deployed under a logical id. */
export interface Deployed {
  readonly logicalId: string;
  /** The name of the stack, if it is not the one that asks. */
  readonly stack?: string;
}

/** The resource's properties, checked and typed. */
export interface Wanted {
  readonly source: Source | Deployed;
  readonly triggers: readonly string[];
  readonly tags: readonly ContractTag[];
  readonly waitUntil: BackupProperties['WaitUntil'];
  readonly timeoutSeconds: number;
  readonly waitHandle?: string;
  readonly waitCondition?: string;
  readonly removalPolicy: BackupProperties['RemovalPolicy'];
  readonly keepLast?: number;
}

/** The properties cannot be used; the message is for the person who deploys. */
export class InvalidProperties extends Error {}

/** It says what it asks for, and where an answer may go to. */
export function isCloudFormationEvent(input: any): input is CloudFormationEvent {
  const url = input?.ResponseURL;
  return (
    typeof input?.RequestType === 'string' &&
    typeof input.RequestId === 'string' &&
    typeof url === 'string' &&
    /^https?:/.test(url) &&
    URL.canParse(url)
  );
}

/** How what CloudFormation sends looks. */
const FORMS = {
  RequestType: /^(Create|Update|Delete)$/,
  StackId: /^arn:[!-~]{1,500}$/,
  RequestId: /^[\w-]{1,128}$/,
  LogicalResourceId: /^[A-Za-z0-9]{1,255}$/,
  PhysicalResourceId: /^[ -~]{1,1024}$/,
};

/**
 * The event, such that it can be answered at least; and what is wrong with it, if CloudFormation would not
 * send it.
 */
export function checked(event: CloudFormationEvent): { event: CloudFormationEvent; problem?: string } {
  const given: Record<string, unknown> = { ...event };
  const forms = Object.entries(FORMS).filter(
    ([field]) => event.RequestType !== 'Create' || field !== 'PhysicalResourceId',
  );
  const odd = forms
    .filter(([field, form]) => typeof given[field] !== 'string' || !form.test(given[field]))
    .map(([field]) => [field, show(given[field]) || 'empty']);
  if (odd.length === 0) return { event };
  return {
    event: { ...event, ...Object.fromEntries(odd) },
    problem: odd.map(([field, shown]) => `${field} is "${shown}"`).join(', '),
  };
}

/** Whether it is not CloudFormation that asked. */
export function isOutside(event: CloudFormationEvent): boolean {
  return event.ResponseURL === undefined;
}

/** Whether the event is about a backup that is taken at deletion. */
export function isFinal(event: CloudFormationEvent): boolean {
  return event.ResourceType === FINAL_RESOURCE_TYPE;
}

export function sourceId(source: Source | Deployed): string {
  if (isDeployed(source)) {
    return source.stack === undefined ? source.logicalId : `${source.stack}/${source.logicalId}`;
  }
  return 'volumeId' in source ? source.volumeId : source.fileSystemId;
}

export function isDeployed(source: Source | Deployed): source is Deployed {
  return 'logicalId' in source;
}

/** The source with this id, if it is one. */
export function sourceWithId(id: string): Source | undefined {
  if (/^fs-[0-9a-f]{8,18}$/.test(id)) return { fileSystemId: id };
  return /^fsvol-[0-9a-f]{17}$/.test(id) ? { volumeId: id } : undefined;
}

export function parseProperties(properties: Record<string, unknown> | undefined): Wanted {
  const given = (properties ?? {}) as Partial<Record<keyof BackupProperties, unknown>>;
  if (given.SchemaVersion !== SCHEMA_VERSION) {
    throw new InvalidProperties(
      `the resource's properties have schema version "${show(given.SchemaVersion)}", and this handler ` +
        `knows version ${SCHEMA_VERSION}; deploy with a version of cdk-fsx-backup that is at least as new ` +
        'as the one the stack was last deployed with',
    );
  }
  checkStateMachineArn(given.StateMachineArn);
  return {
    source: parseSource(given),
    triggers: parseTriggers(given.Triggers),
    tags: parseTags(given.Tags),
    waitUntil: oneOf('WaitUntil', given.WaitUntil, ['AVAILABLE', 'STARTED']),
    timeoutSeconds: wholeNumber('TimeoutSeconds', given.TimeoutSeconds, 1, MAX_WAIT_CONDITION_TIMEOUT),
    waitHandle: given.WaitHandle === undefined ? undefined : parseUrl(given.WaitHandle),
    waitCondition: given.WaitCondition === undefined ? undefined : parseLogicalId(given.WaitCondition),
    removalPolicy: oneOf('RemovalPolicy', given.RemovalPolicy, ['RETAIN', 'DESTROY']),
    keepLast:
      given.KeepLast === undefined
        ? undefined
        : wholeNumber('KeepLast', given.KeepLast, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** The properties before an update; undefined where a version wrote them that this handler does not know. */
export function oldProperties(event: CloudFormationEvent): Wanted | undefined {
  try {
    return parseProperties(event.OldResourceProperties);
  } catch {
    return undefined;
  }
}

export function isBackupId(id: string): boolean {
  return /^backup-[0-9a-f]{8,}$/.test(id);
}

function parseSource(given: Partial<Record<keyof BackupProperties, unknown>>): Source | Deployed {
  const { FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume } = given;
  if (
    [FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume].filter((value) => value !== undefined)
      .length !== 1
  ) {
    throw new InvalidProperties(
      'exactly one of FileSystemId, VolumeId, DeployedFileSystem and DeployedVolume must be given',
    );
  }
  const logicalId = DeployedFileSystem ?? DeployedVolume;
  if (logicalId !== undefined) return { logicalId: parseLogicalId(logicalId) };
  const id = FileSystemId ?? VolumeId;
  const source = typeof id === 'string' ? sourceWithId(id) : undefined;
  if (source && 'fileSystemId' in source === (FileSystemId !== undefined)) return source;
  const expected =
    FileSystemId === undefined ? 'volume (fsvol-0123456789abcdef0)' : 'file system (fs-0123456789abcdef0)';
  throw new InvalidProperties(
    `"${show(id)}" is not the id of an FSx ${expected}; check what the source resolves to`,
  );
}

function parseLogicalId(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9]{1,255}$/.test(value)) return value;
  throw new InvalidProperties(`"${show(value)}" is not the logical id of a resource`);
}

function parseTriggers(triggers: unknown): string[] {
  if (triggers === undefined) return [];
  if (Array.isArray(triggers) && triggers.every((trigger) => typeof trigger === 'string')) return triggers;
  throw new InvalidProperties(`Triggers is "${show(triggers)}"; it must be a list of strings`);
}

function parseTags(tags: unknown): ContractTag[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags)) throw new InvalidProperties('Tags must be a list of Key and Value');
  return tags.map((tag) => {
    if (typeof tag?.Key !== 'string' || typeof tag.Value !== 'string') {
      throw new InvalidProperties(`"${show(tag)}" is not a tag; it needs Key and Value`);
    }
    return { Key: tag.Key, Value: tag.Value };
  });
}

/** CloudFormation makes strings of numbers, and so do templates. */
export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= least && (number as number) <= most) {
    return number as number;
  }
  throw new InvalidProperties(
    `${name} is "${show(value)}"; it must be a whole number from ${least} to ${most}`,
  );
}

/** It is signed, so it must not be shown. */
function parseUrl(value: unknown): string {
  if (typeof value === 'string' && value.startsWith('http')) return value;
  throw new InvalidProperties('WaitHandle must be the URL of a wait condition handle');
}

function checkStateMachineArn(value: unknown): void {
  if (typeof value === 'string' && /^arn:[^:]+:states:/.test(value)) return;
  throw new InvalidProperties(
    `StateMachineArn is "${show(value)}"; it must be the ARN of the provider's state machine`,
  );
}

export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidProperties(`${name} is "${show(value)}"; it must be ${allowed.join(' or ')}`);
}

export function show(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')).slice(0, 80);
}
