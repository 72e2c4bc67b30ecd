import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { failedUpgrade } from './failure';
import { ofStack } from './history';
import { screenSvg } from './screen';
import { tellStory } from './story';
import { timelineSvg } from './timeline';

/* The pictures of README.md and docs that show what a run shows: `npm run pictures`. */

const DOCS = resolve(__dirname, '../docs');

async function main(): Promise<void> {
  mkdirSync(DOCS, { recursive: true });
  write('failure.svg', screenSvg('$ npx cdk deploy -c version=2', await failedUpgrade()));
  const { untrue, history } = await tellStory();
  if (untrue.length > 0) throw new Error(`the demo did not go as its story says: ${untrue.join('; ')}`);
  write('timeline.svg', timelineSvg(ofStack(history, 'Wiki')));
  write('restore.svg', timelineSvg(ofStack(history, 'Shop')));
}

function write(file: string, svg: string): void {
  writeFileSync(join(DOCS, file), svg);
  console.log(`docs/${file}`);
}

void main().catch((error) => {
  process.exitCode = 1;
  console.error(error);
});
