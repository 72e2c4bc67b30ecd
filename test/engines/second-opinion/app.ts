import { App, CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { BackupSource, BackupTrigger, FsxBackup } from '../../../src';

/**
 * A backup of a file system that exists already, which takes every operation of FSx that the handler may
 * call: `-c fileSystem=fs-…`, `-c team=…`, `-c release=…`.
 */
const app = new App();
const stack = new Stack(app, 'SecondOpinion');
const context = (key: string) => app.node.tryGetContext(key);

const backup = new FsxBackup(stack, 'Backup', {
  source: BackupSource.fromFileSystemId(context('fileSystem') ?? 'fs-0498eed5fe91001ec'),
  triggers: [BackupTrigger.onValue(context('release') ?? '1')],
  removalPolicy: RemovalPolicy.DESTROY,
});
if (context('team')) Tags.of(backup).add('team', context('team'));

new CfnOutput(stack, 'BackupId', { value: backup.backupId });
new CfnOutput(stack, 'Lifecycle', { value: backup.backupLifecycle });
