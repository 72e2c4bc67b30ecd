import {
  belongsTo,
  belongsToResource,
  clientRequestToken,
  generationOf,
  identityTags,
} from '../../lambda/identity';
import type { Source } from '../../lambda/request';
import { FILE_SYSTEM, STACK_ID, VOLUME } from '../fixtures/events';

const of = (source: Source) => generationOf({ source, triggers: [] });

const identity = { stackId: STACK_ID, logicalId: 'Backup', generation: 'g1' };

describe('generation', () => {
  test('is the same for the same source', () => {
    expect(of({ fileSystemId: FILE_SYSTEM })).toBe(of({ fileSystemId: FILE_SYSTEM }));
  });

  test('differs for another source', () => {
    expect(of({ fileSystemId: FILE_SYSTEM })).not.toBe(of({ volumeId: VOLUME }));
  });

  test('never changes between releases: backups in the field carry it', () => {
    expect(of({ fileSystemId: FILE_SYSTEM })).toBe('48cf4266f17946f3');
  });
});

describe('identity tags', () => {
  test('are what ownership is read from', () => {
    expect(belongsTo(identityTags(identity), identity)).toBe(true);
  });

  test.each([
    ['another stack', { ...identity, stackId: `${STACK_ID}x` }],
    ['another resource', { ...identity, logicalId: 'Other' }],
    ['another generation', { ...identity, generation: 'g2' }],
  ])('of %s are not ours', (_, other) => {
    expect(belongsTo(identityTags(other), identity)).toBe(false);
  });

  test('of another generation still belong to the resource', () => {
    expect(belongsToResource(identityTags({ ...identity, generation: 'g2' }), identity)).toBe(true);
  });

  test('that are missing belong to nobody', () => {
    expect(belongsToResource(undefined, identity)).toBe(false);
    expect(belongsToResource([], identity)).toBe(false);
  });

  test('are values that FSx accepts, also with the longest names', () => {
    const name = 's'.repeat(128);
    const stackId =
      `arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/${name}/` +
      '6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f';
    for (const { Key, Value } of identityTags({
      stackId,
      logicalId: 'L'.repeat(255),
      generation: 'f'.repeat(16),
    })) {
      expect(Key).toMatch(/^[A-Za-z0-9_.:/=+\-@]{1,128}$/);
      expect(Value).toMatch(/^[A-Za-z0-9_.:/=+\-@]{1,256}$/);
    }
  });
});

describe('client request token', () => {
  const token = clientRequestToken(STACK_ID, 'Backup', 'request-1');

  test('names stack and resource for readers of CloudTrail', () => {
    expect(token).toMatch(/^Files\.Backup\.[0-9a-f]{20}$/);
  });

  test('is the same for every delivery of a request', () => {
    expect(clientRequestToken(STACK_ID, 'Backup', 'request-1')).toBe(token);
  });

  test('differs for another request, resource or stack', () => {
    expect(clientRequestToken(STACK_ID, 'Backup', 'request-2')).not.toBe(token);
    expect(clientRequestToken(STACK_ID, 'Backup2', 'request-1')).not.toBe(token);
    expect(clientRequestToken(STACK_ID.replace('6b5c', '7b5c'), 'Backup', 'request-1')).not.toBe(token);
  });

  test('has at most 63 characters that FSx accepts, whatever the names', () => {
    const longest = clientRequestToken(
      STACK_ID.replace('Files', 'x'.repeat(128)),
      'Ä'.repeat(255),
      'r'.repeat(200),
    );
    expect(longest).toMatch(/^[A-Za-z0-9_.-]{1,63}$/);
  });
});
