"""A guest as a manifest writes it: PVE's keys in PVE's text forms, and when a live value is what was declared.

PVE makes parts of a value itself: the MAC of a network card, the volume of a new disk, its size. What a manifest does
not say of them, the cluster may choose; what it says must be so.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

from proxmox_mpc.domain.ct_keys import FIXED
from proxmox_mpc.domain.guest_config import NIC, SECRETS, natural
from proxmox_mpc.domain.guest_defaults import meant, properties
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.property_string import Disk, PropertyString
from proxmox_mpc.domain.sizes import unit_bytes

TRACKABLE = ("node", "status")
"""What high availability and people change all the time: compared only where a manifest asks for it."""
DISK = re.compile(r"rootfs|(?:scsi|virtio|sata|ide|efidisk|tpmstate|mp)\d+")
NO_ORDER = "order="
"""The boot order of a VM that lost all it booted from: PVE writes it, and takes it from nobody."""
FIXED_SIZE = re.compile(r"(?:efidisk|tpmstate)\d+")
"""Disks whose size PVE alone decides."""
_OWN = re.compile(r"(?:.*/)?(?:vm|base|subvol|basevol)-(\d+)-disk-\d+(?:\.(\w+))?")
_CLOUDINIT = re.compile(r"(?:.*/)?vm-(\d+)-cloudinit(?:\.\w+)?")
_MADE_ORDER = re.compile(r"order=(?:(?:scsi|virtio|sata|ide)\d+(?:;|$)){0,2}(?:net\d+)?")
_NEW = re.compile(r"\d+(?:\.\d+)?")
# What PVE keeps for itself, what says how the guest runs just now, and what no answer of PVE holds in clear.
_NOT_DECLARED = frozenset({"digest", "lock", "meta", "vmgenid", "parent", "snaptime", "snapstate", "vmstate"}) | SECRETS
# Keys that only creation takes, or that no answer shows: a live guest never contradicts them.
ONLY_DECLARED = frozenset({"ostemplate"}) | SECRETS
# Storages round sizes up to their own units; LVM's are the largest.
_ROUNDING = 4 * unit_bytes("M")
_KIB = unit_bytes("K")


def declared_form(
    kind: Kind, config: JsonObject, row: JsonObject, track: Collection[str] = TRACKABLE
) -> dict[str, str]:
    """Return a live guest as a manifest's keys, in natural order, with ``node``, ``pool`` and ``status`` after them.

    ``config`` is its configuration, ``row`` its row of /cluster/resources. ``node`` and ``status`` (running or stopped;
    not there while it is unknown) are given where ``track`` names them.
    """
    found: dict[str, str] = {}
    for key in sorted(config, key=natural):
        value = text(config, key)
        if value is None or key in _NOT_DECLARED or key.startswith(("running", "unused")):
            continue
        written = _declared_value(key, value)
        if written:
            found[key] = written
    if kind == "ct" and config:
        found.setdefault("unprivileged", "0")  # a new container is made unprivileged where nothing is said
    for key in ("node", "pool"):
        if (key == "pool" or key in track) and (value := text(row, key)):
            found[key] = value
    status = text(row, "status")
    if "status" in track and status not in (None, "unknown"):
        found["status"] = "stopped" if status == "stopped" else "running"
    return found


def _declared_value(key: str, value: str) -> str:
    if key == "smbios1":
        left = PropertyString.parse(value).without("uuid")
        return str(left) if {name for name, _ in left} - {"base64"} else ""
    if value == NO_ORDER:
        return ""
    return value.rstrip("\n") if key == "description" else value


def same(kind: Kind, key: str, declared: str | None, live: str | None) -> bool:
    """Return whether the live value is what the declared one asks for; None stands for a key that is not set.

    Spelling and PVE's defaults make no difference, nor does what the declared value leaves to PVE. Volumes of the
    guest's own on one storage are interchangeable where they have the size that is declared: their names are PVE's.
    """
    if key in ONLY_DECLARED or equal(kind, key, declared, live):
        return True
    if declared in (None, "", NO_ORDER) and live and _made_by_pve(kind, key, live):
        return True
    if declared and live and DISK.fullmatch(key):
        return _same_disk(kind, key, declared, live)
    if declared and live and NIC.fullmatch(key):
        return _same_card(kind, key, declared, live)
    return False


def equal(kind: Kind, key: str, one: str | None, other: str | None) -> bool:
    """Return whether two values mean the same, whoever wrote them: volumes, sizes and MACs included."""
    return one == other or meant(kind, key, one) == meant(kind, key, other)


def merged_value(kind: Kind, key: str, declared: str, live: str) -> str:
    """Return the declared value with what PVE made of it (MAC, uuid, volume, size), as a change of it must be sent."""
    if key == "smbios1":
        uuid = PropertyString.parse(live).get("uuid")
        said = PropertyString.parse(declared).get("uuid")
        return declared if uuid is None or said else f"uuid={uuid},{declared}"
    if DISK.fullmatch(key):
        return _merged_disk(kind, key, declared, live)
    if NIC.fullmatch(key):
        return _merged_card(kind, declared, live)
    return declared


def _made_by_pve(kind: Kind, key: str, live: str) -> bool:
    """Return whether PVE gives a key such a value when a guest is made without it."""
    if kind == "ct":
        return key in FIXED or (key == "hostname" and re.fullmatch(r"CT\d+", live) is not None)
    # The first disk, the first disc, the first network card, in this order (get_default_bootdevices).
    return (
        key == "boot"
        and re.fullmatch(r"order=(?:(?:scsi|virtio|sata|ide)\d+(?:;|$)){0,2}(?:net\d+)?", live) is not None
    )


class Volume(NamedTuple):
    """What a disk's value names. ``new`` is made at once (``local-lvm:32``), ``own`` was made by PVE for ``owner``.

    ``form`` is its format where its name or the value tells, ``size`` in bytes where the value tells.
    """

    what: Literal["new", "own", "cloudinit", "other"]
    storage: str | None
    owner: int | None
    form: str | None
    size: int | None
    text: str


def volume(value: str) -> Volume:
    """Read the volume of a VM's drive or a container's mount."""
    disk = Disk.parse(value)
    name, form = disk.name or "", disk.properties.get("format")
    if disk.storage is None:
        return Volume("other", None, None, None, None, disk.volume)
    if _NEW.fullmatch(name):
        gib = int(float(name) * unit_bytes("G"))
        size = None if disk.properties.get("import-from") else disk.size or gib
        return Volume("new", disk.storage, None, form, size, disk.volume)
    if name == "cloudinit":
        return Volume("cloudinit", disk.storage, None, None, None, disk.volume)
    if found := _CLOUDINIT.fullmatch(name):
        return Volume("cloudinit", disk.storage, int(found[1]), None, None, disk.volume)
    if found := _OWN.fullmatch(name):
        return Volume("own", disk.storage, int(found[1]), form or found[2], disk.size, disk.volume)
    return Volume("other", disk.storage, None, None, None if disk.cdrom else disk.size, disk.volume)


def same_size(declared: int | None, live: int | None) -> bool:
    """Return whether a volume has the size that was asked for, give or take what PVE (KiB) and its storage round."""
    return declared is None or live is None or -_KIB <= live - declared < _ROUNDING


def _same_disk(kind: Kind, key: str, declared: str, live: str) -> bool:
    return _same_volume(key, volume(declared), volume(live)) and same_options(kind, key, declared, live)


def _same_volume(key: str, declared: Volume, live: Volume) -> bool:
    if not same_place(declared, live):
        return False
    return FIXED_SIZE.fullmatch(key) is not None or same_size(declared.size, live.size)


def same_place(declared: Volume, live: Volume) -> bool:
    """Return whether a volume is where, and in the format in which, the declared one asks for it."""
    if declared.text == live.text:
        return True
    kinds = {declared.what, live.what}
    if not kinds <= {"new", "own"} and kinds != {"cloudinit"}:
        return False
    owners, forms = {declared.owner, live.owner} - {None}, {declared.form, live.form} - {None}
    return declared.storage == live.storage and len(owners) < 2 and len(forms) < 2


def same_options(kind: Kind, key: str, declared: str, live: str) -> bool:
    """Return whether two disks are alike apart from their volumes."""
    one, other = _options(kind, key, declared), _options(kind, key, live)
    if "ms-cert" not in one:
        other.pop("ms-cert", None)  # PVE notes which of Microsoft's keys it enrolled
    return one == other


def _options(kind: Kind, key: str, value: str) -> dict[str, object]:
    found = properties(kind, key, value)
    for name in ("file", "volume", "size", "format", "import-from"):
        found.pop(name, None)
    if volume(value).what == "cloudinit":
        found.pop("media", None)
    return found


def _same_card(kind: Kind, key: str, declared: str, live: str) -> bool:
    one, other = properties(kind, key, declared), properties(kind, key, live)
    for name in ("macaddr", "hwaddr"):
        if name not in one:
            other.pop(name, None)
    return one == other


def _merged_disk(kind: Kind, key: str, declared: str, live: str) -> str:
    one, other = volume(declared), volume(live)
    there = Disk.parse(live)
    if other.what == "new" or one.what == "other" or not same_place(one, other):
        return declared
    rest = Disk.parse(declared).properties.without("file", "volume", "size", "format", "import-from", "media")
    kept = ((name, there.properties.get(name)) for name in ("media", "size"))
    parts = [there.volume, str(rest), *(f"{name}={text}" for name, text in kept if text is not None)]
    return ",".join(part for part in parts if part)


def _merged_card(kind: Kind, declared: str, live: str) -> str:
    one, other = properties(kind, "net0", declared), properties(kind, "net0", live)
    name = "macaddr" if kind == "vm" else "hwaddr"
    mac = other.get(name)
    if name in one or not isinstance(mac, str):
        return declared
    if kind == "ct":
        return f"{declared},hwaddr={mac}"
    model = one.get("model")
    rest = PropertyString.parse(declared, "model").without("model")
    return ",".join(part for part in (f"{model}={mac}", str(rest)) if part)
