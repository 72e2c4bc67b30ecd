import { custom, testWorld, topic } from './cloudformation-fixture';

const outputsOf = async (
  Outputs: Record<string, unknown>,
  more: Record<string, unknown> = {},
  place = {},
) => {
  const world = testWorld({}, place);
  const template = {
    ...more,
    Resources: { A: topic({ TopicName: 'first' }) },
    Outputs: Object.fromEntries(Object.entries(Outputs).map(([name, Value]) => [name, { Value }])),
  };
  return (await world.deploy(template)).outputs;
};

test('functions', async () => {
  await expect(
    outputsOf(
      {
        Join: { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }, 1]] },
        Sub: {
          'Fn::Sub': [
            '${A.TopicName} ${own} ${!literal} ${AWS::Partition}',
            { own: { Ref: 'AWS::AccountId' } },
          ],
        },
        Select: { 'Fn::Select': [1, { 'Fn::Split': ['|', 'a|b'] }] },
        Zone: { 'Fn::Select': ['0', { 'Fn::GetAZs': '' }] },
        Map: { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'k'] },
        Base64: { 'Fn::Base64': 'hi' },
      },
      { Mappings: { M: { 'us-east-1': { k: 'mapped' } } } },
    ),
  ).resolves.toEqual({
    Join: 'a-us-east-1-1',
    Sub: 'first 123456789012 ${literal} aws',
    Select: 'b',
    Zone: 'us-east-1a',
    Map: 'mapped',
    Base64: 'aGk=',
  });
});

test('pseudo parameters follow the partition', async () => {
  await expect(
    outputsOf(
      { Suffix: { Ref: 'AWS::URLSuffix' }, Topic: { Ref: 'A' }, Stack: { Ref: 'AWS::StackId' } },
      {},
      { partition: 'aws-cn', region: 'cn-north-1' },
    ),
  ).resolves.toEqual({
    Suffix: 'amazonaws.com.cn',
    Topic: 'arn:aws-cn:sns:cn-north-1:123456789012:first',
    Stack: expect.stringMatching(
      /^arn:aws-cn:cloudformation:cn-north-1:123456789012:stack\/Stack\/[0-9a-f-]{36}$/,
    ),
  });
});

test('conditions decide on resources, outputs and values; AWS::NoValue leaves nothing behind', async () => {
  const world = testWorld();
  const { outputs } = await world.deploy({
    Parameters: { Stage: { Type: 'String', Default: 'dev' } },
    Conditions: {
      IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
      IsDev: {
        'Fn::And': [
          { 'Fn::Not': [{ Condition: 'IsProd' }] },
          { 'Fn::Or': [{ 'Fn::Equals': ['a', 'b'] }, { 'Fn::Equals': ['a', 'a'] }] },
        ],
      },
    },
    Resources: {
      Prod: { ...topic(), Condition: 'IsProd' },
      Dev: {
        ...topic({
          DisplayName: { 'Fn::If': ['IsDev', 'dev', { Ref: 'Prod' }] },
          KmsMasterKeyId: { Ref: 'AWS::NoValue' },
          Tags: [{ 'Fn::If': ['IsProd', 'x', { Ref: 'AWS::NoValue' }] }],
        }),
        DependsOn: 'Prod',
      },
    },
    Outputs: {
      OfProd: { Condition: 'IsProd', Value: { Ref: 'Prod' } },
      OfDev: { Value: { 'Fn::GetAtt': ['Dev', 'TopicName'] } },
    },
  });
  const { resources } = world.cloudFormation.stack('Stack');
  expect(Object.keys(resources)).toEqual(['Dev']);
  expect(resources.Dev.properties).toEqual({ DisplayName: 'dev', Tags: [] });
  expect(Object.keys(outputs)).toEqual(['OfDev']);
});

test('parameters: given values, lists, the parameter store, and resources that write to it', async () => {
  const world = testWorld();
  await world.deploy(
    {
      Resources: {
        P: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/zones', Type: 'String', Value: 'a,b' } },
      },
    },
    { stackName: 'First' },
  );
  const { outputs } = await world.deploy(
    {
      Parameters: {
        Plain: { Type: 'String', Default: 'x' },
        List: { Type: 'CommaDelimitedList' },
        BootstrapVersion: {
          Type: 'AWS::SSM::Parameter::Value<String>',
          Default: '/cdk-bootstrap/hnb659fds/version',
        },
        Zones: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: '/zones' },
      },
      Rules: { CheckBootstrapVersion: { Assertions: [] } },
      Resources: { A: topic({ DisplayName: '{{resolve:ssm:/zones}}' }) },
      Outputs: {
        All: {
          Value: {
            'Fn::Join': [
              ' ',
              [
                { Ref: 'Plain' },
                { 'Fn::Select': [1, { Ref: 'List' }] },
                { Ref: 'BootstrapVersion' },
                { 'Fn::Join': ['+', { Ref: 'Zones' }] },
              ],
            ],
          },
        },
      },
    },
    { parameters: { Plain: 'given', List: 'one, two' } },
  );
  expect(outputs.All).toBe('given two 28 a+b');
  expect(world.cloudFormation.stack('Stack').resources.A.properties.DisplayName).toBe('a,b');
});

