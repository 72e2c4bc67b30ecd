import { BackupProperties, ContractTag, MAX_SERVICE_TIMEOUT, SCHEMA_VERSION } from '../src/private/contract';

/** What CloudFormation sends. */
export interface CloudFormationEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
}

/** What is backed up: exactly one of the two. */
export type Source = { readonly fileSystemId: string } | { readonly volumeId: string };

/** The resource's properties, checked and typed. */
export interface Wanted {
  readonly source: Source;
  readonly tags: readonly ContractTag[];
  readonly waitUntil: BackupProperties['WaitUntil'];
  readonly timeoutSeconds: number;
  readonly removalPolicy: BackupProperties['RemovalPolicy'];
  readonly stateMachineArn: string;
}

/** The properties cannot be used; the message is for the person who deploys. */
export class InvalidProperties extends Error {}

export function isCloudFormationEvent(input: any): input is CloudFormationEvent {
  return typeof input?.RequestType === 'string' && typeof input.ResponseURL === 'string' && typeof input.RequestId === 'string';
}

export function sourceId(source: Source): string {
  return 'volumeId' in source ? source.volumeId : source.fileSystemId;
}

export function parseProperties(properties: Record<string, unknown> | undefined): Wanted {
  const given = (properties ?? {}) as Partial<Record<keyof BackupProperties, unknown>>;
  if (given.SchemaVersion !== SCHEMA_VERSION) {
    throw new InvalidProperties(
      `the resource's properties have schema version "${show(given.SchemaVersion)}", and this handler knows version ${SCHEMA_VERSION}; `
      + 'deploy with a version of cdk-fsx-backup that is at least as new as the one the stack was last deployed with');
  }
  return {
    source: parseSource(given.FileSystemId, given.VolumeId),
    tags: parseTags(given.Tags),
    waitUntil: oneOf('WaitUntil', given.WaitUntil, ['AVAILABLE', 'STARTED']),
    timeoutSeconds: parseTimeout(given.TimeoutSeconds),
    removalPolicy: oneOf('RemovalPolicy', given.RemovalPolicy, ['RETAIN', 'DESTROY']),
    stateMachineArn: parseStateMachineArn(given.StateMachineArn),
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

function parseSource(fileSystemId: unknown, volumeId: unknown): Source {
  if ((fileSystemId === undefined) === (volumeId === undefined)) {
    throw new InvalidProperties('exactly one of FileSystemId and VolumeId must be given');
  }
  if (fileSystemId !== undefined) {
    if (typeof fileSystemId === 'string' && /^fs-[0-9a-f]{8,18}$/.test(fileSystemId)) return { fileSystemId };
    throw new InvalidProperties(`"${show(fileSystemId)}" is not the id of an FSx file system (fs-0123456789abcdef0); check what the source resolves to`);
  }
  if (typeof volumeId === 'string' && /^fsvol-[0-9a-f]{17}$/.test(volumeId)) return { volumeId };
  throw new InvalidProperties(`"${show(volumeId)}" is not the id of an FSx volume (fsvol-0123456789abcdef0); check what the source resolves to`);
}

function parseTags(tags: unknown): ContractTag[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags)) throw new InvalidProperties('Tags must be a list of Key and Value');
  return tags.map((tag) => {
    if (typeof tag?.Key !== 'string' || typeof tag.Value !== 'string') throw new InvalidProperties(`"${show(tag)}" is not a tag; it needs Key and Value`);
    return { Key: tag.Key, Value: tag.Value };
  });
}

function parseTimeout(value: unknown): number {
  const seconds = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (seconds >= 1 && seconds <= MAX_SERVICE_TIMEOUT) return seconds;
  throw new InvalidProperties(`TimeoutSeconds is "${show(value)}"; it must be a whole number from 1 to ${MAX_SERVICE_TIMEOUT}`);
}

function parseStateMachineArn(value: unknown): string {
  if (typeof value === 'string' && /^arn:[^:]+:states:/.test(value)) return value;
  throw new InvalidProperties(`StateMachineArn is "${show(value)}"; it must be the ARN of the provider's state machine`);
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidProperties(`${name} is "${show(value)}"; it must be ${allowed.join(' or ')}`);
}

function show(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value) ?? 'missing').slice(0, 80);
}
