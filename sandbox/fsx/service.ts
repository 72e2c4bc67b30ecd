import type { VirtualClock } from '../clock';
import { AwsError, type AwsApi, type AwsCall } from '../endpoint';
import type { Authorizer } from '../iam';
import { describeBackup, isInProgress, lifecycleOf, sourceIdOf, type BackupRecord } from './backup';
import { descriptionOf, type FileSystem, type FileSystemType, type Resource } from './description';
import { passes } from './filters';
import { DEFAULTS, type FsxOptions } from './options';
import { pageOf } from './pages';
import { permissionsFor } from './permissions';
import { assertInput, assertOutput } from './shapes';
import { Sources, type Location } from './sources';
import {
  assertNotReserved,
  assertRoom,
  assertTaggable,
  fromList,
  toList,
  type TagList,
  type Tags,
} from './tags';
import { assertCanBeBackedUp, copiedTags, type Target } from './target';

export type { BackupRecord, BackupSource } from './backup';
export type { FsxOptions } from './options';

type Plan = Partial<Omit<BackupRecord, 'tags' | 'source'>> & {
  fileSystemId?: string;
  volumeId?: string;
  tags?: TagList;
};

/** Amazon FSx: backups, and as much of their sources as backups need. */
export class FsxService extends Sources {
  readonly api: AwsApi = { service: 'fsx', protocol: 'json-1.1', handle: (call) => this.handle(call) };
  readonly options: FsxOptions;
  /** all but the deleted ones, by id */
  readonly backups = new Map<string, BackupRecord>();
  private readonly authorizer: Authorizer;
  private readonly creations = new Map<string, { parameters: string; backup: BackupRecord; at: number }>();
  private readonly deletions = new Map<string, string>();

  constructor({
    clock,
    authorizer,
    options,
    ...location
  }: Location & {
    clock: VirtualClock;
    authorizer: Authorizer;
    options?: Partial<FsxOptions>;
  }) {
    super(clock, location);
    this.authorizer = authorizer;
    this.options = { ...DEFAULTS, ...options };
  }

  override createFileSystem(properties: any) {
    this.assertRestorable(properties.BackupId);
    return super.createFileSystem(properties);
  }

  override createVolume(properties: any) {
    this.assertRestorable(properties.BackupId);
    return super.createVolume(properties);
  }

  /** Automatic backups go with their file system, the others stay. */
  override deleteFileSystem(id: string): void {
    const target = this.targetOf({ FileSystemId: id });
    const { type } = target.fileSystem;
    const wanted = this.options.finalBackups.includes(type);
    if (wanted) this.assertWithinQuota(type);
    super.deleteFileSystem(id);
    for (const backup of this.backups.values()) {
      if (backup.type === 'AUTOMATIC' && backup.source.fileSystemId === id) this.remove(backup);
    }
    if (wanted) this.addBackup(target, { type: 'USER_INITIATED', tags: copiedTags(target) });
  }

  /** A backup that came about by other ways than CreateBackup. */
  plantBackup({ fileSystemId, volumeId, tags, ...given }: Plan): BackupRecord {
    const target = this.targetOf({ FileSystemId: fileSystemId, VolumeId: volumeId });
    return this.addBackup(target, { type: 'AUTOMATIC', ...given, tags: fromList(tags) });
  }

  private async handle({ operation, input, principal }: AwsCall): Promise<unknown> {
    const operations: Record<string, (request: any) => unknown> = {
      CreateBackup: (request) => this.createBackup(request),
      DescribeBackups: (request) => this.describeBackups(request),
      DeleteBackup: (request) => this.deleteBackup(request),
      TagResource: (request) => this.tagResource(request),
      UntagResource: (request) => this.untagResource(request),
      ListTagsForResource: (request) => this.listTagsForResource(request),
      DescribeFileSystems: (request) => this.describeFileSystems(request),
      DescribeVolumes: (request) => this.describeVolumes(request),
    };
    if (!(operation in operations)) {
      throw new AwsError(
        'UnknownOperationException',
        `the sandbox serves of FSx ${Object.keys(operations).join(', ')}, not ${operation}`,
      );
    }
    assertInput(operation, input);
    for (const permission of permissionsFor(operation, input, this.known())) {
      await this.authorizer.authorize({ principal, ...permission });
    }
    // as on the wire: a copy, without members that are undefined
    const output = JSON.parse(JSON.stringify(operations[operation](input)));
    assertOutput(operation, output);
    return output;
  }

