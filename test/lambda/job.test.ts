import { PutJobFailureResultCommand, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { awsError, World } from './events';

const world = new World();
beforeEach(() => world.reset());

const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:Waiter:0b7c';
const job = { 'CodePipeline.job': { id: 'job-1', data: { actionConfiguration: { configuration: { FunctionName: 'Handler', UserParameters: EXECUTION } } } } };

test('a pipeline\'s job gets the backup of the execution as variables', async () => {
  world.stepFunctions.on(DescribeExecutionCommand, { executionArn: EXECUTION }).resolves({ output: JSON.stringify({ BackupId: 'backup-1', BackupArn: 'arn:1', BackupType: 'x' }) });
  await world.run(job);
  expect(world.calls(PutJobSuccessResultCommand)).toEqual([{ jobId: 'job-1', outputVariables: { BackupId: 'backup-1', BackupArn: 'arn:1' } }]);
});

test('one that cannot be answered fails with the reason and what to do', async () => {
  world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('AccessDeniedException', 'not allowed'));
  await world.run(job);
  expect(world.calls(PutJobFailureResultCommand)).toEqual([{
    jobId: 'job-1', failureDetails: { type: 'JobFailed', message: expect.stringMatching(/^The backup of execution arn:.* could not be told\. AccessDeniedException: not allowed\. .*Allow the call/) },
  }]);
});

test('one that meets a passing fault is left to Lambda, which invokes again', async () => {
  world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('InternalServerError', 'later', { $metadata: { httpStatusCode: 500 } }));
  await expect(world.run(job)).rejects.toThrow('later');
  expect(world.calls(PutJobFailureResultCommand)).toEqual([]);
});
