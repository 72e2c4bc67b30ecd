import { Token } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { IFsxBackupProvider } from '../fsx-backup-provider-props';

const STATE_MACHINE_ARN = /^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:[^:]+$/;

/** A provider that another app has defined. */
export class ImportedProvider extends Construct implements IFsxBackupProvider {
  public readonly stateMachine: sfn.IStateMachine;

  constructor(scope: Construct, id: string, stateMachineArn: string) {
    super(scope, id);
    if (!Token.isUnresolved(stateMachineArn) && !STATE_MACHINE_ARN.test(stateMachineArn)) {
      throw new Error(
        `"${stateMachineArn}" is not the ARN of a state machine: give that of the other provider's ` +
          '`stateMachine`',
      );
    }
    this.stateMachine = sfn.StateMachine.fromStateMachineArn(this, 'StateMachine', stateMachineArn);
  }
}
