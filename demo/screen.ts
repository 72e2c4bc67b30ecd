import { element, escaped } from './svg';

const SIZE = 13;
/** of the widest of the fonts below */
const CHARACTER = SIZE * 0.61;
const LINE = 18;
const MARGIN = 16;
const TITLE_BAR = 30;

/** The colours and weights of a terminal that the sandbox uses, by their SGR code. */
const CLASSES: Record<string, string> = {
  1: 'bold',
  2: 'dim',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
};

const STYLE = `
.screen { --paper: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; \
--red: #cf222e; --green: #1a7f37; --yellow: #9a6700; --cyan: #1b7c83; background: var(--paper);
  font: ${SIZE}px ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
@media (prefers-color-scheme: dark) {
  .screen { --paper: #151b23; --ink: #f0f6fc; --quiet: #9198a1; --line: #3d444d; \
--red: #f85149; --green: #3fb950; --yellow: #d29922; --cyan: #39c5cf; }
}
.screen text { fill: var(--ink); white-space: pre; }
.screen .frame { fill: var(--paper); stroke: var(--line); }
.screen .title, .screen .dim { fill: var(--quiet); }
.screen .bold { font-weight: 600; }
.screen .red { fill: var(--red); }
.screen .green { fill: var(--green); }
.screen .yellow { fill: var(--yellow); }
.screen .cyan { fill: var(--cyan); }`;

/** What was printed to a terminal, as an SVG that needs nothing else; light or dark, as the reader has it. */
export function screenSvg(title: string, lines: readonly string[]): string {
  const columns = Math.max(...[title, ...lines].map((line) => plain(line).length));
  const width = Math.ceil(columns * CHARACTER) + 2 * MARGIN;
  const height = TITLE_BAR + lines.length * LINE + MARGIN;
  const label = [title, ...lines].map((line) => plain(line).trim()).join(' ');
  return element(
    'svg',
    {
      'xmlns': 'http://www.w3.org/2000/svg',
      'class': 'screen',
      width,
      height,
      'viewBox': `0 0 ${width} ${height}`,
      'role': 'img',
      'aria-label': label,
    },
    [
      element('style', {}, [STYLE]),
      element('rect', { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6, class: 'frame' }),
      element('text', { x: MARGIN, y: 22, class: 'title' }, [escaped(title)]),
      ...lines.map((line, nth) =>
        element('text', { x: MARGIN, y: TITLE_BAR + (nth + 1) * LINE - 4 }, spans(line)),
      ),
    ],
  );
}

/** The line without its colours. */
export function plain(line: string): string {
  return line.replace(/\u001b\[\d*m/g, '');
}

function spans(line: string): string[] {
  const active = new Set<string>();
  return line.split(/\u001b\[(\d*)m/).map((part, index) => {
    if (index % 2 === 0) {
      return part === ''
        ? ''
        : `<tspan${active.size > 0 ? ` class="${[...active].join(' ')}"` : ''}>${escaped(part)}</tspan>`;
    }
    const name = CLASSES[part];
    if (name) active.add(name);
    else for (const ended of endedBy(part)) active.delete(ended);
    return '';
  });
}

function endedBy(code: string): string[] {
  if (code === '22') return ['bold', 'dim'];
  if (code === '39') return ['red', 'green', 'yellow', 'cyan'];
  throw new Error(`a terminal's code ${code} is not known here: add it to CLASSES`);
}
