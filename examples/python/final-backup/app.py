"""A Lustre file system of which a last backup is taken before it is deleted, and kept: of Lustre FSx itself takes none by default."""

from aws_cdk import App, Stack, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxFinalBackup

app = App()
stack = Stack(app, "Scratchpad")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="LUSTRE",
    storage_capacity=1200,
    subnet_ids=["subnet-0123456789abcdef0"],
    lustre_configuration=fsx.CfnFileSystem.LustreConfigurationProperty(deployment_type="PERSISTENT_2", per_unit_storage_throughput=125),
)

FsxFinalBackup(
    stack, "Final",
    source=BackupSource.of(file_system),
    backup_name="the last of the scratchpad",
)

app.synth()
