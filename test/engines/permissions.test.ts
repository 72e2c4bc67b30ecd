import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differs } from './divergences';
import { evidence } from './evidence';
import { FOREIGN_KEY, type ForbiddenCall, forbiddenCalls } from './forbidden-calls';
import { type Mutant, narrower, wider } from './policy-mutations';
import { type Setting, STORIES, type Story } from './policy-stories';
import { record, type Recording } from './recorded-calls';
import { type PolicyDocument, type Role, type SandboxOptions } from '../../sandbox';
import { MINUTE, World } from '../fixtures';

const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
const [KEPT] = STORIES;
const GRANTED = STORIES.find(({ title }) => title.startsWith('executions by hand'))!;
const FOREIGN_KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:${FOREIGN_KEY}`;
const LEFT_TO_IAM: PolicyDocument = {
  Statement: [
    { Effect: 'Allow', Action: 'kms:*', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Resource: '*' },
  ],
};
const OUTSIDE_PIPELINES = STORIES.filter(({ title }) => !title.includes('pipeline'));

interface Told extends Recording {
  story: Story;
  world: World;
  /** of all stacks, at each deployment */
  templates: string[];
}

/** Conditions that another one of the same statement includes, and that linters of policies ask for. */
const REDUNDANT = /^condition Null aws:TagKeys of .*"aws:RequestTag\/cdk-fsx-backup:removal"/;
/** Roles that CDK gives a pipeline; the sandbox plays little of what they are for. */
const ROLES_OF_CDK = /:role\/Files-Pipeline(Role|Source)/;
/** What CDK grants besides, to roles that the library uses. */
const GRANTS_OF_CDK: Record<string, RegExp> = {
  'a state machine may use its key, under a name that it does not have':
    /kms:EncryptionContext:aws:states:stateMachineArn/,
};

const open: World[] = [];
afterAll(() => Promise.all(open.map((world) => world.close())));

async function start(options?: SandboxOptions): Promise<World> {
  const world = await World.start(options);
  open.push(world);
  return world;
}

describe('Permissions', () => {
  describe('each grant', () => {
    let told: Told[];
    beforeAll(async () => {
      told = await Promise.all(STORIES.map((story) => tell(story)));
      for (const { world } of told) world.policies.putResourcePolicy(FOREIGN_KEY_ARN, LEFT_TO_IAM);
    });

    test('whatever the library does, no call is denied', () => {
      const calls = told.flatMap((one) => one.calls);
      expect(calls.filter(({ allowed }) => !allowed).map(({ request }) => request)).toEqual([]);
      evidence({ scenarios: told.length, calls: calls.length });
    });

    test('without any one statement, action, resource or managed policy, some call is denied', async () => {
      const { tried, survivors } = await mutate(told, narrower, async ({ world, calls }, role, mutant) => {
        const concerned = calls.filter(
          (call) =>
            call.role === role && (mutant.actions ?? [call.request.action]).includes(call.request.action),
        );
        return some(
          concerned,
          async ({ request }) => (await world.policies.decide(mutant.role, request)) !== undefined,
        );
      });
      expect(survivors).toEqual([]);
      evidence({ mutants: tried });
    });

    test("calls that touch what belongs to others, or pretend to be another's, are denied", async () => {
      const allowed = new Set<string>();
      let tried = 0;
      for (const one of told) {
        for (const [arn, roles] of rolesOf(one)) {
          for (const call of forbiddenIn(one, arn)) {
            tried++;
            if (await some([...roles], (role) => isAllowed(one, arn, role, call))) {
              allowed.add(`${one.story.title}: ${arn} may ${call.what}`);
            }
          }
        }
      }
      expect([...allowed]).toEqual([]);
      evidence({ 'forbidden calls': tried });
    });

    test('without any one condition, or with any resource made all, one of those is allowed', async () => {
      const { tried, survivors } = await mutate(told, wider, async (one, _, mutant, arn) => {
        const calls = forbiddenIn(one, arn).filter(({ requests }) =>
          requests.some(({ action }) => mutant.actions!.includes(action)),
        );
        return some(calls, (call) => isAllowed(one, arn, mutant.role, call));
      });
      expect(survivors.filter((what) => !REDUNDANT.test(what))).toEqual([]);
      expect(survivors.filter((what) => REDUNDANT.test(what))).toHaveLength(1);
      evidence({ mutants: tried });
    });

    test('what CDK grants by itself is known, and is all that was left out', () => {
      const roles = told.flatMap((one) => [...one.roles.keys()]).filter((arn) => ROLES_OF_CDK.test(arn));
      expect(roles.map((arn) => withoutNames(arn.slice(arn.indexOf('/') + 1)))).toEqual([
        'Files-PipelineRole',
        'Files-PipelineSourceCodePipelineActionRole',
      ]);
      const mutants = told
        .flatMap(rolesOf)
        .flatMap(([, versions]) => [...versions])
        .flatMap((role) => [...narrower(role), ...wider(role)]);
      for (const grant of Object.values(GRANTS_OF_CDK)) {
        expect(mutants.some(({ what }) => grant.test(what))).toBe(true);
      }
    });

    const tellWithout = async (action: string) => {
      const world = await start();
      const { policies } = world;
      const [putRole, putPolicy] = [policies.putRole.bind(policies), policies.putPolicy.bind(policies)];
      policies.putRole = (arn, { inline = {}, ...role }) => {
        const changed = Object.entries(inline).map(([name, document]) => [
          name,
          withoutAction(document, action),
        ]);
        return putRole(arn, { ...role, inline: Object.fromEntries(changed) });
      };
      policies.putPolicy = (arn, name, document) => putPolicy(arn, name, withoutAction(document, action));
      const failure = await KEPT.tell(world).then(
        () => 'none',
        (error) => /Received.*\n.*"status": "(\w+)"/s.exec(error.message)?.[1],
      );
      return { failure, lines: world.journal.of('log').length };
    };

    test('without any one action that a deployment needs, the sandbox rolls it back', async () => {
      const { calls } = told.find(({ story }) => story === KEPT)!;
      const actions = [...new Set(calls.map(({ request }) => request.action))].filter(
        (action) => !action.startsWith('logs:'),
      );
      const failures = await Promise.all(
        actions.map(async (action) => [action, (await tellWithout(action)).failure]),
      );
      expect(Object.fromEntries(failures)).toEqual({
        'lambda:InvokeFunction': 'ROLLBACK_COMPLETE',
        'cloudformation:DescribeStackResource': 'none', // it is for cleanups, whose failures fail nothing
        'cloudformation:DescribeStacks': 'ROLLBACK_COMPLETE',
        'fsx:CreateBackup': 'ROLLBACK_COMPLETE',
        'fsx:DescribeBackups': 'ROLLBACK_COMPLETE',
        'fsx:DescribeFileSystems': 'ROLLBACK_COMPLETE',
        'fsx:TagResource': 'ROLLBACK_COMPLETE',
        'fsx:UntagResource': 'UPDATE_ROLLBACK_COMPLETE',
        'states:StartExecution': 'ROLLBACK_COMPLETE',
      });
      evidence({ deployments: failures.length });
    });

    test('without a permission on the log group, it succeeds and logs nothing', async () => {
      for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
        expect(await tellWithout(action)).toEqual({ failure: 'none', lines: 0 });
      }
    });
  });

  differs(
    '@cloud-copilot/iam-simulate',
    'no condition on `kms:EncryptionContext:…` is ever met, and so it is not tried what CloudWatch Logs ' +
      'may do with a key',
    [
      'test/fsx-backup-provider.test.ts',
      'encrypts state machine, environment and log group, and the roles may use it',
    ],
    async () => {
      const { policies } = await start();
      policies.putResourcePolicy(FOREIGN_KEY_ARN, LEFT_TO_IAM);
      const context = { 'kms:EncryptionContext:aws:logs:arn': 'same' };
      const allowedWith = async (Condition: object) => {
        const Statement = [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', Condition }];
        const request = {
          principal: `arn:aws:iam::${ACCOUNT}:role/Any`,
          action: 'kms:Decrypt',
          resource: FOREIGN_KEY_ARN,
          context,
        };
        return (
          (await policies.decide({ trust: { Statement: [] }, inline: { Any: { Statement } } }, request)) ===
          undefined
        );
      };
      expect([await allowedWith({}), await allowedWith({ StringEquals: context })]).toEqual([true, false]);
    },
  );

  describe('somebody with grantRun', () => {
    const READ = ['DescribeExecution', 'StopExecution'];
    let world: World;
    let call: (who: string, operation: string, input: object) => Promise<any>;
    beforeAll(async () => {
      world = await start();
      await GRANTED.tell(world);
      const roles = Object.fromEntries(
        world.resourcesOf('AWS::IAM::Role').map(({ physicalId, attributes }) => [physicalId, attributes.Arn]),
      );
      const [, functionRole] = Object.entries(roles).find(([name]) => /ProviderRole/.test(name))!;
      call = (who, operation, input) => {
        const principal = (who === 'function' ? functionRole : roles[who]) as string;
        return world.stepFunctions.api.handle({ operation, principal, input }) as Promise<any>;
      };
    });

    test('starts runs, and sees how they end', async () => {
      const stateMachineArn = world.physicalIdOf(/Runs/)!;
      const input = JSON.stringify({ source: world.physicalIdOf('Source') });
      const { executionArn } = await call('operator', 'StartExecution', { stateMachineArn, input });
      await world.pass(30 * MINUTE);
      expect(await call('operator', 'DescribeExecution', { executionArn })).toMatchObject({
        status: 'SUCCEEDED',
        output: expect.stringContaining('"BackupLifecycle":"AVAILABLE"'),
      });
    });

    test('cannot start what answers CloudFormation, nor read its requests, nor stop them', async () => {
      const stateMachineArn = world.physicalIdOf(/Requests/)!;
      const { event } = world.journal.of('request')[0];
      const started = call('operator', 'StartExecution', { stateMachineArn, input: JSON.stringify(event) });
      await expect(started).rejects.toMatchObject({ code: 'AccessDeniedException' });
      const executions = [...world.stepFunctions.executions.values()].filter(
        (execution) => execution.stateMachineArn === stateMachineArn,
      );
      expect(executions.length).toBeGreaterThan(0);
      for (const { arn: executionArn } of executions) {
        for (const operation of READ) {
          const read = call('operator', operation, { executionArn });
          await expect(read).rejects.toMatchObject({ code: 'AccessDeniedException' });
        }
      }
    });

    test('is somebody else than the function, which starts no runs', async () => {
      const stateMachineArn = world.physicalIdOf(/Runs/)!;
      const started = call('function', 'StartExecution', { stateMachineArn, input: '{}' });
      await expect(started).rejects.toMatchObject({ code: 'AccessDeniedException' });
    });
  });

  describe('in a partition', () => {
    test.each([
      ['aws-cn', 'cn-north-1', OUTSIDE_PIPELINES], // CodePipeline cannot start state machines there
      ['aws-us-gov', 'us-gov-west-1', STORIES],
    ])('%s, all works, and every ARN is of that partition', async (partition, region, stories) => {
      const all = await Promise.all(stories.map((story) => tell(story, { partition, region })));
      const [calls, templates] = [all.flatMap((one) => one.calls), all.flatMap((one) => one.templates)];
      expect(calls.filter(({ allowed }) => !allowed).map(({ request }) => request)).toEqual([]);
      const arns = calls
        .flatMap(({ request }) => [request.principal, request.resource])
        .filter((arn) => arn !== '*');
      expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([]);
      expect(templates.filter((template) => template.includes('arn:aws:'))).toEqual([]);
      evidence({ scenarios: all.length, calls: calls.length, templates: templates.length });
    });
  });

  describe('with a permissions boundary', () => {
    const listed = [...section('What the role may do').matchAll(/`([a-z0-9]+:[A-Z][A-Za-z]+)`/g)].map(
      ([, action]) => action,
    );
    // which is in the managed policy that docs/permissions.md lists
    const boundary = [...new Set(listed), 'ec2:CreateNetworkInterface'];

    test('that allows what docs/permissions.md lists, every role has it, and all works', async () => {
      const all = await Promise.all(OUTSIDE_PIPELINES.map((story) => tell(story, { boundary })));
      const calls = all.flatMap((one) => one.calls);
      expect(calls.filter(({ allowed }) => !allowed)).toEqual([]);
      const roles = all
        .flatMap(({ templates }) => templates)
        .flatMap((template) => Object.values<any>(JSON.parse(template).Resources))
        .filter(({ Type }) => Type === 'AWS::IAM::Role');
      expect(roles.filter(({ Properties }) => Properties.PermissionsBoundary === undefined)).toEqual([]);
      evidence({ scenarios: all.length, calls: calls.length, roles: roles.length });
    });

    test('that leaves out fsx:CreateBackup, the deployment soon fails and says so', async () => {
      const world = await start();
      const told = KEPT.tell(world, {
        boundary: boundary.filter((action) => action !== 'fsx:CreateBackup'),
      });
      await expect(told).rejects.toThrow('ROLLBACK_COMPLETE');
      const [[request], [answer]] = [world.journal.of('request'), world.journal.of('response')];
      expect(answer.body).toMatchObject({
        Status: 'FAILED',
        Reason: expect.stringMatching(
          /^Backing up fs-\w+ failed. AccessDeniedException: User: \S+ is not authorized/,
        ),
      });
      expect(answer.body.Reason).toContain(
        'because no permissions boundary allows the fsx:CreateBackup action',
      );
      expect((answer.at - request.at) / MINUTE).toBeLessThan(5);
    });
  });
});

async function tell(story: Story, setting: Setting & SandboxOptions = {}): Promise<Told> {
  const { region = REGION } = setting;
  // AWS documents one ARN of a volume in one place, and two in another
  const world = await start({ fsx: { volumeBackupsNeed: 'both' }, ...setting });
  const recording = record(world);
  const templates: string[] = [];
  const deploy = world.deploy.bind(world);
  world.deploy = (directory, options) => {
    const files = readdirSync(directory).filter((file) => file.endsWith('.template.json'));
    templates.push(...files.map((file) => readFileSync(join(directory, file), 'utf8')));
    return deploy(directory, options);
  };
  await story.tell(world, { ...setting, env: { account: ACCOUNT, region } });
  return { story, world, templates, ...recording };
}

/** Roles with grants of the library. */
function rolesOf({ roles }: Recording): Array<[arn: string, versions: Set<Role>]> {
  return [...roles].filter(([arn]) => !ROLES_OF_CDK.test(arn));
}

/**
 * Tries each mutant, of each role, in each story: it survives if nothing tells it from the original in any of
 * them.
 */
async function mutate(
  all: Told[],
  mutantsOf: (role: Role) => Mutant[],
  isKilled: (told: Told, role: Role, mutant: Mutant, arn: string) => Promise<boolean>,
): Promise<{ tried: number; survivors: string[] }> {
  const killed = new Map<string, boolean>();
  for (const one of all) {
    for (const [arn, roles] of rolesOf(one)) {
      for (const role of roles) {
        for (const mutant of mutantsOf(role).filter(
          ({ what }) => !Object.values(GRANTS_OF_CDK).some((grant) => grant.test(what)),
        )) {
          const name = withoutNames(mutant.what);
          if (!killed.get(name)) killed.set(name, await isKilled(one, role, mutant, arn));
        }
      }
    }
  }
  return { tried: killed.size, survivors: [...killed.keys()].filter((name) => !killed.get(name)) };
}

/** Without what differs between stories, so that the same grant has the same name. */
function withoutNames(text: string): string {
  return text
    .replace(/\b(fs|fsvol|backup)-[0-9a-f]{8,}/g, '$1-…')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…')
    .replace(/-[0-9A-Z]{13}\b/g, '')
    .replace(/(?<=[A-Za-z])[0-9A-F]{8}(?=Policy|[^0-9A-Za-z]|$)/g, '')
    .replace(/(FsxBackupDefault|Files)Provider/g, 'Provider');
}

function forbiddenIn({ story, world, calls }: Told, arn: string): ForbiddenCall[] {
  const [, partition] = arn.split(':');
  const created = calls.filter(
    ({ request }) => request.action === 'fsx:CreateBackup' && !request.resource.endsWith('*'),
  );
  return forbiddenCalls({
    isFunction: calls.some(({ request }) => request.principal === arn && request.action.startsWith('fsx:')),
    partition,
    account: ACCOUNT,
    region: REGION,
    stackId: world.cloudFormation.stack('Files').id,
    reach: story.reach,
    sources: [...new Set(created.map(({ request }) => request.resource))],
  });
}

async function isAllowed(
  { world }: Told,
  principal: string,
  role: Role,
  { requests }: ForbiddenCall,
): Promise<boolean> {
  return !(await some(
    requests,
    async (request) => (await world.policies.decide(role, { principal, ...request })) !== undefined,
  ));
}

function withoutAction(document: PolicyDocument, action: string): PolicyDocument {
  const Statement = document.Statement.flatMap((statement: any) => {
    const Action = [statement.Action].flat().filter((other) => other !== action);
    return Action.length > 0 ? [{ ...statement, Action }] : [];
  });
  return { ...document, Statement };
}

function section(title: string): string {
  const text = readFileSync(join(__dirname, '../../docs/permissions.md'), 'utf8');
  return text.split(/^## /m).find((part) => part.startsWith(`${title}\n`))!;
}

async function some<T>(items: T[], isIt: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (await isIt(item)) return true;
  return false;
}
