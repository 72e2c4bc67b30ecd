import { cycleIn } from './graph';
import {
  conditionsOf,
  importsOf,
  invalid,
  references,
  resolve,
  stackOutputsOf,
  withConditions,
  type Scope,
} from './intrinsics';
import { parameterTexts, parameterValues } from './parameters';
import { urlSuffix, type World } from './world';

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate';

export interface Template {
  Parameters?: Record<string, any>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  Conditions?: Record<string, unknown>;
  /** Not evaluated: the only rule that CDK writes checks the version of the bootstrap stack. */
  Rules?: Record<string, unknown>;
  Resources: Record<string, ResourceDefinition>;
  Outputs?: Record<string, any>;
  [section: string]: unknown;
}

export interface ResourceDefinition {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  Condition?: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  [attribute: string]: unknown;
}

export interface PlannedResource {
  logicalId: string;
  type: string;
  /** functions not yet resolved */
  properties: unknown;
  dependsOn: string[];
  deletionPolicy: DeletionPolicy;
  updateReplacePolicy: DeletionPolicy;
}

/** What a template asks for, given its parameters: conditions decided, references checked, order known. */
export interface Plan {
  template: Template;
  /** the values of its parameters as texts, as `UsePreviousValue` gives them again */
  texts: Readonly<Record<string, string>>;
  /** and as functions see them: a list, or what the parameter store has */
  parameters: Record<string, string | string[]>;
  resources: ReadonlyMap<string, PlannedResource>;
  outputs: Record<string, { value: unknown; exportName?: unknown; description?: string }>;
  /** names of the exports of other stacks that it uses; they exist */
  imports: string[];
  /** values of outputs of other stacks that it uses */
  stackOutputs: unknown[];
  resolve(value: unknown, resources: ResourceLookup): any;
}

/** The resources that are already there. */
export type ResourceLookup = Pick<Scope, 'ref' | 'getAtt'>;

/** What is known of the resource types before anything is deployed. */
export interface TypeCatalogue {
  isServed(type: string): boolean;
  hasAttribute(type: string, attribute: string): boolean;
}

interface StackIdentity {
  name: string;
  id: string;
}

const SERVED_SECTIONS = [
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Mappings',
  'Conditions',
  'Rules',
  'Resources',
  'Outputs',
];
const SERVED_RESOURCE_ATTRIBUTES = [
  'Type',
  'Properties',
  'DependsOn',
  'Condition',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Metadata',
  'Description',
];
const CUSTOM_TYPE = /^Custom::[A-Za-z0-9_@-]+$/;
const LONGEST_TYPE = 60;

export function isCustom(type: string): boolean {
  return type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::');
}

/** What other stacks give. */
export interface OtherStacks {
  exported(name: string): string | undefined;
  output(stackName: string, output: string): string | undefined;
}

