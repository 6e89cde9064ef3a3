"""A world made of what a cluster answered: its documents in, a simulated cluster out that answers the same.

What no document tells is left empty or assumed, and said: what disks and backups hold, hardware, how nodes do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, cast

from proxmox_mpc.simulator.disks import is_cdrom, parse_size, split, volume_of, volumes_of
from proxmox_mpc.simulator.documents import Documents, number, rows_of, without
from proxmox_mpc.simulator.json import Config, Json, JsonObject
from proxmox_mpc.simulator.seeding_access import seed_access
from proxmox_mpc.simulator.seeding_services import seed_firewall, seed_ha, seed_jobs, seed_sdn
from proxmox_mpc.simulator.world import Guest, Node, Pool, Snapshot, Storage, Volume, World
from proxmox_mpc.simulator.worlds.machine import appliances, packages, services

_GUEST = re.compile(r"/nodes/([^/]+)/(qemu|lxc)/(\d+)/(config|pending|snapshot)")
_CONTENT = re.compile(r"/nodes/([^/]+)/storage/([^/]+)/content")
_NETWORK = re.compile(r"/nodes/([^/]+)/network")
_POOL = re.compile(r"/pools/(.+)")


class Seeded(NamedTuple):
    """A world, and in words what of it is assumed, because no document tells it."""

    world: World
    assumed: tuple[str, ...]


def world_from(documents: Mapping[str, Json], created: int) -> Seeded:
    """Return a world that answers as the cluster did whose GET answers these are, by path.

    Paths: /version, /cluster/resources, status, options, ha/*, sdn/* (asked with ``pending``), backup, replication;
    /access/users (``full``), groups, roles, acl, domains; /storage; /pools/POOL for each; /nodes/NODE/status,
    network, storage/STORAGE/content; each guest's config (pending changes applied), pending and snapshot; */firewall/*.
    ``created``: now, in epoch seconds.
    """
    known = Documents(documents)
    world = World("seeded", created)
    assumed: list[str] = []
    _cluster(world, known)
    _nodes(world, known)
    _storages(world, known)
    _volumes(world, known)
    _guests(world, known)
    _snapshots(world, known, assumed)
    _missing_volumes(world, assumed)
    _pools(world, known)
    seed_ha(world, known)
    seed_sdn(world, known)
    seed_jobs(world, known)
    seed_firewall(world, known)
    seed_access(world, known)
    return Seeded(world, tuple(assumed))


def _share(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _cluster(world: World, known: Documents) -> None:
    version = known.object("/version")
    world.version = str(version.get("version") or world.version)
    world.release = str(version.get("release") or ".".join(world.version.split(".")[:2]))
    world.repoid = str(version.get("repoid") or world.repoid)
    for row in known.rows("/cluster/status"):
        if row.get("type") == "cluster":
            world.cluster = str(row.get("name"))
            world.quorate = bool(row.get("quorate", 1))
            world.config_version = number(row.get("version"), 1)
    world.options = without(known.object("/cluster/options"), "allowed-tags")


def _nodes(world: World, known: Documents) -> None:
    members = {str(row.get("name")): row for row in known.rows("/cluster/status") if row.get("type") == "node"}
    rows = [row for row in known.rows("/cluster/resources") if row.get("type", "node") == "node" and "node" in row]
    for place, row in enumerate(sorted(rows, key=lambda row: str(row["node"])), 1):
        name = str(row["node"])
        member, status = members.get(name, {}), known.object(f"/nodes/{name}/status")
        node = Node(
            name,
            number(member.get("nodeid") or row.get("nodeid"), place),
            str(member.get("ip") or row.get("ip") or f"192.0.2.{place}"),
            online=row.get("status") != "offline",
            known=row.get("status") != "unknown",
            level=str(row.get("level") or ""),
            load=_share(row.get("cpu")),
            booted=world.created - number(row.get("uptime")),
        )
        node.cores = number(row.get("maxcpu"), node.cores)
        node.memory = number(row.get("maxmem"), node.memory)
        node.memory_used = number(row.get("mem"))
        node.rootfs = number(row.get("maxdisk"), node.rootfs)
        node.rootfs_used = number(row.get("disk"))
        _machine(node, row, status)
        node.documents["apt/versions"] = packages(world.version, node.kernel)
        node.documents["aplinfo"] = appliances()
        world.nodes[name] = node
    for (name,), document in known.matching(_NETWORK):
        if name in world.nodes:
            world.nodes[name].network = {str(row.get("iface")): without(row, "node") for row in rows_of(document)}


def _machine(node: Node, row: JsonObject, status: JsonObject) -> None:
    """Take what a node says of its hardware and software; its services are assumed to run."""
    cpu, swap = status.get("cpuinfo"), status.get("swap")
    if isinstance(cpu, dict):
        node.cpu_model, node.sockets = str(cpu.get("model") or node.cpu_model), number(cpu.get("sockets"), 1)
    if isinstance(swap, dict):
        node.swap, node.swap_used = number(swap.get("total")), number(swap.get("used"))
    kernel = re.match(r"Linux (\S+)", str(status.get("kversion") or row.get("kversion") or ""))
    node.kernel = kernel[1] if kernel else node.kernel
    fingerprint = row.get("ssl_fingerprint")
    node.fingerprint = str(fingerprint) if fingerprint else None
    node.services = services()


def _storages(world: World, known: Documents) -> None:
    """Take the definitions; a storage has one size in a world, so that of the node where it is largest."""
    states: dict[str, list[JsonObject]] = {}
    for row in known.rows("/cluster/resources"):
        if row.get("type") == "storage":
            states.setdefault(str(row.get("storage")), []).append(row)
    for row in known.rows("/storage"):
        name = str(row.get("storage"))
        there = states.get(name, [])
        largest = max(there, key=lambda state: number(state.get("maxdisk")), default={})
        world.storages[name] = Storage(
            name,
            without(row, "storage"),
            number(largest.get("maxdisk")),
            number(largest.get("disk")),
            active=not there or any(state.get("status") == "available" for state in there),
        )


def _volumes(world: World, known: Documents) -> None:
    """Take the volumes; what they use is in what their storage uses already."""
    for (node, name), document in known.matching(_CONTENT):
        storage = world.storages.get(name)
        if storage is None:
            continue
        for row in rows_of(document):
            volume = Volume(
                str(row.get("volid")),
                "" if storage.shared else node,
                str(row.get("content")),
                str(row.get("format")),
                number(row.get("size")),
                number(row.get("ctime")),
                used=0,
            )
            if row.get("vmid") is not None:
                volume.vmid = number(row["vmid"])
            for key in ("parent", "notes", "subtype"):
                if row.get(key) is not None:
                    setattr(volume, key, str(row[key]))
            volume.protected = bool(number(row.get("protected")))
            verified = row.get("verification")
            volume.verification = verified if isinstance(verified, dict) else None
            world.add_volume(volume)


def _guests(world: World, known: Documents) -> None:
    configs = {number(vmid): document for (_, _, vmid, part), document in known.matching(_GUEST) if part == "config"}
    for row in known.rows("/cluster/resources"):
        if row.get("type") not in ("qemu", "lxc") or str(row.get("node")) not in world.nodes:
            continue
        vmid = number(row.get("vmid"))
        found = configs.get(vmid)
        guest = Guest(vmid, str(row["type"]), str(row["node"]), _config(found if isinstance(found, dict) else {}))
        parent = guest.config.pop("parent", None)
        guest.parent = None if parent is None else str(parent)
        guest.known = row.get("status") not in (None, "unknown")
        guest.running = row.get("status") in ("running", "paused")
        guest.paused = row.get("status") == "paused"
        guest.started = world.created - number(row.get("uptime"))
        guest.load, guest.memory_used = _share(row.get("cpu")), number(row.get("mem"))
        guest.disk_used = number(row.get("disk"))
        world.guests[vmid] = guest
    for (_, _, name, part), document in known.matching(_GUEST):
        if part == "pending" and number(name) in world.guests:
            _waiting(world.guests[number(name)], rows_of(document))


def _config(document: JsonObject) -> Config:
    # A container's raw lxc lines are a list, which the simulator keeps as it is.
    return cast("Config", {key: value for key, value in document.items() if key != "digest" and value is not None})


def _waiting(guest: Guest, rows: list[JsonObject]) -> None:
    """Take changes that wait for the next start out of the configuration in effect."""
    for row in rows:
        key = str(row.get("key"))
        if "pending" not in row and not row.get("delete"):
            continue
        guest.config.pop(key, None)
        value = row.get("value")
        if isinstance(value, str | int | float):
            guest.config[key] = value
        new = row.get("pending")
        guest.pending[key] = new if isinstance(new, str | int | float) else None
        if number(row.get("delete")) == 2:
            guest.pending_force.append(key)


def _snapshots(world: World, known: Documents, assumed: list[str]) -> None:
    taken = 0
    for (_, _, vmid, part), document in known.matching(_GUEST):
        guest = world.guests.get(number(vmid))
        if part != "snapshot" or guest is None:
            continue
        for row in rows_of(document):
            name = str(row.get("name"))
            if name == "current":
                continue
            parent = str(row["parent"]) if row.get("parent") else None
            text = str(row.get("description") or "")
            made = Snapshot(name, number(row.get("snaptime")), parent, text, None, {**guest.config})
            if row.get("vmstate"):
                made.vmstate = _state_volume(world, guest, name)
            guest.snapshots[name] = made
            taken += 1
    if taken:
        assumed.append(f"{taken} snapshots hold the configuration that their guest has now")


def _state_volume(world: World, guest: Guest, name: str) -> str:
    wanted = f"vm-{guest.vmid}-state-{name}"
    found = (volume.volid for volume in world.volumes.values() if wanted in volume.volid)
    return next(found, f"unknown:{wanted}")


def _missing_volumes(world: World, assumed: list[str]) -> None:
    """Make the disks that a configuration holds and no content list shows, so that it can be worked with."""
    made: list[str] = []
    for guest in world.guests.values():
        for key, volid in volumes_of(guest):
            storage = world.storages.get(volid.split(":", 1)[0])
            value = str(guest.config[key])
            if storage is None or is_cdrom(value) or volume_of(value) is None:
                continue
            if world.volume(volid, guest.node) is None:
                size = parse_size(split(value)[1].get("size", "")) or 0
                content = "images" if guest.kind == "qemu" else "rootdir"
                where = "" if storage.shared else guest.node
                form = volid.rpartition(".")[2] if "." in volid else "raw"
                world.add_volume(Volume(volid, where, content, form, size, world.created, 0, guest.vmid))
                made.append(volid)
    if made:
        assumed.append(f"{len(made)} disks were seen on no storage, and are taken to be there: {_some(made)}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _pools(world: World, known: Documents) -> None:
    for (name,), document in known.matching(_POOL):
        row = document if isinstance(document, dict) else {}
        members = rows_of(row.get("members"))
        comment = row.get("comment")
        vms = [number(one["vmid"]) for one in members if one.get("vmid") is not None]
        storages = [str(one["storage"]) for one in members if one.get("storage") and one.get("vmid") is None]
        world.pools[name] = Pool(name, None if comment is None else str(comment), vms, [*dict.fromkeys(storages)])
