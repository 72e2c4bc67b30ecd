/** Where an engine is known not to do what AWS documents. Each has a test of the sandbox, which does. */
export interface Divergence {
  /** title of the part */
  part: string;
  engine: string;
  what: string;
  coveredBy: { file: string; test: string };
}

export const DIVERGENCES: Divergence[] = [];
