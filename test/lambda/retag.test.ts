import { FSxClient, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-fsx';
import { backup, tagsWith } from './backups';
import { MockedAws } from './mocked-aws';
import { Fsx } from '../../lambda/fsx';
import type { Deployment } from '../../lambda/request';
import { retag, retagRemoval } from '../../lambda/retag';
import { awsError, STACK_ID } from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());
const fsx = new Fsx(new FSxClient({}));
const owner = { stackId: STACK_ID, logicalId: 'Backup' };
/** An update of the tags, from those with these keys. */
const request = (desired: object, formerKeys: string[]) =>
  ({
    ...owner,
    desired,
    former: { tags: formerKeys.map((Key) => ({ Key, Value: '' })) },
  }) as unknown as Deployment;
const removal = (Value: string) => ({ Key: 'cdk-fsx-backup:removal', Value });
const name = { Key: 'Name', Value: 'Files/Backup' };
const commands = () => world.fsx.calls().map((call) => call.args[0].constructor.name);

test('`removal` is changed if it says otherwise', async () => {
  await retagRemoval(fsx, owner, backup({ removal: 'RETAIN' }), 'KEEP_LAST:2');
  await retagRemoval(fsx, owner, backup({ removal: 'KEEP_LAST:2' }), 'KEEP_LAST:2');
  expect(world.calls(TagResourceCommand)).toEqual([
    { ResourceARN: backup().ResourceARN, Tags: [removal('KEEP_LAST:2')] },
  ]);
});

test('tags that are as they should be are no calls', async () => {
  await retag(fsx, request({ removal: 'RETAIN', tags: [name] }, ['Name']), backup());
  expect(world.fsx.calls()).toEqual([]);
});

describe('a name that has its time', () => {
  const timed = (Value: string) =>
    backup({}, { Tags: [...tagsWith().filter(({ Key }) => Key !== 'Name'), { Key: 'Name', Value }] });
  const desired = { removal: 'RETAIN', tags: [name], isNameTimed: true };

  test('keeps it, without a call', async () => {
    await retag(fsx, request(desired, ['Name']), timed('Files/Backup 2026-10-01T12:00Z'));
    expect(world.fsx.calls()).toEqual([]);
  });

  test('keeps it when it is otherwise another', async () => {
    await retag(fsx, request(desired, ['Name']), timed('Moved/Backup 1.4.2 2026-10-01T12:00Z'));
    const [{ Tags }] = world.calls(TagResourceCommand);
    expect(Tags).toEqual([{ Key: 'Name', Value: 'Files/Backup 2026-10-01T12:00Z' }]);
  });

  test('gets that of the backup when it was given before', async () => {
    await retag(fsx, request(desired, ['Name']), timed('mine'));
    const [{ Tags }] = world.calls(TagResourceCommand);
    expect(Tags).toEqual([{ Key: 'Name', Value: 'Files/Backup 2026-11-02T08:59Z' }]);
  });
});

test('`removal` is changed first, then tags are set, then others removed', async () => {
  const tags = [{ Key: 'team', Value: 'files' }];
  await retag(fsx, request({ removal: 'DESTROY', tags }, ['Name']), backup());
  expect(world.calls(TagResourceCommand).map(({ Tags }) => Tags)).toEqual([[removal('DESTROY')], tags]);
  expect(world.calls(UntagResourceCommand)).toEqual([
    { ResourceARN: backup().ResourceARN, TagKeys: ['Name'] },
  ]);
  expect(commands()).toEqual(['TagResourceCommand', 'TagResourceCommand', 'UntagResourceCommand']);
});

test('nothing is removed if the new tags are refused', async () => {
  world.fsx.on(TagResourceCommand).rejects(awsError('BadRequest', 'no'));
  const desired = { removal: 'RETAIN' as const, tags: [{ Key: 'team', Value: 'files' }] };
  await expect(retag(fsx, request(desired, ['Name']), backup())).rejects.toThrow('no');
  expect(world.calls(UntagResourceCommand)).toEqual([]);
});

test('old tags go first if there is no room for both', async () => {
  const many = (prefix: string) =>
    Array.from({ length: 44 }, (_, i) => ({ Key: `${prefix}${i}`, Value: 'v' }));
  const own = tagsWith().filter(({ Key }) => Key !== 'Name');
  const full = backup({}, { Tags: [...own, ...many('a')] });
  const former = many('a').map(({ Key }) => Key);
  await retag(fsx, request({ removal: 'RETAIN', tags: many('b') }, former), full);
  expect(commands()).toEqual(['UntagResourceCommand', 'TagResourceCommand']);
});
