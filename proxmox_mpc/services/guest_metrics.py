"""The load of a guest over time, from PVE's round robin database."""

from __future__ import annotations

from typing import Literal

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, number
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, Level, Unit, rows
from proxmox_mpc.domain.source import Source

Timeframe = Literal["hour", "day", "week", "month", "year"]
Consolidation = Literal["average", "max"]

# our key, PVE's key, meaning, unit, where it shows
_SERIES: tuple[tuple[str, str, str, Unit, Level], ...] = (
    ("cpu", "cpu", "use of its CPUs", "fraction", "table"),
    ("cpus", "maxcpu", "its CPUs", "", "data"),
    ("memory_used", "mem", "memory in use", "bytes", "table"),
    ("memory", "maxmem", "memory it may use", "bytes", "wide"),
    ("host_memory", "memhost", "memory that a VM takes on its node (PVE 9)", "bytes", "wide"),
    ("disk_used", "disk", "disk in use (VMs report none)", "bytes", "wide"),
    ("disk", "maxdisk", "size of its first disk", "bytes", "data"),
    ("network_in", "netin", "received", "bytes/s", "table"),
    ("network_out", "netout", "sent", "bytes/s", "table"),
    ("disk_read", "diskread", "read from its disks", "bytes/s", "table"),
    ("disk_written", "diskwrite", "written to its disks", "bytes/s", "table"),
    ("cpu_pressure", "pressurecpusome", "time in which some task waited for a CPU (PVE 9)", "percent", "wide"),
    ("io_pressure", "pressureiosome", "time in which some task waited for I/O (PVE 9)", "percent", "wide"),
    ("memory_pressure", "pressurememorysome", "time in which some task waited for memory (PVE 9)", "percent", "wide"),
)

METRIC_ROWS = rows(
    Field("time", "time?", "end of the interval"),
    *(Field(key, "number?", meaning, unit=unit, level=level) for key, _, meaning, unit, level in _SERIES),
    doc="Load of a guest over time, oldest first; null where nothing was recorded.",
)


def guest_metrics(source: Source, ref: GuestRef, timeframe: Timeframe, cf: Consolidation) -> list[JsonObject]:
    """Return the intervals of the timeframe; ``cf`` is how PVE consolidated the samples of one."""
    answer = source.read(ref.path("rrddata"), {"timeframe": timeframe, "cf": cf.upper()})
    found = [_row(row, ref) for row in as_rows(answer, "rrddata")]
    return sorted(found, key=lambda row: str(row["time"] or ""))


def _row(row: JsonObject, ref: GuestRef) -> JsonObject:
    read: JsonObject = {"time": iso(number(row, "time")), **{key: number(row, theirs) for key, theirs, *_ in _SERIES}}
    if ref.type == "qemu":
        # PVE writes 0 here: it cannot look into a VM's disk.
        read["disk_used"] = None
    return read
