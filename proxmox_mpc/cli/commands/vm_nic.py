"""vm: network cards; and cutting guests off."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, Names, Nodes, Pools, Statuses, Tags, Words, found
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.commands.vm_change import run_and_say
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_nics import add_nic, isolate, remove_nic, set_nic

NicKey = Annotated[str, typer.Argument(metavar="NIC", help="the network card: net0")]
_WORDS = "vlan=20, model=e1000, firewall=1, mac=…, link=down, mtu=1, rate=…, queues=…, trunks=20;30"


@write()
def nic_add(
    ctx: typer.Context,
    guest: GuestName,
    card: Annotated[str, typer.Argument(metavar="BRIDGE[,OPTS]", help=f"the bridge, then {_WORDS}")],
    key: Annotated[str | None, typer.Option("--as", metavar="NIC", help="as net2; else the first that is free")] = None,
) -> Result:
    """Add a network card to a virtual machine."""
    return run_and_say(ctx, guest, add_nic(context_of(ctx).live, found(ctx, guest), card, key))


@write()
def nic_set(
    ctx: typer.Context,
    guest: GuestName,
    nic: NicKey,
    opts: Annotated[str, typer.Argument(metavar="OPTS", help=f"bridge=vmbr1, {_WORDS}; vlan= removes one")],
) -> Result:
    """Change a network card of a virtual machine; what is not named stays."""
    return run_and_say(ctx, guest, set_nic(context_of(ctx).live, found(ctx, guest), nic, opts))


@write()
def nic_remove(ctx: typer.Context, guest: GuestName, nic: NicKey) -> Result:
    """Remove a network card from a virtual machine."""
    return run_and_say(ctx, guest, remove_nic(context_of(ctx).live, found(ctx, guest), nic))


@write(many=True)
def isolate_(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Cut guests off: take the link of every network card down.

    They go on running. ``pmpc audit undo`` brings back the links that were up; ``nic set`` one of them.
    """
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    return context.guard.run(isolate(context.live, chosen.refs, many=chosen.many))
