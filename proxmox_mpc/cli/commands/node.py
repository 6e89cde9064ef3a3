"""node: the members of the cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands import lines
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.node_details import (
    CERTIFICATE_ROWS,
    DISK_ROWS,
    SERVICE_ROWS,
    UPDATE_ROWS,
    list_certificates,
    list_disks,
    list_services,
    list_updates,
)
from proxmox_mpc.services.node_log import LOG_ROWS, node_log
from proxmox_mpc.services.node_metrics import NODE_METRIC_ROWS, Consolidation, Timeframe, node_metrics
from proxmox_mpc.services.nodes import NODE_PAGE, NODE_ROWS, list_nodes, show_node

Node = Annotated[str, typer.Argument(metavar="NODE", help="the node", autocompletion=values("node"))]
OrAll = Annotated[
    str | None,
    typer.Argument(metavar="[NODE]", help="the node [all that are online]", autocompletion=values("node")),
]


@read(NODE_ROWS, audit="Sys.Audit")
def list_(ctx: typer.Context) -> Result:
    """List the nodes of the cluster."""
    reading = list_nodes(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(NODE_PAGE)
def show(ctx: typer.Context, node: Node) -> Result:
    """Show a node: hardware, load, release, subscription, guests, storages."""
    reading = show_node(context_of(ctx).source, node)
    return Result.of(reading, reading.value)


@read(NODE_METRIC_ROWS, offline=False)
def metrics(
    ctx: typer.Context,
    node: Node,
    timeframe: Annotated[Timeframe, typer.Option(help="how far back")] = "hour",
    cf: Annotated[Consolidation, typer.Option(help="mean or peak of each interval")] = "average",
    chart: Annotated[
        bool | None,
        typer.Option("--chart/--no-chart", help="a line a series, or a row an interval [a terminal: --chart]"),
    ] = None,
) -> Result:
    """Show a node's load over time."""
    context = context_of(ctx)
    reading = node_metrics(context.source, node, timeframe, cf)
    rows = reading.value
    view, streams, page = context.view, context.streams, None
    wanted = streams.stdout.isatty() and view.header and not lines.as_rows(context) if chart is None else chart
    if context.format == "table" and rows and wanted:
        from proxmox_mpc.output.chart import summary

        plain = "utf" not in (getattr(streams.stdout, "encoding", None) or "utf-8").lower()
        page = summary(rows, NODE_METRIC_ROWS, width=streams.width, wide=view.wide, plain=plain)
    return Result([*rows], reading.warnings, reading.partial, page=page)


@read(SERVICE_ROWS, offline=False)
def services(ctx: typer.Context, node: OrAll = None) -> Result:
    """List the services of a node, or of all nodes."""
    reading = list_services(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@read(DISK_ROWS, offline=False)
def disks(ctx: typer.Context, node: OrAll = None) -> Result:
    """List the physical disks of a node, or of all nodes, with their SMART health.

    The wear of an SSD is the part of its rated life that is used up, as in Proxmox VE's web interface.
    """
    reading = list_disks(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@read(LOG_ROWS, offline=False)
def syslog(
    ctx: typer.Context,
    node: Node,
    limit: Annotated[int, typer.Option("--limit", min=0, help="only the newest lines; 0 for all")] = 50,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="an age (2h) or the node's time (2026-11-22 08:00)")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="the same, for the end")] = None,
    service: Annotated[
        str | None, typer.Option("--service", metavar="SERVICE", help="only this service, for example pvedaemon")
    ] = None,
) -> Result:
    """Show the system log of a node."""
    context = context_of(ctx)
    found = node_log(context.source, node, limit=limit, since=since, until=until, service=service)
    return lines.log(context, found)


@read(UPDATE_ROWS, offline=False)
def apt(ctx: typer.Context, node: OrAll = None) -> Result:
    """List the package updates that wait on a node, or on all nodes.

    The list is as old as the node's last `apt update`. Proxmox VE asks for the privilege Sys.Modify to read it.
    """
    reading = list_updates(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@read(CERTIFICATE_ROWS, offline=False)
def certificates(ctx: typer.Context, node: OrAll = None) -> Result:
    """List the certificates of a node, or of all nodes, with the days they have left."""
    context = context_of(ctx)
    reading = list_certificates(context.source, node, context.now)
    return Result.of(reading, [*reading.value])
