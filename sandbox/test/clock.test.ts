import { VirtualClock } from '../clock';

test('time goes by in whole milliseconds, and no timer fires too early', async () => {
  const clock = new VirtualClock(1_000);
  const fired: number[] = [];
  for (const ms of [0.2, 7, 7.5, -3]) clock.setTimeout(() => fired.push(clock.now()), ms);
  await clock.run(clock.sleep(10));
  expect(fired).toEqual([1_000, 1_001, 1_007, 1_008]);
});
