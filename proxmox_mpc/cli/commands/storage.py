"""storage: where guests keep their disks, images and backups."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import guest_id
from proxmox_mpc.services.storages import (
    CONTENT_KINDS,
    STORAGE_PAGE,
    STORAGE_ROWS,
    VOLUME_ROWS,
    list_storages,
    show_storage,
    storage_content,
)

Storage = Annotated[str, typer.Argument(metavar="STORAGE", help="the storage's id", autocompletion=values("storage"))]
OfNode = Annotated[
    str | None, typer.Option("--node", metavar="NODE", help="only as this node sees it", autocompletion=values("node"))
]


@read(STORAGE_ROWS, audit="Datastore.Audit")
def list_(ctx: typer.Context, node: OfNode = None) -> Result:
    """List the storages and how full they are; a shared one stands once."""
    reading = list_storages(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@read(STORAGE_PAGE)
def show(ctx: typer.Context, storage: Storage) -> Result:
    """Show a storage: its definition, and how full it is on each node."""
    reading = show_storage(context_of(ctx).source, storage)
    return Result.of(reading, reading.value)


@read(VOLUME_ROWS, audit="Datastore.Audit")
def content(
    ctx: typer.Context,
    storage: Storage,
    node: OfNode = None,
    kind: Annotated[
        str | None, typer.Option("--content", metavar="KIND", help=f"only {', '.join(CONTENT_KINDS)}")
    ] = None,
    guest: Annotated[
        str | None,
        typer.Option("--guest", metavar="GUEST", help="only volumes of this guest", autocompletion=values("guest")),
    ] = None,
) -> Result:
    """List the volumes on a storage."""
    if kind is not None and kind not in CONTENT_KINDS:
        raise UsageError(f"--content: there is no kind {kind!r}", hint=f"one of: {', '.join(CONTENT_KINDS)}")
    source = context_of(ctx).source
    reading = storage_content(source, storage, node, kind, guest_id(source, guest))
    return Result.of(reading, [*reading.value])
