/* How templates of CloudFormation refer to what is in them. */

/** A use of a parameter or resource: its attribute, or `Ref`. */
export interface Use {
  readonly name: string;
  readonly attribute: string;
}

/** The function that a value of a template is, if it is one. */
export function functionIn(value: object): readonly [name: string, argument: any] | undefined {
  const [entry, ...others] = Object.entries(value);
  const isFunction = others.length === 0 && /^(Ref$|Fn::)/.test(entry?.[0] ?? '');
  return isFunction && !Array.isArray(value) ? entry : undefined;
}

/** What a function uses by itself; its argument may hold other functions. */
export function usesOf([name, argument]: readonly [name: string, argument: any]): Use[] {
  if (name === 'Ref') return [{ name: argument, attribute: 'Ref' }];
  if (name === 'Fn::GetAtt') return [getAtt(argument)];
  if (name !== 'Fn::Sub') return [];
  const [text, variables = {}] = [argument].flat();
  const names = [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, use]) => use.trim());
  return names
    .filter((use) => !(use in variables))
    .map((use) => (use.includes('.') ? getAtt(use) : { name: use, attribute: 'Ref' }));
}

function getAtt(argument: string | readonly [string, unknown]): Use {
  const [name, ...attribute] = typeof argument === 'string' ? argument.split('.') : argument;
  // a name that is itself computed is no name of an attribute
  return { name, attribute: attribute.every((part) => typeof part === 'string') ? attribute.join('.') : '' };
}

/** The function that a use is. */
export function functionOf({ name, attribute }: Use): object {
  return attribute === 'Ref' ? { Ref: name } : { 'Fn::GetAtt': [name, attribute] };
}

/** All uses in a part of a template. */
export function usesIn(value: unknown): Use[] {
  if (value === null || typeof value !== 'object') return [];
  const call = functionIn(value);
  return [...(call ? usesOf(call) : []), ...Object.values(value).flatMap(usesIn)];
}
