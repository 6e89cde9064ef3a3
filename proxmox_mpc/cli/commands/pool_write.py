"""pool: creating, changing and deleting resource pools, and putting guests and storages into them."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Statuses, Tags, Words, selection
from proxmox_mpc.cli.commands.write_args import Comment, IfMissing, IgnoreMissing
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.selectors import nothing_selected
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import pools_write
from proxmox_mpc.services.guests import select_guests

Pool = Annotated[str, typer.Argument(metavar="POOL", help="the pool", autocompletion=values("pool"))]
Pools = Annotated[list[str], typer.Argument(metavar="POOL...", help="the pools", autocompletion=values("pool"))]
NewComment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="the new comment; '' takes it away")]
Storages = Annotated[
    list[str] | None,
    typer.Option("--storage", metavar="STORAGE", help="a storage; may be repeated", autocompletion=values("storage")),
]
Move = Annotated[bool, typer.Option("--move", help="take guests out of the pool that they are in")]
Everything = Annotated[bool, typer.Option("--all", help="all members")]


@write()
def create(ctx: typer.Context, pool: Pool, comment: Comment = None, if_missing: IfMissing = False) -> Result:
    """Create a resource pool; a nested one is named PARENT/NAME."""
    context = context_of(ctx)
    return context.guard.run(pools_write.create_pool(context.live, pool, comment, if_missing=if_missing))


@write()
def set_(ctx: typer.Context, pool: Pool, comment: NewComment) -> Result:
    """Change a resource pool's comment."""
    context = context_of(ctx)
    return context.guard.run(pools_write.set_pool(context.live, pool, comment))


@write(many=True)
def delete(ctx: typer.Context, pools: Pools, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete resource pools, which must be empty."""
    context = context_of(ctx)
    return context.guard.run(pools_write.delete_pools(context.live, pools, ignore_missing=ignore_missing))


@write()
def add(
    ctx: typer.Context,
    pool: Pool,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    status: Statuses = None,
    name: Names = None,
    storage: Storages = None,
    move: Move = False,
) -> Result:
    """Put guests and storages into a resource pool."""
    context = context_of(ctx)
    wanted = selection(guests, tag, node, None, status, name)
    if not wanted and not storage:
        raise UsageError("which guests or storages?", hint="name guests, select them by --tag …, or say --storage")
    refs = select_guests(context.live, wanted, None, "add").value if wanted else []
    if wanted and not refs:
        raise nothing_selected(None)
    return context.guard.run(pools_write.add_members(context.live, pool, refs, storage or [], move=move))


@write()
def remove(
    ctx: typer.Context, pool: Pool, guests: Words = None, storage: Storages = None, all_: Everything = False
) -> Result:
    """Take guests and storages out of a resource pool; they themselves stay as they are."""
    context = context_of(ctx)
    if all_ == bool(guests or storage):
        raise UsageError("which members?", hint="name guests, say --storage, or --all")
    if all_:
        return context.guard.run(pools_write.remove_members(context.live, pool, None, None))
    wanted = selection(guests, None, None, None, None)
    refs = select_guests(context.live, wanted, None, "remove").value if wanted else []
    return context.guard.run(pools_write.remove_members(context.live, pool, [ref.vmid for ref in refs], storage or []))
