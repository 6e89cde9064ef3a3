"""Storages: where they are and how full, how they are defined, and what is on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, boolean, inner, integer, split_list, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import STALE, Query, Reading, Source, Warn, api_path
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.nodes import usage
from proxmox_mpc.services.reads import (
    STALE_SINCE,
    Notes,
    no_such_node,
    node_states,
    read_parts,
    resources,
    rows_of,
    silent_nodes,
)

_TOTAL = Field("total", "integer?", "its size", unit="bytes")
_USED = Field("used", "integer?", "in use", unit="bytes")
_FRACTION = Field("used_fraction", "number?", "part of it in use", unit="fraction", title="USE")
_STATUS = Field("status", "string", "available; unknown when it is not active or its node does not answer")

STORAGE_ROWS = rows(
    Field("storage", "string", "the storage's id"),
    Field("node", "string?", "the node it is on; null for a shared one, which is listed once"),
    Field("type", "string?", "dir, lvmthin, zfspool, nfs, pbs …"),
    _STATUS,
    _TOTAL,
    _USED,
    _FRACTION,
    Field("content", "list", "kinds of content that it takes"),
    Field("shared", "boolean", "whether every node sees the same content", level="wide"),
    Field("nodes", "list", "the nodes that see it", level="wide"),
    STALE_SINCE,
    doc="Enabled storages, by id and node; a shared one stands once.",
)

STORAGE_PAGE = item(
    Field("storage", "string", "the storage's id"),
    Field("type", "string?", "dir, lvmthin, zfspool, nfs, pbs …"),
    Field("enabled", "boolean", "whether it is not disabled"),
    Field("shared", "boolean", "whether every node sees the same content"),
    Field("content", "list", "kinds of content that it takes"),
    Field("nodes", "list", "the nodes that it is restricted to; empty: all"),
    Field("retention", "string?", "which backups a prune keeps"),
    Field("config", "object", "the rest of its definition, under PVE's own names"),
    Field(
        "usage",
        "rows",
        "how full it is, by node",
        fields=(Field("node", "string", "the node"), _STATUS, _TOTAL, _USED, _FRACTION),
    ),
    doc="One storage: its definition, and how full it is on each node.",
)

CONTENT_KINDS = ("images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import")
VOLUME_ROWS = rows(
    Field("volid", "string", "the volume's id"),
    Field("content", "string?", "images, rootdir, vztmpl, iso, backup, snippets, import"),
    Field("format", "string?", "its format"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("guest", "integer?", "the guest it belongs to"),
    Field("created", "time?", "when it was made"),
    Field("node", "string?", "the node it is on; null on a shared storage"),
    Field("used", "integer?", "space that it takes", unit="bytes", level="wide"),
    Field("parent", "string?", "the volume it was cloned from", level="wide"),
    Field("protected", "boolean", "whether it is protected from removal", level="wide"),
    Field("verified", "string?", "what the backup server's verification said", level="wide"),
    Field("encrypted", "string?", "fingerprint of the key, or 1, where it is encrypted", level="data"),
    Field("notes", "string?", "its notes", level="wide"),
    doc="Volumes of a storage, by kind and id.",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A storage as one node sees it; ``shared`` ones are read through whichever node answers."""

    storage: str
    node: str
    shared: bool

    def query(self, params: Mapping[str, Param]) -> Query:
        """Return the request for its content."""
        return Query(api_path("nodes", self.node, "storage", self.storage, "content"), params)


def list_storages(source: Source, node: str | None = None) -> Reading[list[JsonObject]]:
    """Return the storages from one request, or those that a node sees; partial when a node does not answer."""
    found = resources(source)
    states = node_states(found)
    if node is not None and node not in states:
        raise no_such_node(node)
    seen = [row for row in rows_of(found, "storage") if node is None or row.get("node") == node]
    down = {name: state for name, state in states.items() if node in (None, name)}
    warnings = silent_nodes(down, "how full its storages are is unknown")
    return Reading(storage_rows(seen), warnings + without_states(seen), bool(warnings))


