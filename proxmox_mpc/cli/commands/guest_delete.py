"""vm and ct: deleting guests."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words, kind_of
from proxmox_mpc.cli.commands.guest_targets import Chosen, targets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.guests import GuestRef, vmid_of
from proxmox_mpc.domain.plan import Keep, Plan, Target
from proxmox_mpc.errors import NotFound
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_delete import delete_guests


@write(many=True, destructive=True)
def delete(
    ctx: typer.Context,
    guests: Words = None,
    keep_references: Annotated[
        bool, typer.Option("--keep-references", help="leave jobs, HA and permissions that name the guest")
    ] = False,
    ignore_missing: Annotated[bool, typer.Option("--ignore-missing", help="a guest that is not there is fine")] = False,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
) -> Result:
    """Delete guests with their disks, jobs and references.

    A guest must be stopped and not protected, and have a recent backup where safety.require_backup says so.
    """
    context = context_of(ctx)
    try:
        chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name)
    except NotFound:
        if not ignore_missing or not guests:
            raise
        return _without(ctx, guests, keep_references)
    return context.guard.run(
        delete_guests(context.live, chosen.refs, many=chosen.many, keep_references=keep_references)
    )


def _without(ctx: typer.Context, words: list[str], keep_references: bool) -> Result:
    """Delete those of the named guests that are there; the others are as wanted already."""
    context, kind = context_of(ctx), kind_of(ctx) or "guest"
    refs: list[GuestRef] = []
    steps: list[Keep] = []
    for word in words:
        try:
            refs += targets(ctx, [word]).refs
        except NotFound:
            ident: int | str = vmid_of(word) if word.isdigit() else word
            steps.append(Keep(Target(kind, ident), "it is not there"))
    chosen = Chosen(tuple({ref.vmid: ref for ref in refs}.values()), len(words) > 1)
    plan = delete_guests(context.live, chosen.refs, many=chosen.many, keep_references=keep_references)
    return context.guard.run(Plan(plan.action, (*plan.steps, *steps), chosen.many, plan.notes))
