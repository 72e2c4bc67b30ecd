import { type RenderedTemplate, templateOf } from './rendered-template';
import type { Use } from './template-functions';

/** A value, and the template that it is in. */
export interface Given {
  readonly template: RenderedTemplate;
  readonly value: unknown;
}

/**
 * What a use of a parameter, or of an output of a nested stack, stands for in the stack around, or in the
 * nested one. Undefined, if it stands for nothing else.
 */
export function givenFor(template: RenderedTemplate, { name, attribute }: Use): Given | undefined {
  return name in template.Parameters ? givenTo(template, name) : givenBy(template, name, attribute);
}

function givenTo({ stack }: RenderedTemplate, parameter: string): Given | undefined {
  const { nestedStackParent: parent, nestedStackResource: nested } = stack;
  if (!parent) return undefined;
  const template = templateOf(parent);
  const { Parameters = {} } = template.Resources[parent.resolve(nested!.logicalId)].Properties;
  return parameter in Parameters ? { template, value: Parameters[parameter] } : undefined;
}

function givenBy({ nested }: RenderedTemplate, name: string, attribute: string): Given | undefined {
  const stack = nested.get(name);
  const [, output] = /^Outputs\.(.*)$/.exec(attribute) ?? [];
  if (stack === undefined || output === undefined) return undefined;
  const template = templateOf(stack);
  return { template, value: template.Outputs[output]?.Value };
}
