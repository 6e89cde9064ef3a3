"""Which paths the database answers, and how each answer is put together from recorded objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxmox_mpc.domain.json import Json, JsonObject, Param, boolean, integer, text
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.state import recorded_guests as guests
from proxmox_mpc.state.kinds import STALE
from proxmox_mpc.state.shelf import Shelf

Names = Mapping[str, str]
Params = Mapping[str, Param]
Handler = Callable[[Shelf, Names, Params], Json]

OTHER_RESOURCES = "/cluster/resources?other"
"""The answer under which a pull keeps the rows of /cluster/resources that have no table: sdn, network, pool."""


@dataclass(frozen=True, slots=True)
class Route:
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
    if wanted not in ("node", "vm", "storage") and shelf.run is None:
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
    return [*sorted(_objects(shelf.rows("task")), key=lambda row: -(integer(row, "starttime") or 0))]


def _node_tasks(shelf: Shelf, names: Names, params: Params) -> Json:
    shelf.require("task")
    rows = [row for row in _objects(shelf.rows("task")) if row.get("node") == names["node"]]
    if "vmid" in params:
        rows = [row for row in rows if text(row, "id") == str(params["vmid"])]
    if params.get("errors") in (1, True, "1"):
        rows = [row for row in rows if "endtime" in row and not _went_well(text(row, "status"))]
    rows.sort(key=lambda row: -(integer(row, "starttime") or 0))
    start, limit = integer(dict(_plain(params)), "start") or 0, integer(dict(_plain(params)), "limit")
    return [*rows[start : start + (50 if limit is None else limit)]]


def _went_well(status: str | None) -> bool:
    return status is None or status == "OK" or status.startswith("WARNINGS")


# Storage


def _node_storages(shelf: Shelf, names: Names, params: Params) -> Json:
    shelf.require("storage")
    rows: list[Json] = []
    for row in _objects(shelf.rows("storage_status", f"{names['node']}/")):
        contents = (text(row, "content") or "").split(",")
        if params.get("content") in (None, *contents) and params.get("storage") in (None, row.get("storage")):
            rows.append(_storage_row(row))
    return rows


def _node_storage(shelf: Shelf, names: Names, _params: Params) -> Json:
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
        "active": int(row.get("status") == "available"),
        "enabled": 1,
    }
    if total is not None and used is not None:
        made |= {"total": total, "used": used, "avail": total - used, "used_fraction": used / total if total else 0}
    if STALE in row:
        made[STALE] = row[STALE]
    return made


def _storages(shelf: Shelf, _names: Names, params: Params) -> Json:
    shelf.require("storage")
    return [row for row in _objects(shelf.rows("storage")) if params.get("type") in (None, row.get("type"))]


def _content(shelf: Shelf, names: Names, params: Params) -> Json:
    node, storage = names["node"], names["storage"]
    shelf.require("volume", node)
    rows: list[JsonObject] = []
    for kind in ("volume", "backup"):
        for place in (node, ""):  # volumes on shared storage are kept once, under no node
            rows += _objects(shelf.rows(kind, f"{place}/{storage}:"))
    if "content" in params:
        rows = [row for row in rows if row.get("content") == params["content"]]
    if "vmid" in params:
        rows = [row for row in rows if text(row, "vmid") == str(params["vmid"])]
    return [{name: value for name, value in row.items() if name not in ("node", "storage")} for row in rows]


# Networks, SDN, pools, access, firewall


def _networks(shelf: Shelf, names: Names, params: Params) -> Json:
    shelf.require("network", names["node"])
    rows = _objects(shelf.rows("network", f"{names['node']}/"))
    wanted = params.get("type")
    bridges = ("bridge", "OVSBridge")
    if wanted == "any_bridge":
        rows = [row for row in rows if row.get("type") in bridges]
    elif wanted is not None:
        rows = [row for row in rows if row.get("type") == wanted]
    return [{name: value for name, value in row.items() if name != "node"} for row in rows]


def _pools(shelf: Shelf, _names: Names, params: Params) -> Json:
    shelf.require("pool")
    wanted = params.get("poolid")
    found = _objects(shelf.rows("pool"))
    if wanted is None:
        return [{name: value for name, value in row.items() if name != "members"} for row in found]
    rows: list[Json] = [_with_members(shelf, row) for row in found if row.get("poolid") == wanted]
    if not rows:
        raise NotFound(f"pool {wanted!r} is not recorded")
    return rows


def _pool(shelf: Shelf, names: Names, _params: Params) -> Json:
    shelf.require("pool")
    row = shelf.one("pool", names["poolid"])
    if row is None:
        raise NotFound(f"pool {names['poolid']!r} is not recorded")
    made = _with_members(shelf, row)
    made.pop("poolid", None)
    return made


def _with_members(shelf: Shelf, row: JsonObject) -> JsonObject:
    """Put the members' rows where the document holds their ids (``guest/101``, ``storage/local``)."""
    members: list[Json] = []
    wanted = row.get("members")
    for member in wanted if isinstance(wanted, list) else []:
        sort, _, key = str(member).partition("/")
        if sort == "guest":
            found = shelf.one("guest", key)
            members.append({**found, "type": found["type"]} if found else {"id": f"qemu/{key}", "vmid": int(key)})
        else:
            members += [row for row in _objects(shelf.rows("storage_status")) if row.get("storage") == key][:1]
    return {**row, "members": members}


