"""moto's server, whose backups stay CREATING for ever, with time: after two seconds they are AVAILABLE. They are user-initiated, too, which it does not say."""
import sys
import time

from moto.fsx import models
from moto.server import main

to_dict = models.Backup.to_dict


def with_time(self):
    if time.time() - self.creation_time > 2:
        self.lifecycle = "AVAILABLE"
    return {**to_dict(self), "Type": self.backup_type}


models.Backup.backup_type = "USER_INITIATED"
models.Backup.to_dict = with_time
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