  private createBackup({ ClientRequestToken: token, ...input }: any) {
    const parameters = canonical(input);
    const existing = token === undefined ? undefined : this.backupOfToken(token, parameters);
    if (existing) return { Backup: this.describe(existing) };

    if ((input.FileSystemId === undefined) === (input.VolumeId === undefined)) {
      throw new AwsError('BadRequest', 'CreateBackup takes either a FileSystemId or a VolumeId.');
    }
    assertTaggable(input.Tags);
    const target = this.targetOf(input);
    assertCanBeBackedUp(target);
    this.assertNoneInProgress(sourceIdOf(target.source));
    this.assertWithinQuota(target.fileSystem.type);
    // as soon as the request carries a tag, none of the source's is copied
    const backup = this.addBackup(target, {
      type: 'USER_INITIATED',
      tags: input.Tags ? fromList(input.Tags) : copiedTags(target),
    });
    if (token !== undefined) this.creations.set(token, { parameters, backup, at: this.clock.now() });
    return { Backup: this.describe(backup) };
  }

  private describeBackups({ BackupIds, Filters, ...paging }: any) {
    const byIds = BackupIds?.length > 0;
    const candidates = byIds
      ? new Set<BackupRecord>(BackupIds.map((id: string) => this.visibleBackup(id)))
      : [...this.backups.values()].filter((backup) => this.isVisible(backup));
    if (!byIds && this.options.filterOfMissingSource === 'error') this.assertSourcesExist(Filters);
    const { page, NextToken } = pageOf(candidates, paging, this.options.pageSize);
    return {
      Backups: page.filter(passes(byIds ? [] : Filters)).map((backup) => this.describe(backup)),
      NextToken,
    };
  }

  private assertSourcesExist(filters: Array<{ Name: string; Values: string[] }> = []): void {
    const sources: Record<string, { has(id: string): boolean }> = {
      'file-system-id': this.fileSystems,
      'volume-id': this.volumes,
    };
    for (const { Name, Values } of filters) {
      const missing = sources[Name] && Values.find((id) => !sources[Name].has(id));
      if (missing) {
        throw new AwsError(
          Name === 'volume-id' ? 'VolumeNotFound' : 'FileSystemNotFound',
          `There is no ${missing}.`,
        );
      }
    }
  }

  private deleteBackup({ BackupId: id, ClientRequestToken: token }: any) {
    const deleted = this.deletions.get(token);
    if (deleted !== undefined && deleted !== id) throw incompatible('BackupId');
    if (deleted === undefined) {
      const backup = this.backup(id);
      this.assertDeletable(backup);
      this.remove(backup);
      if (token !== undefined) this.deletions.set(token, id);
    }
    return { BackupId: id, Lifecycle: 'DELETED' };
  }

  private tagResource({ ResourceARN, Tags }: any) {
    const tags = this.tagsOf(ResourceARN);
    assertTaggable(Tags);
    assertRoom(new Map([...tags, ...fromList(Tags)]));
    for (const { Key, Value } of Tags) tags.set(Key, Value);
    return {};
  }

  private untagResource({ ResourceARN, TagKeys }: any) {
    const tags = this.tagsOf(ResourceARN);
    assertNotReserved(TagKeys);
    for (const key of TagKeys) tags.delete(key);
    return {};
  }

