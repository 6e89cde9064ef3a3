"""The cluster as a whole: resources, status, options, log, the next id, device mappings."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.resources import Rows
from proxmox_mpc.simulator.router import Routes

routes = Routes()
routes.index(
    "/cluster", "acme", "backup", "backup-info", "bulk-action", "ceph", "config", "firewall", "ha", "jobs", "log",
    "mapping", "metrics", "nextid", "notifications", "options", "qemu", "replication", "resources", "sdn", "status",
    "tasks", key="name",
)  # fmt: skip
routes.index("/cluster/config", "nodes", "totem", "join", "qdevice", "apiversion", key="name")
routes.index("/cluster/mapping", "dir", "pci", "usb", key="name")

LOG_LINES = 1000
"""Lines of the cluster log given when the caller names no number."""

_KEPT_WITHOUT_AUDIT = ("id", "type", "node", "status", "level", "ssl_fingerprint")


@routes.get("/cluster/resources")
def resources(call: Call) -> Json:
    """Return everything the caller may see; ``type`` ``vm`` stands for both kinds of guests."""
    wanted = call.text("type")
    found: list[JsonObject] = []
    make = Rows(call.world, call.now)
    if wanted in {"", "vm"}:
        found += _guests(call, make, pools=not wanted)
    if wanted in {"", "node"}:
        found += [node_row(call, make, name) for name in call.world.nodes]
    if wanted in {"", "storage"}:
        found += _storages(call, make)
    if wanted in {"", "sdn"}:
        found += _zones(call)
    return rows(found)


def _guests(call: Call, make: Rows, *, pools: bool) -> Iterator[JsonObject]:
    """Yield pools and guests; a pool sums up its running guests, also those that the caller may not see."""
    seen: dict[str, JsonObject] = {}
    if pools:
        names = [name for name in call.world.pools if unrestricted(call) or call.may(f"/pool/{name}", "Pool.Audit")]
        seen = {name: {"id": f"/pool/{name}", "pool": name, "type": "pool"} for name in names}
    allowed: list[JsonObject] = []
    for guest in call.world.guests.values():
        row = make.guest(guest)
        pool = seen.get(str(row.get("pool")))
        if pool is not None and row.get("uptime"):
            _add_up(pool, row)
        if unrestricted(call) or call.may(f"/vms/{guest.vmid}", "VM.Audit"):
            allowed.append(row)
    yield from seen.values()
    yield from allowed


def _add_up(pool: JsonObject, row: JsonObject) -> None:
    """Add a running guest's figures to its pool's; the CPU is a mean weighted by the number of CPUs."""
    cpus, others = _number(row["maxcpu"]), _number(pool.get("maxcpu", 0))
    pool["cpu"] = (_number(pool.get("cpu", 0)) * others + _number(row["cpu"]) * cpus) / (cpus + others)
    pool["maxcpu"] = cpus + others
    pool["uptime"] = max(_number(pool.get("uptime", 0)), _number(row["uptime"]))
    for key in ("mem", "maxmem"):
        pool[key] = _number(pool.get(key, 0)) + _number(row[key])


def _number(value: Json) -> int | float:
    return value if isinstance(value, int | float) else 0


def unrestricted(call: Call) -> bool:
    """Return whether the caller is root or a token with all of root's rights: nothing needs to be looked up then."""
    root = call.world.users.get("root@pam")
    token = root.tokens.get(call.caller.token or "") if root else None
    return call.caller.user == "root@pam" and (call.caller.token is None or not (token and token.privsep))


def node_row(call: Call, make: Rows, name: str) -> JsonObject:
    """Return a node's row; without Sys.Audit on the node only that it is there and whether it is up."""
    row = make.node(call.world.nodes[name])
    if call.may(f"/nodes/{name}", "Sys.Audit"):
        return row
    return {key: value for key, value in row.items() if key in _KEPT_WITHOUT_AUDIT}


def _storages(call: Call, make: Rows) -> Iterator[JsonObject]:
    """Yield each enabled storage once for every node that may use it."""
    for name, storage in call.world.storages.items():
        if storage.enabled and call.may(f"/storage/{name}", "Datastore.Audit"):
            yield from (make.storage(storage, node) for node in call.world.nodes.values() if storage.on(node.name))


def _zones(call: Call) -> Iterator[JsonObject]:
    """Yield the network zones of each node that is up: rows of type ``network`` since PVE 9, ``sdn`` before."""
    for node in (node.name for node in call.world.nodes.values() if node.online):
        for name, zone in {"localnetwork": {}, **call.world.sdn.zones}.items():
            members = str(zone.get("nodes") or node).split(",")
            if node not in members or not call.may(f"/sdn/zones/{name}", "SDN.Audit"):
                continue
            if call.world.major < 9:
                yield {"id": f"sdn/{node}/{name}", "type": "sdn", "sdn": name, "node": node, "status": "ok"}
                continue
            row: JsonObject = {
                "id": f"network/{node}/zone/{name}", "type": "network", "network": name, "network-type": "zone",
                "node": node, "status": "ok",
            }  # fmt: skip
            yield row | ({"zone-type": zone["type"]} if zone else {})


