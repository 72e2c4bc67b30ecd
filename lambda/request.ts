import type { CloudFormationEvent } from './event';
import { generationOf, type Removal } from './identity';
import { check, isText, LOGICAL_ID, oneOf, PHYSICAL_ID, show, wholeNumber } from './readers';
import type { Asked } from './response';
import { type Deployed, isDeployed, type Source, SOURCE_PROPERTIES, sourceWithId } from './source';
import {
  type ContractTag,
  CONTINUATION_TYPE,
  FINAL_RESOURCE_TYPE,
  MAX_BACKUP_TIMEOUT,
  SCHEMA_VERSION,
} from '../src/private/contract';
import { BACKUP_ID } from '../src/private/rules';

/** The desired properties of a resource, or what the input of a run asks for. */
export interface Desired {
  readonly source: Source | Deployed;
  /** The hash of the trigger values. */
  readonly triggers: string;
  readonly tags: readonly ContractTag[];
  /** The user gives no name: the tag `Name` gets the time. */
  readonly isNameTimed: boolean;
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

/** CloudFormation deploys an `FsxBackup`. `former` is undefined if this version cannot read it. */
export interface Deployment extends Asked {
  readonly kind: 'backup';
  readonly desired: Desired;
  readonly former?: Desired;
}

/** CloudFormation deploys a link of the chain behind one. */
export interface Continuation extends Asked {
  readonly kind: 'continuation';
  readonly told: Told;
  readonly formerBackupId: unknown;
}

/** CloudFormation deploys or deletes an `FsxFinalBackup`. */
export interface FinalBackup extends Asked {
  readonly kind: 'final';
  readonly desired: Desired & { readonly source: Source };
}

/** A pipeline or a person asks. */
export interface Run extends Asked {
  readonly kind: 'run';
  readonly desired: Desired;
  readonly skipsMissing: boolean;
}

export type Request = Deployment | Continuation | FinalBackup | Run;

/** @throws InvalidRequest */
export function requestOf(
  { ResourceType, ResourceProperties, OldResourceProperties }: CloudFormationEvent,
  asked: Asked,
): Request {
  if (ResourceType === CONTINUATION_TYPE) {
    const formerBackupId = OldResourceProperties?.BackupId;
    return { ...asked, kind: 'continuation', told: parseTold(ResourceProperties), formerBackupId };
  }
  const desired = parseDesired(ResourceProperties);
  if (ResourceType === FINAL_RESOURCE_TYPE) return finalBackupOf(asked, desired);
  return { ...asked, kind: 'backup', desired, former: parseFormer(OldResourceProperties) };
}

function finalBackupOf(asked: Asked, desired: Desired): FinalBackup {
  const { source } = desired;
  check(
    !isDeployed(source),
    'a final backup needs FileSystemId or VolumeId: what is named by its logical id may be deleted first',
  );
  return { ...asked, kind: 'final', desired: { ...desired, source } };
}

export function isBackupId(id: string): boolean {
  return BACKUP_ID.test(id);
}

function parseDesired(given: Record<string, unknown>): Desired {
  checkVersion(given);
  return {
    source: parseSource(given),
    triggers: parseTriggers(given.Triggers),
    tags: parseTags(given.Tags),
    isNameTimed: parseNameHasTime(given),
    timeout: parseTimeout(given),
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
  checkVersion(given);
  const { BackupId, BackupLifecycle, BackupCreationTime } = given;
  check(
    isText(BackupId, PHYSICAL_ID) && typeof BackupLifecycle === 'string',
    `BackupId is "${show(BackupId)}", and must be that of the resource before`,
  );
  return {
    backupId: BackupId,
    lifecycle: BackupLifecycle,
    createdAt: Date.parse(String(BackupCreationTime)),
    timeout: parseTimeout(given),
  };
}

function checkVersion({ SchemaVersion }: Record<string, unknown>): void {
  check(
    SchemaVersion === SCHEMA_VERSION,
    `the resource's properties have schema version "${show(SchemaVersion)}", and this handler knows ` +
      `version ${SCHEMA_VERSION}`,
    'deploy with a version of cdk-fsx-backup that is at least as new as the one the stack was last ' +
      'deployed with',
  );
}

function parseSource(given: Record<string, unknown>): Source | Deployed {
  const [property, ...others] = SOURCE_PROPERTIES.filter((name) => given[name] !== undefined);
  check(
    property !== undefined && others.length === 0,
    'exactly one of FileSystemId, VolumeId, DeployedFileSystem and DeployedVolume must be given',
  );
  const id = given[property];
  if (property === 'DeployedFileSystem' || property === 'DeployedVolume') {
    check(isText(id, LOGICAL_ID), `"${show(id)}" is not the logical id of a resource`);
    return { logicalId: id };
  }
  const source = sourceWithId(id);
  const expected =
    property === 'VolumeId' ? 'volume (fsvol-0123456789abcdef0)' : 'file system (fs-0123456789abcdef0)';
  check(
    source !== undefined && property in source,
    `"${show(id)}" is not the id of an FSx ${expected}`,
    'check what the source resolves to',
  );
  return source;
}

function parseTriggers(triggers: unknown = ''): string {
  check(typeof triggers === 'string', `Triggers is "${show(triggers)}"; it must be a list`);
  return triggers;
}

function parseTags(tags: unknown = []): ContractTag[] {
  check(Array.isArray(tags), 'Tags must be a list of Key and Value');
  return tags.map((tag) => {
    const { Key, Value } = Object(tag) as Record<string, unknown>;
    const isTag = typeof Key === 'string' && typeof Value === 'string';
    check(isTag, `"${show(tag)}" is not a tag; it needs Key and Value`);
    return { Key, Value };
  });
}

function parseNameHasTime({ NameHasTime }: Record<string, unknown>): boolean {
  return NameHasTime !== undefined && oneOf('NameHasTime', NameHasTime, ['true']) === 'true';
}

function parseTimeout({ TimeoutSeconds }: Record<string, unknown>): number {
  return wholeNumber('TimeoutSeconds', TimeoutSeconds, 1, MAX_BACKUP_TIMEOUT);
}

function parseRemoval({ RemovalPolicy, KeepLast }: Record<string, unknown>): Removal {
  const policy = oneOf('RemovalPolicy', RemovalPolicy, ['RETAIN', 'DESTROY']);
  return policy === 'DESTROY' ? policy : kept('KeepLast', KeepLast);
}

/** How many backups are kept; all, if it is not given. */
export function kept(name: string, keepLast: unknown): Removal {
  if (keepLast === undefined) return 'RETAIN';
  return `KEEP_LAST:${wholeNumber(name, keepLast, 1, Number.MAX_SAFE_INTEGER)}`;
}

/** Whether an update leaves the source and the triggers as they are. */
export function isSame({ desired, former }: Deployment): boolean {
  return former !== undefined && generationOf(former) === generationOf(desired);
}
