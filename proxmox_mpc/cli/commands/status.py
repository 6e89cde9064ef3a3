"""status: everything at a glance, once or again and again."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.status_page import status_page
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import seconds_since
from proxmox_mpc.services.status import Place, show_status
from proxmox_mpc.services.status_shape import STATUS_PAGE

_EVERY = 5.0


@read(STATUS_PAGE)
def status(
    ctx: typer.Context,
    seconds: Annotated[
        float | None, typer.Argument(metavar="[SECONDS]", help="with --watch: how often [5]", min=0.5)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="show it again and again; ends with q (in a terminal) or Ctrl-C")
    ] = False,
    threshold: Annotated[
        float,
        typer.Option("--threshold", metavar="PERCENT", help="from when on a storage is nearly full", min=1, max=100),
    ] = 85,
) -> Result:
    """Show the state of cluster, workspace and database at a glance, the problems first.

    The verdict in `health` is ok, warning or critical. What could not be read is listed, and ends with 11.
    Without a terminal --watch prints one document after the other.
    """
    context = context_of(ctx)
    if seconds is not None and not watch:
        raise UsageError("SECONDS belongs to --watch", hint=f"pmpc status --watch {seconds:g}")
    if watch:
        _watch(context, threshold / 100, seconds or _EVERY)
    return _once(context, threshold / 100)


def _once(context: Context, threshold: float) -> Result:
    reading = show_status(lambda: context.source, _place(context), threshold, context.now)
    text = status_page(reading.value, context.streams.width) if context.format == "table" else None
    return Result(reading.value, reading.warnings, reading.partial, page=text)


def _place(context: Context) -> Place:
    settings = context.settings
    workspace: JsonObject | None = None
    if settings.workspace is not None:
        workspace = {"name": settings.text("name"), "path": str(settings.workspace.root)}
    return Place(workspace, _database(context))


def _database(context: Context) -> JsonObject | None:
    from proxmox_mpc.state.light import health

    # The file as it is today says nothing of a past moment.
    if context.settings.home is None or context.options.at is not None:
        return None
    found = health(context.place, context.now)
    return {
        "path": found.path,
        "exists": found.exists,
        "size": found.size,
        "last_pull": found.last_pull,
        "age": seconds_since(epoch(found.last_pull), context.now) if found.last_pull else None,
        "last_outcome": found.last_outcome,
        "last_failure": found.last_failure,
        "guests": found.guests,
        "stale": sum((found.stale or {}).values()),
        "error": found.error,
        "hint": found.hint,
    }


def _watch(context: Context, threshold: float, every: float) -> None:
    streams = context.streams
    shown = context.format == "table" and context.view.query is None
    if shown and streams.stdout.isatty() and streams.stdin.isatty():
        from proxmox_mpc.output.screen import screen

        with screen(streams, context.clock) as terminal:
            while True:
                terminal.draw(_once(context, threshold).page or "")
                if terminal.pause(every):
                    raise typer.Exit
    first = True
    while True:
        result = _once(context, threshold)
        if context.format == "yaml" and not first:
            streams.data("---")
        first = False
        context.show(STATUS_PAGE, result)
        for warn in result.warnings:
            context.warn(warn)
        context.sleep(every)
