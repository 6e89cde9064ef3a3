"""What an unset key of a guest means: PVE's defaults, and values compared without them.

``onboot: 0`` and no ``onboot`` are the same guest, and so are ``firewall=0`` and a network card that does not say.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from proxmox_mpc.domain.config_rules import Rules, meaning
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.domain.vm_keys import vm_rules

# What PVE's API schema states (PVE 9), numbered keys without their number; formats as property strings. Defaults that
# depend on the host (cpuunits) or that only the call has (start, storage) are no meaning of an unset key.
STATED: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        "vm": {
            "acpi": "1",
            "agent": "enabled=0,freeze-fs=1,fstrim_cloned_disks=0,type=virtio",
            "allow-ksm": "1",
            "audio": "driver=spice",
            "autostart": "0",
            "bios": "seabios",
            "ciupgrade": "1",
            "cores": "1",
            "cpulimit": "0",
            "efidisk": "efitype=2m,ms-cert=2011,pre-enrolled-keys=0",
            "hotplug": "network,disk,usb",
            "ide": "media=disk,replicate=1,shared=0",
            "keephugepages": "0",
            "kvm": "1",
            "memory": "current=512",
            "migrate_downtime": "0.1",
            "migrate_speed": "0",
            "numa": "0",
            "onboot": "0",
            "ostype": "other",
            "protection": "0",
            "reboot": "1",
            "sata": "media=disk,replicate=1,shared=0",
            "scsi": "media=disk,replicate=1,scsiblock=0,shared=0",
            "scsihw": "lsi",
            "shares": "1000",
            "smp": "1",
            "sockets": "1",
            "spice_enhancements": "foldersharing=0,videostreaming=off",
            "startdate": "now",
            "tablet": "1",
            "tdf": "0",
            "template": "0",
            "tpmstate": "version=v1.2",
            "usb": "usb3=0",
            "vcpus": "0",
            "vga": "type=std",
            "virtio": "media=disk,replicate=1,shared=0",
            "virtiofs": "cache=auto,direct-io=0,expose-acl=0,expose-xattr=0",
        },
        "ct": {
            "arch": "amd64",
            "cmode": "tty",
            "console": "1",
            "cpulimit": "0",
            "debug": "0",
            "dev": "deny-write=0",
            "entrypoint": "/sbin/init",
            "features": "force_rw_sys=0,fuse=0,keyctl=0,mknod=0,nesting=0",
            "memory": "512",
            "mp": "keepattrs=0,replicate=1,shared=0",
            "onboot": "0",
            "protection": "0",
            "rootfs": "replicate=1,shared=0",
            "swap": "512",
            "template": "0",
            "tty": "2",
            "unprivileged": "0",
        },
    }
)
_DRIVE = "backup=1,discard=ignore,snapshot=0"
# What the code does where the schema states nothing (PVE/QemuServer.pm, QemuServer/Drive.pm, LXC/Config.pm).
IMPLIED: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        "vm": {
            "cpu": "cputype=kvm64,hidden=0",
            "freeze": "0",
            "hostpci": "legacy-igd=0,pcie=0,rombar=1,x-vga=0",
            "ide": f"{_DRIVE},ssd=0",
            "net": "firewall=0,link_down=0",
            "sata": f"{_DRIVE},ssd=0",
            "scsi": f"{_DRIVE},iothread=0,ro=0,ssd=0",
            "virtio": f"{_DRIVE},iothread=0,ro=0",
        },
        "ct": {
            "mp": "backup=0,quota=0,ro=0",
            "net": "firewall=0,link_down=0,type=veth",
            "rootfs": "quota=0,ro=0",
        },
    }
)


def rules_of(kind: Kind) -> Rules:
    """Return the rules of a kind's keys."""
    return vm_rules() if kind == "vm" else ct_rules()


def meant(kind: Kind, key: str, value: str | None) -> object:
    """Return what a value means, comparable by ``==``: spelling aside, and without what PVE does anyway.

    None for an unset key, and for one that says no more than an unset one would.
    """
    if not value:
        return None
    found = _meaning(kind, key, value)
    usual = _usual(kind, key.rstrip("0123456789"))
    if isinstance(found, dict):
        said = usual if isinstance(usual, dict) else {}
        # An empty property is what an order of nothing looks like: no order at all.
        left = {name: one for name, one in found.items() if one != "" and (name not in said or said[name] != one)}
        return left or None
    return None if found in (usual, "", (), frozenset()) else found


def properties(kind: Kind, key: str, value: str) -> dict[str, object]:
    """Return what the properties of a property string mean, without PVE's defaults."""
    found = meant(kind, key, value)
    return {**found} if isinstance(found, dict) else {}


@cache
def _usual(kind: Kind, stem: str) -> object:
    texts = [table[kind][stem] for table in (STATED, IMPLIED) if stem in table[kind]]
    if not texts:
        return None
    key = stem if rules_of(kind).find(stem) or not rules_of(kind).find(f"{stem}0") else f"{stem}0"
    return _meaning(kind, key, ",".join(texts))


def _meaning(kind: Kind, key: str, value: str) -> object:
    found = meaning(rules_of(kind), key, value)
    if key == "hotplug":
        every = STATED["vm"]["hotplug"]
        return frozenset(part for part in (every if value == "1" else value).split(",") if part)
    if key == "smbios1" and isinstance(found, dict):
        return _smbios(found)
    return found


def _smbios(found: dict[str, object]) -> dict[str, object]:
    """Return the fields in clear, without the uuid, which is the identity of a VM and none of its settings."""
    coded = found.get("base64") is True
    fields = {name: text for name, text in found.items() if name not in ("uuid", "base64")}
    return {name: _decoded(str(text)) if coded else text for name, text in fields.items()}


def _decoded(written: str) -> str:
    try:
        return base64.b64decode(written, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return written
