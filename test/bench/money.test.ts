import { price, PRICES } from '../../bench/money';

const poll = { milliseconds: [50], logBytes: 600 };
const design = { memory: [0.25], transitions: { poll: 3, execution: 2 }, poll };
const { lambdaGigabyteSecond, lambdaRequest, logsGigabyte, stepFunctionsTransition } = PRICES;

test('the price of a backup is that of its polls, and of the requests that begin them', () => {
  const invocation = 0.1 * 0.25 * lambdaGigabyteSecond + lambdaRequest + (1000 / 1e9) * logsGigabyte;
  expect(price({ polls: 3, requests: 1, lag: 0 }, design)).toBeCloseTo(
    4 * invocation + (3 * 3 + 2) * stepFunctionsTransition,
    12,
  );
});

test('a continuation costs a request and an execution more', () => {
  const [one, two] = [1, 2].map((requests) => price({ polls: 3, requests, lag: 0 }, design));
  const invocation = 0.1 * 0.25 * lambdaGigabyteSecond + lambdaRequest + (1000 / 1e9) * logsGigabyte;
  expect(two - one).toBeCloseTo(invocation + 2 * stepFunctionsTransition, 12);
});

test('a function that waits for another is paid for as long as both take', () => {
  const free = { transitions: { poll: 0, execution: 0 } };
  const waited = { polls: 1, requests: 1, lag: 0 };
  const chain = price(waited, { ...free, memory: [1, 1], poll: { milliseconds: [0, 950], logBytes: 0 } });
  const inner = price(waited, { ...free, memory: [1], poll: { milliseconds: [950], logBytes: 0 } });
  expect((chain - 2 * inner) / (2 * 0.05 * lambdaGigabyteSecond)).toBeCloseTo(1, 6);
});
