import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { Wire } from './wire';
import { belongsToResource, generationOf, identityTags } from '../../lambda/identity';
import { type BackupRecord, createExisting } from '../../sandbox';
import { BackupSource, FsxBackup } from '../../src';
import { bystander, synthesize, World } from '../fixtures';

/* The life of one backup on a wire that is disturbed, among backups of others that look like it. */

/**
 * What the stack is to be: without the backup, with it, with other tags on it, with one of another source.
 */
export type Version = 'none' | 'one' | 'tagged' | 'other';

/** One backup that is deleted with its resource, and one that is always there and brings the engine. */
function versionsOf(directory: string, ids: string[], timeout: Duration): Record<Version, string> {
  const [one, two, three] = ids.map((id) => BackupSource.fromFileSystemId(id));
  const version = (name: Version, source?: BackupSource, tag = 'old') => {
    const outdir = join(directory, name);
    return synthesize(
      (stack) => {
        new FsxBackup(stack, 'Standing', { source: three, removalPolicy: RemovalPolicy.DESTROY });
        if (!source) return;
        const backup = new FsxBackup(stack, 'Backup', {
          source,
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
    one: version('one', one),
    tagged: version('tagged', one, 'new'),
    other: version('other', two, 'new'),
  };
}

export class Life {
  static async begin(timeout: Duration): Promise<Life> {
    const directory = mkdtempSync(join(tmpdir(), 'wire-'));
    const world = await World.start({ fsx: { backupDuration: () => 7_000 } });
    const wire = await Wire.into(world);
    const sources = ['One', 'Two', 'Three'].map(() => createExisting(world.fsx));
    const life = new Life(world, wire, versionsOf(directory, sources, timeout), directory);
    await life.deploy('none');
    life.plantLookalikes(sources[0]);
    return life;
  }

  /** The most backups that the resource had at the same time, of one source. */
  most = 0;
  private readonly logicalId: string;
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
    world.journal.onEntry((entry) => {
      if (entry.kind === 'response' && entry.body.Status === 'FAILED') this.onFailure();
      if (entry.kind !== 'call') return;
      const sources = this.own.map(({ source }) => source.fileSystemId);
      this.most = Math.max(this.most, ...sources.map((id) => sources.filter((other) => other === id).length));
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
    return this.world.ownBackups.filter(({ tags }) =>
      belongsToResource(listOf(tags), { stackId, logicalId }),
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
    const identity = {
      stackId: this.stackId,
      logicalId: this.logicalId,
      generation: generationOf({ source: { fileSystemId }, triggers: [] }),
    };
    const plant = (tags: ReturnType<typeof identityTags>, type: BackupRecord['type'] = 'USER_INITIATED') => {
      const all = [...tags, { Key: 'Name', Value: 'Files/Backup' }].map(({ Key, Value }) => ({
        Key: Key!,
        Value: Value!,
      }));
      return this.world.fsx.plantBackup({ fileSystemId, type, lifecycle: 'AVAILABLE', tags: all });
    };
    this.foreign = [
      plant(identityTags({ ...identity, stackId: `${this.stackId}0` })),
      plant(identityTags({ ...identity, logicalId: `${this.logicalId}2` })),
      plant([]),
      plant([], 'AUTOMATIC'),
    ];
    this.foreignAtFirst = seen(this.foreign);
  }
}

function seen(backups: BackupRecord[]): string {
  return JSON.stringify(backups.map(({ id, lifecycle, tags }) => [id, lifecycle, [...tags]]));
}
