import { CfnResource, type Stack } from 'aws-cdk-lib';
import { fileSystemId } from '../file-system-id';

/**
 * CloudFormation's own type, where it is enough. By its name, since the oldest supported aws-cdk-lib has no
 * `fsx.CfnBackup`.
 */
export function define(stack: Stack, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    new CfnResource(stack, `Backup${nth}`, {
      type: 'AWS::FSx::Backup',
      properties: { FileSystemId: fileSystemId(nth) },
    });
  }
}
