import {
  aws_fsx as fsx,
  CfnOutput,
  Duration,
  NestedStack,
  RemovalPolicies,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import { numbered, PASSING } from './fault-paths';
import type { BackupRecord } from '../../sandbox';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProps } from '../../src';
import {
  bystander,
  HOUR,
  idOf,
  KINDS,
  MINUTE,
  recreate,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
  nameOf,
} from '../fixtures';

const { DESTROY } = RemovalPolicy;

type Props = Partial<FsxBackupProps>;

/** A backup before each version of the bystander; its tag says before which. */
function upgrade(
  version: string,
  props: Props = { keepLast: 2 },
  more: (stack: Stack, backup: FsxBackup) => void = () => {},
): string {
  return synthesize((stack) => {
    const source = sourceOf(stack, 'LUSTRE');
    const backup = new FsxBackup(stack, 'Backup', {
      source,
      triggers: [BackupTrigger.onValue(version)],
      ...props,
    });
    Tags.of(backup).add('version', version);
    bystander(stack, backup, version);
    more(stack, backup);
  });
}

async function deploy(world: World, app: string, status = /^(CREATE|UPDATE)_COMPLETE$/): Promise<void> {
  expect((await world.deploy(app)).Files.status).toMatch(status);
}

/** Versions one after the other. */
async function upgrades(world: World, names: string[], props?: Props): Promise<void> {
  for (const version of names) await deploy(world, upgrade(version, props));
}

/** The bystander fails, and with it the update. */
async function rolledBack(world: World, app: string): Promise<void> {
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
  await deploy(world, app, /^UPDATE_ROLLBACK_COMPLETE$/);
}

/** Before which versions there are backups, the oldest first. The value of a trigger is in the name. */
function versions(world: World, name = 'Files/Backup'): string[] {
  return world.ownBackups
    .filter(
      (backup) =>
        [name, `${name} ${backup.tags.get('version')}`].includes(nameOf(backup)!) &&
        backup.tags.get('cdk-fsx-backup:stack-id') === world.cloudFormation.stack('Files').id,
    )
    .map((backup) => backup.tags.get('version')!);
}

/** The version whose backup the stack points at. */
function held(world: World): string | undefined {
  const [resource] = world.resourcesOf('Custom::FsxBackup');
  return world.fsx.backups.get(resource.physicalId!)?.tags.get('version');
}

const backupBefore = (world: World, version: string) =>
  world.ownBackups.find((backup) => backup.tags.get('version') === version)!;
const removals = (world: World) => world.ownBackups.map(({ tags }) => tags.get('cdk-fsx-backup:removal'));
const deletions = (world: World) =>
  world.journal.calls('fsx:DeleteBackup').map((call) => call.input.BackupId as string);

/** What is nobody's business: with the tags of a backup of ours, and yet not ours. */
function plantOthers(world: World, like: BackupRecord): string[] {
  const tags = [...like.tags]
    .filter(([key]) => key.startsWith('cdk-fsx-backup:'))
    .map(([Key, Value]) => ({ Key, Value }));
  const changed = (key: string, value: string) =>
    tags.map((tag) => (tag.Key === key ? { Key: key, Value: value } : tag));
  const plant = (plan: Parameters<typeof world.fsx.plantBackup>[0]) =>
    world.fsx.plantBackup({ lifecycle: 'AVAILABLE', ...idOf(like.source), ...plan }).id;
  return [
    plant({ type: 'AUTOMATIC', tags }),
    plant({ type: 'AWS_BACKUP', tags }),
    plant({ type: 'USER_INITIATED' }),
    plant({ type: 'USER_INITIATED', tags, sourceBackupId: like.id }), // somebody copied it, tags and all
    plant({
      type: 'USER_INITIATED',
      tags: changed('cdk-fsx-backup:stack-id', `${like.tags.get('cdk-fsx-backup:stack-id')}0`),
    }),
    plant({
      type: 'USER_INITIATED',
      tags: changed('cdk-fsx-backup:logical-id', `${like.tags.get('cdk-fsx-backup:logical-id')}0`),
    }),
    plant({
      type: 'USER_INITIATED',
      lifecycle: 'FAILED',
      tags: changed('cdk-fsx-backup:logical-id', 'Another'),
    }),
  ];
}

