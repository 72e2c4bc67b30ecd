import { requestFor } from './mocked-aws';
import { InvalidRequest } from '../../lambda/errors';
import { isBackupId } from '../../lambda/request';
import {
  BACKUP,
  createEvent,
  deleteEvent,
  FILE_SYSTEM,
  STACK_ID,
  updateEvent,
  VOLUME,
} from '../fixtures/events';

const desired = (changes: object = {}) => requestFor(createEvent(changes as any)).desired;

test('a deployment of a backup', () => {
  expect(requestFor(createEvent())).toEqual({
    kind: 'backup',
    type: 'Create',
    stackId: STACK_ID,
    requestId: 'request-1',
    logicalId: 'Backup',
    physicalId: '',
    desired: {
      source: { FileSystemId: FILE_SYSTEM },
      triggers: '',
      tags: [{ Key: 'Name', Value: 'Files/Backup' }],
      isNameTimed: false,
      timeout: 3600,
      removal: 'RETAIN',
    },
    former: undefined,
  });
});

test.each([
  [{ FileSystemId: undefined, VolumeId: VOLUME }, { VolumeId: VOLUME }],
  [{ FileSystemId: undefined, DeployedVolume: 'Volume' }, { logicalId: 'Volume' }],
  [{ FileSystemId: undefined, DeployedFileSystem: 'Files' }, { logicalId: 'Files' }],
])('the source of %j', (changes, source) => {
  expect(desired(changes).source).toEqual(source);
});

test.each([
  [{}, 'RETAIN'],
  [{ RemovalPolicy: 'DESTROY' }, 'DESTROY'],
  [{ KeepLast: '3' }, 'KEEP_LAST:3'],
  [{ RemovalPolicy: 'DESTROY', KeepLast: '3' }, 'DESTROY'],
])('what becomes of a backup with %j', (changes, removal) => {
  expect(desired(changes).removal).toBe(removal);
});

test('the name gets the time if the user gives none', () => {
  expect(desired({ NameHasTime: 'true' }).isNameTimed).toBe(true);
});

test('no tags are no tags, and a timeout is taken as it is', () => {
  expect(desired({ Tags: undefined, TimeoutSeconds: '43200' })).toMatchObject({ tags: [], timeout: 43_200 });
});

test('an update has the former properties, unless an unknown version wrote them', () => {
  const former = (changes: object) => requestFor(updateEvent(BACKUP, {}, changes as any)).former;
  expect(former({ VolumeId: VOLUME, FileSystemId: undefined }).source).toEqual({ VolumeId: VOLUME });
  expect(former({ SchemaVersion: '2' })).toBeUndefined();
  expect(former({ TimeoutSeconds: 'long' })).toBeUndefined();
});

test('a final backup', () => {
  const event = { ...deleteEvent(`final-${FILE_SYSTEM}`), ResourceType: 'Custom::FsxFinalBackup' };
  expect(requestFor(event)).toMatchObject({
    kind: 'final',
    type: 'Delete',
    physicalId: `final-${FILE_SYSTEM}`,
  });
});

describe('a continuation', () => {
  const told = {
    FileSystemId: undefined,
    RemovalPolicy: undefined,
    BackupId: BACKUP,
    BackupLifecycle: 'CREATING',
    BackupCreationTime: '2026-11-02T08:00:00.000Z',
    TimeoutSeconds: '3300',
  };
  const link = (changes: object) => ({
    ...updateEvent('continuation-Backup', { ...told, ...changes }, { ...told, BackupId: 'none' }),
    ResourceType: 'Custom::FsxBackupContinuation',
  });

  test('is told the backup, its lifecycle and its time', () => {
    expect(requestFor(link({}))).toMatchObject({
      kind: 'continuation',
      told: {
        backupId: BACKUP,
        lifecycle: 'CREATING',
        createdAt: Date.UTC(2026, 10, 2, 8),
        timeout: 3300,
      },
      formerBackupId: 'none',
    });
  });

  test('may be told that there is none', () => {
    const none = { BackupId: 'none', BackupLifecycle: '', BackupCreationTime: '' };
    expect(requestFor(link(none)).told).toMatchObject({ backupId: 'none', lifecycle: '', createdAt: NaN });
  });

  test.each([
    [{ BackupId: undefined }, /BackupId is "missing", and must be that of the resource before/],
    [{ BackupLifecycle: 7 }, /must be that of the resource before/],
    [{ TimeoutSeconds: '43201' }, /TimeoutSeconds is "43201"/],
    [{ SchemaVersion: '2' }, /schema version "2"/],
  ])('with %j is refused', (changes, message) => {
    expect(() => requestFor(link(changes))).toThrow(message);
  });
});

