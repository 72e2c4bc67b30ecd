import {
  CfnElement,
  CfnParameter,
  CfnResource,
  DefaultTokenResolver,
  IResolvable,
  IResolveContext,
  NestedStack,
  Reference,
  Stack,
  Tokenization,
} from 'aws-cdk-lib';
import { isOwn } from './own';
import { oncePerPreparation } from './preparation';
import { isHidden } from './secrets';

/** A value of the library's own resources: it counts as constant. No property that CloudFormation knows. */
export const OWN_VALUE = 'a value of cdk-fsx-backup';

const SECTIONS = ['Resources', 'Parameters', 'Mappings', 'Conditions', 'Outputs'] as const;

type Sections = { readonly [S in (typeof SECTIONS)[number]]: Readonly<Record<string, any>> };

/** The template of a stack as it will be, but for what triggers read from it. */
export interface RenderedTemplate extends Sections {
  readonly stack: Stack;
  /** The logical ids of its resources. */
  readonly ids: ReadonlyMap<CfnResource, string>;
  /** Resources of the library. */
  readonly own: ReadonlySet<string>;
  /** The stacks that are nested in this one, by the logical id of their resource. */
  readonly nested: ReadonlyMap<string, Stack>;
  /** Functions, as JSON, that give values of other stacks which are not to be copied. */
  readonly hidden: ReadonlySet<string>;
}

export const templateOf = oncePerPreparation((stack: Stack): RenderedTemplate => {
  const sections = Object.fromEntries(SECTIONS.map((section) => [section, {} as Record<string, any>]));
  const ids = new Map<CfnResource, string>();
  const nested = new Map<string, Stack>();
  const resolver = new TemplateResolver(stack);
  for (const construct of stack.node.findAll()) {
    if (NestedStack.isNestedStack(construct) && construct.nestedStackParent === stack) {
      nested.set(stack.resolve(construct.nestedStackResource!.logicalId), construct);
    }
    if (!CfnElement.isCfnElement(construct) || construct.stack !== stack) continue;
    const fragment = resolveIn(stack, (construct as any)._toCloudFormation(), resolver);
    for (const section of SECTIONS) Object.assign(sections[section], fragment[section]);
    const [id] = Object.keys(fragment.Resources ?? {});
    if (id !== undefined && CfnResource.isCfnResource(construct)) ids.set(construct, id);
  }
  const own = new Set([...ids].flatMap(([resource, id]) => (isOwn(resource) ? [id] : [])));
  return { stack, ...(sections as Sections), ids, own, nested, hidden: resolver.hidden };
});

function resolveIn(stack: Stack, value: unknown, resolver: DefaultTokenResolver): any {
  return Tokenization.resolve(value, { scope: stack, resolver, preparing: false });
}

const OTHERWISE = Symbol('cdk-fsx-backup.otherwise');

/** A value that is read from templates, and what stands in its place in a template that is read. */
export function readFromTemplates(value: IResolvable, otherwise: IResolvable): IResolvable {
  return Object.assign(value, { [OTHERWISE]: otherwise });
}

/** How strings with tokens in them are put together. */
const JOIN: ConstructorParameters<typeof DefaultTokenResolver>[0] = {
  join: (left: any, right: any) => {
    if (left === undefined || right === undefined) return left ?? right;
    const areTexts = typeof left === 'string' && typeof right === 'string';
    return areTexts ? left + right : { 'Fn::Join': ['', [left, right]] };
  },
};

class TemplateResolver extends DefaultTokenResolver {
  public readonly hidden = new Set<string>();

  constructor(private readonly stack: Stack) {
    super(JOIN);
  }

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: any): any {
    const target = Reference.isReference(token) ? token.target : undefined;
    if (!target || !CfnElement.isCfnElement(target) || target.stack === this.stack) {
      return super.resolveToken((token as any)[OTHERWISE] ?? token, context, postProcessor);
    }
    // From elsewhere: the template alone does not tell from what.
    if (isOwn(target)) return OWN_VALUE;
    const rendered = super.resolveToken(token, context, postProcessor);
    if (isHiddenElement(target, (token as Reference).displayName)) this.hidden.add(JSON.stringify(rendered));
    return rendered;
  }
}

function isHiddenElement(target: CfnElement, name: string): boolean {
  if (target instanceof CfnParameter) return target.noEcho;
  return CfnResource.isCfnResource(target) && isHidden(target.cfnResourceType, name);
}

/** Whether a property of a resource is made of what this resource or parameter gives. */
export function usesIt(user: CfnResource, property: string, given: CfnElement): boolean {
  class Uses extends DefaultTokenResolver {
    public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: any): any {
      if (Reference.isReference(token) && token.target === given) return OWN_VALUE;
      return super.resolveToken(token, context, postProcessor);
    }
  }
  const [rendered] = Object.values<any>(
    resolveIn(user.stack, (user as any)._toCloudFormation(), new Uses(JOIN)).Resources,
  );
  return JSON.stringify(rendered.Properties?.[property] ?? '').includes(OWN_VALUE);
}
