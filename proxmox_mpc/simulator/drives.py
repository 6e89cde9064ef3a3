"""Making and freeing guests' disks: new ones, imported ones, cloud-init drives, existing volumes."""

from __future__ import annotations

import re

from proxmox_mpc.simulator import disks
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import TaskError, failed, invalid
from proxmox_mpc.simulator.json import Config
from proxmox_mpc.simulator.property_strings import print_property_string
from proxmox_mpc.simulator.storages import FILE_STORAGES, allocate, disk_format, volume_path
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.world import Guest, Storage, Volume, World

GIB = 1 << 30
MIB = 1 << 20
_NEW = re.compile(r"(?:([^/:\s]+):)?(\d+(?:\.\d+)?)")
_FIXED_SIZES = {"efidisk0": 528 * 1024, "tpmstate0": 4 * MIB}


def new_disk(value: str, default: str = "") -> tuple[str, float] | None:
    """Read ``local:32``: the storage and the GiB of a disk to make; None for any other disk."""
    found = _NEW.fullmatch(disks.split(value)[0])
    return (found[1] or default, float(found[2])) if found else None


def check_storage(call: Call, kind: str, name: str) -> Storage:
    """Return a storage that a guest's disk may be made on; raises as PVE's early checks do."""
    storage = call.storage(name)
    call.require(f"/storage/{name}", "Datastore.AllocateSpace")
    if not storage.enabled:
        raise failed(f"storage '{name}' is disabled")
    if not storage.on(call.node.name):
        raise failed(f"storage '{name}' is not available on node '{call.node.name}'")
    if kind == "qemu" and "images" not in storage.content:
        raise invalid({"storage": f"storage '{name}' does not support vm images"})
    if kind == "lxc" and "rootdir" not in storage.content:
        raise failed(f"storage '{name}' does not support container directories")
    return storage


def check_disks(call: Call, kind: str, settings: Config, default: str = "") -> None:
    """Run the checks that PVE makes of new disks before it starts a task."""
    for key, value in settings.items():
        if not disks.is_disk(key, kind):
            continue
        made = new_disk(str(value), default)
        volume = disks.volume_of(str(value))
        if made is not None:
            if not made[0]:
                raise failed("no storage ID specified (and no default storage)")
            check_storage(call, kind, made[0])
        elif volume is not None and not disks.is_cdrom(str(value)):
            call.storage(volume.split(":", 1)[0])


def make(world: World, guest: Guest, key: str, value: str, now: int, default: str = "") -> tuple[str, list[str]]:
    """Make (or find) the volume of one disk; return its setting as stored and the log lines of its making.

    Raises TaskError when a volume is not there or does not fit.
    """
    volume_name, options = disks.split(value)
    made = new_disk(value, default)
    if volume_name.endswith(":cloudinit") or (volume_name == "cloudinit" and default):
        return _cloudinit(world, guest, key, volume_name.split(":", 1)[0] if ":" in volume_name else default, now)
    if made is not None:
        return _new(world, guest, key, made, options, now)
    if disks.volume_of(value) is None:
        return _stored(guest, key, volume_name, options), []
    volume = world.volume(volume_name, guest.node)
    if volume is None:
        raise TaskError(f"volume '{volume_name}' does not exist")
    options["size"] = disks.format_size(volume.size)
    return _stored(guest, key, volume_name, options), []


