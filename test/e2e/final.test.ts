import { aws_iam as iam, NestedStack, RemovalPolicies, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { numbered, PASSING } from './fault-paths';
import { BackupRecord, createExisting, lifecycleOf } from '../../sandbox';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup } from '../../src';
import {
  bystander,
  finishedAt,
  HOUR,
  type Kind,
  KINDS,
  MINUTE,
  nameOf,
  recreate,
  sourceOf,
  start,
  synthesize,
  type World,
} from '../fixtures';

const { DESTROY } = RemovalPolicy;
const SOURCES = ['AWS::FSx::FileSystem', 'AWS::FSx::Volume'];

/** A stack with a source and its final backup. */
function finalStack(
  kind: Kind = 'LUSTRE',
  more: (stack: Stack, source: BackupSource, final: FsxFinalBackup) => void = () => {},
): string {
  return synthesize((stack) => {
    const source = sourceOf(stack, kind);
    more(stack, source, new FsxFinalBackup(stack, 'Final', { source }));
  });
}

/**
 * The same, with a resource that may fail, and a source that is another one when its subnet is. The backups
 * of `standing` keep the engine in the stack.
 */
function versioned(
  version: string,
  { final = true, source = true, replaced = false, standing = false } = {},
): string {
  return synthesize((stack) => {
    if (standing) new FsxBackup(stack, 'Standing', { source: sourceOf(stack, 'OPENZFS', 'Other') });
    const fileSystem = source ? sourceOf(stack, 'LUSTRE') : undefined;
    if (replaced) recreate(stack);
    bystander(stack, undefined, version);
    if (!fileSystem) return;
    stack.node.findChild('Bystander').node.addDependency(stack.node.findChild('Source'));
    if (final) {
      stack.node
        .findChild('Bystander')
        .node.addDependency(new FsxFinalBackup(stack, 'Final', { source: fileSystem }));
    }
  });
}

/** The final backups, the oldest first. */
function finals(world: World): BackupRecord[] {
  return world.ownBackups.filter((backup) => nameOf(backup) === 'Files/Final');
}

/** How the newest final backup of each source looked when CloudFormation began to delete that source. */
function watchDeletions(world: World): Record<string, string> {
  const seen: Record<string, string> = {};
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'event' || entry.status !== 'DELETE_IN_PROGRESS' || !SOURCES.includes(entry.type)) {
      return;
    }
    const backup = finals(world)
      .filter(({ source }) => [source.volumeId, source.fileSystemId].includes(entry.physicalId))
      .at(-1);
    if (entry.type === 'AWS::FSx::Volume' || entry.logicalId === 'Source') {
      seen[entry.physicalId!] = backup ? lifecycleOf(backup, world.clock.now()) : 'none';
    }
  });
  return seen;
}

const fsxCalls = (world: World) =>
  world.journal
    .of('call')
    .map(({ operation }) => operation)
    .filter((operation) => operation.startsWith('fsx:'));

const status = async (deployed: ReturnType<World['deploy']>) => (await deployed).Files.status;

describe.each(KINDS)('%s', (kind) => {
  const logicalId = kind === 'ONTAP' ? 'SourceVolume' : 'Source';

  test('the deletion of the stack takes a backup that is AVAILABLE before its source goes', async () => {
    const world = await start();
    const seen = watchDeletions(world);
    expect(
      await status(
        world.deploy(finalStack(kind, (_stack, _source, final) => Tags.of(final).add('team', 'files'))),
      ),
    ).toBe('CREATE_COMPLETE');
    expect(fsxCalls(world)).toEqual([kind === 'ONTAP' ? 'fsx:DescribeVolumes' : 'fsx:DescribeFileSystems']);
    const id = world.physicalIdOf(logicalId)!;
    const stackId = world.cloudFormation.stack('Files').id;

    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(seen[id]).toBe('AVAILABLE');
    expect(world.ownBackups).toHaveLength(1);
    const [backup] = finals(world);
    expect(backup.source.volumeId ?? backup.source.fileSystemId).toBe(id);
    expect(Object.fromEntries(backup.tags)).toEqual({
      'Name': expect.stringMatching(/^Files\/Final \d{4}-\d\d-\d\dT\d\d:\d\dZ$/),
      'team': 'files',
      'cdk-fsx-backup:stack-id': stackId,
      'cdk-fsx-backup:logical-id': expect.stringMatching(/^Final/),
      'cdk-fsx-backup:generation': expect.stringMatching(/^1-[0-9a-f]{16}$/),
      'cdk-fsx-backup:previous': 'none',
      'cdk-fsx-backup:removal': 'RETAIN',
    });
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
  });

  test('it carries the tags of its source where the source asks for that', async () => {
    const world = await start();
    const tags = [
      { key: 'data', value: 'projects' },
      { key: 'Name', value: 'of the source' },
    ];
    await world.deploy(
      synthesize((stack) => {
        new FsxFinalBackup(stack, 'Final', {
          source: sourceOf(stack, kind, 'Source', tags, true),
          backupName: 'the last one',
        });
        new FsxFinalBackup(stack, 'Plain', { source: sourceOf(stack, kind, 'Two', tags, false) });
      }),
    );
    await world.destroy('Files');
    const byName = Object.fromEntries(
      world.ownBackups.map((backup) => [nameOf(backup), Object.fromEntries(backup.tags)]),
    );
    expect(byName['the last one']).toMatchObject({ data: 'projects' });
    expect(byName['Files/Plain']).not.toHaveProperty('data');
  });
});

