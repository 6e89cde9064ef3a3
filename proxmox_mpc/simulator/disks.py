"""Disks in configurations: which keys hold them, their volumes and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from proxmox_mpc.simulator.world import Guest

_DRIVE = re.compile(r"(?:ide[0-3]|sata[0-5]|scsi(?:[12]?[0-9]|30)|virtio(?:1[0-5]|[0-9])|efidisk0|tpmstate0)")
_MOUNT = re.compile(r"rootfs|mp\d+")
_UNUSED = re.compile(r"unused\d+")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")


def is_drive(key: str) -> bool:
    """Return whether a VM's key names a drive."""
    return _DRIVE.fullmatch(key) is not None


def is_mount(key: str) -> bool:
    """Return whether a container's key names its root or a mount point."""
    return _MOUNT.fullmatch(key) is not None


def is_disk(key: str, kind: str) -> bool:
    """Return whether a key of a VM or container names a disk that is in use."""
    return is_drive(key) if kind == "qemu" else is_mount(key)


def is_unused(key: str) -> bool:
    """Return whether a key names a volume that is kept but not used."""
    return _UNUSED.fullmatch(key) is not None


def split(value: str) -> tuple[str, dict[str, str]]:
    """Split ``local:100/vm-100-disk-0.raw,size=1G`` into its volume and options; ``file=``, ``volume=`` may lead."""
    volume, options = "", {}
    for part in value.split(","):
        key, equals, text = part.partition("=")
        if not equals:
            volume = key
        elif key in {"file", "volume"}:
            volume = text
        else:
            options[key] = text
    return volume, options


def join(volume: str, options: Mapping[str, str]) -> str:
    """Write a disk as PVE stores it: the volume, then the options in order of their names."""
    return ",".join([volume, *(f"{key}={value}" for key, value in sorted(options.items()))])


def volume_of(value: str) -> str | None:
    """Return the volume id of a disk; None for ``none``, a host device or a directory."""
    volume, _ = split(value)
    return volume if ":" in volume and not volume.startswith("/") else None


def is_cdrom(value: str) -> bool:
    """Return whether a drive is a CD-ROM."""
    volume, options = split(value)
    return options.get("media") == "cdrom" or volume in {"none", "cdrom"}


def disk_size(value: str) -> int:
    """Return the size in a disk's options, in bytes."""
    return parse_size(split(value)[1].get("size", "0")) or 0


def parse_size(text: str) -> int | None:
    """Read ``32G``; a bare number counts bytes (PVE::JSONSchema::parse_size); None for anything else."""
    found = _SIZE.fullmatch(text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else None


def format_size(size: int) -> str:
    """Write a size with the largest unit that divides it (PVE::JSONSchema::format_size)."""
    for unit in ("", "K", "M", "G"):
        if size % 1024:
            return f"{size}{unit}"
        size //= 1024
    return f"{size}T"


def boot_order(guest: Guest) -> list[str]:
    """Return the devices a VM boots from, in order."""
    text = str(guest.config.get("boot", ""))
    order = re.search(r"order=([^,]*)", text)
    if order:
        return [device for device in order[1].split(";") if device]
    return [key for key in sorted(guest.config) if is_drive(key) and key not in {"efidisk0", "tpmstate0"}]


def boot_disk(guest: Guest) -> str | None:
    """Return the key of the disk that gives a guest its size: the first bootable one, or the root."""
    if guest.kind == "lxc":
        return "rootfs" if "rootfs" in guest.config else None
    drives = (key for key in boot_order(guest) if is_drive(key) and key in guest.config)
    return next((key for key in drives if not is_cdrom(str(guest.config[key]))), None)


def volumes_of(guest: Guest) -> Iterator[tuple[str, str]]:
    """Yield key and volume id of everything a guest's current configuration holds, unused volumes included."""
    for key, value in guest.config.items():
        if is_disk(key, guest.kind) or is_unused(key):
            volume = volume_of(str(value))
            if volume is not None and not is_cdrom(str(value)):
                yield key, volume
