import { tellStory } from './story';

void tellStory().then((untrue) => {
  if (untrue.length === 0) return console.log('\nAll of it went as the story says.');
  process.exitCode = 1;
  console.error(`\nthe demo did not go as its story says: ${untrue.join('; ')}`);
}, (error) => {
  process.exitCode = 1;
  console.error(`\nthe demo could not go on: ${error instanceof Error ? error.stack : error}`);
});
