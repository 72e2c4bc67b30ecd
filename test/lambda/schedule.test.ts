import { looksIn } from './looks';
import { secondsToNextLook } from '../../lambda/schedule';

test('an hour costs at most 90 looks', () => {
  expect(looksIn(3600)).toBeLessThanOrEqual(90);
  expect(looksIn(3600)).toBeGreaterThan(60);
});

test('twelve hours cost at most 330 looks', () => {
  expect(looksIn(12 * 3600)).toBeLessThanOrEqual(330);
});

test.each([
  [0, 5], [10, 5], [50, 5], [51, 6], [300, 30], [600, 60], [601, 60], [6000, 60], [6100, 61], [43_200, 432],
])('after %i s the next look comes %i s later', (elapsed, seconds) => {
  expect(secondsToNextLook(elapsed)).toBe(seconds);
});

test('the answer is late by 5 s, a tenth of the wait, a minute, or one per cent of it', () => {
  for (let elapsed = 0; elapsed < 12 * 3600; elapsed += 7) {
    expect(secondsToNextLook(elapsed)).toBeLessThanOrEqual(Math.ceil(Math.max(5, Math.min(elapsed / 10, Math.max(60, elapsed / 100)))));
  }
});
