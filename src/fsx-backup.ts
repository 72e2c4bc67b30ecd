import {
  CfnDeletionPolicy,
  CfnResource,
  CustomResource,
  Duration,
  IResolveContext,
  ITaggable,
  Lazy,
  RemovalPolicy,
  Stack,
  TagManager,
  Tags,
  TagType,
  Token,
} from 'aws-cdk-lib';
import { ITrigger } from 'aws-cdk-lib/triggers';
import { Construct, IConstruct } from 'constructs';
import { BackupSource } from './backup-source';
import { BackupTrigger } from './backup-trigger';
import { FsxBackupProvider } from './fsx-backup-provider';
import {
  BackupAttributes,
  BackupProperties,
  MAX_SERVICE_TIMEOUT,
  MAX_WAIT_CONDITION_TIMEOUT,
  RESOURCE_TYPE,
  SCHEMA_VERSION,
} from './private/contract';
import { encloses, executeAfter, executeBefore } from './private/execution-order';
import { checkKeepLast, checkTimeout } from './private/option-checks';
import { markAsOwn } from './private/own';
import { hashOf } from './private/resource-hash';
import { nameTag, tagProblems } from './private/tag-checks';
import { warnOfUses } from './private/use-warnings';
import { DEPLOYMENT_CONTEXT, Wait } from './private/wait';

/**
 * An Amazon FSx backup.
 */
export interface IFsxBackup extends IConstruct {
  /**
   * The id of the backup, for example `backup-03e3c82e0183b7b6b`.
   *
   * @attribute
   */
  readonly backupId: string;

  /**
   * The ARN of the backup.
   *
   * @attribute
   */
  readonly backupArn: string;
}

/**
 * When a deployment goes on.
 */
export enum WaitUntil {
  /**
   * When the backup is finished and can be restored from.
   */
  AVAILABLE = 'AVAILABLE',

  /**
   * When FSx has accepted the request. Whether the backup succeeds is not watched.
   */
  STARTED = 'STARTED',
}

/**
 * What can be said about a backup, beside its source.
 */
export interface FsxBackupOptions {
  /**
   * When to take another backup.
   *
   * @default - one backup is taken, when the resource is first deployed, and another one when the source
   * changes
   */
  readonly triggers?: BackupTrigger[];

  /**
   * What waits for the backup: resources at or below these constructs are created and changed only when it is
   * AVAILABLE, or started with `WaitUntil.STARTED`. Constructs of another stack make that stack wait for this
   * one.
   *
   * Of a construct that contains the backup, such as its stack, everything but the backups and their
   * providers.
   *
   * @default - what refers to the backup, or depends on it otherwise
   */
  readonly executeBefore?: Construct[];

  /**
   * What the backup waits for: it is taken only when the resources at or below these constructs are created
   * and changed. Constructs of another stack make this stack wait for that one.
   *
   * @default - its source, if this app defines it
   */
  readonly executeAfter?: Construct[];

  /**
   * The name of the backup, shown in the console: its tag `Name`.
   *
   * At most 256 letters, digits, spaces and `_.:/=+-@`.
   *
   * @default - the path of the construct
   */
  readonly backupName?: string;

  /**
   * What the deployment waits for.
   *
   * @default WaitUntil.AVAILABLE
   */
  readonly waitUntil?: WaitUntil;

  /**
   * How long the backup may take, from one minute to twelve hours, in whole seconds.
   *
   * The last five minutes of an hour, and of twelve, are kept for the answer: they mean 55 minutes, and 11 h
   * 55 min. The first backup of a large file system can take longer than an hour; later ones are incremental.
   * With `RETAIN`, a backup that is not finished in time goes on, and the next deployment of the stack takes
   * it up, unless the stack itself has to be created anew.
   *
   * With more than an hour, a wait condition waits for the backup, and the backup itself is to start within
   * 55 minutes. Then the values of triggers must be known at synthesis.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * What becomes of the backup when this resource is removed, replaced or rolled back: `RETAIN` or `DESTROY`.
   *
   * With `RETAIN` the provider has no permission to delete backups at all, unless another backup of the stack
   * has `DESTROY` or `keepLast`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How many backups of this resource are kept: when another one has been taken and the deployment has
   * succeeded, older ones are deleted.
   *
   * The newest of them are kept, and the one that the resource holds. A deployment that fails deletes none,
   * and neither does the removal of this resource or its stack. Goes with the removal policy `RETAIN` only.
   *
   * @default - all
   */
  readonly keepLast?: number;

  /**
   * The engine that takes the backup.
   *
   * @default - one provider for all backups of the stack
   */
  readonly provider?: FsxBackupProvider;
}

/**
 * Properties of an FsxBackup.
 */
