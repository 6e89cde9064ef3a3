"""Which paths the database answers, and how each answer is put together from recorded objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from proxmox_mpc.domain.json import Json, integer, text
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.state import recorded_access as access
from proxmox_mpc.state import recorded_guests as guests
from proxmox_mpc.state import recorded_storage as storage
from proxmox_mpc.state.shelf import Names, Params, Shelf, asked

Handler = Callable[[Shelf, Names, Params], Json]

OTHER_RESOURCES = "/cluster/resources?other"
"""The path under which a pull keeps the rows of /cluster/resources that have no table: sdn, network, pool."""


class Route(NamedTuple):
    """A path, in segments with ``{name}`` for variable ones, the parameters it understands, and its answer."""

    pattern: tuple[str, ...]
    answer: Handler
    params: tuple[str, ...] = ()


def _route(path: str, answer: Handler, *params: str) -> Route:
    return Route(tuple(path.strip("/").split("/")), answer, params)


# Makers of the common answers


def _list(kind: str, group: str, *fixed: str) -> Handler:
    """Answer all objects of a kind; ``fixed`` are names whose values begin the key."""

    def handler(shelf: Shelf, names: Names, _params: Params) -> Json:
        shelf.require(group, names.get("node"))
        prefix = "".join(f"{names[name]}/" for name in fixed)
        return shelf.rows(kind, prefix)

    return handler


def _item(kind: str, group: str, *key: str) -> Handler:
    """Answer one object; ``key`` are the names whose values make its key, or parts of it as they are."""

    def handler(shelf: Shelf, names: Names, _params: Params) -> Json:
        shelf.require(group, names.get("node"))
        wanted = "/".join(names.get(name, name) for name in key)
        found = shelf.one(kind, wanted)
        if found is None:
            raise NotFound(f"{kind.replace('_', ' ')} {wanted!r} is not recorded")
        return found

    return handler


def _answer(path: str) -> Handler:
    return lambda shelf, names, _params: shelf.answer(path.format(**names))


# Cluster and nodes


def _resources(shelf: Shelf, _names: Names, params: Params) -> Json:
    shelf.require("guest")
    wanted = params.get("type")
    found: list[Json] = []
    if wanted in (None, "node"):
        found += shelf.rows("node")
    if wanted in (None, "vm"):
        found += shelf.rows("guest")
    if wanted in (None, "storage"):
        found += shelf.rows("storage_status")
    # Whoever asks for these alone is told that they have no history.
    if wanted is None and shelf.run is not None:
        shelf.left_out.add("rows of type sdn, network and pool")
    elif wanted not in ("node", "vm", "storage"):
        others = shelf.answer(OTHER_RESOURCES)
        assert isinstance(others, list)
        found += [row for row in others if isinstance(row, dict) and wanted in (None, row.get("type"))]
    return found


def _nodes(shelf: Shelf, _names: Names, _params: Params) -> Json:
    shelf.require("guest")
    return shelf.rows("node")


def _node_version(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer a node's version from the text that its status carries (``pve-manager/9.2.11/14a22df3``)."""
    found = text(shelf.one("node", names["node"]) or {}, "pveversion")
    if found is None:
        raise NotRecorded(f"the version of node {names['node']} is not recorded")
    _, _, rest = found.partition("/")
    version, _, build = rest.partition("/")
    return {"version": version, "release": ".".join(version.split(".")[:2]), "repoid": build}


def _cluster_tasks(shelf: Shelf, _names: Names, _params: Params) -> Json:
    shelf.require("task")
    return [*sorted(shelf.objects("task"), key=lambda row: -(integer(row, "starttime") or 0))]


def _node_tasks(shelf: Shelf, names: Names, params: Params) -> Json:
    shelf.require("task")
    rows = [row for row in shelf.objects("task") if row.get("node") == names["node"]]
    if "vmid" in params:
        rows = [row for row in rows if text(row, "id") == str(params["vmid"])]
    if asked(params, "errors"):
        rows = [row for row in rows if "endtime" in row and not _went_well(text(row, "status"))]
    rows.sort(key=lambda row: -(integer(row, "starttime") or 0))
    start, limit = integer(dict(_plain(params)), "start") or 0, integer(dict(_plain(params)), "limit")
    return [*rows[start : start + (50 if limit is None else limit)]]


def _went_well(status: str | None) -> bool:
    return status is None or status == "OK" or status.startswith("WARNINGS")


# Firewall


def _firewall(scope: str, section: str, name: str | None = None) -> Handler:
    """Answer one section of a firewall: ``options`` an object, ``rules`` and the others lists."""

    def handler(shelf: Shelf, names: Names, _params: Params) -> Json:
        place = scope.format(**names)
        if section in ("ipset", "groups") and name is None:
            return _firewall_index(shelf, place, section)
        wanted = f"{place}/{section}" + (f"/{names[name]}" if name else "")
        found = shelf.one("firewall", wanted)
        if found is None:
            raise NotRecorded(f"the firewall {section} of {place.replace(':', ' ')} are not recorded")
        return found.get("options") if section == "options" else found.get("entries")

    return handler


