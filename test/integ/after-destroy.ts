import { DeleteBackupCommand, FSxClient, paginateDescribeBackups, type Backup } from '@aws-sdk/client-fsx';
import { LIVE_TAG } from './live-app';

/* `tsx after-destroy.ts <app> [<count>]`: that so many backups of the library are left of an app whose stack is gone; and delete them, with those that FSx took. */

const [app, count] = process.argv.slice(2);
const client = new FSxClient({ region: process.env.AWS_REGION ?? 'us-east-1' });

const hasTag = (tags: Backup['Tags'], key: string, value?: string) => tags?.some((tag) => tag.Key === key && (value === undefined || tag.Value === value)) ?? false;
const isOfApp = ({ Tags, FileSystem, Volume }: Backup) => [Tags, FileSystem?.Tags, Volume?.Tags].some((tags) => hasTag(tags, LIVE_TAG, app));

async function main(): Promise<void> {
  const all: Backup[] = [];
  for await (const { Backups = [] } of paginateDescribeBackups({ client }, {})) all.push(...Backups.filter(isOfApp));
  for (const { BackupId } of all) await client.send(new DeleteBackupCommand({ BackupId }));

  const own = all.filter(({ Tags, Lifecycle }) => hasTag(Tags, 'cdk-fsx-backup:stack-id') && Lifecycle === 'AVAILABLE');
  if (count !== undefined && own.length !== Number(count)) throw new Error(`of "${app}", ${own.length} backups were left, and not ${count}`);
}

void main();