/** Everything about a template that can be known before deployment; throws a ValidationError. */
export function planOf(
  template: Template,
  given: Record<string, string>,
  stack: StackIdentity,
  world: World,
  types: TypeCatalogue,
  others: OtherStacks,
): Plan {
  assertServed(template);
  assertTypes(template, types);
  const texts = parameterTexts(template.Parameters ?? {}, given);
  const parameters = parameterValues(template.Parameters ?? {}, texts, world.ssm);
  const globals = globalScope(template, parameters, stack, world, others);
  const holds = conditionsOf(template.Conditions ?? {}, globals);
  for (const name of Object.keys(template.Conditions ?? {})) holds(name);

  const active = (definition: { Condition?: string }) =>
    definition.Condition === undefined || holds(definition.Condition);
  const resources = new Map(
    Object.entries(template.Resources)
      .filter(([, definition]) => active(definition))
      .map(([logicalId, definition]) => [logicalId, plannedResource(logicalId, definition, holds)]),
  );
  const outputs = Object.fromEntries(
    Object.entries(template.Outputs ?? {})
      .filter(([, output]) => active(output))
      .map(([name, output]) => {
        const { Value: value, Export, Description: description } = withConditions(output, holds) as any;
        return [name, { value, exportName: Export?.Name, description }];
      }),
  );

  assertReferences(
    template,
    [...resources.values()].map((resource) => resource.properties),
    resources,
    types,
    'Resources',
  );
  assertReferences(template, Object.values(outputs), resources, types, 'Outputs');
  for (const resource of resources.values()) {
    resource.dependsOn = dependenciesOf(resource, template, resources);
  }
  const cycle = cycleIn(new Map([...resources].map(([name, { dependsOn }]) => [name, dependsOn])));
  if (cycle) throw invalid(`Circular dependency between resources: [${cycle.sort().join(', ')}]`);

  const used = [...resources.values()].map((resource) => resource.properties).concat(Object.values(outputs));
  const imports = importsOf(used, globals);
  for (const name of imports) globals.importValue(name);

  return {
    template,
    texts,
    parameters,
    resources,
    outputs,
    imports,
    stackOutputs: stackOutputsOf(used, globals),
    resolve: (value, lookup) =>
      resolve(value, {
        ...globals,
        ref: (name) => (resources.has(name) ? lookup.ref(name) : globals.ref(name)),
        getAtt: (logicalId, attribute) => lookup.getAtt(logicalId, attribute),
      }),
  };
}

function assertServed(template: Template): void {
  const section = Object.keys(template).find((name) => !SERVED_SECTIONS.includes(name));
  if (section) {
    throw invalid(
      `Invalid template property or properties [${section}]: the sandbox serves ` +
        `${SERVED_SECTIONS.join(', ')}`,
    );
  }
  if (Object.keys(template.Resources ?? {}).length === 0) {
    throw invalid('Template format error: At least one Resources member must be defined.');
  }
  for (const [logicalId, definition] of Object.entries(template.Resources)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(logicalId)) {
      throw invalid(`Template format error: Resource name ${logicalId} is non alphanumeric.`);
    }
    const unknown = Object.keys(definition).find((name) => !SERVED_RESOURCE_ATTRIBUTES.includes(name));
    if (unknown) {
      throw invalid(
        `Invalid template resource property '${unknown}' of ${logicalId}: the sandbox does not serve it`,
      );
    }
    assertNoNull(definition.Properties, `/Resources/${logicalId}/Properties`);
  }
}

function assertNoNull(value: unknown, path: string): void {
  if (value === null) throw invalid(`[${path}] 'null' values are not allowed in templates`);
  if (typeof value === 'object') {
    Object.entries(value).forEach(([key, member]) => assertNoNull(member, `${path}/${key}`));
  }
}

function assertTypes(template: Template, types: TypeCatalogue): void {
  for (const { Type: type } of Object.values(template.Resources)) {
    if (isCustom(type) && type.length > LONGEST_TYPE) {
      throw invalid(`Template format error: resource type ${type} is longer than ${LONGEST_TYPE} characters`);
    }
    if (type.startsWith('Custom::') && !CUSTOM_TYPE.test(type)) {
      throw invalid(`Template format error: ${type} may have letters, digits and _@- only`);
    }
  }
  const unrecognized = Object.values(template.Resources)
    .map(({ Type }) => Type)
    .filter((type) => !isCustom(type) && !types.isServed(type));
  if (unrecognized.length > 0) {
    throw invalid(
      `Template format error: Unrecognized resource types: [${[...new Set(unrecognized)].join(', ')}]; ` +
        'the sandbox does not serve them',
    );
  }
}

function plannedResource(
  logicalId: string,
  definition: ResourceDefinition,
  holds: (name: string) => boolean,
): PlannedResource {
  return {
    logicalId,
    type: definition.Type,
    properties: withConditions(definition.Properties ?? {}, holds),
    dependsOn: [],
    deletionPolicy: policyOf(logicalId, 'DeletionPolicy', definition.DeletionPolicy, [
      'Delete',
      'Retain',
      'RetainExceptOnCreate',
    ]),
    updateReplacePolicy: policyOf(logicalId, 'UpdateReplacePolicy', definition.UpdateReplacePolicy, [
      'Delete',
      'Retain',
    ]),
  };
}

