import { isConstant, mayCopy, mayUse } from './copying';
import { hashOf } from './hash';
import type { Home } from './home';
import { givenFor } from './nested-values';
import { OWN_VALUE, type RenderedTemplate } from './rendered-template';
import { isGiven, isHidden } from './secrets';
import { functionIn, functionOf, type Use, usesOf } from './template-functions';

/** A resource in a template. */
export interface Place {
  readonly template: RenderedTemplate;
  readonly id: string;
}

/** What is read of one resource. */
export interface Part {
  readonly text: string; // hashed, with holes for the values
  readonly values: readonly string[]; // as JSON
  /** Resources that it uses and that cannot be referred to: their text counts, too. */
  readonly others: readonly Place[];
  /** What else it uses: a change of that alone would go unseen. */
  readonly unseen: readonly string[];
}

/** In which template a value is, and under which condition. */
interface Where {
  readonly template: RenderedTemplate;
  readonly under: (value: unknown) => unknown;
}

/** A value in a template, under no condition that could be copied. */
function anywhereIn(template: RenderedTemplate): Where {
  return { template, under: (value) => value };
}

/**
 * A dynamic reference without a version. One to Secrets Manager is none of these: CloudFormation does not act
 * on a change of a secret.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
 */
const LATEST = /\{\{resolve:ssm(-secure)?:[^:}]+\}\}/;

/** Read one resource for the backups of a template. */
export function readPart(home: Home, place: Place, name: string): Part {
  return new Reading(home).part(place, name);
}

class Reading {
  private readonly values: string[] = [];
  private readonly others: Place[] = [];
  private readonly unseen: string[] = [];

  constructor(private readonly home: Home) {}

  public part({ template, id }: Place, name: string): Part {
    const { Type, Properties = {}, Condition } = template.Resources[id];
    const condition = Condition && this.readCondition(Condition, anywhereIn(template));
    const [where] = Condition ? this.branches(Condition, anywhereIn(template)) : [anywhereIn(template)];
    const properties = this.read(withoutTemplate(template, id, Properties), where);
    const { values, others, unseen } = this;
    return { text: hashOf([name, Type, condition, properties], 16), values, others, unseen };
  }

  /** The text of a value, with holes where functions are copied. */
  private read(value: unknown, where: Where): unknown {
    if (typeof value === 'string') return this.readText(value);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item) => this.read(item, where));
    const call = functionIn(value);
    if (call) return this.readFunction(value, call, where);
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(members.map(([key, member]) => [key, this.read(member, where)]));
  }

  private readText(text: string): string {
    const latest = LATEST.exec(text);
    if (latest) this.unseen.push(`the latest version of a parameter of Systems Manager, ${latest[0]}`);
    return text;
  }

  private readFunction(value: object, call: readonly [string, any], where: Where): unknown {
    const { template } = where;
    const [name, argument] = call;
    const uses = usesOf(call);
    if (name === 'Ref' && isConstant(uses[0])) return value;
    if (template === this.home.template && mayCopy(this.home, value)) return this.copy(value, where);
    if (name === 'Fn::If') return this.readIf(argument, where);
    const texts = uses.map((use) => this.readUse(use, where));
    if (name === 'Ref' || name === 'Fn::GetAtt') return texts;
    if (template.hidden.has(JSON.stringify(value))) this.unseen.push(`a secret, ${JSON.stringify(value)}`);
    const mapping = name === 'Fn::FindInMap' ? template.Mappings[argument[0]] : undefined;
    return [name, ...texts, this.read(argument, where), mapping];
  }

  private copy(value: unknown, { under }: Where): string {
    const withoutNoValue = (_: string, member: any) => (member?.Ref === 'AWS::NoValue' ? '' : member);
    this.values.push(JSON.stringify(under(value), withoutNoValue));
    return 'a value';
  }

  /** One that cannot be copied as a whole, since one of its branches cannot. */
  private readIf([condition, yes, no]: readonly [string, unknown, unknown], where: Where): unknown {
    const [ifYes, ifNo] = this.branches(condition, where);
    return [this.readCondition(condition, where), this.read(yes, ifYes), this.read(no, ifNo)];
  }

  private branches(condition: string, { template, under }: Where): readonly [Where, Where] {
    if (template !== this.home.template) return [anywhereIn(template), anywhereIn(template)];
    return [
      { template, under: (value) => under({ 'Fn::If': [condition, value, ''] }) },
      { template, under: (value) => under({ 'Fn::If': [condition, '', value] }) },
    ];
  }

  private readCondition(name: string, where: Where): unknown {
    return where.template === this.home.template
      ? this.copy({ 'Fn::If': [name, 'true', 'false'] }, where)
      : this.read(expanded(where.template, name), where);
  }

  /** A use of something that cannot be copied with what it is in. */
  private readUse(use: Use, where: Where): unknown {
    const { name, attribute } = use;
    const { template } = where;
    if (template.own.has(name)) return OWN_VALUE;
    if (isConstant(use)) return name;
    if (template === this.home.template && mayUse(this.home, use)) return this.copy(functionOf(use), where);
    const isOwnParameter = name in template.Parameters && template === this.home.template;
    const given = isOwnParameter ? undefined : givenFor(template, use);
    if (given) return this.read(given.value, anywhereIn(given.template));
    if (name in template.Parameters) return this.readParameter(name, template);
    return name in template.Resources ? this.readResource(use, where) : [name, attribute];
  }

  private readResource({ name, attribute }: Use, where: Where): unknown {
    const { Type } = where.template.Resources[name];
    if (isGiven(Type, attribute)) this.unseen.push(`attribute ${attribute} of "${name}", a ${Type}`);
    if (attribute !== 'Ref' && isHidden(Type, attribute)) {
      return [attribute, this.readUse({ name, attribute: 'Ref' }, where)];
    }
    this.others.push({ template: where.template, id: name });
    return [name, attribute];
  }

  /** One that nobody gives a value, or one that is not to be seen. */
  private readParameter(name: string, { Parameters }: RenderedTemplate): unknown {
    const { NoEcho, Default } = Parameters[name];
    if (NoEcho) this.unseen.push(`parameter "${name}", which is NoEcho`);
    return [name, Default];
  }
}

/** The URL of a nested template holds a hash of it, and its resources count for themselves. */
function withoutTemplate({ nested, own }: RenderedTemplate, id: string, properties: any): unknown {
  if (!nested.has(id)) return properties;
  const { TemplateURL, Parameters = {}, ...rest } = properties;
  const isOfOthers = ([, value]: [string, any]) => {
    const uses = usesOf(functionIn(Object(value)) ?? ['', undefined]);
    return value !== OWN_VALUE && !uses.some(({ name }) => own.has(name));
  };
  return { ...rest, Parameters: Object.fromEntries(Object.entries(Parameters).filter(isOfOthers)) };
}

/** A condition, with those that it is made of. */
function expanded(template: RenderedTemplate, name: string): unknown {
  const expand = (value: any): unknown => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(expand);
    if (typeof value.Condition === 'string') return expanded(template, value.Condition);
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expand(member)]));
  };
  return expand(template.Conditions[name]);
}
