"""The first backup of a large file system takes hours. A custom resource waits for 55 minutes at most, so six continuations follow it,
each a resource that waits for 55 minutes more. They end as soon as the backup is AVAILABLE. The longest timeout is twelve hours.

`-c release=2` takes another backup. It is incremental, and much shorter.
"""

from aws_cdk import App, Duration, Stack, aws_ssm as ssm
from cdk_fsx_backup import BackupSource, BackupTrigger, FsxBackup

app = App()
stack = Stack(app, "Archive")

backup = FsxBackup(
    stack, "Backup",
    source=BackupSource.from_file_system_id(app.node.try_get_context("archive") or "fs-0498eed5fe91001ec"),  # exists already
    triggers=[BackupTrigger.on_value(app.node.try_get_context("release") or "1")],
    timeout=Duration.hours(6),
)

# The parameter uses an attribute of the backup, so it waits for the backup.
ssm.StringParameter(stack, "NewestBackup", parameter_name="/archive/newest-backup", string_value=backup.backup_id)

app.synth()
