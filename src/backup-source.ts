import { CfnResource, Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import type { RunInput } from './private/contract';
import { recognizable } from './private/copies';
import { FILE_SYSTEM_ID, VOLUME_ID } from './private/rules';
import {
  checkReference,
  dataRepositoriesOf,
  definedSources,
  isUnknown,
  resourceBehind,
  VOLUME,
  whyNot,
} from './private/source-checks';

/**
 * What is backed up: a file system (Windows, Lustre, OpenZFS) or a volume (ONTAP).
 *
 * What cannot be backed up is refused at synthesis, as far as it can be known there: Lustre scratch file
 * systems and those linked to a data repository, ONTAP file systems (back up their volumes), OpenZFS volumes
 * (back up their file system), ONTAP volumes of type `DP`, and sources of another account or Region. What
 * counts is what will be in the template, property overrides included.
 *
 * @example
 * new FsxBackup(this, 'Backup', { source: BackupSource.of(fileSystem) });
 *
 * @see https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateBackup.html
 */
export class BackupSource {
  /**
   * The one file system or ONTAP volume that this construct defines or imports: an L1, an L2, or what
   * contains it.
   *
   * The backup refers to it. So it comes after the source is created and changed, and cannot come before: for
   * that, see `fromDeployed`.
   *
   * @param construct defines one FSx file system or ONTAP volume; an ONTAP file system with one volume is
   * that volume
   * @throws if it defines none or several
   */
  public static of(construct: IConstruct): BackupSource {
    const imported = importedId(construct);
    if (imported !== undefined) return BackupSource.fromFileSystemId(imported);
    const resource = theOneIn('of', construct);
    const kind = resource.cfnResourceType === VOLUME ? 'VolumeId' : 'FileSystemId';
    return new BackupSource(kind, resource.ref, resource, { method: 'of', scope: construct });
  }

  /**
   * A file system with this id.
   *
   * @param id `fs-` and 8 to 18 hexadecimal digits, or a token
   * @throws if the id is malformed, or refers to something of this app that is no file system
   */
  public static fromFileSystemId(id: string): BackupSource {
    return BackupSource.withId('fromFileSystemId', id);
  }

  /**
   * An ONTAP volume with this id.
   *
   * @param id `fsvol-` and 17 hexadecimal digits, or a token
   * @throws if the id is malformed, or refers to something of this app that is no volume
   */
  public static fromVolumeId(id: string): BackupSource {
    return BackupSource.withId('fromVolumeId', id);
  }

  /**
   * The file system or ONTAP volume that this construct defines, as it is deployed now: before this
   * deployment changes or replaces it.
   *
   * The backup does not refer to it, so it can wait for the backup (`executeBefore`, or
   * `FsxBackup.beforeChangeOf` for short). When it is deployed for the first time, there is nothing to back
   * up: the deployment goes on, and `backupId` is `none`.
   *
   * In a pipeline, that is what the stage has deployed last: the stack is asked for by its name.
   *
   * @param construct defines one FSx file system or ONTAP volume: an L1, an L2, or what contains it; in the
   * stack of the backup, or in a stage of the pipeline
   * @throws if it defines none or several
   */
  public static fromDeployed(construct: IConstruct): BackupSource {
    const resource = theOneIn('fromDeployed', construct);
    const kind = resource.cfnResourceType === VOLUME ? 'DeployedVolume' : 'DeployedFileSystem';
    return new BackupSource(kind, resource.logicalId, resource, { method: 'fromDeployed', scope: construct });
  }

  private static withId(method: keyof typeof IDS, id: string): BackupSource {
    const { kind, form, problem } = IDS[method];
    if (typeof id !== 'string' || !(isUnknown(id) || form.test(id))) {
      throw new Error(`"${id}" ${problem}${hintFor(String(id))}`);
    }
    checkReference(`BackupSource.${method}`, id);
    return new BackupSource(kind, id, resourceBehind(id));
  }

  private constructor(
    /** @internal */ public readonly _kind:
      'FileSystemId' | 'VolumeId' | 'DeployedFileSystem' | 'DeployedVolume',
    /** @internal */ public readonly _id: string,
    /** @internal */ public readonly _resource?: CfnResource,
    private readonly definition?: { readonly method: string; readonly scope: IConstruct },
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
      // There may be another one by now.
      if (this.definition) theOneIn(this.definition.method, this.definition.scope);
    } catch (error) {
      return [(error as Error).message];
    }
    const { _resource: resource, _isVolume: isVolume } = this;
    const problem = resource && whyNot(resource, isVolume);
    if (problem) return [problem];
    if (isVolume) return [];
    return dataRepositoriesOf(app, this._id, resource).map(
      (association) =>
        'the Lustre file system of this backup is linked to a data repository by ' +
        `"${association.node.path}", and FSx cannot back up linked file systems: remove the association, ` +
        'or the backup (the repository holds the data)',
    );
  }
}

recognizable(BackupSource);

const IDS = {
  fromFileSystemId: {
    kind: 'FileSystemId',
    form: FILE_SYSTEM_ID,
    problem: 'is not the id of an FSx file system: it must be "fs-" and 8 to 18 hexadecimal digits',
  },
  fromVolumeId: {
    kind: 'VolumeId',
    form: VOLUME_ID,
    problem: 'is not the id of an FSx volume: it must be "fsvol-" and 17 hexadecimal digits',
  },
} as const;

function hintFor(id: string): string {
  if (/^\s|\s$/.test(id)) return '; remove the blanks around it';
  if (/^fsvol-/.test(id)) return '; for a volume use BackupSource.fromVolumeId';
  if (/^fs-/.test(id)) return '; for a file system use BackupSource.fromFileSystemId';
  if (/^backup-/.test(id)) return '; to refer to a backup that exists use FsxBackup.fromBackupId';
  return '';
}

/** The id of a file system that is imported: it defines no resource. That of EFS has mount targets. */
function importedId(construct: IConstruct): string | undefined {
  const isDefined =
    Construct.isConstruct(construct) && construct.node.findAll().some(CfnResource.isCfnResource);
  const { fileSystemId, mountTargetsAvailable } = Object(construct) as Record<string, unknown>;
  const isImport = !isDefined && mountTargetsAvailable === undefined && typeof fileSystemId === 'string';
  return isImport ? fileSystemId : undefined;
}

/** @throws if a construct does not define exactly one source */
function theOneIn(method: string, scope: IConstruct): CfnResource {
  if (!Construct.isConstruct(scope)) {
    throw new Error(
      `BackupSource.${method} needs a construct, and got ${String(scope)}: name what to back up`,
    );
  }
  const found = definedSources(scope);
  if (found.length === 1) return found[0];
  const type = CfnResource.isCfnResource(scope) ? `, but an ${scope.cfnResourceType}` : '';
  const what =
    found.length === 0
      ? `none${type}`
      : `${found.length}: ${found.map((resource) => `"${resource.node.path}"`).join(', ')}`;
  throw new Error(
    `BackupSource.${method} needs a construct that defines one FSx file system or ONTAP volume, and ` +
      `"${scope.node.path || 'App'}" defines ${what}. Name the one to back up; for what this app does not ` +
      'define, use fromFileSystemId or fromVolumeId',
  );
}
