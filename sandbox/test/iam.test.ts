import { VirtualClock } from '../clock';
import { type PolicyDocument, PolicyStore, type Role } from '../iam';

const ROLE = 'arn:aws:iam::123456789012:role/service/Backup';
const BACKUP = 'arn:aws:fsx:us-east-1:123456789012:backup/backup-0123456789abcdef0';
const ANY_BACKUP = 'arn:aws:fsx:us-east-1:123456789012:backup/*';
const TRUST = {
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

let clock: VirtualClock;
let store: PolicyStore;

beforeEach(() => {
  clock = new VirtualClock();
  store = new PolicyStore({ clock });
});

const policy = (...statements: any[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: any) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});
const deny = (Action: string, Resource = '*') => ({ Effect: 'Deny', Action, Resource });
const define = (role: Partial<Role>, arn = ROLE) => store.putRole(arn, { trust: TRUST, ...role });
const authorize = (
  action: string,
  resource: string,
  context?: Record<string, string | string[]>,
  principal = ROLE,
) =>
  store.authorize({ principal, action, resource, context }).then(
    () => 'allowed',
    (error) => {
      if (error.code !== 'AccessDeniedException') throw error;
      return error.message as string;
    },
  );

describe('authorize', () => {
  test('allows what an inline policy allows, and nothing else', async () => {
    await define({ inline: { own: policy(allow('fsx:DeleteBackup', ANY_BACKUP)) } });
    expect(await authorize('fsx:DeleteBackup', BACKUP)).toBe('allowed');
    expect(await authorize('fsx:DescribeBackups', '*')).toBe(
      'User: arn:aws:sts::123456789012:assumed-role/Backup/session is not authorized to perform: ' +
        'fsx:DescribeBackups on resource: * because no identity-based policy allows the ' +
        'fsx:DescribeBackups action',
    );
  });

  test('denies what another policy denies, and says so', async () => {
    await define({ inline: { own: policy(allow('fsx:*')), guard: policy(deny('fsx:DeleteBackup')) } });
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    expect(await authorize('fsx:DeleteBackup', BACKUP)).toMatch(
      /on resource: arn:\S+ with an explicit deny in an identity-based policy$/,
    );
  });

  test('denies everything to a role that does not exist', async () => {
    expect(await authorize('fsx:DescribeBackups', '*')).toMatch(/no identity-based policy allows/);
  });

  test('evaluates the tags of a resource', async () => {
    await define({
      inline: {
        own: policy(allow('fsx:DeleteBackup', '*', { StringEquals: { 'aws:ResourceTag/owner': 'me' } })),
      },
    });
    expect(await authorize('fsx:DeleteBackup', BACKUP, { 'aws:ResourceTag/owner': 'me' })).toBe('allowed');
    expect(await authorize('fsx:DeleteBackup', BACKUP, { 'aws:ResourceTag/owner': 'you' })).not.toBe(
      'allowed',
    );
    expect(await authorize('fsx:DeleteBackup', BACKUP)).not.toBe('allowed');
  });

  test('evaluates the tags of a request, one by one and as a set', async () => {
    const Condition = {
      'StringEquals': { 'aws:RequestTag/a': '1' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] },
    };
    await define({ inline: { own: policy(allow('fsx:CreateBackup', ANY_BACKUP, Condition)) } });
    expect(
      await authorize('fsx:CreateBackup', BACKUP, { 'aws:RequestTag/a': '1', 'aws:TagKeys': ['a'] }),
    ).toBe('allowed');
    expect(
      await authorize('fsx:CreateBackup', BACKUP, { 'aws:RequestTag/a': '2', 'aws:TagKeys': ['a'] }),
    ).not.toBe('allowed');
    expect(
      await authorize('fsx:CreateBackup', BACKUP, { 'aws:RequestTag/a': '1', 'aws:TagKeys': ['a', 'c'] }),
    ).not.toBe('allowed');
  });

  test('takes a star in a request literally', async () => {
    await define({ inline: { own: policy(allow('fsx:CreateBackup', BACKUP)) } });
    expect(await authorize('fsx:CreateBackup', ANY_BACKUP)).toMatch(
      /on resource: arn:aws:fsx:us-east-1:123456789012:backup\/\* because/,
    );
    await store.putPolicy(ROLE, 'own', policy(allow('fsx:CreateBackup', ANY_BACKUP)));
    expect(await authorize('fsx:CreateBackup', ANY_BACKUP)).toBe('allowed');
  });

  test('wants a policy on everything for actions that take no resource', async () => {
    await define({ inline: { own: policy(allow('fsx:DescribeBackups', ANY_BACKUP)) } });
    expect(await authorize('fsx:DescribeBackups', '*')).not.toBe('allowed');
  });

  test('works in other partitions', async () => {
    const role = 'arn:aws-cn:iam::123456789012:role/Machine';
    const machine = 'arn:aws-cn:states:cn-north-1:123456789012:stateMachine:Machine';
    await define({ inline: { own: policy(allow('states:StartExecution', machine)) } }, role);
    expect(await authorize('states:StartExecution', machine, {}, role)).toBe('allowed');
    expect(await authorize('states:StartExecution', `${machine}2`, {}, role)).toMatch(
      /^User: arn:aws-cn:sts::/,
    );
  });

  test('fails loudly when asked for a resource that the action does not take', async () => {
    await define({ inline: { own: policy(allow('*')) } });
    await expect(authorize('lambda:InvokeFunction', BACKUP)).rejects.toThrow(
      'cannot decide on lambda:InvokeFunction',
    );
  });
});

