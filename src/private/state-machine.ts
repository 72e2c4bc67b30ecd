/** A state machine runs one kind of execution: requests of CloudFormation, or runs that others start. */
export type Machine = 'requests' | 'runs';

/**
 * The state machine: poll, wait, and go on until it is over. It decides nothing; the handler does, and it
 * answers CloudFormation.
 *
 * The state is what the handler has returned, never what the execution was started with. When polls fail
 * again and again (the function crashes, or cannot be invoked), the handler is told so by `error`. JSONPath
 * and no variables, so that it runs in every partition and on every engine.
 */
export function stateMachineDefinition(
  machine: Machine,
  functionArn: string,
  functionTimeoutSeconds: number,
): object {
  const invoke = {
    Type: 'Task',
    Resource: functionArn,
    TimeoutSeconds: functionTimeoutSeconds + 10,
    Next: 'Is it over?',
  };
  const parameters = {
    machine,
    'input.$': '$$.Execution.Input',
    'execution.$': '$$.Execution.Id',
    'startTime.$': '$$.Execution.StartTime',
    'state.$': '$.state',
  };
  return {
    StartAt: 'Start',
    States: {
      'Start': { Type: 'Pass', Parameters: { state: null }, Next: 'Poll' },
      'Poll': {
        ...invoke,
        Parameters: parameters,
        Retry: [
          { ...NOT_INVOKED, MaxAttempts: 12 },
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Polls failed' }],
      },
      'Is it over?': {
        Type: 'Choice',
        Choices: [
          { Variable: '$.failure', IsPresent: true, Next: 'Failed' },
          { Variable: '$.output', IsPresent: true, Next: 'Over' },
        ],
        Default: 'Wait',
      },
      'Wait': { Type: 'Wait', SecondsPath: '$.wait', Next: 'Poll' },
      'Polls failed': {
        ...invoke,
        Parameters: { ...parameters, 'error.$': '$.error' },
        Retry: [
          { ...NOT_INVOKED, MaxAttempts: 20 },
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 10, BackoffRate: 2, MaxAttempts: 6 },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Unanswered' }],
      },
      'Over': { Type: 'Succeed', OutputPath: '$.output' },
      'Failed': { Type: 'Fail', ErrorPath: '$.failure.error', CausePath: '$.failure.cause' },
      'Unanswered': {
        Type: 'Fail',
        Error: 'Unanswered',
        Cause:
          'The function could not be run. If CloudFormation waits, it will wait until its service timeout.',
      },
    },
  };
}

/**
 * Lambda did not run the function, and will soon: throttled, or idle in a VPC for so long that its network
 * interfaces have to be created again, which takes minutes.
 */
const NOT_INVOKED = {
  ErrorEquals: [
    'Lambda.TooManyRequestsException',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ResourceNotReadyException',
    'Lambda.ENINotReadyException',
    'Lambda.ResourceConflictException',
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.EC2ThrottledException',
  ],
  IntervalSeconds: 5,
  BackoffRate: 1.5,
  MaxDelaySeconds: 60,
};
