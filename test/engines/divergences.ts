import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { record } from './evidence';

/** A test that has what an engine does not do: its file, and how its title begins. */
export type Cover = readonly [file: string, title: string];

/** A test of the sandbox. */
export function inSandbox(name: string, title: string): Cover {
  return [`sandbox/test/${name}.test.ts`, title];
}

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
    const [file, title] = coveredBy;
    expect(readFileSync(resolve(__dirname, '../..', file), 'utf8')).toContain(title);
    record({ divergence: { engine, what, coveredBy } });
  });
}
