"""The load of a node over time, from PVE's round robin database."""

from __future__ import annotations

from typing import Literal

from proxmox_mpc.domain.json import JsonObject, as_rows, number
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, Unit, rows
from proxmox_mpc.domain.source import Reading, Source, Warn
from proxmox_mpc.errors import ServerError
from proxmox_mpc.services.reads import no_such_node, node_states, on_node, resources

Timeframe = Literal["hour", "day", "week", "month", "year"]
Consolidation = Literal["average", "max"]

# our key, PVE's key, meaning, unit, whether the table shows it
_SERIES: tuple[tuple[str, str, str, Unit, bool], ...] = (
    ("cpu", "cpu", "use of its CPUs", "fraction", True),
    ("io_wait", "iowait", "time spent waiting for I/O", "fraction", True),
    ("load", "loadavg", "load average", "", True),
    ("memory_used", "memused", "memory in use", "bytes", True),
    ("memory", "memtotal", "memory", "bytes", False),
    ("swap_used", "swapused", "swap in use", "bytes", False),
    ("swap", "swaptotal", "swap space", "bytes", False),
    ("disk_used", "rootused", "root file system in use", "bytes", True),
    ("disk", "roottotal", "size of the root file system", "bytes", False),
    ("network_in", "netin", "received", "bytes/s", True),
    ("network_out", "netout", "sent", "bytes/s", True),
    ("zfs_arc", "arcsize", "memory that the ZFS cache holds", "bytes", False),
    ("cpu_pressure", "pressurecpusome", "time in which some task waited for a CPU (PVE 9)", "percent", False),
    ("io_pressure", "pressureiosome", "time in which some task waited for I/O (PVE 9)", "percent", False),
    ("memory_pressure", "pressurememorysome", "time in which some task waited for memory (PVE 9)", "percent", False),
)

NODE_METRIC_ROWS = rows(
    Field("time", "time?", "end of the interval"),
    *(
        Field(key, "number?", meaning, unit=unit, level="table" if shown else "wide")
        for key, _, meaning, unit, shown in _SERIES
    ),
    doc="Load of a node over time, oldest first; null where nothing was recorded.",
)


def node_metrics(source: Source, node: str, timeframe: Timeframe, cf: Consolidation) -> Reading[list[JsonObject]]:
    """Return the intervals of the timeframe; ``cf`` is how PVE consolidated the samples of one. Raises NotFound."""
    try:
        answer = on_node(source, node, "rrddata", params={"timeframe": timeframe, "cf": cf.upper()})
    except ServerError as error:
        # Any node answers this path for all, from files; those of an unknown node and of a new one do not exist.
        if "RRD error" not in error.message:
            raise
        if node not in node_states(resources(source)):
            raise no_such_node(node) from error
        return Reading([], (Warn("no_metrics", f"no load of node {node} has been recorded yet: {error.message}"),))
    found = sorted(as_rows(answer, "rrddata"), key=lambda row: number(row, "time") or 0)
    return Reading(
        [
            {"time": iso(number(row, "time")), **{key: number(row, theirs) for key, theirs, *_ in _SERIES}}
            for row in found
        ]
    )
