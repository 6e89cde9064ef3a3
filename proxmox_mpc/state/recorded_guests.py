"""Recorded answers about guests: configuration, pending changes, status, snapshots."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.domain.json import Json, JsonObject, boolean
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.state.shelf import Names, Params, Shelf, asked


def on_node(sort: str) -> Callable[[Shelf, Names, Params], Json]:
    """Answer /nodes/N/qemu or lxc: the guests' rows of /cluster/resources under the names used there."""

    def handler(shelf: Shelf, names: Names, _params: Params) -> Json:
        shelf.require("guest")
        rows = [row for _, row in shelf.all("guest")]
        return [_status_row(row) for row in rows if row.get("type") == sort and row.get("node") == names["node"]]

    return handler


def config(shelf: Shelf, names: Names, params: Params) -> Json:
    """Answer a guest's configuration with pending changes applied, or with ``current`` what it runs with."""
    found = _config(shelf, names)
    if asked(params, "current"):
        for key, entry in _pending(shelf, names).items():
            found.pop(key, None)
            if "value" in entry:
                found[key] = entry["value"]
    digest = shelf.config_digest(names["vmid"])
    return {**found, "digest": digest} if digest else found


def pending(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer every key with its value, and what is pending for it."""
    found, waiting = _config(shelf, names), _pending(shelf, names)
    rows: list[Json] = [{"key": key, "value": value} for key, value in found.items() if key not in waiting]
    rows += [{"key": key, **entry} for key, entry in waiting.items()]
    digest = shelf.config_digest(names["vmid"])
    if digest:
        rows.append({"key": "digest", "value": digest})
    return rows


def status(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer a guest's status as far as /cluster/resources tells it."""
    row = _status_row(_guest(shelf, names))
    row["ha"] = {"managed": int(shelf.one("ha_resource", f"{_prefix(names)}:{names['vmid']}") is not None)}
    return row


def snapshots(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer the snapshots, with the pseudo-entry ``current`` that PVE puts at the head of the tree."""
    guest, known = _guest(shelf, names), _config(shelf, names)
    head: JsonObject = {
        "name": "current",
        "description": "You are here!",
        "running": int(guest.get("status") == "running"),
    }
    if known.get("parent") is not None:
        head["parent"] = known["parent"]
    return [*shelf.rows("snapshot", f"{names['vmid']}/"), head]


def _guest(shelf: Shelf, names: Names) -> JsonObject:
    shelf.require("guest")
    found = shelf.one("guest", names["vmid"])
    if found is None or found.get("type") != names["type"] or found.get("node") != names["node"]:
        raise NotFound(f"guest {names['vmid']} is not recorded on node {names['node']}")
    return found


def _config(shelf: Shelf, names: Names) -> JsonObject:
    _guest(shelf, names)
    found = shelf.one("config", names["vmid"])
    if found is None:
        raise NotRecorded(f"the configuration of guest {names['vmid']} is not recorded")
    return found


def _pending(shelf: Shelf, names: Names) -> dict[str, JsonObject]:
    found = shelf.one("pending", names["vmid"]) or {}
    return {key: entry for key, entry in found.items() if isinstance(entry, dict)}


def _status_row(row: JsonObject) -> JsonObject:
    made = {
        name: value for name, value in row.items() if name not in ("id", "node", "type", "maxcpu", "pool", "hastate")
    }
    if "maxcpu" in row:
        made["cpus"] = row["maxcpu"]
    if not boolean(row, "template"):
        made.pop("template", None)
    return made


def _prefix(names: Names) -> str:
    return "vm" if names["type"] == "qemu" else "ct"
