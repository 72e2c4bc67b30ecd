import { secondsToNextLook } from '../../lambda/schedule';

/** How many looks a wait of this length costs, the first one at its beginning included. */
export function looksIn(seconds: number): number {
  let count = 1;
  for (let elapsed = 0; elapsed < seconds; count++) elapsed += secondsToNextLook(elapsed);
  return count;
}
