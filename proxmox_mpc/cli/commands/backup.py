"""backup: what was kept of the guests, and the jobs that make it."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.backups import BACKUP_ROWS, JOB_PAGE, JOB_ROWS, list_backups, list_jobs, show_job


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
