import type { Stack } from 'aws-cdk-lib';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { fileSystemId } from '../file-system-id';

/** One call of CreateBackup. Nobody waits for the backup. */
export function define(stack: Stack, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    new AwsCustomResource(stack, `Backup${nth}`, {
      onCreate: {
        service: 'FSx',
        action: 'CreateBackup',
        parameters: { FileSystemId: fileSystemId(nth) },
        physicalResourceId: PhysicalResourceId.fromResponse('Backup.BackupId'),
      },
      policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: AwsCustomResourcePolicy.ANY_RESOURCE }),
      installLatestAwsSdk: false,
    });
  }
}
