import { lookup } from '../../bench/lookup';

test('where FSx filters first, the backups of others are not read', async () => {
  expect(await lookup(200, Infinity)).toEqual({ pages: 1, found: 3 });
});

test('where FSx pages first, each page is read, and none of ours is missed', async () => {
  expect(await lookup(197, 50)).toEqual({ pages: 4, found: 3 });
});
