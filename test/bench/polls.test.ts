import { allowedLag, around, chain, linksOf, wait } from '../../bench/polls';

test('polls and lag of a fixed interval are those that one counts by hand', () => {
  expect(wait(10, () => 5)).toEqual({ polls: 3, lag: 0, requests: 1 }); // at 0, 5 and 10 s
  expect(wait(10.5, () => 5)).toEqual({ polls: 4, lag: 4.5, requests: 1 });
  expect(wait(3600, () => 30)).toEqual({ polls: 121, lag: 0, requests: 1 });
});

test('a schedule is asked with the time that has passed', () => {
  expect(wait(7, (elapsed) => elapsed + 1)).toMatchObject({ polls: 4, lag: 0 }); // at 0, 1, 3 and 7 s
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
  expect(Math.max(...around(12 * 3600))).toBe(12 * 3600);
});

const EVERY_MINUTE = () => 60;

test.each([
  [60, 1],
  [3300, 1],
  [3301, 2],
  [43_200, 14],
])('a timeout of %d s takes a chain of %d', (timeout, links) => {
  expect(linksOf(timeout)).toBe(links);
});

test('a chain of one polls once more than any other, to prepare the call of CreateBackup', () => {
  expect(chain(120, 3300, EVERY_MINUTE)).toEqual({ polls: 4, lag: 0, requests: 1 });
});

test('each link behind the end of the backup is a request, and polls once', () => {
  expect(chain(120, 6600, EVERY_MINUTE)).toEqual({ polls: 5, lag: 0, requests: 2 });
});

test('a link that hands over polls at its end, and the next one at its beginning', () => {
  // 55 polls to the end of the first link, one at 3305 s, one at 3365 s
  expect(chain(3310, 6600, EVERY_MINUTE)).toEqual({ polls: 2 + 55 + 2, lag: 55, requests: 2 });
});
