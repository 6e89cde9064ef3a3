"""The homelab's storages: local disks and thin pools on each node, ZFS on two, two NFS shares, a backup server."""

from __future__ import annotations

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Storage, Volume
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, MIB, Builder

# storage.cfg; total and foreign use in GiB (what is not a volume of the world)
_STORAGES: list[tuple[str, JsonObject, int, int]] = [
    ("local", {"type": "dir", "path": "/var/lib/vz", "content": "iso,vztmpl,backup,snippets"}, 0, 0),
    ("local-lvm", {"type": "lvmthin", "vgname": "pve", "thinpool": "data", "content": "images,rootdir"}, 816, 0),
    ("tank", {"type": "zfspool", "pool": "tank/guests", "content": "images,rootdir", "sparse": 1,
              "nodes": "pve1,pve2", "mountpoint": "/tank/guests"}, 3584, 412),
    ("nas", {"type": "nfs", "server": "10.10.40.20", "export": "/volume1/pve", "path": "/mnt/pve/nas",
             "content": "images,rootdir,iso,vztmpl", "options": "vers=4.2"}, 7168, 2210),
    ("nas-backup", {"type": "nfs", "server": "10.10.40.20", "export": "/volume1/backup", "content": "backup",
                    "path": "/mnt/pve/nas-backup", "prune-backups": "keep-last=3,keep-monthly=2"}, 7168, 2210),
    ("pbs", {"type": "pbs", "server": "10.10.40.21", "datastore": "main", "username": "pve@pbs!homelab",
             "content": "backup", "namespace": "homelab", "prune-backups": "keep-all=1"}, 5120, 1790),
    ("usb-old", {"type": "dir", "path": "/mnt/usb", "content": "backup", "nodes": "pve3", "disable": 1}, 57, 40),
]  # fmt: skip

_FILES = [
    ("nas", "", "iso/debian-13.1.0-amd64-netinst.iso", "iso", 783 * MIB),
    ("nas", "", "iso/virtio-win-0.1.285.iso", "iso", 753 * MIB),
    ("nas", "", "iso/Win11_24H2_English_x64.iso", "iso", 5819 * MIB),
    ("nas", "", "vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", "tzst", 130 * MIB),
    ("local", "pve1", "vztmpl/alpine-3.22-default_20250617_amd64.tar.xz", "txz", 3 * MIB),
    ("local", "pve1", "snippets/docker-user-data.yaml", "snippet", 1843),
    ("local", "pve3", "iso/memtest86plus-7.20.iso", "iso", 6 * MIB),
]


def add_storage(build: Builder) -> None:
    """Add the storages and the images, templates and snippets on them."""
    fingerprint = build.fingerprint().lower()
    for name, config, total, used in _STORAGES:
        entry: JsonObject = dict(config)
        if entry["type"] == "pbs":
            entry["fingerprint"] = fingerprint
        build.world.storages[name] = Storage(name, entry, total * GIB, used * GIB)
    for storage, node, path, form, size in _FILES:
        content = {"iso": "iso", "vztmpl": "vztmpl", "snippets": "snippets"}[path.split("/", 1)[0]]
        build.world.add_volume(Volume(f"{storage}:{path}", node, content, form, size, build.now - 90 * DAY, size))