export interface FsxBackupProps extends FsxBackupOptions {
  /**
   * What to back up.
   *
   * Another source means another backup.
   */
  readonly source: BackupSource;
}

/**
 * Define a backup of an FSx file system or ONTAP volume, taken when the stack is deployed.
 *
 * The deployment goes on when the backup is AVAILABLE, and fails with FSx's reason when it cannot be
 * finished. One backup is taken, however often CloudFormation retries; another one when the source or a
 * trigger changes. A deployment that failed and is repeated within 24 hours takes up the backup that it had
 * started, if that was kept. `Tags.of(backup)` changes the tags of the backup in place.
 *
 * @resource Custom::FsxBackup
 */
export class FsxBackup extends Construct implements IFsxBackup, ITaggable, ITrigger {
  /**
   * Refer to a backup that exists.
   *
   * @param scope the parent of the reference
   * @param id the construct id
   * @param backupId `backup-` and hexadecimal digits, or a token
   * @throws if the id is malformed
   */
  public static fromBackupId(scope: Construct, id: string, backupId: string): IFsxBackup {
    if (!Token.isUnresolved(backupId) && !/^backup-[0-9a-f]{8,}$/.test(backupId)) {
      throw new Error(
        `"${backupId}" is not the id of an FSx backup: it must be "backup-" and at least 8 hexadecimal ` +
          'digits',
      );
    }
    class Import extends Construct implements IFsxBackup {
      public readonly backupId = backupId;
      public readonly backupArn = Stack.of(this).formatArn({
        service: 'fsx',
        resource: 'backup',
        resourceName: backupId,
      });
    }
    return new Import(scope, id);
  }

  /**
   * Define a backup that is taken whenever a deployment is about to change a file system or ONTAP volume of
   * this stack, before it does.
   *
   * That is an `FsxBackup` with the source `BackupSource.fromDeployed`, the trigger
   * `BackupTrigger.onChangeOf`, and `executeBefore`, each of the same construct.
   *
   * @param scope the parent, in the stack of the file system
   * @param id the construct id
   * @param fileSystem the construct that defines the file system or volume
   * @param options triggers and `executeBefore` add to what is said above
   * @throws if `fileSystem` does not define one FSx file system or volume of this stack that can be backed up
   */
  public static beforeUpdateOf(
    scope: Construct,
    id: string,
    fileSystem: IConstruct,
    options: FsxBackupOptions = {},
  ): FsxBackup {
    return new FsxBackup(scope, id, {
      ...options,
      source: BackupSource.fromDeployed(fileSystem),
      triggers: [BackupTrigger.onChangeOf(fileSystem), ...(options.triggers ?? [])],
      executeBefore: [fileSystem as Construct, ...(options.executeBefore ?? [])],
    });
  }

  /** The tags of the backup. */
  public readonly tags: TagManager;

  /**
   * The id of the backup, for example `backup-03e3c82e0183b7b6b`; `none` where nothing was deployed yet that
   * could be backed up.
   */
  public readonly backupId: string;

  /** The ARN of the backup. */
  public readonly backupArn: string;

  /**
   * When the backup was started, in ISO 8601, for example `2026-11-02T09:00:00.000Z`.
   *
   * @attribute
   */
  public readonly backupCreationTime: string;

  /**
   * The lifecycle of the backup when the provider answered: `AVAILABLE`, or an earlier one with
   * `WaitUntil.STARTED` or a `timeout` over an hour, or `DELETED` where somebody deleted it.
   *
   * @attribute
   */
  public readonly backupLifecycle: string;

  /**
   * The type of the backup: `USER_INITIATED`.
   *
   * @attribute
   */
  public readonly backupType: string;

  /**
   * The size of the backup in bytes, empty where FSx does not tell, or not yet (with `WaitUntil.STARTED` or a
   * `timeout` over an hour).
   *
   * @attribute
   */
  public readonly backupSizeInBytes: string;

  /**
   * The ARN of the KMS key that encrypts the backup.
   *
   * @attribute
   */
  public readonly backupKmsKeyId: string;

  /**
   * The account that owns the backup.
   *
   * @attribute
   */
  public readonly backupOwnerId: string;

  /**
   * `FILE_SYSTEM` or `VOLUME`.
   *
   * @attribute
   */
  public readonly backupResourceType: string;

  /**
   * The id of the file system that was backed up, or that holds the volume.
   *
   * @attribute
   */
  public readonly sourceFileSystemId: string;

  /**
   * `WINDOWS`, `LUSTRE`, `ONTAP` or `OPENZFS`.
   *
   * @attribute
   */
  public readonly sourceFileSystemType: string;

  /**
   * The id of the volume that was backed up, empty for a file system.
   *
   * @attribute
   */
  public readonly sourceVolumeId: string;

