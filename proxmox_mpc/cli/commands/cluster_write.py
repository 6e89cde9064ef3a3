"""cluster: changing the datacenter options."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.write_args import Deletes
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import cluster_writes

Pairs = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="options, under Proxmox VE's own names")
]


@write()
def set_(ctx: typer.Context, pairs: Pairs = None, delete: Deletes = None) -> Result:
    """Change datacenter options: pmpc cluster set mac_prefix=BC:24:11 ha=shutdown_policy=migrate."""
    context = context_of(ctx)
    return context.guard.run(cluster_writes.set_options(context.live, pairs or [], delete or []))
