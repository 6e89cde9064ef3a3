"""Metrics over time (RRD), computed for any moment, and the servers that metrics are sent to."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.metering import (
    cpus,
    guest_use,
    max_memory,
    node_cpu,
    node_memory,
    root_used,
    storage_space,
)
from proxmox_mpc.simulator.resources import max_disk
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Guest, Node

routes = Routes()
SERVERS = "/cluster/metrics/server"
routes.index("/cluster/metrics", "server", "export", key="name")

# timeframe -> (seconds a row, rows); PVE 9 keeps finer archives than PVE 8 (PVE::RRD)
_FRAMES = {
    "hour": (60, 60), "day": (60, 1440), "week": (1800, 336), "month": (1800, 1440), "year": (21_600, 1460),
    "decade": (604_800, 570),
}  # fmt: skip
_FRAMES_8 = {
    "hour": (60, 70), "day": (1800, 70), "week": (10_800, 70), "month": (43_200, 70), "year": (604_800, 70),
    "decade": (604_800, 570),
}  # fmt: skip
_BOOTING = 2400
"""Seconds before a node's start in which it measured nothing: the upgrade that made it start again."""
_PEAK = 1.15
"""How much the highest value of a row lies above its mean."""


def _rows(call: Call, measure: Callable[[int], JsonObject | None]) -> Json:
    """Return one row for each step up to now; a step without measures holds its time alone."""
    step, count = (_FRAMES if call.world.major >= 9 else _FRAMES_8)[call.text("timeframe")]
    last = call.now // step * step
    found: list[JsonObject] = []
    for moment in range(last - (count - 1) * step, last + 1, step):
        values = measure(moment) or {}
        if call.text("cf") == "MAX":
            values = {key: _peak(key, value) for key, value in values.items()}
        found.append({"time": moment, **values})
    return rows(found)


def _peak(key: str, value: Json) -> Json:
    moves = key in {"cpu", "iowait", "loadavg", "netin", "netout", "diskread", "diskwrite"}
    return value * _PEAK if moves and isinstance(value, int | float) and not isinstance(value, bool) else value


def _was_up(node: Node, moment: int) -> bool:
    """Return whether a node measured anything: not while it booted, and not after it went down."""
    return node.online and not node.booted - _BOOTING <= moment < node.booted


@routes.get("/nodes/{node}/rrddata")
def node_data(call: Call) -> Json:
    """Return a node's use over time."""
    node = _known_node(call)
    rootfs_used = root_used(call.world, node)

    def measure(moment: int) -> JsonObject | None:
        if not _was_up(node, moment):
            return None
        cpu, memory = node_cpu(node, moment), node_memory(node, moment)
        traffic = sum(guest.net_rate for guest in call.world.guests_on(node.name) if guest.running) * (0.5 + cpu)
        row: JsonObject = {
            "cpu": cpu, "maxcpu": node.cores, "iowait": cpu / 40, "loadavg": round(cpu * node.cores, 2),
            "memtotal": node.memory, "memused": memory, "swaptotal": node.swap, "swapused": node.swap_used,
            "roottotal": node.rootfs, "rootused": rootfs_used, "netin": traffic, "netout": traffic / 3,
        }  # fmt: skip
        return row | ({"memavailable": node.memory - memory * 9 // 10} if call.world.major >= 9 else {})

    return _rows(call, measure)


def _known_node(call: Call) -> Node:
    name = call.text("node")
    if name != "localhost" and name not in call.world.nodes:
        raise _no_file(call, "node", name)
    return call.node


def _no_file(call: Call, kind: str, name: str) -> Exception:
    old = {"node": "pve2-node", "vm": "pve2-vm", "storage": "pve2-storage"}[kind]
    folder = f"pve-{kind}-9.0" if call.world.major >= 9 else old
    return failed(f"RRD error: opening '/var/lib/rrdcached/db/{folder}/{name}': No such file or directory")


def _guest_data(call: Call) -> Json:
    """Return a guest's use over time: rates in bytes a second, nothing from before it was made."""
    vmid = call.number("vmid")
    guest = call.world.guests.get(vmid)
    if guest is None:
        raise _no_file(call, "vm", str(vmid))
    node, made = call.world.nodes[guest.node], _made(guest)
    fixed: JsonObject = {"maxcpu": cpus(guest, node), "maxmem": max_memory(guest), "maxdisk": max_disk(guest)}

    def measure(moment: int) -> JsonObject | None:
        if moment < made or not _was_up(node, moment):
            return None
        use = guest_use(guest, moment)
        active = use.cpu / guest.load if guest.load else 0.0
        row: JsonObject = {
            **fixed, "cpu": use.cpu, "mem": use.mem, "disk": use.disk, "netin": guest.net_rate * active,
            "netout": guest.net_rate / 3 * active, "diskread": guest.disk_rate / 2 * active,
            "diskwrite": guest.disk_rate * active,
        }  # fmt: skip
        return row | ({"memhost": use.mem} if guest.kind == "qemu" and call.world.major >= 9 else {})

    return _rows(call, measure)


def _made(guest: Guest) -> int:
    """Return when a guest was created, as far as its configuration tells."""
    _, found, text = str(guest.config.get("meta", "")).partition("ctime=")
    return int(text.split(",", 1)[0]) if found else 0


routes.get("/nodes/{node}/qemu/{vmid}/rrddata")(_guest_data)
routes.get("/nodes/{node}/lxc/{vmid}/rrddata")(_guest_data)


@routes.get("/nodes/{node}/storage/{storage}/rrddata")
def storage_data(call: Call) -> Json:
    """Return a storage's use over time: it filled up slowly to what it is now."""
    storage, node = call.storage(call.text("storage")), call.node
    total, used, _ = storage_space(call.world, storage, node.name)

    def measure(moment: int) -> JsonObject | None:
        if not _was_up(node, moment):
            return None
        return {"total": total, "used": int(used * max(0.3, 1 - (call.now - moment) / (4 * 365 * 86_400)))}

    return _rows(call, measure)


def _servers(call: Call) -> dict[str, Json]:
    known = call.world.documents.get(SERVERS)
    return known if isinstance(known, dict) else {}


@routes.get(SERVERS)
def servers(call: Call) -> Json:
    """Return the servers that metrics are sent to."""
    shown = ("id", "type", "server", "port")
    return rows(
        {**{key: server[key] for key in shown}, "disable": server.get("disable", 0)}
        for server in _servers(call).values()
        if isinstance(server, dict)
    )


@routes.get(f"{SERVERS}/{{id}}")
def server(call: Call) -> Json:
    """Return one server that metrics are sent to."""
    found = _servers(call).get(call.text("id"))
    if not isinstance(found, dict):
        raise failed(f"status server entry '{call.text('id')}' does not exist")
    return found
