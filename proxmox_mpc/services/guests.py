"""Guests as lists show them: one request, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Reading, Source, Warn

KINDS = {"qemu": "vm", "lxc": "ct"}

GUEST_FIELDS = (
    Field("vmid", "integer", "the guest's id"),
    Field("name", "string?", "its name; null where it is not known"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node it is on"),
    Field("status", "string", "running, stopped, paused; unknown when its node does not answer"),
    Field("cpus", "integer?", "virtual CPUs"),
    Field("cpu", "number?", "use of its CPUs", unit="fraction"),
    Field("memory", "integer?", "memory it may use", unit="bytes"),
    Field("memory_used", "integer?", "memory in use", unit="bytes", title="MEM USED"),
    Field("disk", "integer?", "size of its first disk", unit="bytes"),
    Field("disk_used", "integer?", "disk in use (containers; VMs report none)", unit="bytes", level="wide"),
    Field("uptime", "integer?", "time since it was started", unit="seconds"),
    Field("tags", "list", "its tags"),
    Field("pool", "string?", "its pool", level="wide"),
    Field("template", "boolean", "whether it is a template", level="wide"),
    Field("lock", "string?", "what holds it locked", level="wide"),
    Field("ha_state", "string?", "its state in high availability, where it is managed", level="wide"),
    Field("network_in", "integer?", "bytes received since its start", unit="bytes", level="data"),
    Field("network_out", "integer?", "bytes sent since its start", unit="bytes", level="data"),
    Field("disk_read", "integer?", "bytes read since its start", unit="bytes", level="data"),
    Field("disk_written", "integer?", "bytes written since its start", unit="bytes", level="data"),
    Field(
        "stale_since",
        "time?",
        "when it was last seen, where the answer is from the database and not fresh",
        level="data",
    ),
)
GUEST_ROWS = rows(*GUEST_FIELDS, doc="Guests of the cluster, by id.")


def resources(source: Source) -> list[JsonObject]:
    """Return every row of /cluster/resources; without ``type`` the nodes' states come along in the one request."""
    return as_rows(source.read("/cluster/resources"), "/cluster/resources")


def list_guests(source: Source, kind: str | None = None) -> Reading[list[JsonObject]]:
    """Return the guests of ``kind`` (vm, ct, or None for both) by id; partial when a node does not answer."""
    found = resources(source)
    guests = [guest_row(row) for row in found if row.get("type") in KINDS]
    if kind is not None:
        guests = [row for row in guests if row["type"] == kind]
    warnings = offline_nodes(found)
    return Reading(sorted(guests, key=lambda row: integer(row, "vmid") or 0), warnings, bool(warnings))


def offline_nodes(found: Iterable[JsonObject]) -> tuple[Warn, ...]:
    """Return a warning for each node that does not answer, whose guests are shown as PVE last knew them."""
    return tuple(
        Warn(
            "node_offline",
            f"node {name} does not answer: the state of its guests is unknown",
            hint="pmpc cluster show",
            details={"node": name},
        )
        for row in found
        if row.get("type") == "node" and row.get("status") == "offline" and (name := text(row, "node"))
    )


def guest_row(row: JsonObject) -> JsonObject:
    """Turn one row of /cluster/resources into a row of GUEST_ROWS."""
    tags: list[Json] = [*split_tags(text(row, "tags"))]
    return {
        "vmid": integer(row, "vmid"),
        "name": text(row, "name"),
        "type": KINDS[str(row["type"])],
        "node": text(row, "node"),
        "status": text(row, "status") or "unknown",
        "cpus": integer(row, "maxcpu"),
        "cpu": number(row, "cpu"),
        "memory": integer(row, "maxmem"),
        "memory_used": integer(row, "mem"),
        "disk": integer(row, "maxdisk"),
        "disk_used": integer(row, "disk") if row["type"] == "lxc" else None,
        "uptime": integer(row, "uptime"),
        "tags": tags,
        "pool": text(row, "pool"),
        "template": boolean(row, "template"),
        "lock": text(row, "lock"),
        "ha_state": text(row, "hastate"),
        "network_in": integer(row, "netin"),
        "network_out": integer(row, "netout"),
        "disk_read": integer(row, "diskread"),
        "disk_written": integer(row, "diskwrite"),
        "stale_since": text(row, "pmpc-stale-since"),
    }


def split_tags(tags: str | None) -> list[str]:
    """Split PVE's tag list, which allows ``;``, ``,`` and blanks."""
    return [tag for tag in (tags or "").replace(",", ";").replace(" ", ";").split(";") if tag]


def seconds_since(epoch: float | None, now: Now) -> int | None:
    """Return the age of a moment in whole seconds, never negative."""
    return None if epoch is None else max(0, int(now() - epoch))