  private listTagsForResource({ ResourceARN, MaxResults, NextToken }: any) {
    const tags = this.tagsOf(ResourceARN);
    if (NextToken !== undefined || MaxResults < tags.size) {
      throw new AwsError('BadRequest', 'the sandbox gives all tags at once, not in pages');
    }
    return { Tags: toList(tags) };
  }

  private describeFileSystems({ FileSystemIds, ...paging }: any) {
    const wanted =
      FileSystemIds?.length > 0
        ? FileSystemIds.map((id: string) => this.fileSystem(id))
        : this.fileSystems.values();
    const { page, NextToken } = pageOf(new Set<FileSystem>(wanted), paging, this.options.pageSize);
    return { FileSystems: page.map(descriptionOf), NextToken };
  }

  private describeVolumes({ VolumeIds, Filters, ...paging }: any) {
    if (Filters?.length > 0) {
      throw new AwsError('BadRequest', 'the sandbox serves no filters of DescribeVolumes');
    }
    const wanted =
      VolumeIds?.length > 0 ? VolumeIds.map((id: string) => this.volume(id)) : this.volumes.values();
    const { page, NextToken } = pageOf(new Set<Resource>(wanted), paging, this.options.pageSize);
    return { Volumes: page.map(descriptionOf), NextToken };
  }

  /** The backup that this token made, unless it counts as never used. */
  private backupOfToken(token: string, parameters: string): BackupRecord | undefined {
    const { tokenLifetime, tokenAfterDeletion } = this.options;
    const creation = this.creations.get(token);
    if (!creation || this.clock.now() >= creation.at + tokenLifetime) return undefined;
    if (['DELETED', 'FAILED'].includes(lifecycleOf(creation.backup, this.clock.now()))) {
      if (tokenAfterDeletion === 'new') return undefined;
      if (tokenAfterDeletion === 'error') {
        throw new AwsError('BadRequest', `The backup of the ClientRequestToken ${token} is gone.`);
      }
    }
    if (creation.parameters !== parameters) throw incompatible('ClientRequestToken');
    return creation.backup;
  }

  private targetOf({ FileSystemId, VolumeId }: { FileSystemId?: string; VolumeId?: string }): Target {
    const volume = VolumeId === undefined ? undefined : this.volume(VolumeId);
    const fileSystem = this.fileSystem(volume?.fileSystemId ?? FileSystemId!);
    const source = { fileSystemId: fileSystem.id, fileSystemType: fileSystem.type, volumeId: VolumeId };
    return { source, fileSystem, volume, associated: this.associationsOf(fileSystem.id).length > 0 };
  }

  private assertNoneInProgress(sourceId: string): void {
    const ofSource = [...this.backups.values()].filter((backup) => sourceIdOf(backup.source) === sourceId);
    const running = ofSource.find((backup) => isInProgress(backup, this.clock.now()));
    if (running) {
      throw new AwsError('BackupInProgress', `${sourceId} has a backup in progress: ${running.id}.`);
    }
  }

  /** Those of AWS Backup count too, and [?] failed ones. */
  private assertWithinQuota(type: FileSystemType): void {
    const counted = [...this.backups.values()].filter(
      (backup) => backup.source.fileSystemType === type && backup.type !== 'AUTOMATIC',
    );
    if (counted.length < this.options.quotas[type]) return;
    const message =
      `This account has ${counted.length} user-initiated backups of ${type} in this Region, as many as ` +
      'it may have.';
    throw new AwsError('ServiceLimitExceeded', message, 400, { Limit: 'TOTAL_USER_INITIATED_BACKUPS' });
  }

  private assertRestorable(backupId: string | undefined): void {
    if (backupId === undefined) return;
    const lifecycle = lifecycleOf(this.backup(backupId), this.clock.now());
    if (lifecycle !== 'AVAILABLE') {
      throw new AwsError('BadRequest', `The backup ${backupId} is ${lifecycle}, not AVAILABLE.`);
    }
  }