test.each<[string, any, string | RegExp]>([
  ['no resources', { Resources: {} }, 'At least one Resources member must be defined'],
  [
    'a cycle',
    { Resources: { A: topic({ X: { Ref: 'B' } }), B: topic({}, { DependsOn: 'A' }) } },
    'Circular dependency between resources: [A, B]',
  ],
  [
    'an unknown reference',
    { Resources: { A: topic({ X: { Ref: 'Nobody' } }) } },
    'Unresolved resource dependencies [Nobody] in the Resources block',
  ],
  [
    'an unknown reference in Fn::Sub',
    { Resources: { A: topic({ X: { 'Fn::Sub': '${Nobody.Arn}' } }) } },
    'Unresolved resource dependencies [Nobody]',
  ],
  [
    'an unknown DependsOn',
    { Resources: { A: topic({}, { DependsOn: 'Nobody' }) } },
    'Unresolved resource dependencies [Nobody]',
  ],
  [
    'an unknown output reference',
    { Resources: { A: topic() }, Outputs: { O: { Value: { Ref: 'Nobody' } } } },
    'Unresolved resource dependencies [Nobody] in the Outputs block',
  ],
  [
    'an unknown attribute',
    { Resources: { A: topic(), B: topic({ X: { 'Fn::GetAtt': ['A', 'Size'] } }) } },
    'resource A does not support attribute type Size in Fn::GetAtt',
  ],
  [
    'an unknown function',
    { Resources: { A: topic({ X: { 'Fn::Length': [] } }) } },
    'Fn::Length is not served',
  ],
  [
    'an unknown type',
    { Resources: { A: { Type: 'AWS::DynamoDB::Table' } } },
    'Unrecognized resource types: [AWS::DynamoDB::Table]',
  ],
  ['an unknown section', { Transform: 'AWS::Serverless-2016-10-31', Resources: { A: topic() } }, 'Transform'],
  [
    'an unknown resource attribute',
    { Resources: { A: topic({}, { CreationPolicy: {} }) } },
    "'CreationPolicy' of A",
  ],
  [
    'a snapshot policy',
    { Resources: { A: topic({}, { DeletionPolicy: 'Snapshot' }) } },
    'resource A does not support Snapshot as its DeletionPolicy',
  ],
  [
    'a null',
    { Resources: { A: topic({ X: { Y: null } }) } },
    "[/Resources/A/Properties/X/Y] 'null' values are not allowed in templates",
  ],
  [
    'a custom type of 61 characters',
    { Resources: { A: { ...custom(), Type: `Custom::${'x'.repeat(53)}` } } },
    'is longer than 60 characters',
  ],
  [
    'a parameter without a value',
    { Parameters: { P: { Type: 'String' } }, Resources: { A: topic() } },
    'Parameters: [P] must have values',
  ],
  [
    'a value that is not allowed',
    { Parameters: { P: { Type: 'String', Default: 'x', AllowedValues: ['y'] } }, Resources: { A: topic() } },
    "Parameter 'P' must be one of AllowedValues",
  ],
  [
    'a value that does not match',
    { Parameters: { P: { Type: 'String', Default: 'x', AllowedPattern: 'y' } }, Resources: { A: topic() } },
    "Parameter 'P' must match pattern y",
  ],
  [
    'a parameter that is not stored',
    {
      Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/none' } },
      Resources: { A: topic() },
    },
    'Unable to fetch parameters [/none]',
  ],
])('%s is a ValidationError before anything is deployed', async (_, template, message) => {
  const world = testWorld();
  const error = await world.deploy(template).catch((thrown) => thrown);
  expect(error).toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(message as string),
  });
  expect(world.journal.entries).toEqual([]);
});

test('a parameter that the template does not have is refused', async () => {
  await expect(testWorld().deploy({ Resources: { A: topic() } }, { parameters: { X: '1' } })).rejects.toThrow(
    'Parameters: [X] do not exist in the template',
  );
});
