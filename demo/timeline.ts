import { shownDate, shownDuration, wrapped } from '../sandbox';
import type { BackupLife, Change, Chapter, History, Operation, Protection } from './history';
import { element, escaped, round } from './svg';
import { timeAxis, type TimeAxis } from './time-axis';

/** What a line of the picture is about: a stack, one of its resources, or a backup. */
type Subject =
  | { kind: 'stack'; name: string; operations: Operation[] }
  | { kind: 'resource'; name: string; changes: Change[] }
  | { kind: 'backup'; name: string; backup: BackupLife };

type Lane = Subject & { y: number };

interface Picture {
  history: History;
  axis: TimeAxis;
  /** where the plot begins and ends */
  left: number;
  right: number;
  x(at: number): number;
}

const SCALE = { pixelsPerMinute: 5, longest: 24, foldedWidth: 44 };
const HOUR = 3_600_000;
const MARGIN = 20;
const LABELS = 190;
const ENDS = 130;
const COLUMN = 104;
const LANE = 22;
const GROUP_GAP = 12;
const BAR = 14;
const SMALL = 10.5;
const NORMAL = 12;
const TITLE = 'Who changed when, and which backup protects what';

const STYLE = `
.timeline { --paper: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --fold: #59636e; \
--good: #1a7f37; --bad: #cf222e; --back: #9a6700; --change: #8250df;
  --backup: #0969da; background: var(--paper); \
font: ${NORMAL}px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
@media (prefers-color-scheme: dark) {
  .timeline { --paper: #0d1117; --ink: #f0f6fc; --quiet: #9198a1; --line: #3d444d; --fold: #9198a1; \
--good: #3fb950; --bad: #f85149; --back: #d29922; --change: #ab7df8;
    --backup: #4493f8; }
}
.timeline text { fill: var(--ink); }
.timeline .title { font-size: 18px; font-weight: 600; }
.timeline .stack, .timeline .chapter { font-weight: 600; }
.timeline .deployed { paint-order: stroke; stroke: var(--paper); stroke-opacity: .8; stroke-width: 3; }
.timeline .small { font-size: ${SMALL}px; fill: var(--quiet); }
.timeline .rule { stroke: var(--line); fill: none; }
.timeline .bar { fill-opacity: .22; stroke-width: 1.2; }
.timeline .exists { stroke-width: 1.5; stroke: var(--quiet); }
.timeline .exists.backup { stroke: var(--backup); }
.timeline .deleted { stroke: var(--bad); stroke-width: 2; }
.timeline .create, .timeline .delete { fill: var(--quiet); stroke: var(--quiet); }
.timeline .good { fill: var(--good); stroke: var(--good); }
.timeline .update { fill: var(--change); stroke: var(--change); }
.timeline .back { fill: var(--back); stroke: var(--back); stroke-dasharray: 3 2; }
.timeline .failed { fill: var(--bad); stroke: var(--bad); }
.timeline .bar.backup { fill: var(--backup); stroke: var(--backup); fill-opacity: .4; }
.timeline .protects { stroke: var(--backup); fill: none; stroke-width: 1.6; }
.timeline .tip { fill: var(--backup); }
.timeline .stripe { stroke: var(--fold); stroke-width: 1; stroke-opacity: .45; }
.timeline .veil { fill: var(--paper); fill-opacity: .55; }`;

