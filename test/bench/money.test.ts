import { price, PRICES } from '../../bench/money';

const look = { milliseconds: [50], logBytes: 600 };
const one = { memory: [0.25], transitions: { poll: 3, fixed: 2 }, look, schedule: () => 10 };

test('the price of a backup is that of its polls, and of what comes once', () => {
  const { lambdaGigabyteSecond, lambdaRequest, logsGigabyte, stepFunctionsTransition } = PRICES;
  const poll =
    0.1 * 0.25 * lambdaGigabyteSecond +
    lambdaRequest +
    (1000 / 1e9) * logsGigabyte +
    3 * stepFunctionsTransition;
  expect(price(20, one)).toBeCloseTo(3 * poll + 2 * PRICES.stepFunctionsTransition, 12);
});

test('a function that waits for another is paid for as long as both take', () => {
  const free = { transitions: { poll: 0, fixed: 0 }, schedule: () => 10 };
  const chain = price(10, { ...free, memory: [1, 1], look: { milliseconds: [0, 950], logBytes: 0 } });
  const inner = price(10, { ...free, memory: [1], look: { milliseconds: [950], logBytes: 0 } });
  expect((chain - 2 * inner) / (2 * 0.05 * PRICES.lambdaGigabyteSecond)).toBeCloseTo(1, 6);
});
