import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/* References to other stacks as new apps have them: `Fn::GetStackOutput`. */

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');

function triggersWith(attribute: string, type = 'AWS::EC2::SecurityGroup'): any {
  const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'weak' } });
  const other = new CfnResource(new Stack(app, 'Network'), 'Other', { type });
  const stack = new Stack(app, 'Files');
  const properties = { Value: other.getAtt(attribute) };
  const service = new CfnResource(stack, 'Service', { type: 'AWS::X::Y', properties });
  new FsxBackup(stack, 'Backup', { source, triggers: [BackupTrigger.onChangeOf(service)] });
  const [backup] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
  return backup.Properties.Triggers;
}

test('the value of a weak reference is compared at deployment', () => {
  expect(triggersWith('GroupId')).toEqual([
    [
      expect.stringMatching(/^onChangeOf:/),
      { 'Fn::GetStackOutput': expect.objectContaining({ StackName: 'Network' }) },
    ],
  ]);
});

test('but not that of a secret', () => {
  expect(triggersWith('SecretAccessKey', 'AWS::IAM::AccessKey')).toEqual([
    expect.stringMatching(/^onChangeOf:/),
  ]);
});