/** A stack with the final backup of something that it does not define. */
function finalOf(source: BackupSource, more: (stack: Stack, final: FsxFinalBackup) => void = () => {}) {
  return synthesize((stack) => more(stack, new FsxFinalBackup(stack, 'Final', { source })));
}

const byId = (id: string) =>
  id.startsWith('fsvol-') ? BackupSource.fromVolumeId(id) : BackupSource.fromFileSystemId(id);

/** Sources that could not be backed up at their deletion, and what is said of them. */
const IMPOSSIBLE: Record<string, [create: (world: World) => string, says: RegExp]> = {
  'that is not there': [() => 'fs-0123456789abcdef0', /it is not known to FSx in the Region and account/],
  'that is a volume and not there': [() => 'fsvol-0123456789abcdef0', /it is not known to FSx in the Region/],
  'that is a Lustre scratch file system': [
    ({ fsx }) => create(fsx, 'LUSTRE', { LustreConfiguration: { DeploymentType: 'SCRATCH_2' } }),
    /it is a Lustre file system of deployment type SCRATCH_2/,
  ],
  'that is linked to a data repository': [
    ({ fsx }) =>
      create(fsx, 'LUSTRE', {
        LustreConfiguration: { DeploymentType: 'PERSISTENT_1', ImportPath: 's3://data' },
      }),
    /it is linked to a data repository/,
  ],
  'that is an ONTAP file system': [({ fsx }) => create(fsx, 'ONTAP'), /it is an ONTAP file system/],
  'that is an OpenZFS volume': [
    ({ fsx }) => {
      const { RootVolumeId } = fsx.fileSystem(createExisting(fsx)).description.OpenZFSConfiguration;
      return fsx.createVolume({
        VolumeType: 'OPENZFS',
        Name: 'data',
        OpenZFSConfiguration: { ParentVolumeId: RootVolumeId },
      }).volumeId;
    },
    /it is an OpenZFS volume/,
  ],
  'that is an ONTAP volume of type DP': [
    ({ fsx }) => {
      const FileSystemId = create(fsx, 'ONTAP');
      const StorageVirtualMachineId = fsx.createStorageVirtualMachine({
        FileSystemId,
        Name: 'svm',
      }).storageVirtualMachineId;
      return fsx.createVolume({
        VolumeType: 'ONTAP',
        Name: 'data',
        OntapConfiguration: { StorageVirtualMachineId, OntapVolumeType: 'DP' },
      }).volumeId;
    },
    /it is an ONTAP volume of type DP/,
  ],
};

function create(fsx: World['fsx'], FileSystemType: string, configuration: object = {}): string {
  const SubnetIds = ['subnet-0123456789abcdef0'];
  return fsx.createFileSystem({ FileSystemType, StorageCapacity: 1200, SubnetIds, ...configuration })
    .fileSystemId;
}

