"""Mistakes of Python users: each draws an error or a warning that says so, when the app is synthesized.

Those of TypeScript are in test/mistakes.test.ts.
"""

import re
import sys

from aws_cdk import App, Duration, Stack, assertions, aws_fsx as fsx, aws_ssm as ssm
from cdk_fsx_backup import BackupSource, BackupTrigger, FsxBackup, FsxFinalBackup

ID = "fs-0498eed5fe91001ec"


def an_id_with_blanks(_stack):
    BackupSource.from_file_system_id(f"{ID} ")


def a_value_that_is_empty(_stack):
    BackupTrigger.on_value("")


def an_ontap_file_system(stack):
    file_system = fsx.CfnFileSystem(stack, "FileSystem", file_system_type="ONTAP", subnet_ids=["subnet-1"])
    FsxBackup(stack, "Backup", source=BackupSource.of(file_system))


def too_short_a_timeout(stack):
    FsxBackup(stack, "Backup", source=BackupSource.from_file_system_id(ID), timeout=Duration.seconds(1))


def something_that_waits_and_no_triggers(stack):
    service = ssm.CfnParameter(stack, "Service", type="String", value="1")
    FsxBackup(stack, "Backup", source=BackupSource.from_file_system_id(ID), execute_before=[service])


def keep_last_without_triggers(stack):
    FsxBackup(stack, "Backup", source=BackupSource.from_file_system_id(ID), keep_last=3)


def a_final_backup_of_what_is_looked_up(stack):
    file_system = fsx.CfnFileSystem(stack, "FileSystem", file_system_type="OPENZFS", subnet_ids=["subnet-1"])
    FsxFinalBackup(stack, "Final", source=BackupSource.from_deployed(file_system))


MISTAKES = {
    an_id_with_blanks: r"; remove the blanks around it",
    a_value_that_is_empty: r'BackupTrigger\.onValue got ""',
    an_ontap_file_system: r"FSx backs up its volumes, not the file system",
    too_short_a_timeout: r"timeout is 1 second: it must be from 1 minute to 12 hours",
    something_that_waits_and_no_triggers: r"cdk-fsx-backup:waitWithoutTriggers",
    keep_last_without_triggers: r"cdk-fsx-backup:keepLastWithoutTriggers",
    a_final_backup_of_what_is_looked_up: r"use BackupSource\.of",
}


def heard(mistake):
    """What a user is told."""
    stack = Stack(App(), "Files")
    try:
        mistake(stack)
        annotations = assertions.Annotations.from_stack(stack)
        found = [
            *annotations.find_warning("*", assertions.Match.any_value()),
            *annotations.find_error("*", assertions.Match.any_value()),
        ]
        return "\n".join(str(message.entry.data) for message in found)
    except RuntimeError as error:
        return str(error)


told = {mistake: heard(mistake) for mistake in MISTAKES}
untold = [mistake for mistake, text in MISTAKES.items() if not re.search(text, told[mistake])]
for mistake in untold:
    print(f"{mistake.__name__} says: {told[mistake] or 'nothing'}")
print(f"{len(MISTAKES)} mistakes, {len(untold)} of them not told")
sys.exit(1 if untold else 0)
