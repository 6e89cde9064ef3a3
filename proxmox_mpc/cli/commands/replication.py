"""replication: copies of guests' disks that are kept on other nodes."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.replication import REPLICATION_ROWS, list_replication


@read(REPLICATION_ROWS, audit="VM.Audit")
def list_(ctx: typer.Context) -> Result:
    """List the replication jobs and how their last runs went."""
    reading = list_replication(context_of(ctx).source)
    return Result.of(reading, [*reading.value])