  private readonly resource: CfnResource;
  private readonly provider: FsxBackupProvider;
  private readonly source: BackupSource;
  private readonly triggers: BackupTrigger[];
  private readonly keepLast?: number;
  private readonly wait?: Wait;
  /** The values of the triggers, from when the app is complete. */
  private values?: string[];

  constructor(scope: Construct, id: string, props: FsxBackupProps) {
    super(scope, id);
    markAsOwn(this);

    const timeout = timeoutOf(props);
    this.keepLast = checkKeepLast(
      props.keepLast,
      'To keep no backup of a deleted resource, use removalPolicy: RemovalPolicy.DESTROY',
    );
    this.source = checkSource(this, props.source);
    this.triggers = [...(props.triggers ?? [])];
    this.provider = FsxBackupProvider._for(this, props.provider);
    this.tags = new TagManager(TagType.KEY_VALUE, RESOURCE_TYPE);
    Tags.of(this).add('Name', nameTag(this, props.backupName));
    if (timeout > MAX_SERVICE_TIMEOUT) {
      // Named after its timeout, too: a wait condition cannot be changed.
      this.provider._allowLookup();
      this.wait = new Wait(this, timeout, () =>
        hashOf([timeout, this.generationHash(), this.node.tryGetContext(DEPLOYMENT_CONTEXT)], 8),
      );
    }

    const policies = this.provider._allowSource(this.source);
    const custom = new CustomResource(this, 'Resource', {
      serviceToken: this.provider._serviceToken,
      resourceType: RESOURCE_TYPE,
      // also that of deletions, which have their own reasons to take long
      serviceTimeout: Duration.seconds(MAX_SERVICE_TIMEOUT),
      properties: {
        SchemaVersion: SCHEMA_VERSION,
        StateMachineArn: this.provider.stateMachine.stateMachineArn,
        [this.source._kind]: this.source._id,
        Triggers: Lazy.uncachedAny(
          { produce: (context) => this.triggerValues(context) },
          { omitEmptyArray: true },
        ) as any,
        Tags: this.tags.renderedTags as any, // resolved to a list of Key and Value
        WaitUntil: props.waitUntil ?? WaitUntil.AVAILABLE,
        TimeoutSeconds: String(timeout),
        WaitHandle: this.wait?.handle,
        WaitCondition: this.wait?.name,
        RemovalPolicy: 'RETAIN',
        KeepLast: this.keepLast?.toString(),
      } satisfies BackupProperties,
    });
    this.resource = custom.node.defaultChild as CfnResource;
    this.provider._serve(this.resource, this.source);
    this.wait?.startAfter(this.resource);
    custom.node.addDependency(...policies);
    this.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    if (this.keepLast !== undefined) custom.node.addDependency(this.provider._allowDeletion());

    const valueOf = (value: string) => this.wait?.awaited(value, this.resource) ?? value;
    const attribute = (name: keyof BackupAttributes) => valueOf(custom.getAttString(name));
    this.backupId = valueOf(custom.ref);
    this.backupArn = attribute('BackupArn');
    this.backupCreationTime = attribute('BackupCreationTime');
    this.backupLifecycle = attribute('BackupLifecycle');
    this.backupType = attribute('BackupType');
    this.backupSizeInBytes = attribute('BackupSizeInBytes');
    this.backupKmsKeyId = attribute('BackupKmsKeyId');
    this.backupOwnerId = attribute('BackupOwnerId');
    this.backupResourceType = attribute('BackupResourceType');
    this.sourceFileSystemId = attribute('SourceFileSystemId');
    this.sourceFileSystemType = attribute('SourceFileSystemType');
    this.sourceVolumeId = attribute('SourceVolumeId');

    this.executeBefore(...(props.executeBefore ?? []));
    this.executeAfter(...(props.executeAfter ?? []));
    this.node.addValidation({ validate: () => this.problems() });
  }

  /**
   * Take another backup when one of these triggers says so, too.
   *
   * @param triggers added to those that the backup has
   */
  public addTrigger(...triggers: BackupTrigger[]): void {
    this.triggers.push(...triggers);
  }

  /**
   * Let these constructs wait for the backup.
   *
   * @param scopes as in the property `executeBefore`
   * @throws if one of them defines the source, and the source refers to it
   */
  public executeBefore(...scopes: Construct[]): void {
    const { _resource: resource, _isDeployed: isDeployed } = this.source;
    const backwards = resource && !isDeployed && scopes.find((scope) => encloses(scope, resource));
    if (backwards) {
      throw new Error(
        `"${backwards.node.path}" cannot wait for backup "${this.node.path}": the backup refers to ` +
          `"${resource.node.path}" in it, and so comes after its change. To back it up as it is before, ` +
          'use BackupSource.fromDeployed or FsxBackup.beforeUpdateOf',
      );
    }
    executeBefore(this, scopes);
  }