describe('a source', () => {
  const failureOf = (world: World) =>
    world.journal
      .of('event')
      .find((event) => /Final/.test(event.logicalId) && /_FAILED$/.test(event.status))!;

  test.each(Object.entries(IMPOSSIBLE))(
    '%s fails the creation of the stack, which is rolled back without a backup',
    async (_, [define, says]) => {
      const world = await start();
      const id = define(world);
      expect(await status(world.deploy(finalOf(byId(id))))).toBe('ROLLBACK_COMPLETE');
      expect(failureOf(world).reason).toMatch(`A final backup of ${id} would not be possible: `);
      expect(failureOf(world).reason).toMatch(says);
      expect(world.calls('fsx:CreateBackup')).toBe(0);
      expect(world.timeOf('Files', 'ROLLBACK_COMPLETE') - failureOf(world).at).toBeLessThan(MINUTE);
    },
  );

  test('that is not there leaves, without rollback, a stack that can be deleted and corrected', async () => {
    const [wrong, right] = [finalOf(byId('fs-0123456789abcdef0')), (id: string) => finalOf(byId(id))];
    for (const isCorrected of [false, true]) {
      const world = await start();
      const id = createExisting(world.fsx);
      expect(await status(world.deploy(wrong, { disableRollback: true }))).toBe('CREATE_FAILED');
      if (isCorrected) {
        expect(await status(world.deploy(right(id), { disableRollback: true }))).toMatch(/_COMPLETE$/);
      }
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual(isCorrected ? [id] : []);
    }
  });

  test('that is not there fails an update, and the one before is backed up when the stack goes', async () => {
    const world = await start();
    const id = createExisting(world.fsx);
    await world.deploy(finalOf(byId(id)));
    expect(await status(world.deploy(finalOf(byId('fs-0123456789abcdef0'))))).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect(failureOf(world).reason).toMatch(/A final backup of fs-0123456789abcdef0 would not be possible/);
    expect(finals(world)).toEqual([]);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([id]);
  });

  test('that somebody has deleted does not fail the rollback to it', async () => {
    const world = await start();
    const [old, current] = [createExisting(world.fsx), createExisting(world.fsx)];
    const app = (id: string, version: string) =>
      finalOf(byId(id), (stack, final) => {
        bystander(stack, undefined, version);
        stack.node.findChild('Bystander').node.addDependency(final);
      });
    await world.deploy(app(old, '1'));
    world.fsx.deleteFileSystem(old);
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(app(current, '2')))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(finals(world)).toEqual([]);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toEqual([]);
  });

  test.each(KINDS)('of type %s that is still CREATING is none that fails (Express mode)', async (kind) => {
    const world = await start({
      cloudFormation: { duration: (type) => (SOURCES.includes(type) ? 20 * MINUTE : undefined) },
    });
    const seen = watchDeletions(world);
    expect(await status(world.deploy(finalStack(kind), { express: true }))).toBe('CREATE_COMPLETE');
    const id = world.physicalIdOf(kind === 'ONTAP' ? 'SourceVolume' : 'Source')!;
    const { creatingUntil } = world.fsx.fileSystem(world.physicalIdOf('Source')!);
    expect(creatingUntil).toBeGreaterThan(world.clock.now());
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(seen[id]).toBe('AVAILABLE');
  });

  test('that cannot be asked about is waited for, and then the Create fails', async () => {
    const world = await start();
    const id = createExisting(world.fsx);
    world.faults.add('fsx:DescribeFileSystems', { from: 1 }, { kind: 'throttle' });
    expect(await status(world.deploy(finalOf(byId(id))))).toBe('ROLLBACK_COMPLETE');
    expect(failureOf(world).reason).toMatch(`Checking ${id} was not possible in 55 min. ThrottlingException`);
  });

  test('that the role must not describe fails the Create, and the text names the call', async () => {
    const world = await start();
    const id = createExisting(world.fsx);
    const app = synthesize((stack) => {
      const provider = new FsxBackupProvider(stack, 'Provider');
      provider.grantPrincipal.addToPrincipalPolicy(
        new iam.PolicyStatement({
          effect: iam.Effect.DENY,
          actions: ['fsx:DescribeFileSystems'],
          resources: ['*'],
        }),
      );
      new FsxFinalBackup(stack, 'Final', { source: byId(id), provider });
    });
    expect(await status(world.deploy(app))).toBe('ROLLBACK_COMPLETE');
    expect(failureOf(world).reason).toMatch(
      new RegExp(`Checking ${id} failed\\. AccessDenied.*fsx:DescribeFileSystems.* lacks this permission`),
    );
  });
});

