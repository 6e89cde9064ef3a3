"""Every path of a world: the templates that are served, filled in with what the world holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.router import MODULES, handlers
from proxmox_mpc.simulator.world import Firewall, World

Names = dict[str, str]
MOST = 25
"""Values at most for one placeholder."""

QUERIES = {
    "rrddata": "timeframe=hour", "schedule-analyze": "schedule=daily", "/disks/smart": "disk=/dev/sda",
    "extractconfig": "volume=pbs:backup/none", "file-read": "file=/etc/hostname", "exec-status": "pid=1",
    "/scan/cifs": "server=10.0.0.1",
    "/scan/iscsi": "portal=10.0.0.1",
    "/scan/lvmthin": "vg=pve",
    "/scan/nfs": "server=10.10.40.20",
    "/scan/pbs": "server=10.10.40.21&username=a@pbs&password=secret",
    "cloudinit/dump": "type=user", "query-url-metadata": "url=https://files.example/disk.iso",
}  # fmt: skip


def reads() -> list[str]:
    """The templates that answer GET."""
    return sorted({path for name in MODULES for method, path in handlers(name) if method == "GET"})


def query(template: str) -> str:
    """A query that a template cannot do without."""
    return next((text for end, text in QUERIES.items() if template.endswith(end)), "")


def paths(world: World, template: str) -> Iterator[str]:
    """Yield the paths that a template stands for in a world."""
    names = re.findall(r"{([^}]+)}", template)
    order = ["vmid", "node"] if "vmid" in names else ["node"]
    choices: list[Names] = [{}]
    for name in [*(n for n in order if n in names), *(n for n in names if n not in order)]:
        choices = [
            {**known, name: value} for known in choices for value in _values(world, template, name, known)[:MOST]
        ]
    for known in choices:
        yield re.sub(r"{([^}]+)}", lambda found, known=known: quote(known[found[1]], safe=""), template)  # type: ignore[misc]


def _values(world: World, template: str, name: str, known: Names) -> list[str]:
    kind = "qemu" if "/qemu/" in template else "lxc"
    simple: dict[str, Callable[[], object]] = {
        "vmid": lambda: [g.vmid for g in world.guests.values() if g.kind == kind],
        "node": lambda: [world.guests[int(known["vmid"])].node] if "vmid" in known else world.nodes,
        "storage": lambda: [s for s, store in world.storages.items() if store.on(known.get("node", ""))],
        "userid": lambda: world.users, "tokenid": lambda: world.users[known["userid"]].tokens,
        "groupid": lambda: world.groups, "roleid": lambda: ["PVEAuditor", *world.roles],
        "realm": lambda: world.realms, "poolid": lambda: world.pools,
        "upid": lambda: [task.upid for task in world.tasks.values() if task.node == known["node"]],
        "sid": lambda: world.ha.resources, "rule": lambda: world.ha.rules, "zone": lambda: world.sdn.zones,
        "vnet": lambda: world.sdn.vnets, "controller": lambda: world.sdn.controllers, "ipam": lambda: world.sdn.ipams,
        "dns": lambda: world.sdn.dns, "iface": lambda: world.nodes[known["node"]].network,
        "subnet": lambda: [name for name, row in world.sdn.subnets.items() if row["vnet"] == known["vnet"]],
        "service": lambda: ["pveproxy", "chrony"], "snapname": lambda: world.guests[int(known["vmid"])].snapshots,
        "volume": lambda: [
            v.volid for v in world.volumes.values()
            if v.storage == known["storage"] and v.node in {"", known["node"]}
        ],
    }  # fmt: skip
    if name in simple:
        return [str(value) for value in _iterate(simple[name]())]
    if name == "group" and "/ha/" in template:
        return list(world.ha.groups)
    return _ids(world, template) if name == "id" else _firewall(world, template, name, known)


def _iterate(found: object) -> list[object]:
    return list(found) if isinstance(found, dict | list) else []


def _ids(world: World, template: str) -> list[str]:
    if "/mapping/" in template:
        return list(world.mappings.get(template.split("/")[3], {}))
    tables: dict[str, object] = {
        "/cluster/backup": world.backup_jobs, "replication": world.replication,
        "realm-sync": world.documents.get("/cluster/jobs/realm-sync"), "tfa": {"totp-phone": None},
        "metrics": world.documents.get("/cluster/metrics/server"),
    }  # fmt: skip
    return [str(name) for part, table in tables.items() if part in template for name in _iterate(table)]


def _firewall(world: World, template: str, name: str, known: Names) -> list[str]:
    level = "cluster"
    if "vnet" in known:
        level = f"vnet/{known['vnet']}"
    elif "vmid" in known:
        level = f"{template.split('/')[3]}/{known['vmid']}"
    elif "node" in known:
        level = f"node/{known['node']}"
    firewall = world.firewall.get(level, Firewall())
    if name == "pos":
        return ["0"] if "group" in known or firewall.rules else []
    if name == "group":
        return list(firewall.groups)
    if name == "name":
        return list(firewall.aliases if "/aliases/" in template else firewall.ipsets)
    members: list[JsonObject] = firewall.ipsets[known["name"]]["members"]  # type: ignore[assignment]
    return [str(member["cidr"]) for member in members]
