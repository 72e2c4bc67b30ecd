import { writeFileSync } from 'node:fs';
import { tellStory } from './story';
import { timelinePage, timelineSvg } from './timeline';

/** @param path where the timeline goes: a page, or a picture if it ends in `.svg` */
async function main(path = 'demo-timeline.html'): Promise<void> {
  const { untrue, history } = await tellStory();
  writeFileSync(path, path.endsWith('.svg') ? timelineSvg(history) : timelinePage(history));
  console.log(`\nThe same as a picture, who changed when and which backup protects what: ${path}`);
  if (untrue.length === 0) return console.log('All of it went as the story says.');
  process.exitCode = 1;
  console.error(`the demo did not go as its story says: ${untrue.join('; ')}`);
}

void main(process.argv[2]).catch((error) => {
  process.exitCode = 1;
  console.error(`\nthe demo could not go on: ${error instanceof Error ? error.stack : error}`);
});
