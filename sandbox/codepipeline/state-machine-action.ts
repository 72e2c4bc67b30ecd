import type { VirtualClock } from '../clock';
import type { StepFunctions } from '../step-functions';
import { ActionFailure, type Play } from './action';

const SECOND = 1_000;
const LONGEST = 7 * 24 * 60 * 60 * SECOND;

/** An action that starts a state machine and waits for the end of its execution, up to seven days. */
export function stateMachineAction({
  clock,
  stepFunctions,
}: {
  clock: VirtualClock;
  stepFunctions: Pick<StepFunctions, 'api'>;
}): Play {
  return async ({ id, configuration, caller }) => {
    const { StateMachineArn, ExecutionNamePrefix, Input = '{}' } = configuration;
    const name = ExecutionNamePrefix === undefined ? id : `${ExecutionNamePrefix}-${id}`;
    const deadline = clock.now() + LONGEST;
    // the guide asks for this permission, as a machine may be of either type; the sandbox has Standard ones
    // only
    await caller.call(
      'states:DescribeStateMachine',
      { stateMachineArn: StateMachineArn },
      [{ resource: StateMachineArn }],
      () => {},
    );
    const { executionArn } = await caller.ask(stepFunctions.api, 'StartExecution', {
      stateMachineArn: StateMachineArn,
      name,
      input: Input,
    });
    // [?] how often AWS looks is not documented
    for (let wait = 10 * SECOND; clock.now() < deadline; wait = Math.min(wait * 1.5, 60 * SECOND)) {
      await clock.sleep(Math.min(wait, deadline - clock.now()));
      const { status, output, error, cause } = await caller.ask(stepFunctions.api, 'DescribeExecution', {
        executionArn,
      });
      if (status === 'SUCCEEDED') {
        return { variables: { StateMachineArn, ExecutionArn: executionArn }, output };
      }
      if (status !== 'RUNNING') {
        throw new ActionFailure(
          [`The execution ${executionArn} ended with ${status}`, error, cause].filter(Boolean).join(': '),
        );
      }
    }
    throw new ActionFailure(
      `The action timed out: the execution ${executionArn} has not ended within 7 days`,
    );
  };
}
