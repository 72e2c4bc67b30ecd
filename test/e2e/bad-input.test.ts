import { aws_fsx as fsx, aws_iam as iam, CfnParameter, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { BackupSource, FsxBackup, FsxBackupProvider } from '../../src';
import { backupStack, sourceOf, start, synthesize, type World } from '../fixtures';

/* What synthesis cannot know: the deployment fails with a text that says what to do. */

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';

/** A stack whose source is only known at deployment. */
function parameterized(kind: 'FileSystemId' | 'VolumeId'): string {
  return synthesize((stack) => {
    const id = new CfnParameter(stack, 'Id').valueAsString;
    new FsxBackup(stack, 'Backup', {
      source: kind === 'VolumeId' ? BackupSource.fromVolumeId(id) : BackupSource.fromFileSystemId(id),
    });
  });
}

/** A file system, and a guard before it. */
function guarded(throughputCapacity: number, more: (stack: Stack) => void = () => {}): string {
  return synthesize((stack) => {
    FsxBackup.beforeChangeOf(
      stack,
      'Guard',
      new fsx.CfnFileSystem(stack, 'Fs', {
        fileSystemType: 'OPENZFS',
        subnetIds: ['subnet-0123456789abcdef0'],
        openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity },
      }),
    );
    more(stack);
  });
}

async function failure(
  world: World,
  directory: string,
  parameters: Record<string, string> = {},
): Promise<string> {
  const { Files } = await world.deploy(directory, { parameters });
  expect(Files.status).toBe('ROLLBACK_COMPLETE');
  expect(world.ownBackups).toEqual([]);
  return Files.reason!;
}

test.each([
  ['FileSystemId', 'nonsense', /"nonsense" is not the id of an FSx file system/],
  ['FileSystemId', '', /"" is not the id of an FSx file system/],
  ['FileSystemId', 'fsvol-0123456789abcdef0', /is not the id of an FSx file system/],
  ['VolumeId', FILE_SYSTEM, /is not the id of an FSx volume/],
  [
    'FileSystemId',
    FILE_SYSTEM,
    /FileSystemNotFound: .*Check that the file system exists in the Region and account/,
  ],
  ['VolumeId', 'fsvol-0123456789abcdef0', /VolumeNotFound: .*Check that the ONTAP volume exists/],
] as const)('%s %j fails', async (kind, id, reason) => {
  const world = await start();
  expect(await failure(world, parameterized(kind), { Id: id })).toMatch(reason);
});

describe('what FSx cannot back up', () => {
  const base = { SubnetIds: ['subnet-0123456789abcdef0'], StorageCapacity: 1200 };

  test.each([
    [
      'scratch Lustre',
      { ...base, FileSystemType: 'LUSTRE', LustreConfiguration: { DeploymentType: 'SCRATCH_2' } },
    ],
    [
      'linked Lustre',
      {
        ...base,
        FileSystemType: 'LUSTRE',
        LustreConfiguration: {
          DeploymentType: 'PERSISTENT_1',
          PerUnitStorageThroughput: 50,
          ImportPath: 's3://bucket',
        },
      },
    ],
    [
      'an ONTAP file system',
      {
        ...base,
        FileSystemType: 'ONTAP',
        OntapConfiguration: { DeploymentType: 'SINGLE_AZ_1', ThroughputCapacity: 128 },
      },
    ],
  ])('%s fails with what can be done', async (_, properties) => {
    const world = await start();
    const { fileSystemId } = world.fsx.createFileSystem(properties);
    expect(await failure(world, parameterized('FileSystemId'), { Id: fileSystemId })).toMatch(
      /UnsupportedOperation: .*persistent deployment types.*ONTAP: back up/,
    );
  });

  test('a file system that is being created for too long fails with what it was waited for', async () => {
    const world = await start();
    const { fileSystemId } = world.fsx.createFileSystem({
      ...base,
      FileSystemType: 'OPENZFS',
      OpenZFSConfiguration: { DeploymentType: 'SINGLE_AZ_1', ThroughputCapacity: 64 },
    });
    world.fsx.fileSystems.get(fileSystemId)!.lifecycle = 'CREATING';
    expect(await failure(world, parameterized('FileSystemId'), { Id: fileSystemId })).toMatch(
      /was not possible in 55 min\. fs-\w+ is being created or changed: .* is CREATING, not AVAILABLE/,
    );
  });
});

