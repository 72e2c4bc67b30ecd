"""The app of a platform team. Three teams have a stack each, and one line at the end gives their file systems and volumes a backup before
each change, and a final one.

    npx cdk deploy 'Prod/*'                        the wiki's own first backup; the others have nothing yet
    npx cdk deploy 'Prod/*' -c version=2           upgrades the wiki: its own backup before
    npx cdk deploy 'Prod/*' -c throughput=128      changes the wiki's file system: a backup before
    npx cdk deploy 'Prod/*' -c key=arn:aws:kms:…   replaces the office's file system: a backup before, and a final one of the old file
                                                   system
    npx cdk destroy 'Prod/*'                       a final backup of each, but not of the scratch space

A replaced file system is empty. The example `replace-and-keep-data` brings its data along.
"""

from aws_cdk import App, Stack, Stage, aws_fsx as fsx, aws_ssm as ssm
from cdk_fsx_backup import BackupSource, FsxBackup, FsxProtection
from constructs import Construct


class Wiki(Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        file_system = fsx.CfnFileSystem(
            self, "FileSystem",
            file_system_type="OPENZFS",
            storage_capacity=256,
            subnet_ids=["subnet-0123456789abcdef0"],
            open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(
                deployment_type="SINGLE_AZ_1",
                throughput_capacity=int(self.node.try_get_context("throughput") or 64),
            ),
        )
        release = ssm.StringParameter(self, "Release", string_value=self.node.try_get_context("version") or "1")
        # An upgrade leaves the file system itself as it is, so this one is the team's own.
        FsxBackup.before_change_of(
            self, "BeforeUpgrade", release,
            source=BackupSource.of(file_system),
            keep_last=2,
        )


class Office(Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        file_system = fsx.CfnFileSystem(
            self, "FileSystem",
            file_system_type="WINDOWS",
            storage_capacity=300,
            subnet_ids=["subnet-0123456789abcdef0"],
            windows_configuration=fsx.CfnFileSystem.WindowsConfigurationProperty(
                throughput_capacity=32, active_directory_id="d-1234abcd12"
            ),
            kms_key_id=self.node.try_get_context("key"),
        )
        ssm.StringParameter(self, "Address", string_value=file_system.attr_dns_name)


class Research(Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        file_system = fsx.CfnFileSystem(
            self, "FileSystem",
            file_system_type="ONTAP",
            storage_capacity=1024,
            subnet_ids=["subnet-0123456789abcdef0"],
            ontap_configuration=fsx.CfnFileSystem.OntapConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=128),
        )
        svm = fsx.CfnStorageVirtualMachine(self, "Svm", file_system_id=file_system.ref, name="svm")
        fsx.CfnVolume(
            self, "Results",
            name="results",
            volume_type="ONTAP",
            ontap_configuration=fsx.CfnVolume.OntapConfigurationProperty(
                storage_virtual_machine_id=svm.ref, size_in_megabytes="102400", junction_path="/results", storage_efficiency_enabled="true"
            ),
        )
        scratch = fsx.CfnFileSystem(
            self, "Scratch",
            file_system_type="LUSTRE",
            storage_capacity=1200,
            subnet_ids=["subnet-0123456789abcdef0"],
            lustre_configuration=fsx.CfnFileSystem.LustreConfigurationProperty(deployment_type="SCRATCH_2"),
        )
        FsxProtection.of(scratch).none("what it holds can be computed again")


app = App()
prod = Stage(app, "Prod")
Wiki(prod, "Wiki")
Office(prod, "Office")
Research(prod, "Research")

# The stage is defined before this: CDK synthesizes each stage by itself.
FsxProtection.of(app).add(keep_last=5)
FsxProtection.of(app).require(as_errors=True)  # nothing is deployed that could be lost

app.synth()
