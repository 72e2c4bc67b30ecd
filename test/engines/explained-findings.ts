/**
 * Why findings of validators stand. What is not explained fails the tests, and so does an explanation that
 * nothing needs.
 */
export interface ExplainedFinding {
  /** without the name of the pack where several packs have it */
  rules: string[];
  /** of several things that a rule finds in a resource; default: any */
  what?: string[];
  /** paths of resources, or of what contains them */
  where: string[];
  why: string;
}

const PIPELINE_BACKUPS = ['Pipeline/Production/Backup', 'Pipeline/Pipeline/Production/Backup'];
/** Everything but what the pipeline's action of a backup is allowed. */
const PIPELINES = [
  'Pipeline/Role',
  'Pipeline/Source',
  'Pipeline/ArtifactsBucket',
  'Pipeline/ArtifactsBucketEncryptionKey',
  'Pipeline/CodeBuildActionRole',
  'Pipeline/UpdatePipeline',
  'Pipeline/Pipeline/Role',
  'Pipeline/Pipeline/ArtifactsBucket',
  'Pipeline/Pipeline/Source',
  'Pipeline/Pipeline/Build',
  'Pipeline/Pipeline/Production/Announce',
  'Default/CrossRegionCodePipelineReplicationBucket',
  'Default/CrossRegionCodePipelineReplicationBucketEncryptionKey',
];

