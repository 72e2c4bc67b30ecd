import { AwsError } from '../endpoint';

/** Where the values of a template come from. */
export interface Scope {
  ref(name: string): unknown;
  getAtt(logicalId: string, attribute: string): unknown;
  findInMap(map: string, first: string, second: string): unknown;
  importValue(name: string): unknown;
  /** an output of another stack of the same account and Region */
  stackOutput(stack: string, output: string): unknown;
  /** the availability zones of a Region */
  zones(region: string): string[];
  /** `{{resolve:service:key}}` */
  dynamicReference(service: string, key: string): string;
}

/** One use of a resource or parameter. */
export interface Reference {
  name: string;
  attribute?: string;
}

type Intrinsic = (argument: any, scope: Scope) => unknown;

const NO_VALUE = Symbol('AWS::NoValue');
const DYNAMIC_REFERENCE = /\{\{resolve:([a-z-]+):([^}]+)\}\}/g;

const FUNCTIONS: Record<string, Intrinsic> = {
  'Ref': (name, scope) => (name === 'AWS::NoValue' ? NO_VALUE : scope.ref(name)),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, attribute] = getAttParts(argument);
    return scope.getAtt(logicalId, text('Fn::GetAtt', resolve(attribute, scope)));
  },
  'Fn::Join': ([delimiter, list], scope) =>
    listOf('Fn::Join', resolve(list, scope))
      .map((item) => text('Fn::Join', item))
      .join(delimiter),
  'Fn::Split': ([delimiter, source], scope) => text('Fn::Split', resolve(source, scope)).split(delimiter),
  'Fn::Select': ([index, list], scope) => {
    const items = listOf('Fn::Select', resolve(list, scope));
    const item = items[Number(resolve(index, scope))];
    if (item === undefined) {
      throw invalid(`Template error: Fn::Select cannot select nonexistent value at index ${index}`);
    }
    return item;
  },
  'Fn::Sub': (argument, scope) => {
    const [template, own] = subParts(argument);
    return template.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (name in own) return text('Fn::Sub', resolve(own[name], scope));
      const dot = name.indexOf('.');
      return text(
        'Fn::Sub',
        dot < 0 ? scope.ref(name) : scope.getAtt(name.slice(0, dot), name.slice(dot + 1)),
      );
    });
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(text('Fn::Base64', resolve(argument, scope))).toString('base64'),
  'Fn::GetAZs': (region, scope) =>
    scope.zones(text('Fn::GetAZs', resolve(region, scope)) || (scope.ref('AWS::Region') as string)),
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = argument.map((part: unknown) => text('Fn::FindInMap', resolve(part, scope)));
    return scope.findInMap(map, first, second);
  },
  'Fn::GetStackOutput': (argument, scope) => {
    const { StackName, OutputName, ...others } = resolve(argument, scope);
    if (Object.keys(others).length > 0) {
      throw invalid(`Fn::GetStackOutput with ${Object.keys(others).join(', ')} is not served by the sandbox`);
    }
    return scope.stackOutput(text('Fn::GetStackOutput', StackName), text('Fn::GetStackOutput', OutputName));
  },
  'Fn::ImportValue': (name, scope) => scope.importValue(text('Fn::ImportValue', resolve(name, scope))),
};

/** Every value in place of the function that computes it. */
export function resolve(value: unknown, scope: Scope): any {
  const resolved = resolveDeep(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}

function resolveDeep(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') {
    return value.replace(DYNAMIC_REFERENCE, (_, service, key) => scope.dynamicReference(service, key));
  }
  if (Array.isArray(value)) {
    return value.map((item) => resolveDeep(item, scope)).filter((item) => item !== NO_VALUE);
  }
  if (value === null || typeof value !== 'object') return value;
  const call = intrinsicIn(value);
  if (call) return functionNamed(call.name)(call.argument, scope);
  const entries = Object.entries(value).map(([key, member]) => [key, resolveDeep(member, scope)] as const);
  return Object.fromEntries(entries.filter(([, member]) => member !== NO_VALUE));
}

/** Every reference in a value, and a loud end for a function that is not served. */
export function references(value: unknown): Reference[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== 'object') return [];
  const call = intrinsicIn(value);
  if (call?.name === 'Ref') return [{ name: call.argument }];
  if (call?.name === 'Fn::GetAtt') {
    const [name, attribute] = getAttParts(call.argument);
    return [
      { name, attribute: typeof attribute === 'string' ? attribute : undefined },
      ...references(attribute),
    ];
  }
  if (call?.name === 'Fn::Sub') return referencesOfSub(call.argument);
  if (call && call.name !== 'Fn::If') functionNamed(call.name);
  return Object.values(value).flatMap(references);
}

