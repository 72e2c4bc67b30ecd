import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { lifecycleOf, synthesize as synthesizeFolder } from '../../sandbox';
import { FsxProtection } from '../../src';
import {
  bystander,
  finishedAt,
  KINDS,
  nameOf,
  sourceOf,
  start,
  synthesize,
  temporary,
  type World,
} from '../fixtures';

/*
 * What FsxProtection does in an account: the example of a platform team, and what happens if its line is
 * added to what is deployed, or removed.
 */

const EXAMPLE = join(__dirname, '../../examples/typescript/platform-team');
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
const CONTEXTS = {
  first: {},
  upgraded: { version: '2' },
  faster: { throughput: '128' },
  rekeyed: { key: KEY },
};
const SOURCES = ['AWS::FSx::FileSystem', 'AWS::FSx::Volume'];

const namesOf = (world: World) => world.ownBackups.map(nameOf);
/** FSx's own last backups, without tags. */
const lastOnes = (world: World) => world.backups.filter((backup) => !world.ownBackups.includes(backup));
const idOf = (world: World, stack: string, logicalId: string) =>
  world.cloudFormation.stack(stack).resources[logicalId].physicalId!;

type Outcome = Awaited<ReturnType<World['deploy']>>[string];

function expectDeployed({ reason, status }: Outcome): void {
  expect([reason, status]).toEqual([undefined, expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/)]);
}

/** Which backups of a source are AVAILABLE when CloudFormation begins to change or delete it. */
function watch(world: World): Record<string, Array<string | undefined>> {
  const seen: Record<string, Array<string | undefined>> = {};
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'event' || !SOURCES.includes(entry.type)) return;
    if (!/^(UPDATE|DELETE)_IN_PROGRESS$/.test(entry.status)) return;
    seen[`${entry.stack}/${entry.logicalId} ${entry.status}`] ??= world.ownBackups
      .filter(({ source }) => entry.physicalId === (source.volumeId ?? source.fileSystemId))
      .filter((backup) => lifecycleOf(backup, world.clock.now()) === 'AVAILABLE')
      .map(nameOf);
  });
  return seen;
}

describe('the example', () => {
  let assemblies: Record<keyof typeof CONTEXTS, string>;
  beforeAll(async () => {
    const made = Object.entries(CONTEXTS).map(async ([name, context]) => {
      return [name, await synthesizeFolder(EXAMPLE, { context })];
    });
    assemblies = Object.fromEntries(await Promise.all(made));
  }, 60_000);
  afterAll(() => Object.values(assemblies).forEach((directory) => rmSync(directory, { recursive: true })));

  const BEFORE_UPGRADE = 'Prod/Wiki/BeforeUpgrade';
  const WIKI = 'Prod/Wiki/FsxProtection/FileSystem';
  const OFFICE = 'Prod/Office/FsxProtection/FileSystem';
  const RESULTS = 'Prod/Research/FsxProtection/Results';

  /** Deploys all stacks. */
  async function deploy(world: World, name: keyof typeof CONTEXTS): Promise<string[]> {
    const outcomes = await world.deploy(assemblies[name]);
    Object.values(outcomes).forEach(expectDeployed);
    return Object.keys(outcomes);
  }

  /** With data on what is deployed. */
  async function begin() {
    const world = await start();
    await deploy(world, 'first');
    const ids = {
      wiki: idOf(world, 'Prod-Wiki', 'FileSystem'),
      office: idOf(world, 'Prod-Office', 'FileSystem'),
      results: idOf(world, 'Prod-Research', 'Results'),
      scratch: idOf(world, 'Prod-Research', 'Scratch'),
    };
    for (const [name, id] of Object.entries(ids)) world.fsx.write(id, name);
    return { world, ids, seen: watch(world) };
  }

  test('the first deployment takes no backup but the first one that a team has defined itself', async () => {
    const world = await start();
    expect(await deploy(world, 'first')).toEqual(['Prod-Wiki', 'Prod-Office', 'Prod-Research']);
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE]);
  });

  test('a deployment that changes nothing calls nothing', async () => {
    const { world } = await begin();
    const before = world.journal.of('call').length;
    const again = await synthesizeFolder(EXAMPLE, { outdir: temporary() });
    const outcomes = await world.deploy(again);
    expect(Object.values(outcomes).map(({ noChanges }) => noChanges)).toEqual([true, true, true]);
    expect(world.journal.of('call')).toHaveLength(before);
  });

  test('an upgrade of the service takes the backup of its team, and no other', async () => {
    const { world, seen } = await begin();
    await deploy(world, 'upgraded');
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE, BEFORE_UPGRADE]);
    expect(world.newest.data).toBe('wiki');
    const upgraded = world.journal.of('event').find(({ type, status }) => {
      return type === 'AWS::SSM::Parameter' && status === 'UPDATE_IN_PROGRESS';
    })!;
    expect(upgraded.at).toBeGreaterThanOrEqual(finishedAt(world.newest));
    expect(seen).toEqual({});
  });

  test('a change in place takes a backup before, and no other', async () => {
    const { world, ids, seen } = await begin();
    await deploy(world, 'faster');
    expect(idOf(world, 'Prod-Wiki', 'FileSystem')).toBe(ids.wiki);
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE, `${WIKI}/BeforeChange`]);
    expect(seen).toEqual({
      'Prod-Wiki/FileSystem UPDATE_IN_PROGRESS': [BEFORE_UPGRADE, `${WIKI}/BeforeChange`],
    });
  });

  test('a replacement takes a backup before, and a final one of the old file system', async () => {
    const { world, ids, seen } = await begin();
    await deploy(world, 'rekeyed');
    expect(idOf(world, 'Prod-Office', 'FileSystem')).not.toBe(ids.office);
    expect(seen).toEqual({
      'Prod-Office/FileSystem UPDATE_IN_PROGRESS': [`${OFFICE}/BeforeChange`],
      'Prod-Office/FileSystem DELETE_IN_PROGRESS': [`${OFFICE}/BeforeChange`, `${OFFICE}/Final`],
    });
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE, `${OFFICE}/BeforeChange`, `${OFFICE}/Final`]);
    expect(world.backups.filter(({ data }) => data === 'office')).toHaveLength(3); // FSx's own, too
    expect(lastOnes(world)).toHaveLength(1);
  });

  test.each([
    ['cannot be created', { target: 'FileSystem', on: 'create' }],
    ['is not what another resource can use', { target: 'AWS::SSM::Parameter', on: 'update', after: 600_000 }],
  ] as const)('a replacement that %s takes the backup before, and no other', async (_, failure) => {
    const { world, ids, seen } = await begin();
    world.cloudFormation.failures.fail({ reason: 'it failed', ...failure });
    expect((await world.deploy(assemblies.rekeyed))['Prod-Office'].status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(idOf(world, 'Prod-Office', 'FileSystem')).toBe(ids.office);
    expect(world.fsx.read(ids.office)).toBe('office');
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE, `${OFFICE}/BeforeChange`]);
    expect(seen['Prod-Office/FileSystem UPDATE_IN_PROGRESS']).toEqual([`${OFFICE}/BeforeChange`]);
    expect(world.fsx.fileSystems.size).toBe(4);
    expect(world.answers.filter(({ Status }) => Status === 'FAILED')).toEqual([]);
  });

  test('the deletion takes a final backup of each, but none of what is excepted', async () => {
    const { world, ids, seen } = await begin();
    for (const stack of ['Prod-Research', 'Prod-Office', 'Prod-Wiki']) {
      expect((await world.destroy(stack)).status).toBe('DELETE_COMPLETE');
    }
    expect(namesOf(world)).toEqual([BEFORE_UPGRADE, `${RESULTS}/Final`, `${OFFICE}/Final`, `${WIKI}/Final`]);
    expect(world.ownBackups.map(({ data }) => data)).toEqual(['', 'results', 'office', 'wiki']);
    expect(seen).toEqual({
      'Prod-Research/Scratch DELETE_IN_PROGRESS': [],
      'Prod-Research/Results DELETE_IN_PROGRESS': [`${RESULTS}/Final`],
      'Prod-Research/FileSystem DELETE_IN_PROGRESS': [], // ONTAP: its volume
      'Prod-Office/FileSystem DELETE_IN_PROGRESS': [`${OFFICE}/Final`],
      'Prod-Wiki/FileSystem DELETE_IN_PROGRESS': [BEFORE_UPGRADE, `${WIKI}/Final`],
    });
    expect(world.backups.filter(({ source }) => source.fileSystemId === ids.scratch)).toEqual([]);
    expect(world.fsx.fileSystems.size).toBe(0);
  });
});

