"""A guest's configuration explained: disks, network cards, boot order, cloud-init.

Pure functions of the object that ``GET …/config`` answers, for VMs and containers, PVE's keys and property strings.
Sizes are in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from proxmox_mpc.domain.guests import GuestType
from proxmox_mpc.domain.json import Json, JsonObject, boolean, integer, number, text
from proxmox_mpc.domain.property_string import Disk, Nic, PropertyString

MIB = 1024 * 1024
MASK = "***"

# The order in which a page shows disks: what boots first, what is left over last.
_BUSES = ("rootfs", "scsi", "virtio", "sata", "ide", "mp", "efidisk", "tpmstate", "unused")
_DISK = re.compile(r"(rootfs|scsi|virtio|sata|ide|mp|efidisk|tpmstate|unused)(\d*)")
NIC = re.compile(r"net(\d+)")
_IPCONFIG = re.compile(r"ipconfig(\d+)")
_CLOUDINIT = re.compile(r"vm-\d+-cloudinit(\.\w+)?$")
_FORMATS = ("qcow2", "raw", "vmdk", "qed", "qcow", "cloop", "subvol")
SECRETS = frozenset({"cipassword", "password"})

# Properties of a disk that have a column of their own, or that say nothing to a reader.
_OWN = frozenset({"file", "volume", "size", "media", "format", "mp"})
_WORDS = {
    "ssd=1": "SSD",
    "iothread=1": "I/O thread",
    "discard=on": "discard",
    "backup=0": "not backed up",
    "replicate=0": "not replicated",
    "ro=1": "read-only",
    "shared=1": "shared",
    "snapshot=1": "changes are lost at power-off",
    "pre-enrolled-keys=1": "secure boot keys enrolled",
    "acl=1": "ACLs",
    "quota=1": "quotas",
}
# Stated defaults; repeating them would hide what is set on purpose.
_SILENT = frozenset(
    {"iothread=0", "ssd=0", "discard=ignore", "backup=1", "replicate=1", "ro=0", "shared=0", "snapshot=0"}
)


def without_secrets(config: JsonObject) -> JsonObject:
    """Return the configuration with every password replaced; PVE masks them too, but not in every release."""
    return {key: MASK if key in SECRETS and value else value for key, value in config.items()}


def in_order(config: JsonObject) -> JsonObject:
    """Return the configuration with its keys in natural order (net2 before net10); PVE sends them at random."""
    return {key: config[key] for key in sorted(config, key=natural)}


def natural(key: str) -> tuple[str, int, str]:
    """Return a sort key by which net2 comes before net10."""
    head = key.rstrip("0123456789")
    return (head, int(key[len(head) :] or -1), key)


def strings(config: JsonObject, pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str], str]]:
    """Yield key, match and text of the keys that match, in natural order."""
    for key in sorted(config, key=natural):
        match = pattern.fullmatch(key)
        value = text(config, key)
        if match is not None and value is not None:
            yield key, match, value


def disks(config: JsonObject) -> list[JsonObject]:
    """Return a row for each drive, volume and unused volume: key, bus, what it holds, where it is, how it behaves."""
    found = [_disk(key, match[1], value) for key, match, value in strings(config, _DISK)]
    return sorted(found, key=lambda row: (_BUSES.index(str(row["bus"])), natural(str(row["key"]))))


def _disk(key: str, bus: str, value: str) -> JsonObject:
    disk = Disk.parse(value)
    flags: list[Json] = [*_disk_flags(disk.properties)]
    return {
        "key": key,
        "bus": bus,
        "media": _media(bus, disk),
        "storage": disk.storage,
        "volume": disk.volume if disk.volume not in ("", "none") else None,
        "size": disk.size,
        "format": _format(disk),
        "mount": "/" if bus == "rootfs" else disk.properties.get("mp"),
        "flags": flags,
    }


def _media(bus: str, disk: Disk) -> str:
    if disk.cdrom:
        return "cloud-init" if _CLOUDINIT.search(disk.volume) else "cdrom" if disk.volume != "none" else "cdrom (empty)"
    named = {
        "efidisk": "EFI variables",
        "tpmstate": "TPM state",
        "unused": "unused",
        "rootfs": "root",
        "mp": "mount point",
    }
    if bus in ("rootfs", "mp") and disk.storage is None:
        return "bind mount"
    return named.get(bus, "disk")


def _format(disk: Disk) -> str | None:
    """Return the stated format, else what the volume's name says; block storages name none and hold raw data."""
    ending = disk.volume.rpartition(".")[2]
    return disk.properties.get("format") or (ending if ending in _FORMATS else None)