def without_states(seen: Iterable[JsonObject]) -> tuple[Warn, ...]:
    """Return a warning when rows of storages carry no state, as those of a past moment do; a server always sends it."""
    if all("status" in row for row in seen):
        return ()
    return (Warn("no_history", "how full storages were, and whether they could be reached then, is not kept"),)


def storage_rows(found: Iterable[JsonObject]) -> list[JsonObject]:
    """Turn rows of /cluster/resources into rows of STORAGE_ROWS, in order."""
    listed = [_merged(group) for group in _grouped(rows_of(found, "storage"))]
    return sorted(listed, key=lambda row: (str(row["storage"]), str(row["node"])))


def _grouped(seen: Iterable[JsonObject]) -> list[list[JsonObject]]:
    """Return the rows of each storage together: a shared one's of all nodes, any other's of one node."""
    groups: dict[tuple[str, str | None], list[JsonObject]] = {}
    for row in seen:
        key = (text(row, "storage") or "", None if boolean(row, "shared") else text(row, "node"))
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def _merged(seen: list[JsonObject]) -> JsonObject:
    """Return one row for a storage as several nodes see it: the word of one that sees it counts."""
    best = next((row for row in seen if row.get("status") == "available"), seen[0])
    shared = boolean(best, "shared")
    nodes = sorted(name for row in seen if (name := text(row, "node")))
    return {
        "storage": text(best, "storage") or "",
        "node": None if shared else text(best, "node"),
        "type": text(best, "plugintype"),
        "shared": shared,
        "status": text(best, "status") or "unknown",
        **usage(integer(best, "maxdisk"), integer(best, "disk")),
        "content": content_kinds(best),
        "nodes": [*nodes],
        "stale_since": text(best, STALE),
    }


def content_kinds(row: JsonObject) -> list[Json]:
    """Return the kinds of content in order; PVE writes them in random order."""
    return [*sorted(part for part in split_list(text(row, "content")) if part != "none")]


def show_storage(source: Source, storage: str) -> Reading[JsonObject]:
    """Return one storage; raises NotFound. Its definition comes from the list, which needs the right to see it only."""
    notes = Notes()
    defined = next((row for row in as_rows(source.read("/storage"), "/storage") if row.get("storage") == storage), None)
    found = resources(source)
    seen = [row for row in rows_of(found, "storage") if row.get("storage") == storage]
    if defined is None and not seen:
        raise NotFound(f"there is no storage {storage!r}", hint="pmpc storage list shows the storages")
    known = defined or {}
    states = {name: state for name, state in node_states(found).items() if any(row.get("node") == name for row in seen)}
    notes.add(*silent_nodes(states, f"how full {storage} is there is unknown"))
    notes.add(*without_states(seen), partial=False)
    nodes: list[Json] = [*sorted(split_list(text(known, "nodes")))]
    page: JsonObject = {
        "storage": storage,
        "type": text(known, "type") or text(seen[0], "plugintype"),
        "enabled": not boolean(known, "disable"),
        "shared": boolean(known, "shared") or any(boolean(row, "shared") for row in seen),
        "content": content_kinds(known or seen[0]),
        "nodes": nodes,
        "retention": text(known, "prune-backups"),
        "config": {key: value for key, value in sorted(known.items()) if key not in _OWN_KEYS},
        "usage": [_usage_row(row) for row in sorted(seen, key=lambda row: text(row, "node") or "")],
    }
    return Reading(page, *notes.values())


_OWN_KEYS = frozenset({"storage", "type", "disable", "shared", "content", "nodes", "prune-backups", "digest", STALE})


def _usage_row(row: JsonObject) -> JsonObject:
    return {
        "node": text(row, "node") or "",
        "status": text(row, "status") or "unknown",
        **usage(integer(row, "maxdisk"), integer(row, "disk")),
    }


