import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { record } from './evidence';

/** A test of the sandbox that has what an engine does not do: its file's name, and how its title begins. */
export type Cover = readonly [file: string, title: string];

/** The path of the file of a test of the sandbox. */
export const fileOf = ([name]: Cover) => `sandbox/test/${name}.test.ts`;

export interface Divergence {
  engine: string;
  what: string;
  coveredBy: Cover;
}

/**
 * A test that shows where an engine does not do what AWS documents. It fails when the engine has learnt it,
 * or when nothing else covers it.
 */
export function differs(
  engine: string,
  what: string,
  coveredBy: Cover,
  seen: () => Promise<void> | void,
): void {
  test(`${engine} differs: ${what}`, async () => {
    await seen();
    const text = readFileSync(resolve(__dirname, '../..', fileOf(coveredBy)), 'utf8');
    expect(text).toContain(coveredBy[1]);
    record({ divergence: { engine, what, coveredBy } });
  });
}
