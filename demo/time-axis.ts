/** A stretch of time, and where it is drawn; a folded one is not drawn to scale. */
export interface Stretch {
  from: number;
  to: number;
  x: number;
  width: number;
  folded: boolean;
}

export interface TimeAxis {
  stretches: Stretch[];
  width: number;
  /** where an instant is */
  x(at: number): number;
}

export interface Scale {
  pixelsPerMinute: number;
  /** stretches in which nothing begins or ends for longer than so many minutes are folded */
  longest: number;
  /** of a folded stretch */
  foldedWidth: number;
}

/** Between two columns there has to be so much room for what is written at the top of the first. */
export interface Column {
  at: number;
  minWidth: number;
}

const MINUTE = 60_000;

/**
 * Time to scale, but for stretches in which nothing happens. Where a column is too narrow, its last stretch
 * is stretched: that is no more to scale than a folded one, and marked alike.
 */
export function timeAxis(
  instants: readonly number[],
  columns: readonly Column[],
  { pixelsPerMinute, longest, foldedWidth }: Scale,
): TimeAxis {
  const times = [...new Set([...instants, ...columns.map(({ at }) => at)])].sort((one, other) => one - other);
  const stretches = times.slice(1).map((to, index): Stretch => {
    const minutes = (to - times[index]) / MINUTE;
    const folded = minutes > longest;
    return { from: times[index], to, x: 0, width: folded ? foldedWidth : minutes * pixelsPerMinute, folded };
  });
  for (const [index, { at, minWidth }] of columns.entries()) {
    const inside = stretches.filter(({ from }) => from >= at && from < (columns[index + 1]?.at ?? Infinity));
    const missing = minWidth - inside.reduce((sum, { width }) => sum + width, 0);
    const last = inside[inside.length - 1];
    if (last && missing > 0) Object.assign(last, { width: last.width + missing, folded: true });
  }
  let width = 0;
  for (const stretch of stretches) {
    stretch.x = width;
    width += stretch.width;
  }
  return {
    stretches,
    width,
    x: (at) => {
      const stretch = stretches.filter(({ from }) => from <= at).at(-1) ?? stretches[0];
      return (
        stretch.x +
        Math.min(1, Math.max(0, (at - stretch.from) / (stretch.to - stretch.from))) * stretch.width
      );
    },
  };
}
