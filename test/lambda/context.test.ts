import { MockedAws, requestFor } from './mocked-aws';
import { locate, standingOf } from '../../lambda/context';
import { InvalidRequest } from '../../lambda/errors';
import { BACKUP, createEvent, FILE_SYSTEM, updateEvent, VOLUME } from '../fixtures/events';

describe('where a stack stands', () => {
  test.each([
    ['CREATE_IN_PROGRESS', 'open', 'over'],
    ['UPDATE_IN_PROGRESS', 'open', 'over'],
    ['DELETE_IN_PROGRESS', 'over', 'open'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'over', 'open'],
    ['ROLLBACK_IN_PROGRESS', 'back', 'back'],
    ['UPDATE_ROLLBACK_IN_PROGRESS', 'back', 'back'],
    ['IMPORT_ROLLBACK_IN_PROGRESS', 'back', 'back'],
    ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'over', 'over'],
    ['UPDATE_ROLLBACK_COMPLETE', 'over', 'over'],
    ['UPDATE_ROLLBACK_FAILED', 'over', 'over'],
    ['ROLLBACK_COMPLETE', 'over', 'over'],
    ['CREATE_COMPLETE', 'over', 'over'],
    ['CREATE_FAILED', 'over', 'over'],
    ['UPDATE_COMPLETE', 'over', 'over'],
    ['UPDATE_FAILED', 'over', 'over'],
    ['DELETE_COMPLETE', 'over', 'over'],
    ['DELETE_FAILED', 'over', 'over'],
    ['IMPORT_IN_PROGRESS', 'over', 'over'],
    ['REVIEW_IN_PROGRESS', 'over', 'over'],
    ['NOT_YET_INVENTED', 'over', 'over'],
    [undefined, 'over', 'over'],
  ])('%s: %s for a backup, %s for a final one', (status, standing, final) => {
    expect(standingOf(status, false)).toBe(standing);
    expect(standingOf(status, true)).toBe(final);
  });
});

describe('what is backed up', () => {
  const world = new MockedAws();
  beforeEach(() => world.reset());
  const deployed = (logicalId: string) => ({ FileSystemId: undefined, DeployedFileSystem: logicalId });
  const find = async (event: unknown) => locate(world.context(requestFor(event)));

  test('is the id that is given, without a call', async () => {
    expect(await find(createEvent())).toEqual({ FileSystemId: FILE_SYSTEM });
    expect(world.cloudFormation.calls()).toEqual([]);
  });

  test.each([
    [FILE_SYSTEM, { FileSystemId: FILE_SYSTEM }],
    [VOLUME, { VolumeId: VOLUME }],
  ])('is what the stack has deployed now: %s', async (id, source) => {
    world.resources.Files = { status: 'CREATE_COMPLETE', id };
    expect(await find(createEvent(deployed('Files')))).toEqual(source);
  });

  test('is the one that is still the current one while it is being replaced', async () => {
    world.resources.Files = { status: 'UPDATE_IN_PROGRESS', id: FILE_SYSTEM };
    expect(await find(createEvent(deployed('Files')))).toEqual({ FileSystemId: FILE_SYSTEM });
  });

  test('is nothing yet at the first deployment', async () => {
    expect(await find(createEvent(deployed('Files')))).toBeUndefined();
    world.resources.Files = { status: 'CREATE_IN_PROGRESS', id: FILE_SYSTEM };
    expect(await find(createEvent(deployed('Files')))).toBeUndefined();
  });

  test('is found under its former logical id if the construct has moved', async () => {
    world.resources.Old = { status: 'CREATE_COMPLETE', id: FILE_SYSTEM };
    const event = updateEvent(BACKUP, deployed('New'), deployed('Old'));
    expect(await find(event)).toEqual({ FileSystemId: FILE_SYSTEM });
    world.resources.New = { status: 'UPDATE_COMPLETE', id: VOLUME };
    expect(await find(event)).toEqual({ VolumeId: VOLUME });
  });

  test('is no id of the past', async () => {
    expect(await find(updateEvent(BACKUP, deployed('New'), {}))).toBeUndefined();
  });

  test('must be a file system or a volume', async () => {
    world.resources.Files = { status: 'CREATE_COMPLETE', id: 'fs-efs' };
    await expect(find(createEvent(deployed('Files')))).rejects.toThrow(InvalidRequest);
    await expect(find(createEvent(deployed('Files')))).rejects.toThrow(
      'Files is "fs-efs", and no FSx file system or volume; name the resource of a file system or volume',
    );
  });
});
