"""node drain and undrain: a node without guests, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.safety.history import History, read_history
from proxmox_mpc.services import node_drain
from proxmox_mpc.services.node_drain import Moving

NodeName = Annotated[str, typer.Argument(metavar="NODE", help="the node", autocompletion=values("node"))]
Restart = Annotated[
    bool, typer.Option("--restart", help="also containers that run: they are stopped, moved and started again")
]
Local = Annotated[bool, typer.Option("--with-local-disks", help="also disks that only the node sees: they are copied")]
Storage = Annotated[
    str | None,
    typer.Option(
        "--storage", metavar="STORAGE", help="where disks go [the same name]", autocompletion=values("storage")
    ),
]


@write(many=True)
def drain(
    ctx: typer.Context,
    node: NodeName,
    to: Annotated[
        str, typer.Option("--to", metavar="NODE,NODE", help="where its guests go", autocompletion=values("node"))
    ],
    restart: Restart = False,
    local: Local = False,
    storage: Storage = None,
    running: Annotated[bool, typer.Option("--running", help="leave guests that are off where they are")] = False,
) -> Result:
    """Move the guests of a node to others, by the memory that is free there.

    Where each goes is shown first. Templates stay; what high availability manages is left to it, with the command that
    makes it move them.
    """
    context = context_of(ctx)
    names = [name for word in to.split(",") if (name := word.strip())]
    if not names:
        raise UsageError("--to: which nodes?", hint="--to pve2,pve3")
    retried = context.options.retry_failed
    only = None if retried is None else frozenset(int(one) for one in context.guard.failed_of(retried))
    how = Moving(restart=restart, local=local, storage=storage, running=running)
    return context.guard.run(node_drain.drain(context.live, node, names, how, only))


@write(many=True)
def undrain(
    ctx: typer.Context,
    node: NodeName,
    restart: Restart = False,
    local: Local = False,
    storage: Storage = None,
) -> Result:
    """Bring back what drains have moved away from a node since it was last brought back.

    A guest that was moved on since stays where it is.
    """
    context = context_of(ctx)
    moved = node_drain.moved_away(_drains(context), node)
    if context.options.retry_failed is not None:
        failed = {int(one) for one in context.guard.failed_of(context.options.retry_failed)}
        moved = {vmid: to for vmid, to in moved.items() if vmid in failed}
    if not moved and not context.options.allow_empty:
        raise NotFound(f"the journal knows of nothing that was drained from {node}", hint="see: pmpc audit list")
    how = Moving(restart=restart, local=local, storage=storage)
    return context.guard.run(node_drain.undrain(context.live, node, moved, how))


def _drains(context: Context) -> Iterator[History]:
    """Yield the operations that drained nodes or brought guests back, newest first."""
    for entry in context.journal.begun():
        if entry.body.get("action") in (node_drain.DRAIN, node_drain.UNDRAIN):
            yield read_history(context.journal.entries(entry.seq), entry.seq)
