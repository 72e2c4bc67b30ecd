import { tagsWith } from './backups';
import { tagChanges, tagsAt, tagsOfNew, timeInName, timeOfName } from '../../lambda/tags';

const tag = (Key: string, Value = 'v') => ({ Key, Value });
const many = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => tag(`${prefix}${i}`));
const own = tagsWith().filter(({ Key }) => Key !== 'Name');

describe('the tags of a new backup', () => {
  test("are the library's, the user's, and those of the source", () => {
    expect(tagsOfNew([tag('team')], [tag('Name')], own)).toEqual({
      tags: [...own, tag('Name'), tag('team')],
      dropped: [],
    });
  });

  test("of the source do not replace the user's", () => {
    const { tags } = tagsOfNew([tag('Name', 'of the source')], [tag('Name', 'of the user')], own);
    expect(tags.filter(({ Key }) => Key === 'Name')).toEqual([tag('Name', 'of the user')]);
  });

  test("never include aws: tags, nor another backup's of the library", () => {
    const reserved = ['aws:cloudformation:stack-id', 'cdk-fsx-backup:stack-id', 'cdk-fsx-backup:hold'];
    const foreign = reserved.map((key) => tag(key, 'foreign'));
    expect(tagsOfNew(foreign, [], own)).toEqual({ tags: own, dropped: [] });
  });

  test('are 49 at most, so that `hold` has room, and say which of the source are left out', () => {
    const { tags, dropped } = tagsOfNew(many(50, 's'), many(10, 'u'), own);
    expect(tags).toHaveLength(49);
    expect(tags).toEqual(expect.arrayContaining([...own, ...many(10, 'u')]));
    expect(dropped).toHaveLength(16);
  });

  test('44 are the user’s', () => {
    expect(tagsOfNew([tag('s')], many(44, 'u'), own)).toEqual({
      tags: [...own, ...many(44, 'u')],
      dropped: ['s'],
    });
  });
});

describe('the time in the name', () => {
  const TIME = '2026-11-02T09:00Z';
  const tags = [tag('Name', 'Files/Backup 1.4.2'), tag('team')];
  const at = (desired: object, time: string | undefined = TIME) => tagsAt(desired as any, time);

  test('is there if the user gives no name', () => {
    expect(at({ tags, isNameTimed: true })).toEqual([tag('Name', `Files/Backup 1.4.2 ${TIME}`), tag('team')]);
    expect(at({ tags, isNameTimed: false })).toEqual(tags);
    expect(at({ tags: [tag('team')], isNameTimed: true })).toEqual([tag('team')]);
  });

  test.each(['x'.repeat(256), '𝒳'.repeat(128), `${'𝒳'.repeat(127)}x`])(
    'leaves the end of a long name, and no half of a character: %s',
    (name) => {
      const [{ Value }] = at({ tags: [tag('Name', name)], isNameTimed: true });
      expect(Value.length).toBeLessThanOrEqual(256);
      expect(Value.length).toBeGreaterThanOrEqual(254);
      expect(Value).toMatch(/^[x𝒳]+ 2026-11-02T09:00Z$/u);
    },
  );

  test('is in minutes, of UTC', () => {
    expect(timeInName(new Date('2026-11-02T10:00:59.999+01:00'))).toBe(TIME);
  });

  test('stays what it is; where there is none, it is that of the backup', () => {
    const CreationTime = new Date('2026-11-02T09:30:00Z');
    const timeOf = (...Tags: any[]) => timeOfName({ CreationTime, Tags } as any);
    expect(timeOf(tag('Name', `Files/Backup ${TIME}`))).toBe(TIME);
    expect(timeOf(tag('Name', 'Files/Backup'))).toBe('2026-11-02T09:30Z');
    expect(timeOf(tag('Name', `${TIME} and more`))).toBe('2026-11-02T09:30Z');
    expect(timeOf()).toBe('2026-11-02T09:30Z');
    expect(timeOfName({} as any)).toBeUndefined();
  });
});

describe('changes of tags', () => {
  const actual = [...own, tag('Name', 'old'), tag('team')];

  test('are none if the backup carries what is wanted', () => {
    expect(tagChanges(actual, [tag('Name', 'old')], ['Name'])).toEqual({ set: [], removed: [] });
  });

  test('set what is new or has another value', () => {
    expect(tagChanges(actual, [tag('Name', 'new'), tag('cost')], ['Name']).set).toEqual([
      tag('Name', 'new'),
      tag('cost'),
    ]);
  });

  test('remove what the user gave formerly and no longer does', () => {
    expect(tagChanges(actual, [], ['Name', 'never-there']).removed).toEqual(['Name']);
  });

  test('leave alone what somebody else put there', () => {
    expect(tagChanges(actual, [], []).removed).toEqual([]);
  });

  test("never remove the library's, `hold` among them", () => {
    const held = [...actual, tag('cdk-fsx-backup:hold')];
    const former = ['cdk-fsx-backup:stack-id', 'cdk-fsx-backup:hold'];
    expect(tagChanges(held, [], former).removed).toEqual([]);
  });

  test("make room for the user's by dropping copied ones", () => {
    const full = [...own, ...many(44, 's'), tag('aws:backup:x')];
    const { set, removed } = tagChanges(full, [tag('Name'), tag('cost')], []);
    expect(set).toHaveLength(2);
    expect(removed).toEqual(['s0', 's1']);
  });
});