test('five upgrades with keepLast: 2, one of them rolled back: two stay, and what is in use', async () => {
  const world = await start();
  await upgrades(world, ['0']);
  const others = plantOthers(world, world.ownBackups[0]);
  const steps: Array<[string, string[], string]> = [
    ['1', ['0', '1'], '1'],
    ['2', ['1', '2'], '2'],
    ['3', ['2', '3'], '3'],
  ];
  for (const [version, left, holds] of steps) {
    await deploy(world, upgrade(version));
    expect([version, versions(world), held(world)]).toEqual([version, left, holds]);
  }
  await rolledBack(world, upgrade('4'));
  expect([versions(world), held(world)]).toEqual([['2', '3', '4'], '3']);
  await deploy(world, upgrade('5'));
  expect([versions(world), held(world)]).toEqual([['4', '5'], '5']);
  expect(world.backups.map(({ id }) => id)).toEqual(expect.arrayContaining(others));
  expect(deletions(world)).toHaveLength(4);
});

test.each(KINDS)("the older backups of a resource go, and nobody else's: %s", async (kind) => {
  const world = await start();
  const app = (version: string) =>
    synthesize((stack) => {
      const source = sourceOf(stack, kind);
      for (const id of ['Backup', 'Twin']) {
        const backup = new FsxBackup(stack, id, {
          source,
          triggers: [BackupTrigger.onValue(version)],
          keepLast: id === 'Backup' ? 1 : 3,
        });
        Tags.of(backup).add('version', version);
      }
    });
  await deploy(world, app('1'));
  const others = plantOthers(world, world.ownBackups[0]);
  for (const version of ['2', '3']) await deploy(world, app(version));
  expect(versions(world)).toEqual(['3']);
  expect(versions(world, 'Files/Twin')).toEqual(['1', '2', '3']);
  expect(world.backups.map(({ id }) => id)).toEqual(expect.arrayContaining(others));
});

describe('nothing is deleted', () => {
  test.each([false, true])(
    'in the cleanup of a rollback (CloudFormation spares the new id with UpdateReplacePolicy Retain: %s)',
    async (updateReplacePolicySparesNewId) => {
      const world = await start({ cloudFormation: { updateReplacePolicySparesNewId } });
      await upgrades(world, ['1', '2'], { keepLast: 1 });
      const before = deletions(world).length;
      await rolledBack(world, upgrade('3', { keepLast: 1 }));
      expect([versions(world), held(world)]).toEqual([['2', '3'], '2']);
      expect(deletions(world)).toHaveLength(before);
      const request = world.journal.of('request').at(-1)!;
      expect([request.type, request.event.PhysicalResourceId]).toEqual([
        'Delete',
        backupBefore(world, '3').id,
      ]); // it was asked for
      await deploy(world, upgrade('3', { keepLast: 1 }));
      expect([versions(world), held(world)]).toEqual([['3'], '3']);
      expect(world.calls('fsx:CreateBackup')).toBe(4);
    },
  );

  test('with the stack', async () => {
    const world = await start();
    await upgrades(world, ['1', '2']);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(versions(world)).toEqual(['1', '2']);
    expect(deletions(world)).toEqual([]);
  });

  test('with the resource, while another one keeps the engine and the permission', async () => {
    const world = await start();
    const app = (version: string, present = true) =>
      synthesize((stack) => {
        const source = sourceOf(stack, 'LUSTRE');
        const triggers = [BackupTrigger.onValue(version)];
        new FsxBackup(stack, 'Standing', { source, triggers, keepLast: 1 });
        if (present) {
          Tags.of(new FsxBackup(stack, 'Backup', { source, triggers, keepLast: 2 })).add('version', version);
        }
      });
    for (const version of ['1', '2', '3']) await deploy(world, app(version));
    await deploy(world, app('4', false));
    expect(versions(world)).toEqual(['2', '3']);
  });

  test('by a Delete that comes again when the cleanup is over', async () => {
    const world = await start();
    await upgrades(world, ['1', '2']);
    const first = backupBefore(world, '1');
    first.restoringTo = 'fs-0aaaaaaaaaaaaaaaa'; // so that the first delivery leaves it
    world.cloudFormation.options.redeliveries = [30 * MINUTE];
    await deploy(world, upgrade('3'));
    first.restoringTo = undefined;
    const before = deletions(world).length;
    await world.pass(HOUR);
    expect(world.journal.of('invocation').filter(({ input }) => input.RequestType === 'Delete')).toHaveLength(
      3,
    );
    expect(deletions(world)).toHaveLength(before);
    expect(versions(world)).toEqual(['1', '2', '3']);
  });

  test('where the new backup fails, but what is left of it', async () => {
    const world = await start();
    await upgrades(world, ['1', '2']);
    world.fsx.options.fail = () => 'The volume ran out of space for the snapshot.';
    const { Files } = await world.deploy(upgrade('3'));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      /The volume ran out of space for the snapshot\. The failed backup is deleted\. Fix the cause/,
    );
    expect([versions(world), held(world)]).toEqual([['1', '2'], '2']);
  });

  test('where only tags or options change', async () => {
    const world = await start();
    await upgrades(world, ['1', '2', '3'], { keepLast: 3 });
    await deploy(
      world,
      upgrade('3', { keepLast: 1 }, (_, backup) => Tags.of(backup).add('team', 'files')),
    );
    expect(versions(world)).toEqual(['1', '2', '3']);
  });

  test('of a former stack of the same name', async () => {
    const world = await start();
    await upgrades(world, ['1', '2']);
    await world.destroy('Files');
    const former = world.ownBackups.map(({ id }) => id);
    await upgrades(world, ['1', '2', '3'], { keepLast: 1 });
    expect(versions(world)).toEqual(['3']);
    expect(world.ownBackups.map(({ id }) => id)).toEqual(expect.arrayContaining(former));
  });
});