/** The names of the exports that a value imports. */
export function importsOf(value: unknown, scope: Scope): string[] {
  return callsOf('Fn::ImportValue', value).map((name) => text('Fn::ImportValue', resolve(name, scope)));
}

/** The outputs of other stacks that a value names, as they are now. */
export function stackOutputsOf(value: unknown, scope: Scope): unknown[] {
  return callsOf('Fn::GetStackOutput', value).map((output) =>
    resolve({ 'Fn::GetStackOutput': output }, scope),
  );
}

/** The arguments with which a value calls a function. */
function callsOf(name: string, value: unknown): unknown[] {
  if (value === null || typeof value !== 'object') return [];
  const call = Array.isArray(value) ? undefined : intrinsicIn(value);
  if (call?.name === name) return [call.argument];
  return Object.values(value).flatMap((member) => callsOf(name, member));
}

/** `Fn::If` replaced by the branch that is taken. */
export function withConditions(value: unknown, holds: (condition: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => withConditions(item, holds));
  if (value === null || typeof value !== 'object') return value;
  const call = intrinsicIn(value);
  if (call?.name === 'Fn::If') {
    const [condition, yes, no] = call.argument;
    return withConditions(holds(condition) ? yes : no, holds);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withConditions(member, holds)]),
  );
}

/** The value of each condition; conditions see parameters and mappings only. */
export function conditionsOf(definitions: Record<string, unknown>, scope: Scope): (name: string) => boolean {
  const holds = (name: string): boolean => {
    if (!(name in definitions)) throw invalid(`Template error: unresolved condition dependency ${name}`);
    return evaluate(definitions[name]);
  };
  const evaluate = (expression: any): boolean => {
    const [name, argument] = Object.entries<any>(expression ?? {})[0] ?? [];
    switch (name) {
      case 'Condition':
        return holds(argument);
      case 'Fn::Equals':
        return JSON.stringify(resolve(argument[0], scope)) === JSON.stringify(resolve(argument[1], scope));
      case 'Fn::Not':
        return !evaluate(argument[0]);
      case 'Fn::And':
        return argument.every(evaluate);
      case 'Fn::Or':
        return argument.some(evaluate);
      default:
        throw invalid(
          `Template format error: condition function ${name} is not served; use Fn::Equals, Fn::Not, ` +
            'Fn::And, Fn::Or or Condition',
        );
    }
  };
  return holds;
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

function intrinsicIn(value: object): { name: string; argument: any } | undefined {
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0 || !(entry[0] === 'Ref' || entry[0].startsWith('Fn::'))) {
    return undefined;
  }
  return { name: entry[0], argument: entry[1] };
}

function functionNamed(name: string): Intrinsic {
  if (name in FUNCTIONS) return FUNCTIONS[name];
  throw invalid(
    `Template format error: ${name} is not served by the sandbox; it knows ` +
      `${Object.keys(FUNCTIONS).join(', ')} and Fn::If`,
  );
}

function getAttParts(argument: string | [string, unknown]): [string, unknown] {
  if (typeof argument !== 'string') return argument;
  const dot = argument.indexOf('.');
  return [argument.slice(0, dot), argument.slice(dot + 1)];
}

function subParts(argument: string | [string, Record<string, unknown>]): [string, Record<string, unknown>] {
  return typeof argument === 'string' ? [argument, {}] : argument;
}

function referencesOfSub(argument: string | [string, Record<string, unknown>]): Reference[] {
  const [template, own] = subParts(argument);
  const names = [...template.matchAll(/\$\{([^}!][^}]*)\}/g)]
    .map((match) => match[1])
    .filter((name) => !(name in own));
  const direct = names.map((name) => {
    const dot = name.indexOf('.');
    return dot < 0 ? { name } : { name: name.slice(0, dot), attribute: name.slice(dot + 1) };
  });
  return [...direct, ...references(own)];
}

function listOf(where: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`Template error: every ${where} object requires a list, got ${JSON.stringify(value)}`);
}

function text(where: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw invalid(`Template error: every ${where} object requires strings, got ${JSON.stringify(value)}`);
}
