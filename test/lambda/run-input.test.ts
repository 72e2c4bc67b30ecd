import { InvalidRequest } from '../../lambda/errors';
import { runOf } from '../../lambda/run-input';
import { EXECUTION, RUN, STACK_ID } from '../fixtures/events';

const of = (input: unknown) => runOf(input, RUN);
const fs = { source: 'fs-0498eed5fe91001ec' };

test('a source is all that an input needs', () => {
  expect(of(fs)).toEqual({
    kind: 'run',
    type: 'Create',
    physicalId: '',
    stackId: STACK_ID,
    requestId: EXECUTION,
    logicalId: 'series/fs-0498eed5fe91001ec',
    skipsMissing: false,
    desired: {
      source: { FileSystemId: 'fs-0498eed5fe91001ec' },
      triggers: '',
      tags: [{ Key: 'Name', Value: 'fs-0498eed5fe91001ec' }],
      isNameTimed: true,
      timeout: 43_200,
      removal: 'RETAIN',
    },
  });
});

test('everything that an input may say', () => {
  const run = of({
    version: '1',
    source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
    whenMissing: 'SKIP',
    series: 'Pipeline/Prod',
    name: 'before the release',
    tags: { team: 'files' },
    timeout: 259_200,
    keepLast: 2,
  });
  expect(run).toMatchObject({ logicalId: 'series/Pipeline/Prod', skipsMissing: true });
  expect(run.desired).toEqual({
    source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
    triggers: '',
    tags: [
      { Key: 'Name', Value: 'before the release' },
      { Key: 'team', Value: 'files' },
    ],
    isNameTimed: false,
    timeout: 259_200,
    removal: 'KEEP_LAST:2',
  });
});

test('names, tags and numbers may be as long as the longest', () => {
  const tags = Object.fromEntries(
    Array.from({ length: 43 }, (_, i) => [`${i}`.padStart(128, 'k'), 'x'.repeat(256)]),
  );
  const input = {
    source: { stack: 'S'.repeat(128), logicalId: 'L'.repeat(255) },
    series: 'x'.repeat(200),
    name: 'x'.repeat(256),
    tags,
    timeout: 604_800,
  };
  expect(of(input).desired.tags).toHaveLength(44);
});

test('a backup is called like its series', () => {
  expect(of({ ...fs, series: 'Pipeline/Prod' }).desired.tags).toEqual([
    { Key: 'Name', Value: 'Pipeline/Prod' },
  ]);
});

test('a tag Name wins over the name', () => {
  expect(of({ ...fs, name: 'a', tags: { Name: 'b' } }).desired.tags).toEqual([{ Key: 'Name', Value: 'b' }]);
  expect(of({ ...fs, tags: { Name: 'b' } }).desired.isNameTimed).toBe(false);
});

test('a volume', () => {
  expect(of({ source: 'fsvol-0123456789abcdef0' }).desired.source).toEqual({
    VolumeId: 'fsvol-0123456789abcdef0',
  });
});

test('the series of what a stack has deployed is named after both', () => {
  expect(of({ source: { stack: 'Files', logicalId: 'FileSystem' } }).logicalId).toBe(
    'series/Files/FileSystem',
  );
});

test('long names of the source make a series and a name that fit a tag', () => {
  const run = of({ source: { stack: 'S'.repeat(128), logicalId: 'L'.repeat(255) } });
  expect(run.logicalId).toHaveLength('series/'.length + 200);
  expect(run.desired.tags[0].Value).toHaveLength(200);
});

test('the version and numbers may be strings or numbers, as templates make them', () => {
  expect(of({ ...fs, version: 1, timeout: '600', keepLast: '3' }).desired).toMatchObject({
    timeout: 600,
    removal: 'KEEP_LAST:3',
  });
});

test('a series is never the logical id of a resource, which has no slash', () => {
  expect(of({ ...fs, series: 'Backup8A44B909' }).logicalId).toBe('series/Backup8A44B909');
});

