import { FSxClient, paginateDescribeBackups } from '@aws-sdk/client-fsx';
import { ontapVolume, OPENZFS, world } from './fsx-fixture';
import { Records } from '../fsx/records';
import { Sandbox } from '../sandbox';

const COUNT = 10_000;

test('a crowd is so many finished backups of several hundred file systems, with tags', async () => {
  const { service, call } = world();
  service.crowd(COUNT);
  const all = [...service.backups.values()];
  expect(all).toHaveLength(COUNT);
  expect(new Set(all.map(({ source }) => source.fileSystemId)).size).toBe(COUNT / 25);
  expect(new Set(all.map(({ id }) => id)).size).toBe(COUNT);
  const { Backups } = await call('DescribeBackups');
  expect(Backups).toHaveLength(50);
  for (const backup of Backups) {
    expect(backup).toMatchObject({
      Lifecycle: 'AVAILABLE',
      Type: 'USER_INITIATED',
      Tags: [{ Key: 'Name' }, { Key: 'team' }],
    });
  }
});

test('a crowd leaves the file systems, the ids and the quotas of the app alone', async () => {
  const [with_, without] = [world(), world()];
  with_.service.crowd(COUNT);
  expect(with_.service.fileSystems.size).toBe(0);
  for (const { service } of [with_, without]) {
    service.options.quotas = { ...service.options.quotas, OPENZFS: 1 };
  }
  const ids = await Promise.all(
    [with_, without].map(async ({ service, create }) => {
      const { fileSystemId } = service.createFileSystem(OPENZFS);
      return (await create({ FileSystemId: fileSystemId })).BackupId;
    }),
  );
  expect(ids[0]).toBe(ids[1]);
  const { volumeId } = ontapVolume(with_.service);
  expect((await with_.create({ VolumeId: volumeId })).Lifecycle).toBe('CREATING');
});

// the limits leave room for a busy machine
test('ten thousand are planted in a moment, and listed over HTTP in a few seconds', async () => {
  const sandbox = await Sandbox.start();
  try {
    const began = performance.now();
    sandbox.fsx.crowd(COUNT);
    const planted = performance.now();
    expect(planted - began).toBeLessThan(3_000);

    const url = sandbox.lambda.environment.AWS_ENDPOINT_URL_FSX;
    sandbox.lambda.principalOf = () => 'arn:aws:iam::123456789012:role/Lister';
    await sandbox.policies.putRole('arn:aws:iam::123456789012:role/Lister', {
      trust: { Statement: [] },
      inline: { list: { Statement: [{ Effect: 'Allow', Action: 'fsx:DescribeBackups', Resource: '*' }] } },
    });
    const credentials = { accessKeyId: 'KEY', secretAccessKey: 'secret' };
    const client = new FSxClient({ endpoint: url, region: 'us-east-1', credentials });
    const pages = [];
    for await (const page of paginateDescribeBackups({ client }, {})) pages.push(page.Backups!);
    expect(pages).toHaveLength(COUNT / 50);
    expect(new Set(pages.flat().map(({ BackupId }) => BackupId)).size).toBe(COUNT);
    expect(performance.now() - planted).toBeLessThan(30_000);
    client.destroy();
  } finally {
    await sandbox.close();
  }
});

test('what is planted or deleted between two pages does not disturb the listing', async () => {
  const { service, call } = world({ pageSize: 5 });
  service.crowd(20);
  const [first] = service.backups.inOrder();
  const page = await call('DescribeBackups');
  service.backups.delete(first.id);
  service.crowd(1);
  const rest = [];
  for (let token = page.NextToken; token;) {
    const next = await call('DescribeBackups', { NextToken: token });
    rest.push(...next.Backups);
    token = next.NextToken;
  }
  const late = [...service.backups.keys()].at(-1)!;
  const expected = [...service.backups.keys()].filter((id) => id !== late || id > page.Backups[4].BackupId);
  expect([...page.Backups.slice(1), ...rest].map(({ BackupId }) => BackupId)).toEqual(expected.sort());
});

test('records know their order after each change', () => {
  const records = new Records<{ id: string }>();
  const ids = () => records.inOrder().map(({ id }) => id);
  for (const id of ['c', 'a', 'b']) records.set(id, { id });
  expect(ids()).toEqual(['a', 'b', 'c']);
  records.delete('a');
  expect(ids()).toEqual(['b', 'c']);
  records.set('a', { id: 'a' });
  expect(ids()).toEqual(['a', 'b', 'c']);
  records.clear();
  expect(ids()).toEqual([]);
});
