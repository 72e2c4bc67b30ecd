import { requestOf, wantedBy } from '../../lambda/execution-input';
import { InvalidProperties } from '../../lambda/request';

const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:Waiter:0b7c';
const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Operators/1';
const start = (input: unknown) =>
  requestOf({ input, execution: EXECUTION, startTime: '2026-11-02T09:00:00Z' }, STACK_ID);
const wanted = (input: unknown) => wantedBy(start(input).ResourceProperties);

test('a source is all that an input needs', () => {
  expect(wanted({ source: 'fs-0498eed5fe91001ec' })).toEqual({
    source: { fileSystemId: 'fs-0498eed5fe91001ec' },
    triggers: [`run:${EXECUTION}`],
    tags: [{ Key: 'Name', Value: 'fs-0498eed5fe91001ec' }],
    waitUntil: 'AVAILABLE',
    timeoutSeconds: 43_200,
    removalPolicy: 'RETAIN',
    keepLast: undefined,
  });
  expect(start({ source: 'fs-0498eed5fe91001ec' })).toMatchObject({
    RequestType: 'Create',
    StackId: STACK_ID,
    RequestId: EXECUTION,
    LogicalResourceId: 'series/fs-0498eed5fe91001ec',
  });
  expect(start({ source: 'fs-0498eed5fe91001ec' })).not.toHaveProperty('ResponseURL');
});

test('everything that an input may say', () => {
  const input = {
    version: '1',
    source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
    series: 'Pipeline/Prod',
    run: '4242',
    name: 'before the release',
    tags: { team: 'files' },
    timeout: 259_200,
    waitUntil: 'STARTED',
    keepLast: 2,
  };
  expect(wanted(input)).toEqual({
    source: { stack: 'Prod-Files', logicalId: 'FileSystem' },
    triggers: ['run:4242'],
    tags: [
      { Key: 'Name', Value: 'before the release' },
      { Key: 'team', Value: 'files' },
    ],
    waitUntil: 'STARTED',
    timeoutSeconds: 259_200,
    removalPolicy: 'RETAIN',
    keepLast: 2,
  });
  expect(start(input).LogicalResourceId).toBe('series/Pipeline/Prod');
});

test('names, tags and numbers may be as long as the longest', () => {
  const tags = Object.fromEntries(
    Array.from({ length: 46 }, (_, i) => [`${i}`.padStart(128, 'k'), 'x'.repeat(256)]),
  );
  const input = {
    source: { stack: 'S'.repeat(128), logicalId: 'L'.repeat(255) },
    series: 'x'.repeat(200),
    run: 'x'.repeat(200),
    name: 'x'.repeat(256),
    tags,
    timeout: 604_800,
  };
  expect(() => wanted(input)).not.toThrow();
});

test('a backup is called like its series', () => {
  expect(wanted({ source: 'fs-0498eed5fe91001ec', series: 'Pipeline/Prod' }).tags).toEqual([
    { Key: 'Name', Value: 'Pipeline/Prod' },
  ]);
});

test('a volume', () => {
  expect(wanted({ source: 'fsvol-0123456789abcdef0' }).source).toEqual({
    volumeId: 'fsvol-0123456789abcdef0',
  });
});

test('the series of what a stack has deployed is named after both', () => {
  expect(start({ source: { stack: 'Files', logicalId: 'FileSystem' } }).LogicalResourceId).toBe(
    'series/Files/FileSystem',
  );
});

test('the version may be a number', () => {
  expect(() => wanted({ source: 'fs-0498eed5fe91001ec', version: 1 })).not.toThrow();
});

test("the execution's own name is a run, whatever characters it has", () => {
  const request = requestOf(
    { input: { source: 'fs-0498eed5fe91001ec' }, execution: `${EXECUTION}(1)!`, startTime: '' },
    STACK_ID,
  );
  expect(wantedBy(request.ResourceProperties).triggers).toEqual([`run:${EXECUTION}(1)!`]);
});

test('long names of what is backed up make a series and a name that fit a tag', () => {
  const input = { source: { stack: 'S'.repeat(128), logicalId: 'L'.repeat(255) } };
  expect(start(input).LogicalResourceId).toHaveLength('series/'.length + 200);
  expect(wanted(input).tags[0].Value).toHaveLength(200);
});