describe('managed policies', () => {
  test('allow what AWS documents', async () => {
    await define({
      managedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'],
    });
    expect(await authorize('ec2:DescribeSubnets', '*')).toBe('allowed');
    await define({ managedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'] });
    expect(await authorize('ec2:DescribeSubnets', '*')).not.toBe('allowed');
  });

  test('fail loudly when they are not known', async () => {
    const unknown = 'does not know the managed policy';
    await expect(
      define({ managedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] }),
    ).rejects.toThrow(unknown);
    await expect(define({ permissionsBoundary: 'arn:aws:iam::123456789012:policy/Own' })).rejects.toThrow(
      unknown,
    );
  });

  test('bound the permissions of a role', async () => {
    await define({
      inline: { own: policy(allow('*')) },
      permissionsBoundary: 'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole',
    });
    expect(await authorize('ec2:DescribeSubnets', '*')).toBe('allowed');
    expect(await authorize('fsx:DescribeBackups', '*')).toMatch(
      /because no permissions boundary allows the fsx:DescribeBackups action$/,
    );
  });

  test('of the customer bound them, too', async () => {
    await define({
      inline: { own: policy(allow('*')) },
      permissionsBoundary: policy(allow('fsx:Describe*')),
    });
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    expect(await authorize('fsx:DeleteBackup', BACKUP)).toMatch(
      /because no permissions boundary allows the fsx:DeleteBackup action$/,
    );
    await expect(define({ permissionsBoundary: policy(allow('fsx:CreateBakup')) })).rejects.toMatchObject({
      code: 'MalformedPolicyDocument',
    });
  });
});

describe('the policy of a key', () => {
  const KEY = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
  const leftToIam = policy({
    Effect: 'Allow',
    Action: 'kms:*',
    Principal: { AWS: 'arn:aws:iam::123456789012:root' },
    Resource: '*',
  });

  test('may leave it to those of the roles who uses it; without one, nobody does', async () => {
    await define({ inline: { own: policy(allow('kms:Decrypt', KEY)) } });
    expect(await authorize('kms:Decrypt', KEY)).not.toBe('allowed');
    store.putResourcePolicy(KEY, leftToIam);
    expect(await authorize('kms:Decrypt', KEY)).toBe('allowed');
    expect(await authorize('kms:GenerateDataKey', KEY)).not.toBe('allowed');
    store.putResourcePolicy(KEY, undefined);
    expect(await authorize('kms:Decrypt', KEY)).not.toBe('allowed');
  });
});

describe('decide', () => {
  test('tells what other policies would say, and changes nothing', async () => {
    await define({});
    const request = { principal: ROLE, action: 'fsx:DescribeBackups', resource: '*' };
    expect(
      await store.decide({ trust: TRUST, inline: { own: policy(allow('fsx:Describe*')) } }, request),
    ).toBeUndefined();
    expect(await store.decide(store.role(ROLE)!, request)).toMatchObject({ code: 'AccessDeniedException' });
    expect(await authorize(request.action, request.resource)).not.toBe('allowed');
  });
});

describe('changes of a role', () => {
  test('count at once', async () => {
    await define({});
    await store.putPolicy(ROLE, 'own', policy(allow('fsx:DescribeBackups')));
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    store.removePolicy(ROLE, 'own');
    expect(await authorize('fsx:DescribeBackups', '*')).not.toBe('allowed');
    await define({ inline: { own: policy(allow('fsx:DescribeBackups')) } });
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    store.removeRole(ROLE);
    expect(await authorize('fsx:DescribeBackups', '*')).not.toBe('allowed');
  });

  test('count after the propagation delay, if there is one', async () => {
    store = new PolicyStore({ clock, propagationDelay: 10_000 });
    await define({});
    await store.putPolicy(ROLE, 'own', policy(allow('fsx:DescribeBackups')));
    expect(await authorize('fsx:DescribeBackups', '*')).not.toBe('allowed');
    await clock.run(clock.sleep(10_000));
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    store.removePolicy(ROLE, 'own');
    expect(await authorize('fsx:DescribeBackups', '*')).toBe('allowed');
    await clock.run(clock.sleep(10_000));
    expect(await authorize('fsx:DescribeBackups', '*')).not.toBe('allowed');
  });

  test('need a role', async () => {
    await expect(store.putPolicy(ROLE, 'own', policy(allow('fsx:*')))).rejects.toMatchObject({
      code: 'NoSuchEntity',
    });
  });
});

describe('a policy document', () => {
  test.each([
    [
      'an action that does not exist',
      policy(allow(['fsx:DescribeBackups', 'fsx:CreateBakup'])),
      'there is no action fsx:CreateBakup',
    ],
    [
      'a service that does not exist',
      policy(allow('fxs:CreateBackup')),
      'there is no action fxs:CreateBackup',
    ],
    ['a pattern that matches nothing', policy(allow('fsx:Delte*')), 'there is no action fsx:Delte*'],
    [
      'a misspelt exception',
      policy({ Effect: 'Allow', NotAction: 'fsx:Nothing', Resource: '*' }),
      'there is no action fsx:Nothing',
    ],
    ['an unknown element', policy({ ...allow('fsx:*'), Resources: '*' }), 'Resources'],
    ['no effect', policy({ Action: 'fsx:*', Resource: '*' }), 'Effect'],
    ['a resource that is no ARN', policy(allow('fsx:*', 'backup/*')), 'must be in ARN format'],
  ])('with %s is refused', async (_, document, message) => {
    const refused = { code: 'MalformedPolicyDocument', message: expect.stringContaining(message) };
    await expect(define({ inline: { own: document } })).rejects.toMatchObject(refused);
    await define({});
    await expect(store.putPolicy(ROLE, 'own', document)).rejects.toMatchObject(refused);
  });

  test('may have patterns, a single statement, and any case of letters', async () => {
    const Statement = allow(['FSX:describe*', 'logs:Put?ogEvents', 'kms:*', '*']);
    await expect(define({ inline: { own: { Version: '2012-10-17', Statement } } })).resolves.toBeUndefined();
  });
});

describe('trust', () => {
  test('is given to the services that the role names', async () => {
    await define({});
    expect(() => store.assertTrusts(ROLE, 'lambda.amazonaws.com')).not.toThrow();
    expect(() => store.assertTrusts(ROLE, 'states.amazonaws.com')).toThrow(
      'Neither the global service principal',
    );
    const Statement = {
      Effect: 'Allow',
      Principal: { Service: ['states.amazonaws.com'] },
      Action: ['sts:AssumeRole'],
    };
    await define({ trust: { Statement } });
    expect(() => store.assertTrusts(ROLE, 'states.amazonaws.com')).not.toThrow();
    expect(() => store.assertTrusts(ROLE, 'lambda.amazonaws.com')).toThrow('cannot be assumed by Lambda');
    expect(() => store.assertTrusts(ROLE, 'codepipeline.amazonaws.com')).toThrow(
      expect.objectContaining({
        code: 'InvalidStructureException',
        message: `CodePipeline is not authorized to perform AssumeRole on role ${ROLE}`,
      }),
    );
  });

  describe('on behalf of an account', () => {
    const trusting = (service: string, Condition: any) =>
      define({ trust: { Statement: { ...TRUST.Statement[0], Principal: { Service: service }, Condition } } });
    const onBehalfOf = (account: string) => ({ StringEquals: { 'aws:SourceAccount': account } });

    test('is given to Step Functions, which names the account of the role', async () => {
      await trusting('states.amazonaws.com', onBehalfOf('123456789012'));
      expect(() => store.assertTrusts(ROLE, 'states.amazonaws.com')).not.toThrow();
      await trusting('states.amazonaws.com', onBehalfOf('210987654321'));
      expect(() => store.assertTrusts(ROLE, 'states.amazonaws.com')).toThrow(
        'Neither the global service principal',
      );
    });

    test('is not given to Lambda, which is not documented to name one', async () => {
      await trusting('lambda.amazonaws.com', onBehalfOf('123456789012'));
      expect(() => store.assertTrusts(ROLE, 'lambda.amazonaws.com')).toThrow('cannot be assumed by Lambda');
    });

    test('is refused as not served together with another condition', async () => {
      const { StringEquals } = onBehalfOf('123456789012');
      await trusting('states.amazonaws.com', { StringEquals: { ...StringEquals, 'aws:SourceArn': 'x' } });
      expect(() => store.assertTrusts(ROLE, 'states.amazonaws.com')).toThrow(
        'conditions but aws:SourceAccount',
      );
    });
  });

  describe('in other roles', () => {
    const OTHER = 'arn:aws:iam::123456789012:role/Other';
    const ACCOUNT = 'arn:aws:iam::123456789012:root';
    const trusting = (AWS: string, Condition?: any) =>
      define({
        trust: {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { AWS },
            ...(Condition && { Condition }),
          },
        },
      });
    const other = (role: Partial<Role>) => define(role, OTHER);
    const assume = () => authorize('sts:AssumeRole', ROLE, {}, OTHER);
    const may = { inline: { own: policy(allow('sts:AssumeRole', ROLE)) } };

    test('is given by the account to those of its roles that may assume the role', async () => {
      await trusting(ACCOUNT);
      await other({});
      expect(await assume()).toMatch(
        /sts:AssumeRole on resource: \S+ because no identity-based policy allows the sts:AssumeRole action$/,
      );
      await other(may);
      expect(await assume()).toBe('allowed');
    });

    test('is given to a role by name, whatever else that may', async () => {
      await trusting(OTHER);
      await other({});
      expect(await assume()).toBe('allowed');
      await other({ inline: { own: policy(deny('sts:AssumeRole')) } });
      expect(await assume()).toMatch(/explicit deny/);
    });

    test('is needed', async () => {
      await other(may);
      // there is no such role
      expect(await assume()).toMatch(/because no resource-based policy allows the sts:AssumeRole action$/);
      await trusting('arn:aws:iam::210987654321:root');
      expect(await assume()).toMatch(/because no resource-based policy allows the sts:AssumeRole action$/);
      await trusting(ACCOUNT, { StringEquals: { 'sts:ExternalId': 'secret' } });
      expect(await assume()).not.toBe('allowed');
    });

    test('counts as soon as it is given or taken', async () => {
      await other(may);
      await trusting(ACCOUNT);
      expect(await assume()).toBe('allowed');
      await define({});
      expect(await assume()).not.toBe('allowed');
    });

    test('does not go beyond a boundary', async () => {
      await trusting(ACCOUNT);
      await other({
        ...may,
        permissionsBoundary: 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
      });
      expect(await assume()).toMatch(/because no permissions boundary allows/);
    });
  });

  test('is not guessed at', async () => {
    await define({
      trust: {
        Statement: [{ ...TRUST.Statement[0], Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
      },
    });
    expect(() => store.assertTrusts(ROLE, 'lambda.amazonaws.com')).toThrow(
      'no denials, exceptions or conditions but aws:SourceAccount',
    );
    expect(() => store.assertTrusts(ROLE, 'fsx.amazonaws.com')).toThrow('knows no service fsx.amazonaws.com');
  });
});
