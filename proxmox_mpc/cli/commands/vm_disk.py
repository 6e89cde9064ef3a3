"""vm: disks."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.commands.vm_change import run_and_say
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_disks import add_disk, detach_disk, import_disk, move_disk, remove_disk, resize_disk

DiskKey = Annotated[str, typer.Argument(metavar="DISK", help="the disk: scsi0, unused0")]


@write()
def disk_add(
    ctx: typer.Context,
    guest: GuestName,
    disk: Annotated[
        str,
        typer.Argument(
            metavar="[DISK=]STORAGE:SIZE[,OPTS]",
            help="local-lvm:32 (GiB), scsi1=nas:512M,ssd=1,discard=on, …,bus=virtio; or a volume that exists",
        ),
    ],
) -> Result:
    """Add a disk to a virtual machine, new or from a volume that exists."""
    return run_and_say(ctx, guest, add_disk(context_of(ctx).live, found(ctx, guest), disk))


@write()
def disk_import(
    ctx: typer.Context,
    guest: GuestName,
    image: Annotated[str, typer.Argument(metavar="VOLUME", help="the image: local:import/debian-13.qcow2")],
    storage: Annotated[
        str, typer.Option(metavar="STORAGE", help="where the disk goes", autocompletion=values("storage"))
    ],
    opts: Annotated[str, typer.Option("--opts", metavar="OPTS", help="the disk's properties: ssd=1,bus=virtio")] = "",
    key: Annotated[
        str | None, typer.Option("--as", metavar="DISK", help="as scsi1; else the first that is free")
    ] = None,
) -> Result:
    """Copy an image to a new disk of a virtual machine."""
    return run_and_say(ctx, guest, import_disk(context_of(ctx).live, found(ctx, guest), image, storage, opts, key))


@write()
def disk_resize(
    ctx: typer.Context,
    guest: GuestName,
    disk: DiskKey,
    size: Annotated[str, typer.Argument(metavar="[+]SIZE", help="64G, or +10G for more; bare numbers are GiB")],
) -> Result:
    """Grow a disk of a virtual machine; it cannot be made smaller."""
    return run_and_say(ctx, guest, resize_disk(context_of(ctx).live, found(ctx, guest), disk, size))


@write()
def disk_move(
    ctx: typer.Context,
    guest: GuestName,
    disk: DiskKey,
    storage: Annotated[str, typer.Argument(metavar="STORAGE", help="where it goes", autocompletion=values("storage"))],
    form: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="raw, qcow2 or vmdk")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="keep the source as an unused disk")] = False,
) -> Result:
    """Move a disk of a virtual machine to another storage, also while it runs."""
    return run_and_say(
        ctx, guest, move_disk(context_of(ctx).live, found(ctx, guest), disk, storage, form=form, keep=keep)
    )


@write()
def disk_detach(ctx: typer.Context, guest: GuestName, disk: DiskKey) -> Result:
    """Detach a disk from a virtual machine; its data stays as an unused disk."""
    return run_and_say(ctx, guest, detach_disk(context_of(ctx).live, found(ctx, guest), disk))


@write()
def disk_remove(ctx: typer.Context, guest: GuestName, disk: DiskKey) -> Result:
    """Remove a disk from a virtual machine and destroy its data."""
    return run_and_say(ctx, guest, remove_disk(context_of(ctx).live, found(ctx, guest), disk))
