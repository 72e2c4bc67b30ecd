import { type AwsApi, AwsError } from '../endpoint';
import { Answers } from './answers';
import { cloudFormationApi, resourceOf } from './api';
import { stacksOf, type AssemblyStack } from './assembly';
import { customResource } from './custom-resource';
import {
  assertSameTypes,
  sameDeployment,
  settingsOf,
  valuesOf,
  type Deployment,
  type StackOutcome,
} from './deployment';
import { FailurePlan } from './failures';
import { Identities } from './identities';
import { invalid } from './intrinsics';
import { withPrevious } from './parameters';
import { providersOf } from './resources';
import { nestedStackProvider, type Nesting } from './resources/nested-stack';
import { same, type ResourceProvider } from './resources/provider';
import { tellStack, type Engine, type ResourceState, type Stack, type StackEvent } from './stack';
import { deleteStack } from './stack-deletion';
import { StackOperation } from './stack-operation';
import { isCustom, planOf, type Plan, type TypeCatalogue } from './template';
import {
  DEFAULT_OPTIONS,
  arn,
  type CloudFormationOptions,
  type Neighbours,
  type Place,
  type World,
} from './world';

export type { Deployment, StackOutcome } from './deployment';

/** How `cdk deploy` is called. */
export interface AssemblyOptions extends Partial<Deployment> {
  /** Default: all. */
  stacks?: string[];
  /** `--previous-parameters`: keep the values of parameters that are not given. Default: true. */
  previousParameters?: boolean;
}

export interface StackSnapshot {
  id: string;
  name: string;
  status: string;
  reason?: string;
  resources: Record<string, Readonly<ResourceState>>;
  outputs: Record<string, string>;
  events: readonly StackEvent[];
}

/** A stack that has a change set, and nothing else yet. */
const REVIEW = 'REVIEW_IN_PROGRESS';
const UPDATABLE = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_FAILED',
];

/** CloudFormation: stacks, deployed by its documented rules into the virtual world. */
export class CloudFormation {
  readonly api: AwsApi;
  readonly failures = new FailurePlan();
  /** may be changed at any time */
  readonly options: CloudFormationOptions;
  /** the parameter store */
  readonly ssm: Map<string, string>;
  private readonly world: World;
  private readonly engine: Engine;
  private readonly types: TypeCatalogue;
  private readonly stacks: Stack[] = [];
  /** by the id of the stack, and the name of the change set */
  private readonly changeSets = new Map<string, Map<string, Deployment>>();
  private readonly running = new Map<string, Promise<void>>();