/** A picture of what happened, as an SVG that needs nothing else; light or dark, as the reader has it. */
export function timelineSvg(history: History): string {
  const picture = pictureOf(history);
  const headed = headerOf(picture);
  const lanes = lanesOf(picture, headed.bottom);
  const drawn = lanes.flatMap((lane) => laneMarks(lane, picture));
  const isOnTop = (mark: string) => mark.startsWith('<text') || mark.includes('class="deleted"');
  const bottom = Math.max(headed.bottom, ...lanes.map(({ y }) => y + LANE));
  const width = Math.max(headed.right, picture.right + ENDS) + MARGIN;
  const height = bottom + LANE + MARGIN;
  return element(
    'svg',
    {
      'xmlns': 'http://www.w3.org/2000/svg',
      'class': 'timeline',
      width,
      height,
      'viewBox': `0 0 ${width} ${height}`,
      'role': 'img',
      'aria-label': TITLE,
    },
    [
      element('style', {}, [STYLE]),
      element('defs', {}, [
        element(
          'pattern',
          { id: 'fold', width: 8, height: 8, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
          [
            element('rect', { width: 8, height: 8, class: 'veil' }),
            element('line', { x1: 0, y1: 0, x2: 0, y2: 8, class: 'stripe' }),
          ],
        ),
      ]),
      element('rect', { width, height, fill: 'var(--paper)' }),
      ...headed.marks,
      ...history.chapters.map(({ at }) => vertical(picture.x(at), headed.bottom - 4, bottom, 'rule')),
      ...drawn.filter((mark) => !isOnTop(mark)),
      ...foldMarks(picture, headed.bottom, bottom),
      ...drawn.filter(isOnTop),
      ...history.protections.flatMap((protection) => protectionMarks(protection, lanes, picture)),
    ],
  );
}

/** The same as a page. */
export function timelinePage(history: History): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<title>${TITLE}</title>`,
    '<style>body { margin: 0; background: #ffffff } svg { max-width: 100%; min-width: 1600px; height: auto }',
    '@media (prefers-color-scheme: dark) { body { background: #0d1117 } }</style>',
    timelineSvg(history),
    '</html>',
    '',
  ].join('\n');
}

/** How wide a text is at most, in the fonts that browsers choose. */
export function textWidth(content: string, size = NORMAL): number {
  return content.length * size * 0.6;
}

function pictureOf(history: History): Picture {
  const { operations, changes, backups, chapters, until } = history;
  const end = until + HOUR; // so that one sees what is still there
  const instants = [...operations, ...changes, ...backups].flatMap(({ from, to }) => [from, to]);
  const deletions = backups.flatMap(({ deletedAt }) => deletedAt ?? []);
  const columns = chapters.map(({ at }, index) => {
    const deployed = operations.filter(
      ({ from }) => from >= at && from < (chapters[index + 1]?.at ?? Infinity),
    );
    return { at, minWidth: Math.max(COLUMN, ...deployed.map((operation) => roomFor(operation, chapters))) };
  });
  const axis = timeAxis(
    [...instants, ...deletions, until].filter((at) => at <= until).concat(end),
    columns,
    SCALE,
  );
  const left = MARGIN + LABELS;
  return { history, axis, left, right: left + axis.width, x: (at) => left + axis.x(Math.min(at, end)) };
}

function headerOf(picture: Picture): { marks: string[]; right: number; bottom: number } {
  const {
    history: { chapters },
    x,
    right,
  } = picture;
  const top = 96;
  const columns = chapters.map(({ title, at }, index) => {
    const room = (index + 1 < chapters.length ? x(chapters[index + 1].at) : right + ENDS) - x(at) - 8;
    const lines = wrapped(`${index + 1}. ${title}`, Math.floor(room / textWidth('x')));
    return [
      ...lines.map((line, nth) => text(line, x(at) + 4, top + nth * 15, 'chapter')),
      text(shownDate(at), x(at) + 4, top + lines.length * 15, 'small'),
    ];
  });
  const legend = legendOf(72);
  const marks = [
    text(TITLE, MARGIN, 34, 'title'),
    text(
      'Virtual time, UTC. Striped stretches are not to scale. Point at anything to learn more.',
      MARGIN,
      54,
      'small',
    ),
    ...legend.marks,
    ...columns.flat(),
  ];
  return {
    marks,
    right: legend.right,
    bottom: top + Math.max(1, ...columns.map(({ length }) => length)) * 15,
  };
}

function legendOf(y: number): { marks: string[]; right: number } {
  const items: Array<[string, string]> = [
    ['good', 'deployed'],
    ['failed', 'failed'],
    ['back', 'rolled back'],
    ['create', 'created or deleted'],
    ['update', 'updated'],
    ['backup', 'backup being made'],
  ];
  let x = MARGIN;
  const sample = (width: number, label: string, draw: (from: number) => string[]) => {
    const marks = [...draw(x), text(label, x + width + 6, y, 'small')];
    x += width + 6 + textWidth(label, SMALL) + 14;
    return marks;
  };
  const minutes = 10 * SCALE.pixelsPerMinute;
  const marks = [
    ...items.flatMap(([kind, label]) =>
      sample(18, label, (from) => [rectangle(from, y - 10, 18, 12, `bar ${kind}`)]),
    ),
    ...sample(18, 'it exists', (from) => [horizontal(from, from + 18, y - 4, 'exists backup')]),
    ...sample(14, 'protects the change above', (from) => arrow(from + 7, y + 2, y - 12)),
    ...sample(minutes, '10 minutes', (from) => [
      horizontal(from, from + minutes, y - 4, 'exists'),
      ...[from, from + minutes].map((at) => vertical(at, y - 8, y, 'exists')),
    ]),
  ];
  return { marks, right: x };
}

/** A lane for each stack and for what is notable in it, from the top down. */
function lanesOf({ history }: Picture, top: number): Lane[] {
  const { operations, backups } = history;
  const stacks = [
    ...new Set([...operations.map(({ stack }) => stack), ...backups.map(({ stack }) => stack)]),
  ];
  let y = top;
  return stacks.flatMap((stack) => {
    y += GROUP_GAP;
    const group = subjectsOf(stack, history).map((subject, nth) => ({ ...subject, y: y + nth * LANE }));
    y += group.length * LANE;
    return group;
  });
}

function subjectsOf(
  stack: string | undefined,
  { operations, changes, backups, protections }: History,
): Subject[] {
  const own = changes.filter(
    ({ operation, type }) => operation.stack === stack && !type.startsWith('Custom::'),
  );
  const isProtected = (id: string) =>
    protections.some(({ change }) => change.operation.stack === stack && change.logicalId === id);
  const resources = [...new Set(own.map(({ logicalId }) => logicalId))]
    .map((id) => own.filter(({ logicalId }) => logicalId === id))
    .filter((ofOne) => isProtected(ofOne[0].logicalId) || ofOne.some(({ kind }) => kind === 'update'));
  return [
    {
      kind: 'stack',
      name: stack ?? 'no stack',
      operations: operations.filter((operation) => operation.stack === stack),
    },
    ...resources.map((ofOne): Subject => ({
      kind: 'resource',
      name: shortId(ofOne[0].logicalId),
      changes: ofOne,
    })),
    ...backups
      .filter((backup) => backup.stack === stack)
      .map((backup): Subject => ({ kind: 'backup', name: backup.name.replace(`${stack}/`, ''), backup })),
  ];
}

function laneMarks(lane: Lane, picture: Picture): string[] {
  const base = lane.y + LANE / 2 + 4;
  switch (lane.kind) {
    case 'stack':
      return [
        horizontal(MARGIN, picture.right + ENDS, lane.y - GROUP_GAP / 4, 'rule'),
        text(fitting(lane.name, LABELS - 8), MARGIN, base, 'stack'),
        ...operationMarks(lane.operations, lane.y, picture),
      ];
    case 'resource':
      return [
        text(fitting(lane.name, LABELS - 24), MARGIN + 12, base),
        ...changeMarks(lane.changes, lane.y, picture),
      ];
    case 'backup': {
      const id = lane.backup.id.slice('backup-'.length, 'backup-123456'.length);
      const room = LABELS - 28 - textWidth(id, SMALL);
      return [
        text(fitting(lane.name, room), MARGIN + 12, base),
        text(id, MARGIN + LABELS - 8 - textWidth(id, SMALL), base, 'small'),
        ...backupMarks(lane.backup, lane.y, picture),
      ];
    }
  }
}

function operationMarks(operations: Operation[], y: number, picture: Picture): string[] {
  const { history, x, right } = picture;
  return operations.flatMap((operation, index) => {
    const { from, to, backFrom } = operation;
    const label = labelOf(operation, history.chapters);
    const hover = `${operation.stack}, ${label}: ${operation.status}, ${span(from, to)}`;
    const end = index + 1 < operations.length ? x(operations[index + 1].from) : right;
    const kind =
      operation.status.endsWith('_FAILED') || backFrom !== undefined
        ? 'failed'
        : operation.kind === 'delete'
          ? 'delete'
          : 'good';
    return [
      bar(x(from), x(backFrom ?? to), y, kind, hover),
      ...(backFrom === undefined ? [] : [bar(x(backFrom), x(to), y, 'back', hover)]),
      besideOrInside(label, x(from), x(to), end, y),
    ];
  });
}

/** In the bar if it fits, else behind it, else both. */
function besideOrInside(label: string, from: number, to: number, end: number, y: number): string {
  const width = textWidth(label);
  const base = y + LANE / 2 + 4;
  if (width + 8 <= to - from) return text(label, from + 5, base);
  return text(fitting(label, end - from - 6), to + 5 + width <= end ? to + 5 : from + 5, base, 'deployed');
}

/** A deployment is called what its part of the story calls it. */
function labelOf({ kind, from, backFrom }: Operation, chapters: readonly Chapter[]): string {
  const label = chapters.filter(({ at }) => at <= from).at(-1)?.label;
  return (
    label ??
    (backFrom !== undefined ? 'failed' : { create: 'created', update: 'updated', delete: 'deleted' }[kind])
  );
}

/** For the bar of a deployment and what is written behind it. A long bar has room for that inside. */
function roomFor(operation: Operation, chapters: readonly Chapter[]): number {
  const minutes = (operation.to - operation.from) / 60_000;
  return textWidth(labelOf(operation, chapters)) + 14 + Math.min(60, minutes * SCALE.pixelsPerMinute);
}

function changeMarks(changes: Change[], y: number, { x, right }: Picture): string[] {
  const [first, last] = [changes[0], changes[changes.length - 1]];
  const isGone = last.kind === 'delete' && last.operation.kind !== 'update';
  return [
    horizontal(x(first.to), isGone ? x(last.from) : right, y + LANE / 2, 'exists'),
    ...changes.map(({ logicalId, kind, from, to, failed, operation }) => {
      const done = { create: 'created', update: 'updated', delete: 'deleted', back: 'taken back' }[kind];
      return bar(
        x(from),
        x(to),
        y,
        failed ? 'failed' : kind,
        `${operation.stack}/${shortId(logicalId)}: ${failed ? `not ${done}` : done}, ${span(from, to)}`,
      );
    }),
  ];
}

function backupMarks(
  { id, name, from, to, failed, deletedAt }: BackupLife,
  y: number,
  { history, x, right }: Picture,
): string[] {
  const { until } = history;
  const end = deletedAt ?? Infinity;
  const ready = Math.min(to, end);
  const state =
    deletedAt !== undefined ? 'deleted' : to > until ? 'being made' : failed ? 'FAILED' : 'still there';
  const hover =
    `${name} (${id}): ${failed ? 'failed' : 'made'}, ` +
    `${span(from, ready)}${deletedAt === undefined ? '' : `; deleted ${shownDate(deletedAt)}`}`;
  const lasts = to < end && !failed;
  const gone = x(Math.min(end, until)) - 4;
  return [
    ...(lasts
      ? [horizontal(x(to), deletedAt === undefined ? right : x(deletedAt), y + LANE / 2, 'exists backup')]
      : []),
    bar(x(from), Math.min(x(ready), right), y, failed ? 'failed' : 'backup', hover),
    ...(deletedAt === undefined ? [] : [path(`M${gone} ${y + 7} l8 8 m0 -8 l-8 8`, 'deleted')]),
    text(
      `${shownDuration(ready - from).replace(/ 0 (s|min)$/, '')}, ${state}`,
      right + 8,
      y + LANE / 2 + 4,
      'small',
    ),
  ];
}

/** From the lane of the backup up to the change, at the instant at which the change begins. */
function protectionMarks({ backup, change }: Protection, lanes: Lane[], { x }: Picture): string[] {
  const from = lanes.find((lane) => lane.kind === 'backup' && lane.backup === backup);
  const to = lanes.find((lane) => lane.kind === 'resource' && lane.changes.includes(change));
  if (!from || !to) return [];
  const changed = `${change.operation.stack}/${shortId(change.logicalId)}`;
  const hover = `${backup.name} (${backup.id}) protects ${changed}`;
  return [
    element('g', {}, [
      element('title', {}, [escaped(hover)]),
      ...arrow(x(change.from), from.y + LANE / 2, to.y + (LANE + BAR) / 2),
    ]),
  ];
}

function foldMarks({ axis, left, history: { until } }: Picture, top: number, bottom: number): string[] {
  return axis.stretches
    .filter(({ folded }) => folded)
    .flatMap(({ from, to, x, width }) => {
      const label = roughly(to - from);
      const fits = from < until && textWidth(label, SMALL) <= width - 2;
      return [
        element('rect', { x: left + x, y: top, width, height: bottom - top, fill: 'url(#fold)' }),
        ...(fits
          ? [text(label, left + x + (width - textWidth(label, SMALL)) / 2, bottom + 14, 'small')]
          : []),
      ];
    });
}

function bar(from: number, to: number, y: number, kind: string, hover: string): string {
  return rectangle(from, y + (LANE - BAR) / 2, Math.max(2, to - from), BAR, `bar ${kind}`, hover);
}

function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  kind: string,
  hover?: string,
): string {
  const title = hover === undefined ? [] : [element('title', {}, [escaped(hover)])];
  return element('rect', { x, y, width, height, rx: 2, class: kind }, title);
}

function arrow(x: number, from: number, to: number): string[] {
  return [
    path(`M${round(x)} ${from} V${to + 5}`, 'protects'),
    element('circle', { cx: x, cy: from, r: 2.5, class: 'tip' }),
    path(`M${round(x)} ${to} l-4 7 h8 z`, 'tip'),
  ];
}

function horizontal(x1: number, x2: number, y: number, kind: string): string {
  return element('line', { x1, y1: y, x2: Math.max(x1, x2), y2: y, class: kind });
}

function vertical(x: number, y1: number, y2: number, kind: string): string {
  return element('line', { x1: x, y1, x2: x, y2, class: kind });
}

function path(d: string, kind: string): string {
  return element('path', { d, class: kind });
}

function text(content: string, x: number, y: number, kind?: string): string {
  return content === '' ? '' : element('text', { x, y, class: kind }, [escaped(content)]);
}

/** The text, or as much of it as there is room for. */
function fitting(content: string, room: number, size = NORMAL): string {
  const most = Math.floor(room / textWidth('x', size));
  return content.length <= most ? content : most < 3 ? '' : `${content.slice(0, most - 1)}…`;
}

/** Without the hash that the CDK appends. */
function shortId(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

function span(from: number, to: number): string {
  return `${shownDate(from)}, ${shownDuration(to - from)}`;
}

function roughly(ms: number): string {
  if (ms >= 48 * HOUR) return `${Math.round(ms / HOUR / 24)} days`;
  return ms >= HOUR ? `${Math.round(ms / HOUR)} h` : `${Math.round(ms / 60_000)} min`;
}
