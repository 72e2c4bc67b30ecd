import { join } from 'node:path';
import { CustomResource, Duration, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { fileSystemId } from '../file-system-id';

/** One function that waits, for fifteen minutes at most. */
export function define(stack: Stack, count: number): void {
  const fn = new Function(stack, 'Function', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromAsset(join(__dirname, 'polling')),
    timeout: Duration.minutes(15),
  });
  const actions = [
    'fsx:CreateBackup',
    'fsx:TagResource',
    'fsx:DescribeBackups',
    'fsx:DescribeFileSystems',
    'cloudformation:DescribeStacks',
  ];
  fn.addToRolePolicy(new PolicyStatement({ actions, resources: ['*'] }));
  for (let nth = 0; nth < count; nth++) {
    new CustomResource(stack, `Backup${nth}`, {
      serviceToken: fn.functionArn,
      resourceType: 'Custom::Backup',
      properties: { FileSystemId: fileSystemId(nth) },
    });
  }
}
