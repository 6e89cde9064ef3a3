"""What applying does to networks: a node's interfaces.new and the pending SDN objects become what runs."""

from __future__ import annotations

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Node, World


def apply_interfaces(node: Node) -> None:
    """Take over interfaces.new; a node that loses its own address answers no more until somebody repairs it there."""
    if node.network_pending is None:
        return
    before = node.network
    node.network = {
        name: {**row, **({"active": 1} if row.get("autostart") or row.get("type") == "eth" else {})}
        for name, row in node.network_pending.items()
    }
    node.network_pending = None
    if _holds(before, node.ip) and not _holds(node.network, node.ip):
        node.online = False


def _holds(interfaces: dict[str, JsonObject], address: str) -> bool:
    return any(row.get("address") == address for row in interfaces.values())


def apply_sdn(world: World) -> None:
    """Take over the pending SDN objects."""
    for kind, changes in world.sdn.pending.items():
        running: dict[str, JsonObject] = getattr(world.sdn, kind)
        for name, change in changes.items():
            if change is None:
                running.pop(name, None)
            else:
                running[name] = change
    world.sdn.pending = {}