describe('how many stay, the template says that comes with the new backup', () => {
  const changed = async (before: Props, after: Props, taken = ['1', '2', '3', '4']) => {
    const world = await start();
    await upgrades(world, taken, before);
    await deploy(world, upgrade('new', after));
    return world;
  };

  test('lowered', async () => {
    expect(versions(await changed({ keepLast: 4 }, { keepLast: 2 }))).toEqual(['4', 'new']);
  });

  test('raised: nothing is lost', async () => {
    expect(versions(await changed({ keepLast: 2 }, { keepLast: 3 }))).toEqual(['3', '4', 'new']);
  });

  test('removed: nothing is lost', async () => {
    const world = await changed({ keepLast: 2 }, {});
    expect(versions(world)).toEqual(['3', '4', 'new']);
    await upgrades(world, ['newer'], {});
    expect(versions(world)).toEqual(['3', '4', 'new', 'newer']);
  });

  test('added: those from before say RETAIN, and stay', async () => {
    const world = await changed({}, { keepLast: 2 });
    expect(versions(world)).toEqual(['1', '2', '3', '4', 'new']);
    expect(removals(world)).toEqual(['RETAIN', 'RETAIN', 'RETAIN', 'RETAIN', 'KEEP_LAST:2']);
    await upgrades(world, ['newer', 'newest']);
    expect(versions(world)).toEqual(['1', '2', '3', '4', 'newer', 'newest']);
  });

  test('added in place of DESTROY: nothing is lost', async () => {
    expect(versions(await changed({ removalPolicy: DESTROY }, { keepLast: 3 }, ['1', '2']))).toEqual([
      '2',
      'new',
    ]);
  });

  test('removed for DESTROY: what was kept stays', async () => {
    const world = await changed({ keepLast: 2 }, { removalPolicy: DESTROY });
    expect(versions(world)).toEqual(['3', '4', 'new']);
    await upgrades(world, ['newer'], { removalPolicy: DESTROY });
    expect(versions(world)).toEqual(['3', '4', 'newer']);
  });

  test('and a number that means all keeps all', async () => {
    const world = await changed({ keepLast: 1 }, { keepLast: Number.MAX_SAFE_INTEGER });
    expect(versions(world)).toEqual(['4', 'new']);
  });
});

test('a failed backup that cannot be deleted is named in the text, and stays', async () => {
  const world = await start();
  await upgrades(world, ['1']);
  Object.assign(world.fsx.options, { fail: () => 'failed for the test', deletionOfFailed: 'BadRequest' });
  const { Files } = await world.deploy(upgrade('2'));
  expect(Files.reason).toMatch(
    /counts towards your quota: .* could not delete it: BadRequest: .*Delete the backup by hand/,
  );
  expect(Files.reason).toContain(backupBefore(world, '2').id);
  Object.assign(world.fsx.options, { fail: () => undefined, deletionOfFailed: 'deleted' });
  await upgrades(world, ['3', '4']);
  expect(versions(world)).toEqual(['2', '3', '4']);
});

