/* Values that nobody should send, by what is bad about them. */

/** Of types that no field has, or not in this way. */
export const WRONG_TYPES: Record<string, unknown> = {
  'null': null,
  'a number': 42,
  'a negative fraction': -0.5,
  'a boolean': false,
  'a list': ['a', 1, null],
  'an object': { Ref: 'Something' },
  'a deep object': JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`),
};

/** No names of anything. */
const HOSTILE_STRINGS: Record<string, string> = {
  'nothing': '',
  'spaces': '   ',
  'ten kilobytes': 'x'.repeat(10_240),
  'control characters': 'a\u0000b\u001b[31mc\u0007\u0085',
  'line breaks': 'one\r\ntwo\u2028three',
  'right to left': '\u202egnp.exe\u202c\u200f',
  'a lone surrogate': 'a\ud83db',
  'emoji': '\u{1F4BE}\u{1F468}\u200d\u{1F469}'.repeat(50),
  'a prototype': '__proto__',
  'a constructor': 'constructor',
  'a way out of the directory': '../../../../etc/passwd',
  'a template': '${process.env.AWS_SECRET_ACCESS_KEY}#{7*7}{{7*7}}$(id)',
  'a query': "' OR 1=1; DROP TABLE backups; --",
  'markup': '<script>alert(1)</script>',
  'JSON': '{"source":"fs-0123456789abcdef0","keepLast":1}',
  'an ARN of others':
    'arn:aws:cloudformation:us-east-1:999999999999:stack/Other/6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f',
};

export const HOSTILE: Record<string, unknown> = { ...WRONG_TYPES, ...HOSTILE_STRINGS };

/** What other services send to functions. */
export const FOREIGN_EVENTS: Record<string, unknown> = {
  'S3': {
    Records: [
      {
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: 'b' }, object: { key: 'backup-0fedcba9876543210' } },
      },
    ],
  },
  'SNS': {
    Records: [
      {
        EventSource: 'aws:sns',
        Sns: { Message: '{"RequestType":"Delete","PhysicalResourceId":"backup-0fedcba9876543210"}' },
      },
    ],
  },
  'SQS': {
    Records: [{ eventSource: 'aws:sqs', body: '{"machine":"requests","input":{"RequestType":"Delete"}}' }],
  },
  'EventBridge': {
    'version': '0',
    'source': 'aws.fsx',
    'detail-type': 'Backup',
    'detail': { RequestType: 'Delete' },
  },
  'API Gateway': {
    httpMethod: 'DELETE',
    path: '/backup-0fedcba9876543210',
    headers: {},
    body: '{"RequestType":"Delete"}',
  },
  'a function URL': {
    version: '2.0',
    rawPath: '/',
    requestContext: { http: { method: 'POST' } },
    body: 'e30=',
    isBase64Encoded: true,
  },
  'CloudWatch Logs': { awslogs: { data: 'H4sIAAAAAAAAAA==' } },
  'CodeCommit': { Records: [{ eventSource: 'aws:codecommit', codecommit: { references: [] } }] },
  'AWS Config': { invokingEvent: '{}', ruleParameters: '{}', resultToken: 'x' },
  'a provider framework': {
    RequestType: 'Delete',
    PhysicalResourceId: 'backup-0fedcba9876543210',
    ResourceProperties: {},
  },
  'Step Functions': {
    Execution: { Id: 'arn:aws:states:us-east-1:123456789012:execution:Other:1' },
    Input: {},
  },
  'CodePipeline': { 'CodePipeline.job': { id: 'b56ca1e5-0000-4000-8000-0000000000ff', data: {} } },
  'a list of requests': [{ RequestType: 'Delete', ResponseURL: 'https://example.com', RequestId: 'r' }],
  'nothing at all': {},
};