test("a used up quota fails with its name, and touches nobody's backups", async () => {
  const world = await start();
  world.fsx.options.quotas = { ...world.fsx.options.quotas, LUSTRE: 1 };
  const { fileSystemId } = world.fsx.createFileSystem({
    FileSystemType: 'LUSTRE',
    SubnetIds: ['subnet-0123456789abcdef0'],
    StorageCapacity: 1200,
    LustreConfiguration: { DeploymentType: 'PERSISTENT_2', PerUnitStorageThroughput: 125 },
  });
  const other = world.fsx.plantBackup({ type: 'USER_INITIATED', lifecycle: 'AVAILABLE', fileSystemId });
  expect(await failure(world, backupStack('LUSTRE', { removalPolicy: RemovalPolicy.DESTROY }))).toMatch(
    /ServiceLimitExceeded: .*quota TOTAL_USER_INITIATED_BACKUPS.*higher quota/,
  );
  expect(world.backups).toEqual([other]);
});

test('a role that may not start the execution fails with the name of the permission', async () => {
  const world = await start();
  const directory = synthesize((stack: Stack) => {
    const role = new iam.Role(stack, 'Mine', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        Some: new iam.PolicyDocument({
          statements: [new iam.PolicyStatement({ actions: ['fsx:DescribeBackups'], resources: ['*'] })],
        }),
      },
    });
    const provider = new FsxBackupProvider(stack, 'Provider', { role: role.withoutPolicyUpdates() });
    new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'OPENZFS'), provider });
  });
  expect(await failure(world, directory)).toMatch(
    new RegExp(
      /not authorized to perform: states:StartExecution.*The /.source +
        /role of the FsxBackupProvider lacks this permission/.source,
    ),
  );
});

describe('a guard whose role may not ask what is deployed', () => {
  const denied = (throughputCapacity: number) =>
    guarded(throughputCapacity, (stack) => {
      const role = stack.node.findChild('FsxBackupDefaultProvider').node.findChild('Role').node
        .defaultChild as iam.CfnRole;
      const Statement = [{ Effect: 'Deny', Action: 'cloudformation:DescribeStackResource', Resource: '*' }];
      role.policies = [{ policyName: 'Denied', policyDocument: { Version: '2012-10-17', Statement } }];
    });
  const text = new RegExp(
    /Backing up Fs failed\. AccessDenied\w*: .*cloudformation:DescribeStackResource.*The /.source +
      /role of the FsxBackupProvider lacks this permission/.source,
  );

  test('fails at the first deployment, with the name of the permission', async () => {
    const world = await start();
    expect(await failure(world, denied(64))).toMatch(text);
  });

  test('fails before it changes anything, and the rollback succeeds', async () => {
    const world = await start();
    await world.deploy(guarded(64));
    const { Files } = await world.deploy(denied(128));
    expect(Files.reason).toMatch(text);
    expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
    expect(world.ownBackups).toEqual([]);
  });
});

test('a guard of a file system that FSx cannot back up now fails with what to check: no change', async () => {
  const world = await start();
  await world.deploy(guarded(64));
  const [fileSystem] = world.fsx.fileSystems.values();
  fileSystem.lifecycle = 'MISCONFIGURED';
  const { Files } = await world.deploy(guarded(128));
  expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(Files.reason).toMatch(
    /Backing up Fs failed\. BadRequest: .* fs-\w+ is .*Check that the source is AVAILABLE/,
  );
  expect(world.events('Fs', 'UPDATE_IN_PROGRESS')).toEqual([]);
});

test('a guard whose file system somebody has deleted says that it is not there', async () => {
  const world = await start();
  await world.deploy(guarded(64));
  world.fsx.fileSystems.clear();
  const { Files } = await world.deploy(guarded(128));
  expect(Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(Files.reason).toMatch(
    /Backing up Fs failed\. FileSystemNotFound: .* fs-\w+\. Check that the file system exists/,
  );
});

test('tags that only deployment knows to be bad fail, and no backup is left', async () => {
  const world = await start();
  const directory = synthesize((stack) => {
    const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, 'OPENZFS') });
    Tags.of(backup).add('team', new CfnParameter(stack, 'Team').valueAsString);
  });
  expect(await failure(world, directory, { Team: 'a&b' })).toMatch(
    /ValidationException: .*Check the id of the source and the tags/,
  );
});

test("a backup that is not this resource's is not deleted, even by name", async () => {
  const world = await start();
  await world.deploy(backupStack('OPENZFS', { removalPolicy: RemovalPolicy.DESTROY }));
  const [backup] = world.ownBackups;
  backup.tags.set('cdk-fsx-backup:logical-id', 'SomebodyElses');
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(world.ownBackups).toEqual([backup]);
  expect(world.calls('fsx:DeleteBackup')).toBe(0);
});

