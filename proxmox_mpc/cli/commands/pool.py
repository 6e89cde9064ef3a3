"""pool: guests and storages that are managed together."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.pools import POOL_PAGE, POOL_ROWS, list_pools, show_pool


@read(POOL_ROWS, audit="Pool.Audit")
def list_(ctx: typer.Context) -> Result:
    """List the resource pools."""
    reading = list_pools(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(POOL_PAGE)
def show(
    ctx: typer.Context,
    pool: Annotated[str, typer.Argument(metavar="POOL", help="the pool's id", autocompletion=values("pool"))],
) -> Result:
    """Show a resource pool and its members."""
    reading = show_pool(context_of(ctx).source, pool)
    return Result.of(reading, reading.value)
