import fc from 'fast-check';
import type { History } from './history';
import { type Violation, violationsOf } from './invariant';
import { INVARIANTS } from './invariants';
import type { Run } from './model';
import { describeRun, describeViolations } from './report';
import { runs } from './runs';
import { carryOut } from './world';
import { Sandbox, VacantProcesses } from '../../sandbox';

/** What piles up in a sandbox makes it a lived-in account, and slow in the end. */
const RUNS_PER_SANDBOX = 15;
/** Backups of others in the account: more than a page. */
const CROWD = 60;
/** Attempts to find a simpler run that fails as well. */
const LONGEST_SHRINKING = 300;
/** Real time after which a run counts as hanging. */
const PATIENCE = 120_000;

export interface Plan {
  readonly seed: number;
  /** of the run to repeat, with its shrinking */
  readonly path?: string;
  readonly runs?: number;
  readonly minutes?: number;
}

export interface Result {
  /** how many were carried out, without those of shrinking */
  readonly runs: number;
  /** what failed, as text; undefined if nothing did */
  readonly failure?: string;
  /** where to find it again */
  readonly path?: string;
}

/** Of runs that were all carried out, how many violated which invariant. */
export interface Tally {
  readonly runs: number;
  /** runs with a violation */
  readonly violating: number;
  /** by invariant; a run that could not be carried out counts as `FAILED` */
  readonly invariants: Readonly<
    Record<string, { readonly runs: number; readonly seed: number; readonly path: string }>
  >;
}

function judgeRun(history: History): Violation[] {
  return violationsOf(INVARIANTS, history);
}

/** Carry out random runs until one violates an invariant, or enough is enough. */
export async function check(
  { seed, path, runs: count, minutes }: Plan,
  judge: (history: History) => Violation[] = judgeRun,
): Promise<Result> {
  const stage = new Stage(judge);
  let done = 0;
  let attempts = 0;
  let failure: string | undefined;
  const property = fc.asyncProperty(runs, async (run) => {
    if (failure !== undefined && ++attempts > LONGEST_SHRINKING) return;
    const found = await stage.failureOf(run);
    if (failure === undefined) done++;
    if (found === undefined) return;
    failure = found.text;
    throw new Error('violated');
  });
  try {
    const details = await fc.check(property, {
      seed,
      path,
      numRuns: count ?? Number.MAX_SAFE_INTEGER,
      endOnFailure: path !== undefined, // it is simple already, or wanted as it is
      ...(minutes !== undefined && {
        interruptAfterTimeLimit: minutes * 60_000,
        markInterruptAsFailure: false,
      }),
    });
    return { runs: done, failure, path: details.counterexamplePath ?? undefined };
  } finally {
    await stage.close();
  }
}

/** Carry out all of these runs, and count which invariants they violate. */
export async function tally({ seed, runs: count = 0 }: Plan): Promise<Tally> {
  const stage = new Stage(judgeRun);
  const invariants: Record<string, { runs: number; seed: number; path: string }> = {};
  let violating = 0;
  try {
    for (const [nth, run] of fc.sample(runs, { seed, numRuns: count }).entries()) {
      const found = await stage.failureOf(run);
      if (found) violating++;
      for (const invariant of found?.violated ?? []) {
        invariants[invariant] ??= { runs: 0, seed, path: String(nth) };
        invariants[invariant].runs++;
      }
    }
    return { runs: count, violating, invariants };
  } finally {
    await stage.close();
  }
}

/** What was wrong with a run. */
interface Failure {
  readonly violated: readonly string[];
  readonly text: string;
}

/**
 * The sandbox that runs are carried out in, one after the other. A run that failed gets the next one a new
 * sandbox.
 */
class Stage {
  private readonly processes = new VacantProcesses();
  private sandbox?: Sandbox;
  private carried = 0;

  constructor(private readonly judge: (history: History) => Violation[]) {}

  async failureOf(run: Run): Promise<Failure | undefined> {
    if (!this.sandbox || this.carried % RUNS_PER_SANDBOX === 0) await this.renew();
    const stack = `Run${++this.carried}`;
    let history: History;
    try {
      history = await inTime(carryOut(run, this.sandbox!, stack));
    } catch (error) {
      await this.renew();
      return { violated: ['FAILED'], text: `${describeRun(run)}\n\nFAILED: ${(error as Error).stack}` };
    }
    const violations = this.judge(history);
    if (violations.length === 0) return undefined;
    await this.renew();
    return {
      violated: [...new Set(violations.map(({ invariant }) => invariant))],
      text: `${describeRun(run)}\n\n${describeViolations(history, violations)}`,
    };
  }

  async close(): Promise<void> {
    await this.closeSandbox();
    await this.processes.close();
  }

  private async closeSandbox(): Promise<void> {
    await this.sandbox?.close();
    this.sandbox = undefined;
  }

  private async renew(): Promise<void> {
    await this.closeSandbox();
    this.sandbox = await Sandbox.start({ processes: this.processes });
    this.sandbox.fsx.crowd(CROWD);
    this.carried = 0;
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the run was not over after ${PATIENCE / 1000} s of real time`)),
      PATIENCE,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