def _firewall_index(shelf: Shelf, place: str, section: str) -> Json:
    if shelf.one("firewall", f"{place}/rules") is None:
        raise NotRecorded(f"the firewall of {place.replace(':', ' ')} is not recorded")
    label = "name" if section == "ipset" else "group"
    return [
        {label: row.get("name"), "comment": row.get("comment")}
        for row in shelf.objects("firewall", f"{place}/{section}/")
    ]


def _plain(params: Params) -> Mapping[str, Json]:
    return {name: value for name, value in params.items() if isinstance(value, (str, int, float, bool))}


_GUEST = "/nodes/{node}/{type}/{vmid}"

ROUTES: tuple[Route, ...] = (
    _route("/version", _answer("/version")),
    _route("/cluster/resources", _resources, "type"),
    _route("/cluster/status", _answer("/cluster/status")),
    _route("/cluster/options", _item("options", "cluster", "datacenter")),
    _route("/cluster/tasks", _cluster_tasks),
    _route("/cluster/backup", _list("backup_job", "job")),
    _route("/cluster/backup/{id}", _item("backup_job", "job", "id")),
    _route("/cluster/replication", _list("replication", "job")),
    _route("/cluster/replication/{id}", _item("replication", "job", "id")),
    _route("/cluster/ha/resources", _list("ha_resource", "ha"), "type"),
    _route("/cluster/ha/resources/{sid}", _item("ha_resource", "ha", "sid")),
    _route("/cluster/ha/rules", _list("ha_rule", "ha")),
    _route("/cluster/ha/rules/{rule}", _item("ha_rule", "ha", "rule")),
    _route("/cluster/ha/groups", _list("ha_group", "ha")),
    _route("/cluster/ha/groups/{group}", _item("ha_group", "ha", "group")),
    _route("/cluster/ha/status/current", _answer("/cluster/ha/status/current")),
    _route("/cluster/sdn/zones", _list("sdn_zone", "sdn"), "type", "pending", "running"),
    _route("/cluster/sdn/zones/{zone}", _item("sdn_zone", "sdn", "zone")),
    _route("/cluster/sdn/vnets", _list("sdn_vnet", "sdn"), "pending", "running"),
    _route("/cluster/sdn/vnets/{vnet}", _item("sdn_vnet", "sdn", "vnet")),
    _route("/cluster/sdn/vnets/{vnet}/subnets", _list("sdn_subnet", "sdn", "vnet"), "pending", "running"),
    _route("/cluster/sdn/vnets/{vnet}/subnets/{subnet}", _item("sdn_subnet", "sdn", "vnet", "subnet")),
    _route("/nodes", _nodes),
    _route("/nodes/{node}/status", _answer("/nodes/{node}/status")),
    _route("/nodes/{node}/version", _node_version),
    _route("/nodes/{node}/tasks", _node_tasks, "vmid", "errors", "start", "limit", "source"),
    _route("/nodes/{node}/network", storage.networks, "type"),
    _route("/nodes/{node}/network/{iface}", _item("network", "network", "node", "iface")),
    _route("/nodes/{node}/storage", storage.node_storages, "content", "storage", "enabled", "format"),
    _route("/nodes/{node}/storage/{storage}/status", storage.node_storage),
    _route("/nodes/{node}/storage/{storage}/content", storage.content, "content", "vmid"),
    _route("/nodes/{node}/qemu", guests.on_node("qemu"), "full"),
    _route("/nodes/{node}/lxc", guests.on_node("lxc")),
    _route(f"{_GUEST}/config", guests.config, "current"),
    _route(f"{_GUEST}/pending", guests.pending),
    _route(f"{_GUEST}/status/current", guests.status),
    _route(f"{_GUEST}/snapshot", guests.snapshots),
    _route("/storage", storage.storages, "type"),
    _route("/storage/{storage}", _item("storage", "storage", "storage")),
    _route("/pools", access.pools, "poolid", "type"),
    _route("/pools/{poolid}", access.pool),
    _route("/access/users", access.users, "full", "enabled"),
    _route("/access/users/{userid}", access.user),
    _route("/access/users/{userid}/token", access.user_tokens),
    _route("/access/groups", _list("group", "access")),
    _route("/access/groups/{groupid}", access.group),
    _route("/access/roles", _list("role", "access")),
    _route("/access/roles/{roleid}", access.role),
    _route("/access/domains", _list("realm", "access")),
    _route("/access/acl", _list("acl", "access")),
    _route("/access/permissions", _answer("/access/permissions")),
    *(
        _route(f"{path}/firewall/{section}", _firewall(scope, section))
        for path, scope in (("/cluster", "cluster"), ("/nodes/{node}", "node:{node}"), (_GUEST, "guest:{vmid}"))
        for section in ("options", "rules", "aliases", "ipset", "groups")
    ),
    *(
        _route(f"/cluster/sdn/vnets/{{vnet}}/firewall/{section}", _firewall("vnet:{vnet}", section))
        for section in ("options", "rules")
    ),
    _route("/cluster/firewall/groups/{group}", _firewall("cluster", "groups", "group")),
    _route("/cluster/firewall/ipset/{name}", _firewall("cluster", "ipset", "name")),
    _route(f"{_GUEST}/firewall/ipset/{{name}}", _firewall("guest:{vmid}", "ipset", "name")),
)
