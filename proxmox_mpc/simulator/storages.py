"""Volumes on storages: who may see them, where they lie, how they are named and made."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.disks import format_size
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.metering import storage_space
from proxmox_mpc.simulator.world import Storage, Volume, World

_FOLDERS = {"iso": "template/iso", "vztmpl": "template/cache", "backup": "dump", "snippets": "snippets"}
FILE_STORAGES = frozenset({"dir", "nfs", "cifs", "btrfs", "cephfs"})
SNAPSHOT_FORMATS = frozenset({"qcow2"})
SNAPSHOT_STORAGES = frozenset({"lvmthin", "zfspool", "rbd", "btrfs", "cephfs"})


def needs_access(call: Call, volume: Volume) -> bool:
    """Return whether the caller may see a volume (PVE::Storage::check_volume_access).

    Templates and ISO images need the storage's audit right; a backup needs VM.Backup on its guest and space on the
    storage; a disk needs the audit right of its guest; Datastore.Allocate sees everything.
    """
    path = f"/storage/{volume.storage}"
    if call.may(path, "Datastore.Allocate"):
        return True
    match volume.content:
        case "iso" | "vztmpl" | "snippets" | "import":
            return call.may(path, "Datastore.Audit", "Datastore.AllocateSpace")
        case "backup":
            owned = volume.vmid is not None and call.may(f"/vms/{volume.vmid}", "VM.Backup")
            return owned and call.may(path, "Datastore.AllocateSpace")
        case _:
            audited = call.may(path, "Datastore.Audit", "Datastore.AllocateSpace")
            return audited and volume.vmid is not None and call.may(f"/vms/{volume.vmid}", "VM.Audit", "VM.Config.Disk")


def volume_path(storage: Storage, volume: Volume) -> str:
    """Return where a volume lies on its node."""
    name = volume.volid.split(":", 1)[1]
    base = str(storage.config.get("path") or f"/mnt/pve/{storage.name}")
    match storage.kind:
        case "lvm" | "lvmthin":
            return f"/dev/{storage.config.get('vgname', 'pve')}/{name}"
        case "zfspool":
            return f"/dev/zvol/{storage.config.get('pool', 'rpool')}/{name}"
        case "rbd":
            return f"rbd:{storage.config.get('pool', 'rbd')}/{name}"
        case "pbs":
            return f"{storage.config.get('server')}:{storage.config.get('datastore')}:{name}"
        case _ if volume.content in {"images", "rootdir"}:
            return f"{base}/images/{name}"
        case _:
            return f"{base}/{_FOLDERS.get(volume.content, '')}/{name.split('/', 1)[-1]}"


def disk_format(storage: Storage, kind: str, wanted: str = "") -> str:
    """Return the format a new disk has: what was asked for, else the storage's own."""
    if storage.kind == "zfspool" and kind == "lxc":
        return "subvol"
    return wanted or "raw"


def new_volid(world: World, storage: Storage, node: str, vmid: int, form: str, stem: str = "vm") -> str:
    """Return the first free disk name of a guest on a storage."""
    ending = f".{form}" if storage.kind in FILE_STORAGES and form != "subvol" else ""
    folder = f"{vmid}/" if storage.kind in FILE_STORAGES else ""
    where = "" if storage.shared else node
    stem = "subvol" if form == "subvol" and stem == "vm" else stem
    taken = {
        volume.volid.rsplit("/", 1)[-1].rsplit(":", 1)[-1].split(".", 1)[0].partition("-")[2]
        for volume in world.volumes.values()
        if volume.storage == storage.name and volume.node == where
    }
    number = next(n for n in range(1000) if f"{vmid}-disk-{n}" not in taken)
    return f"{storage.name}:{folder}{stem}-{vmid}-disk-{number}{ending}"


def allocate(
    world: World, storage: Storage, node: str, vmid: int, size: int, form: str, kind: str, now: int
) -> tuple[Volume, list[str]]:
    """Make a disk; return it with the lines its making writes into the log; raises TaskError when there is no room."""
    total, _, avail = storage_space(world, storage, node)
    volid = new_volid(world, storage, node, vmid, form)
    used = 4096 if storage.kind in FILE_STORAGES else 0
    thick = storage.kind in {"lvm", "iscsi"}
    if thick and total and size > avail:
        raise TaskError(f"volume '{volid}' does not fit: only {format_size(avail)} of {format_size(size)} are free")
    content = "images" if kind == "qemu" else "rootdir"
    volume = Volume(
        volid, "" if storage.shared else node, content, form, size, now, used=size if thick else used, vmid=vmid
    )
    world.add_volume(volume)
    lines = []
    if storage.kind in FILE_STORAGES:
        more = "preallocation=off" if form == "raw" else "preallocation=metadata"
        extra = "cluster_size=65536 extended_l2=off " if form == "qcow2" else ""
        tail = " compression_type=zlib lazy_refcounts=off refcount_bits=16" if form == "qcow2" else ""
        head = f"Formatting '{volume_path(storage, volume)}', fmt={form} "
        first, second = (f"size={size} ", more) if form == "raw" else (f"{extra}{more}", f" size={size}{tail}")
        lines.append(f"{head}{first}{second}".rstrip())
    return volume, lines


def snapshots_possible(storage: Storage, form: str) -> bool:
    """Return whether a disk can be snapshotted where it lies."""
    return form in SNAPSHOT_FORMATS or storage.kind in SNAPSHOT_STORAGES
