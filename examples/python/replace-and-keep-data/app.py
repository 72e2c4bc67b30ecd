"""Replace a file system, and keep its data: another key, subnet or Lustre version. CloudFormation cannot change these in place. It creates
a new file system, and deletes the old one.

Lost is what is written between the backup of step 2 and the end of step 3. It is in the backup that the guard takes in step 3, which you
also pay for.

1. Stop what writes.
2. In `cdk.json`, give `copy` a new value, such as today's date, and deploy: the guard takes a backup, and the output says its id.
3. In `cdk.json`, change `key`, `subnet` or `lustre-version`, and deploy **with that id**:
   `npx cdk deploy --parameters RestoreFrom=backup-…`

Do both steps for every replacement. Without step 2, `RestoreFrom` still has its old value: the new file system would be empty, or have the
data of months ago.

FSx restores into the storage capacity of the backup. So change `capacity` before step 2, or after step 3.
"""

from aws_cdk import App, CfnOutput, Stack, aws_fsx as fsx
from cdk_fsx_backup import BackupTrigger, FsxBackup, RestorePoint

app = App()
stack = Stack(app, "Scratchpad")

# From `cdk.json`, without a default: a deployment cannot forget it.
setting = app.node.get_context

restore_point = RestorePoint.parameter(stack, "RestoreFrom")

file_system = fsx.CfnFileSystem(
    stack, "FileSystem",
    file_system_type="LUSTRE",
    file_system_type_version=setting("lustre-version"),
    storage_capacity=int(setting("capacity")),
    subnet_ids=[setting("subnet")],
    kms_key_id=setting("key"),
    lustre_configuration=fsx.CfnFileSystem.LustreConfigurationProperty(
        deployment_type="PERSISTENT_2", per_unit_storage_throughput=125
    ),
    backup_id=restore_point.backup_id,
)

guard = FsxBackup.before_change_of(stack, "Guard", file_system, triggers=[BackupTrigger.on_value(setting("copy"))])

CfnOutput(stack, "BackupId", value=guard.backup_id)  # "none" until there was something to back up
CfnOutput(stack, "DnsName", value=file_system.attr_dns_name)  # another one after each replacement

app.synth()
