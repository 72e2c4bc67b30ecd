import { responseBody } from '../../lambda/answer';
import { checked, InvalidProperties, isCloudFormationEvent, parseProperties } from '../../lambda/request';
import { createEvent, deleteEvent, properties, updateEvent, VOLUME } from '../fixtures/events';

test('the properties of a file system backup', () => {
  expect(parseProperties(properties())).toEqual({
    source: { fileSystemId: 'fs-0498eed5fe91001ec' },
    triggers: [],
    tags: [{ Key: 'Name', Value: 'Files/Backup' }],
    waitUntil: 'AVAILABLE',
    timeoutSeconds: 3600,
    removalPolicy: 'RETAIN',
  });
});

test('the properties of a volume backup', () => {
  expect(parseProperties(properties({ FileSystemId: undefined, VolumeId: VOLUME })).source).toEqual({
    volumeId: VOLUME,
  });
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
  [
    'no source',
    { FileSystemId: undefined },
    /exactly one of FileSystemId, VolumeId, DeployedFileSystem and DeployedVolume/,
  ],
  [
    'two sources',
    { VolumeId: VOLUME },
    /exactly one of FileSystemId, VolumeId, DeployedFileSystem and DeployedVolume/,
  ],
  [
    'an id of something else',
    { FileSystemId: 'vpc-12345678' },
    /"vpc-12345678" is not the id of an FSx file system/,
  ],
  [
    'an id with more behind it',
    { FileSystemId: 'fs-0498eed5fe91001ec\nfs-1' },
    /not the id of an FSx file system/,
  ],
  ['an id that is not text', { FileSystemId: { Ref: 'Fs' } }, /"\{"Ref":"Fs"\}" is not the id/],
  [
    'a short volume id',
    { FileSystemId: undefined, VolumeId: 'fsvol-123' },
    /"fsvol-123" is not the id of an FSx volume/,
  ],
  ['tags that are no list', { Tags: 'Name' }, /Tags must be a list/],
  ['a tag without value', { Tags: [{ Key: 'Name' }] }, /is not a tag/],
  ['an unknown waitUntil', { WaitUntil: 'true' }, /WaitUntil is "true"; it must be AVAILABLE or STARTED/],
  ['an unknown removal policy', { RemovalPolicy: 'SNAPSHOT' }, /RemovalPolicy is "SNAPSHOT"/],
  [
    'a timeout in words',
    { TimeoutSeconds: '1 hour' },
    /TimeoutSeconds is "1 hour"; it must be a whole number from 1 to 43200/,
  ],
  ['a timeout of nothing', { TimeoutSeconds: '0' }, /TimeoutSeconds is "0"/],
  ['a timeout over twelve hours', { TimeoutSeconds: '43201' }, /TimeoutSeconds is "43201"/],
  ['triggers that are no list', { Triggers: 'v1' }, /Triggers is "v1"; it must be a list of strings/],
  [
    'a trigger that is not text',
    { Triggers: [{ Ref: 'V' }] },
    /Triggers is .*; it must be a list of strings/,
  ],
  [
    'a logical id with other characters',
    { FileSystemId: undefined, DeployedFileSystem: 'File-System' },
    /"File-System" is not the logical id/,
  ],
  ['a deployed source beside another', { DeployedVolume: 'Volume' }, /exactly one of/],
  ['to keep none', { KeepLast: '0' }, /KeepLast is "0"; it must be a whole number from 1/],
  ['to keep some', { KeepLast: 'some' }, /KeepLast is "some"/],
  ['a wait handle that is no URL', { WaitHandle: 'arn:aws:x' }, /WaitHandle must be the URL/],
  ['no state machine', { StateMachineArn: undefined }, /StateMachineArn is "missing"/],
])('%s is refused', (_, changes, message) => {
  expect(() => parseProperties(properties(changes))).toThrow(message);
  expect(() => parseProperties(properties(changes))).toThrow(InvalidProperties);
});

test.each([
  ['without a URL', { ResponseURL: undefined }],
  ['with a URL of another kind', { ResponseURL: 'file:///etc/passwd' }],
  ['with a URL that is none', { ResponseURL: 'https://' }],
  ['without an id', { RequestId: undefined }],
  ['of no type', { RequestType: 1 }],
])('a request %s is none that could be answered', (_, changes) => {
  expect(isCloudFormationEvent(createEvent())).toBe(true);
  expect(isCloudFormationEvent({ ...createEvent(), ...changes })).toBe(false);
});

test('what CloudFormation sends is as it should be', () => {
  for (const event of [createEvent(), updateEvent('backup-1'), deleteEvent('Files-Backup-1A2B3C')]) {
    expect(checked(event)).toEqual({ event });
  }
});

test.each<[string, object, string]>([
  ['another type', { RequestType: 'Upsert' }, 'RequestType is "Upsert"'],
  ['no stack', { StackId: undefined }, 'StackId is "missing"'],
  ['a stack that is text', { StackId: 'a\ud83d' }, 'StackId is "a\ud83d"'],
  ['a logical id of another form', { LogicalResourceId: '../x' }, 'LogicalResourceId is "../x"'],
  ['nothing to delete', { PhysicalResourceId: '' }, 'PhysicalResourceId is "empty"'],
  [
    'long ids',
    { RequestId: 'x'.repeat(10_000), StackId: 7 },
    `StackId is "7", RequestId is "${'x'.repeat(80)}"`,
  ],
])('a request with %s is said to be odd, and can be answered', (_, changes, problem) => {
  const found = checked({ ...deleteEvent('backup-1'), ...changes } as any);
  expect(found.problem).toBe(problem);
  expect(
    Buffer.byteLength(
      responseBody(found.event, {
        status: 'FAILED',
        physicalId: found.event.PhysicalResourceId!,
        reason: problem,
      }),
    ),
  ).toBeLessThan(4096);
});

test('no properties at all are refused', () => {
  expect(() => parseProperties(undefined)).toThrow(InvalidProperties);
});

test('the properties of a backup with triggers, of what is deployed, awaited for long and pruned', () => {
  const given = {
    FileSystemId: undefined,
    DeployedVolume: 'Volume',
    Triggers: ['onValue:1'],
    KeepLast: '2',
    WaitHandle: 'https://example.com/signed',
    TimeoutSeconds: '43200',
  };
  expect(parseProperties(properties(given))).toMatchObject({
    source: { logicalId: 'Volume' },
    triggers: ['onValue:1'],
    keepLast: 2,
    waitHandle: 'https://example.com/signed',
    timeoutSeconds: 43200,
  });
});

test('what is wrong with a wait handle is not shown: it may be a signed URL', () => {
  expect(() => parseProperties(properties({ WaitHandle: 'ftp://signature=secret' }))).not.toThrow(/secret/);
});
