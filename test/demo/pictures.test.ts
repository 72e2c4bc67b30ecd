import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failedUpgrade } from '../../demo/failure';
import { plain, screenSvg } from '../../demo/screen';

jest.setTimeout(120_000);

test('docs/failure.svg shows what a run shows: else draw it again, npm run pictures', async () => {
  const lines = await failedUpgrade();
  expect(lines.map(plain).join('\n')).toMatch(
    /UPDATE_FAILED +\| BeforeUpgrade .*\n +Received response status \[FAILED\] .* FSx could not finish\n/,
  );
  expect(lines.every((line) => plain(line).length <= 106)).toBe(true);
  const drawn = readFileSync(join(__dirname, '../../docs/failure.svg'), 'utf8');
  expect(withoutNumbers(drawn)).toBe(withoutNumbers(screenSvg('$ npx cdk deploy -c version=2', lines)));
});

test('a screen keeps colours, weights and what XML would take for its own', () => {
  const svg = screenSvg('$ ls', ['\u001b[31m\u001b[1ma & b\u001b[22m <c>\u001b[39m d']);
  expect(svg).toContain(
    '<tspan class="red bold">a &amp; b</tspan><tspan class="red"> &lt;c&gt;</tspan><tspan> d</tspan>',
  );
});

test('a screen has room for its longest line, and for all of them', () => {
  const [, width, height] = /width="(\d+)" height="(\d+)"/
    .exec(screenSvg('$ ls', ['short', '\u001b[32m', 'x'.repeat(100)]))!
    .map(Number);
  expect(width).toBeGreaterThan(100 * 7.8);
  expect(width).toBeLessThan(100 * 9);
  expect(height).toBeGreaterThan(4 * 16);
});

test('a code that nobody taught the screen is refused', () => {
  expect(() => screenSvg('$ ls', ['\u001b[7minverse'])).toThrow("a terminal's code 7 is not known here");
});

/** From one run to the next ids differ, and times may. */
function withoutNumbers(text: string): string {
  return text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{17}|\d+/g, '#');
}
