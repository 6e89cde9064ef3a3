"""Rows of /cluster/resources, which pools show as their members too."""

from __future__ import annotations

from proxmox_mpc.simulator.disks import boot_disk, disk_size
from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.metering import (
    cpus,
    guest_use,
    max_memory,
    node_cpu,
    node_memory,
    root_used,
    storage_space,
    volumes_held,
)
from proxmox_mpc.simulator.world import Guest, Node, Storage, World


class Rows:
    """Makes rows of one world at one moment; what many rows need is computed once."""

    def __init__(self, world: World, now: int) -> None:
        self._world = world
        self._now = now
        self._pools = {vmid: pool.poolid for pool in world.pools.values() for vmid in pool.vms}
        self._held = volumes_held(world)

    def guest(self, guest: Guest) -> JsonObject:
        """Return a guest's row; ``unknown`` and without numbers while its node is down or has not reported."""
        world, node = self._world, self._world.nodes[guest.node]
        row: JsonObject = {
            "id": f"{guest.kind}/{guest.vmid}", "type": guest.kind, "vmid": guest.vmid, "node": guest.node,
            "status": "unknown",
        }  # fmt: skip
        if guest.vmid in self._pools:
            row["pool"] = self._pools[guest.vmid]
        if guest.lock:
            row["lock"] = guest.lock
        if guest.config.get("tags"):
            row["tags"] = guest.config["tags"]
        state = world.ha.state.get(f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}")
        if state is not None:
            row["hastate"] = state.get("state")
        if not node.online or not guest.known:
            return row
        use = guest_use(guest, self._now)
        # A suspended container is a checkpoint on disk: no process of it runs.
        running = guest.running and not (guest.paused and guest.kind == "lxc")
        row |= {
            "status": "running" if running else "stopped", "name": guest.name, "template": int(guest.template),
            "cpu": use.cpu, "maxcpu": cpus(guest, node), "mem": use.mem, "maxmem": max_memory(guest),
            "disk": use.disk, "maxdisk": max_disk(guest), "netin": use.netin, "netout": use.netout,
            "diskread": use.diskread, "diskwrite": use.diskwrite, "uptime": use.uptime,
        }  # fmt: skip
        if guest.kind == "qemu" and world.major >= 9:
            row["memhost"] = use.mem
        return row

    def node(self, node: Node) -> JsonObject:
        """Return a node's row."""
        row: JsonObject = {"id": f"node/{node.name}", "type": "node", "node": node.name}
        if not node.online:
            return row | {"status": "offline", "level": "", "cgroup-mode": 2}
        if not node.known:
            return row | {"status": "unknown"}
        return row | {
            "status": "online", "level": node.level, "cgroup-mode": 2, "cpu": node_cpu(node, self._now),
            "maxcpu": node.cores, "mem": node_memory(node, self._now), "maxmem": node.memory,
            "disk": root_used(self._world, node, self._held), "maxdisk": node.rootfs, "uptime": self._now - node.booted,
        }  # fmt: skip

    def storage(self, storage: Storage, node: Node) -> JsonObject:
        """Return the row of a storage on one node; a shared storage has one for each."""
        row: JsonObject = {
            "id": f"storage/{node.name}/{storage.name}", "type": "storage", "storage": storage.name,
            "node": node.name, "content": ",".join(storage.content), "plugintype": storage.kind,
            "shared": int(storage.shared), "status": "unknown",
        }  # fmt: skip
        if node.online and storage.known and storage.enabled and storage.active:
            total, used, _ = storage_space(self._world, storage, node.name, self._held)
            row |= {"status": "available", "disk": used, "maxdisk": total}
        return row


def max_disk(guest: Guest) -> int:
    """Return the size of the disk a VM boots from, or of a container's root, in bytes; 0 without one."""
    key = boot_disk(guest)
    return disk_size(str(guest.config[key])) if key else 0
