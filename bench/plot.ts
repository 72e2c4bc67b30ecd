import { escaped, round } from '../demo/svg';

/* Pictures of numbers, as SVG that needs nothing else; light or dark, as the reader has it. */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 380, 70, 20, 90, 46];
const COLOURS = 5;

const SERIES = Array.from({ length: COLOURS + 1 }, (_, nth) => {
  return `.s${nth} { stroke: var(--c${nth}); } .f${nth} { fill: var(--c${nth}); }`;
});
const STYLE = `
svg { --paper: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; \
--c0: #0969da; --c1: #bc4c00; --c2: #8250df; --c3: #1a7f37; --c4: #9a6700; --c5: #cf222e;
  background: var(--paper); font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #f0f6fc; --quiet: #9198a1; --line: #3d444d; \
--c0: #4493f8; --c1: #f0883e; --c2: #ab7df8; --c3: #3fb950; --c4: #d29922; --c5: #f85149; }
}
text { fill: var(--ink); } .title { font-size: 15px; font-weight: 600; } \
.quiet { fill: var(--quiet); } .rule { stroke: var(--line); fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
${SERIES.join(' ')}`;

export type Series = Record<string, Array<readonly [x: number, y: number]>>;

/** Lines over two axes, each of them linear or logarithmic. */
export function lines({ title, series, x, y }: { title: string; series: Series; x: Axis; y: Axis }): string {
  const points = Object.values(series).flat();
  const across = scale(
    x,
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scale(
    y,
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const marks = [
    ...across.ticks.map(
      ({ at, label }) =>
        `<path class="rule" d="M${at} ` +
        `${TOP}V${HEIGHT - BOTTOM}"/>${text(at, HEIGHT - BOTTOM + 18, label, 'middle')}`,
    ),
    ...up.ticks.map(
      ({ at, label }) =>
        `<path class="rule" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/>${text(LEFT - 8, at + 4, label, 'end')}`,
    ),
    ...Object.values(series).map(
      (own, nth) =>
        `<path class="line s${nth}" ` +
        `d="M${own.map(([a, b]) => `${across.place(a)} ${up.place(b)}`).join('L')}"/>`,
    ),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.title, 'middle'),
  ];
  return picture(title, Object.keys(series), marks);
}

/** Groups of bars, each with its value. */
export function bars({
  title,
  groups,
  series,
}: {
  title: string;
  groups: string[];
  series: Record<string, number[]>;
}): string {
  const all = Object.values(series);
  const up = scale({ title: '', isLogarithmic: false }, [0, ...all.flat()], HEIGHT - BOTTOM, TOP);
  const groupWidth = (WIDTH - LEFT - RIGHT) / groups.length;
  const barWidth = (groupWidth * 0.8) / all.length;
  const marks = [
    ...up.ticks.map(
      ({ at, label }) =>
        `<path class="rule" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/>${text(LEFT - 8, at + 4, label, 'end')}`,
    ),
    ...groups.flatMap((group, nth) => [
      text(LEFT + groupWidth * (nth + 0.5), HEIGHT - BOTTOM + 18, group, 'middle'),
      ...all.map((values, which) => {
        const [left, top] = [LEFT + groupWidth * (nth + 0.1) + barWidth * which, up.place(values[nth])];
        return (
          `<rect class="f${which}" x="${round(left + 2)}" y="${top}" width="${round(barWidth - 4)}" ` +
          `height="${round(HEIGHT - BOTTOM - top)}"/>` +
          text(left + barWidth / 2, top - 5, String(Number(values[nth].toPrecision(3))), 'middle', 'ink')
        );
      }),
    ]),
  ];
  return picture(title, Object.keys(series), marks);
}

export interface Axis {
  readonly title: string;
  readonly isLogarithmic: boolean;
  readonly show?: (value: number) => string;
  /** where to draw a line; default: round numbers */
  readonly ticks?: number[];
}

function scale(
  { isLogarithmic, show = (value) => String(value), ticks }: Axis,
  values: number[],
  from: number,
  to: number,
) {
  const least = isLogarithmic ? Math.min(...values, ...(ticks ?? [])) : 0;
  const most = Math.max(...values, ...(ticks ?? []));
  const part = (value: number) =>
    isLogarithmic ? Math.log(value / least) / Math.log(most / least) : value / most;
  const place = (value: number) => round(from + (to - from) * part(value));
  return {
    place,
    ticks: (ticks ?? roundNumbers(most)).map((value) => ({ at: place(value), label: show(value) })),
  };
}

function roundNumbers(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, nth) =>
    Number((nth * step).toPrecision(12)),
  );
}

function picture(title: string, names: string[], marks: string[]): string {
  let [left, top] = [LEFT, 36];
  const legend = names.map((name, nth) => {
    const width = 34 + name.length * 6.4;
    if (left + width > WIDTH) [left, top] = [LEFT, top + 16];
    const mark =
      `<rect class="f${nth}" x="${round(left)}" y="${top}" width="12" ` +
      `height="12"/>${text(left + 18, top + 10, name, 'start', 'ink')}`;
    left += width;
    return mark;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" \
viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}</style>
<rect width="${WIDTH}" height="${HEIGHT}" style="fill: var(--paper)"/>
<text class="title" x="${LEFT}" y="26">${escaped(title)}</text>
${[...legend, ...marks].join('\n')}
</svg>
`;
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  kind: 'quiet' | 'ink' = 'quiet',
): string {
  return (
    `<text class="${kind}" x="${round(x)}" y="${round(y)}" ` +
    `text-anchor="${anchor}">${escaped(content)}</text>`
  );
}
