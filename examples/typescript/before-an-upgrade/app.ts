import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupSource, FsxBackup, FsxFinalBackup } from 'cdk-fsx-backup';

/**
 * A wiki that keeps its pages on a file system, and a backup whenever they are at stake: before the service
 * is upgraded (`-c version=2`), before the file system itself is changed (`-c throughput=128`), and before it
 * is deleted with the stack.
 */
const app = new App();
const stack = new Stack(app, 'Wiki');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 256,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: {
    deploymentType: 'SINGLE_AZ_1',
    throughputCapacity: Number(app.node.tryGetContext('throughput') ?? 64),
  },
});

const taskDefinition = new ecs.Ec2TaskDefinition(stack, 'Task', {
  volumes: [
    {
      name: 'pages',
      dockerVolumeConfiguration: {
        scope: ecs.Scope.TASK,
        driver: 'local',
        driverOpts: { type: 'nfs', device: ':/fsx', o: `addr=${fileSystem.attrDnsName},nfsvers=4.2` },
      },
    },
  ],
});
taskDefinition
  .addContainer('wiki', {
    image: ecs.ContainerImage.fromRegistry(`example.com/wiki:${app.node.tryGetContext('version') ?? '1'}`),
    memoryLimitMiB: 512,
  })
  .addMountPoints({ sourceVolume: 'pages', containerPath: '/pages', readOnly: false });

const service = new ecs.Ec2Service(stack, 'Service', {
  cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'apps',
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['us-east-1a'],
    }),
  }),
  taskDefinition,
  minHealthyPercent: 0, // never two versions at work on the same pages
  maxHealthyPercent: 100,
  circuitBreaker: { rollback: true },
});

// Its task definition, which holds the image, counts too.
const backup = FsxBackup.beforeChangeOf(stack, 'BeforeUpgrade', service, {
  source: BackupSource.of(fileSystem),
  keepLast: 2,
});

FsxBackup.beforeChangeOf(stack, 'BeforeChange', fileSystem);

// FSx takes a last backup of an OpenZFS file system by itself. This one has a name, and nothing is deleted
// before it is AVAILABLE.
new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(fileSystem) });

new CfnOutput(stack, 'BackupId', { value: backup.backupId });
