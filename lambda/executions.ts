import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { given } from './fsx';

/** The calls of Step Functions. */
export class Executions {
  constructor(private readonly client: SFNClient) {}

  /**
   * Starts an execution, unless there is one of that name: then the event was delivered before, and the
   * execution does what it asks for.
   */
  async start(stateMachineArn: string, name: string, input: string): Promise<void> {
    try {
      const command = new StartExecutionCommand({ stateMachineArn, name, input });
      given((await this.client.send(command)).executionArn);
    } catch (error: any) {
      if (error?.name !== 'ExecutionAlreadyExists') throw error;
    }
  }

  async exists(stateMachineArn: string, name: string): Promise<boolean> {
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    try {
      await this.client.send(new DescribeExecutionCommand({ executionArn }));
      return true;
    } catch (error: any) {
      if (error?.name === 'ExecutionDoesNotExist' || error?.name === 'StateMachineDoesNotExist') return false;
      throw error;
    }
  }
}
