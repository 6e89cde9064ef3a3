"""cluster: the cluster as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.cluster import (
    CLUSTER_LOG_ROWS,
    CLUSTER_PAGE,
    OPTIONS_PAGE,
    cluster_log,
    cluster_options,
    show_cluster,
)


@read(CLUSTER_PAGE)
def show(ctx: typer.Context) -> Result:
    """Show the cluster: quorum, releases, nodes."""
    reading = show_cluster(context_of(ctx).source)
    return Result.of(reading, reading.value)


@read(OPTIONS_PAGE)
def options(ctx: typer.Context) -> Result:
    """Show the datacenter options, under Proxmox VE's own names."""
    reading = cluster_options(context_of(ctx).source)
    return Result.of(reading, reading.value)


@read(CLUSTER_LOG_ROWS, offline=False, audit="Sys.Syslog")
def log(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="only the newest entries")] = 50,
) -> Result:
    """Show the cluster's log, newest first."""
    reading = cluster_log(context_of(ctx).source, limit)
    return Result.of(reading, [*reading.value])
