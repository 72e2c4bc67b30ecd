import { InvalidRequest } from './errors';
import { type CloudFormationEvent, show } from './event';
import { generationOf, type Removal } from './identity';
import type { Address } from './response';
import { type Deployed, type Source, sourceId, sourceWithId } from './source';
import {
  type ContractTag,
  CONTINUATION_TYPE,
  FINAL_RESOURCE_TYPE,
  MAX_BACKUP_TIMEOUT,
  SCHEMA_VERSION,
} from '../src/private/contract';

/** The desired properties of a resource, or what the input of a run asks for. */
export interface Desired {
  readonly source: Source | Deployed;
  /** The hash of the trigger values. */
  readonly triggers: string;
  readonly tags: readonly ContractTag[];
  /** In seconds. */
  readonly timeout: number;
  readonly removal: Removal;
}

/** What the link before a continuation told. */
export interface Told {
  readonly backupId: string;
  readonly lifecycle: string;
  readonly createdAt: number;
  /** In seconds. */
  readonly timeout: number;
}

interface Common extends Address {
  readonly type: 'Create' | 'Update' | 'Delete';
  /** Empty in a Create. */
  readonly physicalId: string;
}

/** CloudFormation deploys an `FsxBackup`. `former` is undefined if this version cannot read it. */
export interface Deployment extends Common {
  readonly kind: 'backup';
  readonly desired: Desired;
  readonly former?: Desired;
}

/** CloudFormation deploys a link of the chain behind one. */
export interface Continuation extends Common {
  readonly kind: 'continuation';
  readonly told: Told;
  readonly formerBackupId?: string;
}

/** CloudFormation deploys or deletes an `FsxFinalBackup`. */
export interface FinalBackup extends Common {
  readonly kind: 'final';
  readonly desired: Desired;
}

/** A pipeline or a person asks. */
export interface Run extends Address {
  readonly kind: 'run';
  readonly type: 'Create';
  readonly physicalId: '';
  readonly desired: Desired;
  readonly skipsMissing: boolean;
}

export type Request = Deployment | Continuation | FinalBackup | Run;

/** @throws InvalidRequest */
export function requestOf(event: CloudFormationEvent): Deployment | Continuation | FinalBackup {
  const common = {
    type: event.RequestType,
    stackId: event.StackId,
    requestId: event.RequestId,
    logicalId: event.LogicalResourceId,
    physicalId: event.PhysicalResourceId ?? '',
  };
  const { ResourceProperties, OldResourceProperties } = event;
  if (event.ResourceType === CONTINUATION_TYPE) {
    const formerBackupId = OldResourceProperties?.BackupId;
    return {
      ...common,
      kind: 'continuation',
      told: parseTold(ResourceProperties),
      formerBackupId: typeof formerBackupId === 'string' ? formerBackupId : undefined,
    };
  }
  const desired = parseDesired(ResourceProperties);
  if (event.ResourceType === FINAL_RESOURCE_TYPE) return { ...common, kind: 'final', desired };
  return { ...common, kind: 'backup', desired, former: parseFormer(OldResourceProperties) };
}

export function isBackupId(id: string): boolean {
  return /^backup-[0-9a-f]{8,}$/.test(id);
}

function parseDesired(given: Record<string, unknown>): Desired {
  checkVersion(given.SchemaVersion);
  return {
    source: parseSource(given),
    triggers: parseTriggers(given.Triggers),
    tags: parseTags(given.Tags),
    timeout: wholeNumber('TimeoutSeconds', given.TimeoutSeconds, 1, MAX_BACKUP_TIMEOUT),
    removal: parseRemoval(given),
  };
}

function parseFormer(properties: Record<string, unknown> | undefined): Desired | undefined {
  try {
    return properties && parseDesired(properties);
  } catch {
    return undefined;
  }
}

function parseTold(given: Record<string, unknown>): Told {
  checkVersion(given.SchemaVersion);
  const { BackupId, BackupLifecycle, BackupCreationTime } = given;
  const isId = typeof BackupId === 'string' && /^[ -~]{1,1024}$/.test(BackupId);
  if (!isId || typeof BackupLifecycle !== 'string') {
    throw new InvalidRequest(`BackupId is "${show(BackupId)}", and must be that of the resource before`);
  }
  return {
    backupId: BackupId,
    lifecycle: BackupLifecycle,
    createdAt: Date.parse(String(BackupCreationTime)),
    timeout: wholeNumber('TimeoutSeconds', given.TimeoutSeconds, 1, MAX_BACKUP_TIMEOUT),
  };
}

function checkVersion(version: unknown): void {
  if (version === SCHEMA_VERSION) return;
  throw new InvalidRequest(
    `the resource's properties have schema version "${show(version)}", and this handler knows version ` +
      `${SCHEMA_VERSION}; deploy with a version of cdk-fsx-backup that is at least as new as the one the ` +
      'stack was last deployed with',
  );
}

function parseSource(given: Record<string, unknown>): Source | Deployed {
  const { FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume } = given;
  const all = [FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume];
  if (all.filter((value) => value !== undefined).length !== 1) {
    throw new InvalidRequest(
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
  throw new InvalidRequest(
    `"${show(id)}" is not the id of an FSx ${expected}; check what the source resolves to`,
  );
}

function parseLogicalId(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9]{1,255}$/.test(value)) return value;
  throw new InvalidRequest(`"${show(value)}" is not the logical id of a resource`);
}

function parseTriggers(triggers: unknown): string {
  if (triggers === undefined || typeof triggers === 'string') return triggers ?? '';
  throw new InvalidRequest(`Triggers is "${show(triggers)}"; it must be a list of strings`);
}

function parseTags(tags: unknown): ContractTag[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags)) throw new InvalidRequest('Tags must be a list of Key and Value');
  return tags.map((tag) => {
    if (typeof tag?.Key !== 'string' || typeof tag.Value !== 'string') {
      throw new InvalidRequest(`"${show(tag)}" is not a tag; it needs Key and Value`);
    }
    return { Key: tag.Key, Value: tag.Value };
  });
}

function parseRemoval({ RemovalPolicy, KeepLast }: Record<string, unknown>): Removal {
  const policy = oneOf('RemovalPolicy', RemovalPolicy, ['RETAIN', 'DESTROY']);
  if (KeepLast === undefined || policy === 'DESTROY') return policy;
  return `KEEP_LAST:${wholeNumber('KeepLast', KeepLast, 1, Number.MAX_SAFE_INTEGER)}`;
}

/** CloudFormation makes strings of numbers, and so do templates. */
export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= least && (number as number) <= most) {
    return number as number;
  }
  throw new InvalidRequest(`${name} is "${show(value)}"; it must be a whole number from ${least} to ${most}`);
}

export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidRequest(`${name} is "${show(value)}"; it must be ${allowed.join(' or ')}`);
}

/** What the request is about, for texts. */
export function subjectOf({ desired }: { readonly desired: Desired }): string {
  return sourceId(desired.source);
}

/** Whether an update leaves the source and the triggers as they are. */
export function isSame({ desired, former }: Deployment): boolean {
  return former !== undefined && generationOf(former) === generationOf(desired);
}
