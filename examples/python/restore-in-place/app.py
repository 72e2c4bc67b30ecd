"""Restore in place: a shop whose file system goes back to a backup by one parameter.

Lost is what was written after that backup began. It is in the backup that the guard takes first.

    npx cdk deploy --parameters RestoreFrom=new           the first time; later deployments keep the value
    npx cdk deploy -c version=2                           an upgrade: the guard takes a backup
    npx cdk deploy --parameters RestoreFrom=backup-…      back to that backup: a new file system has its data

Never set it back to `new`: that replaces the restored file system by an empty one.
"""

from aws_cdk import App, CfnOutput, Stack, aws_ec2 as ec2, aws_ecs as ecs, aws_fsx as fsx
from cdk_fsx_backup import BackupTrigger, FsxBackup, RestorePoint

app = App()
stack = Stack(app, "Shop")

restore_point = RestorePoint.parameter(stack, "RestoreFrom")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="OPENZFS",
    storage_capacity=256,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(deployment_type="SINGLE_AZ_1", throughput_capacity=64),
    backup_id=restore_point.backup_id,
)

# A restored file system has another DNS name. The service follows it, since it refers to it.
task_definition = ecs.Ec2TaskDefinition(
    stack, "Task",
    volumes=[
        ecs.Volume(
            name="orders",
            docker_volume_configuration=ecs.DockerVolumeConfiguration(
                scope=ecs.Scope.TASK,
                driver="local",
                driver_opts={"type": "nfs", "device": ":/fsx", "o": f"addr={file_system.attr_dns_name},nfsvers=4.2"},
            ),
        )
    ],
)
task_definition.add_container(
    "shop",
    image=ecs.ContainerImage.from_registry(f"example.com/shop:{app.node.try_get_context('version') or '1'}"),
    memory_limit_mib=512,
).add_mount_points(ecs.MountPoint(source_volume="orders", container_path="/orders", read_only=False))

service = ecs.Ec2Service(
    stack, "Service",
    cluster=ecs.Cluster.from_cluster_attributes(
        stack, "Cluster",
        cluster_name="apps",
        vpc=ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-0123456789abcdef0", availability_zones=["us-east-1a"]),
    ),
    task_definition=task_definition,
    min_healthy_percent=0,  # never two versions at work on the same orders
    max_healthy_percent=100,
    circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
)

# One guard for both: before the service is upgraded, and before the file system changes or is replaced.
guard = FsxBackup.before_change_of(
    stack, "Guard", file_system,
    triggers=[BackupTrigger.on_change_of(service)],
    execute_before=[service],
)

CfnOutput(stack, "BackupId", value=guard.backup_id)  # "none" until there was something to back up

app.synth()
