import { PutJobFailureResultCommand, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { MockedAws } from './mocked-aws';
import { awsError, EXECUTION } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const job = {
  'CodePipeline.job': {
    id: 'job-1',
    data: { actionConfiguration: { configuration: { FunctionName: 'Handler', UserParameters: EXECUTION } } },
  },
};

test("a pipeline's job gets the backup of the execution as variables", async () => {
  world.stepFunctions
    .on(DescribeExecutionCommand, { executionArn: EXECUTION })
    .resolves({ output: JSON.stringify({ BackupId: 'backup-1', BackupArn: 'arn:1', BackupType: 'x' }) });
  await world.run(job);
  expect(world.calls(PutJobSuccessResultCommand)).toEqual([
    { jobId: 'job-1', outputVariables: { BackupId: 'backup-1', BackupArn: 'arn:1' } },
  ]);
});

test('one that cannot be answered fails with the reason and what to do', async () => {
  world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('AccessDeniedException', 'not allowed'));
  await world.run(job);
  expect(world.calls(PutJobFailureResultCommand)).toEqual([
    {
      jobId: 'job-1',
      failureDetails: {
        type: 'JobFailed',
        message: expect.stringMatching(
          new RegExp(
            /^The backup of execution arn:.* could not be told\. AccessDeniedException: not /.source +
              /allowed\. .*Allow the call/.source,
          ),
        ),
      },
    },
  ]);
});

test('one that meets a passing fault is left to Lambda, which invokes again', async () => {
  world.stepFunctions
    .on(DescribeExecutionCommand)
    .rejects(awsError('InternalServerError', 'later', { $metadata: { httpStatusCode: 500 } }));
  await expect(world.run(job)).rejects.toThrow('later');
  expect(world.calls(PutJobFailureResultCommand)).toEqual([]);
});

test.each([
  ['of an execution that has failed', job, { status: 'FAILED' as const }, /It is FAILED and has no output/],
  [
    'without data',
    { 'CodePipeline.job': { id: 'job-1', data: null } },
    undefined,
    /The backup of execution missing could not be told/,
  ],
])('one %s fails with what is missing', async (_, input, execution, message) => {
  if (execution) world.stepFunctions.on(DescribeExecutionCommand).resolves(execution);
  else world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('InvalidArn', 'Invalid Arn'));
  await world.run(input);
  expect(world.calls(PutJobFailureResultCommand)).toEqual([
    { jobId: 'job-1', failureDetails: { type: 'JobFailed', message: expect.stringMatching(message) } },
  ]);
});