test('each execution is a request of its own', () => {
  expect(of(fs).requestId).toBe(EXECUTION);
});

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, 'x']));

test.each<[string, unknown, RegExp]>([
  ['no object', 'fs-1', /^the input is "fs-1"; it must be an object, such as \{"source"/],
  ['nothing', null, /the input is "null"/],
  ['a list', [fs], /it must be an object/],
  ['no source', {}, /source is "missing"; it must be the id of an FSx file system/],
  ['an id of something else', { source: 'vpc-1' }, /source is "vpc-1"/],
  ['a source with more', { source: { stack: 'S', logicalId: 'L', account: '1' } }, /source is/],
  ['a source without a stack', { source: { logicalId: 'L' } }, /source is/],
  ['an ARN as a stack', { source: { stack: STACK_ID, logicalId: 'L' } }, /the name of a stack/],
  ['a logical id with other characters', { source: { stack: 'S', logicalId: '../L' } }, /source is/],
  [
    'a member that is written otherwise',
    { ...fs, keeplast: 2 },
    /"keeplast" is not known: an input may have version, source, whenMissing, series, name, tags, timeout, k/,
  ],
  ['the `run` of an earlier version', { ...fs, run: '4242' }, /"run" is not known/],
  ['the state of an execution', { ...fs, state: {} }, /"state" is not known/],
  ['a newer version', { ...fs, version: '2' }, /version is "2"; it must be 1/],
  ['an object as version', { ...fs, version: { a: 1 } }, /version is/],
  ['another whenMissing', { ...fs, whenMissing: 'skip' }, /whenMissing is "skip"; it must be FAIL or SKIP/],
  ['a timeout of seconds', { ...fs, timeout: 59 }, /timeout is "59"; .* whole number from 60 to 604800/],
  ['a timeout over seven days', { ...fs, timeout: 604_801 }, /timeout is "604801"/],
  ['a timeout in words', { ...fs, timeout: '1 hour' }, /timeout is "1 hour"/],
  ['a fraction', { ...fs, timeout: 60.5 }, /timeout is "60.5"/],
  ['to keep none', { ...fs, keepLast: 0 }, /keepLast is "0"; it must be a whole number from 1/],
  [
    'tags as a list',
    { ...fs, tags: [{ Key: 'a', Value: 'b' }] },
    /tags is .*; it must be an object of strings/,
  ],
  ['a tag that is not text', { ...fs, tags: { a: 1 } }, /tags is .*an object of strings/],
  ['a reserved tag', { ...fs, tags: { 'AWS:x': 'y' } }, /tags has "AWS:x", which is reserved/],
  ['a tag of the library', { ...fs, tags: { 'cdk-fsx-backup:stack-id': 'y' } }, /which is reserved/],
  [
    'a tag with other characters',
    { ...fs, tags: { 'a;b': 'c' } },
    /tags has "\["a;b","c"\]"; a key may have 1/,
  ],
  ['a tag without a key', { ...fs, tags: { '': 'x' } }, /tags has "\["","x"\]"; a key may have 1 to 128/],
  ['a tag with a long key', { ...fs, tags: { ['k'.repeat(129)]: 'x' } }, /a key may have 1 to 128/],
  ['a tag with a long value', { ...fs, tags: { a: 'x'.repeat(257) } }, /and a value 256/],
  ['too many tags', { ...fs, tags: many(44) }, /tags has 45 tags with Name; it may have 44/],
  ['an empty series', { ...fs, series: '' }, /series is ""; it must have 1 to 200/],
  ['a series with other characters', { ...fs, series: 'a\u0000b' }, /series is/],
  ['a long name', { ...fs, name: 'x'.repeat(257) }, /name is/],
])('%s is refused', (_, input, message) => {
  expect(() => of(input)).toThrow(message);
  expect(() => of(input)).toThrow(InvalidRequest);
});
