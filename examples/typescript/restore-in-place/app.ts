import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { BackupTrigger, FsxBackup, RestorePoint } from 'cdk-fsx-backup';

/**
 * Restore in place: a shop whose file system goes back to a backup by one parameter.
 *
 * Lost is what was written after that backup began. It is in the backup that the guard takes first.
 *
 *   npx cdk deploy --parameters RestoreFrom=new           the first time; later deployments keep the value
 *   npx cdk deploy -c version=2                           an upgrade: the guard takes a backup
 *   npx cdk deploy --parameters RestoreFrom=backup-…      back to that backup: a new file system has its data
 *
 * Never set it back to `new`: that replaces the restored file system by an empty one.
 */
const app = new App();
const stack = new Stack(app, 'Shop');

const restorePoint = RestorePoint.parameter(stack, 'RestoreFrom');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 256,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
  backupId: restorePoint.backupId,
});

// A restored file system has another DNS name. The service follows it, since it refers to it.
const taskDefinition = new ecs.Ec2TaskDefinition(stack, 'Task', {
  volumes: [
    {
      name: 'orders',
      dockerVolumeConfiguration: {
        scope: ecs.Scope.TASK,
        driver: 'local',
        driverOpts: { type: 'nfs', device: ':/fsx', o: `addr=${fileSystem.attrDnsName},nfsvers=4.2` },
      },
    },
  ],
});
taskDefinition
  .addContainer('shop', {
    image: ecs.ContainerImage.fromRegistry(`example.com/shop:${app.node.tryGetContext('version') ?? '1'}`),
    memoryLimitMiB: 512,
  })
  .addMountPoints({ sourceVolume: 'orders', containerPath: '/orders', readOnly: false });

const service = new ecs.Ec2Service(stack, 'Service', {
  cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'apps',
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['us-east-1a'],
    }),
  }),
  taskDefinition,
  minHealthyPercent: 0, // never two versions at work on the same orders
  maxHealthyPercent: 100,
  circuitBreaker: { rollback: true },
});

// One guard for both: before the service is upgraded, and before the file system changes or is replaced.
const guard = FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, {
  triggers: [BackupTrigger.onChangeOf(service)],
  executeBefore: [service],
});

new CfnOutput(stack, 'BackupId', { value: guard.backupId }); // "none" until there was something to back up