describe('a backup that is to go and cannot', () => {
  test.each([
    ['restored', 'restoringTo'],
    ['copied', 'beingCopiedTo'],
  ] as const)(
    'since it is being %s is waited out for ten minutes, then left, named in the log, and taken next time',
    async (_, flag) => {
      const world = await start();
      await upgrades(world, ['1', '2']);
      const first = backupBefore(world, '1');
      first[flag] = 'fs-0aaaaaaaaaaaaaaaa';
      const since = world.clock.now();
      await upgrades(world, ['3']);
      expect(world.clock.now() - since).toBeLessThan(12 * MINUTE);
      expect(versions(world)).toEqual(['1', '2', '3']);
      expect(world.log).toMatch(new RegExp(`something was left undone.*${first.id}`, 's'));
      world.clock.setTimeout(() => (first[flag] = undefined), 5 * MINUTE);
      await upgrades(world, ['4']);
      expect(versions(world)).toEqual(['3', '4']);
    },
  );

  test.each([
    [
      'a refusal',
      { kind: 'error', code: 'AccessDeniedException', message: 'explicit deny in a service control policy' },
    ],
    ['an error', { kind: 'error', code: 'BadRequest', message: 'no' }],
    ['throttling', { kind: 'throttle' }],
    ['internal errors', { kind: 'server-error' }],
    ['hanging calls', { kind: 'hang' }],
  ] as const)(
    'because of %s fails no deployment; the log says so, and the next one deletes it',
    async (_, fault) => {
      const world = await start();
      await upgrades(world, ['1', '2']);
      world.faults.add('fsx:DeleteBackup', { from: 1 }, fault);
      const { Files } = await world.deploy(upgrade('3'));
      expect(Files.status).toBe('UPDATE_COMPLETE');
      expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
      expect(versions(world)).toEqual(['1', '2', '3']);
      const { id } = backupBefore(world, '1');
      expect(world.log).toMatch(new RegExp(`(backup not deleted|something was left undone).*${id}`, 's'));
      world.faults.clear();
      await upgrades(world, ['4']);
      expect(versions(world)).toEqual(['3', '4']);
    },
  );

  test.each(['cloudformation:DescribeStacks', 'cloudformation:DescribeStackResource', 'fsx:DescribeBackups'])(
    'because %s fails in the cleanup fails no deployment',
    async (operation) => {
      const world = await start();
      await upgrades(world, ['1', '2']);
      world.journal.onEntry((entry) => {
        if (entry.kind === 'event' && entry.status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') {
          world.faults.add(operation, { from: 1 }, { kind: 'server-error' });
        }
      });
      const { Files } = await world.deploy(upgrade('3'));
      expect(Files.status).toBe('UPDATE_COMPLETE');
      expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
      expect(versions(world)).toEqual(['1', '2', '3']);
      expect(world.log).toMatch(/something was left undone/);
    },
  );
});

test('older backups on later pages, behind those of others, are found', async () => {
  const world = await start({ fsx: { pageSize: 2 } });
  await upgrades(world, ['1']);
  for (let n = 0; n < 5; n++) plantOthers(world, world.ownBackups[0]);
  await upgrades(world, ['2', '3', '4', '5'], { keepLast: 4 });
  expect(versions(world)).toEqual(['2', '3', '4', '5']);
  await upgrades(world, ['6'], { keepLast: 1 });
  expect(versions(world)).toEqual(['6']);
});

test('a retry takes a backup of its own, beside that of the failed attempt, and both count', async () => {
  const world = await start();
  await upgrades(world, ['1', '2']);
  await rolledBack(world, upgrade('3'));
  await upgrades(world, ['3']);
  expect(world.calls('fsx:CreateBackup')).toBe(4);
  expect([versions(world), held(world)]).toEqual([['3', '3'], '3']);
  expect(world.newest.id).toBe(world.resourcesOf('Custom::FsxBackup')[0].physicalId);
});

test('a retry without rollback prunes as well', async () => {
  const world = await start();
  await upgrades(world, ['1', '2']);
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
  expect((await world.deploy(upgrade('3'), { disableRollback: true })).Files.status).toBe('UPDATE_FAILED');
  expect(versions(world)).toEqual(['1', '2', '3']);
  await deploy(world, upgrade('4'));
  expect([versions(world), held(world)]).toEqual([['3', '4'], '4']);
});

