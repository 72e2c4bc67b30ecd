import { atMost } from '../../bench/goals';
import { median } from '../../bench/median';
import { page, ratio } from '../../bench/page';

test.each([
  [0.39, true],
  [0.4, true],
  [0.41, false],
  [NaN, false],
  [Infinity, false],
])('a goal of at most 0.4 with %d: %s', (value, isMet) => {
  expect(atMost('share', 0.4, value, ratio)).toMatchObject({ wanted: '≤ 0.40', isMet });
});

test('the page says of each goal where it is measured, and whether it is met', () => {
  const goals = [atMost('first', 8, 7), atMost('more', 1, 2)];
  expect(
    page([{ title: 'Many backups', goals, blocks: ['a block'] }], [['processor', 'quick']]).split('\n'),
  ).toEqual(
    expect.arrayContaining([
      '| [Many backups](#many-backups): first | ≤ 8 | 7 | yes |',
      '| [Many backups](#many-backups): more | ≤ 1 | 2 | **no** |',
    ]),
  );
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[10, 9, 100], 10],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
  expect(() => median([])).toThrow(/nothing/);
});
