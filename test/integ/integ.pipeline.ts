import { ExpectedResult } from '@aws-cdk/integ-tests-alpha';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3SourceAction, S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { expectOf, LIVE_TAG, liveStack, openZfsIn } from './live-app';
import { BackupSource, FsxBackupAction } from '../../src';

/* A pipeline is started by hand, takes a backup, and keeps its attributes as an artifact. */
const stack = liveStack('pipeline');
const fileSystem = openZfsIn(stack);
const bucket = new s3.Bucket(stack, 'Bucket', {
  versioned: true,
  removalPolicy: RemovalPolicy.DESTROY,
  autoDeleteObjects: true,
});
const sourceAction = new S3SourceAction({
  actionName: 'Source',
  bucket,
  bucketKey: 'source',
  output: new codepipeline.Artifact(),
  trigger: S3Trigger.NONE,
});
const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', {
  artifactBucket: bucket,
  pipelineType: codepipeline.PipelineType.V1,
  stages: [
    { stageName: 'Source', actions: [sourceAction] },
    {
      stageName: 'Backup',
      actions: [
        new FsxBackupAction({
          actionName: 'Backup',
          source: BackupSource.of(fileSystem),
          tags: { [LIVE_TAG]: 'pipeline' },
          output: new codepipeline.Artifact('Backup'),
        }),
      ],
    },
  ],
});

const { assertions } = expectOf(stack, { left: 1, once: true });
const started = assertions.awsApiCall('CodePipeline', 'StartPipelineExecution', {
  name: pipeline.pipelineName,
});
const succeeded = assertions
  .awsApiCall('CodePipeline', 'GetPipelineExecution', {
    pipelineName: pipeline.pipelineName,
    pipelineExecutionId: started.getAttString('pipelineExecutionId'),
  })
  .expect(ExpectedResult.objectLike({ pipelineExecution: { status: 'Succeeded' } }))
  .waitForAssertions({ totalTimeout: Duration.minutes(55), interval: Duration.minutes(1) });
assertions
  .awsApiCall('S3', 'PutObject', {
    Bucket: bucket.bucketName,
    Key: 'source',
    Body: 'nothing that the pipeline reads',
  })
  .next(started)
  .next(succeeded)
  .next(
    assertions
      .awsApiCall('FSx', 'DescribeBackups', {
        Filters: [{ Name: 'file-system-id', Values: [fileSystem.ref] }],
      })
      .expect(ExpectedResult.objectLike({ Backups: [{ Lifecycle: 'AVAILABLE', Type: 'USER_INITIATED' }] })),
  );
