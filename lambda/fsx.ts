import {
  type Backup,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  DescribeVolumesCommand,
  type FileSystem,
  type Filter,
  type FSxClient,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  type Volume,
} from '@aws-sdk/client-fsx';
import { given, unless } from './errors';
import { type Source, sourceId } from './source';

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
    private readonly options: { readonly abortSignal?: AbortSignal } = {},
  ) {}

  /**
   * A page of the user-initiated backups of a source, or of all; none if FSx no longer knows the source. A
   * page may be short, even empty, and not the last.
   */
  async page(source: Source | undefined, NextToken?: string): Promise<Page> {
    const Filters: Filter[] = [{ Name: 'backup-type', Values: ['USER_INITIATED'] }];
    if (source) {
      const Name = 'VolumeId' in source ? 'volume-id' : 'file-system-id';
      Filters.push({ Name, Values: [sourceId(source)] });
    }
    const command = new DescribeBackupsCommand({ Filters, NextToken });
    const page = await unless(/^(FileSystem|Volume)NotFound:/, () => this.client.send(command, this.options));
    if (!page) return { backups: [] };
    // AWS omits empty lists, but each of its responses has a request id. Without one, a proxy answered.
    const backups = page.Backups ?? given(page.$metadata.requestId === undefined ? undefined : []);
    return { backups, next: page.NextToken };
  }

  /** One backup; undefined if FSx knows none of that id, or has deleted it. */
  async backup(backupId: string): Promise<Backup | undefined> {
    const command = new DescribeBackupsCommand({ BackupIds: [backupId] });
    const page = await unless(/^BackupNotFound:/, () => this.client.send(command, this.options));
    const [backup] = page ? given(page.Backups) : [];
    return backup?.Lifecycle === 'DELETED' ? undefined : backup;
  }

  async createBackup(source: Source, token: string, tags: readonly Tag[]): Promise<Backup> {
    const command = new CreateBackupCommand({ ...source, ClientRequestToken: token, Tags: [...tags] });
    return given((await this.client.send(command, this.options)).Backup);
  }

  /** Whether the backup is gone. A backup that FSx does not know is. */
  async deleteBackup(BackupId: string): Promise<boolean> {
    const command = new DeleteBackupCommand({ BackupId });
    const response = await unless(/^BackupNotFound:/, () => this.client.send(command, this.options));
    return !response || given(response.Lifecycle) === 'DELETED';
  }

  async source(source: Source): Promise<SourceState> {
    if ('FileSystemId' in source) return this.stateOfFileSystem(source.FileSystemId);
    const volume = await this.volume(source.VolumeId);
    const state = stateOf(volume, volume?.OntapConfiguration);
    const id = volume?.FileSystemId;
    return state.isBusy || id === undefined
      ? state
      : { ...state, isBusy: (await this.stateOfFileSystem(id)).isBusy };
  }

  async fileSystem(id: string): Promise<FileSystem | undefined> {
    const command = new DescribeFileSystemsCommand({ FileSystemIds: [id] });
    return given((await this.client.send(command, this.options)).FileSystems)[0];
  }

  async volume(id: string): Promise<Volume | undefined> {
    const command = new DescribeVolumesCommand({ VolumeIds: [id] });
    return given((await this.client.send(command, this.options)).Volumes)[0];
  }

  async tag(arn: string, tags: readonly Tag[]): Promise<void> {
    if (tags.length === 0) return;
    await this.client.send(new TagResourceCommand({ ResourceARN: arn, Tags: [...tags] }), this.options);
  }

  async untag(arn: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.client.send(new UntagResourceCommand({ ResourceARN: arn, TagKeys: [...keys] }), this.options);
  }

  private async stateOfFileSystem(id: string): Promise<SourceState> {
    const found = await this.fileSystem(id);
    const { WindowsConfiguration, LustreConfiguration, OpenZFSConfiguration } = found ?? {};
    return stateOf(found, WindowsConfiguration, LustreConfiguration, OpenZFSConfiguration);
  }
}

/** A volume that is changed has no lifecycle of its own for that. */
function stateOf(
  { Lifecycle, AdministrativeActions = [], Tags = [] }: Volume | FileSystem = {},
  ...configurations: ReadonlyArray<{ readonly CopyTagsToBackups?: boolean } | undefined>
): SourceState {
  return {
    isBusy:
      ['CREATING', 'UPDATING', 'PENDING'].includes(Lifecycle!) ||
      AdministrativeActions.some(({ Status }) => Status === 'PENDING' || Status === 'IN_PROGRESS'),
    tagsToCopy: configurations.some((one) => one?.CopyTagsToBackups) ? Tags : [],
  };
}
