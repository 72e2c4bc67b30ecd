"""The first backup of a large file system takes hours. Above one hour the deployment waits with a wait condition: twelve hours at most.

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

# Whatever uses an attribute of the backup waits for it: nobody reads the id of one that is not finished.
ssm.StringParameter(stack, "NewestBackup", parameter_name="/archive/newest-backup", string_value=backup.backup_id)

app.synth()
