import type { Backup } from '@aws-sdk/client-fsx';
import { backup, NEW, OLD } from './backups';
import type { Page } from '../../lambda/fsx';
import { list, newest, SearchGoesOn, SHARE } from '../../lambda/listing';
import type { Source } from '../../lambda/source';

const ONE: Source = { FileSystemId: 'fs-0123456789abcdef0' };
const TWO: Source = { FileSystemId: 'fs-0123456789abcdef1' };

/** Answers with these pages, in order; an error is thrown. */
function around(...pages: Array<Page | Error>) {
  const asked: unknown[] = [];
  let clock = 0;
  const page = async (source: Source | undefined, token?: string): Promise<Page> => {
    asked.push([source, token]);
    clock += 1_000;
    const next = pages[asked.length - 1];
    if (next instanceof Error) throw next;
    return next;
  };
  return {
    asked,
    context: {
      fsx: { page, backup: async (id: string) => backup({}, { BackupId: id }) } as any,
      now: 0,
      clock: () => clock,
    },
  };
}
const page = (ids: string[], next?: string): Page => ({
  backups: ids.map((id) => backup({}, { BackupId: id })),
  next,
});
const ids = (found: string[], backups: readonly Backup[]) => [
  ...found,
  ...backups.map(({ BackupId }) => BackupId!),
];

describe('a listing', () => {
  test('goes through all pages of all sources, also empty ones', async () => {
    const { context, asked } = around(page([], 'a'), page(['one']), page(['two']));
    expect(await list(context, [ONE, TWO], { found: [] }, ids)).toMatchObject({
      found: ['one', 'two'],
      isDone: true,
    });
    expect(asked).toEqual([
      [ONE, undefined],
      [ONE, 'a'],
      [TWO, undefined],
    ]);
  });

  test('of the account has no source', async () => {
    const { context, asked } = around(page(['one']));
    await list(context, [], { found: [] }, ids);
    expect(asked).toEqual([[undefined, undefined]]);
  });

  test('keeps its place if a page fails, and goes on from there', async () => {
    const first = around(page(['one'], 'a'), new Error('throttled'));
    const { isDone, ...kept } = await list(first.context, [ONE], { found: [] }, ids);
    expect({ isDone, ...kept }).toEqual({ isDone: false, found: ['one'], place: { source: 0, token: 'a' } });
    const second = around(page(['two']));
    expect(await list(second.context, [ONE], kept, ids)).toMatchObject({
      found: ['one', 'two'],
      isDone: true,
    });
    expect(second.asked).toEqual([[ONE, 'a']]);
  });

  test('fails if its first page does', async () => {
    const { context } = around(new Error('throttled'));
    await expect(list(context, [ONE], { found: [] }, ids)).rejects.toThrow('throttled');
  });

  test('stops after its share of the poll', async () => {
    const { context, asked } = around(...Array.from({ length: 100 }, (_, i) => page([], `${i}`)));
    expect((await list(context, [ONE], { found: [] }, ids)).isDone).toBe(false);
    expect(asked).toHaveLength(SHARE / 1_000 + 1);
  });

  test('stops when it is enough', async () => {
    const { context, asked } = around(page(['one'], 'a'), page(['two']));
    const { found } = await list<string[]>(context, [ONE], { found: [] }, ids, (all) => all.length > 0);
    expect([found, asked.length]).toEqual([['one'], 1]);
  });
});

describe('the newest backup', () => {
  const at = (id: string, minute: number, changes: Partial<Backup> = {}) =>
    backup({}, { BackupId: id, CreationTime: new Date(minute * 60_000), ...changes });

  test('is AVAILABLE, matches, and is the newest of all pages', async () => {
    const { context } = around(
      { backups: [at(NEW, 2), at('failed', 3, { Lifecycle: 'FAILED' }), at('other', 4)], next: 'a' },
      { backups: [at(OLD, 1)] },
    );
    expect(await newest(context, [ONE], ({ BackupId }) => BackupId !== 'other')).toMatchObject({
      BackupId: NEW,
    });
  });

  test('is none if none matches', async () => {
    expect(await newest(around(page(['one'])).context, [ONE], () => false)).toBeUndefined();
  });

  test('is searched for in the next poll, too, if there are too many', async () => {
    const { context } = around(
      ...Array.from({ length: 100 }, (_, i) => ({ backups: i ? [] : [at(NEW, 1)], next: `${i}` })),
    );
    const search = await newest(context, [ONE], () => true).catch((error) => error);
    expect(search).toBeInstanceOf(SearchGoesOn);
    const again = { ...around(page([])).context, search: search.search };
    expect(await newest(again, [ONE], () => true)).toMatchObject({ BackupId: NEW });
  });
});
