import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  FSxClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-fsx';
import { backup } from './backups';
import { MockedAws } from './mocked-aws';
import { UnusableResponse } from '../../lambda/errors';
import { Fsx } from '../../lambda/fsx';
import { awsError, BACKUP, FILE_SYSTEM, VOLUME } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const fsx = new Fsx(new FSxClient({}));
const fileSystem = { FileSystemId: FILE_SYSTEM };
const onPages = (...pages: object[]) => {
  const answers = world.fsx.on(DescribeBackupsCommand);
  for (const page of pages) answers.resolvesOnce({ $metadata: { requestId: 'r' }, ...page });
};

describe('a page of backups', () => {
  test('is of the source, and of user-initiated ones', async () => {
    await fsx.page(fileSystem);
    await fsx.page({ VolumeId: VOLUME }, 'token');
    await fsx.page(undefined);
    const type = { Name: 'backup-type', Values: ['USER_INITIATED'] };
    expect(world.calls(DescribeBackupsCommand)).toEqual([
      { Filters: [type, { Name: 'file-system-id', Values: [FILE_SYSTEM] }], NextToken: undefined },
      { Filters: [type, { Name: 'volume-id', Values: [VOLUME] }], NextToken: 'token' },
      { Filters: [type], NextToken: undefined },
    ]);
  });

  test('says where the next begins', async () => {
    onPages({ Backups: [backup()], NextToken: 'next' });
    expect(await fsx.page(fileSystem)).toEqual({ backups: [backup()], next: 'next' });
  });

  test('without a list is empty, since AWS omits empty lists', async () => {
    onPages({});
    expect(await fsx.page(fileSystem)).toEqual({ backups: [], next: undefined });
  });

  test('without a list and without a request id is not one of AWS', async () => {
    onPages({ $metadata: {} });
    await expect(fsx.page(fileSystem)).rejects.toThrow(UnusableResponse);
  });

  test.each(['FileSystemNotFound', 'VolumeNotFound'])(
    'of a source that is gone is empty (%s)',
    async (name) => {
      world.fsx.on(DescribeBackupsCommand).rejects(awsError(name, 'gone'));
      expect(await fsx.page(fileSystem)).toEqual({ backups: [] });
    },
  );

  test('that FSx refuses fails', async () => {
    world.fsx.on(DescribeBackupsCommand).rejects(awsError('BadRequest', 'no'));
    await expect(fsx.page(fileSystem)).rejects.toThrow('no');
  });
});

describe('one backup', () => {
  test('is described by its id', async () => {
    world.backups = [backup()];
    expect(await fsx.backup(BACKUP)).toEqual(backup());
  });

  test('is not there if FSx does not know it, or has deleted it', async () => {
    expect(await fsx.backup(BACKUP)).toBeUndefined();
    world.backups = [backup({}, { Lifecycle: 'DELETED' })];
    expect(await fsx.backup(BACKUP)).toBeUndefined();
  });

  test('is there while it is being deleted, and when it has failed', async () => {
    for (const Lifecycle of ['DELETING', 'FAILED'] as any[]) {
      world.backups = [backup({}, { Lifecycle })];
      expect(await fsx.backup(BACKUP)).toMatchObject({ Lifecycle });
    }
  });

  test('an empty response says nothing about it', async () => {
    world.fsx.on(DescribeBackupsCommand).resolves({});
    await expect(fsx.backup(BACKUP)).rejects.toThrow(UnusableResponse);
  });
});

describe('CreateBackup', () => {
  test('has the source, the token and the tags', async () => {
    await fsx.createBackup(fileSystem, 'token', [{ Key: 'a', Value: 'b' }]);
    await fsx.createBackup({ VolumeId: VOLUME }, 'other', []);
    expect(world.calls(CreateBackupCommand)).toEqual([
      { FileSystemId: FILE_SYSTEM, ClientRequestToken: 'token', Tags: [{ Key: 'a', Value: 'b' }] },
      { VolumeId: VOLUME, ClientRequestToken: 'other', Tags: [] },
    ]);
  });

  test('does not take an empty response for a success', async () => {
    world.fsx.on(CreateBackupCommand).resolves({});
    await expect(fsx.createBackup(fileSystem, 'token', [])).rejects.toThrow(UnusableResponse);
  });
});

