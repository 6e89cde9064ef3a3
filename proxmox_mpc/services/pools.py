"""Resource pools and their members."""

from __future__ import annotations

from collections import Counter

from proxmox_mpc.domain.guests import KINDS
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, integer, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.reads import Notes, read_parts, rows_of

POOL_ROWS = rows(
    Field("pool", "string", "the pool's id"),
    Field("guests", "integer?", "guests in it that can be seen"),
    Field("running", "integer?", "those that run"),
    Field("comment", "string?", "what it is for"),
    doc="Pools, by id.",
)

_MEMBER = (
    Field("id", "string", "PVE's id of the member"),
    Field("type", "string", "vm, ct or storage", choices=("vm", "ct", "storage")),
    Field("vmid", "integer?", "the guest's id"),
    Field("name", "string?", "the guest's or storage's name"),
    Field("node", "string?", "the node it is on"),
    Field("status", "string?", "its status"),
)

POOL_PAGE = item(
    Field("pool", "string", "the pool's id"),
    Field("comment", "string?", "what it is for"),
    Field("guests", "integer", "guests in it"),
    Field("storages", "integer", "storages in it"),
    Field("members", "rows", "guests and storages in it", fields=_MEMBER),
    doc="One pool and its members.",
)


def list_pools(source: Source) -> Reading[list[JsonObject]]:
    """Return the pools with the number of their guests."""
    pools = as_rows(source.read("/pools"), "/pools")
    notes = Notes()
    answers = read_parts(source, {"the pools' guests": Query("/cluster/resources")}, notes) if pools else {}
    guests = rows_of(as_rows(next(iter(answers.values())), "/cluster/resources"), *KINDS) if answers else None
    members = Counter(text(row, "pool") for row in guests or ())
    running = Counter(text(row, "pool") for row in guests or () if row.get("status") == "running")
    found: list[JsonObject] = [
        {
            "pool": name,
            "guests": None if guests is None else members[name],
            "running": None if guests is None else running[name],
            "comment": text(row, "comment") or None,
        }
        for row in pools
        if (name := text(row, "poolid"))
    ]
    return Reading(sorted(found, key=lambda row: str(row["pool"])), *notes.values())


def show_pool(source: Source, pool: str) -> Reading[JsonObject]:
    """Return one pool with its members; raises NotFound."""
    hint = "pmpc pool list shows the pools"
    try:
        # With poolid as a parameter, since the id of a nested pool holds a slash (PVE 8.1 and later).
        found = as_rows(source.read("/pools", {"poolid": pool}), "/pools")
    except NotFound as error:
        raise NotFound(f"there is no pool {pool!r}", hint=hint) from error
    row = next((row for row in found if text(row, "poolid") == pool), None)
    if row is None:
        raise NotFound(f"there is no pool {pool!r}", hint=hint)
    members = [_member(one) for one in as_rows(row.get("members") or [], "members")]
    members.sort(key=lambda one: (one["type"] == "storage", integer(one, "vmid") or 0, str(one["id"])))
    listed: list[Json] = [*members]
    return Reading(
        {
            "pool": pool,
            "comment": text(row, "comment") or None,
            "guests": sum(1 for one in members if one["type"] != "storage"),
            "storages": sum(1 for one in members if one["type"] == "storage"),
            "members": listed,
        }
    )


def _member(row: JsonObject) -> JsonObject:
    kind = KINDS.get(text(row, "type") or "", "storage")
    return {
        "id": text(row, "id") or "",
        "type": kind,
        "vmid": integer(row, "vmid"),
        "name": text(row, "storage") if kind == "storage" else text(row, "name"),
        "node": text(row, "node"),
        "status": text(row, "status"),
    }
