"""The level of the firewall that the options of a command name."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.verbs import context_of
from proxmox_mpc.services import firewall


def level_at(
    ctx: typer.Context,
    cluster: bool,
    node: str | None,
    guest: str | None,
    vnet: str | None = None,
    group: str | None = None,
) -> firewall.Level:
    live = context_of(ctx).live
    return firewall.level_of(live, cluster=cluster, node=node, guest=guest, vnet=vnet, group=group)