  /**
   * Let the backup wait for these constructs.
   *
   * @param scopes as in the property `executeAfter`
   */
  public executeAfter(...scopes: Construct[]): void {
    executeAfter(this, scopes);
  }

  /**
   * Set what becomes of the backup when this resource is removed, replaced or rolled back.
   *
   * @param policy `RETAIN` or `DESTROY`
   * @throws on any other policy
   */
  public applyRemovalPolicy(policy: RemovalPolicy): void {
    if (policy !== RemovalPolicy.RETAIN && policy !== RemovalPolicy.DESTROY) {
      const why = policy === RemovalPolicy.SNAPSHOT ? ', and a backup is a snapshot already' : '';
      throw new Error(
        `removalPolicy of "${this.node.path}" is "${policy}"${why}: use RemovalPolicy.RETAIN or ` +
          'RemovalPolicy.DESTROY',
      );
    }
    if (policy === RemovalPolicy.DESTROY && this.keepLast !== undefined) {
      throw new Error(
        `keepLast of "${this.node.path}" is ${this.keepLast}, and its removalPolicy is DESTROY, with ` +
          'which only the newest backup is left anyway: use keepLast with RemovalPolicy.RETAIN',
      );
    }
    this.resource.applyRemovalPolicy(policy);
    this.resource.addPropertyOverride(
      'RemovalPolicy',
      policy === RemovalPolicy.DESTROY ? 'DESTROY' : 'RETAIN',
    );
    if (policy === RemovalPolicy.DESTROY) this.resource.node.addDependency(this.provider._allowDeletion());
    // CloudFormation cleans up after it succeeded: that is when the provider deletes older ones.
    if (this.keepLast !== undefined) this.resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.DELETE;
  }

  private triggerValues({ preparing }: Pick<IResolveContext, 'preparing'>): string[] {
    const valuesOf = (triggers: BackupTrigger[]) =>
      triggers.flatMap((trigger) => trigger._values(this)).sort();
    if (!preparing) return (this.values ??= valuesOf(this.triggers));
    // CDK looks for references, and not everything that a hash covers is in place. Hashes hold none.
    this.values = undefined;
    return valuesOf(this.triggers.filter((trigger) => !trigger._isKnownAtSynthesis));
  }

  private generationHash(): string {
    return hashOf(Stack.of(this).resolve([this.source._id, ...this.triggerValues({ preparing: false })]), 16);
  }

  private problems(): string[] {
    const isUnknown = this.wait && this.triggers.some((trigger) => !trigger._isKnownAtSynthesis);
    if (this.triggers.length > 0) warnOfUses(this, this.resource);
    const isKept =
      this.keepLast !== undefined &&
      this.resource.cfnOptions.updateReplacePolicy !== CfnDeletionPolicy.DELETE;
    return [
      ...tagProblems(this.tags.tagValues()),
      ...this.source._validate(this.node.root),
      ...this.triggers.flatMap((trigger) => trigger._validate(this)),
      ...(isKept
        ? [
            'keepLast has no effect, since the removal policy of the resource was changed from outside ' +
              '(by an aspect, for example), and CloudFormation would not tell when it cleans up: leave out ' +
              'the backup there, or keepLast here',
          ]
        : []),
      ...(isUnknown
        ? [
            'timeout is over 1 hour, and the value of a trigger is known only when the stack is deployed: ' +
              'the wait condition that waits so long needs a new name for each backup. Use a value that is ' +
              'known at synthesis, or a timeout of at most 1 hour',
          ]
        : []),
    ];
  }
}

function timeoutOf({ timeout = Duration.seconds(MAX_SERVICE_TIMEOUT), waitUntil }: FsxBackupProps): number {
  const seconds = checkTimeout(timeout, Duration.seconds(MAX_WAIT_CONDITION_TIMEOUT));
  if (seconds > MAX_SERVICE_TIMEOUT && waitUntil === WaitUntil.STARTED) {
    throw new Error(
      `timeout is ${timeout.toHumanString()}, and waitUntil is STARTED: for the start of a backup a ` +
        'deployment waits 1 hour at most. Leave one of them out',
    );
  }
  return seconds;
}

function checkSource(backup: FsxBackup, source: BackupSource): BackupSource {
  if (!source._isDeployed || Stack.of(source._resource!) === Stack.of(backup)) return source;
  throw new Error(
    `BackupSource.fromDeployed names "${source._resource!.node.path}", which is not in the stack of ` +
      `backup "${backup.node.path}": only its own stack can look it up. Define the backup in ` +
      `"${Stack.of(source._resource!).node.path}"`,
  );
}