describe('the line', () => {
  const line = (stack: Stack) => FsxProtection.of(stack.node.root).add({ keepLast: 2 });

  /** One source of each kind; each of them is changed in place if `version` is. */
  const app = (protect: (stack: Stack) => void, version = '1') =>
    synthesize((stack) => {
      for (const kind of KINDS) sourceOf(stack, kind, kind, [{ key: 'version', value: version }]);
      bystander(stack, undefined, version);
      protect(stack);
    });
  const none = () => {};

  async function deploy(world: World, assembly: string): Promise<void> {
    expectDeployed((await world.deploy(assembly)).Files);
  }

  const sources = (world: World) =>
    [...world.resourcesOf(SOURCES[0]), ...world.resourcesOf(SOURCES[1])].map(({ physicalId }) => physicalId);
  const PROTECTED = ['LUSTRE', 'ONTAPVolume', 'OPENZFS', 'WINDOWS'];
  const named = (kind: string, ids = PROTECTED) => ids.map((id) => `Files/FsxProtection/${id}/${kind}`);

  /** Deployed with the line, changed once. */
  async function begin(): Promise<World> {
    const world = await start();
    await deploy(world, app(line));
    await deploy(world, app(line, '2'));
    expect(namesOf(world).sort()).toEqual(named('BeforeChange'));
    return world;
  }

  test('removed: every backup stays, and one last is taken of each', async () => {
    const world = await begin();
    const [before, deployed] = [world.ownBackups, sources(world)];
    await deploy(world, app(none, '2'));
    expect(world.ownBackups).toEqual(expect.arrayContaining(before));
    expect(namesOf(world).sort()).toEqual([...named('BeforeChange'), ...named('Final')].sort());
    expect(
      world.ownBackups.filter((backup) => lifecycleOf(backup, world.clock.now()) !== 'AVAILABLE'),
    ).toEqual([]);
    expect(sources(world)).toEqual(deployed);
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
  });

  test('removed, in a deployment that fails: no backup is taken', async () => {
    const world = await begin();
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(app(none, '3'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(namesOf(world).sort()).toEqual(named('BeforeChange'));
  });

  test('an exception that is added later: one last backup of that, and none of the others', async () => {
    const world = await begin();
    const excepted = (stack: Stack) => {
      line(stack);
      FsxProtection.of(stack.node.findChild('LUSTRE')).none('a copy');
    };
    await deploy(world, app(excepted, '2'));
    expect(namesOf(world).sort()).toEqual([...named('BeforeChange'), ...named('Final', ['LUSTRE'])].sort());
  });

  test('added to what is deployed: a first backup of each', async () => {
    const world = await start();
    await deploy(world, app(none));
    await deploy(world, app(line));
    expect(namesOf(world).sort()).toEqual(named('BeforeChange'));
  });
});
