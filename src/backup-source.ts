import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { IConstruct } from 'constructs';
import type { RunInput } from './private/contract';
import {
  checkFileSystem,
  checkVolume,
  dataRepositoriesOf,
  FILE_SYSTEM,
  resourceBehind,
  VOLUME,
} from './private/source-checks';

/**
 * What is backed up: a file system (Windows, Lustre, OpenZFS) or a volume (ONTAP).
 *
 * What cannot be backed up is refused at synthesis, as far as it can be known there: Lustre scratch file
 * systems and those linked to a data repository, ONTAP file systems (back up their volumes), OpenZFS volumes
 * (back up their file system) and ONTAP volumes of type `DP`.
 *
 * @see https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateBackup.html
 */
export class BackupSource {
  /**
   * A file system defined by an L2 construct.
   *
   * @param fileSystem a `LustreFileSystem`, or anybody's `IFileSystem`
   * @throws if the file system is defined in this app and cannot be backed up
   */
  public static fromFileSystem(fileSystem: fsx.IFileSystem): BackupSource {
    return BackupSource.fromFileSystemId(fileSystem.fileSystemId);
  }

  /**
   * A file system with this id.
   *
   * @param id `fs-` and 8 to 18 hexadecimal digits, or a token
   * @throws if the id is malformed, or refers to a resource of this app that cannot be backed up
   */
  public static fromFileSystemId(id: string): BackupSource {
    if (!Token.isUnresolved(id) && !/^fs-[0-9a-f]{8,18}$/.test(id)) {
      throw new Error(
        `"${id}" is not the id of an FSx file system: it must be "fs-" and 8 to 18 hexadecimal ` +
          `digits${hintFor(id)}`,
      );
    }
    const resource = resourceBehind(id);
    if (resource) checkFileSystem(resource);
    return new BackupSource('FileSystemId', id, resource);
  }

  /**
   * An ONTAP volume with this id.
   *
   * @param id `fsvol-` and 17 hexadecimal digits, or a token
   * @throws if the id is malformed, or refers to a resource of this app that cannot be backed up
   */
  public static fromVolumeId(id: string): BackupSource {
    if (!Token.isUnresolved(id) && !/^fsvol-[0-9a-f]{17}$/.test(id)) {
      throw new Error(
        `"${id}" is not the id of an FSx volume: it must be "fsvol-" and 17 hexadecimal digits${hintFor(id)}`,
      );
    }
    const resource = resourceBehind(id);
    if (resource) checkVolume(resource);
    return new BackupSource('VolumeId', id, resource);
  }

  /**
   * A file system defined by an L1 construct.
   *
   * @param cfn of type WINDOWS, LUSTRE or OPENZFS
   * @throws if it cannot be backed up
   */
  public static fromCfnFileSystem(cfn: fsx.CfnFileSystem): BackupSource {
    return BackupSource.fromFileSystemId(cfn.ref);
  }

  /**
   * An ONTAP volume defined by an L1 construct.
   *
   * @param cfn a read-write volume of type ONTAP
   * @throws if it cannot be backed up
   */
  public static fromCfnVolume(cfn: fsx.CfnVolume): BackupSource {
    return BackupSource.fromVolumeId(cfn.ref);
  }

  /**
   * The file system or ONTAP volume that this construct defines, as it is deployed now: before this
   * deployment changes or replaces it.
   *
   * The backup does not refer to it, so it can wait for the backup (`executeBefore`, or
   * `FsxBackup.beforeUpdateOf` for short). When it is deployed for the first time, there is nothing to back
   * up: the deployment goes on, and `backupId` is `none`.
   *
   * In a pipeline, that is what the stage has deployed last: the stack is asked for by its name.
   *
   * @param scope a construct that defines one FSx file system or volume: an L1, an L2, or what contains it;
   * in the stack of the backup, or in a stage of the pipeline
   * @throws if it defines none or several, or one that cannot be backed up
   */
  public static fromDeployed(scope: IConstruct): BackupSource {
    const found = scope.node
      .findAll()
      .filter(
        (construct): construct is CfnResource =>
          CfnResource.isCfnResource(construct) && [FILE_SYSTEM, VOLUME].includes(construct.cfnResourceType),
      );
    if (found.length !== 1) {
      const what =
        found.length === 0
          ? 'no FSx file system or volume'
          : `${found.length}: ${found.map((resource) => `"${resource.node.path}"`).join(', ')}`;
      throw new Error(
        'BackupSource.fromDeployed needs a construct that defines one FSx file system or volume, and ' +
          `"${scope.node.path || 'App'}" defines ${what}. Name the one to back up; for what this app does ` +
          'not define, use fromFileSystemId or fromVolumeId',
      );
    }
    const [resource] = found;
    const isVolume = resource.cfnResourceType === VOLUME;
    (isVolume ? checkVolume : checkFileSystem)(resource);
    return new BackupSource(
      isVolume ? 'DeployedVolume' : 'DeployedFileSystem',
      resource.logicalId,
      resource,
      scope,
    );
  }

  private constructor(
    /** @internal */ public readonly _kind:
      'FileSystemId' | 'VolumeId' | 'DeployedFileSystem' | 'DeployedVolume',
    /** @internal */ public readonly _id: string,
    /** @internal */ public readonly _resource?: CfnResource,
    private readonly deployedScope?: IConstruct,
  ) {}

  /**
   * The source is named by its logical id, and the backup does not refer to it.
   *
   * @internal
   */
  public get _isDeployed(): boolean {
    return this._kind === 'DeployedFileSystem' || this._kind === 'DeployedVolume';
  }

  /** @internal */
  public get _isVolume(): boolean {
    return this._kind === 'VolumeId' || this._kind === 'DeployedVolume';
  }

  /**
   * As the input of a run names it.
   *
   * @internal
   */
  public _inInput(): RunInput['source'] {
    if (!this._isDeployed) return this._id;
    return { stack: Stack.of(this._resource!).stackName, logicalId: this._id };
  }

  /**
   * What is wrong with the source in the app as a whole, once all of it is defined.
   *
   * @internal
   */
  public _validate(app: IConstruct): string[] {
    try {
      // there may be another one by now
      if (this.deployedScope) BackupSource.fromDeployed(this.deployedScope);
    } catch (error) {
      return [(error as Error).message];
    }
    if (this._isVolume) return [];
    return dataRepositoriesOf(app, this._id, this._resource).map(
      (association) =>
        'the Lustre file system of this backup is linked to a data repository by ' +
        `"${association.node.path}", and FSx cannot back up linked file systems: remove the association, ` +
        'or the backup (the repository holds the data)',
    );
  }
}

function hintFor(id: string): string {
  if (/^fsvol-/.test(id)) return '; for a volume use BackupSource.fromVolumeId';
  if (/^fs-/.test(id)) return '; for a file system use BackupSource.fromFileSystemId';
  if (/^backup-/.test(id)) return '; to refer to a backup that exists use FsxBackup.fromBackupId';
  return '';
}
