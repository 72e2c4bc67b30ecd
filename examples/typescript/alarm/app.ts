import { App, Stack } from 'aws-cdk-lib';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { FsxBackup, FsxBackupProvider } from 'cdk-fsx-backup';

/**
 * A backup before a file system is changed (`-c throughput=128`), and a topic that hears if it fails: by an
 * event, which is quick and says which one it is, and by an alarm, which is dependable.
 */
const app = new App();
const stack = new Stack(app, 'Alarm');

const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
  fileSystemType: 'OPENZFS',
  storageCapacity: 64,
  subnetIds: ['subnet-0123456789abcdef0'],
  openZfsConfiguration: {
    deploymentType: 'SINGLE_AZ_1',
    throughputCapacity: Number(app.node.tryGetContext('throughput') ?? 64),
  },
});
FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);

const topic = new Topic(stack, 'Topic', { enforceSSL: true });
const provider = FsxBackupProvider.defaultFor(stack);
provider.onFailed('Failed', { target: new SnsTopic(topic) });
provider
  .metricFailed()
  .createAlarm(stack, 'BackupFailed', {
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  })
  .addAlarmAction(new SnsAction(topic));
