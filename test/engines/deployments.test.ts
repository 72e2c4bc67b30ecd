import {
  CreateBackupCommand,
  CreateFileSystemCommand,
  DeleteBackupCommand,
  DescribeBackupsCommand,
  DescribeFileSystemsCommand,
  FSxClient,
} from '@aws-sdk/client-fsx';
import { Account } from './account';
import { differs, inSandbox } from './divergences';
import { type PythonServer, startPython } from './python-server';

const EXAMPLES = 'examples/typescript';
const MINUTE = 60_000;

let account: Account;

beforeAll(async () => {
  account = await Account.start(200);
});
afterAll(() => account.close());

/** Deploy, and tell what FSx was asked to change meanwhile, and which executions there were. */
async function deploy(example: string, context: Record<string, string> = {}) {
  const [changes, executions] = [account.fsxChanges.length, (await account.executions()).length];
  const { succeeded, output } = await account.deploy(`${EXAMPLES}/${example}`, context);
  return {
    succeeded,
    output,
    asked: account.fsxChanges.slice(changes),
    executions: (await account.executions()).length - executions,
  };
}

async function destroy(example: string) {
  const changes = account.fsxChanges.length;
  const { succeeded, output } = await account.destroy(`${EXAMPLES}/${example}`);
  return { succeeded, output, asked: account.fsxChanges.slice(changes) };
}

const ofStack = (stackId: string) =>
  account.backups.filter(({ tags }) => tags.get('cdk-fsx-backup:stack-id') === stackId);
const stackId = async (name: string) => (await account.stack(name)).StackId!;

/** When a resource last came to this status, in real milliseconds. */
async function timeOf(stack: string, logicalId: RegExp, status: string): Promise<number> {
  const events = await account.events(stack);
  return events
    .filter((event) => logicalId.test(event.LogicalResourceId!) && event.ResourceStatus === status)
    .at(-1)!
    .Timestamp!.getTime();
}

