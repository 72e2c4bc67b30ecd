import { allowedLag, around, wait } from '../../bench/polls';

test('polls and lag of a fixed interval are those that one counts by hand', () => {
  expect(wait(10, () => 5)).toEqual({ polls: 3, lag: 0 }); // at 0, 5 and 10 s
  expect(wait(10.5, () => 5)).toEqual({ polls: 4, lag: 4.5 });
  expect(wait(3600, () => 30)).toEqual({ polls: 121, lag: 0 });
});

test('a schedule is asked with the time that has passed', () => {
  expect(wait(7, (elapsed) => elapsed + 1)).toEqual({ polls: 4, lag: 0 }); // at 0, 1, 3 and 7 s
});

test.each([
  [10, 5],
  [50, 5],
  [60, 6],
  [600, 60],
  [601, 60],
  [6000, 60],
  [12_000, 120],
])('after %d s, a lag of %d s is allowed', (duration, lag) => {
  expect(allowedLag(duration)).toBe(lag);
});

test('durations lie around theirs, and none is longer than a wait can be', () => {
  expect(around(60, 4)).toEqual([37.5, 52.5, 67.5, 82.5]);
  expect(Math.max(...around(12 * 3600))).toBe(12 * 3600 - 300);
});
