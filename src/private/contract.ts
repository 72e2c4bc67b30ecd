/*
 * What the construct and the handler agree on. Imported by both; imports nothing.
 *
 * Everything here outlives a release: stacks in the field were deployed with older versions of it, and a
 * handler must understand the properties of every version ever published. test/names.test.ts holds the names.
 */

/** The CloudFormation type of a backup. */
export const RESOURCE_TYPE = 'Custom::FsxBackup';

/** The CloudFormation type of a resource that goes on waiting where the one before it has had its hour. */
export const CONTINUATION_TYPE = 'Custom::FsxBackupContinuation';

/** The CloudFormation type of a backup that is taken at deletion. */
export const FINAL_RESOURCE_TYPE = 'Custom::FsxFinalBackup';

/** The id of the backup of something that is not deployed yet: there is none. */
export const NO_BACKUP = 'none';

/** Version of the custom resource's properties, and of the input of runs. */
export const SCHEMA_VERSION = '1';

/** Every tag with this prefix belongs to the library. */
export const TAG_PREFIX = 'cdk-fsx-backup:';

/** The library's tags. The first four never change, and people set the last. */
export const TAG = {
  /** Whose the backup is. */
  stackId: `${TAG_PREFIX}stack-id`,
  logicalId: `${TAG_PREFIX}logical-id`,
  /** The source and the trigger values that it was taken for. */
  generation: `${TAG_PREFIX}generation`,
  /** The backup that the resource held before. */
  previous: `${TAG_PREFIX}previous`,
  /** `RETAIN`, `DESTROY` or `KEEP_LAST:n`: what its resource said last. */
  removal: `${TAG_PREFIX}removal`,
  /** A backup that bears it is never deleted. */
  hold: `${TAG_PREFIX}hold`,
} as const;

/** How long CloudFormation waits for a custom resource at most, in seconds. */
export const MAX_SERVICE_TIMEOUT = 3600;

/** How long a custom resource waits for a backup, in seconds; the rest of its hour is for the response. */
export const MAX_WAIT = 3300;

/** How long a deployment waits for a backup at most, in seconds. */
export const MAX_BACKUP_TIMEOUT = 43_200;

/** How long a run waits for its backup, in seconds, if nothing is said. */
export const RUN_TIMEOUT = 43_200;

/** How long CodePipeline waits for a Step Functions action at most, in seconds. */
export const MAX_RUN_TIMEOUT = 604_800;

/**
 * The Lambda function's own time limit, in seconds. It bounds what one poll may take, so that it fits the
 * margin.
 */
export const FUNCTION_TIMEOUT = 100;

/** A tag as CloudFormation and FSx write it. */
export interface ContractTag {
  readonly Key: string;
  readonly Value: string;
}

/**
 * The custom resource's properties, version 1. All scalars are strings, since that is how CloudFormation
 * delivers them.
 */
export interface BackupProperties {
  readonly SchemaVersion: typeof SCHEMA_VERSION;
  /**
   * Not read from the function's environment, because function and state machine would then need each other.
   */
  readonly StateMachineArn: string;
  /**
   * Exactly one of the four sources is given: an id, or the logical id of something that this stack has
   * deployed.
   */
  readonly FileSystemId?: string;
  readonly VolumeId?: string;
  readonly DeployedFileSystem?: string;
  readonly DeployedVolume?: string;
  /** Values whose change asks for another backup: texts, and what functions of the template give. */
  readonly Triggers?: readonly unknown[];
  readonly Tags: readonly ContractTag[];
  /** The user gives no name: the time of the request is added to the tag `Name`. */
  readonly NameHasTime?: 'true';
  /** How long the backup may take, in seconds. Over `MAX_WAIT`, a continuation takes over. */
  readonly TimeoutSeconds: string;
  readonly RemovalPolicy: 'RETAIN' | 'DESTROY';
  /** How many backups of this resource are kept; all, if it is not given. */
  readonly KeepLast?: string;
}

/** The properties of a continuation, version 1. The three in the middle are attributes of the link before. */
export interface ContinuationProperties {
  readonly SchemaVersion: typeof SCHEMA_VERSION;
  readonly StateMachineArn: string;
  readonly BackupId: string;
  readonly BackupLifecycle: string;
  readonly BackupCreationTime: string;
  /** How long the backup may still take, in seconds. Over `MAX_WAIT`, the next continuation takes over. */
  readonly TimeoutSeconds: string;
}

/**
 * What a run is started with, by a pipeline or by hand, version 1. Public: docs/pipelines.md documents it.
 * Numbers may be strings.
 */
export interface RunInput {
  /** Default: 1. */
  readonly version?: typeof SCHEMA_VERSION;
  /** The id of a file system or of an ONTAP volume, or what a stack has deployed. */
  readonly source: string | { readonly stack: string; readonly logicalId: string };
  /** What becomes of a source that is missing from a stack that is there. Default: `FAIL`. */
  readonly whenMissing?: 'FAIL' | 'SKIP';
  /** Whose backups these are: `keepLast` is about those of one series. Default: the source. */
  readonly series?: string;
  /** The tag `Name`. Default: the series and the time. */
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** How long the backup may take, in seconds, from 60 to 604800. Default: 43200. */
  readonly timeout?: number;
  /** How many backups of the series are kept; all, if it is not given. */
  readonly keepLast?: number;
}

/** What the handler reports, and `Fn::GetAtt` reads. */
export interface BackupAttributes {
  readonly BackupId: string;
  readonly BackupArn: string;
  readonly BackupCreationTime: string;
  readonly BackupLifecycle: string;
  readonly BackupType: string;
  readonly BackupSizeInBytes: string;
  readonly BackupKmsKeyId: string;
  readonly BackupOwnerId: string;
  readonly BackupResourceType: string;
  readonly SourceFileSystemId: string;
  readonly SourceFileSystemType: string;
  readonly SourceVolumeId: string;
}
