import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/*
 * Links and anchors of the pages for people. README.md is also shown by npm, PyPI, NuGet and Construct Hub,
 * where a relative link leads nowhere: what it links to in this repository, it names by its address on
 * GitHub.
 */

const ROOT = join(__dirname, '..');
const REPOSITORY = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).repository.url.replace(
  /\.git$/,
  '',
);
const OWN = new RegExp(
  `^(?:${REPOSITORY}/(?:blob|tree)|${REPOSITORY.replace('github.com', 'raw.githubusercontent.com')})/main/`,
);
const PAGES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  // is generated; is not shown as a page
  .filter((page) => page !== 'API.md' && !page.startsWith('.github/'));

test('there are pages', () => {
  expect(PAGES).toEqual(
    expect.arrayContaining([
      'README.md',
      'CONTRIBUTING.md',
      'docs/troubleshooting.md',
      'sandbox/README.md',
      'decisions/README.md',
    ]),
  );
});

test.each(PAGES)('%s leads somewhere', (page) => {
  expect(linksIn(page).filter((link) => leadsNowhere(page, link))).toEqual([]);
});

test('README.md can be read elsewhere', () => {
  expect(linksIn('README.md').filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
});

test('README.md shows its pictures as they are, and links to pages', () => {
  const own = linksIn('README.md').filter((link) => OWN.test(link));
  expect(own.filter((link) => link.endsWith('.svg') !== link.startsWith('https://raw.'))).toEqual([]);
});

test('every picture in docs/ is shown', () => {
  const shown = PAGES.flatMap((page) => linksIn(page).map((link) => target(page, link)?.path));
  const pictures = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', 'docs/*.svg'],
    { cwd: ROOT, encoding: 'utf8' },
  )
    .trim()
    .split('\n');
  expect(pictures.filter((picture) => !shown.includes(picture))).toEqual([]);
});

function linksIn(page: string): string[] {
  const text = proseOf(page);
  const inline = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link);
  const defined = new Map(
    [...text.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name, link]) => [name, link]),
  );
  const named = [...text.matchAll(/\]\[([^\]]+)\]/g)].map(
    ([, name]) => defined.get(name) ?? `[${name}], which is not defined`,
  );
  return [...inline, ...named, ...defined.values()];
}

/** Without code, where brackets mean other things. */
function proseOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
    .replace(/^```[^]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '`code`');
}

function leadsNowhere(page: string, link: string): boolean {
  const to = target(page, link);
  if (to === undefined) return !/^https:\/\/[\w.-]+(\/|$)/.test(link); // elsewhere
  return (
    !existsSync(join(ROOT, to.path)) || (to.anchor !== undefined && !anchorsOf(to.path).includes(to.anchor))
  );
}

/** Where a link leads in this repository. */
function target(page: string, link: string): { path: string; anchor?: string } | undefined {
  const [address, anchor] = link.split('#');
  if (OWN.test(address)) return { path: address.replace(OWN, ''), anchor };
  if (address.includes(':')) return undefined;
  return { path: address === '' ? page : normalize(join(dirname(page), address)), anchor };
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );
}
