import { lookup } from '../../bench/lookup';

test('a backup is taken without a listing, whatever else the account holds', async () => {
  const alone = await lookup('a backup', 0);
  expect(alone).toMatchObject({ pages: 0, left: 4 });
  expect(await lookup('a backup', 200)).toEqual(alone);
});

test('a cleanup with keepLast reads each page if FSx counts them before it filters', async () => {
  expect(await lookup('cleanup, `keepLast`', 0)).toMatchObject({ pages: 1, left: 2 });
  expect(await lookup('cleanup, `keepLast`', 197)).toMatchObject({ pages: 4, left: 2 });
});

test('the deletion of a stack reads each page, and misses no backup of its own', async () => {
  expect(await lookup('stack deletion, `DESTROY`', 197)).toMatchObject({ pages: 4, left: 0 });
});
