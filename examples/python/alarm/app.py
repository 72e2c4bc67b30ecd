"""A backup before a file system is changed (`-c throughput=128`), and a topic that hears if it fails: by an event, which is
quick and says which one it is, and by an alarm, which is dependable.
"""

from aws_cdk import (
    App,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as actions,
    aws_events_targets as targets,
    aws_fsx as fsx,
    aws_sns as sns,
)
from cdk_fsx_backup import FsxBackup, FsxBackupProvider

app = App()
stack = Stack(app, "Alarm")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="OPENZFS",
    storage_capacity=64,
    subnet_ids=["subnet-0123456789abcdef0"],
    open_zfs_configuration=fsx.CfnFileSystem.OpenZFSConfigurationProperty(
        deployment_type="SINGLE_AZ_1",
        throughput_capacity=int(app.node.try_get_context("throughput") or 64),
    ),
)
FsxBackup.before_change_of(stack, "Guard", file_system)

topic = sns.Topic(stack, "Topic", enforce_ssl=True)
provider = FsxBackupProvider.default_for(stack)
provider.on_failed("Failed", target=targets.SnsTopic(topic))
provider.metric_failed().create_alarm(
    stack, "BackupFailed",
    threshold=1,
    evaluation_periods=1,
    treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
).add_alarm_action(actions.SnsAction(topic))

app.synth()
