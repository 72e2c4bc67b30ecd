import { peakRate, startTogether, TAKERS } from '../../bench/load';

const FRAMEWORK = TAKERS['Provider framework, every 30 s'];
const OURS = TAKERS['cdk-fsx-backup'];

test('the peak is the most calls in any second, wherever it begins', () => {
  expect(peakRate([0, 900, 1800, 1850])).toBe(3);
  expect(peakRate([0, 1000, 2000])).toBe(1);
});

test('one backup is finished when the poll after its end sees it, and costs a call a poll', async () => {
  const { failures, lastResponse, calls } = await startTogether(FRAMEWORK, 1);
  expect(failures).toBe(0);
  expect(lastResponse).toBeGreaterThan(45 * 60_000);
  expect(lastResponse).toBeLessThan(46 * 60_000);
  expect(calls.length).toBeGreaterThan(90);
});

test('the real handler responds for all of twenty, though FSx throttles', async () => {
  const { failures, calls } = await startTogether(OURS, 20);
  expect(failures).toBe(0);
  expect(peakRate(calls)).toBeGreaterThan(10);
});

test('no backup succeeds if FSx lets no call through', async () => {
  expect(await startTogether(FRAMEWORK, 2, 0)).toMatchObject({ failures: 2 });
  expect(await startTogether(OURS, 2, 0)).toMatchObject({ failures: 2 });
});