describe('Deployments', () => {
  test('the CDK CLI bootstraps the account', async () => {
    const { succeeded, output } = await account.cdk(
      `${EXAMPLES}/quick-start`,
      'bootstrap',
      'aws://000000000000/us-east-1',
    );
    expect(output).toContain('bootstrapped');
    expect(succeeded).toBe(true);
  });

  describe('a first backup (quick-start)', () => {
    test('deploys by a change set; the output is the id of a backup, AVAILABLE before the end', async () => {
      const { succeeded, output, asked, executions } = await deploy('quick-start');
      expect(output).toContain('creating CloudFormation changeset');
      expect({ succeeded, asked, executions }).toEqual({
        succeeded: true,
        asked: ['fsx:CreateBackup'],
        executions: 1,
      });
      const { StackStatus } = await account.stack('QuickStart');
      expect(StackStatus).toBe('CREATE_COMPLETE');
      const [backup] = ofStack(await stackId('QuickStart'));
      expect(await account.outputs('QuickStart')).toEqual({ BackupId: backup.id });
      expect(account.finishedAt(backup)).toBeLessThan(
        await timeOf('QuickStart', /^QuickStart$/, 'CREATE_COMPLETE'),
      );
    });

    test('its execution has succeeded, after as many waits as the backup took', async () => {
      const [execution] = await account.executions();
      expect(execution.status).toBe('SUCCEEDED');
      const waits = await account.waitsOf(execution.executionArn!);
      expect(waits).toBeGreaterThan(2);
      expect(waits).toBeLessThan(200);
    });

    test('its logs name the resource and the backup, and show no presigned URL', async () => {
      const log = (await account.logs()).join('\n');
      const [{ id }] = ofStack(await stackId('QuickStart'));
      expect(log).toContain('Backup');
      expect(log).toContain(id);
      expect(log).not.toMatch(/cfn-response|https?:/);
    });

    test('deployed again without a change: no call that changes anything, and no execution', async () => {
      const { succeeded, output, asked, executions } = await deploy('quick-start');
      expect(output).toContain('no changes');
      expect({ succeeded, asked, executions }).toEqual({ succeeded: true, asked: [], executions: 0 });
    });

    test('destroyed: the backup stays', async () => {
      const id = await stackId('QuickStart');
      expect(await destroy('quick-start')).toMatchObject({ succeeded: true, asked: [] });
      expect(ofStack(id)).toHaveLength(1);
    });
  });

  describe('a backup of each kind (four-kinds)', () => {
    test('Windows, Lustre, OpenZFS and ONTAP each have one backup', async () => {
      const { succeeded, asked } = await deploy('four-kinds');
      expect({ succeeded, asked }).toEqual({ succeeded: true, asked: Array(4).fill('fsx:CreateBackup') });
      expect(
        ofStack(await stackId('FourKinds'))
          .map(({ source }) => source.fileSystemType)
          .sort(),
      ).toEqual(['LUSTRE', 'ONTAP', 'OPENZFS', 'WINDOWS']);
    });

    test('other tags are put on the backups in place: the same ids, no new backup', async () => {
      const before = await account.outputs('FourKinds');
      const { succeeded, asked, executions } = await deploy('four-kinds', { team: 'storage' });
      expect({ succeeded, asked, executions }).toEqual({
        succeeded: true,
        asked: Array(4).fill('fsx:TagResource'),
        executions: 4,
      });
      expect(await account.outputs('FourKinds')).toEqual(before);
      for (const { tags } of ofStack(await stackId('FourKinds'))) expect(tags.get('team')).toBe('storage');
    });

    test('destroyed: all four stay', async () => {
      const id = await stackId('FourKinds');
      expect(await destroy('four-kinds')).toMatchObject({ succeeded: true, asked: [] });
      expect(ofStack(id)).toHaveLength(4);
    });
  });

  describe('backups that go with their stack (development)', () => {
    test("destroyed: its backups are deleted, and somebody else's of the file system is not", async () => {
      const { fileSystemId } = account.fsx.createFileSystem({
        FileSystemType: 'WINDOWS',
        StorageCapacity: 300,
        SubnetIds: ['subnet-0123456789abcdef0'],
        WindowsConfiguration: { ThroughputCapacity: 32 },
      });
      const foreign = account.fsx.plantBackup({
        fileSystemId,
        type: 'USER_INITIATED',
        duration: 0,
        tags: [{ Key: 'Name', Value: 'Development/SharedBackup' }],
      });
      const context = { shared: fileSystemId };
      expect(await deploy('development', context)).toMatchObject({ succeeded: true });
      const id = await stackId('Development');
      expect(ofStack(id)).toHaveLength(2);
      const { succeeded, asked } = await destroy('development');
      expect({ succeeded, asked }).toEqual({
        succeeded: true,
        asked: ['fsx:DeleteBackup', 'fsx:DeleteBackup'],
      });
      expect(ofStack(id)).toEqual([]);
      expect([...account.fsx.backups.keys()]).toContain(foreign.id);
    });
  });

  describe('before an upgrade (before-an-upgrade)', () => {
    test('the first deployment takes one backup; there is nothing yet for others to protect', async () => {
      expect(await deploy('before-an-upgrade')).toMatchObject({
        succeeded: true,
        asked: ['fsx:CreateBackup'],
      });
    });

    test('an upgrade of the service: a second backup, AVAILABLE before the service is updated', async () => {
      const { succeeded, asked } = await deploy('before-an-upgrade', { version: '2' });
      expect({ succeeded, asked }).toEqual({ succeeded: true, asked: ['fsx:CreateBackup'] });
      const backup = ofStack(await stackId('Wiki')).at(-1)!;
      expect(await account.outputs('Wiki')).toEqual({ BackupId: backup.id });
      expect(account.finishedAt(backup)).toBeLessThan(await timeOf('Wiki', /^Service/, 'UPDATE_IN_PROGRESS'));
    });

    test('a change of the file system: a backup of it, AVAILABLE before the change', async () => {
      const { succeeded, asked } = await deploy('before-an-upgrade', { version: '2', throughput: '128' });
      expect({ succeeded, asked }).toEqual({ succeeded: true, asked: ['fsx:CreateBackup'] });
      const backup = ofStack(await stackId('Wiki')).at(-1)!;
      expect(backup.tags.get('cdk-fsx-backup:logical-id')).toMatch(/^BeforeChange/);
      const change = account.changes
        .filter(({ operation, logicalId }) => operation === 'update' && logicalId === 'FileSystem')
        .at(-1)!;
      expect(account.finishedAt(backup)).toBeLessThan(change.at);
    });

    test('an upgrade that fails is rolled back: its backup stays, and the rollback takes none', async () => {
      const before = await account.outputs('Wiki');
      account.refuse = /^Service/;
      const { succeeded, asked } = await deploy('before-an-upgrade', { version: '3', throughput: '128' });
      expect({ succeeded, asked }).toEqual({ succeeded: false, asked: ['fsx:CreateBackup'] });
      expect((await account.stack('Wiki')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(await account.outputs('Wiki')).toEqual(before);
      expect(account.fsx.backups.has(before.BackupId)).toBe(true);
    });

    test('deployed again, it takes another backup, since the earlier one may be old', async () => {
      const { succeeded, asked } = await deploy('before-an-upgrade', { version: '3', throughput: '128' });
      expect({ succeeded, asked }).toEqual({ succeeded: true, asked: ['fsx:CreateBackup'] });
      const newest = ofStack(await stackId('Wiki')).at(-1)!;
      expect(await account.outputs('Wiki')).toEqual({ BackupId: newest.id });
    });

    test('a change of the file system fails and is rolled back: the next takes another backup', async () => {
      account.refuse = /^FileSystem$/;
      const change = { version: '3', throughput: '256' };
      for (const succeeds of [false, true]) {
        const { succeeded, asked } = await deploy('before-an-upgrade', change);
        expect({ succeeded, asked }).toEqual({ succeeded: succeeds, asked: ['fsx:CreateBackup'] });
        const { StackStatus } = await account.stack('Wiki');
        expect(StackStatus).toBe(succeeds ? 'UPDATE_COMPLETE' : 'UPDATE_ROLLBACK_COMPLETE');
      }
    });

    differs(
      'ministack',
      'no stack is ever `UPDATE_COMPLETE_CLEANUP_IN_PROGRESS`, and so `keepLast` deletes nothing',
      ['test/e2e/retention.test.ts', 'five upgrades with keepLast: 2, one of them rolled back'],
      async () => {
        const upgrades = ofStack(await stackId('Wiki')).filter(({ tags }) =>
          tags.get('cdk-fsx-backup:logical-id')!.startsWith('BeforeUpgrade'),
        );
        expect(upgrades).toHaveLength(4);
        const statuses = (await account.events('Wiki')).map(({ ResourceStatus }) => ResourceStatus!);
        expect(statuses).not.toContain('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      },
    );

    test('destroyed: a final backup, AVAILABLE before the file system goes; everything stays', async () => {
      const id = await stackId('Wiki');
      const before = ofStack(id);
      const { succeeded, asked } = await destroy('before-an-upgrade');
      expect({ succeeded, asked }).toEqual({ succeeded: true, asked: ['fsx:CreateBackup'] });
      const after = ofStack(id);
      expect(after).toHaveLength(before.length + 1);
      const deletion = account.changes.filter(({ operation }) => operation === 'delete').at(-1)!;
      expect(account.finishedAt(after.at(-1)!)).toBeLessThan(deletion.at);
    });
  });

  describe('a backup that fails (quick-start)', () => {
    const deletes = async () =>
      (await account.logs()).filter((line) => line.startsWith("request: 'Delete'")).length;
    let before: number;
    let outcome: Awaited<ReturnType<typeof deploy>>;
    beforeAll(async () => {
      before = await deletes();
      account.fsx.options.fail = () => 'The volume is full.';
      outcome = await deploy('quick-start');
      account.fsx.options.fail = () => undefined;
    });

    test('fails the deployment, and the CLI shows what FSx says, and what to do', async () => {
      expect(outcome).toMatchObject({ succeeded: false, asked: ['fsx:CreateBackup'] });
      expect(outcome.output).toContain('The volume is full.');
      expect((await account.stack('QuickStart')).StackStatus).toBe('ROLLBACK_COMPLETE');
    });

    differs(
      'ministack',
      'no Delete follows a Create that failed',
      inSandbox(
        'cloudformation-custom-resource',
        'a failed Create tells the reason, and the Delete after it carries the id of the answer',
      ),
      async () => {
        expect(await deletes()).toBe(before);
      },
    );
  });

  test('a topic hears of a backup that fails, and never the input of its execution', async () => {
    const folder = 'test/engines/told';
    expect((await account.deploy(folder)).succeeded).toBe(true);
    const topics = (await account.events('Told')).filter(({ ResourceType }) => {
      return ResourceType === 'AWS::SNS::Topic';
    });
    const heard = await account.listen(topics.at(-1)!.PhysicalResourceId!);
    account.fsx.options.fail = () => 'The volume is full.';
    expect((await account.deploy(folder, { throughput: '128' })).succeeded).toBe(false);
    account.fsx.options.fail = () => undefined;
    expect((await heard()).map((message) => JSON.parse(message))).toEqual([
      {
        status: 'FAILED',
        name: expect.stringMatching(/^Guard[0-9A-F]{8}-/),
        executionArn: expect.stringMatching(/:execution:FsxBackup-.*:Guard[0-9A-F]{8}-/),
        startDate: expect.any(Number),
        stopDate: expect.any(Number),
      },
    ]);
  });

  describe('more than an hour (long-first-backup)', () => {
    test('a backup of seventy minutes, behind six continuations: what uses its id waits for it', async () => {
      const { fileSystemId } = account.fsx.createFileSystem({
        FileSystemType: 'LUSTRE',
        StorageCapacity: 1200,
        SubnetIds: ['subnet-0123456789abcdef0'],
        LustreConfiguration: { DeploymentType: 'PERSISTENT_2' },
      });
      account.fsx.options.backupDuration = () => 70 * MINUTE;
      const { succeeded, asked, executions } = await deploy('long-first-backup', { archive: fileSystemId });
      expect({ succeeded, asked, executions }).toEqual({
        succeeded: true,
        asked: ['fsx:CreateBackup'],
        executions: 7,
      });
      const [backup] = ofStack(await stackId('Archive'));
      expect(account.finishedAt(backup)).toBeLessThan(
        await timeOf('Archive', /^NewestBackup/, 'CREATE_IN_PROGRESS'),
      );
    });
  });

  describe('a second opinion on FSx (moto)', () => {
    const context = async () => ({ fileSystem: await theFileSystem() });
    let moto: PythonServer;
    let other: Account;
    let client: FSxClient;
    beforeAll(async () => {
      moto = await startPython('moto_with_time.py', '/moto-api/', (port) => ({ args: [port] }));
      other = await Account.start(60, moto.url);
      client = new FSxClient({
        endpoint: moto.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      await other.cdk('test/engines/second-opinion', 'bootstrap', 'aws://000000000000/us-east-1');
      await client.send(
        new CreateFileSystemCommand({
          FileSystemType: 'WINDOWS',
          StorageCapacity: 300,
          SubnetIds: ['subnet-0123456789abcdef0'],
        }),
      );
    });
    afterAll(async () => {
      await other.close();
      await moto.close();
    });
    const theFileSystem = async () =>
      (await client.send(new DescribeFileSystemsCommand())).FileSystems![0].FileSystemId!;
    const create = async (FileSystemId: string) =>
      (await client.send(new CreateBackupCommand({ FileSystemId, ClientRequestToken: 'same' }))).Backup!
        .BackupId;
    const backups = async () => (await client.send(new DescribeBackupsCommand())).Backups!;

    test('understands the request for a backup, and its answers are understood', async () => {
      expect(await other.deploy('test/engines/second-opinion', await context())).toMatchObject({
        succeeded: true,
      });
      const [backup] = await backups();
      expect(await other.outputs('SecondOpinion')).toEqual({
        BackupId: backup.BackupId,
        Lifecycle: 'AVAILABLE',
      });
      const Value = expect.stringMatching(/^SecondOpinion\/Backup 1 \d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
      expect(backup.Tags).toContainEqual({ Key: 'Name', Value });
    });

    test('understands changed tags', async () => {
      expect(
        await other.deploy('test/engines/second-opinion', { ...(await context()), team: 'storage' }),
      ).toMatchObject({ succeeded: true });
      const [backup] = await backups();
      expect(backup.Tags).toContainEqual({ Key: 'team', Value: 'storage' });
    });

    differs(
      'moto',
      'a `ClientRequestToken` is ignored: the same request makes another backup',
      inSandbox('fsx', 'the same token and parameters give the existing backup as it is now'),
      async () => {
        const FileSystemId = await theFileSystem();
        const ids = [await create(FileSystemId), await create(FileSystemId)];
        expect(ids[0]).not.toBe(ids[1]);
        for (const BackupId of ids) await client.send(new DeleteBackupCommand({ BackupId }));
      },
    );

    differs(
      'moto',
      'DescribeBackups leaves out an unknown id, and does not fail',
      inSandbox('fsx', 'by ids: filters do not count, and one unknown id fails the call'),
      async () => {
        expect(
          (await client.send(new DescribeBackupsCommand({ BackupIds: ['backup-0123456789abcdef0'] })))
            .Backups,
        ).toEqual([]);
      },
    );

    differs(
      'moto',
      'volumes cannot be backed up',
      inSandbox('fsx', 'a volume of ONTAP, which shows with its file system'),
      async () => {
        await expect(
          client.send(new CreateBackupCommand({ VolumeId: 'fsvol-0123456789abcdef0' })),
        ).rejects.toMatchObject({ name: expect.not.stringMatching(/^VolumeNotFound$/) });
      },
    );

    test('understands the deletion', async () => {
      expect(await other.destroy('test/engines/second-opinion')).toMatchObject({ succeeded: true });
      expect(await backups()).toEqual([]);
    });
  });
});