def _new(
    world: World, guest: Guest, key: str, made: tuple[str, float], options: dict[str, str], now: int
) -> tuple[str, list[str]]:
    storage = world.storages[made[0]]
    size = _FIXED_SIZES.get(key, -(-int(made[1] * GIB) // 1024) * 1024)  # PVE allocates whole KiB
    source = options.pop("import-from", None)
    if source is not None:
        size = _imported_size(world, guest, source)
    form = disk_format(storage, guest.kind, options.pop("format", ""))
    kind = guest.kind
    volume, lines = allocate(world, storage, guest.node, guest.vmid, size, form, kind, now)
    options["size"] = disks.format_size(size)
    setting = _stored(guest, key, volume.volid, options)
    if kind == "lxc":
        return setting, [*lines, *_filesystem(world, storage, volume)]
    return setting, [*lines, f"{key}: successfully created disk '{setting}'"]


def _imported_size(world: World, guest: Guest, source: str) -> int:
    volume = world.volume(source, guest.node)
    if volume is None:
        raise TaskError(f"cannot import from '{source}' - volume '{source}' does not exist")
    return volume.size


def _filesystem(world: World, storage: Storage, volume: Volume) -> list[str]:
    """Return what mke2fs prints for a new container disk."""
    if volume.format == "subvol" or storage.kind == "zfspool":
        return []
    blocks = volume.size // 4096
    random = world.random("filesystem")
    uuid = f"{random.getrandbits(128):032x}"
    backups = sorted({32768 * base**power for base in (3, 5, 7) for power in range(12)})
    return [
        f"Creating filesystem with {blocks} 4k blocks and {max(16, volume.size // 16384)} inodes",
        f"Filesystem UUID: {uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}",
        "Superblock backups stored on blocks: ",
        "\t" + ", ".join(str(block) for block in backups if block < blocks),
    ]


def _cloudinit(world: World, guest: Guest, key: str, name: str, now: int) -> tuple[str, list[str]]:
    other = next((k for k, v in guest.config.items() if k != key and "-cloudinit" in str(v)), None)
    if other is not None:
        raise TaskError(f"{key} - cloud-init drive is already attached at '{other}'")
    storage = world.storages[name]
    files = storage.kind in FILE_STORAGES
    form = "qcow2" if files else "raw"
    path = f"{guest.vmid}/vm-{guest.vmid}-cloudinit.qcow2" if files else f"vm-{guest.vmid}-cloudinit"
    node = "" if storage.shared else guest.node
    volume = Volume(f"{name}:{path}", node, "images", form, 4 * MIB, now, used=4096, vmid=guest.vmid)
    world.add_volume(volume)
    setting = f"{volume.volid},media=cdrom"
    made = f"Formatting '{volume_path(storage, volume)}', fmt={form} size={volume.size}"
    return setting, [*([made] if files else []), f"{key}: successfully created disk '{setting}'"]


def _stored(guest: Guest, key: str, volume: str, options: dict[str, str]) -> str:
    """Write a disk as PVE stores it."""
    if guest.kind == "qemu":
        return disks.join(volume, options)
    name = "lxc-rootfs" if key == "rootfs" else "lxc-mp"
    return print_property_string(name, {"volume": volume, **options})


def keys_of_mount(value: str, *, root: bool) -> dict[str, str]:
    """Return the keys of a container's mount point."""
    return parse_property_string("lxc-rootfs" if root else "lxc-mp", value)


def free(world: World, guest: Guest, volid: str) -> None:
    """Destroy a volume; raises TaskError while linked clones stand on it."""
    volume = world.volume(volid, guest.node)
    if volume is None:
        return
    if is_base_in_use(world, volume):
        raise TaskError(f"base volume '{volid}' is still in use by linked cloned")
    world.drop_volume(volume)


def is_base_in_use(world: World, volume: Volume) -> bool:
    """Return whether linked clones stand on a volume."""
    name = volume.volid.split(":", 1)[1]
    return any(
        other.storage == volume.storage and other.node == volume.node
        and (other.parent == volume.volid or other.volid.split(":", 1)[1].startswith(f"{name}/"))
        for other in world.volumes.values() if other is not volume
    )  # fmt: skip


def keep_unused(guest: Guest, volid: str) -> str:
    """Note a volume that is no longer used under the first free ``unusedN``; return that key."""
    for key, value in guest.config.items():
        if disks.is_unused(key) and disks.volume_of(str(value)) == volid:
            return key
    key = next(f"unused{n}" for n in range(256) if f"unused{n}" not in guest.config)
    guest.config[key] = volid
    return key


def is_used_elsewhere(guest: Guest, volid: str, *, but: str = "") -> bool:
    """Return whether another disk, or a snapshot, of the guest holds a volume."""
    if any(volume == volid and key != but and not disks.is_unused(key) for key, volume in disks.volumes_of(guest)):
        return True
    return in_snapshot(guest, volid)


def in_snapshot(guest: Guest, volid: str) -> bool:
    """Return whether a snapshot of the guest holds a volume."""
    values = (str(value) for snapshot in guest.snapshots.values() for value in snapshot.config.values())
    return any(disks.volume_of(value) == volid for value in values if ":" in value)
