"""sync diff: what differs between the manifests and the cluster, and who changed it."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Words, refresh, session_of
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_rows import DIFF_ROWS, diff_rows

EXIT_DIFFERENT = 10


@read(DIFF_ROWS)
def diff(
    ctx: typer.Context,
    objects: Words = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="end with 10 when something differs")] = False,
) -> Result:
    """Show what differs between the manifests and the cluster, key by key, and who changed it.

    The cluster is read and recorded first; nothing else is written. What was never declared is not looked at.
    """
    context = context_of(ctx)
    session = session_of(context)
    said = refresh(context, session)
    rows = diff_rows(session.look(objects or ()))
    return Result([*rows], said.warnings, said.partial, status=EXIT_DIFFERENT if exit_code and rows else 0)
