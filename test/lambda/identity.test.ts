import { backup, tagsWith } from './backups';
import { clientRequestToken, generationOf, keptOf, marksOf, ownTags } from '../../lambda/identity';
import type { Source } from '../../lambda/source';
import { FILE_SYSTEM, STACK_ID, VOLUME } from '../fixtures/events';

const owner = { stackId: STACK_ID, logicalId: 'Backup' };
const of = (source: Source, triggers = '') => generationOf({ source, triggers });

describe('the generation', () => {
  test('is the same for the same source and triggers', () => {
    expect(of({ FileSystemId: FILE_SYSTEM }, 'a')).toBe(of({ FileSystemId: FILE_SYSTEM }, 'a'));
  });

  test('differs for another source and for other triggers', () => {
    expect(of({ FileSystemId: FILE_SYSTEM })).not.toBe(of({ VolumeId: VOLUME }));
    expect(of({ FileSystemId: FILE_SYSTEM })).not.toBe(of({ FileSystemId: FILE_SYSTEM }, 'a'));
  });

  test('says the version of its computation, and never changes between releases', () => {
    expect(of({ FileSystemId: FILE_SYSTEM })).toBe('1-42600f1bc6da8f4f');
  });
});

describe('a backup belongs to (stack id, logical id)', () => {
  const isOwn = (changes: object, copied?: string) =>
    marksOf({ Tags: tagsWith(changes), SourceBackupId: copied }, owner).isOwn;

  test('as its tags say', () => {
    expect(isOwn({})).toBe(true);
    expect(isOwn({ generation: 'another' })).toBe(true);
  });

  test.each([
    ['another stack', { stackId: `${STACK_ID}x` }],
    ['another resource', { logicalId: 'Other' }],
  ])('and not to %s', (_, changes) => {
    expect(isOwn(changes)).toBe(false);
  });

  test('and without tags to nobody', () => {
    expect(marksOf({ Tags: undefined }, owner).isOwn).toBe(false);
    expect(marksOf({ Tags: [] }, owner).isOwn).toBe(false);
    expect(marksOf({ Tags: [] }, { stackId: undefined, logicalId: undefined } as any).isHeld).toBe(false);
  });

  test('copies carry the tags, and belong to nobody', () => {
    expect(isOwn({}, 'backup-0aaaaaaaaaaaaaaaa')).toBe(false);
  });
});

test('the tags say what the backup was taken for, what was held before, and what becomes of it', () => {
  const Tags = ownTags(owner, '1-abc', 'backup-1', 'KEEP_LAST:3');
  expect(marksOf({ Tags }, owner)).toEqual({
    isOwn: true,
    generation: '1-abc',
    previous: 'backup-1',
    removal: 'KEEP_LAST:3',
    isHeld: false,
  });
});

test('`hold` holds with any value, and none', () => {
  for (const Value of ['', 'false', undefined]) {
    expect(marksOf({ Tags: [{ Key: 'cdk-fsx-backup:hold', Value }] }, owner).isHeld).toBe(true);
  }
  expect(marksOf(backup(), owner).isHeld).toBe(false);
});

test('the tags have values that FSx accepts, also with the longest names', () => {
  const stackId =
    `arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/${'s'.repeat(128)}/` +
    '6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f';
  for (const { Key, Value } of ownTags({ stackId, logicalId: 'L'.repeat(255) }, 'f', 'none', 'RETAIN')) {
    expect(Key).toMatch(/^[A-Za-z0-9_.:/=+\-@]{1,128}$/);
    expect(Value).toMatch(/^[A-Za-z0-9_.:/=+\-@]{1,256}$/);
  }
});

test.each([
  ['KEEP_LAST:1', 1],
  ['KEEP_LAST:20', 20],
  ['KEEP_LAST:0', undefined],
  ['KEEP_LAST:', undefined],
  ['KEEP_LAST:-1', undefined],
  ['KEEP_LAST:1x', undefined],
  ['KEEP_LAST:12345678901234567', undefined],
  ['RETAIN', undefined],
  ['DESTROY', undefined],
  [undefined, undefined],
])('%s keeps %s', (removal, kept) => {
  expect(keptOf(removal)).toBe(kept);
});

describe('the client request token', () => {
  const request = { ...owner, requestId: 'request-1' };
  const token = clientRequestToken(request);

  test('names stack and resource for readers of CloudTrail', () => {
    expect(token).toMatch(/^Files\.Backup\.[0-9a-f]{20}$/);
  });

  test('is derived from the resource and the request', () => {
    expect(clientRequestToken({ ...request })).toBe(token);
    expect(clientRequestToken({ ...request, requestId: 'request-2' })).not.toBe(token);
    expect(clientRequestToken({ ...request, logicalId: 'Backup2' })).not.toBe(token);
    const again = { ...request, stackId: STACK_ID.replace('6b5c', '7b5c') };
    expect(clientRequestToken(again)).not.toBe(token);
  });

  test('has at most 63 characters that FSx accepts, whatever the names', () => {
    const longest = clientRequestToken({
      stackId: STACK_ID.replace('Files', 'x'.repeat(128)),
      logicalId: 'Ä'.repeat(255),
      requestId: 'r'.repeat(200),
    });
    expect(longest).toMatch(/^[A-Za-z0-9_.-]{1,63}$/);
  });
});
