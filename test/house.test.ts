import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, resolve } from 'node:path';

/* Rules of the house that no linter knows. */

const ROOT = resolve(__dirname, '..');

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The files that a file imports, types included. */
function importsOf(file: string): string[] {
  const paths = [...textOf(file).matchAll(/from '(\.[^']*)'/g)].map(([, path]) => path);
  return paths.map((path) => `${relative('', normalize(join(dirname(file), path)))}.ts`);
}

/** A circle of imports that a file is part of. */
function circleFrom(
  file: string,
  way: readonly string[] = [file],
  seen = new Set<string>(),
): string[] | undefined {
  for (const next of importsOf(way.at(-1)!)) {
    if (next === file) return [...way, file];
    if (seen.has(next) || !next.startsWith('lambda/')) continue;
    seen.add(next);
    const circle = circleFrom(file, [...way, next], seen);
    if (circle) return circle;
  }
  return undefined;
}

test('no two files of the handler import each other, in a circle of any length', () => {
  const files = filesIn('lambda');
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => circleFrom(file) ?? [])).toEqual([]);
});

test('the handler imports nothing of the construct library but the contract and the rules of FSx', () => {
  const others = filesIn('lambda')
    .flatMap(importsOf)
    .filter((file) => !file.startsWith('lambda/'));
  expect(new Set(others)).toEqual(new Set(['src/private/contract.ts', 'src/private/rules.ts']));
});

test('nothing asks for the event history, waits by a wait condition, or reports a job', () => {
  const uses = [...filesIn('src'), ...filesIn('lambda')].filter((file) =>
    /DescribeStackEvents|WaitCondition|PutJob/.test(textOf(file)),
  );
  expect(uses).toEqual([]);
});

test('no word of the first design is left in the handler', () => {
  const uses = filesIn('lambda').filter((file) =>
    /\b(Work|isOutside|settled|hasFailed)\b/.test(textOf(file)),
  );
  expect(uses).toEqual([]);
});

test.each(['lambda', 'src'])('no file of %s has more than 250 lines', (folder) => {
  const long = filesIn(folder).filter((file) => textOf(file).trimEnd().split('\n').length > 250);
  expect(long).toEqual([]);
});

test('no test of the handler has more than 400 lines', () => {
  expect(filesIn('test/lambda').filter((file) => textOf(file).split('\n').length > 401)).toEqual([]);
});

describe('a row of "What happens when"', () => {
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const rows = textOf('CONTRIBUTING.md')
    .split('| moment | read |')[1]
    .split('\n\n')[0]
    .split('\n')
    .filter((line) => line.includes('|') && !line.startsWith('|---'))
    .map(cells);
  const moments = [...textOf('README.md').matchAll(/^\| \*\*(.+?)\*\*/gm)].map(([, moment]) => moment);

  test.each(rows.filter(([, files]) => files.includes('.ts')))(
    '%s is read in at most four files and 500 lines',
    (_, files) => {
      const names = [...files.matchAll(/`([\w-]+\.ts)`/g)].map(([, name]) => join('lambda', name));
      const lines = names.flatMap((name) => textOf(name).trimEnd().split('\n'));
      expect(names.length).toBeLessThanOrEqual(4);
      expect(lines.length).toBeLessThanOrEqual(500);
    },
  );

  test('has one in CONTRIBUTING.md', () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map(([moment]) => moment.replace(/`/g, ''))).toEqual(
      moments.map((moment) => moment.replace(/`/g, '')),
    );
  });
});
