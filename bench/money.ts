import { type Section } from './goals';
import type { Poll } from './handler';
import { time } from './page';
import { chain, FIXED, wait, type Waited } from './polls';
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
  /** states entered for each poll, and besides for each execution */
  readonly transitions: { readonly poll: number; readonly execution: number };
  readonly poll: Poll;
}

/** Dollars for one backup. A request of CloudFormation is an execution, and an invocation like a poll. */
export function price({ polls, requests }: Waited, { memory, transitions, poll }: Design): number {
  // Where one function waits for the other, it is paid for as long.
  const running = poll.milliseconds.map((_, nth) =>
    poll.milliseconds.slice(nth).reduce((sum, own) => sum + own / 1000 + CALL_SECONDS, 0),
  );
  const compute =
    running.reduce((sum, duration, nth) => sum + duration * memory[nth], 0) * PRICES.lambdaGigabyteSecond;
  const invocations = memory.length * PRICES.lambdaRequest;
  const logs = ((poll.logBytes + memory.length * REPORT_BYTES) / 1e9) * PRICES.logsGigabyte;
  const { stepFunctionsTransition } = PRICES;
  return (
    (polls + requests) * (compute + invocations + logs) +
    (polls * transitions.poll + requests * transitions.execution) * stepFunctionsTransition
  );
}

/** What a backup costs besides what FSx takes for it. */
export function measureMoney(polls: Record<string, Poll>): Section {
  const own = {
    memory: [0.25],
    transitions: { poll: 3, execution: 1 },
    poll: polls['cdk-fsx-backup'],
  };
  const framework = {
    memory: [0.125, 0.125],
    transitions: { poll: 1, execution: 1 },
    poll: polls['Provider framework'],
  };
  const every = (name: string) => (seconds: number) => wait(seconds, FIXED[name]);
  const ways: Record<string, { design: Design; waitFor: (seconds: number) => Waited }> = {
    'cdk-fsx-backup': { design: own, waitFor: (seconds) => chain(seconds, seconds) },
    'Provider framework, every 5 s': { design: framework, waitFor: every('every 5 s') },
    'Provider framework, every 30 s': { design: framework, waitFor: every('every 30 s') },
    'our handler, every 5 s': {
      design: own,
      waitFor: (seconds) => chain(seconds, seconds, FIXED['every 5 s']),
    },
    'cdk-fsx-backup, timeout of 12 h': { design: own, waitFor: (seconds) => chain(seconds, 12 * 3600) },
  };
  const durations = [60, 600, 3600, 12 * 3600];
  const cents = (value: number) => `${(value * 100).toFixed(value < 0.01 ? 3 : 2)} ¢`;
  return {
    title: 'Money',
    goals: [],
    blocks: [
      'What one backup costs in Lambda, Step Functions and logs, besides what FSx takes for it:',
      '`(polls + requests) × (functions × request + Σ memory × duration × GB-second + log bytes × GB) + ' +
        '(polls × transitions of a poll + requests × transitions of an execution) × transition`',
      `List prices of us-east-1, written down in ${AS_OF} from ${SOURCES}, without free tiers: ` +
        `$${(PRICES.lambdaRequest * 1e6).toFixed(2)} for a million requests, ` +
        `$${PRICES.lambdaGigabyteSecond} for a GB-second, ` +
        `$${(PRICES.stepFunctionsTransition * 1000).toFixed(3)} for a thousand transitions, ` +
        `$${PRICES.logsGigabyte.toFixed(2)} for a GB of logs. Durations and log bytes are those of a warm ` +
        `poll in this run, with ${CALL_SECONDS * 1000} ms for the network and ${REPORT_BYTES} bytes for ` +
        "Lambda's own lines. Ours has 256 MB and goes through three states for a poll, and one more for an " +
        'execution; the framework has two functions of 128 MB, of which one waits for the other, and a ' +
        'retry, which is a transition too. Above 55 minutes, ours has a continuation for each 55 minutes ' +
        'of its timeout: a request, an execution and at least one poll more, however short the backup is. ' +
        'The last column shows that.',
      table(
        ['backup of', ...Object.keys(ways)],
        durations.map((seconds) => [
          time(seconds),
          ...Object.entries(ways).map(([name, { design, waitFor }]) => {
            return name.startsWith('Provider') && seconds > 3600
              ? '– (has one hour)'
              : cents(price(waitFor(seconds), design));
          }),
        ]),
      ),
    ],
  };
}
