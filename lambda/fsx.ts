import {
  type Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
  type FileSystem,
  type FSxClient,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  type Volume,
} from '@aws-sdk/client-fsx';
import { UnusableResponse } from './errors';
import type { Source } from './source';

/** A file system or volume, as far as its backups depend on it. */
export interface SourceState {
  /** It is being created or changed, and FSx may refuse a backup. */
  readonly isBusy: boolean;
  /** Its own tags, if it asks for them to be copied to backups; else none. */
  readonly tagsToCopy: readonly Tag[];
}

export interface Page {
  readonly backups: readonly Backup[];
  readonly next?: string;
}

/** The calls of FSx. All are abandoned when their share of the invocation is used up. */
export class Fsx {
  constructor(
    private readonly client: FSxClient,
    private readonly abortSignal?: AbortSignal,
  ) {}

  /**
   * A page of the user-initiated backups of a source, or of all; none if FSx no longer knows the source. A
   * page may be short, even empty, and not the last.
   */
  async page(source: Source | undefined, NextToken?: string): Promise<Page> {
    const Filters = [{ Name: 'backup-type' as const, Values: ['USER_INITIATED'] }, ...filterBy(source)];
    try {
      const page = await this.client.send(new DescribeBackupsCommand({ Filters, NextToken }), this.options());
      // AWS omits empty lists, but each of its responses has a request id. Without one, a proxy answered.
      const backups = page.Backups ?? given(page.$metadata.requestId === undefined ? undefined : []);
      return { backups, next: page.NextToken };
    } catch (error: any) {
      if (error?.name === 'FileSystemNotFound' || error?.name === 'VolumeNotFound') return { backups: [] };
      throw error;
    }
  }

  /** One backup; undefined if FSx knows none of that id, or has deleted it. */
  async backup(backupId: string): Promise<Backup | undefined> {
    try {
      const command = new DescribeBackupsCommand({ BackupIds: [backupId] });
      const [backup] = given((await this.client.send(command, this.options())).Backups);
      return backup?.Lifecycle === 'DELETED' ? undefined : backup;
    } catch (error: any) {
      if (error?.name === 'BackupNotFound') return undefined;
      throw error;
    }
  }

  async createBackup(source: Source, token: string, tags: readonly Tag[]): Promise<Backup> {
    const id = 'volumeId' in source ? { VolumeId: source.volumeId } : { FileSystemId: source.fileSystemId };
    const command = new CreateBackupCommand({ ...id, ClientRequestToken: token, Tags: [...tags] });
    return given((await this.client.send(command, this.options())).Backup);
  }

  /** Whether the backup is gone. A backup that FSx does not know is. */
  async deleteBackup(backupId: string): Promise<boolean> {
    try {
      const command = new DeleteBackupCommand({ BackupId: backupId });
      return given((await this.client.send(command, this.options())).Lifecycle) === 'DELETED';
    } catch (error: any) {
      if (error?.name === 'BackupNotFound') return true;
      throw error;
    }
  }

  async source(source: Source): Promise<SourceState> {
    if ('fileSystemId' in source) return this.fileSystem(source.fileSystemId);
    const command = new DescribeVolumesCommand({ VolumeIds: [source.volumeId] });
    const [volume] = given((await this.client.send(command, this.options())).Volumes);
    const { FileSystemId, OntapConfiguration, Tags } = Object(volume) as Volume;
    return {
      isBusy: isBusy(volume) || (FileSystemId !== undefined && (await this.fileSystem(FileSystemId)).isBusy),
      tagsToCopy: OntapConfiguration?.CopyTagsToBackups ? (Tags ?? []) : [],
    };
  }

  async tag(arn: string, tags: readonly Tag[]): Promise<void> {
    if (tags.length === 0) return;
    await this.client.send(new TagResourceCommand({ ResourceARN: arn, Tags: [...tags] }), this.options());
  }

  async untag(arn: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.client.send(
      new UntagResourceCommand({ ResourceARN: arn, TagKeys: [...keys] }),
      this.options(),
    );
  }

  private async fileSystem(id: string): Promise<SourceState> {
    const command = new DescribeFileSystemsCommand({ FileSystemIds: [id] });
    const [fileSystem] = given((await this.client.send(command, this.options())).FileSystems);
    const { WindowsConfiguration, LustreConfiguration, OpenZFSConfiguration, Tags } = Object(
      fileSystem,
    ) as FileSystem;
    const configurations = [WindowsConfiguration, LustreConfiguration, OpenZFSConfiguration];
    const isCopied = configurations.some((configuration) => configuration?.CopyTagsToBackups);
    return { isBusy: isBusy(fileSystem), tagsToCopy: isCopied ? (Tags ?? []) : [] };
  }

  private options() {
    return { abortSignal: this.abortSignal };
  }
}

/** It is being created or changed. A volume that is changed has no lifecycle of its own for that. */
function isBusy({ Lifecycle, AdministrativeActions }: Volume | FileSystem = {}): boolean {
  return (
    /^(CREATING|UPDATING|PENDING)$/.test(Lifecycle ?? '') ||
    (AdministrativeActions ?? []).some(({ Status }) => Status === 'PENDING' || Status === 'IN_PROGRESS')
  );
}

function filterBy(source: Source | undefined) {
  if (!source) return [];
  return 'volumeId' in source
    ? [{ Name: 'volume-id' as const, Values: [source.volumeId] }]
    : [{ Name: 'file-system-id' as const, Values: [source.fileSystemId] }];
}

/** The SDK takes an empty response for a success. */
export function given<T>(member: T | undefined): T {
  if (member === undefined) {
    throw new UnusableResponse('The response is empty: it is not one of AWS, or was cut off on the way');
  }
  return member;
}
