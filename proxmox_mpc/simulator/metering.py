"""What guests, nodes and storages use at a moment: smooth, and the same for everyone who asks at that moment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from proxmox_mpc.simulator.world import Guest, Node, Storage, World


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a guest: ``cpu`` as a fraction of its own cores, the rest in bytes; counters since its start."""

    uptime: int = 0
    cpu: float = 0.0
    mem: int = 0
    disk: int = 0
    netin: int = 0
    netout: int = 0
    diskread: int = 0
    diskwrite: int = 0


def _wave(now: float, phase: int) -> float:
    """Return a factor around 1 that swings over a day and over ten minutes."""
    slow = math.sin((now / 86_400 + phase * 0.37) * 2 * math.pi)
    quick = math.sin((now / 600 + phase * 0.61) * 2 * math.pi)
    return 1 + 0.25 * slow + 0.1 * quick


def guest_use(guest: Guest, now: float) -> Use:
    """Return what a guest uses; a stopped one uses nothing but a container's disk space."""
    if not guest.running:
        return Use(disk=0)
    uptime = max(0, int(now) - guest.started)
    wave = _wave(now, guest.vmid)
    return Use(
        uptime=uptime,
        cpu=0.0 if guest.paused else round(min(1.0, guest.load * wave), 6),
        mem=min(max_memory(guest), int(guest.memory_used * (0.95 + 0.05 * wave))),
        disk=guest.disk_used if guest.kind == "lxc" else 0,
        netin=guest.net_rate * uptime,
        netout=guest.net_rate * uptime // 3,
        diskread=guest.disk_rate * uptime // 2,
        diskwrite=guest.disk_rate * uptime,
    )


def max_memory(guest: Guest) -> int:
    """Return a guest's memory in bytes; ``memory`` counts in MiB and is 512 when it is not set."""
    text = str(guest.config.get("memory", 512)).rpartition("=")[2]
    return int(text) * 1024 * 1024


def cpus(guest: Guest, node: Node) -> int:
    """Return how many processors a guest has."""
    config = guest.config
    if guest.kind == "lxc":
        return int(config.get("cores") or node.cores)
    return int(config.get("vcpus") or int(config.get("sockets") or 1) * int(config.get("cores") or 1))


def node_cpu(node: Node, now: float) -> float:
    """Return the fraction of a node's processors in use."""
    return round(min(1.0, node.load * _wave(now, node.nodeid)), 6)


def node_memory(node: Node, now: float) -> int:
    """Return the bytes of a node's memory in use."""
    return min(node.memory, int(node.memory_used * (0.97 + 0.03 * _wave(now, node.nodeid))))


def volumes_held(world: World) -> dict[tuple[str, str], int]:
    """Return the bytes that volumes take, by node (empty for a shared storage) and storage."""
    held: dict[tuple[str, str], int] = {}
    for volume in world.volumes.values():
        key = volume.node, volume.storage
        held[key] = held.get(key, 0) + (volume.size if volume.used is None else volume.used)
    return held


def storage_space(
    world: World, storage: Storage, node: str, held: dict[tuple[str, str], int] | None = None
) -> tuple[int, int, int]:
    """Return total, used and available bytes of a storage as ``node`` sees it.

    A folder on the root disk that has no size of its own has that disk's. Whoever asks for many passes
    :func:`volumes_held`, which is otherwise computed anew.
    """
    held = volumes_held(world) if held is None else held
    if storage.active and is_on_root(storage):
        home = world.nodes[node]
        used = root_used(world, home, held)
        return home.rootfs, used, home.rootfs - used
    if not storage.active or not storage.total:
        return 0, 0, 0
    used = min(storage.total, storage.used + held.get(("" if storage.shared else node, storage.name), 0))
    return storage.total, used, storage.total - used


def is_on_root(storage: Storage) -> bool:
    """Return whether a storage is a folder on the node's root disk."""
    return storage.kind == "dir" and not storage.total and str(storage.config.get("path", "")).startswith("/var/lib/")


def root_used(world: World, node: Node, held: dict[tuple[str, str], int] | None = None) -> int:
    """Return the bytes used of a node's root disk, with the volumes that lie on it."""
    held = volumes_held(world) if held is None else held
    volumes = sum(held.get((node.name, name), 0) for name, storage in world.storages.items() if is_on_root(storage))
    return min(node.rootfs, node.rootfs_used + volumes)
