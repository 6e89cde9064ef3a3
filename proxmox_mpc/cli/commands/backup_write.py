"""backup: made, checked, protected, removed."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.call import Value
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.backup_verify import VERIFY_ROWS
from proxmox_mpc.services.guests import guest_id

Volids = Annotated[list[str], typer.Argument(metavar="VOLID...", help="backups, as pmpc backup list --wide shows them")]
Backups = Annotated[
    list[str], typer.Argument(metavar="VOLID|GUEST...", help="backups, or guests whose newest backups are meant")
]
OnlyNode = Annotated[
    str | None,
    typer.Option(
        "--node",
        metavar="NODE",
        help="where, if several nodes have it",
        autocompletion=values("node"),
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option("--storage", metavar="STORAGE", help="where to", autocompletion=values("storage")),
]
Bandwidth = Annotated[int | None, typer.Option("--bwlimit", metavar="KIB", help="KiB/s at most", min=0)]


@write(many=True, extra=(Field("volid", "string?", "the new backup"),))
def create(
    ctx: typer.Context,
    guests: Words = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
    storage: StorageOption = None,
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help="snapshot, suspend or stop")] = "snapshot",
    compress: Annotated[
        str | None, typer.Option("--compress", metavar="HOW", help="zstd, gzip, lzo or none; else as the nodes do it")
    ] = None,
    notes: Annotated[
        str, typer.Option("--notes", metavar="TEXT", help="notes; {{guestname}}, {{vmid}}, {{node}} are filled in")
    ] = "{{guestname}}",
    protected: Annotated[bool, typer.Option("--protected", help="protect them from removal")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="then remove what the storage's retention does not keep")
    ] = False,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="RETENTION", help="then keep only these, as last=3,weekly=4")
    ] = None,
    bwlimit: Bandwidth = None,
) -> Result:
    """Back guests up now.

    Each guest is a task of its own, so that each ends with its own result; a node does one after the other. Done means
    that the new backup was seen on the storage. Nothing is pruned unless asked for.
    """
    from proxmox_mpc.services.backup_create import VOLID, BackupWish, plan_backups
    from proxmox_mpc.services.backup_prune import checked_keep

    context = context_of(ctx)
    kept = checked_keep(keep) if keep is not None else None
    wish = BackupWish(storage, mode, compress, notes, protected, prune, kept, bwlimit)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    plan = plan_backups(context.live, chosen.refs, wish, many=chosen.many)
    report = context.guard.perform(plan)
    return context.guard.result(plan, report, [_made(known.get(VOLID.name)) for known in report.values])


def _made(volid: Value) -> JsonObject:
    return {"volid": volid if isinstance(volid, str) else None}


@write(many=True)
def delete(
    ctx: typer.Context,
    volids: Volids,
    node: OnlyNode = None,
    ignore_missing: Annotated[bool, typer.Option("--ignore-missing", help="0 where there is no such backup")] = False,
) -> Result:
    """Remove backups; protected ones are refused."""
    from proxmox_mpc.services.backup_changes import plan_delete

    context = context_of(ctx)
    plan = plan_delete(context.live, volids, node, missing_ok=ignore_missing, many=len(volids) > 1)
    return context.guard.run(plan)


@write(many=True)
def protect(ctx: typer.Context, volids: Volids, node: OnlyNode = None) -> Result:
    """Protect backups from removal, by hand or by pruning."""
    return _protection(ctx, volids, node, protect=True)


@write(many=True)
def unprotect(ctx: typer.Context, volids: Volids, node: OnlyNode = None) -> Result:
    """Let protected backups be removed again."""
    return _protection(ctx, volids, node, protect=False)


def _protection(ctx: typer.Context, volids: list[str], node: str | None, *, protect: bool) -> Result:
    from proxmox_mpc.services.backup_changes import plan_protection

    context = context_of(ctx)
    plan = plan_protection(context.live, volids, node, protect=protect, many=len(volids) > 1)
    return context.guard.run(plan)


@write(shape=VERIFY_ROWS)
def verify(
    ctx: typer.Context,
    backups: Backups,
    node: OnlyNode = None,
    restore_test: Annotated[
        bool,
        typer.Option("--restore-test", help="restore to a scratch id, links down; start it, look at it, remove it"),
    ] = False,
    on_node: Annotated[
        str | None,
        typer.Option("--on-node", metavar="NODE", help="where the restore test runs", autocompletion=values("node")),
    ] = None,
    storage: StorageOption = None,
) -> Result:
    """Check whether backups can be relied on; 8 where one cannot.

    Looked at: it exists, is not empty, gives the guest's configuration back, and what a Proxmox Backup Server's own
    verification said. Only a restore test proves that the disks are whole: it needs room and memory for a copy.
    """
    from proxmox_mpc.services import backup_verify
    from proxmox_mpc.services.backup_restore import RestoreWish
    from proxmox_mpc.services.backup_trial import plan_trials

    context = context_of(ctx)
    found = backup_verify.verify(context.live, backups, node, context.now)
    rows = [row for row, _ in found]
    warnings: tuple[Warn, ...] = ()
    page: str | None = None
    sound = [archive for row, archive in found if archive is not None and row["ok"]]
    if restore_test and sound:
        # Whatever fails on the way, the scratch guest goes.
        context.options.rollback = True
        plan = plan_trials(context.live, sound, RestoreWish(node=on_node, storage=storage))
        report = context.guard.perform(plan)
        warnings = report.warnings
        page = report.page if context.format == "table" else None
        done: dict[str, JsonObject] = {archive.volid: row for archive, row in zip(sound, report.rows, strict=True)}
        rows = [backup_verify.with_trial(row, done.get(str(row["volid"]))) for row in rows]
    return Result([*rows], warnings, page=page, error=backup_verify.failure(rows))


@write(many=True)
def prune(
    ctx: typer.Context,
    storages: Annotated[
        list[str], typer.Argument(metavar="STORAGE...", help="storages", autocompletion=values("storage"))
    ],
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="RETENTION", help="what stays, as last=3,weekly=4; else the storage's own rule"),
    ] = None,
    guest: Annotated[
        str | None,
        typer.Option("--guest", metavar="GUEST", help="only backups of this guest", autocompletion=values("guest")),
    ] = None,
    node: OnlyNode = None,
) -> Result:
    """Remove the backups that a retention does not keep.

    --dry-run names them. Protected backups stay whatever the retention says.
    """
    from proxmox_mpc.services.backup_prune import plan_prune

    context = context_of(ctx)
    vmid = guest_id(context.live, guest)
    plan = plan_prune(context.live, storages, node, vmid, keep, many=len(storages) > 1)
    return context.guard.run(plan)
