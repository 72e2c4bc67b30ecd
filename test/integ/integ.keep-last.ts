import { Annotations } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, BackupTrigger, FsxBackup } from '../../src';

/*
 * Of the backups of two deployments, the newest is kept, with its stack and without. Both deployments update
 * an ECS service too, so that its events and those of the backup mix. The service runs no task.
 */
const stack = liveStack('keep-last');
const fileSystem = openZfsIn(stack);
new FsxBackup(stack, 'Backup', {
  source: BackupSource.of(fileSystem),
  triggers: [BackupTrigger.onValue(DEPLOYMENT)],
  keepLast: 1,
});
const cluster = new ecs.CfnCluster(stack, 'Cluster');
const task = new ecs.CfnTaskDefinition(stack, 'Task', {
  requiresCompatibilities: ['EC2'],
  containerDefinitions: [
    {
      name: 'wiki',
      image: 'public.ecr.aws/docker/library/busybox:stable',
      memory: 16,
      environment: [{ name: 'DEPLOYMENT', value: DEPLOYMENT }],
    },
  ],
});
new ecs.CfnService(stack, 'Service', {
  cluster: cluster.ref,
  taskDefinition: task.ref,
  launchType: 'EC2',
  desiredCount: 0,
});
// The service does not use the file system.
Annotations.of(stack).acknowledgeWarning('cdk-fsx-backup:nothingWaits');
expectOf(stack, { sourceId: fileSystem.ref, left: 1 });
