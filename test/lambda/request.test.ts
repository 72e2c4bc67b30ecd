import { properties, VOLUME } from './events';
import { InvalidProperties, parseProperties } from '../../lambda/request';

test('the properties of a file system backup', () => {
  expect(parseProperties(properties())).toEqual({
    source: { fileSystemId: 'fs-0498eed5fe91001ec' },
    tags: [{ Key: 'Name', Value: 'Files/Backup' }],
    waitUntil: 'AVAILABLE',
    timeoutSeconds: 3600,
    removalPolicy: 'RETAIN',
    stateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:Waiter',
  });
});

test('the properties of a volume backup', () => {
  expect(parseProperties(properties({ FileSystemId: undefined, VolumeId: VOLUME })).source).toEqual({ volumeId: VOLUME });
});

test('a short timeout is taken as it is', () => {
  expect(parseProperties(properties({ TimeoutSeconds: '600' })).timeoutSeconds).toBe(600);
});

test('no tags are no tags', () => {
  expect(parseProperties(properties({ Tags: undefined })).tags).toEqual([]);
});

test.each([
  ['a newer schema', { SchemaVersion: '2' }, /schema version "2".*knows version 1.*at least as new/],
  ['no schema', { SchemaVersion: undefined }, /schema version "missing"/],
  ['no source', { FileSystemId: undefined }, /exactly one of FileSystemId and VolumeId/],
  ['two sources', { VolumeId: VOLUME }, /exactly one of FileSystemId and VolumeId/],
  ['an id of something else', { FileSystemId: 'vpc-12345678' }, /"vpc-12345678" is not the id of an FSx file system/],
  ['an id with more behind it', { FileSystemId: 'fs-0498eed5fe91001ec\nfs-1' }, /not the id of an FSx file system/],
  ['an id that is not text', { FileSystemId: { Ref: 'Fs' } }, /"\{"Ref":"Fs"\}" is not the id/],
  ['a short volume id', { FileSystemId: undefined, VolumeId: 'fsvol-123' }, /"fsvol-123" is not the id of an FSx volume/],
  ['tags that are no list', { Tags: 'Name' }, /Tags must be a list/],
  ['a tag without value', { Tags: [{ Key: 'Name' }] }, /is not a tag/],
  ['an unknown waitUntil', { WaitUntil: 'true' }, /WaitUntil is "true"; it must be AVAILABLE or STARTED/],
  ['an unknown removal policy', { RemovalPolicy: 'SNAPSHOT' }, /RemovalPolicy is "SNAPSHOT"/],
  ['a timeout in words', { TimeoutSeconds: '1 hour' }, /TimeoutSeconds is "1 hour"; it must be a whole number from 1 to 3600/],
  ['a timeout of nothing', { TimeoutSeconds: '0' }, /TimeoutSeconds is "0"/],
  ['a timeout over an hour', { TimeoutSeconds: '3601' }, /TimeoutSeconds is "3601"/],
  ['no state machine', { StateMachineArn: undefined }, /StateMachineArn is "missing"/],
])('%s is refused', (_, changes, message) => {
  expect(() => parseProperties(properties(changes))).toThrow(message);
  expect(() => parseProperties(properties(changes))).toThrow(InvalidProperties);
});

test('no properties at all are refused', () => {
  expect(() => parseProperties(undefined)).toThrow(InvalidProperties);
});
