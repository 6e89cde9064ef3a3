"""guest, vm and ct: one guest's page, configuration, pending changes, status and addresses."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guest_backups import BACKUP_ROWS, backups_of
from proxmox_mpc.services.guest_details import (
    CONFIG,
    PENDING_ROWS,
    STATUS,
    guest_config,
    guest_pending,
    guest_status,
)
from proxmox_mpc.services.guest_network import ADDRESS_ROWS, guest_ips
from proxmox_mpc.services.guest_page import show_guest
from proxmox_mpc.services.guest_page_shape import GUEST_PAGE


@read(GUEST_PAGE)
def show(ctx: typer.Context, guest: GuestName) -> Result:
    """Show everything about one guest.

    State, resources, disks, network cards and addresses, cloud-init, snapshots, last backup, replication and what
    waits for a restart. What it cannot tell, and why, stands under Notes.
    """
    context = context_of(ctx)
    reading = show_guest(context.source, found(ctx, guest), context.now)
    page = None
    if context.format == "table":
        from proxmox_mpc.cli.commands.guest_text import guest_page

        page = guest_page(reading.value, width=context.streams.width, now=context.now)
    return Result(reading.value, reading.warnings, reading.partial, page=page)


@read(CONFIG)
def config(
    ctx: typer.Context,
    guest: GuestName,
    current: Annotated[bool, typer.Option("--current", help="what is in effect, without pending changes")] = False,
    snapshot: Annotated[str | None, typer.Option(metavar="NAME", help="as a snapshot holds it")] = None,
) -> Result:
    """Show a guest's configuration in PVE's own keys.

    As PVE answers it: with the changes that wait for a restart. Passwords are replaced.
    """
    if current and snapshot is not None:
        raise UsageError("--current and --snapshot exclude each other")
    return Result(guest_config(context_of(ctx).source, found(ctx, guest), current=current, snapshot=snapshot))


@read(PENDING_ROWS)
def pending(
    ctx: typer.Context,
    guest: GuestName,
    unchanged: Annotated[bool, typer.Option("--all", help="also keys that do not change")] = False,
) -> Result:
    """List the configuration changes that wait for a guest's restart."""
    return Result([*guest_pending(context_of(ctx).source, found(ctx, guest), unchanged=unchanged)])


@read(STATUS)
def status(ctx: typer.Context, guest: GuestName) -> Result:
    """Show what a guest does now."""
    return Result(guest_status(context_of(ctx).source, found(ctx, guest)))


@read(ADDRESS_ROWS, offline=False)
def interfaces(ctx: typer.Context, guest: GuestName) -> Result:
    """List the addresses that a running guest has.

    A container's come from its node, a virtual machine's from the guest agent inside it.
    """
    return Result([*guest_ips(context_of(ctx).source, found(ctx, guest))])


@read(BACKUP_ROWS)
def backups(ctx: typer.Context, guest: GuestName) -> Result:
    """List the backups of a guest.

    Those on the storages that its node sees. Says so when the token may not see backups, or a storage does not answer.
    """
    found_backups = backups_of(context_of(ctx).source, found(ctx, guest))
    warnings = tuple(
        Warn("backups_incomplete", f"backups may be missing: {reason}") for reason in found_backups.reasons
    )
    return Result([*found_backups.rows], warnings, partial=not found_backups.complete)
