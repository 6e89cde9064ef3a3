"""storage upload: a file of this machine onto a storage."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.storage_write import Checksum, Filename, Kind, OnNode, Storage
from proxmox_mpc.cli.commands.write_args import IfMissing
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.progress import Progress
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import storage_upload

File = Annotated[pathlib.Path, typer.Argument(metavar="FILE", help="the file on this machine")]


@write()
def upload(
    ctx: typer.Context,
    storage: Storage,
    file: File,
    content: Kind = "iso",
    on_node: OnNode = None,
    filename: Filename = None,
    checksum: Checksum = None,
    if_missing: IfMissing = False,
) -> Result:
    """Send an ISO image, a container template or a disk image of this machine to a storage.

    The file is streamed, and the server keeps it only when its checksum is that of the file here.
    """
    context = context_of(ctx)
    with Progress(context.streams) as progress:
        plan = storage_upload.upload(
            context.live,
            storage,
            context.cwd / file,
            content,
            node=on_node,
            filename=filename,
            checksum=checksum,
            if_missing=if_missing,
            progress=lambda sent, size: progress(file.name, sent, size),
        )
        return context.guard.run(plan)
