import { bars, lines } from '../../bench/plot';

const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, label]) => label);

test('bars say their values, rounded to three digits', () => {
  const svg = bars({
    title: 'ms',
    groups: ['Node.js 22'],
    series: { ours: [120.4], theirs: [93.32], others: [0.5] },
  });
  expect(labels(svg)).toEqual(expect.arrayContaining(['120', '93.3', '0.5']));
});

test('a line goes from its first to its last point, on a logarithmic axis by factors', () => {
  const axis = { title: '', isLogarithmic: true, ticks: [1, 100] };
  const svg = lines({
    title: 'calls',
    series: {
      ours: [
        [1, 1],
        [10, 10],
        [100, 100],
      ],
    },
    x: axis,
    y: axis,
  });
  const [[x1, y1], [x2, y2], [x3, y3]] = /class="line s0" d="M([^"]+)"/
    .exec(svg)![1]
    .split('L')
    .map((point) => point.split(' ').map(Number));
  expect([x2, y2]).toEqual([(x1 + x3) / 2, (y1 + y3) / 2]);
});
