"""Cloning, turning into templates, moving disks and whole guests."""

from __future__ import annotations

from copy import deepcopy

from proxmox_mpc.simulator import disks, drives
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.json import Config
from proxmox_mpc.simulator.migration import local_disks, local_resources
from proxmox_mpc.simulator.property_strings import new_uuid, normal_net
from proxmox_mpc.simulator.storages import FILE_STORAGES, allocate, new_volid
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.work.common import give_up_lock, guest_of, hold_lock, noun, refuse_locked, unlock
from proxmox_mpc.simulator.work.creation import finish_creation, forget_guest
from proxmox_mpc.simulator.work.power import detach_links, halt, start_guest
from proxmox_mpc.simulator.world import Guest, Volume

_NOT_CLONED = frozenset(["lock", "parent", "snaptime", "vmstate", "template", "runningmachine", "runningcpu"])
_BYTES_A_SECOND = 2 << 30


def _begin_clone(work: Work) -> None:
    guest, newid = guest_of(work), work.number("newid")
    if newid in work.world.guests:
        raise TaskError(f"unable to create {noun(guest)} {newid}: config file already exists")
    work.world.guests[newid] = Guest(newid, guest.kind, guest.node, {"lock": "clone"}, known=work.world.reporting)
    work.job["made"] = newid
    if work.job.get("full"):
        _take_time(work, guest)


def _take_time(work: Work, guest: Guest) -> None:
    """Let a copy take longer the more there is to copy."""
    volumes = (work.world.volume(volid, guest.node) for _, volid in disks.volumes_of(guest))
    work.job["seconds"] = min(20.0, 1.0 + sum(v.size for v in volumes if v) / _BYTES_A_SECOND)


def _remove_clone(work: Work) -> None:
    made = work.job.get("made")
    if isinstance(made, int):
        forget_guest(work, made)


def _clone(work: Work) -> None:
    guest, world, newid = guest_of(work), work.world, work.number("newid")
    snapshot = guest.snapshots.get(work.text("snapname"))
    source = dict(snapshot.config if snapshot else guest.config)
    new = world.guests[newid]
    what = "VM" if guest.kind == "qemu" else "container"
    if guest.kind == "qemu":
        work.log(f"creating a clone of VM {guest.vmid} with ID {newid}")
    config: Config = {k: v for k, v in source.items() if k not in _NOT_CLONED and not disks.is_unused(k)}
    for key, value in list(config.items()):
        if key.startswith("net") and key[3:].isdigit():
            config[key] = normal_net(world, guest.kind, detach_links(str(value), guest.kind))
        elif disks.is_disk(key, guest.kind):
            config[key] = _copied(work, guest, new, key, str(value))
    random = world.random("identity")
    if guest.kind == "qemu":
        smbios = str(config.get("smbios1", "")).split(",")
        others = [part for part in smbios if part and not part.startswith("uuid=")]
        config["smbios1"] = ",".join([f"uuid={new_uuid(random)}", *others])
        if "vmgenid" in config:
            config["vmgenid"] = new_uuid(random)
        config["name"] = work.text("name") or f"Copy-of-VM-{source.get('name') or guest.vmid}"
    else:
        config["hostname"] = work.text("name") or f"Copy-of-CT-{source.get('hostname') or guest.vmid}"
    if work.text("description"):
        config["description"] = work.text("description")
    new.config = config
    new.load, new.memory_used, new.disk_used = guest.load, guest.memory_used, guest.disk_used
    if work.text("target"):
        new.node = work.text("target")
        work.log(f"moving {what} {newid} to node '{new.node}'")
    # What is installed inside comes along with the disks.
    new.agent = deepcopy(guest.agent)
    finish_creation(work, new)


def _copied(work: Work, guest: Guest, new: Guest, key: str, value: str) -> str:
    """Return a disk of the clone: a copy, a linked volume on the base, or the same CD-ROM."""
    world = work.world
    volid, options = disks.split(value)
    source = world.volume(volid, guest.node)
    if source is None or (disks.is_cdrom(value) and "-cloudinit" not in value):
        return value
    if "-cloudinit" in value:
        return drives.make(world, new, key, f"{source.storage}:cloudinit", int(work.now))[0]
    storage = world.storages[work.text("storage") or source.storage]
    if work.job.get("full"):
        form = work.text("format") or (source.format if storage.name == source.storage else "raw")
        if storage.kind not in FILE_STORAGES and form != "subvol":
            form = "raw"
        volume, lines = allocate(world, storage, guest.node, new.vmid, source.size, form, guest.kind, int(work.now))
        volume.used = source.used
        work.log(f"create full clone of drive {key} ({volid})", *lines)
    else:
        volume = _linked(work, source, new)
        work.log(f"create linked clone of drive {key} ({volid})")
    return value.replace(volid, volume.volid, 1) if options else volume.volid