def _users(shelf: Shelf, _names: Names, params: Params) -> Json:
    shelf.require("access")
    rows = _objects(shelf.rows("user"))
    if "enabled" in params:
        wanted = params["enabled"] in (1, True, "1")
        rows = [row for row in rows if boolean(row, "enable", True) is wanted]
    if params.get("full") in (1, True, "1"):
        return [{**row, "tokens": [*_tokens(shelf, str(row.get("userid")))]} for row in rows]
    return [{name: value for name, value in row.items() if name != "groups"} for row in rows]


def _user(shelf: Shelf, names: Names, _params: Params) -> Json:
    shelf.require("access")
    row = shelf.one("user", names["userid"])
    if row is None:
        raise NotFound(f"user {names['userid']!r} is not recorded")
    groups: list[Json] = [group for group in (text(row, "groups") or "").split(",") if group]
    tokens: JsonObject = {
        str(token["tokenid"]): {name: value for name, value in token.items() if name != "tokenid"}
        for token in _tokens(shelf, names["userid"])
    }
    return {**{name: value for name, value in row.items() if name != "userid"}, "groups": groups, "tokens": tokens}


def _user_tokens(shelf: Shelf, names: Names, _params: Params) -> Json:
    shelf.require("access")
    return [*_tokens(shelf, names["userid"])]


def _tokens(shelf: Shelf, userid: str) -> list[JsonObject]:
    rows = _objects(shelf.rows("token", f"{userid}!"))
    return [{name: value for name, value in row.items() if name != "userid"} for row in rows]


def _group(shelf: Shelf, names: Names, _params: Params) -> Json:
    shelf.require("access")
    row = shelf.one("group", names["groupid"])
    if row is None:
        raise NotFound(f"group {names['groupid']!r} is not recorded")
    members: list[Json] = [user for user in (text(row, "users") or "").split(",") if user]
    return {"comment": row.get("comment"), "members": members}


def _role(shelf: Shelf, names: Names, _params: Params) -> Json:
    shelf.require("access")
    row = shelf.one("role", names["roleid"])
    if row is None:
        raise NotFound(f"role {names['roleid']!r} is not recorded")
    return {privilege: 1 for privilege in (text(row, "privs") or "").split(",") if privilege}


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
        for row in _objects(shelf.rows("firewall", f"{place}/{section}/"))
    ]


def _objects(rows: list[Json]) -> list[JsonObject]:
    return [row for row in rows if isinstance(row, dict)]


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
    _route("/nodes/{node}/network", _networks, "type"),
    _route("/nodes/{node}/network/{iface}", _item("network", "network", "node", "iface")),
    _route("/nodes/{node}/storage", _node_storages, "content", "storage", "enabled", "format"),
    _route("/nodes/{node}/storage/{storage}/status", _node_storage),
    _route("/nodes/{node}/storage/{storage}/content", _content, "content", "vmid"),
    _route("/nodes/{node}/qemu", guests.on_node("qemu"), "full"),
    _route("/nodes/{node}/lxc", guests.on_node("lxc")),
    _route(f"{_GUEST}/config", guests.config, "current"),
    _route(f"{_GUEST}/pending", guests.pending),
    _route(f"{_GUEST}/status/current", guests.status),
    _route(f"{_GUEST}/snapshot", guests.snapshots),
    _route("/storage", _storages, "type"),
    _route("/storage/{storage}", _item("storage", "storage", "storage")),
    _route("/pools", _pools, "poolid", "type"),
    _route("/pools/{poolid}", _pool),
    _route("/access/users", _users, "full", "enabled"),
    _route("/access/users/{userid}", _user),
    _route("/access/users/{userid}/token", _user_tokens),
    _route("/access/groups", _list("group", "access")),
    _route("/access/groups/{groupid}", _group),
    _route("/access/roles", _list("role", "access")),
    _route("/access/roles/{roleid}", _role),
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
