import { peakRate, startTogether, TAKERS } from '../../bench/load';

const FRAMEWORK = TAKERS['Provider framework, every 30 s'];
const OURS = TAKERS['cdk-fsx-backup'];

test('the peak is the most calls in any second, wherever it begins', () => {
  expect(peakRate([0, 900, 1800, 1850])).toBe(3);
  expect(peakRate([0, 1000, 2000])).toBe(1);
});

test('one backup is finished when the look after its end sees it, and costs a call per look', async () => {
  const { failures, lastAnswer, calls } = await startTogether(FRAMEWORK, 1);
  expect(failures).toBe(0);
  expect(lastAnswer).toBeGreaterThan(45 * 60_000);
  expect(lastAnswer).toBeLessThan(46 * 60_000);
  expect(calls.length).toBeGreaterThan(90);
});

test('the real handler answers for all of ten, though FSx throttles', async () => {
  const { failures, calls } = await startTogether(OURS, 10);
  expect(failures).toBe(0);
  expect(peakRate(calls)).toBeGreaterThan(10);
});

test('where FSx lets nothing through, nobody succeeds', async () => {
  expect(await startTogether(FRAMEWORK, 2, 0)).toMatchObject({ failures: 2 });
  expect(await startTogether(OURS, 2, 0)).toMatchObject({ failures: 2 });
});
