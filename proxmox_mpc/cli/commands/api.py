"""api: any path of the Proxmox VE API, as it is."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.shape import ANY
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.raw import raw_get


@read(ANY)
def get(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="a path below /api2/json: /nodes, cluster/resources")],
    params: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="parameters; a key that is repeated becomes an array"),
    ] = None,
) -> Result:
    """Read any path of the Proxmox VE API, and print the answer as it is."""
    return Result(raw_get(context_of(ctx).source, path, params or []))
