"""A backup for each release (`-c release=2`), of which the last five are kept; and one that is worth nothing without its stack."""

from aws_cdk import App, RemovalPolicy, Stack, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, BackupTrigger, FsxBackup

app = App()
stack = Stack(app, "Retention")
release = app.node.try_get_context("release") or "1"

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="OPENZFS",
    storage_capacity=64,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=64),
)

# Older ones are deleted when another one is AVAILABLE and the deployment has succeeded. Without keep_last all are kept.
FsxBackup(
    stack, "PerRelease",
    source=BackupSource.of(file_system),
    triggers=[BackupTrigger.on_value(release)],
    keep_last=5,
)

# Deleted with its resource, and when it is replaced by the next one.
FsxBackup(
    stack, "Newest",
    source=BackupSource.of(file_system),
    triggers=[BackupTrigger.on_value(release)],
    removal_policy=RemovalPolicy.DESTROY,
)

app.synth()