def places(
    source: Source,
    found: Iterable[JsonObject],
    storage: str | None = None,
    node: str | None = None,
    content: str | None = None,
) -> Reading[list[Place]]:
    """Return where content can be read: each storage on each node, a shared one once; those out of reach are warned of.

    ``found`` are the rows of /cluster/resources. The database can tell what was on a node that is offline.
    """
    listed = list(found)
    states = node_states(listed) if source.live else {}
    wanted = [
        row
        for row in rows_of(listed, "storage")
        if storage in (None, text(row, "storage"))
        and node in (None, text(row, "node"))
        and (content is None or content in content_kinds(row))
    ]
    chosen: list[Place] = []
    warnings: list[Warn] = []
    for group in _grouped(wanted):
        best = min(group, key=lambda row: (_distance(row, states), text(row, "node") or ""))
        name, on = text(best, "storage") or "", text(best, "node") or ""
        if _distance(best, states) < 2:
            chosen.append(Place(name, on, boolean(best, "shared")))
        else:
            warnings.append(_lost(name, on))
    chosen.sort(key=lambda place: (place.storage, place.node))
    return Reading(chosen, tuple(warnings), bool(warnings))


def _distance(row: JsonObject, states: Mapping[str, str]) -> int:
    """Return 0 for a storage known to be active, 1 for one of which nothing is known yet, 2 for one out of reach."""
    if states.get(text(row, "node") or "") == "offline":
        return 2
    return 0 if row.get("status") == "available" else 1


def _lost(storage: str, node: str) -> Warn:
    return Warn(
        "storage_unreadable",
        f"what is on storage {storage} cannot be read: node {node} does not answer",
        "pmpc storage list",
        {"storage": storage, "node": node},
    )


def storage_content(
    source: Source, storage: str, node: str | None = None, content: str | None = None, guest: int | None = None
) -> Reading[list[JsonObject]]:
    """Return the volumes of a storage, on every node that has one of its own; raises NotFound."""
    found = resources(source)
    if not any(row.get("storage") == storage for row in rows_of(found, "storage")):
        raise NotFound(f"there is no enabled storage {storage!r}", hint="pmpc storage list shows the storages")
    if node is not None and node not in node_states(found):
        raise no_such_node(node)
    where = places(source, found, storage, node)
    if node is not None and not where.value and not where.warnings:
        raise NotFound(f"node {node} has no storage {storage!r}", hint=f"pmpc storage show {storage}")
    volumes = read_content(source, where.value, content, guest)
    listed = [volume_row(place, row) for place, row in volumes.value]
    listed.sort(key=lambda row: (str(row["content"]), str(row["volid"]), str(row["node"])))
    return Reading(listed, where.warnings + volumes.warnings, where.partial or volumes.partial)


def read_content(
    source: Source, where: list[Place], content: str | None = None, guest: int | None = None
) -> Reading[list[tuple[Place, JsonObject]]]:
    """Return the volumes of several places with where they are; raises when the only place fails."""
    params: dict[str, Param] = {"content": content, "vmid": guest}
    if len(where) == 1:
        answers: dict[Place, Json] = {where[0]: source.read(where[0].query(params).path, params)}
        notes = Notes()
    else:
        notes = Notes()
        named = {f"the content of {place.storage} on {place.node}": place for place in where}
        read = read_parts(source, {what: place.query(params) for what, place in named.items()}, notes)
        answers = {named[what]: answer for what, answer in read.items()}
    # The database answers with everything, whatever the parameters.
    kept = [
        (place, row)
        for place, answer in answers.items()
        for row in as_rows(answer, "content")
        if (content is None or text(row, "content") == content) and (guest is None or integer(row, "vmid") == guest)
    ]
    return Reading(kept, *notes.values())


def volume_row(place: Place, row: JsonObject) -> JsonObject:
    """Turn one volume into a row of VOLUME_ROWS."""
    return {
        "volid": text(row, "volid") or "",
        "content": text(row, "content"),
        "format": text(row, "format"),
        "size": integer(row, "size"),
        "guest": integer(row, "vmid"),
        "created": iso(integer(row, "ctime")),
        "node": None if place.shared else place.node,
        "used": integer(row, "used"),
        "parent": text(row, "parent"),
        "protected": boolean(row, "protected"),
        "verified": text(inner(row, "verification"), "state"),
        "encrypted": text(row, "encrypted"),
        "notes": text(row, "notes"),
    }
