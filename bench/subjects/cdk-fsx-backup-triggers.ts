import { CfnResource, type Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';
import { fileSystemId } from '../file-system-id';

const RESOURCES = 300;

/** Each backup is triggered by all of a service, which has many resources that refer to others. */
export function define(stack: Stack, count: number): void {
  const service = new Construct(stack, 'Service');
  for (let nth = 0; nth < RESOURCES; nth++) {
    const group = new CfnResource(stack, `Group${nth}`, { type: 'AWS::EC2::SecurityGroup' });
    new CfnResource(service, `Resource${nth}`, {
      type: 'AWS::X::Y',
      properties: { Name: `resource ${nth}`, Group: group.getAtt('GroupId'), List: [1, 2, { Deep: 'text' }] },
    });
  }
  for (let nth = 0; nth < count; nth++) {
    new FsxBackup(stack, `Backup${nth}`, {
      source: BackupSource.fromFileSystemId(fileSystemId(nth)),
      triggers: [BackupTrigger.onChangeOf(service)],
    });
  }
}
