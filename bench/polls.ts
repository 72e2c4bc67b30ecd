import { atMost, type Section } from './goals';
import { time } from './page';
import { lines, type Series } from './plot';
import { secondsToNextPoll } from '../lambda/schedule';
import { MAX_WAIT } from '../src/private/contract';
import { table } from '../test/engines/markdown';

/** Seconds until the next poll, after so many. */
export type Schedule = (elapsed: number) => number;

export const FIXED: Record<string, Schedule> = {
  'every 5 s': () => 5,
  'every 30 s': () => 30,
  'every minute': () => 60,
  'every 5 min': () => 300,
};
const MINUTE = 60;
const HOUR = 3600;
const DURATIONS = [10, MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 12 * HOUR];
const EACH = 1000;
/** The longest `timeout`. */
const LONGEST = 12 * HOUR;
/** What CloudFormation and the function need from one link of the chain to the next, about. */
const HANDOVER = 5;

/** What it takes until a backup is seen finished. */
export interface Waited {
  readonly polls: number;
  /** seconds from the end of the backup to the poll that sees it */
  readonly lag: number;
  /** of CloudFormation, each with an execution of its own */
  readonly requests: number;
}

/** One request polls until the backup is finished, the first poll at its beginning included. */
export function wait(duration: number, schedule: Schedule): Waited {
  let [polls, elapsed] = [1, 0];
  for (; elapsed < duration; polls++) elapsed += schedule(elapsed);
  return { polls, lag: elapsed - duration, requests: 1 };
}

/**
 * The handler and its chain: a request, and a continuation for each 55 minutes more of the timeout. One poll
 * prepares the call of CreateBackup, the next makes it. Each link that begins polls at once, and the last
 * poll of a link is at its end; links behind the one that sees the end poll once.
 */
export function chain(duration: number, timeout: number, schedule: Schedule = secondsToNextPoll): Waited {
  const links = linksOf(timeout);
  let [polls, elapsed] = [2, 0];
  for (let link = 1; ; link++) {
    const end = link < links ? elapsed + MAX_WAIT : Infinity;
    for (; elapsed < duration && elapsed < end; polls++) {
      elapsed += Math.max(1, Math.min(schedule(elapsed), end - elapsed));
    }
    if (elapsed >= duration) return { polls: polls + links - link, lag: elapsed - duration, requests: links };
    elapsed += HANDOVER;
    polls++;
  }
}

export function linksOf(timeout: number): number {
  return Math.max(1, Math.ceil(timeout / MAX_WAIT));
}

/** How late the response may be. */
export function allowedLag(duration: number): number {
  if (duration <= 10 * MINUTE) return Math.max(5, duration / 10);
  return duration <= 100 * MINUTE ? MINUTE : duration / 100;
}

/** So many durations around one: from half of it to one and a half, each at another fraction of a second. */
export function around(duration: number, count = EACH): number[] {
  return Array.from({ length: count }, (_, nth) => Math.min(LONGEST, duration * (0.5 + (nth + 0.5) / count)));
}

/** The handler with the shortest timeout that is enough. */
const own = (duration: number) => chain(duration, duration);

export const WAITS: Record<string, (duration: number) => Waited> = {
  'cdk-fsx-backup': own,
  ...Object.fromEntries(
    Object.entries(FIXED).map(([name, schedule]) => [name, (duration: number) => wait(duration, schedule)]),
  ),
};

export function measurePolls(): Section {
  const all = DURATIONS.flatMap((duration) => around(duration));
  const over = Math.max(...all.map((duration) => own(duration).lag - allowedLag(duration)));
  return {
    title: 'Polls and lag',
    goals: [
      atMost(
        'latest response, beyond the allowed 5 s or 10 %, 60 s, 1 %',
        0,
        Math.max(0, over),
        (value) => `${value.toFixed(2)} s`,
      ),
      atMost('polls in 55 minutes, the time of one resource', 90, own(MAX_WAIT).polls),
      atMost('polls in twelve hours, with 13 continuations', 360, own(LONGEST).polls),
    ],
    blocks: [
      `Simulated with the handler's own schedule: ${EACH} durations from half to one and a half of each ` +
        '(none over 12 h, the longest timeout). Mean polls; mean and worst lag, which is the time from ' +
        'the end of the backup to the poll that sees it. Ours has the shortest timeout that is enough, and ' +
        `as many continuations as that needs, ${HANDOVER} s from one to the next. The Provider framework ` +
        'polls every 5 s unless told otherwise, and has one hour; a function that polls has 15 minutes. ' +
        'Each poll of the framework is two invocations. The time that a poll itself takes is left out, for ' +
        'all.',
      table(
        ['backup of', ...Object.keys(WAITS)],
        DURATIONS.map((duration) => [
          time(duration),
          ...Object.values(WAITS).map((waitFor) => {
            const waits = around(duration).map(waitFor);
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
function curve(value: (one: Waited, duration: number) => number): Series {
  const points = Array.from({ length: 60 }, (_, nth) => 10 * (LONGEST / 10) ** (nth / 59));
  return Object.fromEntries(
    Object.entries(WAITS).map(([name, waitFor]) => [
      name,
      points.map((point): [number, number] => {
        const stretch = Array.from({ length: 100 }, (_, nth) => Math.min(LONGEST, point * (1 + nth / 600)));
        return [point, Math.max(...stretch.map((duration) => value(waitFor(duration), duration)))];
      }),
    ]),
  );
}
