import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_kms as kms,
  aws_logs as logs,
  aws_s3 as s3,
  Duration,
  type Environment,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { createExisting } from '../../sandbox';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupAction,
  type FsxBackupOptions,
  FsxBackupProvider,
  FsxFinalBackup,
} from '../../src';
import { bystander, MINUTE, recreate, sourceOf, synthesize, type World } from '../fixtures';

export interface Setting {
  env?: Environment;
  /** actions that a permissions boundary of all roles allows */
  boundary?: string[];
}

/**
 * Something that users do with the library, from the first deployment to the last. Together they need each
 * permission that it grants.
 */
export interface Story {
  title: string;
  /** what may be backed up besides sources that are named, or written to besides the log group */
  reach?: Array<'file systems' | 'volumes' | 'log groups'>;
  tell(world: World, setting?: Setting): Promise<void>;
}

const OPERATOR = 'operator';
/** After so many, a policy names them all. */
const NAMED_SOURCES = 30;

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

export const STORIES: Story[] = [
  {
    title: 'backups that are kept',
    tell: life((stack, release) =>
      backup(stack, release, {
        source: sourceOf(stack, 'WINDOWS', 'Source', [{ key: 'owner', value: 'c' }], true),
      }),
    ),
  },
  {
    title: 'backups of a volume that are kept at first, and deleted',
    reach: ['file systems'],
    tell: life((stack, release) => {
      const removalPolicy = release.tags.cost ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
      backup(stack, release, { source: sourceOf(stack, 'ONTAP'), removalPolicy });
    }),
  },
  {
    title: 'the last backup of a file system that is named by its id',
    tell: (world, setting) => {
      const source = BackupSource.fromFileSystemId(createExisting(world.fsx));
      return life((stack, release) => backup(stack, release, { source, keepLast: 1 }))(world, setting);
    },
  },
  {
    title: 'backups before a file system changes',
    reach: ['file systems'],
    tell: life((stack, release) => {
      sourceOf(stack, 'OPENZFS', 'Source', [{ key: 'version', value: release.version }]);
      finish(stack, release, FsxBackup.beforeChangeOf(stack, 'Backup', stack.node.findChild('Source')));
    }),
  },
  {
    title: 'backups before a volume changes',
    reach: ['file systems', 'volumes'],
    tell: life((stack, release) => {
      sourceOf(stack, 'ONTAP', 'Source', [{ key: 'version', value: release.version }]);
      finish(stack, release, FsxBackup.beforeChangeOf(stack, 'Backup', stack.node.findChild('SourceVolume')));
    }),
  },
  {
    title: 'final backups of a file system and a volume',
    reach: ['file systems', 'volumes'],
    tell: life((stack, release) => {
      for (const kind of ['OPENZFS', 'ONTAP'] as const) {
        const final = new FsxFinalBackup(stack, `${kind}Final`, { source: sourceOf(stack, kind, kind) });
        tag(final, release);
        if (release.version === '2') recreate(stack, kind);
        bystander(stack, undefined, release.version, `${kind}Bystander`);
        stack.node.findChild(`${kind}Bystander`).node.addDependency(final);
      }
    }, 'ONTAPBystander'),
  },
  {
    title: 'a backup of three hours',
    tell: life((stack, release) =>
      backup(stack, release, { source: sourceOf(stack, 'LUSTRE'), timeout: Duration.hours(3) }),
    ),
  },
  {
    title: 'an engine with a key, a role and a log group that are brought along',
    tell: life((stack, release) => {
      const role = new iam.Role(stack, 'Role', {
        assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      });
      const provider = new FsxBackupProvider(stack, 'Provider', {
        encryptionKey: new kms.Key(stack, 'Key'),
        role,
        logGroup: new logs.LogGroup(stack, 'Logs'),
      });
      backup(stack, release, { source: sourceOf(stack, 'OPENZFS'), provider });
    }),
  },
  {
    title: 'executions by hand, of an engine in a VPC',
    reach: ['file systems', 'volumes', 'log groups'],
    tell: byHand,
  },
  { title: 'more sources than a policy can name', reach: ['file systems'], tell: manySources },
  { title: 'a pipeline with two backups', tell: inPipeline },
  { title: 'an execution that cannot be started', tell: throttled },
];