test('those of a file system that was replaced in between are not counted, and stay', async () => {
  const world = await start();
  const replaced = (version: string) => upgrade(version, { keepLast: 2 }, (stack) => recreate(stack));
  await upgrades(world, ['1', '2']);
  for (const version of ['3', '4', '5', '6']) await deploy(world, replaced(version));
  expect(versions(world)).toEqual(['1', '2', '5', '6']);
  expect(new Set(world.ownBackups.map(({ source }) => source.fileSystemId)).size).toBe(2);
});

describe('what a backup says about its removal', () => {
  test.each<[string, Props]>([
    ['RETAIN', {}],
    ['DESTROY', { removalPolicy: DESTROY }],
    ['KEEP_LAST:3', { keepLast: 3 }],
  ])('is %s, as its resource says, and changes in place with it', async (removal, props) => {
    const world = await start();
    await upgrades(world, ['1'], props);
    expect(removals(world)).toEqual([removal]);
    for (const [other, otherProps] of [
      ['KEEP_LAST:7', { keepLast: 7 }],
      ['RETAIN', {}],
      ['DESTROY', { removalPolicy: DESTROY }],
      [removal, props],
    ] as const) {
      await upgrades(world, ['1'], otherProps);
      expect(removals(world)).toEqual([other]);
    }
    expect([world.calls('fsx:CreateBackup'), deletions(world)]).toEqual([1, []]);
  });

  test('goes back with a rollback', async () => {
    const world = await start();
    await upgrades(world, ['1'], {});
    world.cloudFormation.failures.fail({ target: 'Late', on: 'create' });
    const app = upgrade('1', { removalPolicy: DESTROY }, (stack, backup) =>
      bystander(stack, backup, '1', 'Late'),
    );
    await deploy(world, app, /^UPDATE_ROLLBACK_COMPLETE$/);
    expect(world.calls('fsx:TagResource')).toBe(2);
    expect([removals(world), deletions(world)]).toEqual([['RETAIN'], []]);
  });
});

describe('a change from DESTROY to RETAIN, together with a trigger', () => {
  test.each(['new template', 'old template'] as const)(
    'keeps the old backup (CloudFormation goes by the UpdateReplacePolicy of the %s)',
    async (updateReplacePolicyOf) => {
      const world = await start({ cloudFormation: { updateReplacePolicyOf } });
      await upgrades(world, ['1'], { removalPolicy: DESTROY });
      await upgrades(world, ['2', '3'], {});
      expect([versions(world), deletions(world)]).toEqual([['1', '2', '3'], []]);
      if (updateReplacePolicyOf === 'old template') {
        // CloudFormation has asked for its deletion.
        expect(removals(world)).toEqual(['RETAIN', 'RETAIN', 'RETAIN']);
      }
      await world.destroy('Files');
      expect(versions(world)).toEqual(['1', '2', '3']);
    },
  );
});

