"""With which keys a new virtual machine begins: defaults, those of a file, options, what an image needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.property_string import Disk, Nic
from proxmox_mpc.domain.vm_options import VmOptions, keys_of
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services.vm_config import DRIVE
from proxmox_mpc.services.vm_image import Image
from proxmox_mpc.services.vm_place import Needs

_OWNED = re.compile(r"(?:vm|base)-(\d+)-")
# What the web interface starts from; PVE's own defaults are of 2008 (kvm64, 512 MiB, LSI).
DEFAULTS: Mapping[str, FormValue] = {
    "cpu": "x86-64-v2-AES",
    "memory": 2048,
    "ostype": "l26",
    "scsihw": "virtio-scsi-single",
}
_LEFT_OUT = frozenset({"digest", "meta", "vmgenid", "smbios1", "parent", "lock", "template", "snaptime", "snapstate"})


class NewVm(NamedTuple):
    """What to create; ``image`` is a volume or a web address, ``storage`` where its disk and cloud-init's go.

    ``base`` are keys that stand in a file, which options replace. ``ha``: managed by high availability.
    """

    options: VmOptions
    vmid: int | None = None
    node: str | None = None
    pool: str | None = None
    base: Mapping[str, str] = {}
    image: str | None = None
    image_storage: str | None = None
    checksum: str | None = None
    disk_size: str | None = None
    storage: str | None = None
    ha: bool = False
    start: bool = False
    if_missing: bool = False


def name_in(sets: Mapping[str, FormValue]) -> str | None:
    name = sets.get("name")
    return name if isinstance(name, str) else None


def keys_for(new: NewVm) -> dict[str, FormValue]:
    """Return the keys to create with: defaults, what a file says, and the options above both."""
    base = base_keys(new.base)
    used = {*base, *(["scsi0", "ide2"] if new.image is not None else [])}
    own = keys_of(new.options, used)
    sets = {**DEFAULTS, **base, **own}
    if sets.get("bios") == "ovmf" and "efidisk0" not in sets:
        raise UsageError("--bios ovmf needs a disk for its variables", hint="say --efi STORAGE")
    if "efidisk0" in sets and "bios" not in sets:
        sets["bios"] = "ovmf"
    if "boot" not in sets and (order := _boot_order(sets)):
        sets["boot"] = f"order={order}"
    return sets


def base_keys(base: Mapping[str, str]) -> dict[str, FormValue]:
    """Return the keys of a file that a new VM can take: what belongs to another VM's life is left out.

    Raises UsageError for a disk that is another VM's.
    """
    kept = {key: value for key, value in base.items() if key not in _LEFT_OUT and not key.startswith("unused")}
    if not kept.get("cipassword", "x").strip("*"):
        del kept["cipassword"]  # a configuration that was read has stars in its place
    for key, value in kept.items():
        disk = Disk.parse(value) if DRIVE.fullmatch(key) else None
        if disk is not None and disk.name is not None and _OWNED.search(disk.name):
            raise UsageError(
                f"{key}: {disk.volume} is the disk of a VM that exists",
                hint=f"for a new disk write its size: {key}: {disk.storage}:32",
                details={"key": key},
            )
    return keys_of(VmOptions(settings=kept), where="--from")


def _boot_order(sets: Mapping[str, FormValue]) -> str:
    """Return what to boot from: the first disk, then drives with a disc, then the first network card."""
    drives = [key for key in sets if DRIVE.fullmatch(key) and not key.startswith(("efidisk", "tpmstate"))]
    discs = [key for key in drives if "media=cdrom" in str(sets[key])]
    plain = [key for key in drives if key not in discs and not str(sets[key]).endswith(":cloudinit")]
    cards = sorted(key for key in sets if NIC.fullmatch(key))
    return ";".join([*plain[:1], *discs, *cards[:1]])


def needs_of(sets: Mapping[str, FormValue], new: NewVm) -> Needs:
    """Return what the node must have: the storages of new disks, the bridges of network cards."""
    storages = {("images", new.storage)} if new.image is not None and new.storage else set()
    bridges: set[str] = set()
    for key, value in sets.items():
        if not isinstance(value, str):
            continue
        if DRIVE.fullmatch(key):
            disk = Disk.parse(value)
            if disk.storage is not None:
                storages.add(("iso" if "iso/" in disk.volume else "images", disk.storage))
        elif NIC.fullmatch(key) and (bridge := Nic.parse(value).bridge):
            bridges.add(bridge)
    return Needs(frozenset((name, content) for content, name in storages), frozenset(bridges))


def with_image(sets: Mapping[str, FormValue], new: NewVm, image: Image) -> dict[str, FormValue]:
    """Return the keys with the image as first disk, a cloud-init drive, and what cloud images count on.

    They write to a serial port, run the guest agent where they have it, and get their address from cloud-init.
    """
    made = {**sets, "scsi0": f"{new.storage}:0,import-from={image.volume}"}
    if not any(isinstance(value, str) and value.endswith(":cloudinit") for value in sets.values()):
        made["ide2"] = f"{new.storage}:cloudinit"
    cards = sorted(key for key in sets if NIC.fullmatch(key))
    if "boot" not in new.base and new.options.boot is None and "boot" not in new.options.settings:
        made["boot"] = ";".join(["order=scsi0", *cards[:1]])
    made.setdefault("serial0", "socket")
    made.setdefault("agent", 1)
    if cards:
        made.setdefault(f"ipconfig{cards[0][3:]}", "ip=dhcp")
    return made