test('numbers may be strings, as templates make them', () => {
  expect(wanted({ source: 'fs-0498eed5fe91001ec', timeout: '600', keepLast: '3' })).toMatchObject({
    timeoutSeconds: 600,
    keepLast: 3,
  });
});

test('a series is never the logical id of a resource, which has no slash', () => {
  expect(start({ source: 'fs-0498eed5fe91001ec', series: 'Backup8A44B909' }).LogicalResourceId).toBe(
    'series/Backup8A44B909',
  );
});

const fs = { source: 'fs-0498eed5fe91001ec' };

test.each<[string, unknown, RegExp]>([
  [
    'no object',
    'fs-0498eed5fe91001ec',
    /the input is "fs-0498eed5fe91001ec"; it must be an object, such as \{"source"/,
  ],
  ['nothing', null, /the input is "null"/],
  ['a list', [fs], /it must be an object/],
  ['no source', {}, /source is "missing"; it must be the id of an FSx file system/],
  ['null as source', { source: null }, /source is "null"; it must be the id of an FSx file system/],
  ['something else as source', { source: 'vpc-12345678' }, /source is "vpc-12345678"/],
  [
    'an ARN as source',
    { source: 'arn:aws:fsx:us-east-1:123456789012:file-system/fs-0498eed5fe91001ec' },
    /source is "arn:/,
  ],
  ['a source with more behind it', { source: 'fs-0498eed5fe91001ec\n' }, /source is/],
  [
    'a stack without logical id',
    { source: { stack: 'Files' } },
    /source is "\{"stack":"Files"\}"; .*"logicalId"/,
  ],
  ['a stack of another form', { source: { stack: '../x', logicalId: 'A' } }, /source is/],
  ['a logical id of another form', { source: { stack: 'Files', logicalId: 'A/B' } }, /source is/],
  ['a source with more members', { source: { stack: 'Files', logicalId: 'A', type: 'x' } }, /source is/],
  [
    'a misspelt member',
    { ...fs, keeplast: 2 },
    new RegExp(
      /"keeplast" is not known: an input may have version, source, series, run, name, tags, /.source +
        /timeout, waitUntil, keepLast/.source,
    ),
  ],
  ['a newer version', { ...fs, version: '2' }, /version is "2"; it must be 1/],
  ['an object as version', { ...fs, version: { a: 1 } }, /version is "\{"a":1\}"; it must be 1/],
  [
    'a timeout of seconds',
    { ...fs, timeout: 59 },
    /timeout is "59"; it must be a whole number from 60 to 604800/,
  ],
  ['a timeout over seven days', { ...fs, timeout: 604_801 }, /timeout is "604801"/],
  ['a timeout in words', { ...fs, timeout: '1 hour' }, /timeout is "1 hour"/],
  ['a fraction', { ...fs, timeout: 60.5 }, /timeout is "60.5"/],
  ['to keep none', { ...fs, keepLast: 0 }, /keepLast is "0"; it must be a whole number from 1/],
  [
    'an unknown waitUntil',
    { ...fs, waitUntil: true },
    /waitUntil is "true"; it must be AVAILABLE or STARTED/,
  ],
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
    /tags has "\["a;b","c"\]"; a key may have 1 to 128/,
  ],
  ['a tag without a key', { ...fs, tags: { '': 'x' } }, /tags has "\["","x"\]"; a key may have 1 to 128/],
  ['a tag with a long key', { ...fs, tags: { ['k'.repeat(129)]: 'x' } }, /a key may have 1 to 128/],
  ['a tag with a long value', { ...fs, tags: { a: 'x'.repeat(257) } }, /and a value 256/],
  [
    'too many tags',
    { ...fs, tags: Object.fromEntries(Array.from({ length: 47 }, (_, i) => [`key${i}`, 'x'])) },
    /tags has 48 tags with Name; it may have 47/,
  ],
  ['an empty series', { ...fs, series: '' }, /series is ""; it must have 1 to 200/],
  ['a series with other characters', { ...fs, series: 'a\u0000b' }, /series is/],
  ['a long run', { ...fs, run: 'x'.repeat(201) }, /run is/],
  ['a long name', { ...fs, name: 'x'.repeat(257) }, /name is/],
])('%s is refused', (_, input, message) => {
  expect(() => start(input)).toThrow(message);
  expect(() => start(input)).toThrow(InvalidProperties);
});
