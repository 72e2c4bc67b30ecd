import type { Account } from './account';
import { fileSystemId } from './file-system-id';
import type { Effects } from '../lambda/ending';
import { Fsx } from '../lambda/fsx';
import { poll } from '../lambda/poll';
import { Stacks } from '../lambda/stack';
import { start } from '../lambda/start';
import type { BackupProperties } from '../src/private/contract';

export const STACK_ID =
  'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f';
export const STATE_MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:Requests';

/** What CloudFormation knows of the stack at the moment. */
export interface StackNow {
  readonly status: string;
  /** the backup that the resource holds */
  readonly holds?: string;
}

export const CREATING: StackNow = { status: 'CREATE_IN_PROGRESS' };

/** An event of CloudFormation, with properties as the construct writes them. */
export function eventOf(properties: Partial<BackupProperties> = {}, changes: object = {}) {
  return {
    RequestType: 'Create',
    ResponseURL: 'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/response',
    ResourceType: 'Custom::FsxBackup',
    StackId: STACK_ID,
    RequestId: 'request-1',
    LogicalResourceId: 'Backup',
    ResourceProperties: {
      ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:Handler',
      ServiceTimeout: '3600',
      SchemaVersion: '1',
      StateMachineArn: STATE_MACHINE,
      FileSystemId: fileSystemId(1),
      Tags: [{ Key: 'Name', Value: 'Files/Backup' }],
      TimeoutSeconds: '3300',
      RemovalPolicy: 'RETAIN',
      ...properties,
    },
    ...changes,
  };
}

/**
 * The real handler responds to an event, polled as the state machine does.
 *
 * @returns the response
 */
export async function respond(account: Account, event: object, stack = CREATING): Promise<any> {
  const { clock } = account;
  let response: any;
  let input: unknown;
  const effects: Effects = {
    fsx: new Fsx(account.client as any),
    stacks: new Stacks(stacksClient(stack)),
    executions: {
      start: async (_machine: string, _name: string, given: string) => {
        input = JSON.parse(given);
      },
    } as any,
    deliver: async (_url, body) => {
      response = JSON.parse(body);
    },
    now: () => clock.now(),
    sleep: (ms) => clock.sleep(ms),
    remainingMs: () => 100_000,
    log: () => ({ info: () => undefined, warn: () => undefined, error: () => undefined }),
    environment: { stackId: STACK_ID, urlSuffix: 'amazonaws.com' },
  };
  await start(event, effects);
  const given = {
    machine: 'requests',
    input,
    execution: `${STATE_MACHINE.replace(':stateMachine:', ':execution:')}:1`,
    startTime: new Date(clock.now()).toISOString(),
  } as const;
  let told: any = await poll({ ...given, state: null }, effects);
  while ('state' in told) {
    const { state, wait } = JSON.parse(JSON.stringify(told));
    await clock.sleep(wait * 1000);
    told = await poll({ ...given, state }, effects);
  }
  return response;
}

function stacksClient({ status, holds }: StackNow): any {
  return {
    send: async ({ constructor: { name } }: object) =>
      name === 'DescribeStacksCommand'
        ? { Stacks: [{ StackStatus: status }] }
        : { StackResourceDetail: { ResourceStatus: 'UPDATE_COMPLETE', PhysicalResourceId: holds } },
  };
}
