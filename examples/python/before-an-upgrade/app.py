"""A wiki that keeps its pages on a file system, and a backup whenever they are at stake: before the service is upgraded
(`-c version=2`), before the file system itself is changed (`-c throughput=128`), and before it is deleted with the stack.
"""

from aws_cdk import App, CfnOutput, Stack, aws_ec2 as ec2, aws_ecs as ecs, aws_fsx as fsx
from cdk_fsx_backup import BackupSource, FsxBackup, FsxFinalBackup

app = App()
stack = Stack(app, "Wiki")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="OPENZFS",
    storage_capacity=256,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(
        deployment_type="SINGLE_AZ_1",
        throughput_capacity=int(app.node.try_get_context("throughput") or 64),
    ),
)

task_definition = ecs.Ec2TaskDefinition(
    stack, "Task",
    volumes=[
        ecs.Volume(
            name="pages",
            docker_volume_configuration=ecs.DockerVolumeConfiguration(
                scope=ecs.Scope.TASK,
                driver="local",
                driver_opts={"type": "nfs", "device": ":/fsx", "o": f"addr={file_system.attr_dns_name},nfsvers=4.2"},
            ),
        )
    ],
)
task_definition.add_container(
    "wiki",
    image=ecs.ContainerImage.from_registry(f"example.com/wiki:{app.node.try_get_context('version') or '1'}"),
    memory_limit_mib=512,
).add_mount_points(ecs.MountPoint(source_volume="pages", container_path="/pages", read_only=False))

service = ecs.Ec2Service(
    stack, "Service",
    cluster=ecs.Cluster.from_cluster_attributes(
        stack, "Cluster",
        cluster_name="apps",
        vpc=ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-0123456789abcdef0", availability_zones=["us-east-1a"]),
    ),
    task_definition=task_definition,
    min_healthy_percent=0,  # never two versions at work on the same pages
    max_healthy_percent=100,
    circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
)

# Its task definition, which holds the image, counts too.
backup = FsxBackup.before_change_of(
    stack, "BeforeUpgrade", service,
    source=BackupSource.of(file_system),
    keep_last=2,
)

FsxBackup.before_change_of(stack, "BeforeChange", file_system)

# FSx takes a last backup of an OpenZFS file system by itself. This one has a name, and nothing is deleted before it is AVAILABLE.
FsxFinalBackup(stack, "Final", source=BackupSource.of(file_system))

CfnOutput(stack, "BackupId", value=backup.backup_id)

app.synth()
