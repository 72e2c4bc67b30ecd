import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastPublished, report } from './compatibility';

/* `npm run compat`: the API as compiled, against that of the last release on npm. */

const ROOT = join(__dirname, '../..');

async function main(): Promise<void> {
  const { name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const version = await lastPublished(name);
  if (version === undefined) {
    process.stdout.write(
      `${name} is not on npm yet: there is no release that the API could be compared with\n`,
    );
    return;
  }
  const changes = await report(`npm:${name}@${version}`, ROOT);
  if (changes === undefined) {
    process.stdout.write(`the API keeps what ${name} ${version} offers\n`);
    return;
  }
  process.stderr.write(
    `${changes}\nThe API breaks with ${name} ${version}. If it must, write the keys in brackets to ` +
      '.compatignore, and say in the title of the pull request that it is a breaking change\n',
  );
  process.exitCode = 1;
}

void main();