  constructor({
    options,
    ...around
  }: Neighbours & Partial<Place> & { options?: Partial<CloudFormationOptions> }) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
    this.ssm = new Map(Object.entries(this.options.ssmParameters));
    const identities = new Identities('cloudformation');
    this.world = {
      accountId: '123456789012',
      region: 'us-east-1',
      partition: 'aws',
      ...around,
      options: this.options,
      identities,
      answers: new Answers(around.clock, around.journal, around.faults, identities),
      failures: this.failures,
      ssm: this.ssm,
    };
    const providers = providersOf(this.world).set(
      'AWS::CloudFormation::Stack',
      nestedStackProvider(this.nesting()),
    );
    const custom = customResource(this.world);
    this.engine = {
      world: this.world,
      providerOf: (type): ResourceProvider => (isCustom(type) ? custom : providers.get(type)!),
      importersOf: (name) =>
        this.stacks
          .filter((stack) => isLive(stack) && stack.plan.imports.includes(name))
          .map((stack) => stack.name),
    };
    this.api = cloudFormationApi(this.world, this.stacks, this);
    this.types = {
      isServed: (type) => providers.has(type),
      hasAttribute: (type, attribute) => {
        const { attributes } = providers.get(type)!;
        return attributes === 'any' || attributes.includes(attribute);
      },
    };
  }

  /** told when a PUT of an answer is made to hang */
  set onHang(listener: () => void) {
    this.world.answers.onHang = listener;
  }

  /** The host that responses of custom resources are put to. */
  async responseHost(): Promise<string> {
    await this.world.answers.start();
    return this.world.answers.host;
  }

  /** Create or update a stack. A deployment that fails is an outcome; only an invalid request is an error. */
  async deploy(deployment: Deployment): Promise<StackOutcome> {
    await this.world.answers.start();
    const stack = this.find(deployment.stackName);
    return stack ? this.update(stack, deployment) : this.create(deployment);
  }

  /** Deploy the stacks of a cloud assembly (`cdk.out`), in the order of their dependencies. */
  async deployAssembly(
    directory: string,
    { stacks, previousParameters = true, ...rest }: AssemblyOptions = {},
  ): Promise<Record<string, StackOutcome>> {
    const outcomes: Record<string, StackOutcome> = {};
    const chosen = stacksOf(directory).filter(({ stackName }) => !stacks || stacks.includes(stackName));
    for (const found of chosen) {
      outcomes[found.stackName] = await this.deployFound(found, rest, previousParameters);
      if (!outcomes[found.stackName].status.match(/^(CREATE|UPDATE)_COMPLETE$/)) break;
    }
    return outcomes;
  }

  /** Prepare a deployment. A stack that does not exist is there from then on, under review. */
  async createChangeSet(name: string, deployment: Deployment): Promise<void> {
    const found = this.find(deployment.stackName);
    if (found) this.assertPlannable(found, deployment);
    const stack = found ?? this.open(deployment).stack;
    if (!found) tellStack(this.engine, stack, REVIEW, 'User Initiated');
    this.changeSets.set(stack.id, (this.changeSets.get(stack.id) ?? new Map()).set(name, deployment));
  }

  /** Deploy what was prepared. Whatever else was prepared for the stack is gone with it. */
  async executeChangeSet(name: string, stackName: string): Promise<StackOutcome> {
    await this.world.answers.start();
    const stack = this.find(stackName);
    const deployment = stack && this.changeSets.get(stack.id)?.get(name);
    if (!deployment) throw new AwsError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, 404);
    this.changeSets.delete(stack.id);
    if (stack.status !== REVIEW) return this.update(stack, deployment);
    const operation = this.begin(stack, this.plan(deployment, stack));
    Object.assign(stack, settingsOf(deployment, this.options));
    return this.operate(stack, () => operation.create());
  }

  /** What permissions on a stack are asked for. */
  resourceFor(stackName: string): string {
    return resourceOf(this.world, this.stacks, stackName);
  }

  /** Delete a stack. `retainResources` is for a deletion that failed before. */
  async destroy(
    stackName: string,
    { retainResources = [] }: { retainResources?: string[] } = {},
  ): Promise<StackOutcome> {
    const stack = this.find(stackName);
    if (!stack) return { status: 'DELETE_COMPLETE', outputs: {}, events: [] };
    if (retainResources.length > 0 && stack.status !== 'DELETE_FAILED') {
      throw invalid(
        `Invalid operation on stack [${stack.id}]. RetainResources is for a stack in DELETE_FAILED, and ` +
          `this one is in ${stack.status}`,
      );
    }
    if (stack.status === 'CREATE_IN_PROGRESS') {
      stack.operation!.cancel('for deletion');
      await this.running.get(stack.id);
    } else if (stack.status !== REVIEW) {
      this.assertIdle(stack, 'deleted');
    }
    stack.express = false;
    return this.operate(stack, () => deleteStack(this.engine, stack, retainResources));
  }

  /**
   * The user changes their mind: the update rolls back. Resolves at once; the promise of `deploy` tells the
   * end.
   */
  cancelUpdate(stackName: string): void {
    const stack = this.existing(stackName);
    if (stack.status !== 'UPDATE_IN_PROGRESS') {
      throw invalid(`CancelUpdateStack cannot be called from current stack status ${stack.status}`);
    }
    stack.operation!.cancel('by the user');
  }

  /** Go on with a rollback that got stuck, or leave out what cannot be rolled back. */
  async continueUpdateRollback(stackName: string, resourcesToSkip: string[] = []): Promise<StackOutcome> {
    const stack = this.existing(stackName);
    if (stack.status !== 'UPDATE_ROLLBACK_FAILED') {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not continue its rollback.`);
    }
    return this.operate(stack, async () => {
      tellStack(this.engine, stack, 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
      await stack.operation!.rollback(resourcesToSkip);
    });
  }

  /** Roll back a deployment that failed with rollback disabled, and all that failed before it. */
  async rollbackStack(stackName: string): Promise<StackOutcome> {
    const stack = this.existing(stackName);
    if (!['CREATE_FAILED', 'UPDATE_FAILED'].includes(stack.status)) {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`);
    }
    return this.operate(stack, () => stack.operation!.goBack('User Initiated'));
  }

  /** A stack as it is; of a deleted one, as it was in the end. */
  stack(nameOrId: string): StackSnapshot {
    const stack =
      this.find(nameOrId) ?? [...this.stacks].reverse().find(({ name, id }) => [name, id].includes(nameOrId));
    if (!stack) throw invalid(`Stack with id ${nameOrId} does not exist`);
    const { id, name, status, reason, events } = stack;
    return {
      id,
      name,
      status,
      reason,
      events,
      resources: Object.fromEntries(stack.resources),
      outputs: valuesOf(stack.outputs),
    };
  }

  async close(): Promise<void> {
    await this.world.answers.close();
  }

  private async create(deployment: Deployment): Promise<StackOutcome> {
    const { stack, operation } = this.open(deployment);
    return this.operate(stack, () => operation.create());
  }

  private open(deployment: Deployment, parentId?: string): { stack: Stack; operation: StackOperation } {
    const { world } = this;
    const name = deployment.stackName;
    if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) {
      throw invalid(
        `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: ` +
          'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
      );
    }
    const id = arn(world, 'cloudformation', `stack/${name}/${world.identities.uuid()}`);
    const plan = this.plan(deployment, { name, id });
    const stack: Stack = {
      id,
      name,
      status: 'CREATE_IN_PROGRESS',
      plan,
      resources: new Map(),
      outputs: {},
      events: [],
      superseded: [],
      deleting: new Set(),
      past: [],
      createdAt: world.clock.now(),
      parentId,
      ...settingsOf(deployment, this.options),
    };
    this.stacks.push(stack);
    return { stack, operation: this.begin(stack, plan) };
  }

  private nesting(): Nesting {
    const find = (id: string) => this.stacks.find((stack) => stack.id === id)!;
    return {
      engine: () => this.engine,
      open: (stackName, source, parentId) =>
        this.open({ stackName, disableRollback: false, ...source }, parentId),
      change: (id, source) => {
        const stack = find(id);
        const plan = this.plan({ stackName: stack.name, ...source }, stack);
        assertSameTypes(stack, plan);
        const { assets, express } = source;
        Object.assign(stack, { assets, express, updatedAt: this.world.clock.now() });
        return { stack, operation: this.begin(stack, plan) };
      },
      find,
      deleteStack: (stack) => deleteStack(this.engine, stack),
    };
  }

  private async update(stack: Stack, deployment: Deployment): Promise<StackOutcome> {
    this.assertIdle(stack, 'updated');
    const plan = this.assertPlannable(stack, deployment);
    const settings = settingsOf(deployment, this.options);
    if (
      !stack.status.endsWith('_FAILED') &&
      sameDeployment(stack.plan, plan) &&
      same(stack.tags, settings.tags)
    ) {
      return { status: stack.status, outputs: valuesOf(stack.outputs), events: [], noChanges: true };
    }
    const operation = this.begin(stack, plan);
    Object.assign(stack, { ...settings, updatedAt: this.world.clock.now() });
    return this.operate(stack, () => operation.update());
  }

  /** What a stack will be, if the state that it is in lets it. */
  private assertPlannable(stack: Stack, deployment: Deployment): Plan {
    if (![...UPDATABLE, REVIEW].includes(stack.status)) {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
    }
    const plan = this.plan(deployment, stack);
    assertSameTypes(stack, plan);
    return plan;
  }

  private begin(stack: Stack, plan: Plan): StackOperation {
    stack.operation = new StackOperation(this.engine, stack, plan);
    return stack.operation;
  }

  /** `cdk deploy` deletes a stack whose creation was rolled back, and creates it again. */
  private async deployFound(
    found: AssemblyStack,
    rest: Partial<Deployment>,
    previousParameters: boolean,
  ): Promise<StackOutcome> {
    if (this.find(found.stackName)?.status === 'ROLLBACK_COMPLETE') await this.destroy(found.stackName);
    const previous = previousParameters ? this.find(found.stackName)?.plan.texts : {};
    const given = { ...found.parameters, ...rest.parameters };
    const parameters = withPrevious(found.template, given, previous);
    return this.deploy({ ...found, ...rest, parameters });
  }

  private async operate(stack: Stack, operation: () => Promise<void>): Promise<StackOutcome> {
    const from = stack.events.length;
    const run = operation();
    this.running.set(
      stack.id,
      run.catch(() => {}),
    );
    await run;
    const events = stack.events.slice(from);
    return {
      status: stack.status,
      outputs: valuesOf(stack.outputs),
      events,
      reason: events.find(({ status }) => /FAILED$|ROLLBACK_IN_PROGRESS$/.test(status))?.reason,
    };
  }

  private plan({ template, parameters = {} }: Deployment, stack: { name: string; id: string }): Plan {
    return planOf(template, parameters, stack, this.world, this.types, {
      exported: (name) => this.exportNamed(name),
      output: (name, output) => this.find(name)?.outputs[output]?.value,
    });
  }

  private exportNamed(name: string): string | undefined {
    return this.stacks
      .filter(isLive)
      .flatMap(({ outputs }) => Object.values(outputs))
      .find(({ exportName }) => exportName === name)?.value;
  }

  private find(nameOrId: string): Stack | undefined {
    return this.stacks.find((stack) => isLive(stack) && [stack.name, stack.id].includes(nameOrId));
  }

  private existing(stackName: string): Stack {
    const stack = this.find(stackName);
    if (!stack) throw invalid(`Stack [${stackName}] does not exist`);
    return stack;
  }

  private assertIdle(stack: Stack, verb: string): void {
    if (stack.status.endsWith('_IN_PROGRESS')) {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be ${verb}.`);
    }
  }
}

function isLive(stack: Stack): boolean {
  return stack.status !== 'DELETE_COMPLETE';
}
