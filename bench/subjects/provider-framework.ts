import { join } from 'node:path';
import { CustomResource, Duration, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { fileSystemId } from '../file-system-id';

/** CDK's Provider framework, as its README has it. */
export function define(stack: Stack, count: number): void {
  const part = (id: string, handler: string, actions: string[]) => {
    const fn = new Function(stack, id, {
      runtime: Runtime.NODEJS_22_X,
      handler,
      code: Code.fromAsset(join(__dirname, 'on-event')),
      timeout: Duration.minutes(1),
    });
    fn.addToRolePolicy(new PolicyStatement({ actions, resources: ['*'] }));
    return fn;
  };
  const provider = new Provider(stack, 'Provider', {
    onEventHandler: part('OnEvent', 'index.onEvent', [
      'fsx:CreateBackup',
      'fsx:TagResource',
      'fsx:DescribeBackups',
      'fsx:DescribeFileSystems',
      'cloudformation:DescribeStacks',
    ]),
    isCompleteHandler: part('IsComplete', 'index.isComplete', ['fsx:DescribeBackups']),
    totalTimeout: Duration.hours(1),
  });
  for (let nth = 0; nth < count; nth++) {
    new CustomResource(stack, `Backup${nth}`, {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::Backup',
      properties: { FileSystemId: fileSystemId(nth) },
    });
  }
}
