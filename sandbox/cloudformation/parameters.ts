import { invalid } from './intrinsics';

interface ParameterDefinition {
  Type: string;
  Default?: unknown;
  AllowedValues?: unknown[];
  AllowedPattern?: string;
}

const SSM_TYPE = /^AWS::SSM::Parameter::Value<(.+)>$/;
const LIST_TYPE = /^(List<.+>|CommaDelimitedList)$/;

/** The values of a template's parameters as texts: what is given, or the default. */
export function parameterTexts(
  definitions: Record<string, ParameterDefinition>,
  given: Record<string, string>,
): Record<string, string> {
  const unknown = Object.keys(given).filter((name) => !(name in definitions));
  if (unknown.length > 0) throw invalid(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  const missing = Object.keys(definitions).filter(
    (name) => given[name] === undefined && definitions[name].Default === undefined,
  );
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(', ')}] must have values`);
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => {
      const value = String(given[name] ?? definition.Default);
      check(name, value, definition);
      return [name, value];
    }),
  );
}

/** What functions see of them: texts, and lists for the list types. */
export function parameterValues(
  definitions: Record<string, ParameterDefinition>,
  texts: Record<string, string>,
  ssm: ReadonlyMap<string, string>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, { Type }]) => [name, valueOf(name, texts[name], Type, ssm)]),
  );
}

/** What `cdk deploy` gives: of what is not said, the stack's present value rather than a new default. */
export function withPrevious(
  { Parameters: definitions = {} }: { Parameters?: Record<string, unknown> },
  given: Record<string, string> = {},
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const kept = Object.entries(previous).filter(([name]) => name in definitions);
  return { ...Object.fromEntries(kept), ...given };
}

function check(name: string, value: string, { AllowedValues, AllowedPattern }: ParameterDefinition): void {
  if (AllowedValues && !AllowedValues.map(String).includes(value)) {
    throw invalid(`Parameter '${name}' must be one of AllowedValues`);
  }
  if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) {
    throw invalid(`Parameter '${name}' must match pattern ${AllowedPattern}`);
  }
}

function valueOf(
  name: string,
  value: string,
  type: string,
  ssm: ReadonlyMap<string, string>,
): string | string[] {
  const stored = SSM_TYPE.exec(type)?.[1];
  if (stored === undefined) return LIST_TYPE.test(type) ? split(value) : value;
  const found = ssm.get(value);
  if (found === undefined) {
    throw invalid(
      `Unable to fetch parameters [${value}] from parameter store for this account (parameter ${name})`,
    );
  }
  return LIST_TYPE.test(stored) ? split(found) : found;
}

function split(value: string): string[] {
  return value === '' ? [] : value.split(',').map((item) => item.trim());
}
