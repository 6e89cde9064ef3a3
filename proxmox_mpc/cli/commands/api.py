"""api: any path of the Proxmox VE API, as it is."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.api_args import NoCheck, parameters, paths, schema_of
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.shape import ANY
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.raw import raw_get


@read(ANY)
def get(
    ctx: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="a path below /api2/json: /nodes, cluster/resources", autocompletion=paths("GET")
        ),
    ],
    params: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="parameters; a key that is repeated becomes an array",
            autocompletion=parameters("GET"),
        ),
    ] = None,
    no_check: NoCheck = False,
) -> Result:
    """Read any path of the Proxmox VE API, and print the answer as it is.

    Path and parameters are held against the server's own description of its API first, where it can be had.
    """
    context = context_of(ctx)
    found = raw_get(context.source, path, params or [], schema_of(context, no_check))
    missing = context.recorded.left_out if context.options.offline else []
    return Result(found, tuple(Warn("no_history", f"{what} have no history and are left out") for what in missing))