def _disk_flags(properties: PropertyString) -> Iterator[str]:
    for key, value in properties:
        pair = f"{key}={value}"
        if key in _OWN or pair in _SILENT:
            continue
        # A container's flags may be written as on, yes or true as well.
        yield _WORDS.get(pair) or _WORDS.get(f"{key}={int(value in ('on', 'yes', 'true'))}") or f"{key} {value}"


def nics(config: JsonObject) -> list[JsonObject]:
    """Return a row for each network card; a container's carries its addresses, a VM's those that cloud-init sets."""
    return [_nic(config, key, match[1], value) for key, match, value in strings(config, NIC)]


def _nic(config: JsonObject, key: str, index: str, value: str) -> JsonObject:
    nic = Nic.parse(value)
    properties = nic.properties
    addresses = properties if nic.name else PropertyString.parse(text(config, f"ipconfig{index}") or "")
    raw: JsonObject = dict(properties)
    return {
        "key": key,
        "name": nic.name,
        "model": nic.model,
        "mac": nic.mac,
        "bridge": nic.bridge,
        "vlan": nic.tag,
        "trunks": properties.get("trunks"),
        "firewall": nic.firewall,
        "link": not nic.link_down,
        "rate": number(raw, "rate"),
        "mtu": integer(raw, "mtu"),
        "queues": integer(raw, "queues"),
        "ip": addresses.get("ip"),
        "gateway": addresses.get("gw"),
        "ip6": addresses.get("ip6"),
        "gateway6": addresses.get("gw6"),
    }


def ip_configs(config: JsonObject) -> list[JsonObject]:
    """Return a row for each of cloud-init's ``ipconfigN``."""
    rows: list[JsonObject] = []
    for _, match, value in strings(config, _IPCONFIG):
        read = PropertyString.parse(value)
        rows.append(
            {
                "nic": f"net{match[1]}",
                "ip": read.get("ip"),
                "gateway": read.get("gw"),
                "ip6": read.get("ip6"),
                "gateway6": read.get("gw6"),
            }
        )
    return rows


def boot_order(config: JsonObject) -> list[str]:
    """Return the devices in the order in which they are tried; knows ``order=`` and the letters of old releases."""
    value = text(config, "boot") or ""
    read = PropertyString.parse(value, "legacy")
    order = read.get("order")
    if order is not None:
        return [device for device in order.split(";") if device]
    disk = text(config, "bootdisk")
    letters = {"a": "floppy", "c": disk or "first disk", "d": "cdrom", "n": "network"}
    return [letters[letter] for letter in read.get("legacy") or "" if letter in letters]


def cpu(config: JsonObject, guest_type: GuestType) -> JsonObject:
    """Return how much processor the guest may use; ``total`` is null for a container that is not limited."""
    cores, sockets = integer(config, "cores"), integer(config, "sockets")
    is_vm = guest_type == "qemu"
    total = (cores or 1) * (sockets or 1) if is_vm else cores
    kind = PropertyString.parse(text(config, "cpu") or "", "cputype")
    flags: list[Json] = [*(kind.get("flags") or "").replace(";", " ").split()]
    return {
        "total": integer(config, "vcpus") or total if is_vm else total,
        "cores": (cores or 1) if is_vm else cores,
        "sockets": (sockets or 1) if is_vm else None,
        # qemu-server's default model, PVE/QemuServer/CPUConfig.pm
        "type": (kind.get("cputype") or "kvm64") if is_vm else None,
        "flags": flags,
        "limit": number(config, "cpulimit") or None,
        "units": integer(config, "cpuunits"),
        "affinity": text(config, "affinity"),
        "numa": boolean(config, "numa") if is_vm else None,
    }


