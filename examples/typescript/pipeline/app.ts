import { App, Duration, Stack, Stage } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { BackupSource, FsxBackupStep } from 'cdk-fsx-backup';
import { Construct } from 'constructs';

/**
 * A release pipeline with two stages. Before the second one, production, is changed, a backup of its file
 * system is taken. The first time, nothing is deployed yet, and no backup is taken. Deploy another release
 * with `-c release=2`.
 *
 * The output of the backup step is an artifact. The last step reads the backup's id from it.
 */
class Wiki extends Stage {
  readonly fileSystem: fsx.CfnFileSystem;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const files = new Stack(this, 'Files');
    this.fileSystem = new fsx.CfnFileSystem(files, 'FileSystem', {
      fileSystemType: 'OPENZFS',
      storageCapacity: 256,
      subnetIds: ['subnet-0123456789abcdef0'],
      openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64 },
    });
    const service = new Stack(this, 'Service');
    service.addDependency(files);
    new ssm.StringParameter(service, 'Release', { stringValue: this.node.tryGetContext('release') ?? '1' });
  }
}

const app = new App();
const release = new Stack(app, 'Release');

const pipeline = new pipelines.CodePipeline(release, 'Pipeline', {
  synth: new pipelines.ShellStep('Synth', {
    input: pipelines.CodePipelineSource.s3(
      s3.Bucket.fromBucketName(release, 'Source', 'wiki-source'),
      'wiki.zip',
    ),
    commands: ['npm ci', 'npx cdk synth'],
  }),
});

pipeline.addStage(new Wiki(app, 'Test'));

const production = new Wiki(app, 'Production');
const backup = new FsxBackupStep('Backup', {
  source: BackupSource.fromDeployed(production.fileSystem),
  timeout: Duration.days(3),
  keepLast: 5,
});
pipeline.addStage(production, {
  pre: [backup],
  post: [
    new pipelines.CodeBuildStep('Announce', {
      input: backup,
      commands: ['grep -rhoE \'"BackupId":"[^"]*"\' .'],
    }),
  ],
});