interface Release {
  version: string;
  tags: Record<string, string>;
}

type Define = (stack: Stack, release: Release) => void;

/** Deployed; tags changed; an upgrade that fails, and then succeeds; deleted. */
function life(define: Define, target = 'Bystander'): Story['tell'] {
  return async (world, setting) => {
    const deploy = (version: string, tags: Record<string, string>, status: string) => {
      return deployed(world, setting, (stack) => define(stack, { version, tags }), status);
    };
    await deploy('1', { team: 'a', cost: '1' }, 'CREATE_COMPLETE');
    await deploy('1', { team: 'b' }, 'UPDATE_COMPLETE');
    world.cloudFormation.failures.fail({ target, on: 'update' });
    await deploy('2', { team: 'b' }, 'UPDATE_ROLLBACK_COMPLETE');
    world.cloudFormation.failures.clear();
    await deploy('2', { team: 'b' }, 'UPDATE_COMPLETE');
    const { status, reason } = await world.destroy('Files');
    expect([status, reason]).toEqual(['DELETE_COMPLETE', undefined]);
  };
}

/** For longer than Lambda delivers the request again. */
async function throttled(world: World, setting?: Setting): Promise<void> {
  world.faults.add('states:StartExecution', { from: 1 }, { kind: 'throttle' });
  const define = (stack: Stack) => {
    const source = BackupSource.fromFileSystemId(createExisting(world.fsx));
    finish(stack, { version: '1', tags: {} }, new FsxBackup(stack, 'Backup', { source }));
  };
  await deployed(world, setting, define, 'ROLLBACK_COMPLETE');
}

async function byHand(world: World, setting?: Setting): Promise<void> {
  await deployed(world, setting, (stack) => {
    const data = new Stack(stack.node.root as App, 'Data', setting);
    const [deployedFileSystem, deployedVolume] = [
      sourceOf(data, 'OPENZFS', 'Wiki'),
      sourceOf(data, 'ONTAP', 'Share'),
    ].map(({ _resource }) => BackupSource.fromDeployed(_resource!));
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, restrictDefaultSecurityGroup: false });
    const provider = new FsxBackupProvider(stack, 'Provider', {
      encryptionKey: new kms.Key(stack, 'Key'),
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    });
    const source = sourceOf(stack, 'OPENZFS');
    new FsxBackup(stack, 'Backup', { source, provider });
    provider.allowBackupsOf(source, deployedFileSystem, deployedVolume);
    provider.allowPruning();
    provider.grantRun(
      new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal(), roleName: OPERATOR }),
    );
  });
  const source = world.physicalIdOf('Source')!;
  for (const input of [
    { source, tags: { team: 'a' }, keepLast: 1 },
    { source, tags: { team: 'b' }, keepLast: 1 },
    { source: { stack: 'Data', logicalId: 'Wiki' } },
    { source: { stack: 'Data', logicalId: 'ShareVolume' } },
  ]) {
    await execute(world, input);
  }
  await execute(world, { source: { stack: 'Data', logicalId: 'Nothing' } }, 'FAILED');
}

async function manySources(world: World, setting?: Setting): Promise<void> {
  const [fileSystem, volume] = [createExisting(world.fsx), existingVolume(world)];
  await deployed(world, setting, (stack) => {
    const provider = new FsxBackupProvider(stack, 'Provider');
    const others = Array.from({ length: NAMED_SOURCES - 1 }, (_, nth) =>
      BackupSource.fromVolumeId(`fsvol-${(nth + 0x10000000).toString(16).padStart(17, '0')}`),
    );
    provider.allowBackupsOf(
      BackupSource.fromVolumeId(volume),
      ...others,
      BackupSource.fromFileSystemId(fileSystem),
    );
    provider.grantRun(
      new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal(), roleName: OPERATOR }),
    );
  });
  for (const source of [fileSystem, volume]) await execute(world, { source });
}

