/** The name of a class of the library, on its prototype: the same in each copy of the package. */
const CLASS = Symbol.for('cdk-fsx-backup.class');

/** On the prototypes of this copy alone. */
const COPY = Symbol('copy');

/** Let the objects of a class be recognized, whichever copy of the package has made them. */
export function recognizable(type: { readonly name: string; readonly prototype: object }): void {
  Object.defineProperties(type.prototype, { [CLASS]: { value: type.name }, [COPY]: { value: true } });
}

/**
 * Check that an option holds an object of the library, of this copy of it.
 *
 * @param what the option, for the text
 * @param example what to give instead
 * @throws if it is something else, or comes from another copy of the package
 */
export function checkClass(what: string, value: unknown, name: string, example: string): void {
  checkCopy(what, value, name);
  if (Object(value)[CLASS] !== name) throw new Error(`${what} is ${shown(value)}: give ${example}`);
}

/** @throws if an object of this class comes from another copy of the package */
export function checkCopy(what: string, value: unknown, name: string): void {
  const object = Object(value);
  if (object[CLASS] !== name || object[COPY]) return;
  throw new Error(
    `${what} comes from another copy of cdk-fsx-backup, and the two do not work together: install one ` +
      'version for the whole app (npm ls cdk-fsx-backup shows them)',
  );
}

/** A value in a text. */
export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  return Array.isArray(value) ? 'a list' : `an object (${value.constructor?.name ?? 'Object'})`;
}
