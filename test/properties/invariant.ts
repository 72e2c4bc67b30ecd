import { type Facts, factsOf, type History } from './history';

/** What is wrong with a history. */
export interface Violation {
  readonly invariant: string;
  /** of the entry at which it shows */
  readonly index: number;
  readonly what: string;
}

export type Finding = Omit<Violation, 'invariant'>;
export type Invariant = (facts: Facts) => Finding[];
export type Invariants = Readonly<Record<string, Invariant>>;

export function violationsOf(invariants: Invariants, history: History): Violation[] {
  const facts = factsOf(history);
  return Object.entries(invariants).flatMap(([invariant, check]) =>
    check(facts).map((finding) => ({ invariant, ...finding })),
  );
}
