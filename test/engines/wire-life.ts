import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { Wire } from './wire';
import { digest, generationOf, marksOf, ownTags } from '../../lambda/identity';
import { type BackupRecord, createExisting } from '../../sandbox';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';
import { bystander, synthesize, World } from '../fixtures';

/* The life of one backup on a wire that is disturbed, among backups of others that look like it. */

/**
 * What the stack is to be: without the backup, with it, with other tags on it, with one for another trigger.
 */
export type Version = 'none' | 'one' | 'tagged' | 'other';

/** One backup that is deleted with its resource, and one that is always there and brings the engine. */
function versionsOf(directory: string, ids: string[], timeout: Duration): Record<Version, string> {
  const [source, other] = ids.map((id) => BackupSource.fromFileSystemId(id));
  const version = (name: Version, trigger?: string, tag = 'old') => {
    const outdir = join(directory, name);
    return synthesize(
      (stack) => {
        new FsxBackup(stack, 'Standing', { source: other, removalPolicy: RemovalPolicy.DESTROY });
        if (trigger === undefined) return;
        const backup = new FsxBackup(stack, 'Backup', {
          source,
          triggers: [BackupTrigger.onValue(trigger)],
          removalPolicy: RemovalPolicy.DESTROY,
          timeout,
        });
        Tags.of(backup).add(tag, 'yes');
        bystander(stack, backup, name);
      },
      { outdir },
    );
  };
  return {
    none: version('none'),
    one: version('one', '1'),
    tagged: version('tagged', '1', 'new'),
    other: version('other', '2', 'new'),
  };
}

export class Life {
  static async begin(timeout: Duration): Promise<Life> {
    const directory = mkdtempSync(join(tmpdir(), 'wire-'));
    const world = await World.start({ fsx: { backupDuration: () => 7_000 } });
    const wire = await Wire.into(world);
    const sources = ['One', 'Two'].map(() => createExisting(world.fsx));
    const life = new Life(world, wire, versionsOf(directory, sources, timeout), directory);
    await life.deploy('none');
    life.plantLookalikes(sources[0]);
    return life;
  }

  /** The most backups that the resource had at the same time, of one generation. */
  most = 0;
  private readonly logicalId: string;
  private readonly triggers: string[];
  private foreign: BackupRecord[] = [];
  private foreignAtFirst = '';

  private constructor(
    readonly world: World,
    readonly wire: Wire,
    private readonly versions: Record<Version, string>,
    private readonly directory: string,
  ) {
    const { Resources } = JSON.parse(readFileSync(join(versions.one, 'Files.template.json'), 'utf8'));
    this.logicalId = Object.keys(Resources).find(
      (id) => id.startsWith('Backup') && Resources[id].Type === 'Custom::FsxBackup',
    )!;
    this.triggers = Resources[this.logicalId].Properties.Triggers;
    world.journal.onEntry((entry) => {
      if (entry.kind === 'response' && entry.body.Status === 'FAILED') this.onFailure();
      if (entry.kind !== 'call') return;
      const all = this.own.map(({ tags }) => tags.get('cdk-fsx-backup:generation'));
      this.most = Math.max(this.most, ...all.map((one) => all.filter((other) => other === one).length));
    });
  }

  /** what comes of it when the resource, or another, has failed */
  onFailure: () => void = () => undefined;

  async deploy(version: Version): Promise<string> {
    return (await this.world.deploy(this.versions[version])).Files.status;
  }

  /** What comes after the backup fails. */
  failToDeploy(version: Version): Promise<string> {
    this.world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    return this.deploy(version);
  }

  async destroy(): Promise<string> {
    return (await this.world.destroy('Files')).status;
  }

  /** The backups of the resource. */
  get own(): BackupRecord[] {
    const { stackId, logicalId } = this;
    const listOf = (tags: Map<string, string>) => [...tags].map(([Key, Value]) => ({ Key, Value }));
    return this.world.ownBackups.filter(
      ({ tags }) => marksOf({ Tags: listOf(tags) }, { stackId, logicalId }).isOwn,
    );
  }

  /** Which tag of the user each of them has. */
  get tagged(): string[] {
    return this.own.flatMap(({ tags }) => [...tags.keys()].filter((key) => key === 'old' || key === 'new'));
  }

  /** Requests of CloudFormation that had no answer, or two. */
  get unanswered(): string[] {
    const { journal } = this.world;
    const accepted = journal
      .of('response')
      .filter(({ effect }) => effect === 'accepted')
      .map(({ requestId }) => requestId);
    const requests = journal
      .of('request')
      .filter(({ requestId }) => accepted.filter((id) => id === requestId).length !== 1);
    return requests.map(({ type, logicalId }) => `${type} ${logicalId}`);
  }

  /** What CloudFormation was told of failures, from this entry of the journal on. */
  failuresSince(nth: number) {
    const entries = this.world.journal.entries.slice(nth);
    return entries.flatMap((entry) => {
      if (entry.kind !== 'response' || entry.effect !== 'accepted' || entry.body.Status !== 'FAILED') {
        return [];
      }
      const asked = entries.find(
        (request) => request.kind === 'request' && request.requestId === entry.requestId,
      )!;
      return [{ reason: entry.body.Reason as string, bytes: entry.bytes, milliseconds: entry.at - asked.at }];
    });
  }

  /** Lambda gives the function new containers. */
  recycle(): void {
    this.world.lambda.recycle(this.world.journal.of('request')[0].event.ServiceToken);
  }

  private get stackId(): string {
    return this.world.cloudFormation.stack('Files').id;
  }

  get isForeignUntouched(): boolean {
    return seen(this.foreign) === this.foreignAtFirst;
  }

  async end(): Promise<void> {
    await this.world.close();
    await this.wire.close();
    rmSync(this.directory, { recursive: true });
  }

  /**
   * Backups that differ from that of the resource in the stack, in the logical id, in having no identity, and
   * in who took them.
   */
  private plantLookalikes(fileSystemId: string): void {
    const { stackId, logicalId } = this;
    const triggers = digest(this.triggers, 32);
    const generation = generationOf({ source: { FileSystemId: fileSystemId }, triggers });
    const tagsOf = (owner: object) =>
      ownTags({ stackId, logicalId, ...owner }, generation, 'none', 'DESTROY');
    const plant = (tags: ReturnType<typeof ownTags>, type: BackupRecord['type'] = 'USER_INITIATED') => {
      const all = [...tags, { Key: 'Name', Value: 'Files/Backup' }].map(({ Key, Value }) => ({
        Key: Key!,
        Value: Value!,
      }));
      return this.world.fsx.plantBackup({ fileSystemId, type, lifecycle: 'AVAILABLE', tags: all });
    };
    this.foreign = [
      plant(tagsOf({ stackId: `${stackId}0` })),
      plant(tagsOf({ logicalId: `${logicalId}2` })),
      plant([]),
      plant([], 'AUTOMATIC'),
    ];
    this.foreignAtFirst = seen(this.foreign);
  }
}

function seen(backups: BackupRecord[]): string {
  return JSON.stringify(backups.map(({ id, lifecycle, tags }) => [id, lifecycle, [...tags]]));
}
