import type { VirtualClock } from '../clock';
import { AwsError, type AwsApi, type AwsCall } from '../endpoint';
import type { Authorizer } from '../iam';
import { describeBackup, isInProgress, lifecycleOf, sourceIdOf, type BackupRecord } from './backup';
import { Backups } from './backups';
import { descriptionOf, type FileSystem, type Resource } from './description';
import { passes } from './filters';
import type { FsxOptions } from './options';
import { pageOf } from './pages';
import { permissionsFor } from './permissions';
import { inOrder } from './records';
import { assertInput, assertOutput } from './shapes';
import type { Location } from './sources';
import { assertNotReserved, assertRoom, assertTaggable, fromList, toList, type Tags } from './tags';
import { assertCanBeBackedUp, copiedTags } from './target';

export type { BackupRecord, BackupSource } from './backup';
export type { FsxOptions } from './options';

/** Amazon FSx's API: backups, and as much of their sources as backups need. */
export class FsxService extends Backups {
  readonly api: AwsApi = { service: 'fsx', protocol: 'json-1.1', handle: (call) => this.handle(call) };
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
    super(clock, location, options);
    this.authorizer = authorizer;
  }

  private async handle({ operation, input, principal }: AwsCall): Promise<unknown> {
    const work = this.operation(operation);
    assertInput(operation, input);
    for (const permission of permissionsFor(operation, input, this.known())) {
      await this.authorizer.authorize({ principal, ...permission });
    }
    // as on the wire: a copy, without members that are undefined
    const output = JSON.parse(JSON.stringify(work(input)));
    assertOutput(operation, output);
    return output;
  }

  /** Do what a call does, for somebody who is not asked for permission. */
  carryOut(operation: string, input: object): void {
    assertInput(operation, input);
    this.operation(operation)(input);
  }

  private operation(name: string): (request: any) => unknown {
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
    if (name in operations) return operations[name];
    throw new AwsError(
      'UnknownOperationException',
      `the sandbox serves of FSx ${Object.keys(operations).join(', ')}, not ${name}`,
    );
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
    assertCanBeBackedUp(target, this.clock.now(), this.options);
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
      ? inOrder(new Set<BackupRecord>(BackupIds.map((id: string) => this.visibleBackup(id))))
      : this.backups.inOrder();
    if (!byIds && this.options.filterOfMissingSource === 'error') this.assertSourcesExist(Filters);
    const isShown = (backup: BackupRecord) => this.isVisible(backup);
    const { page, NextToken } = pageOf(candidates, paging, this.options.pageSize, isShown);
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
    const records = inOrder(new Set<FileSystem>(wanted));
    const { page, NextToken } = pageOf(records, paging, this.options.pageSize);
    return { FileSystems: page.map((one) => descriptionOf(one, this.clock.now())), NextToken };
  }

  private describeVolumes({ VolumeIds, Filters, ...paging }: any) {
    if (Filters?.length > 0) {
      throw new AwsError('BadRequest', 'the sandbox serves no filters of DescribeVolumes');
    }
    const wanted =
      VolumeIds?.length > 0 ? VolumeIds.map((id: string) => this.volume(id)) : this.volumes.values();
    const records = inOrder(new Set<Resource>(wanted));
    const { page, NextToken } = pageOf(records, paging, this.options.pageSize);
    return { Volumes: page.map((one) => descriptionOf(one, this.clock.now())), NextToken };
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

  private assertNoneInProgress(sourceId: string): void {
    const ofSource = [...this.backups.values()].filter((backup) => sourceIdOf(backup.source) === sourceId);
    const running = ofSource.find((backup) => isInProgress(backup, this.clock.now()));
    if (running) {
      throw new AwsError('BackupInProgress', `${sourceId} has a backup in progress: ${running.id}.`);
    }
  }

  private assertDeletable(backup: BackupRecord): void {
    const { id, type, beingCopiedTo } = backup;
    const restoringTo = this.restoringTo(backup);
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
      volumeBackupsNeed: this.options.volumeBackupsNeed,
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
