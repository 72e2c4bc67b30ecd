import { join } from 'node:path';
import { synthesize } from '../../sandbox';
import { finishedAt, start, temporary, type World } from '../fixtures';

/*
 * The recipes of docs/restore.md, as the examples have them: the data are there afterwards, what is lost is
 * what the recipe says, and so is what is paid for. (`npm run consumers` shows that those in Python give the
 * same templates; the demo plays `restore-in-place`.)
 */

const EXAMPLES = join(__dirname, '../../examples/typescript');

interface Step {
  readonly context?: Record<string, string>;
  readonly restoreFrom?: string;
}

/** Deploys an example, and gives the outputs of its stack. */
function recipe(world: World, example: string, stack: string) {
  return async ({ context, restoreFrom }: Step = {}): Promise<Record<string, string>> => {
    const assembly = await synthesize(join(EXAMPLES, example), { context, outdir: temporary() });
    const parameters = restoreFrom === undefined ? undefined : { RestoreFrom: restoreFrom };
    const outcome = (await world.deploy(assembly, { parameters }))[stack];
    expect([outcome.reason, outcome.status]).toEqual([
      undefined,
      expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/),
    ]);
    return outcome.outputs;
  };
}

const idOf = (world: World, stack: string, logicalId: string) =>
  world.cloudFormation.stack(stack).resources[logicalId].physicalId!;
const held = (world: World) => world.ownBackups.map(({ data }) => data);
/** FSx's own last backups, which nobody asked for. */
const lastOnes = (world: World) =>
  world.backups.filter(({ tags }) => !tags.has('cdk-fsx-backup:stack-id')).map(({ data }) => data);

/** The newest backup was AVAILABLE before the old one was replaced. */
function expectGuarded(world: World, logicalId: string): void {
  const replaced = world.timeOf(logicalId, 'UPDATE_IN_PROGRESS');
  expect(replaced).toBeGreaterThanOrEqual(finishedAt(world.newest));
}

describe('restore in place', () => {
  test('brings the data of before an upgrade back, and the guard has what is lost', async () => {
    const world = await start();
    const deploy = recipe(world, 'restore-in-place', 'Shop');
    const files = () => idOf(world, 'Shop', 'FileSystem');
    await deploy({ restoreFrom: 'new' });
    world.fsx.write(files(), 'orders');
    const { BackupId } = await deploy({ context: { version: '2' } });
    world.fsx.write(files(), 'zeros');
    await deploy({ restoreFrom: BackupId });
    expect(world.fsx.read(files())).toBe('orders');
    expectGuarded(world, 'FileSystem');
    expect(held(world)).toEqual(['orders', 'zeros']);
    expect(lastOnes(world)).toEqual(['zeros']); // OpenZFS
  });
});

describe('restore beside', () => {
  test('keeps both, and switches the name over', async () => {
    const world = await start();
    const deploy = recipe(world, 'restore-beside', 'Share');
    const ids = () =>
      Object.fromEntries(
        world.resourcesOf('AWS::FSx::FileSystem', 'Share').map((one) => [one.logicalId, one.physicalId!]),
      );
    const dnsName = () => world.resourcesOf('AWS::SSM::Parameter', 'Share')[0].properties.Value;
    await deploy();
    const { Old } = ids();
    world.fsx.write(Old, 'before');
    const from = world.fsx.plantBackup({ fileSystemId: Old, duration: 60_000 }).id;
    await world.pass(60_000);
    world.fsx.write(Old, 'since');

    const restored = { 'restore-from': from, 'in-use': 'Old' };
    await deploy({ context: restored });
    expect(world.fsx.read(Old)).toBe('since');
    expect(world.fsx.read(ids().Restored)).toBe('before');
    expect(dnsName()).toContain(Old);

    await deploy({ context: { ...restored, 'in-use': 'Restored' } });
    expect(dnsName()).toContain(ids().Restored);
    expect([world.fsx.read(Old), world.fsx.read(ids().Restored)]).toEqual(['since', 'before']);
    expect(held(world)).toEqual([]); // nothing was changed that is guarded
  });

  test('cannot be deployed without the values that say what is there', async () => {
    await expect(
      synthesize(join(EXAMPLES, 'restore-beside'), {
        context: { 'in-use': 'Restored' },
        outdir: temporary(),
      }),
    ).rejects.toThrow('"in-use" is Restored, and there are Old');
  });
});

