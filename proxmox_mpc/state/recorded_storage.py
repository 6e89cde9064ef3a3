"""Recorded answers about storages, their content, and the networks of nodes."""

from __future__ import annotations

from proxmox_mpc.domain.json import Json, JsonObject, boolean, integer, split_list, text
from proxmox_mpc.domain.source import STALE
from proxmox_mpc.errors import NotFound
from proxmox_mpc.state.shelf import Names, Params, Shelf


def node_storages(shelf: Shelf, names: Names, params: Params) -> Json:
    """Answer /nodes/N/storage from the rows of /cluster/resources."""
    shelf.require("storage")
    rows: list[Json] = []
    for row in shelf.objects("storage_status", f"{names['node']}/"):
        contents = split_list(text(row, "content"))
        if params.get("content") in (None, *contents) and params.get("storage") in (None, row.get("storage")):
            rows.append(_storage_row(row))
    return rows


def node_storage(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer the state of one storage on a node."""
    shelf.require("storage")
    row = shelf.one("storage_status", f"{names['node']}/{names['storage']}")
    if row is None:
        raise NotFound(f"storage {names['storage']!r} is not recorded on node {names['node']}")
    return _storage_row(row)


def _storage_row(row: JsonObject) -> JsonObject:
    """Turn a row of /cluster/resources into one of /nodes/N/storage, which names the same things otherwise."""
    total, used = integer(row, "maxdisk"), integer(row, "disk")
    made: JsonObject = {
        "storage": row.get("storage"),
        "type": row.get("plugintype"),
        "content": row.get("content"),
        "shared": int(boolean(row, "shared")),
        "enabled": 1,
    }
    if "status" in row:
        made["active"] = int(row["status"] == "available")
    if total is not None and used is not None:
        made |= {"total": total, "used": used, "avail": total - used, "used_fraction": used / total if total else 0}
    if STALE in row:
        made[STALE] = row[STALE]
    return made


def storages(shelf: Shelf, _names: Names, params: Params) -> Json:
    """Answer the storages as the datacenter defines them."""
    shelf.require("storage")
    return [row for row in shelf.objects("storage") if params.get("type") in (None, row.get("type"))]


def content(shelf: Shelf, names: Names, params: Params) -> Json:
    """Answer the volumes of a storage, those of shared storage on every node."""
    node, storage = names["node"], names["storage"]
    shelf.require("volume", node)
    rows: list[JsonObject] = []
    for kind in ("volume", "backup"):
        for place in (node, ""):  # volumes on shared storage are kept once, under no node
            rows += shelf.objects(kind, f"{place}/{storage}:")
    if "content" in params:
        rows = [row for row in rows if row.get("content") == params["content"]]
    if "vmid" in params:
        rows = [row for row in rows if text(row, "vmid") == str(params["vmid"])]
    return [{name: value for name, value in row.items() if name not in ("node", "storage")} for row in rows]


def networks(shelf: Shelf, names: Names, params: Params) -> Json:
    """Answer the interfaces of a node."""
    shelf.require("network", names["node"])
    rows = shelf.objects("network", f"{names['node']}/")
    wanted = params.get("type")
    bridges = ("bridge", "OVSBridge")
    if wanted == "any_bridge":
        rows = [row for row in rows if row.get("type") in bridges]
    elif wanted is not None:
        rows = [row for row in rows if row.get("type") == wanted]
    return [{name: value for name, value in row.items() if name != "node"} for row in rows]
