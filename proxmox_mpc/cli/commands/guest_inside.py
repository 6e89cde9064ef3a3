"""vm: what the guest agent and cloud-init say."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guest_agent import AGENT_INFO
from proxmox_mpc.services.guest_agent import agent_info as read_agent_info
from proxmox_mpc.services.guest_cloudinit import CLOUDINIT_PAGE, cloudinit


@read(AGENT_INFO, offline=False)
def agent_info(ctx: typer.Context, guest: GuestName) -> Result:
    """Show what the guest agent says about a virtual machine."""
    return Result(read_agent_info(context_of(ctx).source, found(ctx, guest)))


@read(CLOUDINIT_PAGE, offline=False)
def cloudinit_show(ctx: typer.Context, guest: GuestName) -> Result:
    """Show what cloud-init sets up in a virtual machine.

    The settings, those that its drive does not hold yet, and the files that PVE generates; passwords are replaced.
    """
    reading = cloudinit(context_of(ctx).source, found(ctx, guest))
    return Result.of(reading, reading.value)
