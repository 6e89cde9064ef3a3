"""What pvestatd would measure: use of guests, nodes and storages, computed from the world and the time alone.

The figures move with the time of day and a little at random, but the same world gives the same ones at the same time.
They change every ten seconds, as often as pvestatd reports.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxmox_mpc.simulator.json import Config, JsonObject
from proxmox_mpc.simulator.world import Guest, Node, Storage, World

INTERVAL = 10
DAY = 86_400
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def noise(seed: int, key: int, moment: int) -> float:
    """Return a number from 0 to 1 that hangs on all three and on nothing else."""
    mixed = (seed * 0x9E3779B1 ^ key * 0x85EBCA6B ^ moment * 0xC2B2AE35) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 12) * 0x297A2D39 & 0xFFFFFFFF
    return (mixed ^ mixed >> 15) / 0xFFFFFFFF


def swing(seed: int, key: int, moment: float) -> float:
    """Return a factor around 1: more by day than by night, and a jitter every ten seconds."""
    daily = math.sin((moment % DAY / DAY - 0.3) * 2 * math.pi)
    return 1 + 0.25 * daily + 0.3 * (noise(seed, key, int(moment) // INTERVAL) - 0.5)


@dataclass(frozen=True, slots=True)
class GuestUse:
    """One guest's measures; counters and use are 0 while it is stopped."""

    status: str
    uptime: int
    cpu: float
    cpus: float
    mem: int
    maxmem: int
    disk: int
    maxdisk: int
    netin: int
    netout: int
    diskread: int
    diskwrite: int


def guest_use(world: World, guest: Guest, now: float) -> GuestUse:
    """Measure a guest at ``now``; a paused VM holds its memory and uses no CPU."""
    maxmem, maxdisk, cpus = max_memory(guest), max_disk(guest), cpu_count(world, guest)
    if not guest.running:
        return GuestUse("stopped", 0, 0, cpus, 0, maxmem, 0, maxdisk, 0, 0, 0, 0)
    uptime = max(0, int(now) - guest.started)
    factor = swing(world.seed, guest.vmid, now)
    cpu = 0.0 if guest.paused else min(1.0, max(0.0005, guest.load * factor))
    steady = guest.memory_used or maxmem // 2
    mem = steady if guest.paused else min(maxmem, int(steady * (0.9 + 0.1 * factor)))
    return GuestUse(
        "running", uptime, round(cpu, 6), cpus, mem, maxmem,
        min(guest.disk_used, maxdisk) if guest.kind == "lxc" else 0, maxdisk,
        guest.net_rate * 6 // 10 * uptime, guest.net_rate * 4 // 10 * uptime,
        guest.disk_rate * 3 // 10 * uptime, guest.disk_rate * 7 // 10 * uptime,
    )  # fmt: skip


def max_memory(guest: Guest) -> int:
    """Return the memory a guest may use, in bytes (``memory`` of a VM may be ``current=4096``)."""
    text = str(guest.config.get("memory", 512)).split(",", 1)[0].removeprefix("current=")
    return int(text) << 20


def cpu_count(world: World, guest: Guest) -> float:
    """Return the number of virtual CPUs; a container without a limit has those of its node."""
    config = guest.config
    if guest.kind == "lxc":
        limit = config.get("cores") or config.get("cpulimit")
        return _number(limit) if limit else world.nodes[guest.node].cores
    if config.get("vcpus"):
        return _number(config["vcpus"])
    return _number(config.get("cores", 1)) * _number(config.get("sockets", 1))


def _number(value: str | int | float) -> float:
    number = float(value)
    return int(number) if number.is_integer() else number


def max_disk(guest: Guest) -> int:
    """Return the size of the disk that lists show: a VM's boot disk, a container's root."""
    if guest.kind == "lxc":
        return size_of(str(guest.config.get("rootfs", "")))
    name = boot_disk(guest.config)
    return size_of(str(guest.config[name])) if name else 0


def boot_disk(config: Config) -> str | None:
    """Return the key of the disk a VM boots from: the first in its boot order that is a disk."""
    order = str(config.get("boot", "")).removeprefix("order=").split(";")
    return next((key for key in order if key in config and is_disk(key, str(config[key]))), None)


