import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import type { BackupRecord, SandboxOptions } from '../../sandbox';
import { FsxBackup, FsxBackupProps } from '../../src';
import {
  backupStack,
  bystander,
  HOUR,
  KINDS,
  MINUTE,
  nameOf,
  sourceOf,
  start,
  synthesize,
  theOnly,
  type World,
} from '../fixtures';

const { DESTROY } = RemovalPolicy;

const removalOf = ({ tags }: BackupRecord) => tags.get('cdk-fsx-backup:removal');

/** The lifecycles that the handler saw, in order, each once. */
function seen(world: World): string[] {
  const lifecycles = [
    ...world.journal.calls('fsx:CreateBackup'),
    ...world.journal.calls('fsx:DescribeBackups'),
  ]
    .filter((call) => call.outcome === 'ok')
    .sort((a, b) => a.at - b.at)
    .flatMap(({ output }) => (output.Backup ? [output.Backup] : output.Backups))
    .map((backup) => backup.Lifecycle);
  return [...new Set(lifecycles)];
}

describe.each(KINDS)('%s', (kind) => {
  const changes = ['fsx:CreateBackup', 'fsx:DeleteBackup', 'fsx:TagResource', 'fsx:UntagResource'];

  test('a first backup: the stack goes on when it is AVAILABLE', async () => {
    const world = await start();
    const { Files } = await world.deploy(backupStack(kind, {}, bystander));
    expect(Files.status).toBe('CREATE_COMPLETE');

    const [backup] = world.backups;
    expect(world.backups).toHaveLength(1);
    expect(Files.outputs).toEqual({ BackupId: backup.id });
    expect(Object.fromEntries(backup.tags)).toEqual({
      'Name': expect.stringMatching(/^Files\/Backup \d{4}-\d\d-\d\dT\d\d:\d\dZ$/),
      'cdk-fsx-backup:stack-id': world.cloudFormation.stack('Files').id,
      'cdk-fsx-backup:logical-id': expect.stringMatching(/^Backup/),
      'cdk-fsx-backup:generation': expect.stringMatching(/^1-[0-9a-f]{16}$/),
      'cdk-fsx-backup:previous': 'none',
      'cdk-fsx-backup:removal': 'RETAIN',
    });

    const [answer] = world.journal.of('response');
    expect(answer.at - backup.createdAt).toBeGreaterThanOrEqual(backup.duration);
    expect(answer.at - backup.createdAt).toBeLessThanOrEqual(backup.duration * 1.1 + 5000);
    expect(world.answers).toEqual([
      expect.objectContaining({
        Status: 'SUCCESS',
        PhysicalResourceId: backup.id,
        Data: {
          BackupId: backup.id,
          BackupArn: backup.arn,
          BackupCreationTime: new Date(backup.createdAt).toISOString(),
          BackupLifecycle: 'AVAILABLE',
          BackupType: 'USER_INITIATED',
          BackupSizeInBytes: expect.stringMatching(/^\d+$/),
          BackupKmsKeyId: backup.kmsKeyId,
          BackupOwnerId: '123456789012',
          BackupResourceType: kind === 'ONTAP' ? 'VOLUME' : 'FILE_SYSTEM',
          SourceFileSystemId: backup.source.fileSystemId,
          SourceFileSystemType: kind,
          SourceVolumeId: backup.source.volumeId ?? '',
        },
      }),
    ]);
    expect(seen(world)).toEqual(
      kind === 'LUSTRE' ? ['PENDING', 'CREATING', 'TRANSFERRING', 'AVAILABLE'] : ['CREATING', 'AVAILABLE'],
    );

    const bystanderStarts = Files.events.find((event) => event.logicalId === 'Bystander')!;
    expect(bystanderStarts.at).toBeGreaterThanOrEqual(answer.at);
  });

  test('deploying again without a change calls nothing', async () => {
    const world = await start();
    await world.deploy(backupStack(kind));
    const before = world.journal.of('call').length;
    expect((await world.deploy(backupStack(kind))).Files).toMatchObject({
      status: 'CREATE_COMPLETE',
      noChanges: true,
    });
    expect(world.journal.of('call')).toHaveLength(before);
  });

  test('a change of tags changes them in place', async () => {
    const world = await start();
    const tagged = (tags: Record<string, string>) =>
      backupStack(kind, {}, (_, backup) => {
        for (const [key, value] of Object.entries(tags)) Tags.of(backup).add(key, value);
      });
    const first = (await world.deploy(tagged({ team: 'a', cost: '1' }))).Files;
    const name = world.backups[0].tags.get('Name')!;
    expect(name).toMatch(/^Files\/Backup \d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
    await world.pass(HOUR);
    const { Files } = await world.deploy(tagged({ team: 'b', level: 'gold' }));
    expect(Files).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: first.outputs });
    expect(world.backups).toHaveLength(1);
    expect(Object.fromEntries(world.backups[0].tags)).toMatchObject({
      'team': 'b',
      'level': 'gold',
      'Name': name,
      'cdk-fsx-backup:logical-id': expect.anything(),
    });
    expect(world.backups[0].tags.has('cost')).toBe(false);
    expect(world.calls('fsx:CreateBackup')).toBe(1);
  });

  test('a change of options changes one tag, and only if it says what becomes of the backup', async () => {
    const world = await start();
    await world.deploy(backupStack(kind));
    const timeout = Duration.minutes(30);
    for (const [other, removal, tagged] of [
      [{ timeout }, 'RETAIN', 0],
      [{ timeout, removalPolicy: DESTROY }, 'DESTROY', 1],
      [{ timeout, keepLast: 2 }, 'KEEP_LAST:2', 2],
    ] as const) {
      expect((await world.deploy(backupStack(kind, other))).Files.status).toBe('UPDATE_COMPLETE');
      expect(world.ownBackups[0].tags.get('cdk-fsx-backup:removal')).toBe(removal);
      expect(changes.map((operation) => world.calls(operation))).toEqual([1, 0, tagged, 0]);
    }
  });

  type More = (stack: Stack, backup: FsxBackup) => void;
  const twoSources = (which: 'One' | 'Two', props: Partial<FsxBackupProps> = {}, more: More = () => {}) =>
    synthesize((stack) => {
      const sources = { One: sourceOf(stack, kind, 'One'), Two: sourceOf(stack, kind, 'Two') };
      more(stack, new FsxBackup(stack, 'Backup', { source: sources[which], ...props }));
    });

  test.each([
    ['RETAIN', undefined],
    ['DESTROY', DESTROY],
  ])('a change of source takes another backup, and keeps the last of the old one (%s)', async (_, policy) => {
    const world = await start();
    await world.deploy(twoSources('One', { removalPolicy: policy }));
    const [first] = world.backups;
    const { Files } = await world.deploy(twoSources('Two', { removalPolicy: policy }));
    expect(Files.status).toBe('UPDATE_COMPLETE');
    expect(world.backups).toHaveLength(2);
    expect(world.physicalIdFor(first)).not.toBe(first.id);
    expect(first.tags.get('cdk-fsx-backup:removal')).toBe('RETAIN');
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toHaveLength(policy === DESTROY ? 1 : 2);
    expect(world.ownBackups).toContain(first);
  });

  test('a rolled back change of source returns to the old backup; a retry takes one of its own', async () => {
    const world = await start();
    const version = (n: number) => (stack: Stack, backup: FsxBackup) => bystander(stack, backup, String(n));
    await world.deploy(twoSources('One', {}, version(1)));
    const [first] = world.backups;

    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', reason: 'the upgrade failed' });
    expect((await world.deploy(twoSources('Two', {}, version(2)))).Files.status).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect(world.physicalIdFor(first)).toBe(first.id);
    expect(world.backups).toHaveLength(2);

    const second = world.backups.find((backup) => backup !== first)!;
    expect((await world.deploy(twoSources('Two', {}, version(2)))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.physicalIdFor(second)).not.toBe(second.id);
    expect(world.physicalIdFor(second)).toBe(world.newest.id);
    expect(world.newest.tags.get('cdk-fsx-backup:previous')).toBe(first.id);
    expect(world.backups).toHaveLength(3);
  });

  test('with DESTROY, a rolled back change of source keeps the last backup of that source', async () => {
    const world = await start();
    await world.deploy(
      twoSources('One', { removalPolicy: DESTROY }, (stack, backup) => bystander(stack, backup, '1')),
    );
    const [first] = world.backups;
    world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update' });
    await world.deploy(
      twoSources('Two', { removalPolicy: DESTROY }, (stack, backup) => bystander(stack, backup, '2')),
    );
    expect(world.physicalIdFor(first)).toBe(first.id);
    expect(world.backups.map(removalOf)).toEqual(['DESTROY', 'RETAIN']);
  });

  test('back to the first source takes a third backup, not the old one', async () => {
    const world = await start();
    for (const which of ['One', 'Two', 'One'] as const) {
      expect((await world.deploy(twoSources(which))).Files.status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
    }
    expect(world.calls('fsx:CreateBackup')).toBe(3);
    const newest = world.backups.sort((a, b) => b.createdAt - a.createdAt)[0];
    expect(world.physicalIdFor(newest)).toBe(newest.id);
  });

  test('RETAIN: the backup survives the stack, and nothing was ever allowed or asked to delete', async () => {
    const world = await start();
    const assembly = backupStack(kind);
    await world.deploy(assembly);
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toHaveLength(1);
    expect(world.calls('fsx:DeleteBackup')).toBe(0);
  });

  test('DESTROY: the backup goes with the stack, and nothing else does', async () => {
    const world = await start();
    await world.deploy(backupStack(kind, { removalPolicy: DESTROY }));
    const [own] = world.backups;
    for (const type of ['AUTOMATIC', 'AWS_BACKUP', 'USER_INITIATED'] as const) {
      world.fsx.plantBackup({ type, lifecycle: 'AVAILABLE', ...idOf(own.source) });
    }
    expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
    expect(world.ownBackups).toEqual([]);
    expect(world.journal.calls('fsx:DeleteBackup').map((call) => call.input)).toEqual([
      expect.objectContaining({ BackupId: own.id }),
    ]);
  });

  test('DESTROY: the backup goes with the construct, while others stay and keep the engine', async () => {
    const world = await start();
    const stacks = (withBackup: boolean) =>
      synthesize((stack) => {
        const source = sourceOf(stack, kind);
        new FsxBackup(stack, 'Kept', { source });
        if (withBackup) {
          new FsxBackup(stack, 'Backup', { source, removalPolicy: DESTROY }).node.addDependency(
            stack.node.findChild('Kept'),
          );
        }
      });
    await world.deploy(stacks(true));
    expect(world.backups).toHaveLength(2);
    expect((await world.deploy(stacks(false))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.backups.map(nameOf)).toEqual(['Files/Kept']);
  });

  test.each([
    ['RETAIN', undefined],
    ['DESTROY', DESTROY],
  ])("a backup that fails rolls the stack back, with FSx's reason (%s)", async (_, removalPolicy) => {
    const world = await start({ fsx: { fail: () => 'The volume ran out of space for the snapshot.' } });
    const { Files } = await world.deploy(backupStack(kind, { removalPolicy }));
    expect(Files.status).toBe('ROLLBACK_COMPLETE');
    expect(Files.reason).toMatch(
      new RegExp(
        /Received response status \[FAILED\] from custom resource\. Message returned: FSx could /.source +
          /not finish backup backup-\w+ of .*: The volume ran out of space for the snapshot\./.source,
      ),
    );
    expect(world.ownBackups).toHaveLength(removalPolicy ? 0 : 1);
    if (!removalPolicy) expect(Files.reason).toContain(world.ownBackups[0].id);
  });

  test("somebody else's backup is waited out", async () => {
    const world = await start();
    await world.deploy(backupStack(kind));
    const [own] = world.backups;
    world.fsx.plantBackup({ type: 'AUTOMATIC', duration: 20 * MINUTE, ...idOf(own.source) });
    const since = world.clock.now();
    const { Files } = await world.deploy(
      synthesize((stack) => {
        const source = sourceOf(stack, kind);
        new FsxBackup(stack, 'Backup', { source });
        new FsxBackup(stack, 'Second', { source });
      }),
    );
    expect(Files.status).toBe('UPDATE_COMPLETE');
    const second = world.backups.find((backup) => nameOf(backup) === 'Files/Second')!;
    expect(second.createdAt - since).toBeGreaterThanOrEqual(20 * MINUTE);
    expect(second.createdAt - since).toBeLessThanOrEqual(23 * MINUTE);
    expect(world.ownBackups).toHaveLength(2);
  });

  test('two backups of one source in one deployment take turns', async () => {
    const world = await start();
    const { Files } = await world.deploy(
      synthesize((stack) => {
        const source = sourceOf(stack, kind);
        for (const id of ['One', 'Two']) new FsxBackup(stack, id, { source });
      }),
    );
    expect(Files.status).toBe('CREATE_COMPLETE');
    const [first, second] = world.backups;
    expect(second.createdAt).toBeGreaterThanOrEqual(first.createdAt + first.duration);
  });

  test('a backup that takes too long fails with its progress; the next deployment continues', async () => {
    const world = await start({ fsx: { backupDuration: () => 90 * MINUTE } });
    const withBackup = (present: boolean) =>
      synthesize((stack) => {
        const source = sourceOf(stack, kind);
        if (present) new FsxBackup(stack, 'Backup', { source });
      });
    await world.deploy(withBackup(false));
    const failed = (await world.deploy(withBackup(true))).Files;
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(failed.reason).toMatch(
      /is not finished after 55 min \(\w+, 6\d %\)\. It goes on: deploy again, and the deployment continues/,
    );
    expect((await world.deploy(withBackup(true))).Files.status).toBe('UPDATE_COMPLETE');
    expect(world.physicalIdFor(theOnly(world.backups))).toBe(theOnly(world.backups).id);
  });

  test("the source's tags are copied where it asks for that", async () => {
    const world = await start();
    const tags = [
      { key: 'data', value: 'projects' },
      { key: 'Name', value: 'of the source' },
    ];
    await world.deploy(
      synthesize((stack) => {
        new FsxBackup(stack, 'Copied', { source: sourceOf(stack, kind, 'One', tags, true) });
        new FsxBackup(stack, 'Plain', { source: sourceOf(stack, kind, 'Two', tags, false) });
      }),
    );
    const byName = Object.fromEntries(
      world.backups.map((backup) => [nameOf(backup), Object.fromEntries(backup.tags)]),
    );
    expect(byName['Files/Copied']).toMatchObject({ data: 'projects' });
    expect(byName['Files/Plain']).not.toHaveProperty('data');
  });

  describe('a create that is cancelled because another resource failed', () => {
    const cancelled = async (
      removalPolicy: RemovalPolicy | undefined,
      options: SandboxOptions['fsx'] = {},
    ) => {
      const world = await start({ fsx: { backupDuration: () => 10 * MINUTE, ...options } });
      const deployed = (present: boolean) =>
        synthesize((stack) => {
          const source = sourceOf(stack, kind);
          if (!present) return;
          new FsxBackup(stack, 'Backup', { source, removalPolicy });
          bystander(stack);
        });
      await world.deploy(deployed(false));
      world.cloudFormation.failures.fail({ target: 'Bystander', on: 'create', after: 2 * MINUTE });
      const { Files } = await world.deploy(deployed(true));
      expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(Files.events.map((event) => event.reason).join()).toContain('Resource creation cancelled');
      await world.pass(2 * 60 * MINUTE); // whatever still runs gets its time
      return world;
    };

    test('with DESTROY leaves no backup', async () => {
      const world = await cancelled(DESTROY);
      expect(world.calls('fsx:CreateBackup')).toBe(1);
      expect(world.backups).toEqual([]);
    });

    test('with DESTROY leaves no backup, also where FSx cannot delete a running one', async () => {
      const world = await cancelled(DESTROY, { deletionInProgress: 'BackupInProgress' });
      expect(world.calls('fsx:CreateBackup')).toBe(1);
      expect(world.backups).toEqual([]);
    });

    test('with RETAIN leaves one, tagged, and named in the log', async () => {
      const world = await cancelled(undefined);
      expect(world.ownBackups).toHaveLength(1);
      expect(world.log).toContain(world.ownBackups[0].id);
    });

    test("takes nothing afterwards that was still waiting for somebody else's backup", async () => {
      const world = await start();
      const deployed = (present: boolean) =>
        synthesize((stack) => {
          const source = sourceOf(stack, kind);
          new FsxBackup(stack, 'First', { source });
          if (!present) return;
          new FsxBackup(stack, 'Backup', { source, removalPolicy: DESTROY });
          bystander(stack);
        });
      await world.deploy(deployed(false));
      world.fsx.plantBackup({
        type: 'AUTOMATIC',
        duration: 20 * MINUTE,
        ...idOf(world.backups[0].source),
      });
      world.cloudFormation.failures.fail({ target: 'Bystander', on: 'create', after: 5 * MINUTE });
      expect((await world.deploy(deployed(true))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      await world.pass(2 * 60 * MINUTE);
      expect(world.ownBackups).toHaveLength(1);
    });
  });

  describe('deletion that is blocked', () => {
    test('by a restore is waited out', async () => {
      const world = await start();
      await world.deploy(backupStack(kind, { removalPolicy: DESTROY }));
      const [backup] = world.backups;
      backup.restoringTo = 'fs-0aaaaaaaaaaaaaaaa';
      world.clock.setTimeout(() => {
        backup.restoringTo = undefined;
      }, 15 * MINUTE);
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(world.backups.filter((left) => left === backup)).toEqual([]);
    });

    test('by a copy for longer than the timeout blocks the stack; the next attempt succeeds', async () => {
      const world = await start();
      await world.deploy(backupStack(kind, { removalPolicy: DESTROY, timeout: Duration.minutes(10) }));
      const [backup] = world.backups;
      backup.beingCopiedTo = 'backup-0aaaaaaaaaaaaaaaa';
      const blocked = await world.destroy('Files');
      expect(blocked.status).toBe('DELETE_FAILED');
      expect(blocked.reason).toMatch(/Deleting backup-\w+ was not possible in 55 min\..*BackupBeingCopied/);
      backup.beingCopiedTo = undefined;
      expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
      expect(world.ownBackups).toEqual([]);
    });
  });
});

function idOf({ volumeId, fileSystemId }: { volumeId?: string; fileSystemId: string }): {
  volumeId?: string;
  fileSystemId?: string;
} {
  return volumeId ? { volumeId } : { fileSystemId };
}