describe('one is taken', () => {
  test('when source and final backup are removed from the template together', async () => {
    const world = await start();
    const seen = watchDeletions(world);
    await world.deploy(versioned('1'));
    const id = world.physicalIdOf('Source')!;
    expect(await status(world.deploy(versioned('2', { source: false })))).toBe('UPDATE_COMPLETE');
    expect(seen).toEqual({ [id]: 'AVAILABLE' });
    expect(finals(world)).toHaveLength(1);
    expect(world.fsx.fileSystems.has(id)).toBe(false);
  });

  test('when they are removed together, and another backup keeps the engine', async () => {
    const world = await start();
    const seen = watchDeletions(world);
    await world.deploy(versioned('1', { standing: true }));
    const id = world.physicalIdOf('Source')!;
    expect(await status(world.deploy(versioned('2', { standing: true, source: false })))).toBe(
      'UPDATE_COMPLETE',
    );
    expect(seen).toEqual({ [id]: 'AVAILABLE' });
    expect(finals(world)).toHaveLength(1);
  });

  test('when the final backup alone is removed', async () => {
    const world = await start();
    await world.deploy(versioned('1', { standing: true }));
    expect(await status(world.deploy(versioned('2', { standing: true, final: false })))).toBe(
      'UPDATE_COMPLETE',
    );
    expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([world.physicalIdOf('Source')]);
  });

  test('again when it was removed, added, and its stack is deleted within the day', async () => {
    const world = await start();
    await world.deploy(versioned('1', { standing: true }));
    await world.deploy(versioned('2', { standing: true, final: false }));
    await world.deploy(versioned('3', { standing: true }));
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(2);
  });

  test.each([false, true])(
    'of the old source before it is deleted, when an update has replaced it (other backups in the stack: %s)',
    async (standing) => {
      const world = await start();
      const seen = watchDeletions(world);
      await world.deploy(versioned('1', { standing }));
      const old = world.physicalIdOf('Source')!;
      expect(await status(world.deploy(versioned('2', { standing, replaced: true })))).toBe(
        'UPDATE_COMPLETE',
      );
      const current = world.physicalIdOf('Source')!;
      expect(current).not.toBe(old);
      expect(seen).toEqual({ [old]: 'AVAILABLE' });
      expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([old]);

      await world.destroy('Files');
      expect(seen).toEqual({ [old]: 'AVAILABLE', [current]: 'AVAILABLE' });
      expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([old, current]);
    },
  );

  test('of a file system that is named by its id, although the stack does not delete it', async () => {
    const world = await start();
    const id = createExisting(world.fsx);
    await world.deploy(
      synthesize(
        (stack) => void new FsxFinalBackup(stack, 'Final', { source: BackupSource.fromFileSystemId(id) }),
      ),
    );
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([id]);
    expect(world.fsx.fileSystems.has(id)).toBe(true);
  });

  test('with the tags that an update has given it since', async () => {
    const world = await start();
    const tagged = (team: string) =>
      finalStack('OPENZFS', (_stack, _source, final) => Tags.of(final).add('team', team));
    await world.deploy(tagged('a'));
    expect(await status(world.deploy(tagged('b')))).toBe('UPDATE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(0);
    await world.destroy('Files');
    expect(finals(world).map((backup) => backup.tags.get('team'))).toEqual(['b']);
  });

  test('by a provider with a role of its own', async () => {
    const world = await start();
    await world.deploy(
      synthesize((stack) => {
        const provider = new FsxBackupProvider(stack, 'Provider', {
          role: new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
        });
        new FsxFinalBackup(stack, 'Final', { source: sourceOf(stack, 'ONTAP'), provider });
      }),
    );
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });

  test('of each of two sources, of which one goes in an update and the other with the stack', async () => {
    const world = await start();
    const app = (...ids: string[]) =>
      synthesize((stack) => {
        for (const id of ids) {
          new FsxFinalBackup(stack, `Final${id}`, {
            source: sourceOf(stack, id === 'One' ? 'LUSTRE' : 'OPENZFS', id),
          });
        }
      });
    await world.deploy(app('One', 'Two'));
    expect(await status(world.deploy(app('Two')))).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups.map(nameOf)).toEqual(['Files/FinalOne']);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups.map(nameOf).sort()).toEqual(['Files/FinalOne', 'Files/FinalTwo']);
  });

  test('of one source by each of two, one after the other', async () => {
    const world = await start();
    await world.deploy(
      finalStack('LUSTRE', (stack, source) => void new FsxFinalBackup(stack, 'Twin', { source })),
    );
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups.map(nameOf).sort()).toEqual(['Files/Final', 'Files/Twin']);
  });

  test('and stays, where an FsxBackup with DESTROY beside it is deleted', async () => {
    const world = await start();
    await world.deploy(
      finalStack(
        'LUSTRE',
        (stack, source) => void new FsxBackup(stack, 'Backup', { source, removalPolicy: DESTROY }),
      ),
    );
    const [own] = world.ownBackups;
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups.map(nameOf)).toEqual(['Files/Final']);
    expect(world.journal.calls('fsx:DeleteBackup').map((call) => call.input.BackupId)).toEqual([own.id]);
  });

  test('with a stack whose last update was rolled back', async () => {
    const world = await start();
    await world.deploy(versioned('1'));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(versioned('2')))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });

  test('with a stack whose creation failed and was not rolled back', async () => {
    const world = await start();
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'create' });
    expect(await status(world.deploy(versioned('1'), { disableRollback: true }))).toBe('CREATE_FAILED');
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });

  test('in a nested stack, which is deleted with its parent', async () => {
    const world = await start();
    await world.deploy(
      synthesize((stack) => {
        const nested = new NestedStack(stack, 'Nested');
        new FsxFinalBackup(nested, 'Final', { source: sourceOf(nested, 'LUSTRE') });
      }),
    );
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups.map(nameOf)).toEqual(['Files/Nested/Final']);
    expect(world.fsx.fileSystems.size).toBe(0);
  });
});

