import { CfnResource, CustomResource, ITaggable, RemovalPolicy, TagManager } from 'aws-cdk-lib';
import { ITrigger } from 'aws-cdk-lib/triggers';
import { Construct, IConstruct } from 'constructs';
import { BackupSource } from './backup-source';
import { BackupTrigger } from './backup-trigger';
import { FsxBackupBeforeChangeOptions, FsxBackupProps, IFsxBackup } from './fsx-backup-props';
import { FsxBackupProvider } from './fsx-backup-provider';
import { tagsOf } from './private/backup-tags';
import { noteBackup } from './private/backups-of';
import { ConstructWithAttributes } from './private/construct-with-attributes';
import { continueWaiting } from './private/continuations';
import { BackupProperties, MAX_BACKUP_TIMEOUT, MAX_WAIT, RESOURCE_TYPE } from './private/contract';
import { defineResource, resourceOf } from './private/custom-resource';
import { checkSource, executeAfter, executeBefore } from './private/execution-order';
import { ImportedBackup } from './private/imported-backup';
import { injected } from './private/injection';
import { warnOfMoment } from './private/moment-warnings';
import { checkKeepLast, checkRemovalPolicy, checkTimeout } from './private/option-checks';
import { markAsOwn } from './private/own';
import { tellOf, warnOfOtherPolicy } from './private/removal-policies';
import { problemsOfBackup } from './private/restore-checks';
import { tagProblems } from './private/tag-checks';
import { checkTriggers, triggerValues } from './private/trigger-values';
import { checkList, checkProps } from './private/type-checks';
import { warnOfUses } from './private/use-warnings';

/**
 * Define a backup of an FSx file system or ONTAP volume, taken when the stack is deployed.
 *
 * The deployment goes on when the backup is AVAILABLE. If the backup cannot be finished, the deployment fails
 * with FSx's reason. Another backup is taken when the source or a trigger changes.
 *
 * Each deployment takes a backup of its own, even if an earlier one failed after its backup was finished.
 * Only one that is still running, of the same source and trigger values, is continued. A rollback takes none:
 * CloudFormation returns to the previous backup. `Tags.of(backup)` changes the tags of the backup in place.
 *
 * @resource Custom::FsxBackup
 *
 * @example
 * // Before each change of the service, by the deployment that changes it:
 * FsxBackup.beforeChangeOf(this, 'BeforeUpgrade', service, { source: BackupSource.of(fileSystem) });
 *
 * // Whenever this value changes, before the service does:
 * new FsxBackup(this, 'BeforeMigration', {
 *   source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
 *   triggers: [BackupTrigger.onValue('7.2')],
 *   executeBefore: [service],
 * });
 */
export class FsxBackup extends ConstructWithAttributes implements IFsxBackup, ITaggable, ITrigger {
  /** Names the class to property injectors of aws-cdk-lib 2.196 and later, which give it defaults. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-fsx-backup.FsxBackup';

  /**
   * Refer to a backup that exists.
   *
   * @param scope the parent of the reference
   * @param id the construct id
   * @param backupId `backup-` and hexadecimal digits, or a token
   * @throws if the id is malformed
   */
  public static fromBackupId(scope: Construct, id: string, backupId: string): IFsxBackup {
    return new ImportedBackup(scope, id, backupId);
  }

  /**
   * Define a backup that is taken whenever a deployment is about to change this construct, before it does: a
   * service that uses the data, or the file system or ONTAP volume itself.
   *
   * That is an `FsxBackup` with the trigger `BackupTrigger.onChangeOf` and `executeBefore`, each of the
   * target.
   *
   * @param scope the parent, in the stack of the target
   * @param id the construct id
   * @param target the construct that is going to change
   * @param options triggers and `executeBefore` add to what is said above; without a source, the target
   * itself is backed up, as it is deployed
   * @throws if no source is given, and the target does not define one FSx file system or ONTAP volume of this
   * stack
   *
   * @example
   * FsxBackup.beforeChangeOf(this, 'PreUpgrade', service, { source: BackupSource.of(fileSystem) });
   * FsxBackup.beforeChangeOf(this, 'Guard', fileSystem);
   */
  public static beforeChangeOf(
    scope: Construct,
    id: string,
    target: IConstruct,
    options: FsxBackupBeforeChangeOptions = {},
  ): FsxBackup {
    return new FsxBackup(scope, id, {
      ...options,
      source: options.source ?? BackupSource.fromDeployed(target),
      triggers: [BackupTrigger.onChangeOf(target), ...checkList('triggers', options.triggers)],
      executeBefore: [target as Construct, ...checkList('executeBefore', options.executeBefore)],
    });
  }

