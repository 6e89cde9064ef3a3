"""backup restore: one backup, or the guests of a node that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.backup_write import Bandwidth, OnlyNode, StorageOption
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.services.backup_restore import RestoreWish


@write(
    many=True,
    destructive=True,
    extra=(
        Field("volid", "string?", "the backup that is restored"),
        Field("guest", "integer?", "the guest that the backup is of"),
    ),
)
def restore(
    ctx: typer.Context,
    backup: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VOLID|GUEST",
            help="a backup, or the guest whose newest backup is meant; with --from-node: which guests [all]",
        ),
    ] = None,
    vmid: Annotated[
        int | None, typer.Option("--vmid", metavar="ID", help="the id it gets; without it the next free one")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="restore over the guest that has this --vmid")] = False,
    on_node: Annotated[
        str | None, typer.Option("--on-node", metavar="NODE", help="where it goes", autocompletion=values("node"))
    ] = None,
    from_node: Annotated[
        str | None,
        typer.Option(
            "--from-node", metavar="NODE", help="the guests of a node that is lost", autocompletion=values("node")
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NODE", help="where the guests of --from-node go", autocompletion=values("node")),
    ] = None,
    new_ids: Annotated[
        bool, typer.Option("--new-ids", help="give the guests of --from-node new ids: the old ones are still taken")
    ] = False,
    storage: StorageOption = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="another name for it")] = None,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="POOL", help="a pool to put it in", autocompletion=values("pool"))
    ] = None,
    unique: Annotated[
        bool | None,
        typer.Option(
            "--unique/--same-macs",
            help="new MAC addresses, or the old ones; else new ones where the guest it is of still exists",
        ),
    ] = None,
    start: Annotated[bool, typer.Option("--start", help="start it afterwards")] = False,
    live: Annotated[
        bool, typer.Option("--live-restore", help="start a VM while it is restored from a backup server")
    ] = False,
    bwlimit: Bandwidth = None,
    node: OnlyNode = None,
) -> Result:
    """Restore a backup, to a free id or over one; or a lost node's guests.

    Before anything is sent: the node answers, sees the backup, and its storages take the volumes and have room; the id
    is free, or --overwrite was said. Restoring over a guest is critical: it needs a recent backup of that guest.

    With --from-node the newest usable backups of its guests are restored, by startup order. Run it again after an
    interruption: what is back is skipped, a VM known by its SMBIOS uuid, a container by its MAC addresses.
    """
    from proxmox_mpc.services.backup_restore import RestoreWish, plan_restore
    from proxmox_mpc.services.backup_verify import resolve_archive

    context = context_of(ctx)
    words = backup or []
    wish = RestoreWish(vmid, overwrite, on_node, storage, name, pool, unique, start, live, bwlimit)
    if from_node is not None:
        return _recover(context, from_node, to, words, wish, new_ids=new_ids, node=node)
    if to is not None or new_ids:
        raise UsageError(
            f"{'--to' if to else '--new-ids'} goes with --from-node", hint="a place for one: --on-node NODE"
        )
    if len(words) != 1:
        raise UsageError("which backup? name one, or a guest", hint="all guests of a lost node: --from-node NODE")
    archive = resolve_archive(context.live, words[0], node)
    plan = plan_restore(context.live, archive, wish)
    return context.guard.result(plan, context.guard.perform(plan), [{"volid": archive.volid, "guest": archive.vmid}])


def _recover(
    context: Context,
    lost: str,
    to: str | None,
    words: list[str],
    wish: RestoreWish,
    *,
    new_ids: bool,
    node: str | None,
) -> Result:
    from proxmox_mpc.services.backup_node_restore import plan_recovery

    others = {
        "--vmid": wish.vmid is not None,
        "--overwrite": wish.overwrite,
        "--on-node": wish.node is not None,
        "--name": wish.name is not None,
        "--unique": bool(wish.unique),
        "--live-restore": wish.live,
        "--node": node is not None,
    }
    given = [option for option, said in others.items() if said]
    if given:
        raise UsageError(
            f"{given[0]} does not go with --from-node", hint="the guests come back as they were, so that they are known"
        )
    if context.options.retry_failed is not None:
        # What went well is recognised and skipped: what failed is all that is left. This only sees that there is one.
        context.guard.failed_of(context.options.retry_failed)
    if to is None:
        raise UsageError("--from-node: where do its guests go?", hint="--to NODE")
    found = plan_recovery(context.live, lost, to, words, wish, new_ids=new_ids)
    lanes = found.plan.lanes()
    if not lanes and not found.plan.warnings and not context.options.allow_empty:
        raise NotFound(
            f"there is no guest on {lost}",
            hint="those whose configurations were moved are to be named: pmpc backup restore 101 102 --from-node …",
        )
    report = context.guard.perform(found.plan)
    archives = [found.archives.get(lane.target) for lane in lanes]
    extra: list[JsonObject] = [
        {"volid": one.volid if one else None, "guest": one.vmid if one else None} for one in archives
    ]
    return context.guard.result(found.plan, report, extra)
