"""sync validate, render, fmt: manifests looked at and put in order, without the cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Words, session_of
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.errors import EXIT_DIFFERENCES, CheckFailed
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_check import PROBLEM_ROWS, RENDER_ROWS
from proxmox_mpc.services.sync_files import FILE_ROWS


@local(PROBLEM_ROWS)
def validate(ctx: typer.Context) -> Result:
    """Check every manifest: syntax, keys, values, includes and variables.

    Nothing is asked of the cluster. Ends with 8 when something is wrong.
    """
    from proxmox_mpc.services.sync_check import problem_row

    errors = session_of(context_of(ctx)).problems()
    rows = [problem_row(error) for error in errors]
    failed = None
    if rows:
        count = "one problem" if len(rows) == 1 else f"{len(rows)} problems"
        failed = CheckFailed(f"the manifests have {count}", details={"failed": [str(row["file"]) for row in rows]})
    return Result([*rows], error=failed)


@local(RENDER_ROWS)
def render(ctx: typer.Context, objects: Words = None) -> Result:
    """Show manifests with defaults, includes and variables applied, and which file gives each key."""
    from proxmox_mpc.services.sync_check import render_rows

    return Result([*render_rows(session_of(context_of(ctx)).resolved(objects or ()))])


@local(FILE_ROWS)
def fmt(
    ctx: typer.Context,
    objects: Words = None,
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; end with 10 when a file is not in this form")
    ] = False,
) -> Result:
    """Bring manifests into one form: order of keys, quoting; comments stay with their keys."""
    from proxmox_mpc.services.sync_files import reformat

    session = session_of(context_of(ctx))
    done = reformat(session, session.resolved(objects or ()), write=not check)
    return Result([one.row() for one in done], status=EXIT_DIFFERENCES if check and done else 0)