test('a backup whose tags of identity were taken off cannot be deleted by the role either', async () => {
  const world = await start();
  await world.deploy(backupStack('OPENZFS', { removalPolicy: RemovalPolicy.DESTROY }));
  const [backup] = world.ownBackups;
  const role = world.cloudFormation.stack('Files').resources.FsxBackupDefaultProviderRole8F0BC2BC.attributes
    .Arn as string;
  const deletion = (tags: Record<string, string>) =>
    world.policies.authorize({
      principal: role,
      action: 'fsx:DeleteBackup',
      resource: backup.arn,
      context: Object.fromEntries(
        Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
      ),
    });
  await expect(deletion(Object.fromEntries(backup.tags))).resolves.toBeUndefined();
  await expect(deletion({})).rejects.toThrow(/not authorized to perform: fsx:DeleteBackup/);
  await expect(
    deletion({ 'cdk-fsx-backup:stack-id': 'arn:aws:cloudformation:us-east-1:123456789012:stack/Other/1' }),
  ).rejects.toThrow(/not authorized/);
});

test('the role cannot change the identity of a backup, nor tag a file system', async () => {
  const world = await start();
  await world.deploy(backupStack('OPENZFS'));
  const [backup] = world.ownBackups;
  const principal = world.cloudFormation.stack('Files').resources.FsxBackupDefaultProviderRole8F0BC2BC
    .attributes.Arn as string;
  const resourceTags = Object.fromEntries(
    [...backup.tags].map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  );
  const ask = (action: string, resource: string, context: Record<string, string | string[]>) =>
    world.policies.authorize({ principal, action, resource, context });
  await expect(
    ask('fsx:UntagResource', backup.arn, { ...resourceTags, 'aws:TagKeys': ['team'] }),
  ).resolves.toBeUndefined();
  await expect(
    ask('fsx:UntagResource', backup.arn, { ...resourceTags, 'aws:TagKeys': ['cdk-fsx-backup:stack-id'] }),
  ).rejects.toThrow(/not authorized/);
  const retag = {
    'aws:TagKeys': ['cdk-fsx-backup:logical-id'],
    'aws:RequestTag/cdk-fsx-backup:logical-id': 'x',
  };
  await expect(ask('fsx:TagResource', backup.arn, { ...resourceTags, ...retag })).rejects.toThrow(
    /not authorized/,
  );
  const fileSystemArn = backup.arn.replace(/backup\/.*/, `file-system/${backup.source.fileSystemId}`);
  const stackTag = {
    'aws:RequestTag/cdk-fsx-backup:stack-id': backup.tags.get('cdk-fsx-backup:stack-id')!,
    'aws:TagKeys': ['cdk-fsx-backup:stack-id'],
  };
  await expect(ask('fsx:TagResource', fileSystemArn, stackTag)).rejects.toThrow(/not authorized/);
});

test("a file system outside of the stack's sources cannot be backed up by its role", async () => {
  const world = await start();
  await world.deploy(backupStack('OPENZFS'));
  const [backup] = world.ownBackups;
  const principal = world.cloudFormation.stack('Files').resources.FsxBackupDefaultProviderRole8F0BC2BC
    .attributes.Arn as string;
  const context = { 'aws:RequestTag/cdk-fsx-backup:stack-id': backup.tags.get('cdk-fsx-backup:stack-id')! };
  const arn = (id: string) => backup.arn.replace(/backup\/.*/, `file-system/${id}`);
  const create = (resource: string, given = context as Record<string, string>) =>
    world.policies.authorize({ principal, action: 'fsx:CreateBackup', resource, context: given });
  await expect(create(arn(backup.source.fileSystemId))).resolves.toBeUndefined();
  await expect(create(arn('fs-0aaaaaaaaaaaaaaaa'))).rejects.toThrow(/not authorized/);
  await expect(create(backup.arn.replace(/backup-.*/, '*'))).resolves.toBeUndefined();
  // FSx asks for both resources
  await expect(create(backup.arn.replace(/backup-.*/, '*'), {})).rejects.toThrow(/not authorized/);
});

test.each([
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])('all of it works in partition %s', async (partition, region) => {
  const world = await start({ partition, region });
  expect(
    (await world.deploy(backupStack('ONTAP', { removalPolicy: RemovalPolicy.DESTROY }))).Files.status,
  ).toBe('CREATE_COMPLETE');
  expect(world.ownBackups[0].arn).toMatch(new RegExp(`^arn:${partition}:fsx:${region}:`));
  expect((await world.destroy('Files')).status).toBe('DELETE_COMPLETE');
  expect(world.ownBackups).toEqual([]);
});