  private assertDeletable(backup: BackupRecord): void {
    const { id, type, restoringTo, beingCopiedTo } = backup;
    const refuse = (code: string, why: string, fields = {}) => {
      throw new AwsError(code, `The backup ${id} ${why}.`, 400, fields);
    };
    if (type === 'AWS_BACKUP') refuse('BadRequest', 'belongs to AWS Backup and can be deleted there only');
    if (restoringTo) {
      refuse('BackupRestoring', `is being restored to ${restoringTo}`, { FileSystemId: restoringTo });
    }
    if (beingCopiedTo) refuse('BackupBeingCopied', `is being copied to ${beingCopiedTo}`, { BackupId: id });
    const { deletionInProgress, deletionOfFailed } = this.options;
    const now = this.clock.now();
    if (isInProgress(backup, now) && deletionInProgress !== 'deleted') {
      refuse(deletionInProgress, 'is in progress');
    }
    if (lifecycleOf(backup, now) === 'FAILED' && deletionOfFailed !== 'deleted') {
      refuse(deletionOfFailed, 'is FAILED');
    }
  }

  private addBackup(
    target: Target,
    given: Partial<BackupRecord> & Pick<BackupRecord, 'type' | 'tags'>,
  ): BackupRecord {
    const { source, fileSystem, volume } = target;
    const id = this.nextId('backup');
    const backup: BackupRecord = {
      id,
      arn: this.arnOf(`backup/${id}`),
      ownerId: this.location.accountId,
      source,
      fileSystem: volume && !this.options.fileSystemInVolumeBackups ? {} : descriptionOf(fileSystem),
      volume: volume && descriptionOf(volume),
      kmsKeyId: fileSystem.description.KmsKeyId,
      createdAt: this.clock.now(),
      duration: this.options.backupDuration(source),
      failure: this.options.fail(source),
      ...given,
    };
    this.backups.set(backup.id, backup);
    return backup;
  }

  private remove(backup: BackupRecord): void {
    this.backups.delete(backup.id);
    backup.lifecycle = 'DELETED';
  }

  private backup(id: string): BackupRecord {
    const backup = this.backups.get(id);
    if (!backup) throw new AwsError('BackupNotFound', `There is no backup ${id}.`);
    return backup;
  }

  private visibleBackup(id: string): BackupRecord {
    const backup = this.backup(id);
    if (!this.isVisible(backup)) throw new AwsError('BackupNotFound', `There is no backup ${id}.`);
    return backup;
  }

  private isVisible(backup: BackupRecord): boolean {
    return this.clock.now() >= backup.createdAt + this.options.visibilityDelay;
  }

  private describe(backup: BackupRecord): any {
    return describeBackup(backup, this.clock.now());
  }

  private tagsOf(arn: string): Tags {
    const tags = this.known().tagsOf(arn);
    if (!tags) {
      throw new AwsError('ResourceNotFound', `There is no resource ${arn}.`, 400, { ResourceARN: arn });
    }
    return tags;
  }

  private known() {
    const kinds = [
      this.backups,
      this.fileSystems,
      this.volumes,
      this.storageVirtualMachines,
      this.dataRepositoryAssociations,
    ];
    return {
      arnOf: (resource: string) => this.arnOf(resource),
      tagsOf: (arn: string) =>
        kinds.map((kind) => kind.get(arn.slice(arn.lastIndexOf('/') + 1))).find((one) => one?.arn === arn)
          ?.tags,
      fileSystemIdOf: (volumeId: string) => this.volumes.get(volumeId)?.fileSystemId,
    };
  }
}

/** The order of tags and members makes no other request. */
function canonical({ Tags, ...parameters }: any): string {
  return JSON.stringify([Object.entries(parameters).sort(), [...fromList(Tags)].sort()]);
}

function incompatible(parameter: string): AwsError {
  const message = 'The ClientRequestToken was used with other parameters.';
  return new AwsError('IncompatibleParameterError', message, 400, { Parameter: parameter });
}
