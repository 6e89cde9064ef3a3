"""backup: what was kept of the guests, and the jobs that make it."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.moments import duration
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.backup_archives import ARCHIVE_PAGE, show_archive
from proxmox_mpc.services.backup_coverage import COVERAGE_ROWS
from proxmox_mpc.services.backup_coverage import coverage as coverage_of
from proxmox_mpc.services.backups import BACKUP_ROWS, JOB_PAGE, JOB_ROWS, list_backups, list_jobs, show_job
from proxmox_mpc.services.guests import inventory


@read(BACKUP_ROWS, audit="Datastore.AllocateSpace")
def list_(
    ctx: typer.Context,
    guest: Annotated[
        str | None,
        typer.Argument(
            metavar="[GUEST]",
            help="a guest's id, also of one that is gone, or its name",
            autocompletion=values("guest"),
        ),
    ] = None,
) -> Result:
    """List the backups on all storages, of one guest or of all.

    Proxmox VE hides backups, without a word, from whoever lacks VM.Backup on the guest and Datastore.AllocateSpace
    on the storage.
    """
    context = context_of(ctx)
    reading = list_backups(context.source, guest, context.now)
    return Result.of(reading, [*reading.value])


@read(JOB_ROWS)
def job_list(ctx: typer.Context) -> Result:
    """List the backup jobs."""
    reading = list_jobs(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(JOB_PAGE)
def job_show(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(metavar="ID", help="the job's id")],
) -> Result:
    """Show a backup job and the guests that it covers."""
    reading = show_job(context_of(ctx).source, job)
    return Result.of(reading, reading.value)


@read(ARCHIVE_PAGE, offline=False)
def show(
    ctx: typer.Context,
    volid: Annotated[str, typer.Argument(metavar="VOLID", help="a backup, as pmpc backup list --wide shows it")],
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="NODE", help="where, if several nodes have it", autocompletion=values("node")),
    ] = None,
) -> Result:
    """Show a backup and the guest's configuration that it holds."""
    page = show_archive(context_of(ctx).source, volid, node)
    return Result(page)


@read(COVERAGE_ROWS, offline=False)
def coverage(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="a backup older than this counts as none")
    ] = "7d",
    all_: Annotated[bool, typer.Option("--all", help="show every guest, templates too")] = False,
) -> Result:
    """List the guests without a recent backup, those without any first.

    Backups that the token may not see look like backups that are not there: it needs VM.Backup on the guests and
    Datastore.AllocateSpace on the storages.
    """
    context = context_of(ctx)
    oldest = duration(older_than, "--older-than")
    known = inventory(context.source)
    reading = coverage_of(context.source, known.guests, oldest, context.now, everything=all_)
    return Result.of(reading, [*reading.value])