def _linked(work: Work, base: Volume, new: Guest) -> Volume:
    """Make a volume that holds only its differences to a base: ``store:100/base-100-disk-0.qcow2/101/vm-…``."""
    world = work.world
    storage = world.storages[base.storage]
    form = "qcow2" if storage.kind in FILE_STORAGES else base.format
    name = new_volid(world, storage, work.task.node, new.vmid, form).split(":", 1)[1]
    volid = f"{base.volid}/{name}"
    return world.add_volume(
        Volume(volid, base.node, base.content, form, base.size, int(work.now), used=0, vmid=new.vmid, parent=base.volid)
    )


def _template(work: Work) -> None:
    guest, world = guest_of(work), work.world
    refuse_locked(guest)
    only = work.text("disk")
    for key, volid in list(disks.volumes_of(guest)):
        if disks.is_unused(key) or (only and key != only) or "base-" in volid:
            continue
        volume = world.volume(volid, guest.node)
        if volume is None:
            continue
        world.drop_volume(volume)
        head, _, tail = volid.rpartition("/") if "/" in volid else volid.rpartition(":")
        name = tail.replace("subvol-", "basevol-", 1) if tail.startswith("subvol-") else tail.replace("vm-", "base-", 1)
        volume.volid = f"{head}{'/' if '/' in volid else ':'}{name}"
        world.add_volume(volume)
        guest.config[key] = str(guest.config[key]).replace(volid, volume.volid, 1)
    if not only:
        guest.config["template"] = 1


def _move_disk(work: Work) -> None:
    guest, key = guest_of(work), work.text("disk")
    refuse_locked(guest)
    if work.number("target"):
        _reassign(work, guest)
        return
    value = str(guest.config[key])
    volid, _ = disks.split(value)
    source = work.world.volume(volid, guest.node)
    if source is None:
        raise TaskError(f"volume '{volid}' does not exist")
    storage = work.world.storages[work.text("storage")]
    work.log(f"copying volume '{volid}' from current storage '{source.storage}' to target storage '{storage.name}'")
    form = work.text("format") or (source.format if storage.kind in FILE_STORAGES else "raw")
    form = "subvol" if storage.kind == "zfspool" and guest.kind == "lxc" else "raw" if form == "subvol" else form
    volume, lines = allocate(work.world, storage, guest.node, guest.vmid, source.size, form, guest.kind, int(work.now))
    volume.used = source.used
    work.log(*lines)
    guest.config[key] = value.replace(volid, volume.volid, 1)
    if work.job.get("delete"):
        work.log(f"removing source volume '{volid}' after successful copy")
        drives.free(work.world, guest, volid)
    else:
        unused = drives.keep_unused(guest, volid)
        work.log(f"adding source volume '{volid}' as '{unused}' to config")


def _reassign(work: Work, guest: Guest) -> None:
    """Give a disk to another guest, which renames its volume."""
    other, key, place = work.world.guests[work.number("target")], work.text("disk"), work.text("place")
    value = str(guest.config.pop(key))
    volid, _ = disks.split(value)
    volume = work.world.volume(volid, guest.node)
    if volume is None:
        raise TaskError(f"volume '{volid}' does not exist")
    storage = work.world.storages[volume.storage]
    work.world.drop_volume(volume)
    volume.volid = new_volid(work.world, storage, guest.node, other.vmid, volume.format)
    volume.vmid = other.vmid
    work.world.add_volume(volume)
    if "order=" in str(guest.config.get("boot", "")):
        guest.config["boot"] = "order=" + ";".join(d for d in disks.boot_order(guest) if d != key)
    other.config[place] = volume.volid if disks.is_unused(place) else value.replace(volid, volume.volid, 1)
    work.log(f"reassign disk '{key}' from VM '{guest.vmid}' as '{place}' to VM '{other.vmid}'")


