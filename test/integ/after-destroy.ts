import { writeFileSync } from 'node:fs';
import {
  DeleteBackupCommand,
  DescribeBackupsCommand,
  FSxClient,
  paginateDescribeBackups,
  type Backup,
} from '@aws-sdk/client-fsx';
import { LIVE_TAG } from './live-app';

/*
 * `after-destroy.ts <app> [<count>]`: that so many backups of the library are left of an app whose stack is
 * gone. Writes what FSx says of them to `left-<app>.json`, and deletes them, and those that FSx has taken by
 * itself.
 */

const [app, count] = process.argv.slice(2);
const client = new FSxClient({ region: process.env.AWS_REGION ?? 'us-east-1' });

const hasTag = (tags: Backup['Tags'], key: string, value?: string) =>
  tags?.some((tag) => tag.Key === key && (value === undefined || tag.Value === value)) ?? false;
const isOfApp = ({ Tags, FileSystem, Volume }: Backup) =>
  [Tags, FileSystem?.Tags, Volume?.Tags].some((tags) => hasTag(tags, LIVE_TAG, app));

/** What FSx answers when it is asked for the backups of a source that is gone. */
async function filtered({ FileSystem, Volume }: Backup): Promise<string> {
  const [Name, id] = Volume
    ? (['volume-id', Volume.VolumeId] as const)
    : (['file-system-id', FileSystem?.FileSystemId] as const);
  try {
    const { Backups } = await client.send(new DescribeBackupsCommand({ Filters: [{ Name, Values: [id!] }] }));
    return `${Backups?.length} backups`;
  } catch (error) {
    return (error as Error).name;
  }
}

async function main(): Promise<void> {
  const all: Backup[] = [];
  for await (const { Backups = [] } of paginateDescribeBackups({ client }, {})) {
    all.push(...Backups.filter(isOfApp));
  }
  writeFileSync(
    `left-${app}.json`,
    JSON.stringify(
      await Promise.all(all.map(async (backup) => ({ ...backup, filteredBySource: await filtered(backup) }))),
      undefined,
      2,
    ),
  );
  for (const { BackupId } of all) await client.send(new DeleteBackupCommand({ BackupId }));

  const own = all.filter(
    ({ Tags, Lifecycle }) => hasTag(Tags, 'cdk-fsx-backup:stack-id') && Lifecycle === 'AVAILABLE',
  );
  if (count !== undefined && own.length !== Number(count)) {
    throw new Error(`of "${app}", ${own.length} backups were left, and not ${count}`);
  }
}

void main();
