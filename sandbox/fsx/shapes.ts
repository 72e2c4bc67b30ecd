import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { AwsError } from '../endpoint';
import model from './model.json';

const exact = new Ajv({ allErrors: true, verbose: true });
exact.addSchema(model, 'fsx');
/**
 * For what comes from templates: numbers and booleans may be strings, and members that are inputs only are
 * left out.
 */
const lenient = new Ajv({ allErrors: true, verbose: true, coerceTypes: true, removeAdditional: true });
lenient.addSchema(model, 'fsx');

/** Refuse a request that breaks AWS's published model, in AWS's words. */
export function assertInput(operation: string, input: unknown): void {
  const errors = errorsOf(exact, `${operation}Request`, input);
  if (errors.length === 0) return;
  const alien = errors.find(({ keyword }) => keyword === 'type' || keyword === 'additionalProperties');
  if (alien) {
    // AWS ignores members that it does not know. Here they are refused: no caller sends one on purpose.
    const where = alien.instancePath || 'the request';
    throw new AwsError(
      'SerializationException',
      `${operation}: ${where} ${alien.message}: ${JSON.stringify(alien.params)}`,
    );
  }
  const count = `${errors.length} validation error${errors.length > 1 ? 's' : ''} detected`;
  throw new AwsError('ValidationException', `${count}: ${errors.map(violation).join('; ')}`);
}

/** An answer that AWS's model does not know is a defect of the sandbox. */
export function assertOutput(operation: string, output: unknown): void {
  const errors = errorsOf(exact, `${operation}Response`, output);
  if (errors.length > 0) {
    throw new Error(`the sandbox's answer to ${operation} breaks AWS's model: ${exact.errorsText(errors)}`);
  }
}

/** The part of CloudFormation properties that FSx shows in this shape. */
export function shown(shape: string, properties: unknown): any {
  const copy = structuredClone(properties ?? {});
  const errors = errorsOf(lenient, shape, copy);
  if (errors.length > 0) throw new AwsError('BadRequest', `${shape}: ${lenient.errorsText(errors)}`);
  return copy;
}

function errorsOf(ajv: Ajv, shape: string, value: unknown): ErrorObject[] {
  const validate = ajv.getSchema(`fsx#/definitions/${shape}`) as ValidateFunction;
  return validate(value) ? [] : validate.errors!;
}

function violation({ keyword, instancePath, params, schema, data }: ErrorObject): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .concat(keyword === 'required' ? params.missingProperty : []);
  const member = path
    .map((step) =>
      /^\d+$/.test(step) ? `${Number(step) + 1}.member` : step[0].toLowerCase() + step.slice(1),
    )
    .join('.');
  const value =
    keyword === 'required' ? 'null' : `'${typeof data === 'string' ? data : JSON.stringify(data)}'`;
  return (
    `Value ${value} at '${member}' failed to satisfy constraint: Member must ` +
    `${constraint(keyword, schema)}`
  );
}

function constraint(keyword: string, schema: any): string {
  switch (keyword) {
    case 'required':
      return 'not be null';
    case 'enum':
      return `satisfy enum value set: [${schema.join(', ')}]`;
    case 'pattern':
      return `satisfy regular expression pattern: ${schema}`;
    case 'minLength':
    case 'minItems':
      return `have length greater than or equal to ${schema}`;
    case 'maxLength':
    case 'maxItems':
      return `have length less than or equal to ${schema}`;
    case 'minimum':
      return `have value greater than or equal to ${schema}`;
    case 'maximum':
      return `have value less than or equal to ${schema}`;
    default:
      throw new Error(`the model uses ${keyword}, for which there is no wording`);
  }
}
