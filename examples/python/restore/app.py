"""A file system that is restored from a backup: `-c backup=backup-0123456789abcdef0`.

The id is pinned, and stays as it is for as long as the file system lives. CloudFormation replaces a file system whose `backup_id` changes:
with the `backup_id` of an `FsxBackup` that has triggers, the next backup would replace the restored file system, and what was written
since then would be gone. Synthesis warns of that.
"""

from aws_cdk import App, CfnOutput, Stack, aws_fsx as fsx
from cdk_fsx_backup import FsxBackup

app = App()
stack = Stack(app, "Restored")

backup = FsxBackup.from_backup_id(stack, "Backup", app.node.try_get_context("backup") or "backup-03e3c82e0183b7b6b")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="OPENZFS",
    backup_id=backup.backup_id,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=128),
)

CfnOutput(stack, "FileSystemId", value=file_system.ref)

app.synth()