def _begin_migration(work: Work) -> None:
    guest, target = guest_of(work), work.text("target")
    if not work.world.nodes[target].online:
        text = f"ssh: connect to host {work.world.nodes[target].ip} port 22: No route to host"
        work.log(text)
        raise TaskError(f"Can't connect to destination address using public key: {text}")
    tied = local_resources(guest) if guest.kind == "qemu" else []
    if tied:
        raise TaskError(f"can't migrate VM which uses local devices: {', '.join(tied)}")
    moving = local_disks(work.world, guest)
    if moving and work.job.get("online") and not work.job.get("local") and guest.kind == "qemu":
        for disk in moving:
            work.log(f"can't live migrate attached local disks without with-local-disks option: {disk['volid']}")
        raise TaskError(
            "Problem found while scanning volumes - can't live migrate attached local disks without with-local-disks"
            " option"
        )
    hold_lock(work, guest, "migrate")
    if moving:
        _take_time(work, guest)


def _migrate(work: Work) -> None:
    guest, target = guest_of(work), work.text("target")
    unlock(guest)
    was_running = guest.running
    if guest.kind == "lxc" and was_running:
        work.log("shutdown CT", str(guest.vmid))
        halt(work.world, guest)
    work.log(f"starting migration of {noun(guest)} {guest.vmid} to node '{target}' ({work.world.nodes[target].ip})")
    for disk in local_disks(work.world, guest):
        _move_volume(work, guest, str(disk["volid"]), target)
    if was_running:
        work.world.nodes[guest.node].memory_used = max(0, work.world.nodes[guest.node].memory_used - guest.memory_used)
        work.world.nodes[target].memory_used += guest.memory_used
    guest.node = target
    if guest.kind == "lxc" and was_running:
        work.log("start container on target node")
        start_guest(work.world, guest, work.now)
    sid = f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}"
    if sid in work.world.ha.state:
        work.world.ha.state[sid]["node"] = target
    work.log("migration finished successfully (duration 00:00:03)")


def _move_volume(work: Work, guest: Guest, volid: str, target: str) -> None:
    """Copy a local disk to the target node, on the same storage or the one it is mapped to."""
    world = work.world
    volume = world.volume(volid, guest.node)
    if volume is None:
        return
    mapped = _mapped(work.text("storage"), volume.storage)
    storage = world.storages.get(mapped)
    if storage is None or not storage.on(target):
        raise TaskError(f"storage '{mapped}' is not available on node '{target}'")
    work.log(f"found local disk '{volid}' (attached)", f"copying local disk image '{volid}'")
    world.drop_volume(volume)
    if mapped != volume.storage:
        volume.format = volume.format if storage.kind in FILE_STORAGES else "raw"
        volume.volid = new_volid(world, storage, target, guest.vmid, volume.format)
        guest.config = {
            key: str(value).replace(volid, volume.volid, 1) if volid in str(value) else value
            for key, value in guest.config.items()
        }
    volume.node = "" if storage.shared else target
    world.add_volume(volume)


def _mapped(pairs: str, storage: str) -> str:
    """Read a storage map: ``1`` maps each to itself, a lone name all, ``a:b`` one."""
    entries = [entry for entry in pairs.replace(";", ",").split(",") if entry]
    for entry in entries:
        source, found, target = entry.partition(":")
        if found and source == storage:
            return target
    lone = [entry for entry in entries if ":" not in entry and entry != "1"]
    return lone[0] if lone else storage


def _ha_migrate(work: Work) -> None:
    guest = guest_of(work)
    work.log(f"Requesting HA migration for {noun(guest)} {guest.vmid} to node {work.text('target')}")
    _migrate(work)


WORKERS = {
    "qmclone": Worker(_clone, _begin_clone, _remove_clone, 1.0),
    "vzclone": Worker(_clone, _begin_clone, _remove_clone, 1.0),
    "qmtemplate": Worker(_template, seconds=0.7),
    "vztemplate": Worker(_template, seconds=0.7),
    "qmmove": Worker(_move_disk, seconds=2.0),
    "move_volume": Worker(_move_disk, seconds=2.0),
    "qmigrate": Worker(_migrate, _begin_migration, give_up_lock, 3.0),
    "vzmigrate": Worker(_migrate, _begin_migration, give_up_lock, 3.0),
    "hamigrate": Worker(_ha_migrate, seconds=3.0),
}
