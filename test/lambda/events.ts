import type { CloudFormationEvent } from '../../lambda/request';

export const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Files/6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f';
export const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
export const VOLUME = 'fsvol-0123456789abcdef0';
export const STATE_MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter';
export const RESPONSE_URL = 'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer?X-Amz-Signature=verysecret';

/** Properties as CloudFormation delivers them: all scalars are strings. */
export function properties(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const all = {
    ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:Handler',
    ServiceTimeout: '3600',
    SchemaVersion: '1',
    StateMachineArn: STATE_MACHINE,
    FileSystemId: FILE_SYSTEM,
    Tags: [{ Key: 'Name', Value: 'Files/Backup' }],
    WaitUntil: 'AVAILABLE',
    TimeoutSeconds: '3600',
    RemovalPolicy: 'RETAIN',
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function createEvent(changes: Record<string, unknown> = {}): CloudFormationEvent {
  return {
    RequestType: 'Create',
    ResponseURL: RESPONSE_URL,
    StackId: STACK_ID,
    RequestId: 'request-1',
    LogicalResourceId: 'Backup',
    ResourceProperties: properties(changes),
  };
}

type Changes = Record<string, unknown>;

export function updateEvent(physicalId: string, changes: Changes = {}, oldChanges: Changes = {}): CloudFormationEvent {
  return { ...createEvent(changes), RequestType: 'Update', PhysicalResourceId: physicalId, OldResourceProperties: properties(oldChanges) };
}

export function deleteEvent(physicalId: string, changes: Record<string, unknown> = {}): CloudFormationEvent {
  return { ...createEvent(changes), RequestType: 'Delete', PhysicalResourceId: physicalId };
}
