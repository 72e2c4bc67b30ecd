import { factsOf, type History } from './history';
import type { Invariants } from './invariant';
import { Tale } from './tale';

type Tell = (tale: Tale) => Tale;

/** What the tests of an invariant say. */
export interface Telling {
  allows(what: string, tell: Tell, more?: Partial<History>): void;
  finds(what: string, tell: Tell, text: RegExp, more?: Partial<History>): void;
}

/** Tests of invariants: what each allows, and that it can be violated. `tested` names those with tests. */
export function testsOf(invariants: Invariants) {
  const tested = new Set<string>();
  const findings = (name: string, tale: Tale, more: Partial<History> = {}) =>
    invariants[name](factsOf(tale.history(more))).map(({ what }) => what);
  const about = (name: string, tests: (telling: Telling) => void): void => {
    tested.add(name);
    describe(name, () =>
      tests({
        allows: (what, tell, more) =>
          test(`allows ${what}`, () => expect(findings(name, tell(new Tale()), more)).toEqual([])),
        finds: (what, tell, text, more) =>
          test(`finds ${what}`, () =>
            expect(findings(name, tell(new Tale()), more)).toEqual([expect.stringMatching(text)])),
      }),
    );
  };
  return { about, tested };
}
