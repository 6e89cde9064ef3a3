"""A node's network interfaces, as configured; what is not applied yet comes along as ``changes``."""

from __future__ import annotations

import difflib

from proxmox_mpc.simulator.call import Answer, Call, rows
from proxmox_mpc.simulator.errors import invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Node

routes = Routes()

_BRIDGES = {"bridge", "OVSBridge"}
_DERIVED = {"iface", "active", "exists", "families", "priority", "cidr", "cidr6"}


@routes.get("/nodes/{node}/network")
def index(call: Call) -> Json | Answer:
    """Return the interfaces; ``any_bridge`` and ``include_sdn`` add the vnets that run on the node."""
    node, wanted = call.node, call.text("type")
    known = node.network if node.network_pending is None else node.network_pending
    found: list[JsonObject] = [{**row, "iface": name} for name, row in known.items()]
    if wanted in {"any_bridge", "any_local_bridge"}:
        found = [row for row in found if row["type"] in _BRIDGES]
    elif wanted and wanted != "include_sdn":
        found = [row for row in found if row["type"] == wanted]
    if wanted in {"any_bridge", "include_sdn", "vnet"}:
        found += [*_vnets(call)]
    if not call.may(f"/nodes/{node.name}", "Sys.Audit", "Sys.Modify"):
        found = [row for row in found if row["type"] in {*_BRIDGES, "vnet"} and _may_use(call, row)]
    if node.network_pending is None:
        return rows(found)
    return Answer(rows(found), {"changes": changes(node)})


def _vnets(call: Call) -> list[JsonObject]:
    sdn, node = call.world.sdn, call.node.name
    found: list[JsonObject] = []
    for name, vnet in sdn.vnets.items():
        zone = sdn.zones.get(str(vnet.get("zone")), {})
        if node in str(zone.get("nodes") or node).split(","):
            found.append({"iface": name, "type": "vnet", "active": 1, "autostart": 1, "method": "manual",
                          "method6": "manual", "families": ["inet"], "priority": 100 + len(found)})  # fmt: skip
    return found


def _may_use(call: Call, row: JsonObject) -> bool:
    name = str(row["iface"])
    zone = call.world.sdn.vnets.get(name, {}).get("zone", "localnetwork")
    return call.may(f"/sdn/zones/{zone}/{name}", "SDN.Audit", "SDN.Use")


@routes.get("/nodes/{node}/network/{iface}")
def read(call: Call) -> Json:
    """Return one interface."""
    node, name = call.node, call.text("iface")
    known = node.network if node.network_pending is None else node.network_pending
    if name not in known:
        raise invalid({"iface": "interface does not exist"})
    return {key: value for key, value in known[name].items() if key != "iface"}


def changes(node: Node) -> str:
    """Return what applying would change, as a unified diff of /etc/network/interfaces."""
    before, after = interfaces_file(node.network), interfaces_file(node.network_pending or {})
    lines = difflib.unified_diff(before, after, "/etc/network/interfaces", "/etc/network/interfaces.new", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def interfaces_file(interfaces: dict[str, JsonObject]) -> list[str]:
    """Return the lines of /etc/network/interfaces."""
    lines = ["auto lo", "iface lo inet loopback"]
    for name, row in sorted(interfaces.items()):
        lines += ["", *([f"auto {name}"] if row.get("autostart") else [])]
        lines.append(f"iface {name} inet {row.get('method', 'manual')}")
        settings = {
            key: value for key, value in row.items() if key not in {*_DERIVED, "autostart", "method", "method6"}
        }
        lines += [f"\t{key.replace('_', '-')} {value}" for key, value in sorted(settings.items()) if key != "type"]
    return lines
