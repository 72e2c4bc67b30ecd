import { copiedTags, tagChanges } from '../../lambda/tags';

const tag = (Key: string, Value = 'v') => ({ Key, Value });
const many = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => tag(`${prefix}${i}`));
const identity = [
  tag('cdk-fsx-backup:stack-id'),
  tag('cdk-fsx-backup:logical-id'),
  tag('cdk-fsx-backup:generation'),
];

describe('tags of a new backup', () => {
  test("are the identity, the user's, and the source's", () => {
    expect(copiedTags([tag('team')], [tag('Name')], identity)).toEqual({
      tags: [...identity, tag('Name'), tag('team')],
      dropped: [],
    });
  });

  test("of the source do not replace the user's", () => {
    const { tags } = copiedTags([tag('Name', 'of the source')], [tag('Name', 'of the user')], identity);
    expect(tags.filter(({ Key }) => Key === 'Name')).toEqual([tag('Name', 'of the user')]);
  });

  test("never include aws: tags, nor another backup's identity", () => {
    const reserved = [
      'aws:cloudformation:stack-id',
      'cdk-fsx-backup:stack-id',
      'cdk-fsx-backup:of-a-later-version',
    ];
    expect(
      copiedTags(
        reserved.map((key) => tag(key, 'foreign')),
        [],
        identity,
      ).tags,
    ).toEqual(identity);
  });

  test('are at most 50, and say which of the source were left out', () => {
    const { tags, dropped } = copiedTags(many(50, 's'), many(10, 'u'), identity);
    expect(tags).toHaveLength(50);
    expect(tags).toEqual(expect.arrayContaining([...identity, ...many(10, 'u')]));
    expect(dropped).toHaveLength(13);
  });
});

describe('tag changes', () => {
  const actual = [...identity, tag('Name', 'old'), tag('team')];

  test('are none where the backup carries what is wanted', () => {
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

  test('never remove the identity', () => {
    expect(tagChanges(actual, [], ['cdk-fsx-backup:stack-id']).removed).toEqual([]);
  });

  test("make room for the user's by dropping copied ones", () => {
    const { set, removed } = tagChanges(
      [...identity, ...many(47, 's'), tag('aws:backup:x')],
      [tag('Name'), tag('cost')],
      [],
    );
    expect(set).toHaveLength(2);
    expect(removed).toEqual(['s0', 's1', 's2']);
  });
});
