import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { given, unless } from './errors';

/** The calls of Step Functions. */
export class Executions {
  constructor(private readonly client: SFNClient) {}

  /**
   * Starts an execution, unless there is one of that name: then the event was delivered before, and the
   * execution does what it asks for.
   */
  async start(stateMachineArn: string, name: string, input: string): Promise<void> {
    const command = new StartExecutionCommand({ stateMachineArn, name, input });
    const response = await unless(/^ExecutionAlreadyExists:/, () => this.client.send(command));
    if (response) given(response.executionArn);
  }

  async exists(stateMachineArn: string, name: string): Promise<boolean> {
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const command = new DescribeExecutionCommand({ executionArn });
    const absent = /^(Execution|StateMachine)DoesNotExist:/;
    return (await unless(absent, () => this.client.send(command))) !== undefined;
  }
}
