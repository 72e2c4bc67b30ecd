import { InvalidRequest } from './errors';

/** The logical id of a resource. */
export const LOGICAL_ID = /^[A-Za-z0-9]{1,255}$/;

/** The physical id of a resource. */
export const PHYSICAL_ID = /^[ -~]{1,1024}$/;

/** What a person sees of a value that is refused. */
export function show(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')).slice(0, 80);
}

/** @throws InvalidRequest unless it holds */
export function check(holds: boolean, problem: string, remedy?: string): asserts holds {
  if (!holds) throw new InvalidRequest(problem, remedy);
}

export function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

/** CloudFormation makes strings of numbers, and so do templates. */
export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  const number = isText(value, /^\d{1,16}$/) ? Number(value) : value;
  const fits = typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most;
  check(fits, `${name} is "${show(value)}"; it must be a whole number from ${least} to ${most}`);
  return number;
}

export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  check(allowed.includes(value as T), `${name} is "${show(value)}"; it must be ${allowed.join(' or ')}`);
  return value as T;
}
