import { App, CfnParameter, CfnResource, CustomResource, NestedStack, SecretValue, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { loadAwsServiceSpecSync } from 'aws-service-spec';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup } from '../src';
import { isHidden } from '../src/private/secrets';

/*
 * No secret that a resource has stands in the triggers of a backup. The attributes are those that AWS
 * documents, in the CloudFormation resource specification and registry (package @aws-cdk/aws-service-spec,
 * which CDK generates its own constructs from).
 */

/** Attributes that give a secret, each with the page that says so. */
const TEMPLATE_REFERENCE = 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/';
const SECRETS: Record<string, string> = {
  'AWS::AppSync::ApiKey.ApiKey': 'aws-resource-appsync-apikey.html',
  'AWS::Cognito::UserPoolClient.ClientSecret': 'aws-resource-cognito-userpoolclient.html',
  'AWS::EC2::IpamExternalResourceVerificationToken.TokenValue':
    'aws-resource-ec2-ipamexternalresourceverificationtoken.html',
  'AWS::IAM::AccessKey.SecretAccessKey': 'aws-resource-iam-accesskey.html',
  'AWS::IVS::IngestConfiguration.StreamKey': 'aws-resource-ivs-ingestconfiguration.html',
  'AWS::IVS::StreamKey.Value': 'aws-resource-ivs-streamkey.html',
  'AWS::ManagedBlockchain::Accessor.BillingToken': 'aws-resource-managedblockchain-accessor.html',
  'AWS::Route53GlobalResolver::AccessToken.Value': 'aws-resource-route53globalresolver-accesstoken.html',
};

/** What names a secret, or says in its description that it is one. */
const SUSPICIOUS_NAME =
  /secret|password|passphrase|token|credential|private|(api|access|stream)_?key|signed|^value$/i;
const SUSPICIOUS_TEXT =
  /secret|password|passphrase|\btoken|credential|(private|api|access|stream-|ingest-) ?key|presigned/i;

/** Why an attribute that looks like a secret is none. */
const HARMLESS: ReadonlyArray<readonly [why: string, attribute: RegExp]> = [
  ['it names something, by its ARN', /Arns?(\.|$)/i],
  ['it names something', /(Id|Name|Identifier|UUID|Fingerprint|ETag|Key)$/],
  ['it is an address', /Private(Ip|IpAddress|IpAddresses)$|IpAddress(es)?$/],
  ['it is published in DNS', /^AWS::(PinpointEmail|SES|EC2::VPCEndpointService).*(DNS|Dns)/],
  ['it says when or how', /(Time|State|Status|StateMessage|Type|Source|Region|NotAfter|Gateway)$/],
  [
    'it names secrets of Secrets Manager',
    /^AWS::(DataSync::Location.*ManagedSecretConfig|BedrockAgentCore::)/,
  ],
  ['it is plain text: CloudFormation creates no SecureString', /^AWS::SSM::Parameter\.Value$/],
];

interface Attribute {
  readonly type: string;
  readonly name: string;
  readonly text: string;
}

const documented: Attribute[] = [...loadAwsServiceSpecSync().all('resource')].flatMap((resource) =>
  Object.entries(resource.attributes).map(([name, { documentation = '' }]) => ({
    type: resource.cloudFormationType,
    name,
    text: documentation,
  })),
);

test.each(Object.entries(SECRETS))('%s is a secret (%s)', (attribute, page) => {
  const [, type, name] = /^(.*?)\.(.*)$/.exec(attribute)!;
  expect(documented).toContainEqual(expect.objectContaining({ type, name }));
  expect(`${TEMPLATE_REFERENCE}${page}`).toMatch(/aws-resource-[a-z0-9-]+\.html$/);
  expect(isHidden(type, name)).toBe(true);
});

test('every other attribute that AWS documents is none, for a reason, or is taken for one', () => {
  const suspicious = documented.filter(
    ({ name, text }) => SUSPICIOUS_NAME.test(name) || SUSPICIOUS_TEXT.test(text),
  );
  expect(documented.length).toBeGreaterThan(5000);
  expect(suspicious.length).toBeGreaterThan(100);
  const open = suspicious
    .map(({ type, name }) => ({ type, name, full: `${type}.${name}` }))
    .filter(({ type, name, full }) => {
      return !isHidden(type, name) && !HARMLESS.some(([, harmless]) => harmless.test(full));
    });
  expect(open.map(({ full }) => full)).toEqual([]);
});

