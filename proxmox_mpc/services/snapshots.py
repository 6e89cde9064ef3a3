"""Snapshots: the tree of one guest, and those of the whole cluster with their age."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.guest_config import in_order, without_secrets
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, Warn
from proxmox_mpc.errors import NotFound, PmpcError
from proxmox_mpc.services.guest_details import no_such_snapshot
from proxmox_mpc.services.reads import Notes, enumerated

_OWN = (
    Field("name", "string", "the snapshot's name"),
    Field("parent", "string?", "the snapshot it is based on"),
    Field("created", "time?", "when it was taken"),
    Field("age", "integer?", "time since then", unit="seconds"),
    Field("active", "boolean", "whether the guest's present state is based on it"),
    Field("memory", "boolean", "whether it holds the state of memory"),
    Field("description", "string?", "its description"),
)
SNAPSHOT_FIELDS = (
    Field("vmid", "integer", "the guest's id"),
    Field("guest", "string?", "the guest's name"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node the guest is on", level="wide"),
    *_OWN,
)
SNAPSHOT_ROWS = rows(*SNAPSHOT_FIELDS, doc="Snapshots, by guest and in the order of their tree.")
SNAPSHOT_PAGE = item(
    *(field for field in SNAPSHOT_FIELDS if field.key != "active"),
    Field("config", "object", "the guest's configuration at that time, in PVE's keys", title="Configuration"),
    doc="One snapshot with the configuration that it holds.",
)

CURRENT = "current"
"""The pseudo-entry in PVE's list that stands for the guest's present state."""


def list_snapshots(
    source: Source, guests: Sequence[GuestRef], now: Now, *, older_than: float | None = None
) -> Reading[list[JsonObject]]:
    """Return the snapshots of all these guests, one request a guest in a bounded pool.

    Templates have none and are not asked, nor guests on nodes that are offline. ``older_than`` in seconds. Partial
    when a guest could not be asked; a failure of the only guest asked is raised.
    """
    # Nothing in /cluster/resources tells which guests have snapshots, and their config costs a request too.
    asked = [ref for ref in guests if not ref.template and (ref.answers or not source.live)]
    answers = source.read_many([Query(ref.path("snapshot")) for ref in asked])
    found: list[JsonObject] = []
    failed: dict[tuple[str, str], list[tuple[GuestRef, PmpcError]]] = {}
    for ref, answer in zip(asked, answers, strict=True):
        if isinstance(answer, NotFound) and len(guests) > 1:
            # Removed since the list of guests was made.
            continue
        if not isinstance(answer, PmpcError):
            found += tree(ref, as_rows(answer, "the list of snapshots"), now())
        elif len(guests) == 1:
            raise answer
        else:
            failed.setdefault((answer.code, ref.node), []).append((ref, answer))
    notes = Notes()
    for several in failed.values():
        notes.failed(f"the snapshots of {enumerated([str(ref.vmid) for ref, _ in several])}", several[0][1])
    silent = [ref for ref in guests if source.live and not ref.answers and not ref.template]
    notes.add(*(_silent(node, silent) for node in sorted({ref.node for ref in silent})))
    if older_than is not None:
        found = [row for row in found if isinstance(age := row["age"], int) and age > older_than]
    return Reading(found, *notes.values())


def show_snapshot(source: Source, ref: GuestRef, name: str, now: Now) -> JsonObject:
    """Return one snapshot and its configuration; raises NotFound."""
    try:
        config = as_object(source.read(ref.path("snapshot", name, "config")), "the snapshot")
    except NotFound as error:
        raise no_such_snapshot(ref, name) from error
    row = _row(ref, {**config, "name": name}, now(), active=None)
    del row["active"]
    own = ("parent", "snaptime", "description", "snapstate")
    kept = {key: value for key, value in config.items() if key not in own}
    return {**row, "config": in_order(without_secrets(kept))}


def tree(ref: GuestRef, answer: Sequence[JsonObject], now: float) -> list[JsonObject]:
    """Return rows with parents before their children, siblings by age; a parent that is not there makes a root."""
    active = next((text(row, "parent") for row in answer if row.get("name") == CURRENT), None)
    rows = [_row(ref, row, now, active) for row in answer if row.get("name") != CURRENT]
    names = {row["name"] for row in rows}
    children: dict[Json, list[JsonObject]] = {}
    for row in sorted(rows, key=lambda one: (str(one["created"] or ""), str(one["name"]))):
        children.setdefault(row["parent"] if row["parent"] in names else None, []).append(row)
    ordered: list[JsonObject] = []
    waiting = children.pop(None, [])[::-1]
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting += children.pop(row["name"], [])[::-1]
    # What is left names itself as an ancestor, which only a damaged config can do; it is shown all the same.
    return ordered + [row for rest in children.values() for row in rest]


def depths(ordered: Sequence[JsonObject]) -> list[int]:
    """Return how deep each row of ``tree`` stands."""
    depth: dict[Json, int] = {}
    for row in ordered:
        depth[row["name"]] = depth.get(row["parent"], -1) + 1
    return [depth[row["name"]] for row in ordered]


def _row(ref: GuestRef, row: JsonObject, now: float, active: str | None) -> JsonObject:
    taken = integer(row, "snaptime")
    # In a list vmstate is a flag, in a snapshot's configuration it names the volume.
    memory = row.get("vmstate")
    description = text(row, "description")
    return {
        "vmid": ref.vmid,
        "guest": ref.name,
        "type": ref.kind,
        "node": ref.node,
        "name": text(row, "name") or "",
        "parent": text(row, "parent"),
        "created": iso(taken),
        "age": None if not taken else max(0, int(now - taken)),
        "active": active is not None and row.get("name") == active,
        "memory": ":" in memory if isinstance(memory, str) and not memory.isdecimal() else boolean(row, "vmstate"),
        "description": (description or "").strip() or None,
    }


def _silent(node: str, refs: Sequence[GuestRef]) -> Warn:
    count = sum(ref.node == node for ref in refs)
    return Warn(
        "node_offline",
        f"node {node} does not answer: the snapshots of its {count} guests are not in the list",
        hint="what was last seen of them: --offline",
        details={"node": node, "guests": count},
    )