describe('none is taken', () => {
  const reason = 'no final backup: a deployment that failed has created the source';

  test('when the very first deployment is rolled back, and the log says so', async () => {
    const world = await start();
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'create' });
    expect(await status(world.deploy(versioned('1')))).toBe('ROLLBACK_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(0);
    expect(world.log).toContain(reason);
    expect(world.fsx.fileSystems.size).toBe(0);
  });

  test('when the update that added it is rolled back, and the log says so', async () => {
    const world = await start();
    await world.deploy(versioned('1', { standing: true, source: false }));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(versioned('2', { standing: true })))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(finals(world)).toEqual([]);
    expect(world.log).toContain(reason);
    expect(world.physicalIdOf('Source')).toBeUndefined();
  });

  test('of the new source when its replacement is rolled back; of the old one when it goes', async () => {
    const world = await start();
    const seen = watchDeletions(world);
    await world.deploy(versioned('1'));
    const old = world.physicalIdOf('Source')!;
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(versioned('2', { replaced: true })))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.physicalIdOf('Source')).toBe(old);
    expect(finals(world)).toEqual([]);
    const [[another]] = Object.entries(seen);
    expect(another).not.toBe(old);

    await world.destroy('Files');
    expect(seen).toEqual({ [another]: 'none', [old]: 'AVAILABLE' });
    expect(finals(world).map(({ source }) => source.fileSystemId)).toEqual([old]);
  });

  test.each(['empty', 'error'] as const)(
    "of a source that somebody has deleted: the deletion succeeds (FSx's answer to its filter: %s)",
    async (filterOfMissingSource) => {
      const world = await start({ fsx: { filterOfMissingSource } });
      const id = createExisting(world.fsx);
      await world.deploy(
        synthesize(
          (stack) => void new FsxFinalBackup(stack, 'Final', { source: BackupSource.fromFileSystemId(id) }),
        ),
      );
      world.fsx.deleteFileSystem(id);
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(finals(world)).toEqual([]);
      expect(world.log).toContain('no final backup: the source is gone already');
    },
  );

  test('but for a nested stack, which cannot tell a rollback of its parent from a deletion', async () => {
    const world = await start();
    const app = (version: string, present: boolean) =>
      synthesize((stack) => {
        bystander(stack, undefined, version);
        if (!present) return;
        const nested = new NestedStack(stack, 'Nested');
        new FsxFinalBackup(nested, 'Final', { source: sourceOf(nested, 'LUSTRE') });
        stack.node.findChild('Bystander').node.addDependency(nested);
      });
    await world.deploy(app('1', false));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect(await status(world.deploy(app('2', true)))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.ownBackups).toHaveLength(1);
  });

  test('when the stack is deleted before the source is complete', async () => {
    const { world, deleted } = await destroyedWhileCreating(5 * MINUTE);
    expect(deleted.status).toBe('DELETE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(0);
  });
});