function policyOf(
  logicalId: string,
  name: string,
  value: string | undefined,
  allowed: DeletionPolicy[],
): DeletionPolicy {
  if (value === undefined) return 'Delete';
  if (allowed.includes(value as DeletionPolicy)) return value as DeletionPolicy;
  // none of the types that the sandbox serves can be snapshotted by CloudFormation
  throw invalid(
    `Template error: resource ${logicalId} does not support ${value} as its ${name}, use ` +
      `${allowed.join(', ')}`,
  );
}

function assertReferences(
  template: Template,
  values: unknown[],
  resources: ReadonlyMap<string, unknown>,
  types: TypeCatalogue,
  block: string,
): void {
  for (const { name, attribute } of values.flatMap(references)) {
    if (name.startsWith('AWS::') || (attribute === undefined && name in (template.Parameters ?? {}))) {
      continue;
    }
    if (!resources.has(name)) {
      throw invalid(
        `Template format error: Unresolved resource dependencies [${name}] in the ${block} block of the ` +
          'template',
      );
    }
    const type = template.Resources[name].Type;
    if (attribute !== undefined && !isCustom(type) && !types.hasAttribute(type, attribute)) {
      throw invalid(
        `Template error: resource ${name} does not support attribute type ${attribute} in Fn::GetAtt ` +
          `(${type})`,
      );
    }
  }
}

function dependenciesOf(
  resource: PlannedResource,
  template: Template,
  resources: ReadonlyMap<string, unknown>,
): string[] {
  const explicit = [template.Resources[resource.logicalId].DependsOn ?? []].flat();
  const missing = explicit.filter((name) => !(name in template.Resources));
  if (missing.length > 0) {
    throw invalid(
      `Template format error: Unresolved resource dependencies [${missing.join(', ')}] in the Resources ` +
        'block of the template',
    );
  }
  const implicit = references(resource.properties).map(({ name }) => name);
  return [...new Set([...explicit, ...implicit])].filter((name) => resources.has(name));
}

function globalScope(
  template: Template,
  parameters: Record<string, unknown>,
  stack: StackIdentity,
  world: World,
  others: OtherStacks,
): Scope {
  const pseudo: Record<string, unknown> = {
    'AWS::AccountId': world.accountId,
    'AWS::Region': world.region,
    'AWS::Partition': world.partition,
    'AWS::URLSuffix': urlSuffix(world.partition),
    'AWS::StackId': stack.id,
    'AWS::StackName': stack.name,
    'AWS::NotificationARNs': [],
  };
  return {
    ref: (name) => {
      if (name in parameters) return parameters[name];
      if (name in pseudo) return pseudo[name];
      throw invalid(`Template format error: Unresolved dependencies [${name}]`);
    },
    getAtt: (logicalId) => {
      throw invalid(`Template error: Fn::GetAtt of ${logicalId} cannot be used here`);
    },
    findInMap: (map, first, second) => {
      const value = template.Mappings?.[map]?.[first]?.[second];
      if (value === undefined) {
        throw invalid(`Template error: Unable to get mapping for ${map}::${first}::${second}`);
      }
      return value;
    },
    importValue: (name) => {
      const value = others.exported(name);
      if (value === undefined) throw invalid(`No export named ${name} found`);
      return value;
    },
    stackOutput: (name, output) => {
      const value = others.output(name, output);
      if (value === undefined) throw invalid(`Stack ${name} has no output ${output}`);
      return value;
    },
    zones: (region) => ['a', 'b', 'c'].map((letter) => `${region}${letter}`),
    dynamicReference: (service, key) => {
      const value = service === 'ssm' ? world.ssm.get(key.split(':')[0]) : undefined;
      if (value === undefined) {
        throw invalid(
          `Could not resolve {{resolve:${service}:${key}}}: the sandbox serves existing ssm parameters only`,
        );
      }
      return value;
    },
  };
}
