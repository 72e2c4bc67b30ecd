"""An ONTAP volume that is backed up before it is changed (`-c megabytes=204800`), and before it is deleted."""

from aws_cdk import App, Stack, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxBackup, FsxFinalBackup

app = App()
stack = Stack(app, "Projects")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="ONTAP",
    storage_capacity=1024,
    subnet_ids=["subnet-0123456789abcdef0"],
    ontap_configuration=fsx.CfnFileSystem.OntapConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=128),
)
svm = fsx.CfnStorageVirtualMachine(stack, "Svm", file_system_id=file_system.ref, name="svm")
volume = fsx.CfnVolume(
    stack, "Volume",
    name="projects",
    volume_type="ONTAP",
    ontap_configuration=fsx.CfnVolume.OntapConfigurationProperty(
        storage_virtual_machine_id=svm.ref,
        size_in_megabytes=app.node.try_get_context("megabytes") or "102400",
        junction_path="/projects",
        storage_efficiency_enabled="true",
    ),
)

# With ONTAP it is the volume that is backed up, not the file system.
FsxBackup.before_change_of(stack, "BeforeChange", volume, keep_last=3)
FsxFinalBackup(stack, "Final", source=BackupSource.of(volume))

app.synth()