export const EXPLAINED_FINDINGS: ExplainedFinding[] = [
  // ------------------------------------------------------------------------------ the provider's permissions
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['*'],
    where: ['FsxBackupProvider/Policy'],
    why: 'DescribeBackups, DescribeFileSystems and DescribeVolumes know no resources in IAM.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['fsx:backup/*'],
    where: ['FsxBackupProvider/Policy', 'FsxBackupProvider/DeletionPolicy'],
    why:
      'The id of a backup is not known before it is taken. Conditions narrow it down to backups that ' +
      "are tagged as this stack's.",
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['fsx:file-system/*', 'fsx:volume/*/*'],
    where: ['FsxBackupProvider/Policy', 'FsxBackupProvider/FinalBackupPolicy'],
    why:
      'With `fromDeployed`, at deletion, and beyond 30 sources only: to name the source would be to ' +
      'depend on it, and it may have been replaced. What is allowed is to back up.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['fsx:volume/*/<name>'],
    where: ['FsxBackupProvider/Source…'],
    why: 'The ARN of a volume names its file system too, and the id of a volume does not tell it.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['cloudformation:stack/<name>/*'],
    where: ['FsxBackupProvider/Policy'],
    why:
      'Pipelines and executions look up what another stack has deployed. Its name is known, and not the ' +
      'id that CloudFormation gives it.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['states:stateMachine:FsxBackup-<name>-*', 'states:execution:FsxBackup-<name>-*:*'],
    where: ['FsxBackupProvider/Policy'],
    why:
      "The stack's own state machines that answer CloudFormation. A rollback names the state machine of " +
      'the update that failed, and the policies are restored before it. So the policy names none in full.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: ['states:execution:<name>:*'],
    where: ['Role/DefaultPolicy', 'Operators/DefaultPolicy'],
    why: 'Executions of this one state machine: their names are not known before they are started.',
  },
  {
    rules: ['AwsSolutions-IAM4'],
    what: ['Policy::iam:policy/service-role/AWSLambdaVPCAccessExecutionRole'],
    where: ['FsxBackupProvider/Role'],
    why: 'With `vpc` only, as CDK does it for every function in a VPC. Bring a `role` of your own instead.',
  },
  {
    rules: ['IAMNoInlinePolicy'],
    where: [
      'FsxBackupProvider/Policy',
      'FsxBackupProvider/Source…',
      'FsxBackupProvider/FinalBackupPolicy',
      'FsxBackupProvider/DeletionPolicy',
      'FsxBackupProvider/StateMachineRole',
    ],
    why:
      'Each of them is for one role, and has to be there until the last backup is deleted. Bring a ' +
      "`role` of your own that must not be changed (`withoutPolicyUpdates`) to have the function's " +
      'elsewhere.',
  },
  // --------------------------------------------------------------------------------- the provider's function
  {
    rules: ['LambdaInsideVPC'],
    where: ['FsxBackupProvider/Function'],
    why:
      'It calls AWS only, and nothing calls it from the network. With `vpc` it runs in yours, and the ' +
      'finding is gone.',
  },
  {
    rules: ['CloudWatchLogGroupEncrypted'],
    where: ['FsxBackupProvider/LogGroup'],
    why:
      'CloudWatch Logs encrypts it with a key of AWS. With `encryptionKey` it is yours, and the finding ' +
      'is gone.',
  },
  {
    rules: ['LambdaConcurrency'],
    where: ['FsxBackupProvider/Function'],
    why:
      "It runs seconds per backup. To reserve concurrency would be to take it from the account's other " +
      'functions, and a limit would delay answers to CloudFormation.',
  },
  {
    rules: ['LambdaDLQ'],
    where: ['FsxBackupProvider/Function'],
    why:
      "An event that is lost is CloudFormation's request, and CloudFormation says so: it fails by its " +
      'time-out. The event holds a presigned URL, which is not to lie in a queue.',
  },
  {
    rules: ['Serverless-LambdaTracing', 'AwsSolutions-SF2', 'Serverless-StepFunctionStateMachineXray'],
    where: ['FsxBackupProvider/Function', 'FsxBackupProvider/Requests', 'FsxBackupProvider/Runs'],
    why:
      'One function that one state machine calls: a trace would show what the history of the execution ' +
      'shows, for a price and for permissions on all resources.',
  },
  {
    rules: ['AwsSolutions-SF1'],
    where: ['FsxBackupProvider/Requests', 'FsxBackupProvider/Runs'],
    why:
      'The function logs what it does, and Step Functions keeps the history of each execution for 90 ' +
      'days. To log it, too, takes permissions on all log deliveries of the account.',
  },
  // ----------------------------------------------------------------------------------------- what CDK writes
  {
    rules: ['W3005'],
    what: ['Role', 'RoleArn'],
    where: [
      'FsxBackupProvider/Function',
      'FsxBackupProvider/Requests',
      'FsxBackupProvider/Runs',
      'Pipeline',
      'Custom::VpcRestrictDefaultSGCustomResourceProvider/Handler',
    ],
    why:
      "CDK's functions, state machines and pipelines depend on their role, beside their reference to " +
      'it. The validation that CDK itself runs leaves the rule out for that.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    what: [
      'states:execution:<name>:*',
      's3:artifacts/*',
      '<name>/*',
      'Action::s3:Abort*',
      'Action::s3:DeleteObject*',
      'Action::kms:GenerateDataKey*',
      'Action::kms:ReEncrypt*',
    ],
    where: PIPELINE_BACKUPS,
    why:
      "As CDK's Step Functions action grants it: executions of this state machine, and with `output`, " +
      'to write to the artifact bucket.',
  },
  {
    rules: ['IAMNoInlinePolicy'],
    where: ['Role/DefaultPolicy', 'Operators/DefaultPolicy', ...PIPELINE_BACKUPS],
    why: "Grants of CDK's actions, and `grantRun` to a role of the app, as CDK makes all grants.",
  },
  {
    rules: [
      'AwsSolutions-IAM5',
      'AwsSolutions-CB4',
      'AwsSolutions-KMS5',
      'AwsSolutions-S1',
      'IAMNoInlinePolicy',
      'CodeBuildProjectSourceRepoUrl',
      'KMSBackingKeyRotationEnabled',
      'S3BucketLoggingEnabled',
      'S3BucketReplicationEnabled',
      'S3BucketVersioningEnabled',
    ],
    where: PIPELINES,
    why: "Not the library's: what CDK defines for a pipeline, its sources, its projects and its artifacts.",
  },
  // --------------------------------------------------------------------------------------- the examples' own
  {
    rules: [
      'AwsSolutions-VPC7',
      'AwsSolutions-ECS7',
      'VPCFlowLogsEnabled',
      'VPCDefaultSecurityGroupClosed',
      'VPCNoUnrestrictedRouteToIGW',
      'VPCSubnetAutoAssignPublicIpDisabled',
    ],
    where: ['Vpc', 'Task'],
    why:
      "Not the library's: the network and the container of two examples, which are as short as they can " +
      'be.',
  },

  // --------------------------------------------------------------------------------- who is told of failures
  {
    rules: ['SNSEncryptedKMS'],
    where: ['Topic'],
    why:
      'The example `alarm`. A message has the name of an execution and no secret; a key would need a ' +
      'policy for CloudWatch and EventBridge, which is for who brings one.',
  },
  {
    rules: ['EventBusDLQ'],
    where: ['FsxBackupProvider/Failed'],
    why: 'The target of `onFailed` is the user’s, and so is its queue for what cannot be delivered.',
  },
];
