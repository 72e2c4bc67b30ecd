import { type Section } from './goals';
import type { Look } from './handler';
import { time } from './page';
import { type Schedule, SCHEDULES, wait } from './polls';
import { table } from '../test/engines/markdown';

/** List prices in us-east-1, in dollars. */
export const PRICES = {
  lambdaRequest: 0.2 / 1e6,
  lambdaGigabyteSecond: 0.0000166667, // x86
  stepFunctionsTransition: 0.025 / 1000, // Standard; a retry is one too
  logsGigabyte: 0.5, // ingested
};
const SOURCES =
  'aws.amazon.com/lambda/pricing, aws.amazon.com/step-functions/pricing, aws.amazon.com/cloudwatch/pricing';
const AS_OF = 'November 2026';

/** START, END and REPORT of an invocation, about. */
const REPORT_BYTES = 400;
/** What the network between a function and AWS adds to a call, about, in seconds. */
const CALL_SECONDS = 0.05;

export interface Design {
  /** gigabytes of each function that one poll keeps running */
  readonly memory: number[];
  /** states entered for each poll, and besides */
  readonly transitions: { readonly poll: number; readonly fixed: number };
  readonly look: Look;
  readonly schedule: Schedule;
}

/** Dollars for one backup. */
export function price(seconds: number, { memory, transitions, look, schedule }: Design): number {
  const { polls } = wait(seconds, schedule);
  // Where one function waits for the other, it is paid for as long.
  const running = look.milliseconds.map((_, nth) =>
    look.milliseconds.slice(nth).reduce((sum, own) => sum + own / 1000 + CALL_SECONDS, 0),
  );
  const compute =
    running.reduce((sum, duration, nth) => sum + duration * memory[nth], 0) * PRICES.lambdaGigabyteSecond;
  const invocations = memory.length * PRICES.lambdaRequest;
  const logs = ((look.logBytes + memory.length * REPORT_BYTES) / 1e9) * PRICES.logsGigabyte;
  const { stepFunctionsTransition } = PRICES;
  return (
    polls * (compute + invocations + logs + transitions.poll * stepFunctionsTransition) +
    transitions.fixed * stepFunctionsTransition
  );
}

/** What a backup costs besides what FSx takes for it. */
export function measureMoney(looks: Record<string, Look>): Section {
  const framework = {
    memory: [0.125, 0.125],
    transitions: { poll: 1, fixed: 1 },
    look: looks['Provider framework'],
  };
  const designs: Record<string, Design> = {
    'cdk-fsx-backup': {
      memory: [0.25],
      transitions: { poll: 3, fixed: 3 },
      look: looks['cdk-fsx-backup'],
      schedule: SCHEDULES['cdk-fsx-backup'],
    },
    'Provider framework, every 5 s': { ...framework, schedule: SCHEDULES['every 5 s'] },
    'Provider framework, every 30 s': { ...framework, schedule: SCHEDULES['every 30 s'] },
    'our handler, every 5 s': {
      memory: [0.25],
      transitions: { poll: 3, fixed: 3 },
      look: looks['cdk-fsx-backup'],
      schedule: SCHEDULES['every 5 s'],
    },
  };
  const durations = [60, 600, 3600, 12 * 3600];
  const cents = (value: number) => `${(value * 100).toFixed(value < 0.01 ? 3 : 2)} ¢`;
  return {
    title: 'Money',
    goals: [],
    blocks: [
      'What one backup costs in Lambda, Step Functions and logs, besides what FSx takes for it:',
      '`polls × (functions × request + Σ memory × duration × GB-second + log bytes × GB + transitions × ' +
        'transition) + fixed transitions × transition`',
      `List prices of us-east-1, written down in ${AS_OF} from ${SOURCES}, without free tiers: ` +
        `$${(PRICES.lambdaRequest * 1e6).toFixed(2)} for a million requests, ` +
        `$${PRICES.lambdaGigabyteSecond} for a GB-second, ` +
        `$${(PRICES.stepFunctionsTransition * 1000).toFixed(3)} for a thousand transitions, ` +
        `$${PRICES.logsGigabyte.toFixed(2)} for a GB of logs. Durations and log bytes are those of a warm ` +
        `look in this run, with ${CALL_SECONDS * 1000} ms for the network and ${REPORT_BYTES} bytes for ` +
        "Lambda's own lines. Ours has 256 MB and goes through three states for a look; the framework has " +
        'two functions of 128 MB, of which one waits for the other, and a retry, which is a transition too.',
      table(
        ['backup of', ...Object.keys(designs)],
        durations.map((seconds) => [
          time(seconds),
          ...Object.entries(designs).map(([name, design]) => {
            return name.startsWith('Provider') && seconds > 3600
              ? '– (has one hour)'
              : cents(price(seconds, design));
          }),
        ]),
      ),
    ],
  };
}
