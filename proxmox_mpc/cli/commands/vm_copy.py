"""vm: clones, templates, and moving to other nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, Names, Nodes, Pools, Statuses, Tags, Words, found
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_clone import CloneOptions, clone_vm, make_template
from proxmox_mpc.services.vm_migrate import MoveOptions, migrate_vms


@write()
def clone(
    ctx: typer.Context,
    guest: GuestName,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="the clone's name")] = None,
    vmid: Annotated[int | None, typer.Option(metavar="ID", help="the clone's id; else the next free one")] = None,
    full: Annotated[
        bool | None, typer.Option("--full/--linked", help="copy everything, or keep standing on the template")
    ] = None,
    snapshot: Annotated[str | None, typer.Option(metavar="NAME", help="as this snapshot holds it")] = None,
    on_node: Annotated[
        str | None,
        typer.Option(
            "--on-node", metavar="NODE", help="on this node (shared disks only)", autocompletion=values("node")
        ),
    ] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="STORAGE", help="where a full clone goes", autocompletion=values("storage"))
    ] = None,
    form: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="raw, qcow2 or vmdk")] = None,
    into_pool: Annotated[
        str | None, typer.Option("--pool", metavar="POOL", help="its pool", autocompletion=values("pool"))
    ] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="its notes")] = None,
) -> Result:
    """Clone a virtual machine.

    From a template the clone is linked unless --full is said, else it is a full copy.
    """
    context = context_of(ctx)
    options = CloneOptions(name, vmid, full, snapshot, on_node, storage, form, into_pool, description)
    return context.guard.run(clone_vm(context.live, found(ctx, guest), options))


@write()
def template(ctx: typer.Context, guest: GuestName) -> Result:
    """Turn a virtual machine into a template, which cannot be taken back."""
    context = context_of(ctx)
    return context.guard.run(make_template(context.live, found(ctx, guest)))


@write(many=True)
def migrate(
    ctx: typer.Context,
    guests: Words = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NODE", help="the node", autocompletion=values("node"))],
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="STORAGE",
            help="where local disks go: STORAGE, or FROM:TO,FROM:TO",
            autocompletion=values("storage"),
        ),
    ] = None,
    with_local_disks: Annotated[
        bool, typer.Option("--with-local-disks", help="copy disks that only the old node sees, while it runs")
    ] = False,
    offline: Annotated[bool, typer.Option("--stopped", help="only if it is stopped")] = False,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Move virtual machines to another node, running ones without a stop.

    What goes along, and what stands in the way, is read first and shown.
    """
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    options = MoveOptions(to, storage, with_local_disks, offline)
    return context.guard.run(migrate_vms(context.live, chosen.refs, options, many=chosen.many))
