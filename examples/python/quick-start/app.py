from aws_cdk import App, CfnOutput, Stack, aws_ec2 as ec2, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxBackup

app = App()
stack = Stack(app, "QuickStart")

vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=0)
file_system = fsx.LustreFileSystem(
    stack, "FileSystem",
    vpc=vpc,
    vpc_subnet=vpc.isolated_subnets[0],
    storage_capacity_gib=1200,
    lustre_configuration=fsx.LustreConfiguration(
        deployment_type=fsx.LustreDeploymentType.PERSISTENT_2,
        per_unit_storage_throughput=125,
    ),
)

backup = FsxBackup(
    stack, "Backup",
    source=BackupSource.of(file_system),
)

CfnOutput(stack, "BackupId", value=backup.backup_id)

app.synth()
