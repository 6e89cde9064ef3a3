"""guest, vm and ct: turning guests on and off."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words
from proxmox_mpc.cli.commands.guest_targets import All, Chosen, targets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import power

Seconds = Annotated[
    int | None,
    typer.Option("--timeout", min=0, metavar="SECONDS", help="how long the guest may take to shut down"),
]


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
    """Start guests, in their startup order.

    A guest that runs already stays as it is. Done means that the guest was seen running.
    """
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "start", chosen)


@write(many=True)
def shutdown(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    timeout: Seconds = None,
    force_stop: Annotated[bool, typer.Option("--force-stop", help="stop it hard when the time is over")] = False,
) -> Result:
    """Ask guests to shut down, in reverse startup order.

    Done means that they are off. The guest itself must do it: by ACPI, or its guest agent. One that does not fails
    when the time is over.
    """
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "shutdown", chosen, power.How(timeout=timeout, force=force_stop))


@write(many=True)
def stop(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    overrule: Annotated[
        bool, typer.Option("--overrule-shutdown", help="end a shutdown that still waits for the guest")
    ] = False,
) -> Result:
    """Stop guests hard, as if their power were cut, in reverse startup order."""
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "stop", chosen, power.How(overrule=overrule))


@write(many=True)
def reboot(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    timeout: Seconds = None,
) -> Result:
    """Shut guests down and start them again.

    Many go in their startup order. Changes that were pending are in effect then.
    """
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "reboot", chosen, power.How(timeout=timeout))


@write(many=True)
def reset(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Reset virtual machines, as the button of a computer does.

    What they were doing is lost; pending changes stay pending.
    """
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "reset", chosen)


@write(many=True)
def suspend(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    to_disk: Annotated[bool, typer.Option("--to-disk", help="VMs: keep the memory on a disk and turn it off")] = False,
    state_storage: Annotated[
        str | None,
        typer.Option(
            "--state-storage",
            metavar="STORAGE",
            help="with --to-disk: where the memory is kept",
            autocompletion=values("storage"),
        ),
    ] = None,
) -> Result:
    """Suspend guests: they stand still and keep their memory.

    Many go in reverse startup order. Suspending a container is experimental in Proxmox VE itself.
    """
    if state_storage is not None and not to_disk:
        raise UsageError("--state-storage is of use with --to-disk only")
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "suspend", chosen, power.How(to_disk=to_disk, state_storage=state_storage))


@write(many=True)
def resume(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Let suspended guests go on, from memory or from disk."""
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_, templates=False)
    return _done(ctx, "resume", chosen)


def _done(ctx: typer.Context, action: power.Action, chosen: Chosen, how: power.How = power.AS_PVE_DOES) -> Result:
    context = context_of(ctx)
    plan = power.power(context.live, action, chosen.refs, how, many=chosen.many)
    return context.guard.run(plan)
