import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { check, type Plan, type Result } from './runner';

/*
 * Random apps, random sequences of deployments, and everything that can come between; and what must hold
 * nevertheless.
 *
 *   npm run properties -- --runs 10000
 *   npm run properties -- --minutes 5
 *   npm run properties -- --seed 42 --path 17:3:0      the run that failed, once more
 *
 * Runs come in batches, each in a process of its own, since CDK keeps all that was ever synthesized in
 * memory. The seed of a batch is the seed of the whole and its number.
 */

const USAGE = 'usage: npm run properties -- [--runs N | --minutes M] [--seed N [--path P]] [--workers N]';
const SEEDS = 2 ** 31;
const BATCH = 200;

type Wanted = Plan & { readonly workers: number };

async function main(wanted: Wanted): Promise<number> {
  const { seed, workers, runs, minutes } = wanted;
  console.log(
    `seed ${seed}, ${workers} worker${workers > 1 ? 's' : ''}, ` +
      `${runs === undefined ? `${minutes} minutes` : `${runs} run${runs > 1 ? 's' : ''}`}`,
  );
  const batches = batchesOf(wanted);
  const running = new Set<ChildProcess>();
  let done = 0;
  let violations = 0;
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const work = async () => {
    for (let batch = batches.next(); !batch.done && violations === 0; batch = batches.next()) {
      const result = await carryOut(batch.value, running);
      done += result?.runs ?? 0;
      if (result?.failure === undefined) {
        console.log(`${done} runs in ${seconds()} s`);
        continue;
      }
      violations++;
      console.log(
        `\n${result.failure}\n\nOnce more: npm run properties -- --seed ${batch.value.seed} --path ` +
          `${result.path}\n`,
      );
      for (const other of running) other.kill();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  console.log(
    `seed ${seed}: ${done} runs in ${seconds()} s, ${violations === 0 ? 'no violation' : 'a violation'}`,
  );
  return violations === 0 ? 0 : 1;
}

function* batchesOf({ seed, path, runs, minutes }: Wanted): Generator<Plan> {
  const end = minutes === undefined ? Infinity : Date.now() + minutes * 60_000;
  for (let nth = 0; nth * BATCH < (runs ?? Infinity); nth++) {
    const left = (end - Date.now()) / 60_000;
    if (left <= 0) return;
    const size = Math.min(BATCH, (runs ?? Infinity) - nth * BATCH);
    yield { seed: (seed + nth) % SEEDS, path, runs: size, ...(minutes !== undefined && { minutes: left }) };
  }
}

/** Resolves to nothing where the process was stopped. */
function carryOut(plan: Plan, running: Set<ChildProcess>): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    let result: Result | undefined;
    const child = fork(__filename, [JSON.stringify(plan)], {
      env: { ...process.env, PROPERTY_WORKER: 'yes' },
    });
    running.add(child);
    child.on('message', (message: Result) => {
      result = message;
    });
    child.on('exit', (code, signal) => {
      running.delete(child);
      if (result || child.killed) {
        resolve(result);
      } else {
        reject(new Error(`the process of seed ${plan.seed} was ended by ${signal ?? `exit code ${code}`}`));
      }
    });
  });
}

function wantedIn(args: string[]): Wanted {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { runs: option, minutes: option, seed: option, path: option, workers: option },
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
  if (values.path !== undefined) return { seed, path: values.path, runs: 1, workers: 1 };
  return { seed, runs, minutes, workers: number('workers') ?? availableParallelism() };
}

if (process.env.PROPERTY_WORKER) {
  void check(JSON.parse(process.argv[2])).then((result) => process.send!(result, () => process.exit()));
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
