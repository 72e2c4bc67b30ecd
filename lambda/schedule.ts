/**
 * Seconds until the next look at something that has been going on for `elapsed` seconds: a tenth of the elapsed time, at
 * least 5 s, at most a minute, and beyond 100 minutes at most one per cent. So the answer is never later than that share
 * of the wait, and an hour costs at most 90 looks, twelve hours at most 330.
 */
export function secondsToNextLook(elapsed: number): number {
  const ceiling = Math.max(60, elapsed / 100);
  return Math.ceil(Math.min(Math.max(5, elapsed / 10), ceiling));
}