describe("a guard of a file system's own changes", () => {
  const app = (capacity: number, more: (stack: Stack) => void = () => {}, keepLast = 2) =>
    synthesize((stack) => {
      sourceOf(stack, 'LUSTRE');
      const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
      fileSystem.storageCapacity = capacity;
      const guard = FsxBackup.beforeChangeOf(stack, 'Backup', fileSystem, { keepLast });
      Tags.of(guard).add('version', String(capacity));
      new CfnOutput(stack, 'BackupId', { value: guard.backupId });
      more(stack);
    });

  test('has none at first, and then keeps the newest', async () => {
    const world = await start();
    await deploy(world, app(1200));
    expect(held(world)).toBeUndefined();
    for (const [capacity, left] of [
      [2400, ['2400']],
      [4800, ['2400', '4800']],
      [7200, ['4800', '7200']],
    ] as const) {
      await deploy(world, app(capacity));
      expect(versions(world)).toEqual(left);
    }
    expect(deletions(world)).toHaveLength(1);
  });

  test('keeps the newest of the file system that was replaced', async () => {
    const world = await start();
    for (const capacity of [1200, 2400, 4800]) await deploy(world, app(capacity));
    await deploy(
      world,
      app(7200, (stack) => recreate(stack)),
    );
    expect(versions(world)).toEqual(['4800', '7200']);
    expect(held(world)).toBe('7200');
  });

  test.each<[string, Props]>([
    ['keepLast: 2', { keepLast: 2 }],
    ['DESTROY', { removalPolicy: DESTROY }],
  ])(
    'keeps the last backup of the one that was replaced, however often the new one changes (%s)',
    async (_, props) => {
      const guarded = (capacity: number, replaced: boolean) =>
        synthesize((stack) => {
          sourceOf(stack, 'LUSTRE');
          const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
          fileSystem.storageCapacity = capacity;
          if (replaced) recreate(stack);
          FsxBackup.beforeChangeOf(stack, 'Backup', fileSystem, props);
        });
      const world = await start();
      await deploy(world, guarded(1200, false));
      const old = world.physicalIdOf('Source');
      await deploy(world, guarded(1200, true));
      const last = theOnly(world.ownBackups);
      expect(last.source.fileSystemId).toBe(old);
      for (const capacity of [2400, 4800, 7200, 9600]) await deploy(world, guarded(capacity, true));
      expect(world.calls('fsx:CreateBackup')).toBe(5);
      expect(world.backups.map(({ id }) => id)).toContain(last.id);
      expect(world.ownBackups).toHaveLength(props.keepLast ? 3 : 2);
    },
  );

  test('that becomes a backup of the file system prunes all the same', async () => {
    const world = await start();
    for (const capacity of [1200, 2400, 4800]) await deploy(world, app(capacity, undefined, 1));
    const { Files } = await world.deploy(upgrade('after', { keepLast: 1 }));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
    expect(versions(world)).toEqual(['after']);
  });

  /** One that guards a file system of this capacity, or none, beside another that keeps the engine. */
  const guardedBesideAnother = (capacity: number, present = true, more: (stack: Stack) => void = () => {}) =>
    synthesize((stack) => {
      new FsxBackup(stack, 'Standing', {
        source: sourceOf(stack, 'OPENZFS', 'Other'),
        removalPolicy: DESTROY,
      });
      sourceOf(stack, 'LUSTRE');
      const fileSystem = stack.node.findChild('Source') as fsx.CfnFileSystem;
      fileSystem.storageCapacity = capacity;
      more(stack);
      if (!present) return;
      const backup = FsxBackup.beforeChangeOf(stack, 'Backup', fileSystem, { removalPolicy: DESTROY });
      Tags.of(backup).add('version', String(capacity));
    });

  test('that is removed takes its backup along, with DESTROY, while another keeps the engine', async () => {
    const world = await start();
    for (const capacity of [1200, 2400]) await deploy(world, guardedBesideAnother(capacity));
    expect(versions(world)).toEqual(['2400']);
    const { Files } = await world.deploy(guardedBesideAnother(2400, false));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
    expect(versions(world)).toEqual([]);
  });

  test('whose creation is cancelled leaves none, with DESTROY, while another keeps the engine', async () => {
    const versioned = (capacity: number, present = true) =>
      guardedBesideAnother(capacity, present, (stack) => bystander(stack, undefined, String(capacity)));
    const world = await start({ fsx: { backupDuration: () => 10 * MINUTE } });
    await deploy(world, versioned(1200, false));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 3 * MINUTE });
    const { Files } = await world.deploy(versioned(2400));
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Files.events.map((event) => event.status)).not.toContain('DELETE_FAILED');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect(versions(world)).toEqual([]);
  });

  test('that a rolled back update made of a backup of the source leaves none, with DESTROY', async () => {
    const changing = (deployed: boolean) =>
      synthesize((stack) => {
        const source = sourceOf(stack, 'LUSTRE');
        bystander(stack, undefined, String(deployed));
        const guarded = deployed ? BackupSource.fromDeployed(stack.node.findChild('Source')) : source;
        Tags.of(new FsxBackup(stack, 'Backup', { source: guarded, removalPolicy: DESTROY })).add(
          'version',
          String(deployed),
        );
      });
    const world = await start({ fsx: { backupDuration: () => 10 * MINUTE } });
    await deploy(world, changing(false));
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after: 3 * MINUTE });
    expect((await world.deploy(changing(true))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.calls('fsx:CreateBackup')).toBe(2);
    expect([versions(world), held(world)]).toEqual([['false'], 'false']);
  });
});

