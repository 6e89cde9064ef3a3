"""sync: the recorded state, kept by pulls; and the history of a guest."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import carry
from proxmox_mpc.cli.commands.sync_text import run_text
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync import (
    HISTORY_ROWS,
    RUN_PAGE,
    RUN_ROWS,
    STATUS_PAGE,
    guest_changes,
    list_runs,
    run_page,
    show_run,
    state_status,
)
from proxmox_mpc.services.sync_rows import FILE_FIELDS
from proxmox_mpc.state.kinds import GROUPS


def _groups(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    return [group for group in GROUPS if group.startswith(incomplete)]


Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="KIND,…",
        help=f"read only these, repeatable: {', '.join(GROUPS)}",
        autocompletion=_groups,
    ),
]
Node = Annotated[
    str | None,
    typer.Option("--node", metavar="NODE", help="read only what belongs to this node", autocompletion=values("node")),
]

_MOST = 10**9
"""No run has a higher number; SQLite takes 64 bits."""


PULL_PAGE = item(
    *RUN_PAGE.fields,
    Field("manifests", "rows", "the manifests that were changed with it", fields=FILE_FIELDS),
    doc=RUN_PAGE.doc,
)


@local(PULL_PAGE)
def pull(ctx: typer.Context, only: Only = None, node: Node = None) -> Result:
    """Read the cluster and record what changed since the last pull.

    What only the cluster has changed is taken into the manifests, where there are some.
    All is stored in one transaction. What a node that does not answer holds, and what may only be hidden, stays as it
    was last seen and is marked stale. The firewalls of guests are read where there are at most 100 guests, and with
    --only firewall.
    """
    from proxmox_mpc.output.progress import Progress
    from proxmox_mpc.services.pull import pull as run

    context = context_of(ctx)
    chosen = [name for words in only or () for name in split_list(words)]
    with Progress(context.streams) as progress:
        report = run(context.live, context.store, only=chosen, node=node, now=context.now, progress=progress)
    page = run_page(context.store, report.run, report.changes, report.first)
    carried = carry(context)
    page["manifests"] = [*carried.rows]
    warnings = (*report.warnings, *carried.warnings)
    return Result(page, warnings, report.partial or carried.partial, page=run_text(page))


@local(STATUS_PAGE)
def status(ctx: typer.Context) -> Result:
    """Show how old and how sound the recorded state is."""
    context = context_of(ctx)
    return Result(state_status(context.place, context.now))


@local(RUN_ROWS)
def log(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=_MOST, help="how many at most")] = 50,
) -> Result:
    """List the pulls, newest first."""
    return Result([*list_runs(context_of(ctx).store, limit)])


@local(RUN_PAGE)
def show(
    ctx: typer.Context,
    run: Annotated[
        int | None,
        typer.Argument(metavar="[RUN]", min=1, max=_MOST, help="the run's number", autocompletion=values("run")),
    ] = None,
) -> Result:
    """Show what a pull found changed, key by key; without a number the last one."""
    page = show_run(context_of(ctx).store, run)
    return Result(page, page=run_text(page))


@local(HISTORY_ROWS)
def history(
    ctx: typer.Context,
    guest: Annotated[
        str, typer.Argument(metavar="GUEST", help="vmid or name", autocompletion=values("guest"), show_default=False)
    ],
) -> Result:
    """List what pulls found changed about a guest, newest first; from the database.

    A guest that is gone is named by its vmid.
    """
    from proxmox_mpc.cli.commands.guest_args import kind_of
    from proxmox_mpc.domain.guests import vmid_of
    from proxmox_mpc.services.guests import find_guest

    context = context_of(ctx)
    number = vmid_of(guest) if guest.isascii() and guest.isdecimal() else None
    if number is None:
        number = find_guest(context.recorded, guest, kind_of(ctx), "history").vmid
    return Result([*guest_changes(context.store, number)])
