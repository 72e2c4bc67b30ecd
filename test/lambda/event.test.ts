import { ENVIRONMENT } from './mocked-aws';
import { addressOf, leanEvent, NotFromCloudFormation, timeOf } from '../../lambda/event';
import { responseBody } from '../../lambda/response';
import { BACKUP, createEvent, deleteEvent, RESPONSE_URL, STACK_ID, updateEvent } from '../fixtures/events';

const BUCKET = 'cloudformation-custom-resource-response-useast1';
const sentTo = (ResponseURL: unknown) => ({ ...createEvent(), ResponseURL });
const accepts = (url: unknown, environment = ENVIRONMENT) => {
  try {
    leanEvent(sentTo(url), environment);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(NotFromCloudFormation);
    return false;
  }
};

describe('the response URL is https and one of the response buckets of AWS', () => {
  test.each([
    RESPONSE_URL,
    `https://${BUCKET}.s3.amazonaws.com/arn%3Aaws%3A?X-Amz-Date=20261102T090000Z`,
    `https://${BUCKET}.s3.us-east-1.amazonaws.com/x`,
    `https://${BUCKET}.s3-us-east-1.amazonaws.com/x`,
    `https://${BUCKET}.s3.dualstack.us-east-1.amazonaws.com/x`,
  ])('%s is', (url) => {
    expect(accepts(url)).toBe(true);
  });

  test.each([
    ['http', `http://${BUCKET}.s3.amazonaws.com/x`],
    ['a user', `https://aws@${BUCKET}.s3.amazonaws.com/x`],
    ['a password', `https://:aws@${BUCKET}.s3.amazonaws.com/x`],
    ['the bucket as a user', `https://${BUCKET}.s3.amazonaws.com@evil.com/x`],
    ['a port', `https://${BUCKET}.s3.amazonaws.com:8443/x`],
    ['another bucket', 'https://evil.s3.amazonaws.com/x'],
    ['a bucket that begins like it', `https://${BUCKET}1.s3.amazonaws.com/x`],
    ['a bucket that ends like it', `https://evil-${BUCKET}.s3.amazonaws.com/x`],
    ['a bucket below another', `https://evil.${BUCKET}.s3.amazonaws.com/x`],
    ['the bucket as a path', `https://s3.amazonaws.com/${BUCKET}/x`],
    ['another Region', 'https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x'],
    ['another suffix', `https://${BUCKET}.s3.amazonaws.com.evil/x`],
    ['a suffix that only ends like it', `https://${BUCKET}.s3.evilamazonaws.com/x`],
    ['a suffix with a dot behind', `https://${BUCKET}.s3.amazonaws.com./x`],
    ['the suffix as a path', `https://${BUCKET}.s3.evil.com/.amazonaws.com`],
    ['the suffix as a query', `https://${BUCKET}.s3.evil.com?.amazonaws.com`],
    ['the suffix behind a backslash', `https://${BUCKET}.s3.evil.com\\.amazonaws.com/x`],
    ['another service', `https://${BUCKET}.execute-api.amazonaws.com/x`],
    ['no service', `https://${BUCKET}.amazonaws.com/x`],
    ['a service that begins like it', `https://${BUCKET}.s3evil.amazonaws.com/x`],
    ['a letter of another alphabet', `https://${BUCKET}.s3.\u0430mazonaws.com/x`],
    ['the suffix of China', `https://${BUCKET}.s3.amazonaws.com.cn/x`],
    ['another kind of URL', 'file:///etc/passwd'],
    ['no host', 'https://'],
    ['no URL', 'response'],
    ['nothing', undefined],
    ['a list', [RESPONSE_URL]],
  ])('one with %s is not', (_, url) => {
    expect(accepts(url)).toBe(false);
  });

  test('a bucket whose name only begins like the host of the response bucket is not', () => {
    expect(accepts(`https://${BUCKET}.s3.evil.s3.amazonaws.com/x`)).toBe(false);
    expect(accepts(`https://${BUCKET}.s3.s3-us-east-1.amazonaws.com/x`)).toBe(false);
  });

  test('its suffix is that of the partition', () => {
    const stackId = STACK_ID.replace('arn:aws:', 'arn:aws-cn:').replace('us-east-1', 'cn-north-1');
    const china = { stackId, urlSuffix: 'amazonaws.com.cn' };
    const from = (suffix: string) => ({
      ...sentTo(`https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.${suffix}/x`),
      StackId: stackId,
    });
    expect(leanEvent(from('amazonaws.com.cn'), china).StackId).toBe(stackId);
    expect(() => leanEvent(from('amazonaws.com'), china)).toThrow(NotFromCloudFormation);
  });

  test('the sandbox names a host of its own, with its port', () => {
    const sandbox = { ...ENVIRONMENT, responseHost: '127.0.0.1:8080' };
    expect(accepts('http://127.0.0.1:8080/answer', sandbox)).toBe(true);
    expect(accepts('http://127.0.0.1:8081/answer', sandbox)).toBe(false);
    expect(accepts('http://127.0.0.1/answer', sandbox)).toBe(false);
    expect(accepts('http://me@127.0.0.1:8080/answer', sandbox)).toBe(false);
    expect(accepts('http://127.0.0.1:8080/answer')).toBe(false);
  });

  test('a refusal does not quote it: it is signed', () => {
    expect(() => leanEvent(sentTo('https://evil.com/?X-Amz-Signature=secret'), ENVIRONMENT)).toThrow(
      /^its ResponseURL is not one of CloudFormation in this Region$/,
    );
  });
});

