import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * One sentence a line, in the prose of pages that are written by hand: who changes a sentence then changes
 * one line. Tables, headings, code, HTML and definitions of links are no prose.
 */

const ROOT = join(__dirname, '..');
const GENERATED = ['API.md'];
const LIST = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
const PAGES = execFileSync('git', LIST, { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((page) => !GENERATED.includes(page) && !page.startsWith('.github/'));

const NO_PROSE = /^\s*(?:$|\||#|<|\[[^\]]+\]: )/;
const BEGINS_ITEM = /^\s*(?:[*+-]|\d+\.) /;
const END = /[.!?]["*)\]]*$/;
/** But for initials and the like (N. Virginia, e.g. this), and for what goes on in lower case. */
const END_AND_BEGINNING = /(?<!\b[A-Za-z]|\bvs)[.!?]["*)\]]* +[^a-z\s]/;

test.each(PAGES)('%s has one sentence a line', (page) => {
  expect(wrongIn(readFileSync(join(ROOT, page), 'utf8'))).toEqual([]);
});

test.each([
  ['It is taken. It stays.', ['It is taken. It stays.']],
  ['* It is **taken.** `It` stays (it does.)', ['* It is **taken.** `It` stays (it does.)']],
  ['> Is it taken? [Yes](yes.md).', ['> Is it taken? [Yes](yes.md).']],
  ['See [the page](page.md). It is there.', ['See [the page](page.md). It is there.']],
  ['It is taken,\nand stays.', ['It is taken,']],
  ['* It is taken\n  and stays.', ['* It is taken']],
  ['> It is\n> taken.', ['> It is']],
  ['It is taken.\nIt stays.\n* One\n* Two (is it?) stays.\n  It does.\n\n![A picture. Of it.](it.svg)', []],
  ['In (N. Virginia), by Node.js 20: `a. B`\n\n```sh\na. B\nc\n```\n| a. B |\n# A. B\n"One."\nTwo:', []],
])('%j', (text, wrong) => {
  expect(wrongIn(text)).toEqual(wrong);
});

/** Lines with two sentences, and lines in which a sentence does not end though its paragraph goes on. */
function wrongIn(text: string): string[] {
  const lines = text.replace(/^\s*```[^]*?^\s*```$/gm, '').split('\n');
  return lines.filter((line, index) => {
    if (NO_PROSE.test(line)) return false;
    const prose = plain(line);
    return END_AND_BEGINNING.test(prose) || (goesOn(lines[index + 1] ?? '') && !END.test(prose));
  });
}

function goesOn(next: string): boolean {
  return !NO_PROSE.test(next.replace(/^> ?/, '')) && !BEGINS_ITEM.test(next);
}

/** Without marks, pictures, the contents of code, and where links lead. */
function plain(line: string): string {
  return line
    .replace(/^> ?/, '')
    .replace(BEGINS_ITEM, '')
    .replace(/(`+).*?\1/g, '`code`')
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '![]')
    .replace(/\]\([^)]*\)|\]\[[^\]]*\]/g, ']');
}
