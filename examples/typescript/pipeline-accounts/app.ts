import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BackupSource, FsxBackupAction, FsxBackupProvider } from 'cdk-fsx-backup';

/**
 * A plain CodePipeline in one account and Region that backs up a file system of another account and Region
 * before it goes on.
 *
 * The account of the data owns the provider. It names the file system that may be backed up, and the role
 * that may start backups: `cdk deploy Operators` there. The pipeline only knows two ARNs, the outputs of that
 * stack. CodePipeline needs an artifact bucket in every Region that it acts in: `cdk deploy --all` in the
 * tools account creates it in a support stack.
 */
const tools = { account: '111111111111', region: 'us-east-1' };
const data = { account: '222222222222', region: 'eu-central-1' };
const fileSystemId = 'fs-0498eed5fe91001ec';

const app = new App();

// -------------------------------------------------------------------------------- in the account of the data
const operators = new Stack(app, 'Operators', { env: data });
const provider = new FsxBackupProvider(operators, 'Backups');
provider.allowBackupsOf(BackupSource.fromFileSystemId(fileSystemId));
provider.allowPruning();
const role = new iam.Role(operators, 'Role', {
  roleName: 'backups-for-pipelines',
  assumedBy: new iam.AccountPrincipal(tools.account),
});
provider.grantRun(role);
new CfnOutput(operators, 'StateMachineArn', { value: provider.stateMachine.stateMachineArn });
new CfnOutput(operators, 'RoleArn', { value: role.roleArn });

// ---------------------------------------------------------------------------- in the account of the pipeline
const release = new Stack(app, 'Release', { env: tools });
const engine = FsxBackupProvider.fromStateMachineArn(
  release,
  'Backups',
  app.node.tryGetContext('state-machine') ??
    `arn:aws:states:${data.region}:${data.account}:stateMachine:BackupsRuns-0123456789AB`,
);

const source = new codepipeline.Artifact();
new codepipeline.Pipeline(release, 'Pipeline', {
  crossAccountKeys: true,
  stages: [
    {
      stageName: 'Source',
      actions: [
        new actions.S3SourceAction({
          actionName: 'Source',
          bucket: s3.Bucket.fromBucketName(release, 'Source', 'wiki-source'),
          bucketKey: 'wiki.zip',
          output: source,
        }),
      ],
    },
    {
      stageName: 'Production',
      actions: [
        new FsxBackupAction({
          actionName: 'Backup',
          source: BackupSource.fromFileSystemId(fileSystemId),
          keepLast: 5,
          provider: engine,
          role: iam.Role.fromRoleArn(
            release,
            'Role',
            `arn:aws:iam::${data.account}:role/backups-for-pipelines`,
          ),
        }),
        new actions.ManualApprovalAction({ actionName: 'Release', runOrder: 2 }),
      ],
    },
  ],
});
