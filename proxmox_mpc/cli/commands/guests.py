"""guest, vm and ct: lists."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import GUEST_ROWS, list_guests


@read(GUEST_ROWS, audit="VM.Audit")
def vm_list(ctx: typer.Context) -> Result:
    """List the virtual machines of the cluster."""
    return _list(ctx, "vm")


@read(GUEST_ROWS, audit="VM.Audit")
def ct_list(ctx: typer.Context) -> Result:
    """List the containers of the cluster."""
    return _list(ctx, "ct")


@read(GUEST_ROWS, audit="VM.Audit")
def guest_list(ctx: typer.Context) -> Result:
    """List the guests of the cluster, virtual machines and containers."""
    return _list(ctx, None)


def _list(ctx: typer.Context, kind: str | None) -> Result:
    reading = list_guests(context_of(ctx).source, kind)
    return Result.of(reading, [*reading.value])