describe('the StackId is the stack of the provider', () => {
  test.each([[STACK_ID.replace('Files', 'Other')], [''], [undefined], [{}]])('not %j', (StackId) => {
    expect(() => leanEvent({ ...createEvent(), StackId }, ENVIRONMENT)).toThrow(NotFromCloudFormation);
  });
});

test.each([[undefined], [null], ['text'], [7], [[]], [{}]])('%j is no event of CloudFormation', (input) => {
  expect(() => leanEvent(input, ENVIRONMENT)).toThrow(NotFromCloudFormation);
});

describe('a lean event', () => {
  const lean = (event: unknown) => leanEvent(event, ENVIRONMENT);

  test('has no members that no request needs', () => {
    const event = { ...createEvent({ ServiceToken: 'x', Other: 'x'.repeat(1000) }), Extra: 'y' };
    expect(lean(event)).not.toHaveProperty('Extra');
    expect(Object.keys(lean(event).ResourceProperties).sort()).toEqual(
      ['SchemaVersion', 'StateMachineArn', 'FileSystemId', 'Tags', 'TimeoutSeconds', 'RemovalPolicy'].sort(),
    );
  });

  test('has the hash of the triggers in both property sets', () => {
    const { ResourceProperties, OldResourceProperties } = lean(
      updateEvent(BACKUP, { Triggers: ['v2'.repeat(9000)] }, { Triggers: ['v1'] }),
    );
    expect(ResourceProperties.Triggers).toMatch(/^[0-9a-f]{32}$/);
    expect(OldResourceProperties!.Triggers).toMatch(/^[0-9a-f]{32}$/);
    expect(ResourceProperties.Triggers).not.toBe(OldResourceProperties!.Triggers);
  });

  test('has one hash for the same values in another order, and another for other values', () => {
    const hash = (...Triggers: string[]) => lean(createEvent({ Triggers })).ResourceProperties.Triggers;
    expect(hash('a', 'b')).toBe(hash('b', 'a'));
    expect(hash('a', 'b')).not.toBe(hash('ab'));
    expect(hash('a', 'b')).not.toBe(hash('a'));
  });

  test('is its own lean event', () => {
    const once = lean(updateEvent(BACKUP, { Triggers: ['v2'] }, { Triggers: ['v1'] }));
    expect(lean(JSON.parse(JSON.stringify(once)))).toEqual(JSON.parse(JSON.stringify(once)));
  });

  test('has a hash of values that are lists and objects, whatever the order of keys', () => {
    const hash = (...Triggers: unknown[]) => lean(createEvent({ Triggers })).ResourceProperties.Triggers;
    const values = ['a', ['a'], ['a', 'b'], ['b', 'a'], [['a', 'b']], { a: 'b' }, { a: ['b'] }, '["a"]'];
    expect(new Set(values.map((value) => hash(value))).size).toBe(values.length);
    expect(hash({ a: { b: '1', c: '2' } })).toBe(hash({ a: { c: '2', b: '1' } }));
    expect(hash(['a', 'b'], 'c')).toBe(hash('c', ['a', 'b']));
  });

  test('keeps triggers that are none, so that they are refused', () => {
    expect(lean(createEvent({ Triggers: { Ref: 'X' } })).ResourceProperties.Triggers).toEqual({ Ref: 'X' });
  });
});

test('what CloudFormation sends is as it should be', () => {
  const ids = { stackId: STACK_ID, requestId: 'request-1', logicalId: 'Backup' };
  expect([createEvent(), updateEvent(BACKUP), deleteEvent('Files-Backup-1A2B3C')].map(addressOf)).toEqual([
    { address: { ...ids, type: 'Create', physicalId: '' }, problem: undefined },
    { address: { ...ids, type: 'Update', physicalId: BACKUP }, problem: undefined },
    { address: { ...ids, type: 'Delete', physicalId: 'Files-Backup-1A2B3C' }, problem: undefined },
  ]);
});

test.each<[string, object, RegExp]>([
  [
    'another type',
    { RequestType: 'Upsert' },
    /^RequestType is "Upsert", which CloudFormation would not send; to take a backup, start the stateMachine/,
  ],
  ['a logical id of another form', { LogicalResourceId: '../x' }, /^LogicalResourceId is "..\/x"/],
  ['nothing to delete', { PhysicalResourceId: '' }, /^PhysicalResourceId is "empty"/],
  ['a line break in an id', { PhysicalResourceId: 'a\nb' }, /^PhysicalResourceId is "a\nb"/],
  ['long ids', { RequestId: 'x'.repeat(10_000) }, /^RequestId is "x{80}"/],
  ['many characters', { ResourceProperties: { Tags: 'x'.repeat(100_001) } }, /more than 100000 characters/],
])('a request with %s is said to be odd, and can be responded to', (_, changes, message) => {
  const { address, problem } = addressOf({ ...deleteEvent('backup-1'), ...changes } as any);
  expect(problem!.message).toMatch(message);
  const response = { status: 'FAILED', physicalId: address.physicalId, reason: problem!.message };
  expect(Buffer.byteLength(responseBody(address, response as any))).toBeLessThan(4096);
});

describe('the time of an event', () => {
  const time = (query: string) => timeOf({ ...createEvent(), ResponseURL: `https://x.com/?${query}` });

  test('is the date of its signature', () => {
    expect(time('X-Amz-Date=20261102T091500Z&X-Amz-Expires=7200')).toBe(Date.UTC(2026, 10, 2, 9, 15));
  });

  test.each(['', 'X-Amz-Date=', 'X-Amz-Date=yesterday', 'X-Amz-Date=20261399T000000Z'])(
    'is unknown with %j',
    (query) => {
      expect(time(query)).toBeUndefined();
    },
  );
});
