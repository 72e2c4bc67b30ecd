import { secondsToNextAttempt, secondsToNextPoll } from '../../lambda/schedule';

/** How many polls a wait of this length costs, the first one at its beginning included. */
function pollsIn(seconds: number): number {
  let count = 1;
  for (let elapsed = 0; elapsed < seconds; count++) elapsed += secondsToNextPoll(elapsed);
  return count;
}

test('an hour costs at most 90 polls', () => {
  expect(pollsIn(3600)).toBeLessThanOrEqual(90);
  expect(pollsIn(3600)).toBeGreaterThan(60);
});

test('twelve hours cost at most 330 polls', () => {
  expect(pollsIn(12 * 3600)).toBeLessThanOrEqual(330);
});

test.each([
  [0, 5],
  [10, 5],
  [50, 5],
  [51, 5],
  [60, 6],
  [69, 6],
  [300, 30],
  [600, 60],
  [601, 60],
  [6000, 60],
  [6099, 60],
  [6100, 61],
  [43_200, 432],
])('after %i s the next poll comes %i s later', (elapsed, seconds) => {
  expect(secondsToNextPoll(elapsed)).toBe(seconds);
});

test('the response is late by 5 s, a tenth of the wait, a minute, or one per cent of it', () => {
  for (let elapsed = 0; elapsed < 12 * 3600; elapsed += 7) {
    expect(secondsToNextPoll(elapsed)).toBeLessThanOrEqual(
      Math.max(5, Math.min(elapsed / 10, Math.max(60, elapsed / 100))),
    );
  }
});

describe('after attempts that AWS throttled or failed, the next one', () => {
  const waitsOf = (failed: number, longest = 120) =>
    Array.from({ length: 1000 }, (_, nth) => secondsToNextAttempt(failed, longest, `request-${nth}`));

  test.each([
    [1, 20],
    [2, 40],
    [3, 80],
    [4, 120],
    [40, 120],
  ])('(%i of them) comes within %i s, at any time', (failed, range) => {
    const waits = waitsOf(failed);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(range);
    for (const quarter of [0, 1, 2, 3]) {
      const inQuarter = waits.filter(
        (wait) => wait > (range / 4) * quarter && wait <= (range / 4) * (quarter + 1),
      );
      expect(inQuarter.length).toBeGreaterThan(200);
    }
  });

  test('comes within the longest time that is allowed', () => {
    expect(Math.max(...waitsOf(10, 60))).toBe(60);
  });

  test('comes after the same time with the same history, and after another with another', () => {
    expect(waitsOf(5)).toEqual(waitsOf(5));
    expect(waitsOf(5)).not.toEqual(waitsOf(6));
  });
});
