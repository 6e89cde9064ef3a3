"""guest, vm and ct: waiting for guests."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words, kind_of
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.waiting import GOALS, WAITED, wait_for


@read(WAITED, offline=False)
def wait(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    goal: Annotated[
        str, typer.Option("--for", metavar="STATE", help="running, stopped, ip or agent [running]")
    ] = "running",
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="how long to wait at most: 90s, 15m [5m]")
    ] = "5m",
) -> Result:
    """Wait until guests are in a state, have an address, or their agent answers; 7 when the time is over.

    A VM's address is told by its guest agent, or without one by cloud-init's static addresses; a container's by its
    node.
    """
    from proxmox_mpc.domain.moments import duration

    wanted = next((one for one in GOALS if one == goal), None)
    if wanted is None:
        raise UsageError(f"--for: {goal!r} is not one of {', '.join(GOALS)}")
    if wanted == "agent" and kind_of(ctx) == "ct":
        raise UsageError("--for agent: a container has no guest agent", hint="pmpc ct wait … --for running")
    seconds = duration(timeout, "--timeout")
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    if wanted == "agent" and (containers := [ref.label for ref in chosen.refs if ref.kind == "ct"]):
        raise UsageError(f"--for agent: {containers[0]} is a container and has no guest agent")
    rows = wait_for(context.live, chosen.refs, wanted, timeout=seconds, clock=context.clock, sleep=context.sleep)
    return Result([*rows] if chosen.many else rows[0])
