"""Who a guest is, apart from its number: the same vmid can be given to another guest.

A VM is its SMBIOS uuid, which PVE makes at creation and changes on clone; a container has none and is known by the
volume of its root file system and its MAC addresses.
"""

from __future__ import annotations

import re

from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.property_string import Disk, Nic, PropertyString

_NIC = re.compile(r"net\d+")


def identity(guest_type: str, config: JsonObject) -> str:
    """Return the identity of a guest of ``guest_type`` (qemu, lxc) as one text, for ``same_individual``."""
    if guest_type == "qemu":
        uuid = PropertyString.parse(text(config, "smbios1") or "").get("uuid")
        if uuid:
            return f"qemu uuid={uuid.lower()}"
    macs = sorted(
        mac.upper()
        for key in config
        if _NIC.fullmatch(key) and (mac := Nic.parse(text(config, key) or "").mac) is not None
    )
    rootfs = Disk.parse(text(config, "rootfs") or "").volume
    return f"{guest_type} rootfs={rootfs} macs={','.join(macs)}"


def same_individual(before: str, after: str) -> bool:
    """Say whether two identities are of one guest.

    A container that was moved to another storage keeps its MACs; one made anew under an old number gets the old
    volume's name and other MACs. Without MACs on one side the volume decides.
    """
    if before == after:
        return True
    old, new = _parts(before), _parts(after)
    if old.get("type") != new.get("type"):
        return False
    if "uuid" in old and "uuid" in new:
        return False
    old_macs, new_macs = _macs(old), _macs(new)
    if old_macs and new_macs:
        return bool(old_macs & new_macs)
    # A VM whose uuid was only just written, or taken out of its configuration, is still itself.
    return old.get("rootfs", "") == new.get("rootfs", "")


def _parts(identity: str) -> dict[str, str]:
    kind, _, rest = identity.partition(" ")
    return {"type": kind, **dict(part.partition("=")[::2] for part in rest.split(" "))}


def _macs(parts: dict[str, str]) -> set[str]:
    return {mac for mac in parts.get("macs", "").split(",") if mac}