describe('does not stand in the triggers of a backup', () => {
  const SOURCE = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
  const resource = (scope: Construct, id: string, type: string, properties: object = {}) =>
    new CfnResource(scope, id, { type, properties: { ...properties } });

  /** What a backup is told where a service of its stack is given this value. */
  function told(give: (stack: Stack) => unknown): { triggers: any; warnings: string[] } {
    const stack = new Stack(new App(), 'Files');
    const service = resource(stack, 'Service', 'AWS::X::Service', { Value: give(stack) });
    new FsxBackup(stack, 'Backup', { source: SOURCE, triggers: [BackupTrigger.onChangeOf(service)] });
    const [backup] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('unseenChange'));
    return {
      triggers: backup.Properties.Triggers,
      warnings: warnings.map(({ entry }) => String(entry.data)),
    };
  }

  const hidden = documented.filter(({ type, name }) => isHidden(type, name) && !isHidden(type, 'Ref'));
  test.each(hidden.map(({ type, name }) => [type, name]))(
    '%s, %s: what it belongs to counts',
    (type, name) => {
      const { triggers } = told((stack) => resource(stack, 'Other', type).getAtt(name));
      expect(JSON.stringify(triggers)).not.toContain('Fn::GetAtt');
      expect(triggers).toEqual([[expect.stringMatching(/^onChangeOf:/), { Ref: 'Other' }]]);
    },
  );

  test.each<[string, (stack: Stack) => unknown]>([
    ['in a text', (stack) => `key: ${key(stack)}`],
    ['in a function', (stack) => ({ 'Fn::Select': ['0', [key(stack)]] })],
    ['in Fn::Sub', (stack) => ({ 'Fn::Sub': key(stack) && '${Key.SecretAccessKey}' })],
    ['as SecretValue', (stack) => SecretValue.resourceAttribute(key(stack))],
    ['from a nested stack', (stack) => key(new NestedStack(stack, 'Inner'))],
    ['from another stack', (stack) => key(new Stack(stack.node.root, 'Other'))],
    [
      'through a parameter of a nested stack',
      (stack) => {
        const inner = new NestedStack(stack, 'Inner', { parameters: { Given: key(stack) } });
        return new CfnParameter(inner, 'Given').valueAsString;
      },
    ],
  ])('a secret access key %s', (_, give) => {
    const { triggers } = told(give);
    expect(JSON.stringify(triggers)).not.toMatch(/SecretAccessKey|Given|ImportValue|Outputs/);
  });

  function key(scope: Construct): string {
    return resource(scope, 'Key', 'AWS::IAM::AccessKey').getAtt('SecretAccessKey').toString();
  }

  test('a secret of another stack, and a change of it draws a warning', () => {
    const { triggers, warnings } = told((stack) => key(new Stack(stack.node.root, 'Other')));
    expect(triggers).toEqual([expect.stringMatching(/^onChangeOf:/)]);
    expect(warnings).toEqual([expect.stringContaining('Fn::ImportValue')]);
  });

  test('a parameter that is NoEcho, and a change of it draws a warning', () => {
    const { triggers, warnings } = told((stack) => new CfnParameter(stack, 'Password', { noEcho: true }));
    expect(triggers).toEqual([expect.stringMatching(/^onChangeOf:/)]);
    expect(warnings).toEqual([expect.stringContaining('parameter "Password", which is NoEcho')]);
  });

  test('what a custom resource gives: which one it is counts, and a change of it draws a warning', () => {
    const { triggers, warnings } = told((stack) => {
      const serviceToken = 'arn:aws:lambda:us-east-1:123456789012:function:x';
      return new CustomResource(stack, 'Custom', { serviceToken, resourceType: 'Custom::X' }).getAtt(
        'Password',
      );
    });
    expect(triggers).toEqual([[expect.stringMatching(/^onChangeOf:/), { Ref: 'Custom' }]]);
    expect(warnings).toEqual([expect.stringContaining('attribute Password of "Custom", a Custom::X')]);
  });

  test('the presigned URL of a wait condition handle', () => {
    const { triggers } = told(
      (stack) => resource(stack, 'Handle', 'AWS::CloudFormation::WaitConditionHandle').ref,
    );
    expect(triggers).toEqual([expect.stringMatching(/^onChangeOf:/)]);
  });

  test('a dynamic reference: CloudFormation does not act on a change of a secret', () => {
    const secret = '{{resolve:secretsmanager:wiki:SecretString:password}}';
    for (const value of [secret, { 'Fn::If': ['Is', secret, 'x'] }]) {
      const { triggers, warnings } = told((stack) => {
        stack.templateOptions.description = 'with a condition';
        return value;
      });
      expect(JSON.stringify(triggers)).not.toContain('resolve');
      expect(warnings).toEqual([]);
    }
  });

  test('the latest version of a parameter of Systems Manager: a change of it draws a warning', () => {
    const { triggers, warnings } = told(() => '{{resolve:ssm:/images/wiki}}');
    expect(triggers).toEqual([expect.stringMatching(/^onChangeOf:/)]);
    expect(warnings).toEqual([expect.stringContaining('{{resolve:ssm:/images/wiki}}')]);
    expect(told(() => '{{resolve:ssm:/images/wiki:3}}').warnings).toEqual([]);
  });
});