const SOURCES = /exactly one of FileSystemId, VolumeId, DeployedFileSystem and DeployedVolume/;
const asVolume = (VolumeId: unknown) => ({ FileSystemId: undefined, VolumeId });

test.each<[string, object, RegExp]>([
  ['a newer schema', { SchemaVersion: '2' }, /schema version "2".*knows version 1.*at least as new/],
  ['no schema', { SchemaVersion: undefined }, /schema version "missing"/],
  ['no source', { FileSystemId: undefined }, SOURCES],
  ['two sources', { VolumeId: VOLUME }, SOURCES],
  ['a deployed source beside another', { DeployedVolume: 'Volume' }, SOURCES],
  [
    'an id of something else',
    { FileSystemId: 'vpc-12345678' },
    /"vpc-12345678" is not the id of an FSx file/,
  ],
  ['an id with more behind it', { FileSystemId: 'fs-0498eed5fe91001ec\nfs-1' }, /not the id of an FSx file/],
  ['an id that is not text', { FileSystemId: { Ref: 'Fs' } }, /"\{"Ref":"Fs"\}" is not the id/],
  ['a volume as file system', { FileSystemId: VOLUME }, /is not the id of an FSx file system/],
  ['a file system as volume', asVolume(FILE_SYSTEM), /is not the id of an FSx volume/],
  ['a short volume id', asVolume('fsvol-123'), /"fsvol-123" is not the id of an FSx volume/],
  [
    'a logical id with other characters',
    { FileSystemId: undefined, DeployedFileSystem: 'File-System' },
    /"File-System" is not the logical id/,
  ],
  ['tags that are no list', { Tags: 'Name' }, /Tags must be a list/],
  ['a tag without value', { Tags: [{ Key: 'Name' }] }, /is not a tag/],
  ['a tag that is null', { Tags: [null] }, /"null" is not a tag/],
  [
    'an unknown removal policy',
    { RemovalPolicy: 'SNAPSHOT' },
    /RemovalPolicy is "SNAPSHOT"; it must be RETAIN or/,
  ],
  ['a timeout in words', { TimeoutSeconds: '1 hour' }, /"1 hour"; it must be a whole number from 1 to 43200/],
  ['a timeout of nothing', { TimeoutSeconds: '0' }, /TimeoutSeconds is "0"/],
  ['a timeout over twelve hours', { TimeoutSeconds: '43201' }, /TimeoutSeconds is "43201"/],
  ['triggers that are no list', { Triggers: { Ref: 'V' } }, /Triggers is .*; it must be a list/],
  ['a name that perhaps has a time', { NameHasTime: 'yes' }, /NameHasTime is "yes"; it must be true/],
  ['a name that has no text', { NameHasTime: { Ref: 'V' } }, /NameHasTime is /],
  ['to keep none', { KeepLast: '0' }, /KeepLast is "0"; it must be a whole number from 1/],
  ['to keep some', { KeepLast: 'some' }, /KeepLast is "some"/],
])('%s is refused', (_, changes, message) => {
  expect(() => desired(changes)).toThrow(message);
  expect(() => desired(changes)).toThrow(InvalidRequest);
});

test.each([[undefined], [null], ['text'], [[]]])('the properties %j are refused', (ResourceProperties) => {
  expect(() => requestFor({ ...createEvent(), ResourceProperties })).toThrow(InvalidRequest);
});

test.each([
  ['backup-03e3c82e0183b7b6b', true],
  ['backup-0123abcd', true],
  ['backup-', false],
  ['backup-03E3C82E', false],
  ['xbackup-03e3c82e0183b7b6b', false],
  ['backup-03e3c82e0183b7b6b\n', false],
  ['none', false],
  ['Files-Backup-1A2B3C', false],
])('%j is the id of a backup: %s', (id, expected) => {
  expect(isBackupId(id)).toBe(expected);
});
