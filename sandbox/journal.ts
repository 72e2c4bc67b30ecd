import type { VirtualClock } from './clock';

/** One thing that happened in the sandbox. */
export type Entry =
  /** A call of an AWS API, as it ended: `fsx:CreateBackup`, `states:StartExecution`. */
  | {
      kind: 'call';
      operation: string;
      principal: string;
      input: any;
      outcome: 'ok' | 'denied' | 'error' | 'fault';
      output?: any;
      error?: string;
    }
  /** A Lambda invocation that ended. */
  | {
      kind: 'invocation';
      functionName: string;
      requestId: string;
      input: any;
      output?: any;
      error?: string;
      milliseconds: number;
    }
  /** What a Lambda function wrote to its log. */
  | { kind: 'log'; functionName: string; line: string }
  /** An execution of a state machine that started or ended. */
  | {
      kind: 'execution';
      stateMachine: string;
      name: string;
      status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      cause?: string;
    }
  /** An action of a pipeline that began or ended. */
  | {
      kind: 'action';
      pipeline: string;
      execution: string;
      stage: string;
      action: string;
      status: 'InProgress' | 'Succeeded' | 'Failed';
      error?: string;
    }
  /** A request of CloudFormation to a custom resource. */
  | {
      kind: 'request';
      stack: string;
      logicalId: string;
      requestId: string;
      type: 'Create' | 'Update' | 'Delete';
      event: any;
    }
  /** An answer to CloudFormation: `ignored` when nobody waited for it any more. */
  | {
      kind: 'response';
      stack: string;
      logicalId: string;
      requestId: string;
      body: any;
      bytes: number;
      effect: 'accepted' | 'ignored' | 'refused';
      why?: string;
    }
  /** A change of a backup that a person made, behind everybody's back. */
  | { kind: 'person'; act: 'tag' | 'untag' | 'delete'; backupId: string; key?: string; value?: string }
  /** A request to the canary, which nobody should ever call. */
  | { kind: 'stray'; method: string; url: string; body: string }
  /** A stack event, as `cdk deploy` shows it. */
  | {
      kind: 'event';
      stack: string;
      logicalId: string;
      type: string;
      physicalId?: string;
      status: string;
      reason?: string;
      detailedStatus?: 'CONFIGURATION_COMPLETE';
    };

export type Recorded<E = Entry> = E & { at: number };

/** Everything that happened, in order, with the virtual time of each. */
export class Journal {
  readonly entries: Recorded[] = [];
  private readonly listeners: Array<(entry: Recorded) => void> = [];

  constructor(private readonly clock: VirtualClock) {}

  add(entry: Entry): void {
    const recorded = { at: this.clock.now(), ...entry } as Recorded;
    this.entries.push(recorded);
    for (const listener of this.listeners) this.tell(listener, recorded);
  }

  /** A listener that throws is a defect of its owner, and not of the code that made the entry. */
  private tell(listener: (entry: Recorded) => void, entry: Recorded): void {
    try {
      listener(entry);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }

  onEntry(listener: (entry: Recorded) => void): void {
    this.listeners.push(listener);
  }

  of<K extends Entry['kind']>(kind: K): Recorded<Extract<Entry, { kind: K }>>[] {
    return this.entries.filter((entry) => entry.kind === kind) as Recorded<Extract<Entry, { kind: K }>>[];
  }

  /** The calls of one operation, for example `fsx:CreateBackup`. */
  calls(operation: string) {
    return this.of('call').filter((call) => call.operation === operation);
  }
}
