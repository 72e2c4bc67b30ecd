"""A file system that is backed up before each change of its own (`-c throughput=64`), above all before it is replaced (`-c subnet=subnet-…`):
CloudFormation then creates an empty one, and deletes the other.
"""

from aws_cdk import App, CfnOutput, Stack, aws_fsx as fsx
from cdk_fsx_backup import FsxBackup

app = App()
stack = Stack(app, "Guarded")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="WINDOWS",
    storage_capacity=300,
    subnet_ids=[app.node.try_get_context("subnet") or "subnet-0123456789abcdef0"],
    windows_configuration=fsx.CfnFileSystem.WindowsConfigurationProperty(
        throughput_capacity=int(app.node.try_get_context("throughput") or 32),
        active_directory_id="d-1234abcd12",
    ),
)

guard = FsxBackup.before_change_of(stack, "Guard", file_system)

CfnOutput(stack, "BackupId", value=guard.backup_id)  # "none" until there was something to back up

app.synth()
