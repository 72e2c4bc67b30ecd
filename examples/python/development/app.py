"""A development environment: its backups are deleted with it."""

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxBackup

app = App()
stack = Stack(app, "Development")

home = fsx.CfnFileSystem(
    stack, "Home",
    file_system_type="OPENZFS",
    storage_capacity=64,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=64),
)

backup = FsxBackup(
    stack, "HomeBackup",
    source=BackupSource.of(home),
    backup_name="development home",
    timeout=Duration.minutes(20),
    removal_policy=RemovalPolicy.DESTROY,
)

# A file system that exists already.
FsxBackup(
    stack, "SharedBackup",
    source=BackupSource.from_file_system_id(app.node.try_get_context("shared") or "fs-0498eed5fe91001ec"),
    removal_policy=RemovalPolicy.DESTROY,
)

CfnOutput(stack, "HomeBackupId", value=backup.backup_id)
CfnOutput(stack, "HomeBackupArn", value=backup.backup_arn)

app.synth()
