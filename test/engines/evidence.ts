import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES } from './install';

export const EVIDENCE = join(ENGINES, 'evidence.jsonl');

/** How much of what a test has seen, for `docs/engines.md`. The same in every run, or the page would never be up to date. */
export function evidence(counts: Record<string, number>): void {
  const { currentTestName: test, testPath } = expect.getState();
  mkdirSync(ENGINES, { recursive: true });
  appendFileSync(EVIDENCE, `${JSON.stringify({ test, testPath, counts })}\n`);
}