def memory(config: JsonObject, guest_type: GuestType) -> JsonObject:
    """Return what memory the guest may use, in bytes; ``minimum`` is to what ballooning may shrink a VM."""
    # A VM's memory is a property string since qemu-server 8.0.8; both default to 512 MiB.
    written = PropertyString.parse(text(config, "memory") or "512", "current").get("current") or "512"
    maximum = integer({"value": written}, "value") or 512
    balloon = integer(config, "balloon")
    swap = integer(config, "swap")
    is_vm = guest_type == "qemu"
    return {
        "maximum": maximum * MIB,
        "minimum": (maximum if balloon is None else balloon or maximum) * MIB if is_vm else None,
        "ballooning": (balloon is None or balloon > 0) if is_vm else None,
        "swap": None if is_vm else (512 if swap is None else swap) * MIB,
        "hugepages": text(config, "hugepages"),
    }


def agent(config: JsonObject) -> JsonObject:
    """Return whether the guest agent is switched on, and its options: ``1``, ``enabled=1,fstrim_cloned_disks=1``."""
    read = PropertyString.parse(text(config, "agent") or "", "enabled")
    options: list[Json] = [f"{key}={value}" for key, value in read if key != "enabled"]
    return {"enabled": read.flag("enabled"), "options": options}


def cloud_init(config: JsonObject) -> JsonObject | None:
    """Return what cloud-init sets up, without the password; None for a VM that has none of it."""
    drive = next((row["key"] for row in disks(config) if row["media"] == "cloud-init"), None)
    settings = ("ciuser", "cipassword", "sshkeys", "cicustom", "citype", "ciupgrade")
    if drive is None and not any(key in config for key in settings) and not ip_configs(config):
        return None
    keys: list[Json] = [*ssh_keys(config)]
    addresses: list[Json] = [*ip_configs(config)]
    return {
        "drive": drive,
        "type": text(config, "citype"),
        "user": text(config, "ciuser"),
        "password_set": bool(config.get("cipassword")),
        "ssh_keys": keys,
        "upgrade": boolean(config, "ciupgrade", default=True),
        "nameserver": text(config, "nameserver"),
        "searchdomain": text(config, "searchdomain"),
        "custom": text(config, "cicustom"),
        "addresses": addresses,
    }


def ssh_keys(config: JsonObject) -> list[str]:
    """Return type and comment of each public key; PVE keeps them percent-encoded, one a line."""
    lines = unquote(text(config, "sshkeys") or "").splitlines()
    return [_short_key(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _short_key(line: str) -> str:
    kind, _, rest = line.strip().partition(" ")
    body, _, comment = rest.strip().partition(" ")
    return f"{kind} {comment.strip()}" if comment.strip() else f"{kind} …{body[-8:]}"


def created(config: JsonObject) -> int | None:
    """Return when the guest was created (``meta``), in epoch seconds."""
    found = PropertyString.parse(text(config, "meta") or "").get("ctime")
    return integer({"value": found}, "value") if found else None


def uuid(config: JsonObject) -> str | None:
    """Return a VM's SMBIOS UUID, which stays with it when its id changes."""
    return PropertyString.parse(text(config, "smbios1") or "").get("uuid")


def startup(config: JsonObject) -> JsonObject:
    """Return when the node starts the guest: order, and the seconds to wait after starting and stopping it."""
    read: JsonObject = dict(PropertyString.parse(text(config, "startup") or "", "order"))
    return {
        "onboot": boolean(config, "onboot"),
        "order": integer(read, "order"),
        "up_delay": integer(read, "up"),
        "down_delay": integer(read, "down"),
    }


_EXPLAINED = re.compile(
    "digest|name|hostname|description|tags|lock|protection|onboot|startup|template|ostype|arch|machine|bios|scsihw|boot"
    "|bootdisk|agent|cores|sockets|vcpus|cpu|cpulimit|cpuunits|affinity|numa|memory|balloon|swap|hugepages|ciuser"
    "|cipassword|sshkeys|cicustom|citype|ciupgrade|nameserver|searchdomain|smbios1|vmgenid|meta|parent|snapstate|unprivileged"
    "|features"
)


def further(config: JsonObject) -> JsonObject:
    """Return what no other function here explains (PCI and USB devices, serial ports, arguments, …), as PVE has it."""
    return {
        key: value
        for key, value in in_order(without_secrets(config)).items()
        if not any(pattern.fullmatch(key) for pattern in (_EXPLAINED, _DISK, NIC, _IPCONFIG))
    }