  /** The tags of the backup. */
  public readonly tags: TagManager;

  private readonly resource: CfnResource;
  /** @internal of those that wait for the backup */
  public readonly _last: CustomResource;
  private readonly provider: FsxBackupProvider;
  private readonly source: BackupSource;
  private readonly triggers: BackupTrigger[];
  private readonly waiting: Construct[] = [];
  private readonly keepLast?: number;
  private removalPolicy = RemovalPolicy.RETAIN;

  constructor(scope: Construct, id: string, props: FsxBackupProps) {
    super(scope, id);
    markAsOwn(this);
    props = injected(FsxBackup.PROPERTY_INJECTION_ID, this, props);
    checkProps(`backup "${this.node.path}"`, props);
    const timeout = checkTimeout(props.timeout, MAX_WAIT, MAX_BACKUP_TIMEOUT);
    this.keepLast = checkKeepLast(props.keepLast);
    this.source = checkSource(this, props.source);
    this.triggers = [...checkTriggers(this, props.triggers)];
    noteBackup(this, this.source, this.triggers);
    this.provider = FsxBackupProvider._for(this, props.provider);
    const names = () => this.triggers.flatMap((trigger) => trigger._names);
    const { tags, nameHasTime } = tagsOf(this, RESOURCE_TYPE, props.backupName, names);
    this.tags = tags;

    const { _engine: engine, _policies: policies } = this.provider;
    const needed = policies.allowSource(this.source);
    const first = defineResource<BackupProperties>(this, 'Resource', RESOURCE_TYPE, engine, {
      [this.source._kind]: this.source._id,
      Triggers: triggerValues(this, this.triggers) as any,
      Tags: tags.renderedTags as any, // resolved to a list of Key and Value
      NameHasTime: nameHasTime as any,
      TimeoutSeconds: String(timeout),
      RemovalPolicy: 'RETAIN',
      KeepLast: this.keepLast?.toString(),
    });
    this.resource = resourceOf(first);
    this._last = continueWaiting(this, first, timeout, engine);
    this.provider._serve(resourceOf(this._last), this.source);
    this.node.addDependency(...needed);
    this.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);

    this.executeBefore(...checkList('executeBefore', props.executeBefore));
    this.executeAfter(...checkList('executeAfter', props.executeAfter));
    this.node.addValidation({ validate: () => this.problems() });
  }

  /**
   * Take another backup when one of these triggers says so, too.
   *
   * @param triggers added to those that the backup has
   * @throws if one of them is no trigger
   */
  public addTrigger(...triggers: BackupTrigger[]): void {
    this.triggers.push(...checkTriggers(this, triggers));
  }

  /**
   * Let these constructs wait for the backup.
   *
   * @param scopes as in the property `executeBefore`
   * @throws if one of them defines the source, and the source refers to it
   */
  public executeBefore(...scopes: Construct[]): void {
    executeBefore(this, this.source, scopes);
    this.waiting.push(...scopes);
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
   * Set whether the backup is kept when this resource is removed, replaced or rolled back.
   *
   * @param policy `RETAIN` or `DESTROY`
   * @throws on any other policy
   */
  public applyRemovalPolicy(policy: RemovalPolicy): void {
    checkRemovalPolicy(this.node.path, policy, this.keepLast);
    const { resource } = this;
    this.removalPolicy = policy;
    resource.applyRemovalPolicy(policy);
    resource.addPropertyOverride('RemovalPolicy', policy.toUpperCase());
    if (policy === RemovalPolicy.DESTROY || this.keepLast !== undefined) {
      resource.node.addDependency(this.provider._policies.allowDeletion());
    }
    // CloudFormation cleans up after it succeeded: that is when the provider deletes older ones.
    if (this.keepLast !== undefined) tellOf(resource, 'UpdateReplacePolicy');
  }

  private problems(): string[] {
    const { triggers, waiting, keepLast } = this;
    const last = resourceOf(this._last);
    if (triggers.length > 0) warnOfUses(this, last);
    warnOfMoment({ backup: this, last, triggers, executeBefore: waiting, keepLast });
    warnOfOtherPolicy(this, this.resource, this.removalPolicy);
    return [
      ...tagProblems(this.tags.tagValues()),
      ...this.source._validate(this.node.root),
      ...problemsOfBackup(last, this.source._resource),
      ...triggers.flatMap((trigger) => trigger._validate(this)),
    ];
  }
}
