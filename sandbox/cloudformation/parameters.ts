import { invalid } from './intrinsics';

interface ParameterDefinition {
  Type: string;
  Default?: unknown;
  AllowedValues?: unknown[];
  AllowedPattern?: string;
}

const SSM_TYPE = /^AWS::SSM::Parameter::Value<(.+)>$/;
const LIST_TYPE = /^(List<.+>|CommaDelimitedList)$/;

/** The values of a template's parameters: strings, and lists for the list types. */
export function parameterValues(
  definitions: Record<string, ParameterDefinition>,
  given: Record<string, string>,
  ssm: ReadonlyMap<string, string>,
): Record<string, string | string[]> {
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
      return [name, valueOf(name, value, definition.Type, ssm)];
    }),
  );
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