describe('a nested stack', () => {
  const app = (version: string) =>
    synthesize((stack) => {
      const nested = new NestedStack(stack, 'Nested');
      const backup = new FsxBackup(nested, 'Backup', {
        source: sourceOf(nested, 'LUSTRE'),
        triggers: [BackupTrigger.onValue(version)],
        keepLast: 1,
      });
      Tags.of(backup).add('version', version);
      bystander(stack, undefined, version);
      stack.node.findChild('Bystander').node.addDependency(nested);
    });
  const left = (world: World) => world.ownBackups.map((backup) => backup.tags.get('version'));

  test('prunes when its parent has succeeded', async () => {
    const world = await start();
    for (const version of ['1', '2', '3']) await deploy(world, app(version));
    expect(left(world)).toEqual(['3']);
  });

  test('deletes nothing when its parent is rolled back', async () => {
    const world = await start();
    for (const version of ['1', '2']) await deploy(world, app(version));
    await rolledBack(world, app('3'));
    expect(left(world)).toEqual(['2', '3']);
  });
});

describe('whatever is delivered, lost or repeated, the same ones stay', () => {
  test.each([0, 300, 3_000, 30_000, 20 * MINUTE])(
    'where every event comes again after %i ms',
    async (delay) => {
      const world = await start({ cloudFormation: { redeliveries: [delay] } });
      await upgrades(world, ['1', '2', '3', '4']);
      await world.pass(HOUR);
      expect(versions(world)).toEqual(['3', '4']);
      expect(deletions(world).length).toBeGreaterThanOrEqual(2);
    },
  );

  test.each([
    'fsx:DeleteBackup',
    'cloudformation:DescribeStackResource',
    'cloudformation:DescribeStacks',
    'fsx:DescribeBackups',
  ])('where the invocation dies after %s in the cleanup', async (operation) => {
    const world = await start();
    await upgrades(world, ['1', '2']);
    world.journal.onEntry((entry) => {
      if (entry.kind === 'event' && entry.status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') {
        world.lambda.crashAfter(operation);
      }
    });
    await upgrades(world, ['3']);
    expect(world.journal.of('invocation').filter((invocation) => invocation.error)).toHaveLength(1);
    expect(versions(world)).toEqual(['2', '3']);
  });

  test('where whichever call of an upgrade meets whatever passing fault', async () => {
    const before = ['1', '2'].map((version) => upgrade(version));
    const next = upgrade('3');
    const play = async (disturb: (world: World) => void = () => {}) => {
      const world = await start({ fsx: { backupDuration: () => 7_000 } });
      for (const app of before) await deploy(world, app);
      const from = world.journal.entries.length;
      disturb(world);
      const { status } = (await world.deploy(next)).Files;
      const made = world.journal.entries
        .slice(from)
        .flatMap((entry) => (entry.kind === 'call' ? [entry.operation] : []));
      await world.pass(90 * MINUTE);
      const outcome = [status, versions(world), held(world)];
      await world.close();
      return { outcome, made };
    };
    const { outcome, made } = await play();
    expect(outcome).toEqual(['UPDATE_COMPLETE', ['2', '3'], '3']);
    expect(made).toContain('fsx:DeleteBackup');
    for (const [operation, nth] of numbered(made)) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const where = `${what} at ${operation} ${nth}`;
        expect([where, (await play(({ faults }) => faults.add(operation, nth, fault))).outcome]).toEqual([
          where,
          outcome,
        ]);
      }
    }
  }, 240_000);
});

