import { atMost, type Section } from './goals';
import { time } from './page';
import { lines, type Series } from './plot';
import { secondsToNextLook } from '../lambda/schedule';
import { table } from '../test/engines/markdown';

/** Seconds until the next look, after so many. */
export type Schedule = (elapsed: number) => number;

export const SCHEDULES: Record<string, Schedule> = {
  'cdk-fsx-backup': secondsToNextLook,
  'every 5 s': () => 5,
  'every 30 s': () => 30,
  'every minute': () => 60,
  'every 5 min': () => 300,
};
const MINUTE = 60;
const HOUR = 3600;
const DURATIONS = [10, MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 12 * HOUR];
const EACH = 1000;
/** The longest wait that is allowed: five minutes of twelve hours are kept for the answer. */
const LONGEST = 12 * HOUR - 300;

/**
 * How often it is looked until a backup is seen finished, the first look at its beginning included; and how
 * long after its end that is.
 */
export function wait(duration: number, schedule: Schedule): { polls: number; lag: number } {
  let [polls, elapsed] = [1, 0];
  for (; elapsed < duration; polls++) elapsed += schedule(elapsed);
  return { polls, lag: elapsed - duration };
}

/** How late the answer may be. */
export function allowedLag(duration: number): number {
  if (duration <= 10 * MINUTE) return Math.max(5, duration / 10);
  return duration <= 100 * MINUTE ? MINUTE : duration / 100;
}

/** So many durations around one: from half of it to one and a half, each at another fraction of a second. */
export function around(duration: number, count = EACH): number[] {
  return Array.from({ length: count }, (_, nth) => Math.min(LONGEST, duration * (0.5 + (nth + 0.5) / count)));
}

export function measurePolls(): Section {
  const all = DURATIONS.flatMap((duration) => around(duration));
  const over = Math.max(
    ...all.map((duration) => wait(duration, secondsToNextLook).lag - allowedLag(duration)),
  );
  return {
    title: 'Polls and lag',
    goals: [
      atMost(
        'latest answer, beyond the allowed 5 s or 10 %, 60 s, 1 %',
        0,
        Math.max(0, over),
        (value) => `${value.toFixed(2)} s`,
      ),
      atMost('polls in an hour', 90, wait(HOUR, secondsToNextLook).polls),
      atMost('polls in twelve hours', 330, wait(12 * HOUR, secondsToNextLook).polls),
    ],
    blocks: [
      `Simulated with the handler's own schedule: ${EACH} durations from half to one and a half of each ` +
        '(none over 11 h 55 min, when the wait ends). Mean polls; mean and worst lag, which is the time ' +
        'from the end of the backup to the look that sees it. The Provider framework looks every 5 s ' +
        'unless told otherwise, and has one hour; a function that polls has 15 minutes. Each poll of the ' +
        'framework is two invocations. How long a look itself takes is left out, for all.',
      table(
        ['backup of', ...Object.keys(SCHEDULES)],
        DURATIONS.map((duration) => [
          time(duration),
          ...Object.values(SCHEDULES).map((schedule) => {
            const waits = around(duration).map((one) => wait(one, schedule));
            const mean = (what: 'polls' | 'lag') =>
              waits.reduce((sum, one) => sum + one[what], 0) / waits.length;
            return (
              `${mean('polls').toFixed(mean('polls') < 10 ? 1 : 0)} polls, ${time(mean('lag'))}, ` +
              `${time(Math.max(...waits.map(({ lag }) => lag)))}`
            );
          }),
        ]),
      ),
    ],
    plots: {
      polls: lines({
        title: 'Polls until a backup is seen finished',
        series: curve(({ polls }) => polls),
        x: DURATION,
        y: { title: '', isLogarithmic: true, ticks: [1, 10, 100, 1000, 10_000] },
      }),
      lag: lines({
        title: 'Worst lag, as a share of the wait',
        x: DURATION,
        y: {
          title: '',
          isLogarithmic: true,
          ticks: [0.001, 0.01, 0.1, 1, 10],
          show: (value) => `${value * 100} %`,
        },
        series: curve(({ lag }, duration) => lag / duration),
      }),
    },
  };
}

const DURATION = { title: 'how long the backup takes', isLogarithmic: true, ticks: DURATIONS, show: time };

/** The worst of a small stretch of durations at each point. */
function curve(value: (one: { polls: number; lag: number }, duration: number) => number): Series {
  const points = Array.from({ length: 60 }, (_, nth) => 10 * (LONGEST / 10) ** (nth / 59));
  return Object.fromEntries(
    Object.entries(SCHEDULES).map(([name, schedule]) => [
      name,
      points.map((point): [number, number] => {
        const stretch = Array.from({ length: 100 }, (_, nth) => point * (1 + nth / 600));
        return [point, Math.max(...stretch.map((duration) => value(wait(duration, schedule), duration)))];
      }),
    ]),
  );
}
