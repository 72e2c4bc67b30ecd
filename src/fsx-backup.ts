import { CfnResource, CustomResource, Duration, IResource, ITaggable, RemovalPolicy, Resource, Stack, TagManager, Tags, TagType, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupSource } from './backup-source';
import { FsxBackupProvider } from './fsx-backup-provider';
import { BackupProperties, MAX_SERVICE_TIMEOUT, MAX_TAG_VALUE, RESOURCE_TYPE, SCHEMA_VERSION, TAG_CHARACTERS } from './private/contract';
import { tagProblems } from './private/tag-checks';

/**
 * An Amazon FSx backup.
 */
export interface IFsxBackup extends IResource {
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
 * Properties of an FsxBackup.
 */
export interface FsxBackupProps {
  /**
   * What to back up.
   *
   * Another source means another backup.
   */
  readonly source: BackupSource;

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
   * How long the backup may take, from one minute to one hour, in whole seconds.
   *
   * The last five minutes of CloudFormation's hour are kept for the answer, so an hour means 55 minutes. The first backup of
   * a large file system can take longer; later ones are incremental. With `RETAIN`, a backup that is not finished in time goes
   * on, and the next deployment of the stack takes it up, unless the stack itself has to be created anew.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * What becomes of the backup when this resource is removed, replaced or rolled back: `RETAIN` or `DESTROY`.
   *
   * With `RETAIN` the provider has no permission to delete backups at all, unless another backup of the stack has `DESTROY`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The engine that takes the backup.
   *
   * @default - one provider for all backups of the stack
   */
  readonly provider?: FsxBackupProvider;
}

/**
 * Define a backup of an FSx file system or ONTAP volume, taken when the stack is deployed.
 *
 * The deployment goes on when the backup is AVAILABLE, and fails with FSx's reason when it cannot be finished. One backup is
 * taken, however often CloudFormation retries; another one when the source changes. A deployment that failed and is repeated
 * within 24 hours takes up the backup that it had started, if that was kept. `Tags.of(backup)` changes the tags of the backup
 * in place.
 *
 * @resource Custom::FsxBackup
 */
export class FsxBackup extends Resource implements IFsxBackup, ITaggable {
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
      throw new Error(`"${backupId}" is not the id of an FSx backup: it must be "backup-" and at least 8 hexadecimal digits`);
    }
    class Import extends Resource implements IFsxBackup {
      public readonly backupId = backupId;
      public readonly backupArn = Stack.of(this).formatArn({ service: 'fsx', resource: 'backup', resourceName: backupId });
    }
    return new Import(scope, id);
  }

  /** The tags of the backup. */
  public readonly tags: TagManager;

  /** The id of the backup, for example `backup-03e3c82e0183b7b6b`. */
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
   * The lifecycle of the backup when the deployment last looked: `AVAILABLE`, or an earlier one with `WaitUntil.STARTED`,
   * or `DELETED` where somebody deleted it.
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
   * The size of the backup in bytes, empty where FSx does not tell.
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

  constructor(scope: Construct, id: string, props: FsxBackupProps) {
    super(scope, id);

    const timeout = checkTimeout(props.timeout ?? Duration.seconds(MAX_SERVICE_TIMEOUT));
    this.provider = props.provider ? checkProvider(this, props.provider) : FsxBackupProvider._default(this);
    const policies = this.provider._allowSource(props.source);

    this.tags = new TagManager(TagType.KEY_VALUE, RESOURCE_TYPE);
    Tags.of(this).add('Name', props.backupName === undefined ? nameFromPath(this.node.path) : checkName(props.backupName));

    const custom = new CustomResource(this, 'Resource', {
      serviceToken: this.provider._serviceToken,
      resourceType: RESOURCE_TYPE,
      serviceTimeout: Duration.seconds(MAX_SERVICE_TIMEOUT), // also that of deletions, which have their own reasons to take long
      properties: {
        SchemaVersion: SCHEMA_VERSION,
        StateMachineArn: this.provider.stateMachine.stateMachineArn,
        [props.source._kind]: props.source._id,
        Tags: this.tags.renderedTags as any, // resolved to a list of Key and Value
        WaitUntil: props.waitUntil ?? WaitUntil.AVAILABLE,
        TimeoutSeconds: String(timeout),
        RemovalPolicy: 'RETAIN',
      } satisfies BackupProperties,
    });
    this.resource = custom.node.defaultChild as CfnResource;
    custom.node.addDependency(...policies);
    this.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);

    this.backupId = custom.ref;
    this.backupArn = custom.getAttString('BackupArn');
    this.backupCreationTime = custom.getAttString('BackupCreationTime');
    this.backupLifecycle = custom.getAttString('BackupLifecycle');
    this.backupType = custom.getAttString('BackupType');
    this.backupSizeInBytes = custom.getAttString('BackupSizeInBytes');
    this.backupKmsKeyId = custom.getAttString('BackupKmsKeyId');
    this.backupOwnerId = custom.getAttString('BackupOwnerId');
    this.backupResourceType = custom.getAttString('BackupResourceType');
    this.sourceFileSystemId = custom.getAttString('SourceFileSystemId');
    this.sourceFileSystemType = custom.getAttString('SourceFileSystemType');
    this.sourceVolumeId = custom.getAttString('SourceVolumeId');

    this.node.addValidation({ validate: () => [...tagProblems(this.tags.tagValues()), ...props.source._validate(this.node.root)] });
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
      throw new Error(`removalPolicy of "${this.node.path}" is "${policy}"${why}: use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY`);
    }
    this.resource.applyRemovalPolicy(policy);
    this.resource.addPropertyOverride('RemovalPolicy', policy === RemovalPolicy.DESTROY ? 'DESTROY' : 'RETAIN');
    if (policy === RemovalPolicy.DESTROY) this.resource.node.addDependency(this.provider._allowDeletion());
  }
}

function checkTimeout(timeout: Duration): number {
  if (timeout.isUnresolved()) throw new Error('timeout is only known at deployment: give a Duration with a number');
  const seconds = timeout.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 60 && seconds <= MAX_SERVICE_TIMEOUT) return seconds;
  throw new Error(`timeout is ${timeout.toHumanString()}: it must be from 1 minute to 1 hour, in whole seconds. To go on without waiting for a `
    + 'longer backup, use waitUntil: WaitUntil.STARTED');
}

function checkProvider(backup: FsxBackup, provider: FsxBackupProvider): FsxBackupProvider {
  if (Stack.of(provider) === Stack.of(backup)) return provider;
  throw new Error(`provider "${provider.node.path}" is not in the stack of backup "${backup.node.path}": a provider serves the stack in which it `
    + `is defined, so define one in "${Stack.of(backup).node.path}"`);
}

function checkName(name: string): string {
  const problem = Token.isUnresolved(name) ? undefined
    : name.length < 1 || name.length > MAX_TAG_VALUE ? `has ${name.length} characters: it must have 1 to ${MAX_TAG_VALUE}`
      : TAG_CHARACTERS.test(name) ? undefined : 'has other characters than letters, digits, spaces and _.:/=+-@';
  if (problem === undefined) return name;
  throw new Error(`backupName "${name.slice(0, 60)}" ${problem}`);
}

/** The end of a path says most. */
function nameFromPath(path: string): string {
  return [...path].map((character) => TAG_CHARACTERS.test(character) ? character : '-').join('').slice(-MAX_TAG_VALUE);
}