describe('an ONTAP volume', () => {
  test('comes back under another name and path, again and again', async () => {
    const world = await start();
    const deploy = recipe(world, 'restore-ontap-volume', 'Projects');
    const volume = () => idOf(world, 'Projects', 'Volume');
    const { JunctionPath } = await deploy({ restoreFrom: 'new' });
    expect(JunctionPath).toBe('/projects');
    world.fsx.write(volume(), 'first');
    const from = world.fsx.plantBackup({ volumeId: volume(), duration: 60_000 }).id;
    await world.pass(60_000);
    world.fsx.write(volume(), 'second');

    const outputs = await deploy({ restoreFrom: from });
    expect(outputs.JunctionPath).toBe(`/projects_${from.slice('backup-'.length)}`);
    expect(world.fsx.read(volume())).toBe('first');
    expectGuarded(world, 'Volume');
    expect(held(world)).toEqual(['second']);

    await deploy({ restoreFrom: world.newest.id });
    expect(world.fsx.read(volume())).toBe('second');
    await deploy();
    expect(world.fsx.read(volume())).toBe('second');
  });
});

describe('replace and keep the data', () => {
  const KEY = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';

  async function begin(context: Record<string, string> = {}) {
    const world = await start();
    const deploy = recipe(world, 'replace-and-keep-data', 'Scratchpad');
    const files = () => idOf(world, 'Scratchpad', 'FileSystem');
    await deploy({ restoreFrom: 'new', context });
    world.fsx.write(files(), 'work');
    return { world, deploy, files };
  }

  test.each([
    ['another key', { key: KEY }, { KmsKeyId: KEY }],
    ['another subnet', { subnet: 'subnet-0fedcba9876543210' }, { SubnetIds: ['subnet-0fedcba9876543210'] }],
    ['Lustre 2.15 in place of 2.12', { 'lustre-version': '2.15' }, { FileSystemTypeVersion: '2.15' }],
  ])('%s: the data are there, and two backups of them', async (_, change, shown) => {
    const { world, deploy, files } = await begin();
    const old = files();
    const { BackupId } = await deploy({ context: { copy: '2026-11-20' } });
    await deploy({ context: { copy: '2026-11-20', ...change }, restoreFrom: BackupId });
    expect(files()).not.toBe(old);
    expect(world.fsx.fileSystem(files()).description).toMatchObject(shown);
    expect(world.fsx.read(files())).toBe('work');
    expectGuarded(world, 'FileSystem');
    // That of step 2, and that of the guard in step 3, as the recipe says. Lustre has no last one of its own.
    expect(held(world)).toEqual(['work', 'work']);
    expect(lastOnes(world)).toEqual([]);
  });

  test('a key that is changed months after a restore', async () => {
    const { world, deploy, files } = await begin();
    const first = await deploy({ context: { copy: '2026-05-20' } });
    world.fsx.write(files(), 'ruined');
    await deploy({ context: { copy: '2026-05-20' }, restoreFrom: first.BackupId });
    world.fsx.write(files(), 'months of work');

    const { BackupId } = await deploy({ context: { copy: '2026-11-20' } });
    await deploy({ context: { copy: '2026-11-20', key: KEY }, restoreFrom: BackupId });
    expect(world.fsx.read(files())).toBe('months of work');
  });

  test('without step 2 the data are old, and the backup of the guard brings them', async () => {
    const { world, deploy, files } = await begin();
    const context = { key: KEY };
    await deploy({ context });
    expect(world.fsx.read(files())).toBe('');
    await deploy({ context, restoreFrom: world.newest.id });
    expect(world.fsx.read(files())).toBe('work');
  });

  test('what is written between the two steps is in the backup of the guard', async () => {
    const { world, deploy, files } = await begin();
    const { BackupId } = await deploy({ context: { copy: '2026-11-20' } });
    world.fsx.write(files(), 'more work');
    await deploy({ context: { copy: '2026-11-20', key: KEY }, restoreFrom: BackupId });
    expect(world.fsx.read(files())).toBe('work');
    expect(held(world)).toEqual(['work', 'more work']);
  });

  test('one that has grown is restored with the capacity of then, and grows again', async () => {
    const { world, deploy, files } = await begin();
    const { BackupId } = await deploy({ context: { copy: '2026-11-20' } });
    await deploy({ context: { copy: '2026-11-20', capacity: '2400' } });
    world.fsx.write(files(), 'ruined');

    const context = { copy: '2026-11-20', capacity: '2400' };
    await expect(deploy({ context, restoreFrom: BackupId })).rejects.toThrow('UPDATE_ROLLBACK_COMPLETE');
    expect(world.fsx.read(files())).toBe('ruined');

    await deploy({ context: { ...context, capacity: '1200' }, restoreFrom: BackupId });
    await deploy({ context });
    expect(world.fsx.read(files())).toBe('work');
    expect(world.fsx.fileSystem(files()).description.StorageCapacity).toBe(2400);
  });
});
