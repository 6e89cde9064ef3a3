"""guest, vm and ct: taking, deleting and going back to snapshots."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, Names, Nodes, Pools, Statuses, Tags, Words, found
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.snapshot_writes import create_snapshots, delete_snapshots, rollback

SnapshotName = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="the snapshot's name")]


@write(many=True)
def snapshot_create(
    ctx: typer.Context,
    guests: Words = None,
    *,
    snapshot: SnapshotName,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="what it is for")] = None,
    memory: Annotated[bool, typer.Option("--vmstate", help="with the memory of running virtual machines")] = False,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="a snapshot that is there is fine")] = False,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Take a snapshot of guests."""
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    plan = create_snapshots(
        context.live,
        chosen.refs,
        snapshot,
        description=description,
        memory=memory,
        if_missing=if_missing,
        many=chosen.many,
    )
    return context.guard.run(plan)


@write(many=True)
def snapshot_delete(
    ctx: typer.Context,
    guests: Words = None,
    *,
    snapshot: SnapshotName,
    force: Annotated[
        bool, typer.Option("--force", help="take it out of the configuration even if a disk's snapshot stays")
    ] = False,
    ignore_missing: Annotated[
        bool, typer.Option("--ignore-missing", help="a snapshot that is not there is fine")
    ] = False,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Delete a snapshot of guests."""
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    plan = delete_snapshots(
        context.live, chosen.refs, snapshot, force=force, ignore_missing=ignore_missing, many=chosen.many
    )
    return context.guard.run(plan)


@write()
def snapshot_rollback(
    ctx: typer.Context,
    guest: GuestName,
    snapshot: SnapshotName,
    start: Annotated[bool, typer.Option("--start", help="start the guest afterwards")] = False,
) -> Result:
    """Put a guest back to a snapshot; what came after is lost."""
    context = context_of(ctx)
    return context.guard.run(rollback(context.live, found(ctx, guest), snapshot, start=start))
