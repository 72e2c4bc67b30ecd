import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  FSxClient,
} from '@aws-sdk/client-fsx';

/* What people write for CDK's Provider framework, with the calls that our handler makes for a new backup. */

const fsx = new FSxClient({});
const cloudFormation = new CloudFormationClient({});

export async function onEvent(event: any) {
  if (event.RequestType !== 'Create') return { PhysicalResourceId: event.PhysicalResourceId };
  const { FileSystemId } = event.ResourceProperties;
  await cloudFormation.send(new DescribeStacksCommand({ StackName: event.StackId }));
  await fsx.send(new DescribeFileSystemsCommand({ FileSystemIds: [FileSystemId] }));
  const { Backup } = await fsx.send(
    new CreateBackupCommand({
      FileSystemId,
      ClientRequestToken: event.RequestId,
      Tags: [{ Key: 'Name', Value: 'Files/Backup' }],
    }),
  );
  return { PhysicalResourceId: Backup!.BackupId };
}

export async function isComplete({ RequestType, PhysicalResourceId }: any) {
  if (RequestType !== 'Create') return { IsComplete: true };
  const { Backups } = await fsx.send(new DescribeBackupsCommand({ BackupIds: [PhysicalResourceId] }));
  if (Backups![0].Lifecycle === 'FAILED') throw new Error(Backups![0].FailureDetails?.Message);
  return { IsComplete: Backups![0].Lifecycle === 'AVAILABLE' };
}
