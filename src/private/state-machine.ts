/**
 * The state machine: wait, look, and go on until it is over. It decides nothing; the handler does, and it answers CloudFormation.
 *
 * When looking fails again and again (the function crashes, or cannot be invoked), the handler is told so by `error` and
 * answers with that. JSONPath and no variables, so that it runs in every partition and on every engine.
 */
export function stateMachineDefinition(functionArn: string, functionTimeoutSeconds: number): object {
  const invoke = { Type: 'Task', Resource: functionArn, TimeoutSeconds: functionTimeoutSeconds + 10, Next: 'Is it over?' };
  // Lambda did not run the function, and will soon.
  const notInvoked = {
    ErrorEquals: ['Lambda.TooManyRequestsException', 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'],
    IntervalSeconds: 5,
    BackoffRate: 1.5,
    MaxAttempts: 8,
  };
  return {
    StartAt: 'Wait',
    States: {
      'Wait': { Type: 'Wait', SecondsPath: '$.wait', Next: 'Look' },
      'Look': {
        ...invoke,
        Retry: [notInvoked, { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 }],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Give up' }],
      },
      'Is it over?': { Type: 'Choice', Choices: [{ Variable: '$.over', BooleanEquals: true, Next: 'Over' }], Default: 'Wait' },
      'Give up': {
        ...invoke,
        Retry: [notInvoked, { ErrorEquals: ['States.ALL'], IntervalSeconds: 10, BackoffRate: 2, MaxAttempts: 6 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Unanswered' }],
      },
      'Over': { Type: 'Succeed' },
      'Unanswered': {
        Type: 'Fail',
        Error: 'Unanswered',
        Cause: 'The function could not be run, so CloudFormation was not answered and will end the request by its service timeout.',
      },
    },
  };
}
