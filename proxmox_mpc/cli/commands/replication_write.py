"""replication: changing which guests' disks are copied, and copying now."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.write_args import Comment, Deletes, IgnoreMissing, Sets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import replication_writes
from proxmox_mpc.services.setting_tables import Given

Guest = Annotated[str, typer.Argument(metavar="GUEST", help="the guest's id or name", autocompletion=values("guest"))]
To = Annotated[str, typer.Option("--to", metavar="NODE", help="the other node", autocompletion=values("node"))]
Schedule = Annotated[
    str | None,
    typer.Option("--schedule", metavar="EVENT", help="when: */15, mon..fri 02:00; every 15 minutes if not said"),
]
Rate = Annotated[float | None, typer.Option("--rate", metavar="MB/s", help="not faster than this")]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="whether it runs on schedule")]
Job = Annotated[str, typer.Argument(metavar="JOB", help="the job: GUEST-NUMBER")]
Jobs = Annotated[list[str], typer.Argument(metavar="JOB...", help="the jobs: GUEST-NUMBER")]
Keep = Annotated[bool, typer.Option("--keep", help="keep the copies on the other node")]
Force = Annotated[bool, typer.Option("--force", help="delete the job alone: for a node that is gone")]


@write()
def create(
    ctx: typer.Context,
    guest: Guest,
    to: To,
    schedule: Schedule = None,
    rate: Rate = None,
    enable: Enabled = None,
    comment: Comment = None,
    set_: Sets = None,
) -> Result:
    """Create a job that copies a guest's disks to another node."""
    context = context_of(ctx)
    options = _options(schedule, rate, enable, comment)
    return context.guard.run(replication_writes.create_job(context.live, guest, to, options, set_ or []))


@write()
def set_(
    ctx: typer.Context,
    job: Job,
    schedule: Schedule = None,
    rate: Rate = None,
    enable: Enabled = None,
    comment: Comment = None,
    settings: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a replication job."""
    context = context_of(ctx)
    options = _options(schedule, rate, enable, comment)
    return context.guard.run(replication_writes.set_job(context.live, job, options, settings or [], delete or []))


def _options(schedule: str | None, rate: float | None, enable: bool | None, comment: str | None) -> dict[str, Given]:
    disable = None if enable is None else not enable
    return {"schedule": schedule, "rate": rate, "disable": disable, "comment": comment}


@write(many=True)
def delete(
    ctx: typer.Context, jobs: Jobs, keep: Keep = False, force: Force = False, ignore_missing: IgnoreMissing = False
) -> Result:
    """Delete replication jobs, and the copies that they made; the nodes do it at their next look."""
    context = context_of(ctx)
    plan = replication_writes.delete_jobs(context.live, jobs, ignore_missing=ignore_missing, keep=keep, force=force)
    return context.guard.run(plan)


@write()
def run(ctx: typer.Context, job: Job) -> Result:
    """Replicate now, and wait for it."""
    context = context_of(ctx)
    return context.guard.run(replication_writes.run_job(context.live, job))