describe('in an account with 10,000 backups, at 300 ms a page', () => {
  const PAGES = 200;
  const crowded = async () => {
    const world = await start({
      callDuration: (operation) => (operation === 'fsx:DescribeBackups' ? 300 : 0),
    });
    world.fsx.crowd(10_000);
    return world;
  };
  /** Pages of backups that were asked for. A poll of one backup names its id, and is no listing. */
  const listings = (world: World, from = 0) =>
    world.journal.calls('fsx:DescribeBackups').filter(({ input, at }) => !input.BackupIds && at >= from)
      .length;

  test.each<[string, Props]>([
    ['RETAIN', {}],
    ['DESTROY', { removalPolicy: DESTROY }],
    ['keepLast', { keepLast: 1 }],
  ])('a creation lists nothing, and an update lists for its cleanup at most (%s)', async (policy, props) => {
    const world = await crowded();
    await upgrades(world, ['1'], props);
    expect(listings(world)).toBe(0);
    await upgrades(world, ['2', '3'], props);
    const inCleanup = world
      .events('Files', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')
      .reduce((sum, { at }) => sum + listings(world, at), 0);
    expect([listings(world) === 0, listings(world) <= inCleanup]).toEqual([policy === 'RETAIN', true]);
    expect(listings(world)).toBeLessThanOrEqual(2 * (PAGES + 10));
    expect(versions(world)).toEqual(policy === 'RETAIN' ? ['1', '2', '3'] : ['3']);
  });

  test('a stack with DESTROY is deleted, with its backups', async () => {
    const world = await crowded();
    await upgrades(world, ['1', '2'], { removalPolicy: DESTROY });
    const from = world.clock.now();
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(versions(world)).toEqual([]);
    expect(listings(world, from)).toBeLessThanOrEqual(PAGES + 10);
  });

  test('an update that fails is rolled back, with its backup', async () => {
    const world = await crowded();
    await upgrades(world, ['1'], { removalPolicy: DESTROY });
    const from = world.clock.now();
    await rolledBack(world, upgrade('2', { removalPolicy: DESTROY }));
    expect([versions(world), held(world)]).toEqual([['1'], '1']);
    expect(listings(world, from)).toBeLessThanOrEqual(PAGES + 10);
  });

  test('a creation that is cancelled leaves none, with DESTROY', async () => {
    const world = await crowded();
    world.fsx.options.backupDuration = () => 10 * MINUTE;
    world.cloudFormation.failures.fail({ target: 'Other', on: 'create', after: 20 * MINUTE });
    const app = upgrade('1', { removalPolicy: DESTROY }, (stack) =>
      bystander(stack, undefined, '1', 'Other'),
    );
    await deploy(world, app, /^ROLLBACK_COMPLETE$/);
    expect(world.calls('fsx:CreateBackup')).toBe(1);
    expect(versions(world)).toEqual([]);
    expect(listings(world)).toBeLessThanOrEqual(PAGES + 10);
  });

  test.each<[string, Props]>([
    ['DESTROY', { removalPolicy: DESTROY }],
    ['keepLast', { keepLast: 1 }],
  ])('a cleanup finds what the resource holds if CloudFormation shows the old id (%s)', async (_, props) => {
    const world = await crowded();
    world.cloudFormation.options.cleanupShows = 'old id';
    await upgrades(world, ['1'], props);
    const from = world.clock.now();
    await upgrades(world, ['2'], props);
    expect(versions(world)).toEqual(['2']);
    expect(listings(world, from)).toBeLessThanOrEqual(2 * PAGES + 10);
  });

  test('a rollback whose former backup was deleted finds the newest of the same kind', async () => {
    const world = await crowded();
    await upgrades(world, ['1', '2', '1'], {});
    const [former, , lost] = world.ownBackups;
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    expect((await world.deploy(upgrade('3', {}), { disableRollback: true })).Files.status).toBe(
      'UPDATE_FAILED',
    );
    expect(world.people.deleteBackup(lost.id)).toBe(true);
    const from = world.clock.now();
    const { status } = await world.clock.run(world.cloudFormation.rollbackStack('Files'));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.resourcesOf('Custom::FsxBackup')[0].physicalId).toBe(former.id);
    expect(listings(world, from)).toBeLessThanOrEqual(PAGES + 10);
  });

  test('a backup that an earlier attempt has started is found, and continued', async () => {
    const world = await crowded();
    const props = { timeout: Duration.minutes(5) };
    await upgrades(world, ['1'], props);
    world.fsx.options.backupDuration = () => 9 * MINUTE;
    await deploy(world, upgrade('2', props), /^UPDATE_ROLLBACK_COMPLETE$/);
    const from = world.clock.now();
    await upgrades(world, ['2'], props);
    expect(versions(world)).toEqual(['1', '2']);
    expect(listings(world, from)).toBeGreaterThan(0);
    expect(listings(world, from)).toBeLessThanOrEqual(PAGES + 10);
  });

  test('a creation that FSx refuses since another backup runs lists the backups of its source', async () => {
    const world = await crowded();
    await upgrades(world, ['1'], {});
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 5 * MINUTE, ...idOf(world.newest.source) });
    await upgrades(world, ['2'], {});
    expect(listings(world)).toBeGreaterThan(0);
    expect(listings(world)).toBeLessThanOrEqual(PAGES + 10);
  });
});

test('an aspect that retains everything does not keep older backups from being deleted', async () => {
  const world = await start();
  for (const version of ['1', '2', '3', '4']) {
    await deploy(
      world,
      upgrade(version, { keepLast: 2 }, (stack) => RemovalPolicies.of(stack).retain()),
    );
  }
  expect(versions(world)).toEqual(['3', '4']);
});
