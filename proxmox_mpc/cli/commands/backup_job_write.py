"""backup job: made, changed, removed, run now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.write_args import Comment, Deletes, IfMissing, IgnoreMissing
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.selectors import Selection
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.vm_options import pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.backup_job_form import JobWish, job_form
from proxmox_mpc.services.backup_job_write import plan_job_create, plan_job_delete, plan_job_run, plan_job_set
from proxmox_mpc.services.guests import select_guests

JobName = Annotated[str, typer.Argument(metavar="ID", help="the job's id")]
Schedule = Annotated[
    str | None,
    typer.Option("--schedule", metavar="EVENT", help="when: 02:30, sat 04:00, mon..fri 22:00, */6:00, monthly"),
]
Guests = Annotated[
    list[str] | None,
    typer.Option(
        "--guest", metavar="GUEST", help="of these: ids, ranges, names; may be repeated", autocompletion=values("guest")
    ),
]
Pool = Annotated[
    str | None, typer.Option("--pool", metavar="POOL", help="of a pool's guests", autocompletion=values("pool"))
]
Every = Annotated[bool, typer.Option("--all", help="of every guest")]
Excludes = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GUEST",
        help="with --all: but not these; may be repeated",
        autocompletion=values("guest"),
    ),
]
Storage = Annotated[
    str | None, typer.Option("--storage", metavar="STORAGE", help="where to", autocompletion=values("storage"))
]
Mode = Annotated[str | None, typer.Option("--mode", metavar="MODE", help="snapshot, suspend or stop")]
Compress = Annotated[str | None, typer.Option("--compress", metavar="HOW", help="zstd, gzip, lzo or none")]
Notes = Annotated[
    str | None,
    typer.Option("--notes", metavar="TEXT", help="notes of its backups; {{guestname}}, {{vmid}} are filled in"),
]
Keep = Annotated[
    str | None, typer.Option("--keep", metavar="RETENTION", help="which backups it keeps, as last=3,weekly=4")
]
OfNode = Annotated[
    str | None,
    typer.Option("--on-node", metavar="NODE", help="only guests on this node", autocompletion=values("node")),
]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled", help="whether it runs by itself")]
Missed = Annotated[bool | None, typer.Option("--repeat-missed/--skip-missed", help="make up for runs that were missed")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="any other setting of a job, as bwlimit=10240; may be repeated"),
]


@write()
def create(
    ctx: typer.Context,
    job: JobName,
    schedule: Schedule = None,
    guest: Guests = None,
    pool: Pool = None,
    all_: Every = False,
    exclude: Excludes = None,
    storage: Storage = None,
    mode: Mode = None,
    compress: Compress = None,
    notes: Notes = None,
    keep: Keep = None,
    on_node: OfNode = None,
    enabled: Enabled = None,
    missed: Missed = None,
    comment: Comment = None,
    settings: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Make a backup job.

    The server checks the schedule beforehand, and the next runs are shown before you are asked.
    """
    source = context_of(ctx).live
    wish = JobWish(
        schedule, _ids(source, guest), pool, all_, _ids(source, exclude), storage, mode, compress, notes, keep, on_node,
        enabled, missed, comment, pairs(settings or ()),
    )  # fmt: skip
    return context_of(ctx).guard.run(plan_job_create(source, job, job_form(source, wish), if_missing=if_missing))


@write()
def set_(
    ctx: typer.Context,
    job: JobName,
    schedule: Schedule = None,
    guest: Guests = None,
    pool: Pool = None,
    all_: Every = False,
    exclude: Excludes = None,
    storage: Storage = None,
    mode: Mode = None,
    compress: Compress = None,
    notes: Notes = None,
    keep: Keep = None,
    on_node: OfNode = None,
    enabled: Enabled = None,
    missed: Missed = None,
    comment: Comment = None,
    settings: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a backup job; what is not named stays."""
    source = context_of(ctx).live
    wish = JobWish(
        schedule, _ids(source, guest), pool, all_, _ids(source, exclude), storage, mode, compress, notes, keep, on_node,
        enabled, missed, comment, pairs(settings or ()),
    )  # fmt: skip
    gone = [key for word in delete or () for key in split_list(word)]
    return context_of(ctx).guard.run(plan_job_set(source, job, job_form(source, wish), gone))


@write(many=True)
def delete(
    ctx: typer.Context,
    jobs: Annotated[list[str], typer.Argument(metavar="ID...", help="the jobs' ids")],
    ignore_missing: IgnoreMissing = False,
) -> Result:
    """Remove backup jobs; the backups that they made stay."""
    context = context_of(ctx)
    return context.guard.run(plan_job_delete(context.live, jobs, missing_ok=ignore_missing, many=len(jobs) > 1))


@write(many=True)
def run(ctx: typer.Context, job: JobName) -> Result:
    """Back up now what a job covers, as the job says."""
    context = context_of(ctx)
    return context.guard.run(plan_job_run(context.live, job))


def _ids(source: Source, words: Sequence[str] | None) -> tuple[int, ...]:
    """Return the ids of the guests that words mean; ids of guests that cannot be seen are no ids here."""
    if not words:
        return ()
    split = [part for word in words for part in split_list(word)]
    if not split:
        raise UsageError("--guest: which guest?")
    return tuple(ref.vmid for ref in select_guests(source, Selection(words=split)).value)
