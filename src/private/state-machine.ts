/**
 * The state machine: wait, look, and go on until it is over. It decides nothing; the handler does, and it
 * answers CloudFormation. An execution that the handler did not start begins with what it was started with,
 * and ends with the backup, or fails.
 *
 * When looking fails again and again (the function crashes, or cannot be invoked), the handler is told so by
 * `error` and answers with that. JSONPath and no variables, so that it runs in every partition and on every
 * engine.
 */
export function stateMachineDefinition(functionArn: string, functionTimeoutSeconds: number): object {
  const invoke = {
    Type: 'Task',
    Resource: functionArn,
    TimeoutSeconds: functionTimeoutSeconds + 10,
    Next: 'Is it over?',
  };
  // Lambda did not run the function, and will soon.
  const notInvoked = {
    ErrorEquals: [
      'Lambda.TooManyRequestsException',
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
    ],
    IntervalSeconds: 5,
    BackoffRate: 1.5,
    MaxAttempts: 8,
  };
  return {
    StartAt: 'Who started it?',
    States: {
      'Who started it?': {
        Type: 'Choice',
        Choices: [
          {
            And: [
              { Variable: '$.wait', IsPresent: true },
              { Variable: '$.wait', IsNumeric: true },
              { Variable: '$.work.startedAt', IsPresent: true },
              { Variable: '$.work.event.RequestType', IsPresent: true },
            ],
            Next: 'Wait',
          },
        ],
        Default: 'Somebody else',
      },
      'Somebody else': {
        Type: 'Pass',
        Parameters: {
          started: {
            'input.$': '$',
            'execution.$': '$$.Execution.Id',
            'startTime.$': '$$.Execution.StartTime',
          },
        },
        Next: 'Look',
      },
      'Wait': { Type: 'Wait', SecondsPath: '$.wait', Next: 'Look' },
      'Look': {
        ...invoke,
        Retry: [
          notInvoked,
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Give up' }],
      },
      'Is it over?': {
        Type: 'Choice',
        Choices: [
          { Variable: '$.failure', IsPresent: true, Next: 'Failed' },
          { Variable: '$.over', BooleanEquals: true, Next: 'Over' },
        ],
        Default: 'Wait',
      },
      'Give up': {
        ...invoke,
        Retry: [
          notInvoked,
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 10, BackoffRate: 2, MaxAttempts: 6 },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Unanswered' }],
      },
      'Over': { Type: 'Succeed', OutputPath: '$.result' },
      'Failed': { Type: 'Fail', ErrorPath: '$.failure.error', CausePath: '$.failure.cause' },
      'Unanswered': {
        Type: 'Fail',
        Error: 'Unanswered',
        Cause:
          'The function could not be run. CloudFormation, if it was it that asked, was not answered and ' +
          'will end the request by its service timeout.',
      },
    },
  };
}
