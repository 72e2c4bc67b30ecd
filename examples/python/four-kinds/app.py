"""One backup of each kind of file system.

`-c team=storage` tags the backups: a redeployment with another team changes the tags in place and takes no new backup.
"""

from aws_cdk import App, CfnOutput, CfnTag, Duration, Stack, Tags, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxBackup

app = App()
stack = Stack(app, "FourKinds")
subnet_ids = ["subnet-0123456789abcdef0"]

windows = fsx.CfnFileSystem(
    stack, "Windows",
    file_system_type="WINDOWS",
    storage_capacity=300,
    subnet_ids=subnet_ids,
    windows_configuration=fsx.CfnFileSystem.WindowsConfigurationProperty(
        throughput_capacity=32, active_directory_id="d-1234abcd12", copy_tags_to_backups=True
    ),
    tags=[CfnTag(key="data", value="projects")],
)
lustre = fsx.CfnFileSystem(
    stack, "Lustre",
    file_system_type="LUSTRE",
    storage_capacity=1200,
    subnet_ids=subnet_ids,
    lustre_configuration=fsx.CfnFileSystem.LustreConfigurationProperty(deployment_type="PERSISTENT_2", per_unit_storage_throughput=125),
)
open_zfs = fsx.CfnFileSystem(
    stack, "OpenZfs",
    file_system_type="OPENZFS",
    storage_capacity=64,
    subnet_ids=subnet_ids,
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=64),
)
ontap = fsx.CfnFileSystem(
    stack, "Ontap",
    file_system_type="ONTAP",
    storage_capacity=1024,
    subnet_ids=subnet_ids,
    ontap_configuration=fsx.CfnFileSystem.OntapConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=128),
)
svm = fsx.CfnStorageVirtualMachine(stack, "Svm", file_system_id=ontap.ref, name="svm")
volume = fsx.CfnVolume(
    stack, "Volume",
    name="vol1",
    volume_type="ONTAP",
    ontap_configuration=fsx.CfnVolume.OntapConfigurationProperty(
        storage_virtual_machine_id=svm.ref, size_in_megabytes="102400", junction_path="/vol1", storage_efficiency_enabled="true"
    ),
)

sources = {
    "WindowsBackup": BackupSource.of(windows),
    "LustreBackup": BackupSource.of(lustre),
    "OpenZfsBackup": BackupSource.of(open_zfs),
    "OntapBackup": BackupSource.of(volume),  # ONTAP: the volume, not the file system
}

for id, source in sources.items():
    backup = FsxBackup(stack, id, source=source, timeout=Duration.minutes(45))
    Tags.of(backup).add("team", app.node.try_get_context("team") or "files")
    CfnOutput(stack, f"{id}Id", value=backup.backup_id)

app.synth()
