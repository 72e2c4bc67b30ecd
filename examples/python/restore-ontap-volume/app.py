"""Restore an ONTAP volume in place. With ONTAP, FSx backs up and restores volumes, not file systems.

Lost is what was written after that backup began. It is in the backup that the guard takes first.

    npx cdk deploy --parameters RestoreFrom=new           the first time; later deployments keep the value
    npx cdk deploy --parameters RestoreFrom=backup-…      back to that backup

The restored volume stands beside the old one for some minutes, so it cannot have the same name and the same junction path. Its clients
mount the path that the output says.
"""

from aws_cdk import App, CfnOutput, Stack, aws_fsx as fsx
from cdk_fsx_backup import FsxBackup, RestorePoint

app = App()
stack = Stack(app, "Projects")

restore_point = RestorePoint.parameter(stack, "RestoreFrom")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="ONTAP",
    storage_capacity=1024,
    subnet_ids=["subnet-0123456789abcdef0"],
    ontap_configuration=fsx.CfnFileSystem.OntapConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=128),
)
svm = fsx.CfnStorageVirtualMachine(stack, "Svm", file_system_id=file_system.ref, name="svm")

junction_path = restore_point.name_of("/projects")
volume = fsx.CfnVolume(
    stack, "Volume",
    name=restore_point.name_of("projects"),
    volume_type="ONTAP",
    backup_id=restore_point.backup_id,
    ontap_configuration=fsx.CfnVolume.OntapConfigurationProperty(
        storage_virtual_machine_id=svm.ref,
        size_in_megabytes="102400",
        junction_path=junction_path,
        storage_efficiency_enabled="true",
    ),
)

guard = FsxBackup.before_change_of(stack, "Guard", volume)

CfnOutput(stack, "JunctionPath", value=junction_path)
CfnOutput(stack, "BackupId", value=guard.backup_id)  # "none" until there was something to back up

app.synth()
