import type { VirtualClock } from '../clock';
import { AwsError } from '../endpoint';
import { lifecycleOf, type BackupRecord } from './backup';
import { dataStoreOf } from './contents';
import { descriptionOf, type FileSystemType } from './description';
import { KINDS } from './existing';
import { DEFAULTS, type FsxOptions } from './options';
import { Records } from './records';
import { restoredFileSystem, restoredVolume, restoringTo, type Restored } from './restores';
import { Sources, type Location } from './sources';
import { fromList, type TagList } from './tags';
import { copiedTags, type Target } from './target';

type Plan = Partial<Omit<BackupRecord, 'tags' | 'source'>> & {
  fileSystemId?: string;
  volumeId?: string;
  tags?: TagList;
};

const DAY = 24 * 60 * 60_000;
const CROWD_PER_FILE_SYSTEM = 25;

/** The backups of the account: how they come about, and go. */
export class Backups extends Sources {
  readonly options: FsxOptions;
  private readonly records = new Records<BackupRecord>();
  private readonly ofCrowd = new WeakSet<BackupRecord>();

  constructor(clock: VirtualClock, location: Location, options?: Partial<FsxOptions>) {
    super(clock, location);
    this.options = { ...DEFAULTS, ...options };
  }

  /** All that are there, by id. */
  get backups(): Records<BackupRecord> {
    this.removeVanished();
    return this.records;
  }

  override createFileSystem(properties: any, ms = 0) {
    return super.createFileSystem(properties, ms, this.restored(properties, restoredFileSystem));
  }

  override createVolume(properties: any, ms = 0) {
    return super.createVolume(properties, ms, this.restored(properties, restoredVolume));
  }

  /** An application changes the data on a file system, or on a volume of ONTAP. */
  write(id: string, data: string): void {
    const store = dataStoreOf(id, this);
    if (!store) throw new Error(`${id} is not there, or holds no data itself`);
    store.data = data;
  }

  /** '' if nothing was ever written; undefined if it is not there, or holds no data itself */
  read(id: string): string | undefined {
    return dataStoreOf(id, this)?.data;
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

  /**
   * So many finished backups of file systems that are gone, with the tags of others: the account has more in
   * it than the app.
   */
  crowd(count: number): void {
    const kinds = Object.keys(KINDS) as FileSystemType[];
    let of: Pick<BackupRecord, 'source' | 'fileSystem'>;
    for (let nth = 0; nth < count; nth++) {
      const team = Math.floor(nth / CROWD_PER_FILE_SYSTEM);
      if (nth % CROWD_PER_FILE_SYSTEM === 0) of = this.strange(kinds[team % kinds.length]);
      const id = this.nextId('backup', 'backup of the crowd');
      const backup: BackupRecord = {
        ...of!,
        id,
        arn: this.arnOf(`backup/${id}`),
        ownerId: this.location.accountId,
        type: 'USER_INITIATED',
        data: '',
        kmsKeyId: of!.fileSystem.KmsKeyId,
        tags: new Map([
          ['Name', `nightly ${nth}`],
          ['team', `team ${team}`],
        ]),
        createdAt: this.clock.now() - ((nth % CROWD_PER_FILE_SYSTEM) + 1) * DAY,
        duration: DAY / 24,
      };
      this.ofCrowd.add(backup);
      this.records.set(id, backup);
    }
  }

  protected targetOf({ FileSystemId, VolumeId }: { FileSystemId?: string; VolumeId?: string }): Target {
    const volume = VolumeId === undefined ? undefined : this.volume(VolumeId);
    const fileSystem = this.fileSystem(volume?.fileSystemId ?? FileSystemId!);
    const source = { fileSystemId: fileSystem.id, fileSystemType: fileSystem.type, volumeId: VolumeId };
    return { source, fileSystem, volume, associated: this.associationsOf(fileSystem.id).length > 0 };
  }

  /**
   * Those of AWS Backup count too, and [?] failed ones. A crowd does not: an account with ten thousand
   * backups has had its quota raised.
   */
  protected assertWithinQuota(type: FileSystemType): void {
    const counted = [...this.backups.values()].filter(
      (backup) =>
        backup.source.fileSystemType === type && backup.type !== 'AUTOMATIC' && !this.ofCrowd.has(backup),
    );
    if (counted.length < this.options.quotas[type]) return;
    const message =
      `This account has ${counted.length} user-initiated backups of ${type} in this Region, ` +
      'as many as it may have.';
    throw new AwsError('ServiceLimitExceeded', message, 400, { Limit: 'TOTAL_USER_INITIATED_BACKUPS' });
  }

  private restored(properties: any, from: typeof restoredVolume): Restored | undefined {
    if (properties.BackupId === undefined) return undefined;
    return from(this.backup(properties.BackupId), properties, this.clock.now());
  }

  protected restoringTo(backup: BackupRecord): string | undefined {
    const stores = [...this.fileSystems.values(), ...this.volumes.values()];
    return restoringTo(backup, stores, this.clock.now());
  }

  protected addBackup(
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
      fileSystem:
        volume && !this.options.fileSystemInVolumeBackups ? {} : descriptionOf(fileSystem, this.clock.now()),
      volume: volume && descriptionOf(volume, this.clock.now()),
      data: (volume ?? fileSystem).data,
      kmsKeyId: fileSystem.description.KmsKeyId,
      createdAt: this.clock.now(),
      duration: this.options.backupDuration(source),
      failure: this.options.fail(source),
      ...given,
    };
    this.records.set(backup.id, backup);
    return backup;
  }

  protected remove(backup: BackupRecord): void {
    this.records.delete(backup.id);
    backup.lifecycle = 'DELETED';
  }

  protected backup(id: string): BackupRecord {
    const backup = this.backups.get(id);
    if (!backup) throw new AwsError('BackupNotFound', `There is no backup ${id}.`);
    return backup;
  }

  private strange(type: FileSystemType): Pick<BackupRecord, 'source' | 'fileSystem'> {
    const id = this.nextId('fs', 'file system of the crowd');
    const properties = { FileSystemType: type, StorageCapacity: 1200, ...KINDS[type] };
    const description = this.fileSystemDescription(id, properties, {});
    return {
      source: { fileSystemId: id, fileSystemType: type },
      fileSystem: { ...description, Lifecycle: 'AVAILABLE' },
    };
  }

  private removeVanished(): void {
    const { failedBackupsVanishAfter: after } = this.options;
    if (after === Infinity) return;
    for (const backup of [...this.records.values()]) {
      const isOver = this.clock.now() >= failedAt(backup) + after;
      if (isOver && lifecycleOf(backup, this.clock.now()) === 'FAILED') this.remove(backup);
    }
  }
}

function failedAt({ createdAt, duration, lifecycle }: BackupRecord): number {
  return lifecycle === 'FAILED' ? createdAt : createdAt + duration;
}
