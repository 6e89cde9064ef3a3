"""guest, vm and ct: adding and removing tags."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.verbs import Verb, context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guest_tags import checked_tags, tag_guests

TagWords = Annotated[str, typer.Argument(metavar="TAG[,TAG]", help="the tags: prod or prod,web")]


def _verb(what: Literal["add", "remove"], doc: str) -> Verb:
    def run(
        ctx: typer.Context,
        guests: Words = None,
        *,
        tags: TagWords,
        tag: Tags = None,
        node: Nodes = None,
        pool: Pools = None,
        status: Statuses = None,
        name: Names = None,
        all_: All = False,
    ) -> Result:
        context, wanted = context_of(ctx), checked_tags(tags)
        chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
        return context.guard.run(tag_guests(context.live, chosen.refs, what, wanted, many=chosen.many))

    run.__doc__ = doc
    return write(many=True)(run)


tag_add = _verb("add", "Add tags to guests.")
tag_remove = _verb("remove", "Remove tags from guests.")