def is_disk(key: str, value: str) -> bool:
    """Return whether a setting is a disk with contents of its own (no CD drive)."""
    bus = key.rstrip("0123456789")
    return bus in {"scsi", "virtio", "sata", "ide"} and key != bus and "media=cdrom" not in value


def size_of(value: str) -> int:
    """Return ``size`` of a disk's property string, in bytes."""
    for part in value.split(","):
        if part.startswith("size="):
            text = part[5:]
            return int(float(text[:-1]) * _UNITS[text[-1]]) if text[-1:] in _UNITS else int(text)
    return 0


@dataclass(frozen=True, slots=True)
class NodeUse:
    """One node's measures."""

    cpu: float
    mem: int
    disk: int
    uptime: int


def node_use(world: World, node: Node, now: float, guests: Iterable[GuestUse], local: int) -> NodeUse:
    """Measure a node: what it uses itself, its running guests, and ``local`` bytes of volumes on its root disk."""
    own = node.load * swing(world.seed, -node.nodeid, now)
    cpu, mem = own, node.memory_used
    for guest in guests:
        cpu += guest.cpu * guest.cpus / node.cores
        mem += guest.mem
    uptime = max(0, int(now) - node.booted)
    return NodeUse(round(min(cpu, 0.99), 6), min(mem, node.memory), min(node.rootfs_used + local, node.rootfs), uptime)


def measure_node(world: World, node: Node, now: float) -> NodeUse:
    """Measure one node with all that runs on it."""
    guests = (guest_use(world, guest, now) for guest in world.guests_on(node.name) if guest.running)
    return node_use(world, node, now, guests, _on_root(world, node.name, volume_use(world)))


def volume_use(world: World) -> Mapping[tuple[str, str], int]:
    """Return the bytes that volumes take up, by storage and node (no node for a shared storage)."""
    taken: defaultdict[tuple[str, str], int] = defaultdict(int)
    for volume in world.volumes.values():
        taken[volume.storage, volume.node] += volume.size if volume.used is None else volume.used
    return taken


def storage_space(
    world: World, storage: Storage, node: str, taken: Mapping[tuple[str, str], int] | None = None
) -> tuple[int, int]:
    """Return total and used bytes of a storage as ``node`` sees it; a folder on the root disk has that disk's."""
    taken = volume_use(world) if taken is None else taken
    if is_on_root(storage):
        home = world.nodes[node]
        return home.rootfs, min(home.rootfs, home.rootfs_used + _on_root(world, node, taken))
    used = storage.used + taken.get((storage.name, "" if storage.shared else node), 0)
    return storage.total, min(used, storage.total)


def is_on_root(storage: Storage) -> bool:
    """Return whether a storage is a folder on the node's root disk."""
    return storage.kind == "dir" and str(storage.config.get("path", "")).startswith("/var/lib/")


def _on_root(world: World, node: str, taken: Mapping[tuple[str, str], int]) -> int:
    return sum(taken.get((name, node), 0) for name, storage in world.storages.items() if is_on_root(storage))


def list_row(world: World, guest: Guest, now: float) -> JsonObject:
    """Return what lists and status/current of a guest have in common (vmstatus of QemuServer and LXC)."""
    use = guest_use(world, guest, now)
    row: JsonObject = {
        "vmid": guest.vmid, "name": guest.name, "status": use.status, "uptime": use.uptime, "cpu": use.cpu,
        "cpus": use.cpus, "mem": use.mem, "maxmem": use.maxmem, "disk": use.disk, "maxdisk": use.maxdisk,
        "netin": use.netin, "netout": use.netout,
    }  # fmt: skip
    if guest.config.get("tags"):
        row["tags"] = guest.config["tags"]
    if guest.lock:
        row["lock"] = guest.lock
    if guest.template:
        row["template"] = 1
    if guest.running:
        row |= {"pid": guest.pid, "diskread": use.diskread, "diskwrite": use.diskwrite}
    if guest.kind == "qemu" and world.major >= 9:
        row["memhost"] = int(use.mem * 1.04) if guest.running else 0
    return row
