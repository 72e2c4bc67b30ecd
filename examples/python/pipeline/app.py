"""A release pipeline with two stages. Before the second one, production, is changed, a backup of its file system is taken. The first time,
nothing is deployed yet, and no backup is taken. Deploy another release with `-c release=2`.

The output of the backup step is an artifact. The last step reads the backup's id from it.
"""

from aws_cdk import App, Duration, Stack, Stage, aws_fsx as fsx, aws_s3 as s3, aws_ssm as ssm, pipelines
from cdk_fsx_backup import BackupSource, FsxBackupStep
from constructs import Construct


class Wiki(Stage):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        files = Stack(self, "Files")
        self.file_system = fsx.CfnFileSystem(
            files, "FileSystem",
            file_system_type="OPENZFS",
            storage_capacity=256,
            subnet_ids=["subnet-0123456789abcdef0"],
            open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(
                deployment_type="SINGLE_AZ_1", throughput_capacity=64
            ),
        )
        service = Stack(self, "Service")
        service.add_dependency(files)
        ssm.StringParameter(service, "Release", string_value=self.node.try_get_context("release") or "1")


app = App()
release = Stack(app, "Release")

pipeline = pipelines.CodePipeline(
    release, "Pipeline",
    synth=pipelines.ShellStep(
        "Synth",
        input=pipelines.CodePipelineSource.s3(s3.Bucket.from_bucket_name(release, "Source", "wiki-source"), "wiki.zip"),
        commands=["npm ci", "npx cdk synth"],
    ),
)

pipeline.add_stage(Wiki(app, "Test"))

production = Wiki(app, "Production")
backup = FsxBackupStep(
    "Backup",
    source=BackupSource.from_deployed(production.file_system),
    timeout=Duration.days(3),
    keep_last=5,
)
pipeline.add_stage(
    production,
    pre=[backup],
    post=[
        pipelines.CodeBuildStep(
            "Announce",
            input=backup,
            commands=["grep -rhoE '\"BackupId\":\"[^\"]*\"' ."],
        )
    ],
)

app.synth()
