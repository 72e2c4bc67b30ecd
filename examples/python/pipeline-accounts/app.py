"""A plain CodePipeline in one account and Region that backs up a file system of another account and Region before it goes on.

The account of the data owns the provider. It names the file system that may be backed up, and the role that may start backups:
`cdk deploy Operators` there. The pipeline only knows two ARNs, the outputs of that stack. CodePipeline needs an artifact bucket in every
Region that it acts in: `cdk deploy --all` in the tools account creates it in a support stack.
"""

from aws_cdk import (
    App,
    CfnOutput,
    Environment,
    Stack,
    aws_codepipeline as codepipeline,
    aws_codepipeline_actions as actions,
    aws_iam as iam,
    aws_s3 as s3,
)
from cdk_fsx_backup import BackupSource, FsxBackupAction, FsxBackupProvider

tools = Environment(account="111111111111", region="us-east-1")
data = Environment(account="222222222222", region="eu-central-1")
file_system_id = "fs-0498eed5fe91001ec"

app = App()

# ------------------------------------------------------------------------------------------------ in the account of the data
operators = Stack(app, "Operators", env=data)
provider = FsxBackupProvider(operators, "Backups")
provider.allow_backups_of(BackupSource.from_file_system_id(file_system_id))
provider.allow_pruning()
role = iam.Role(
    operators, "Role",
    role_name="backups-for-pipelines",
    assumed_by=iam.AccountPrincipal(tools.account),
)
provider.grant_run(role)
CfnOutput(operators, "StateMachineArn", value=provider.state_machine.state_machine_arn)
CfnOutput(operators, "RoleArn", value=role.role_arn)

# ------------------------------------------------------------------------------------------------ in the account of the pipeline
release = Stack(app, "Release", env=tools)
engine = FsxBackupProvider.from_state_machine_arn(
    release, "Backups",
    app.node.try_get_context("state-machine")
    or f"arn:aws:states:{data.region}:{data.account}:stateMachine:BackupsRuns-0123456789AB",
)

source = codepipeline.Artifact()
codepipeline.Pipeline(
    release, "Pipeline",
    cross_account_keys=True,
    stages=[
        codepipeline.StageProps(
            stage_name="Source",
            actions=[
                actions.S3SourceAction(
                    action_name="Source",
                    bucket=s3.Bucket.from_bucket_name(release, "Source", "wiki-source"),
                    bucket_key="wiki.zip",
                    output=source,
                )
            ],
        ),
        codepipeline.StageProps(
            stage_name="Production",
            actions=[
                FsxBackupAction(
                    action_name="Backup",
                    source=BackupSource.from_file_system_id(file_system_id),
                    keep_last=5,
                    provider=engine,
                    role=iam.Role.from_role_arn(release, "Role", f"arn:aws:iam::{data.account}:role/backups-for-pipelines"),
                ),
                actions.ManualApprovalAction(action_name="Release", run_order=2),
            ],
        ),
    ],
)

app.synth()
