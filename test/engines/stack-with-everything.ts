import {
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_ec2 as ec2,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_kms as kms,
  aws_logs as logs,
  aws_s3 as s3,
  aws_ssm as ssm,
  Duration,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupAction,
  FsxBackupProvider,
  FsxFinalBackup,
  WhenMissing,
} from '../../src';

/**
 * Every resource and every policy statement that the library can render, in one stack. What is not the
 * library's is imported where it can be.
 */
export function defineEverything(stack: Stack): void {
  const subnetIds = ['subnet-0123456789abcdef0'];
  const key = new kms.Key(stack, 'Key', { enableKeyRotation: true });
  const windows = new fsx.CfnFileSystem(stack, 'Windows', {
    fileSystemType: 'WINDOWS',
    storageCapacity: 300,
    subnetIds,
    windowsConfiguration: { throughputCapacity: 32, activeDirectoryId: 'd-1234abcd12' },
  });
  const openZfs = new fsx.CfnFileSystem(stack, 'OpenZfs', {
    fileSystemType: 'OPENZFS',
    storageCapacity: 64,
    subnetIds,
    openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
  });
  const ontap = new fsx.CfnFileSystem(stack, 'Ontap', {
    fileSystemType: 'ONTAP',
    storageCapacity: 1024,
    subnetIds,
    ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
  });
  const svm = new fsx.CfnStorageVirtualMachine(stack, 'Svm', { fileSystemId: ontap.ref, name: 'svm' });
  const volume = new fsx.CfnVolume(stack, 'Volume', {
    name: 'vol1',
    volumeType: 'ONTAP',
    ontapConfiguration: {
      storageVirtualMachineId: svm.ref,
      sizeInMegabytes: '102400',
      junctionPath: '/vol1',
      storageEfficiencyEnabled: 'true',
    },
  });
  const release = new ssm.StringParameter(stack, 'Release', { stringValue: '1' });

  defineBackups(stack, windows, openZfs, volume, release);
  defineProviders(stack, key, windows, volume);
  definePipeline(stack, key, openZfs);
}

function defineBackups(
  stack: Stack,
  windows: fsx.CfnFileSystem,
  openZfs: fsx.CfnFileSystem,
  volume: fsx.CfnVolume,
  release: ssm.StringParameter,
): void {
  const kept = new FsxBackup(stack, 'Kept', {
    source: BackupSource.of(windows),
    triggers: [BackupTrigger.onChangeOf(release)],
    executeBefore: [release],
    keepLast: 3,
  });
  Tags.of(kept).add('team', 'files');
  new FsxBackup(stack, 'Destroyed', {
    source: BackupSource.of(volume),
    triggers: [BackupTrigger.everyDeployment()],
    removalPolicy: RemovalPolicy.DESTROY,
    timeout: Duration.minutes(20),
  });
  const long = new FsxBackup(stack, 'Long', {
    source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
    triggers: [BackupTrigger.onValue('1')],
    timeout: Duration.hours(12),
    executeAfter: [release],
  });
  new ssm.StringParameter(stack, 'NewestBackup', { stringValue: long.backupId });
  FsxBackup.beforeChangeOf(stack, 'BeforeChange', openZfs);
  new FsxBackup(stack, 'Deployed', {
    source: BackupSource.fromDeployed(volume),
    executeBefore: [volume],
  });
  new FsxFinalBackup(stack, 'FinalFileSystem', { source: BackupSource.of(openZfs) });
  new FsxFinalBackup(stack, 'FinalVolume', { source: BackupSource.of(volume) });
}

function defineProviders(
  stack: Stack,
  encryptionKey: kms.Key,
  windows: fsx.CfnFileSystem,
  volume: fsx.CfnVolume,
): void {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['us-east-1a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });
  const ours = new FsxBackupProvider(stack, 'Ours', { vpc, encryptionKey });
  new FsxBackup(stack, 'InVpc', { source: BackupSource.of(windows), provider: ours });
  const brought = new FsxBackupProvider(stack, 'Brought', {
    vpc,
    securityGroups: [
      ec2.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-0123456789abcdef0', {
        mutable: false,
      }),
    ],
    encryptionKey,
    logGroup: new logs.LogGroup(stack, 'Logs', { retention: logs.RetentionDays.ONE_YEAR, encryptionKey }),
    role: new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
  });
  new FsxBackup(stack, 'ByBrought', {
    source: BackupSource.of(volume),
    provider: brought,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  brought.allowBackupsOf(
    BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
    BackupSource.of(volume),
    BackupSource.fromDeployed(windows),
  );
  brought.allowPruning();
  brought.grantRun(
    new iam.Role(stack, 'Operators', { assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com') }),
  );
}

function definePipeline(stack: Stack, encryptionKey: kms.Key, openZfs: fsx.CfnFileSystem): void {
  const source = new codepipeline.Artifact();
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'wiki-source');
  new codepipeline.Pipeline(stack, 'Pipeline', {
    artifactBucket: s3.Bucket.fromBucketAttributes(stack, 'Artifacts', {
      bucketName: 'artifacts',
      encryptionKey,
    }),
    stages: [
      {
        stageName: 'Source',
        actions: [
          new actions.S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'wiki.zip', output: source }),
        ],
      },
      {
        stageName: 'Production',
        actions: [
          new FsxBackupAction({
            actionName: 'Backup',
            source: BackupSource.of(openZfs),
            keepLast: 5,
            whenMissing: WhenMissing.SKIP,
            tags: { run: codepipeline.GlobalVariables.executionId },
            output: new codepipeline.Artifact('Attributes'),
          }),
          new actions.ManualApprovalAction({ actionName: 'Release', runOrder: 3 }),
        ],
      },
    ],
  });
}