test('a stack that is deleted while being created, and whose source is complete, backs it up', async () => {
  const { deleted, seen } = await destroyedWhileCreating(12 * MINUTE);
  expect(deleted.status).toBe('DELETE_COMPLETE');
  expect(Object.values(seen)).toEqual(['AVAILABLE']);
});

describe('a deletion that is not successful', () => {
  /** With the text of the failure, which is the reason of the deletion's first failed event. */
  const fail = async (options: Parameters<typeof start>[0], kind: Kind = 'LUSTRE') => {
    const world = await start(options);
    await world.deploy(finalStack(kind));
    const { status: end, events } = await world.destroy('Files');
    expect(end).toBe('DELETE_FAILED');
    expect(world.fsx.fileSystems.has(world.physicalIdOf('Source')!)).toBe(true);
    const { reason, logicalId } = events.find((event) => event.status === 'DELETE_FAILED')!;
    expect(Buffer.byteLength(reason!)).toBeLessThan(1400); // 1 KB and CloudFormation's words around it
    return { world, reason, logicalId };
  };

  test('because the backup takes more than 55 minutes says how far it got, and the ways on', async () => {
    const { world, reason, logicalId } = await fail({ fsx: { backupDuration: () => 2 * HOUR } });
    expect(reason).toMatch(
      new RegExp(
        'Message returned: (fs-\\w+) is not deleted, since its final backup is not AVAILABLE\\. Backup ' +
          'backup-\\w+ of \\1 is not finished after 55 min \\(CREATING, 45 %\\)\\. It goes on\\. ' +
          'Delete again when it is finished\\. To delete without it, retain ' +
          `${logicalId} \\(delete-stack --retain-resources, once the stack is DELETE_FAILED\\)\\.`,
      ),
    );
    expect(finals(world)).toHaveLength(1);
  });

  test.each([
    ['is running, and is waited out', 5 * MINUTE],
    ['is finished', 45 * MINUTE],
  ])('is followed by one that takes another, since data goes; the first one %s', async (_, later) => {
    const { world } = await fail({ fsx: { backupDuration: () => 90 * MINUTE } });
    const seen = watchDeletions(world);
    world.fsx.options.backupDuration = () => 10 * MINUTE;
    await world.pass(later);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    const [first, second] = finals(world);
    expect(second.createdAt).toBeGreaterThanOrEqual(finishedAt(first));
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
    expect(Object.values(seen)).toEqual(['AVAILABLE']);
  });

  test.each([2, 25])('is followed by one that takes another, where that was %i hours ago', async (hours) => {
    const { world } = await fail({ fsx: { backupDuration: () => 90 * MINUTE } });
    world.fsx.options.backupDuration = () => 10 * MINUTE;
    await world.pass(hours * HOUR);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(2);
    expect(finals(world)[1].createdAt - finals(world)[0].createdAt).toBeGreaterThan(hours * HOUR);
  });

  test('because the backup failed says why; the next one takes another', async () => {
    const { world, reason } = await fail({
      fsx: { fail: () => 'The volume ran out of space for the snapshot.' },
    });
    expect(reason).toMatch(
      new RegExp(
        /fs-\w+ is not deleted.*FSx could not finish backup backup-\w+ of fs-\w+: The volume ran /.source +
          /out of space for the snapshot\..*counts towards your quota.*delete-backup.*retain Final/.source,
      ),
    );
    world.fsx.options.fail = () => undefined;
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world).map((backup) => lifecycleOf(backup, world.clock.now()))).toEqual([
      'FAILED',
      'AVAILABLE',
    ]);
  });

  test('because the quota is used up says so', async () => {
    const { world, reason } = await fail({
      fsx: { quotas: { WINDOWS: 0, LUSTRE: 0, ONTAP: 0, OPENZFS: 0 } },
    });
    expect(reason).toMatch(
      new RegExp(
        /fs-\w+ is not deleted.*ServiceLimitExceeded: .*TOTAL_USER_INITIATED_BACKUPS.*Delete /.source +
          /backups that nobody needs.*retain Final/.source,
      ),
    );
    expect(finals(world)).toEqual([]);
    world.fsx.options.quotas.LUSTRE = 1;
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });

  test('because the permission was taken away says so', async () => {
    const world = await start();
    await world.deploy(finalStack());
    world.faults.add(
      'fsx:CreateBackup',
      { from: 1 },
      { kind: 'error', code: 'AccessDeniedException', message: 'explicit deny in a service control policy' },
    );
    const { status: end, events } = await world.destroy('Files');
    expect(end).toBe('DELETE_FAILED');
    expect(events.find((event) => event.status === 'DELETE_FAILED')!.reason).toMatch(
      /fs-\w+ is not deleted.*explicit deny.*lacks this permission.*retain Final/,
    );
  });

  test('because the function crashes at each poll says so; the next one takes another', async () => {
    const world = await start();
    await world.deploy(finalStack());
    let crashes = true;
    world.journal.onEntry((entry) => {
      if (crashes && entry.kind === 'invocation') world.lambda.crashAfter('fsx:DescribeBackups');
    });
    const { status: end, events } = await world.destroy('Files');
    expect(end).toBe('DELETE_FAILED');
    expect(events.find((event) => event.status === 'DELETE_FAILED')!.reason).toMatch(
      /fs-\w+ is not deleted.*The function failed several times in a row \(.*running goes on.*retain Final/,
    );
    crashes = false;
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(2);
  });

  test('ends where the resource is retained that its text names, without another backup', async () => {
    const { world, reason } = await fail({ fsx: { fail: () => 'failed for the test' } });
    const [, retained] = /retain (\w+) \(/.exec(reason!)!;
    expect((await world.destroy('Files', { retainResources: [retained] })).status).toBe('DELETE_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    expect(world.fsx.fileSystems.size).toBe(0);
  });
});

describe("in an update's cleanup, which CloudFormation tries three times", () => {
  test('a backup that is still running is waited out, and another one is taken', async () => {
    const world = await start({ fsx: { backupDuration: () => 90 * MINUTE } });
    const seen = watchDeletions(world);
    world.journal.onEntry((entry) => {
      if (entry.kind !== 'call' || entry.operation !== 'fsx:CreateBackup') return;
      world.clock.setTimeout(() => (world.fsx.options.backupDuration = () => 10 * MINUTE), MINUTE);
    });
    await world.deploy(versioned('1'));
    const old = world.physicalIdOf('Source')!;
    expect(await status(world.deploy(versioned('2', { replaced: true })))).toBe('UPDATE_COMPLETE');
    expect(seen).toEqual({ [old]: 'AVAILABLE' });
    const [first, second] = finals(world);
    expect(second.createdAt).toBeGreaterThanOrEqual(finishedAt(first));
    expect(finals(world)).toHaveLength(2);
  });

  test('a source whose backups all take two hours goes in the end, and the first one is there', async () => {
    const world = await start({ fsx: { backupDuration: () => 2 * HOUR } });
    const seen = watchDeletions(world);
    await world.deploy(versioned('1'));
    const old = world.physicalIdOf('Source')!;
    expect(await status(world.deploy(versioned('2', { replaced: true })))).toBe('UPDATE_COMPLETE');
    expect(Object.keys(seen)).toEqual([old]);
    const [first] = finals(world);
    expect(first.source.fileSystemId).toBe(old);
    expect(finishedAt(first)).toBeLessThan(world.timeOf('Source', 'DELETE_COMPLETE'));
  });
});

test('an automatic backup that is in the way is waited out', async () => {
  const world = await start();
  await world.deploy(finalStack('OPENZFS'));
  world.fsx.plantBackup({
    type: 'AUTOMATIC',
    duration: 30 * MINUTE,
    fileSystemId: world.physicalIdOf('Source'),
  });
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(finals(world)).toHaveLength(1);
});

describe('whatever is delivered, lost or repeated, there is one backup', () => {
  test.each([0, 300, 3_000, 30_000, 55_000, 20 * MINUTE])(
    'where every event comes again after %i ms',
    async (delay) => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      await world.deploy(finalStack());
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      await world.pass(2 * HOUR);
      expect(world.ownBackups).toHaveLength(1);
    },
  );

  describe('and the source stays, as does the permission to back it up', () => {
    const app = (...finalIds: string[]) =>
      synthesize((stack) => {
        const source = sourceOf(stack, 'LUSTRE');
        for (const id of finalIds) new FsxFinalBackup(stack, id, { source });
      });

    test.each([0, 300, 3_000, 30_000, 55_000, 20 * MINUTE])(
      'where every event comes again after %i ms',
      async (delay) => {
        const world = await start({ cloudFormation: { redeliveries: [delay] } });
        await world.deploy(app('Final', 'Other'));
        expect(await status(world.deploy(app('Other')))).toBe('UPDATE_COMPLETE');
        await world.pass(2 * HOUR);
        expect(finals(world)).toHaveLength(1);
      },
    );

    test('where an event comes again when FSx has forgotten the token', async () => {
      const world = await start({
        cloudFormation: { redeliveries: [20 * MINUTE] },
        fsx: { tokenLifetime: MINUTE },
      });
      await world.deploy(app('Final', 'Other'));
      expect(await status(world.deploy(app('Other')))).toBe('UPDATE_COMPLETE');
      await world.pass(2 * HOUR);
      expect(finals(world)).toHaveLength(1);
    });
  });

  test('where new backups take a minute to show', async () => {
    const world = await start({
      cloudFormation: { redeliveries: [300] },
      fsx: { visibilityDelay: 50_000 },
    });
    await world.deploy(finalStack());
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });

  test.each([
    'fsx:DescribeBackups',
    'cloudformation:DescribeStacks',
    'fsx:DescribeFileSystems',
    'fsx:CreateBackup',
    'states:StartExecution',
  ])('where the invocation dies after %s', async (operation) => {
    const world = await start();
    await world.deploy(finalStack());
    world.lambda.crashAfter(operation);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.journal.of('invocation').some((invocation) => invocation.error)).toBe(true);
    expect(finals(world)).toHaveLength(1);
  });

  test('where whichever call meets whatever passing fault', async () => {
    const app = finalStack();
    const play = async (disturb: (world: World) => void = () => {}) => {
      const world = await start({ fsx: { backupDuration: () => 7_000 } });
      const seen = watchDeletions(world);
      await world.deploy(app);
      const before = world.journal.entries.length;
      disturb(world);
      const end = (await world.destroy('Files')).status;
      const made = world.journal.entries
        .slice(before)
        .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
      await world.pass(90 * MINUTE);
      const answers = world.answers.filter((answer) => answer.LogicalResourceId.startsWith('Final'));
      const outcome = {
        end,
        seen: Object.values(seen),
        backups: finals(world).length,
        answers: answers.map(({ Status }) => Status),
      };
      await world.close();
      return { outcome, made };
    };
    const { outcome, made } = await play();
    expect(outcome).toEqual({
      end: 'DELETE_COMPLETE',
      seen: ['AVAILABLE'],
      backups: 1,
      answers: ['SUCCESS', 'SUCCESS'],
    });
    for (const [operation, nth] of numbered(made)) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const where = `${what} at ${operation} ${nth}`;
        expect([where, (await play(({ faults }) => faults.add(operation, nth, fault))).outcome]).toEqual([
          where,
          outcome,
        ]);
      }
    }
  }, 120_000);

  test('where the answer gets lost for twenty minutes', async () => {
    const world = await start();
    await world.deploy(finalStack());
    world.faults.add('response:PUT', { from: 1 }, { kind: 'server-error' });
    world.clock.setTimeout(() => world.faults.clear(), 30 * MINUTE);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(finals(world)).toHaveLength(1);
  });
});

/** A stack whose bystander takes half an hour is deleted some time after its source was begun. */
async function destroyedWhileCreating(after: number) {
  const world = await start({
    cloudFormation: {
      duration: (type, operation) =>
        type === 'AWS::SSM::Parameter' && operation === 'create' ? 30 * MINUTE : undefined,
    },
  });
  const seen = watchDeletions(world);
  const deleted = new Promise<Awaited<ReturnType<World['destroy']>>>((resolve) => {
    world.journal.onEntry((entry) => {
      if (
        entry.kind !== 'event' ||
        entry.logicalId !== 'Source' ||
        entry.status !== 'CREATE_IN_PROGRESS' ||
        entry.physicalId !== undefined
      ) {
        return;
      }
      world.clock.setTimeout(() => resolve(world.cloudFormation.destroy('Files')), after);
    });
  });
  await world.deploy(versioned('1'));
  return { world, seen, deleted: await world.clock.run(deleted) };
}

test('an aspect that retains everything does not keep the final backup from being taken', async () => {
  const world = await start();
  await world.deploy(finalStack('LUSTRE', (stack) => RemovalPolicies.of(stack).retain()));
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(finals(world).map((backup) => lifecycleOf(backup, world.clock.now()))).toEqual(['AVAILABLE']);
});
