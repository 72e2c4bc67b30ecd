import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { check, type Plan, type Result, type Tally, tally } from './runner';

/*
 * Random apps, random sequences of deployments, and everything that can come between; and what must hold
 * nevertheless.
 *
 *   npm run properties -- --runs 10000
 *   npm run properties -- --minutes 5
 *   npm run properties -- --seed 42 --path 17:3:0      the run that failed, once more
 *   npm run properties -- --tally --runs 2000          counts the runs that violate each invariant
 *
 * Runs come in batches, each in a process of its own, since CDK keeps all that was ever synthesized in
 * memory. The seed of a batch is the seed of the whole and its number.
 */

const USAGE =
  'usage: npm run properties -- [--runs N | --minutes M] [--seed N [--path P]] [--workers N] [--tally]';
const SEEDS = 2 ** 31;
const BATCH = 200;

type Wanted = Plan & { readonly workers: number; readonly isTally: boolean };

async function main(wanted: Wanted): Promise<number> {
  const { seed, workers, runs, minutes, isTally } = wanted;
  const length = runs === undefined ? `${minutes} minutes` : `${runs} run${runs > 1 ? 's' : ''}`;
  console.log(`seed ${seed}, ${workers} worker${workers > 1 ? 's' : ''}, ${length}`);
  return isTally ? count(wanted) : search(wanted);
}

/** Until a run violates an invariant. */
async function search(wanted: Wanted): Promise<number> {
  const { seed, workers } = wanted;
  const batches = batchesOf(wanted);
  const running = new Set<ChildProcess>();
  let done = 0;
  let violations = 0;
  const seconds = stopwatch();
  const work = async () => {
    for (let batch = batches.next(); !batch.done && violations === 0; batch = batches.next()) {
      const result = await carryOut<Result>({ plan: batch.value }, running);
      done += result?.runs ?? 0;
      if (result?.failure === undefined) {
        console.log(`${done} runs in ${seconds()} s`);
        continue;
      }
      violations++;
      const again = optionsOf({ seed: batch.value.seed, path: result.path });
      console.log(`\n${result.failure}\n\nOnce more: npm run properties -- ${again}\n`);
      for (const other of running) other.kill();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const outcome = violations === 0 ? 'no violation' : 'a violation';
  console.log(`seed ${seed}: ${done} runs in ${seconds()} s, ${outcome}`);
  return violations === 0 ? 0 : 1;
}

/** All of the runs. */
async function count(wanted: Wanted): Promise<number> {
  const batches = batchesOf(wanted);
  const running = new Set<ChildProcess>();
  const tallies: Tally[] = [];
  const seconds = stopwatch();
  const work = async () => {
    for (const plan of batches) {
      tallies.push((await carryOut<Tally>({ plan, isTally: true }, running))!);
      console.log(`${sum(tallies.map(({ runs }) => runs))} runs in ${seconds()} s`);
    }
  };
  await Promise.all(Array.from({ length: wanted.workers }, work));
  const names = [...new Set(tallies.flatMap(({ invariants }) => Object.keys(invariants)))].sort();
  const rows = names.map((name) => {
    const found = tallies.flatMap(({ invariants }) => invariants[name] ?? []);
    const runs = String(sum(found.map((one) => one.runs))).padStart(5);
    return `${runs}  ${name}   ${optionsOf(found[0])}`;
  });
  console.log(['', 'runs that violate each invariant, and the first of them:', ...rows].join('\n'));
  const violating = sum(tallies.map((one) => one.violating));
  console.log(`\n${violating} of ${sum(tallies.map(({ runs }) => runs))} runs violate an invariant`);
  return 0;
}

/** The options that repeat one run. */
function optionsOf({ seed, path }: { readonly seed: number; readonly path?: string }): string {
  return `--seed ${seed} --path ${path}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function stopwatch(): () => number {
  const started = Date.now();
  return () => Math.round((Date.now() - started) / 1000);
}

function* batchesOf({ seed, path, runs, minutes }: Wanted): Generator<Plan> {
  const end = minutes === undefined ? Infinity : Date.now() + minutes * 60_000;
  for (let nth = 0; nth * BATCH < (runs ?? Infinity); nth++) {
    const left = (end - Date.now()) / 60_000;
    if (left <= 0) return;
    const size = Math.min(BATCH, (runs ?? Infinity) - nth * BATCH);
    yield {
      seed: (seed + nth) % SEEDS,
      path,
      runs: size,
      ...(minutes !== undefined && { minutes: left }),
    };
  }
}

interface Order {
  readonly plan: Plan;
  readonly isTally?: boolean;
}

/** Resolves to nothing where the process was stopped. */
function carryOut<T>(order: Order, running: Set<ChildProcess>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let result: T | undefined;
    const child = fork(__filename, [JSON.stringify(order)], {
      env: { ...process.env, PROPERTY_WORKER: 'yes' },
    });
    running.add(child);
    child.on('message', (message: T) => {
      result = message;
    });
    child.on('exit', (code, signal) => {
      running.delete(child);
      if (result || child.killed) {
        resolve(result);
      } else {
        reject(
          new Error(`the process of seed ${order.plan.seed} was ended by ${signal ?? `exit code ${code}`}`),
        );
      }
    });
  });
}

function wantedIn(args: string[]): Wanted {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      runs: option,
      minutes: option,
      seed: option,
      path: option,
      workers: option,
      tally: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'runs' | 'minutes' | 'seed' | 'workers') => {
    const value = values[name] === undefined ? undefined : Number(values[name]);
    const isValid =
      value === undefined ||
      (name === 'minutes' ? value > 0 : Number.isInteger(value) && value >= (name === 'seed' ? 0 : 1));
    if (!isValid) {
      throw new Error(
        `--${name} is ${values[name]}: it must be a ${name === 'minutes' ? '' : 'whole '}number`,
      );
    }
    return value;
  };
  const seed = number('seed') ?? Math.floor(Math.random() * SEEDS);
  const minutes = number('minutes');
  const runs = number('runs') ?? (minutes === undefined ? 1000 : undefined);
  if (values.path !== undefined) {
    return { seed, path: values.path, runs: 1, workers: 1, isTally: false };
  }
  if (values.tally && runs === undefined) throw new Error('--tally takes --runs');
  const workers = number('workers') ?? availableParallelism();
  return { seed, runs, minutes, workers, isTally: values.tally };
}

if (process.env.PROPERTY_WORKER) {
  const { plan, isTally }: Order = JSON.parse(process.argv[2]);
  void (isTally ? tally(plan) : check(plan)).then((result) => process.send!(result, () => process.exit()));
} else {
  const run = async () => main(wantedIn(process.argv.slice(2)));
  run().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      console.error(`${error.message}\n${USAGE}`);
      process.exitCode = 2;
    },
  );
}
