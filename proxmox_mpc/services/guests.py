"""Guests as lists show them, and which guest a name means: one request, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from proxmox_mpc.domain.guests import KINDS, GuestRef, GuestType, Kind, vmid_of
from proxmox_mpc.domain.json import Json, JsonObject, boolean, integer, number, split_list, text
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.domain.selectors import Selection, find, select
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import STALE, Reading, Source, Warn
from proxmox_mpc.errors import NodeUnreachable, NotFound
from proxmox_mpc.services.reads import STALE_SINCE, node_states, resources, rows_of, silent_nodes

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
    STALE_SINCE,
)
GUEST_ROWS = rows(*GUEST_FIELDS, doc="Guests of the cluster, by id.")
# Where all are of one kind, the column would say the same in each row.
KIND_ROWS = rows(
    *(field._replace(level="wide") if field.key == "type" else field for field in GUEST_FIELDS),
    doc="Guests of one kind, by id.",
)


class Inventory(NamedTuple):
    """The guests of the cluster by id, the names of its nodes, and which of those do not answer."""

    guests: tuple[GuestRef, ...]
    nodes: frozenset[str]
    offline: frozenset[str]


def inventory(source: Source) -> Inventory:
    """Read the guests and the nodes' states in one request."""
    found = resources(source)
    nodes = node_states(found)
    offline = frozenset(name for name, status in nodes.items() if status == "offline")
    refs = [ref_of(row, offline) for row in rows_of(found, *KINDS) if integer(row, "vmid") is not None]
    known = frozenset(nodes) | {ref.node for ref in refs}
    return Inventory(tuple(sorted(refs, key=lambda ref: ref.vmid)), known, offline)


def ref_of(row: JsonObject, offline: frozenset[str] = frozenset()) -> GuestRef:
    """Turn one guest's row of /cluster/resources into what names it."""
    kind: GuestType = "lxc" if row.get("type") == "lxc" else "qemu"
    node = text(row, "node") or ""
    return GuestRef(
        vmid=integer(row, "vmid") or 0,
        type=kind,
        node=node,
        name=text(row, "name"),
        status=text(row, "status") or "unknown",
        template=boolean(row, "template"),
        tags=tuple(split_list(text(row, "tags"))),
        pool=text(row, "pool"),
        lock=text(row, "lock"),
        answers=node not in offline,
        row=row,
    )


def find_guest(source: Source, named: str, kind: Kind | None = None, verb: str = "show") -> GuestRef:
    """Return the one guest that an id or a name means; one request. Raises NotFound and UsageError."""
    return find(inventory(source).guests, named, kind, verb)


def guest_id(source: Source, named: str | None) -> int | None:
    """Return the vmid that an id or a name means; an id may also be that of a guest that no longer exists."""
    if named is None:
        return None
    return vmid_of(named) if named.isascii() and named.isdecimal() else find_guest(source, named).vmid


def reachable(ref: GuestRef, source: Source, verb: str = "show") -> GuestRef:
    """Return the guest, or raise NodeUnreachable when its node is known not to answer a live server's question."""
    if ref.answers or not source.live:
        return ref
    raise NodeUnreachable(
        f"node {ref.node}, on which {ref.label} is, does not answer",
        hint=f"what was last seen of it: pmpc {ref.kind} {verb} {ref.vmid} --offline",
        details={"node": ref.node, "vmid": ref.vmid},
    )


def select_guests(
    source: Source, selection: Selection, kind: Kind | None = None, verb: str = "list"
) -> Reading[list[GuestRef]]:
    """Return the guests that a selection means; partial when some are, or may be, on a node that does not answer."""
    known = inventory(source)
    chosen = selected(known, selection, kind, verb)
    if not source.live:
        return Reading(chosen, _stale(chosen))
    warnings = _silent(known, selection, chosen, kind)
    return Reading(chosen, warnings, bool(warnings))


def selected(known: Inventory, selection: Selection, kind: Kind | None, verb: str) -> list[GuestRef]:
    """Return the guests that a selection means; raises NotFound for a node that is none, as for an unknown guest."""
    for node in selection.nodes:
        if known.nodes and node not in known.nodes:
            raise NotFound(
                f"there is no node {node}",
                hint=f"nodes: {', '.join(sorted(known.nodes))}",
                details={"node": node},
            )
    return select(known.guests, selection, kind, verb)


def list_guests(
    source: Source, kind: Kind | None = None, selection: Selection | None = None
) -> Reading[list[JsonObject]]:
    """Return the guests of ``kind`` (vm, ct, or None for both) by id; partial when a node does not answer."""
    chosen = select_guests(source, selection or Selection(), kind)
    return Reading([guest_row(ref.row) for ref in chosen.value], chosen.warnings, chosen.partial)


def _silent(known: Inventory, selection: Selection, chosen: Iterable[GuestRef], kind: Kind | None) -> tuple[Warn, ...]:
    """Return a warning for each node that is offline and may hold what was asked for."""
    concerned = {ref.node for ref in chosen}
    if not selection.words or selection.statuses:
        # The state of guests there is unknown, so that any of them might belong to the list.
        concerned |= {ref.node for ref in known.guests if kind in (None, ref.kind)}
    if selection.nodes:
        concerned &= set(selection.nodes)
    silent = dict.fromkeys(sorted(concerned & known.offline), "offline")
    return silent_nodes(silent, "the state of its guests is unknown")


def _stale(chosen: Iterable[GuestRef]) -> tuple[Warn, ...]:
    """Return a warning when recorded guests are shown that the last pull could not confirm."""
    vmids: list[Json] = [ref.vmid for ref in chosen if ref.row.get(STALE)]
    if not vmids:
        return ()
    what = f"{len(vmids)} guests are" if len(vmids) != 1 else f"guest {vmids[0]} is"
    return (
        Warn(
            "stale",
            f"{what} shown as last seen: the last pull could not reach their node",
            hint="pmpc sync status",
            details={"vmids": vmids},
        ),
    )


def guest_row(row: Mapping[str, Json]) -> JsonObject:
    """Turn one row of /cluster/resources into a row of GUEST_ROWS."""
    tags: list[Json] = [*split_list(text(row, "tags"))]
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
        "stale_since": text(row, STALE),
    }


def seconds_since(epoch: float | None, now: Now) -> int | None:
    """Return the age of a moment in whole seconds, never negative."""
    return None if epoch is None else max(0, int(now() - epoch))
