"""task: what the cluster is doing and did."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands import lines
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.source import Reading, Warn
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import TaskFailed
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import guest_id
from proxmox_mpc.services.node_log import LOG_ROWS
from proxmox_mpc.services.tasks import (
    TASK_PAGE,
    TASK_ROWS,
    TASK_WAITED,
    Wanted,
    check_exclusive,
    known,
    list_tasks,
    show_task,
    task_log,
    waited,
)
from proxmox_mpc.services.times import earliest

TaskId = Annotated[
    str,
    typer.Argument(metavar="UPID", help="the task's id, as task list --wide shows it", autocompletion=values("task")),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout", "--wait-timeout", metavar="TIME", help="how long to wait at most: 90s, 15m [as long as it takes]"
    ),
]


@read(TASK_ROWS, audit="Sys.Audit")
def list_(
    ctx: typer.Context,
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="NODE", help="all that this node remembers", autocompletion=values("node")),
    ] = None,
    guest: Annotated[
        str | None, typer.Option("--guest", metavar="GUEST", help="only on this guest", autocompletion=values("guest"))
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="only of this type: vzdump, qmstart …")
    ] = None,
    running: Annotated[bool, typer.Option("--running", help="only those that run")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="only those that failed")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="begun since: an age (2h, 7d) or ISO 8601")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="only the newest; 0 for all [with --node: 100]")
    ] = None,
) -> Result:
    """List tasks, newest first: the cluster's recent ones, or all of a node.

    Without --node this is what Proxmox VE shows of the whole cluster, the last few of each node.
    """
    check_exclusive({"--running": running, "--failed": failed})
    context = context_of(ctx)
    wanted = Wanted(
        node=node,
        guest=guest_id(context.source, guest),
        type=type_,
        running=running,
        failed=failed,
        since=earliest(since, "--since", context.now),
        limit=(100 if node else 0) if limit is None else limit,
    )
    reading = list_tasks(context.source, wanted, context.now)
    return Result.of(reading, [*reading.value])


@read(TASK_PAGE, offline=False)
def show(ctx: typer.Context, upid: TaskId) -> Result:
    """Show a task, and the end of its log."""
    context = context_of(ctx)
    reading = show_task(context.source, upid, context.now)
    return Result.of(reading, reading.value)


@read(LOG_ROWS, offline=False)
def log(
    ctx: typer.Context,
    upid: TaskId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until the task ends; 8 when it failed")] = False,
) -> Result:
    """Show the log of a task."""
    context = context_of(ctx)
    return _followed(context, upid) if follow else lines.log(context, task_log(context.source, upid))


def _followed(context: Context, named: str) -> Result:
    from proxmox_mpc.api.tasks import wait

    upid = Upid.parse(named)
    shown: list[JsonObject] = []
    at_once = context.format == "table" and not lines.as_rows(context) and context.view.query is None

    def line(text: str) -> None:
        shown.append({"line": len(shown) + 1, "text": text.rstrip("\n")})
        if at_once:
            context.show(LOG_ROWS, Result([shown[-1]], page=lines.page(shown[-1:])))

    warnings: tuple[Warn, ...] = ()
    status = 0
    try:
        with known(upid):
            ended = wait(context.source, upid, clock=context.clock, sleep=context.sleep, on_log=line)
        warnings = waited(upid, ended.exitstatus or "OK", 0).warnings
    except TaskFailed as error:
        warnings = (Warn(error.code, error.message, None, {"upid": upid.text}),)
        status = error.exit_status
    if at_once:
        return Result([*shown], warnings, status=status, page="")
    result = lines.log(context, Reading(shown, warnings))
    return Result(result.data, warnings, status=status, page=result.page)


@read(TASK_WAITED, offline=False)
def wait(ctx: typer.Context, upid: TaskId, timeout: Timeout = None) -> Result:
    """Wait for a task to end; 8 when it failed, 7 when the time is over."""
    from proxmox_mpc.api import tasks
    from proxmox_mpc.domain.moments import duration

    context = context_of(ctx)
    task = Upid.parse(upid)
    seconds = None if timeout is None else duration(timeout, "--timeout")
    began = context.clock()
    with known(task):
        ended = tasks.wait(context.source, task, clock=context.clock, sleep=context.sleep, timeout=seconds)
    reading = waited(task, ended.exitstatus or "OK", context.clock() - began)
    return Result.of(reading, reading.value)