@routes.get("/cluster/status")
def status(call: Call) -> Json:
    """Return the cluster (when it is one) and its nodes, with who answers marked ``local``."""
    world = call.world
    found: list[JsonObject] = []
    if world.cluster is not None:
        found.append({
            "id": "cluster", "type": "cluster", "name": world.cluster, "version": world.config_version,
            "nodes": len(world.nodes), "quorate": int(world.quorate),
        })  # fmt: skip
    found.extend(
        {
            "id": f"node/{node.name}", "type": "node", "name": node.name, "ip": node.ip, "level": node.level,
            "nodeid": node.nodeid if world.cluster is not None else 0, "online": int(node.online),
            "local": int(node.name == call.local_node),
        }
        for node in world.nodes.values()
    )  # fmt: skip
    return rows(found)


@routes.get("/cluster/options")
def options(call: Call) -> Json:
    """Return the datacenter's options; without Sys.Audit on / only those that a user interface needs."""
    world = call.world
    used = {tag for guest in world.guests.values() for tag in str(guest.config.get("tags", "")).split(";") if tag}
    registered = str(world.options.get("registered-tags", "")).split(";")
    tags = sorted(used | {tag for tag in registered if tag})
    found: JsonObject = {"mac_prefix": "BC:24:11", "description": "", **world.options, "allowed-tags": [*tags]}
    if call.may("/", "Sys.Audit"):
        return found
    public = ("allowed-tags", "consent-text", "console", "language", "location", "tag-style", "user-tag-access")
    return {key: value for key, value in found.items() if key in public}


@routes.get("/cluster/log")
def log(call: Call) -> Json:
    """Return the cluster log, newest first; without Sys.Syslog on / only the caller's own lines."""
    everything = call.may("/", "Sys.Syslog")
    mine = [row for row in call.world.log if everything or str(row["user"]).split("!", 1)[0] == call.caller.user]
    return rows(reversed(mine[-call.number("max", LOG_LINES) :]))


@routes.get("/cluster/nextid")
def next_id(call: Call) -> Json:
    """Return a free id as text; 400 when the one asked for is taken."""
    world = call.world
    asked = call.number("vmid")
    if asked:
        if asked in world.guests:
            raise invalid({"vmid": f"VM {asked} already exists"})
        return str(asked)
    limits = dict(part.split("=", 1) for part in str(world.options.get("next-id", "")).split(",") if "=" in part)
    lower, upper = int(limits.get("lower", 100)), int(limits.get("upper", 1_000_000))
    for vmid in range(lower, upper):
        if vmid not in world.guests:
            return str(vmid)
    raise failed(f"unable to get any free VMID in range [{lower}, {upper - 1}]")


@routes.get("/cluster/config/nodes")
def config_nodes(call: Call) -> Json:
    """Return the members as corosync.conf lists them; none outside a cluster."""
    if call.world.cluster is None:
        return []
    return rows(
        {
            "node": node.name, "name": node.name, "nodeid": str(node.nodeid), "quorum_votes": "1",
            "ring0_addr": node.ip,
        }
        for node in call.world.nodes.values()
    )  # fmt: skip


def _mappings(kind: str) -> None:
    """Register the reads of one kind of device mapping."""

    @routes.get(f"/cluster/mapping/{kind}")
    def index(call: Call) -> Json:
        found = []
        for name, entry in call.world.mappings.get(kind, {}).items():
            if call.may(f"/mapping/{kind}/{name}", "Mapping.Audit", "Mapping.Use", "Mapping.Modify"):
                found.append({"id": name, "description": "", **entry, **_checks(call, kind, entry)})
        return rows(found)

    @routes.get(f"/cluster/mapping/{kind}/{{id}}")
    def read(call: Call) -> Json:
        known = call.world.mappings.get(kind, {})
        name = call.text("id")
        if name not in known:
            raise failed(f"mapping '{name}' not found")
        return {**known[name], "digest": digest_of(dict(known))}


def _checks(call: Call, kind: str, entry: JsonObject) -> JsonObject:
    """Return what is wrong with a mapping on the node asked about: usually that it has none there."""
    node = call.text("check-node")
    maps = entry.get("map")
    there = [text for text in maps if f"node={node}" in str(text).split(",")] if isinstance(maps, list) else []
    problem = f"No mapping for node {node}." if node and not there else ""
    if kind == "usb":
        return {"error": problem}
    if not node:
        return {}
    return {"checks": [{"severity": "warning", "message": problem}] if problem else []}


for _kind in ("dir", "pci", "usb"):
    _mappings(_kind)
