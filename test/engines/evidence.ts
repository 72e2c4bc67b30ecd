import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Divergence } from './divergences';
import { ENGINES } from './install';

export const EVIDENCE = join(ENGINES, 'evidence.jsonl');

/** What a test has seen, besides that it passed. */
export interface Evidence {
  /** its full name */
  test: string;
  counts?: Record<string, number>;
  divergence?: Divergence;
}

/**
 * How much of what a test has seen, for `docs/engines.md`. The same in every run, or the page would never be
 * up to date.
 */
export function evidence(counts: Record<string, number>): void {
  record({ counts });
}

export function record(seen: Omit<Evidence, 'test'>): void {
  mkdirSync(ENGINES, { recursive: true });
  appendFileSync(EVIDENCE, `${JSON.stringify({ test: expect.getState().currentTestName, ...seen })}\n`);
}
