import { CfnResource, ITaggable, TagManager } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupSource } from './backup-source';
import { FsxBackupProvider } from './fsx-backup-provider';
import { tagsOf } from './private/backup-tags';
import { noteFinalBackup } from './private/backups-of';
import { BackupProperties, FINAL_RESOURCE_TYPE, MAX_WAIT } from './private/contract';
import { defineResource, resourceOf } from './private/custom-resource';
import { injected } from './private/injection';
import { markAsOwn } from './private/own';
import { tellOf, warnOfRetainedSource } from './private/removal-policies';
import { checkPlace } from './private/source-checks';
import { tagProblems } from './private/tag-checks';
import { checkProps } from './private/type-checks';

/**
 * Properties of an FsxFinalBackup.
 */
export interface FsxFinalBackupProps {
  /**
   * What to back up before it is deleted.
   *
   * Not `BackupSource.fromDeployed`: CloudFormation deletes the source after the final backup because the
   * latter refers to it.
   */
  readonly source: BackupSource;

  /**
   * The name of the backup, shown in the console: its tag `Name`.
   *
   * At most 256 letters, digits, spaces and `_.:/=+-@`. The backup may have 44 tags, this one included.
   *
   * @default - the path of the construct, and the time, such as `Files/Final 2026-11-02T09:00Z`
   */
  readonly backupName?: string;

  /**
   * The engine that takes the backup.
   *
   * @default - one provider for all backups of the stack
   */
  readonly provider?: FsxBackupProvider;
}

/**
 * Define a backup that is taken when CloudFormation is about to delete a file system or ONTAP volume: with
 * its stack, with its construct, or because it was replaced. The backup is always kept.
 *
 * CloudFormation deletes the source when the backup is AVAILABLE. If it fails, or takes more than 55
 * minutes, the deletion of the stack stops with a reason, and the source is still there. In the cleanup after
 * an update CloudFormation tries three times, and may then go on. Nothing is taken if a deployment that had
 * created the source is rolled back. If this construct alone is removed, a backup is taken, too.
 *
 * The deployment that creates it, or that gives it another source, fails if the source is not there, or is
 * something that FSx cannot back up.
 *
 * `Tags.of(finalBackup)` gives tags to the backup.
 *
 * @resource Custom::FsxFinalBackup
 *
 * @example
 * new FsxFinalBackup(this, 'FinalBackup', { source: BackupSource.of(fileSystem) });
 */
export class FsxFinalBackup extends Construct implements ITaggable {
  /** Names the class to property injectors of aws-cdk-lib 2.196 and later, which give it defaults. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-fsx-backup.FsxFinalBackup';

  /** The tags of the backup. */
  public readonly tags: TagManager;

  /** @internal */
  public readonly _resource: CfnResource;

  constructor(scope: Construct, id: string, props: FsxFinalBackupProps) {
    super(scope, id);
    markAsOwn(this);
    props = injected(FsxFinalBackup.PROPERTY_INJECTION_ID, this, props);
    checkProps(`final backup "${this.node.path}"`, props);

    const { source } = props;
    checkPlace('final backup', this, source);
    if (source._isDeployed) {
      throw new Error(
        `the source of final backup "${this.node.path}" is BackupSource.fromDeployed, which does not keep ` +
          'CloudFormation from deleting it first: use BackupSource.of',
      );
    }
    const provider = FsxBackupProvider._for(this, props.provider);
    const { tags, nameHasTime } = tagsOf(this, FINAL_RESOURCE_TYPE, props.backupName);
    this.tags = tags;

    const custom = defineResource<BackupProperties>(this, 'Resource', FINAL_RESOURCE_TYPE, provider._engine, {
      [source._kind]: source._id,
      Tags: tags.renderedTags as any, // resolved to a list of Key and Value
      NameHasTime: nameHasTime as any,
      TimeoutSeconds: String(MAX_WAIT),
      RemovalPolicy: 'RETAIN',
    });
    noteFinalBackup(this, source);
    this._resource = resourceOf(custom);
    provider._serve(this._resource, source);
    custom.node.addDependency(...provider._policies.allowFinalBackups());
    tellOf(this._resource, 'DeletionPolicy', 'UpdateReplacePolicy');
    this.node.addValidation({
      validate: () => {
        warnOfRetainedSource(this, source._resource);
        return [...tagProblems(this.tags.tagValues()), ...source._validate(this.node.root)];
      },
    });
  }
}
