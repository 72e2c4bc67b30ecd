"""Restore beside the old file system, compare, and then switch over.

Lost is what was written after the backup began, but it stays in the old file system until you remove that one from the app. Both are paid
for until then.

The two values are in `cdk.json`, and have no default in the code: a deployment cannot forget them.

1. `"restore-from": "backup-…"`: a second file system has the data of the backup. Compare.
2. `"in-use": "Restored"`: the users of the DNS name go there.
3. When nobody misses anything: remove the old file system from the code. FSx itself keeps a last backup of it.
"""

from aws_cdk import App, CfnOutput, Stack, aws_fsx as fsx, aws_ssm as ssm
from cdk_fsx_backup import FsxBackup, RestorePoint

app = App()
stack = Stack(app, "Share")

restore_from = app.node.get_context("restore-from")
in_use = app.node.get_context("in-use")


def share(id, backup_id=None):
    return fsx.CfnFileSystem(
        stack, id,
        file_system_type="WINDOWS",
        storage_capacity=300,  # FSx restores into the storage capacity of the backup
        subnet_ids=["subnet-0123456789abcdef0"],
        windows_configuration=fsx.CfnFileSystem.WindowsConfigurationProperty(
            throughput_capacity=32, active_directory_id="d-1234abcd12"
        ),
        backup_id=backup_id,
    )


file_systems = {"Old": share("Old")}
if restore_from != "none":
    file_systems["Restored"] = share("Restored", RestorePoint.literal(stack, restore_from).backup_id)
if in_use not in file_systems:
    raise ValueError(f'"in-use" is {in_use}, and there are {" and ".join(file_systems)}')

# What the users of the share read to find it.
ssm.StringParameter(stack, "DnsName", string_value=file_systems[in_use].attr_dns_name)

for name, file_system in file_systems.items():
    guard = FsxBackup.before_change_of(stack, f"GuardOf{name}", file_system)
    CfnOutput(stack, f"BackupOf{name}", value=guard.backup_id)

app.synth()
