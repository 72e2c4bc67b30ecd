import { createHash } from 'node:crypto';

/**
 * Seconds until the next look at something that has been going on for `elapsed` seconds: a tenth of the
 * elapsed time, at least 5 s, at most a minute, and beyond 100 minutes at most one per cent. So the answer is
 * never later than that share of the wait, and an hour costs at most 90 looks, twelve hours at most 330.
 */
export function secondsToNextLook(elapsed: number): number {
  const ceiling = Math.max(60, elapsed / 100);
  return Math.floor(Math.min(Math.max(5, elapsed / 10), ceiling));
}

/**
 * Seconds until the next attempt after so many that AWS throttled or failed: at random, so that those who
 * began together do not come together again, and over a range that doubles up to `longest`. The random part
 * is drawn from who asks, so that a history can be repeated.
 */
export function secondsToNextAttempt(failed: number, longest: number, who: string): number {
  const random = createHash('sha256').update(`${who} ${failed}`).digest().readUInt32BE() / 2 ** 32;
  return Math.ceil(random * Math.min(longest, 10 * 2 ** failed));
}
