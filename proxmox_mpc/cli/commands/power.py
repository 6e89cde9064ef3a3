"""guest, vm and ct: turning guests on and off."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import power


@write(many=True)
def start(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Start guests.

    A guest that runs already stays as it is. Done means that the guest was seen running.
    """
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return context.guard.run(power.start(context.live, chosen.refs, many=chosen.many))