/** A pipeline is run twice, and deletes what the first run has taken. */
async function inPipeline(world: World, setting?: Setting): Promise<void> {
  await deployed(world, setting, (stack) => {
    const provider = new FsxBackupProvider(stack, 'Provider', { encryptionKey: new kms.Key(stack, 'Key') });
    const source = sourceOf(stack, 'WINDOWS');
    const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
    provider.grantRun(role);
    const bucket = s3.Bucket.fromBucketName(stack, 'Code', 'code');
    new codepipeline.Pipeline(stack, 'Pipeline', {
      crossAccountKeys: false,
      stages: [
        {
          stageName: 'Source',
          actions: [
            new actions.S3SourceAction({
              actionName: 'Source',
              bucket,
              bucketKey: 'a.zip',
              output: new codepipeline.Artifact(),
            }),
          ],
        },
        {
          stageName: 'Release',
          actions: [
            new FsxBackupAction({
              actionName: 'Backup',
              source,
              provider,
              keepLast: 1,
            }),
            new FsxBackupAction({
              actionName: 'ByRole',
              source,
              provider,
              role: role.withoutPolicyUpdates(),
              runOrder: 3,
            }),
          ],
        },
      ],
    });
  });
  const [{ physicalId: name }] = world.resourcesOf('AWS::CodePipeline::Pipeline');
  const run = async () => (await world.clock.run(world.codePipeline.start(name!))).status;
  expect([await run(), await run()]).toEqual(['Succeeded', 'Succeeded']);
}

function backup(stack: Stack, given: Release, props: { source: BackupSource } & FsxBackupOptions): void {
  finish(
    stack,
    given,
    new FsxBackup(stack, 'Backup', { triggers: [BackupTrigger.onValue(given.version)], ...props }),
  );
}

function finish(stack: Stack, given: Release, taken: FsxBackup): void {
  tag(taken, given);
  bystander(stack, taken, given.version);
}

function tag(construct: Construct, { tags }: Release): void {
  for (const [key, value] of Object.entries(tags)) Tags.of(construct).add(key, value);
}

async function deployed(
  world: World,
  setting: Setting | undefined,
  define: (stack: Stack) => void,
  status = 'CREATE_COMPLETE',
) {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  directories.push(outdir); // a function's code is run from there
  synthesize(
    (stack) => {
      if (setting?.boundary) {
        const statements = [new iam.PolicyStatement({ actions: setting.boundary, resources: ['*'] })];
        iam.PermissionsBoundary.of(stack).apply(new iam.ManagedPolicy(stack, 'Boundary', { statements }));
      }
      define(stack);
    },
    { outdir, env: setting?.env },
  );
  const { Files } = await world.deploy(outdir);
  expect(Files).toMatchObject({ status });
  return Files;
}

/** What an operator does: start the state machine, and see how that ends. */
async function execute(world: World, input: object, status = 'SUCCEEDED'): Promise<void> {
  const { api } = world.stepFunctions;
  const { resources } = world.cloudFormation.stack('Files');
  const stateMachineArn = world.physicalIdOf(/Runs/)!;
  const principal = Object.values(resources).find(({ physicalId }) => physicalId === OPERATOR)!.attributes
    .Arn as string;
  const { executionArn } = (await api.handle({
    operation: 'StartExecution',
    principal,
    input: { stateMachineArn, input: JSON.stringify(input) },
  })) as any;
  const describe = () =>
    api.handle({ operation: 'DescribeExecution', principal, input: { executionArn } }) as Promise<any>;
  while ((await describe()).status === 'RUNNING') await world.pass(MINUTE);
  expect(await describe()).toMatchObject({ status });
}

/** A volume that no stack defines. */
function existingVolume(world: World): string {
  const { fileSystemId } = world.fsx.createFileSystem({
    FileSystemType: 'ONTAP',
    StorageCapacity: 1024,
    SubnetIds: ['subnet-0123456789abcdef0'],
    OntapConfiguration: { DeploymentType: 'SINGLE_AZ_1', ThroughputCapacity: 128 },
  });
  const { storageVirtualMachineId } = world.fsx.createStorageVirtualMachine({
    FileSystemId: fileSystemId,
    Name: 'svm',
  });
  return world.fsx.createVolume({
    Name: 'vol',
    VolumeType: 'ONTAP',
    OntapConfiguration: {
      StorageVirtualMachineId: storageVirtualMachineId,
      SizeInMegabytes: '1024',
      JunctionPath: '/vol',
    },
  }).volumeId;
}
