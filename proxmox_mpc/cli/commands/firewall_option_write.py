"""firewall: changing the options of a level."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.firewall import Cluster, Guest, Node, Vnet
from proxmox_mpc.cli.commands.firewall_level import level_at
from proxmox_mpc.cli.commands.firewall_rule_write import ACTION
from proxmox_mpc.cli.commands.write_args import Deletes, Sets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import firewall_option_writes
from proxmox_mpc.services.setting_tables import Given

Enable = Annotated[bool | None, typer.Option("--enable/--disable", help="switch the level's firewall on or off")]
PolicyIn = Annotated[str | None, typer.Option("--policy-in", metavar=ACTION, help="for what no rule lets in")]
PolicyOut = Annotated[str | None, typer.Option("--policy-out", metavar=ACTION, help="for what no rule lets out")]


@write()
def set_(
    ctx: typer.Context,
    enable: Enable = None,
    policy_in: PolicyIn = None,
    policy_out: PolicyOut = None,
    settings: Sets = None,
    delete: Deletes = None,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
) -> Result:
    """Change the firewall options of a level: switch it on or off, and what happens to what no rule matches.

    On cluster and nodes this can lock the management out: how to get back in is told before anything is sent.
    """
    context = context_of(ctx)
    level = level_at(ctx, cluster, node, guest, vnet)
    options: dict[str, Given] = {"enable": enable, "policy_in": policy_in, "policy_out": policy_out}
    return context.guard.run(
        firewall_option_writes.set_options(context.live, level, options, settings or [], delete or [])
    )
