import { InvalidRequest } from './errors';
import { digest } from './identity';
import { isText, LOGICAL_ID, PHYSICAL_ID, show } from './readers';
import type { Asked } from './response';
import { SOURCE_PROPERTIES } from './source';

/** What CloudFormation sends. */
export interface CloudFormationEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly ResourceType: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
}

/** What the function's environment says. */
export interface Environment {
  /** The stack of the provider. */
  readonly stackId: string;
  readonly urlSuffix: string;
  /** Another host that takes responses: for tests, and never set by the construct. */
  readonly responseHost?: string;
}

/** Why the event is not CloudFormation's about this stack. There is nobody to respond to. */
export class NotFromCloudFormation extends Error {}

/** How what CloudFormation sends looks. */
const FORMS = {
  RequestType: /^(Create|Update|Delete)$/,
  RequestId: /^[\w-]{1,128}$/,
  LogicalResourceId: LOGICAL_ID,
  PhysicalResourceId: PHYSICAL_ID,
};

const MEMBERS = [...Object.keys(FORMS), 'ResponseURL', 'ResourceType', 'StackId'];
const PROPERTIES = [
  'SchemaVersion',
  'StateMachineArn',
  ...SOURCE_PROPERTIES,
  'Triggers',
  'Tags',
  'NameHasTime',
  'TimeoutSeconds',
  'RemovalPolicy',
  'KeepLast',
  'BackupId',
  'BackupLifecycle',
  'BackupCreationTime',
];

/** What a person needs who sends what only CloudFormation should send. */
export const TO_TAKE_ONE = 'to take a backup, start the stateMachine of the FsxBackupProvider';

/** An event larger than this is not waited for: an execution could not be started with it. */
const MAX_CHARACTERS = 100_000;

/**
 * The event without what no request needs, and with the hash of the triggers in place of their values.
 *
 * @throws NotFromCloudFormation
 */
export function leanEvent(input: unknown, environment: Environment): CloudFormationEvent {
  const event = Object(input) as CloudFormationEvent;
  checkSender(event, environment);
  return {
    ...pick(event, MEMBERS),
    ResourceProperties: leanProperties(event.ResourceProperties),
    OldResourceProperties: event.OldResourceProperties && leanProperties(event.OldResourceProperties),
  } as CloudFormationEvent;
}

function checkSender({ StackId, ResponseURL }: CloudFormationEvent, environment: Environment): void {
  if (StackId !== environment.stackId) {
    throw new NotFromCloudFormation(`its StackId is "${show(StackId)}", and the provider's is another`);
  }
  const isUrl = typeof ResponseURL === 'string' && URL.canParse(ResponseURL);
  if (!isUrl || !isOfCloudFormation(ResponseURL, environment)) {
    throw new NotFromCloudFormation('its ResponseURL is not one of CloudFormation in this Region');
  }
}

/**
 * The bucket is documented with the endpoints of Amazon S3 in a VPC: the Region without hyphens is part of
 * its name.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html
 */
function isOfCloudFormation(url: string, { stackId, urlSuffix, responseHost }: Environment): boolean {
  const { protocol, host, username, password } = new URL(url);
  if (username || password) return false;
  if (responseHost !== undefined && host === responseHost) return true;
  const bucket = `cloudformation-custom-resource-response-${stackId.split(':')[3].replace(/-/g, '')}`;
  const [first, service, ...others] = host.split('.');
  return (
    protocol === 'https:' &&
    first === bucket &&
    /^s3(-[a-z0-9-]+)?$/.test(service) &&
    // The name of another bucket may have dots, and begin like this.
    !others.some((name) => name.startsWith('s3')) &&
    host.endsWith(`.${urlSuffix}`)
  );
}

/** When the event was made, in milliseconds since the epoch, if its URL tells. */
export function timeOf({ ResponseURL }: CloudFormationEvent): number | undefined {
  const date = new URL(ResponseURL).searchParams.get('X-Amz-Date') ?? '';
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return Date.parse(iso) || undefined;
}

/** What a response needs; and what is wrong with the event, if CloudFormation would not send it. */
export function addressOf(event: CloudFormationEvent): { address: Asked; problem?: InvalidRequest } {
  const problems: string[] = [];
  const read = (member: keyof typeof FORMS): any => {
    const value: unknown = event[member];
    if (isText(value, FORMS[member])) return value;
    const shown = show(value) || 'empty';
    problems.push(`${member} is "${shown}", which CloudFormation would not send`);
    return shown;
  };
  const type = read('RequestType');
  const address = {
    type,
    stackId: event.StackId,
    requestId: read('RequestId'),
    logicalId: read('LogicalResourceId'),
    physicalId: type === 'Create' ? '' : read('PhysicalResourceId'),
  };
  const isTooLarge = Buffer.byteLength(JSON.stringify(event)) > MAX_CHARACTERS;
  if (isTooLarge) problems.push(`the request has more than ${MAX_CHARACTERS} characters`);
  if (problems.length === 0) return { address };
  const remedy = isTooLarge ? 'give fewer or shorter tags' : TO_TAKE_ONE;
  return { address, problem: new InvalidRequest(problems.join(', '), remedy) };
}

function leanProperties(properties: unknown): Record<string, unknown> {
  const lean = pick(properties, PROPERTIES);
  const { Triggers } = lean;
  // An execution starts with what is lean already.
  return Array.isArray(Triggers) ? { ...lean, Triggers: digestOf(Triggers) } : lean;
}

/** A value that a function of the template gives may be a list, or an object with its keys in any order. */
function digestOf(triggers: readonly unknown[]): string {
  const inOrder = (_: string, member: unknown) =>
    member === null || typeof member !== 'object' || Array.isArray(member)
      ? member
      : Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)));
  const texts = triggers.map((value) => JSON.stringify(value, inOrder));
  return digest(
    texts.sort().map((text) => JSON.parse(text)),
    32,
  );
}

function pick(given: unknown, names: readonly string[]): Record<string, unknown> {
  const members = names.map((name) => [name, Object(given)[name]]);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
