import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

const templatesOf = (assembly: string) =>
  readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );

/** Where the templates of two cloud assemblies differ: a diff for each that does. */
export function differences(expected: string, actual: string): string[] {
  const files = [...new Set([...templatesOf(expected), ...templatesOf(actual)])];
  if (files.length === 0) throw new Error(`there is no template in ${expected}`);
  return files.flatMap((file) => {
    const [one, other] = [join(expected, file), join(actual, file)];
    const missing = [one, other].filter((path) => !existsSync(path));
    if (missing.length > 0) return [`there is no ${relative('', missing[0])}`];
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    if (isDeepStrictEqual(read(one), read(other))) return [];
    return [
      spawnSync('git', ['diff', '--no-index', '--no-color', relative('', one), relative('', other)], {
        encoding: 'utf8',
      }).stdout,
    ];
  });
}
