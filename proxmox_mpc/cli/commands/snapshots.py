"""guest, vm and ct: reading snapshots."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import (
    GuestName,
    Nodes,
    Pools,
    Statuses,
    Tags,
    Words,
    found,
    kind_of,
    selection,
    verb_of,
)
from proxmox_mpc.cli.commands.guest_text import snapshot_tree
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.moments import duration
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import reachable, select_guests
from proxmox_mpc.services.snapshots import SNAPSHOT_PAGE, SNAPSHOT_ROWS, list_snapshots, show_snapshot


@read(SNAPSHOT_ROWS, audit="VM.Audit")
def snapshot_list(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="only those that are older: 12h, 30d, 6mo")
    ] = None,
) -> Result:
    """List snapshots with their age, of one guest or of all.

    The snapshots of one guest are shown as the tree that they form.
    """
    context = context_of(ctx)
    age = None if older_than is None else duration(older_than, "--older-than")
    chosen = select_guests(context.source, selection(guests, tag, node, pool, status), kind_of(ctx), verb_of(ctx)).value
    if guests and len(chosen) == 1:
        reachable(chosen[0], context.source, verb_of(ctx))
    reading = list_snapshots(context.source, chosen, context.now, older_than=age)
    page = None
    view = context.view
    one = bool(guests) and len(chosen) == 1 and age is None
    if one and context.format == "table" and reading.value and not (view.columns or view.filters or view.sort):
        page = snapshot_tree(reading.value, width=context.streams.width, wide=view.wide, header=view.header)
    return Result([*reading.value], reading.warnings, reading.partial, page=page)


@read(SNAPSHOT_PAGE, offline=False)
def snapshot_show(
    ctx: typer.Context,
    guest: GuestName,
    name: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="the snapshot's name")],
) -> Result:
    """Show a snapshot and the configuration that it holds."""
    context = context_of(ctx)
    return Result(show_snapshot(context.source, found(ctx, guest), name, context.now))