describe('a backup is gone', () => {
  test('if FSx says DELETED, or does not know it', async () => {
    world.backups = [backup()];
    expect(await fsx.deleteBackup(BACKUP)).toBe(true);
    expect(await fsx.deleteBackup(BACKUP)).toBe(true);
  });

  test('not yet if it is being deleted', async () => {
    world.fsx.on(DeleteBackupCommand).resolves({ Lifecycle: 'DELETING' as any });
    expect(await fsx.deleteBackup(BACKUP)).toBe(false);
  });

  test('not if the response is empty', async () => {
    world.fsx.on(DeleteBackupCommand).resolves({});
    await expect(fsx.deleteBackup(BACKUP)).rejects.toThrow(UnusableResponse);
  });
});

describe('a source', () => {
  test.each([
    ['AVAILABLE', false],
    ['MISCONFIGURED', false],
    ['CREATING', true],
    ['UPDATING', true],
    ['PENDING', true],
  ])('that is %s is busy: %s', async (Lifecycle, isBusy) => {
    world.fileSystem = { Lifecycle };
    expect(await fsx.source(fileSystem)).toMatchObject({ isBusy });
    world.volume = { Lifecycle };
    expect(await fsx.source({ VolumeId: VOLUME })).toMatchObject({ isBusy });
  });

  test('that is a volume is busy with its file system', async () => {
    world.volume = { Lifecycle: 'CREATED', FileSystemId: FILE_SYSTEM };
    world.fileSystem = { Lifecycle: 'UPDATING' };
    expect(await fsx.source({ VolumeId: VOLUME })).toMatchObject({ isBusy: true });
  });

  const Tags = [{ Key: 'team', Value: 'files' }];
  test.each(['WindowsConfiguration', 'LustreConfiguration', 'OpenZFSConfiguration'])(
    'gives its tags if %s says so (CopyTagsToBackups)',
    async (configuration) => {
      world.fileSystem = { Tags, [configuration]: { CopyTagsToBackups: true } };
      expect((await fsx.source(fileSystem)).tagsToCopy).toEqual(Tags);
      world.fileSystem = { Tags, [configuration]: { CopyTagsToBackups: false } };
      expect((await fsx.source(fileSystem)).tagsToCopy).toEqual([]);
    },
  );

  test('that is a volume gives its own (CopyTagsToBackups)', async () => {
    world.volume = { Tags, OntapConfiguration: { CopyTagsToBackups: true } };
    expect((await fsx.source({ VolumeId: VOLUME })).tagsToCopy).toEqual(Tags);
    world.volume = { Tags };
    expect((await fsx.source({ VolumeId: VOLUME })).tagsToCopy).toEqual([]);
  });

  test('is unknown after an empty response', async () => {
    world.fsx.on(DescribeFileSystemsCommand).resolves({});
    await expect(fsx.source(fileSystem)).rejects.toThrow(UnusableResponse);
  });
});

test('no tags are no calls', async () => {
  await fsx.tag('arn', []);
  await fsx.untag('arn', []);
  expect(world.fsx.calls()).toEqual([]);
  await fsx.tag('arn', [{ Key: 'a', Value: 'b' }]);
  await fsx.untag('arn', ['a']);
  expect(world.calls(TagResourceCommand)).toEqual([{ ResourceARN: 'arn', Tags: [{ Key: 'a', Value: 'b' }] }]);
  expect(world.calls(UntagResourceCommand)).toEqual([{ ResourceARN: 'arn', TagKeys: ['a'] }]);
});

test('calls are abandoned when the share of the invocation is used up', async () => {
  const abort = new AbortController();
  await new Fsx(new FSxClient({}), { abortSignal: abort.signal }).page(fileSystem);
  expect((world.fsx.calls()[0].args as unknown[])[1]).toEqual({ abortSignal: abort.signal });
});
