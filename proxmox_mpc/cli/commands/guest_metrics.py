"""guest, vm and ct: load over time."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guest_metrics import METRIC_ROWS, Consolidation, Timeframe, guest_metrics


@read(METRIC_ROWS, offline=False)
def metrics(
    ctx: typer.Context,
    guest: GuestName,
    timeframe: Annotated[Timeframe, typer.Option(help="how far back")] = "hour",
    cf: Annotated[Consolidation, typer.Option(help="mean or peak of each interval")] = "average",
    chart: Annotated[
        bool | None,
        typer.Option("--chart/--no-chart", help="a line a series, or a row an interval [a terminal: --chart]"),
    ] = None,
) -> Result:
    """Show a guest's load over time."""
    context = context_of(ctx)
    rows = guest_metrics(context.source, found(ctx, guest), timeframe, cf)
    page = None
    view, streams = context.view, context.streams
    plain_rows = bool(view.columns or view.filters or view.sort) or not view.header
    if (
        context.format == "table"
        and rows
        and (chart if chart is not None else streams.stdout.isatty() and not plain_rows)
    ):
        from proxmox_mpc.output.chart import summary

        plain = "utf" not in (getattr(streams.stdout, "encoding", None) or "utf-8").lower()
        page = summary(rows, METRIC_ROWS, width=streams.width, wide=view.wide, plain=plain)
    return Result([*rows], page=page)
