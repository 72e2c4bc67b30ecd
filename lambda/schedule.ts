import { createHash } from 'node:crypto';

/**
 * Seconds until the next poll of something that has been going on for `elapsed` seconds: a tenth of the
 * elapsed time, at least 5 s, at most a minute, and beyond 100 minutes at most one per cent. So the response
 * is never later than that share of the wait, and a run costs at most 90 polls in an hour, 330 in twelve.
 */
export function secondsToNextPoll(elapsed: number): number {
  const ceiling = Math.max(60, elapsed / 100);
  return Math.floor(Math.min(Math.max(5, elapsed / 10), ceiling));
}

/**
 * Seconds until the next attempt after so many that AWS throttled or failed: at random, so that executions
 * that began together do not come together again, and over a range that doubles up to `longest`. The random
 * part is drawn from the request, so that a history can be repeated.
 */
export function secondsToNextAttempt(failed: number, longest: number, requestId: string): number {
  const random = createHash('sha256').update(`${requestId} ${failed}`).digest().readUInt32BE() / 2 ** 32;
  return Math.ceil(random * Math.min(longest, 10 * 2 ** failed));
}
