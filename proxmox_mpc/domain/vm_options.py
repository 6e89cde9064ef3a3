"""What people say about a virtual machine, turned into PVE's configuration keys and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.config_rules import Plain, checked
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.sizes import parse_size, whole
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import UsageError

GIB = 1 << 30
BUSES: Mapping[str, int] = {"scsi": 31, "virtio": 16, "sata": 6, "ide": 4}
NICS = 32
DEFAULT_BUS = "scsi"
_WRITTEN_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[KMGTPE]i?B?|B)?", re.IGNORECASE | re.ASCII)
# What people call the properties of a network card, and what PVE calls them.
_NIC_WORDS = {"vlan": "tag", "mac": "macaddr", "queue": "queues"}


class VmOptions(NamedTuple):
    """The options of ``vm create`` and ``vm set``; None and empty say nothing.

    ``memory`` and ``balloon`` are sizes (bare: MiB), ``disks`` ``STORAGE:SIZE[,opts]`` (bare: GiB), ``nics``
    ``BRIDGE[,opts]``, ``keys`` the text of public keys, ``settings`` PVE's own keys and values.
    """

    name: str | None = None
    cores: int | None = None
    sockets: int | None = None
    cpu: str | None = None
    memory: str | None = None
    balloon: str | None = None
    disks: Sequence[str] = ()
    nics: Sequence[str] = ()
    iso: str | None = None
    boot: str | None = None
    machine: str | None = None
    bios: str | None = None
    efi: str | None = None
    tpm: str | None = None
    ostype: str | None = None
    agent: bool | None = None
    onboot: bool | None = None
    protection: bool | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    cloudinit: str | None = None
    ciuser: str | None = None
    password: Secret | None = None
    keys: str | None = None
    ipconfigs: Sequence[str] = ()
    nameserver: str | None = None
    searchdomain: str | None = None
    settings: Mapping[str, str] = {}


def pairs(words: Iterable[str], option: str = "--set") -> dict[str, str]:
    """Read ``KEY=VALUE`` words; raises UsageError for one without ``=``, one given twice, and for secrets in clear."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{option}: {word[:60]!r} is no KEY=VALUE", hint=f"as in {option} cores=4")
        if key in found:
            raise UsageError(f"{option}: {key} is given twice")
        if key == "cipassword":
            raise UsageError(
                f"{option}: a password is not given on the command line, which others can read",
                hint="use --password-from env:VARIABLE, file:PATH, command:COMMAND or ask",
            )
        found[key] = value
    return found


def keys_of(options: VmOptions, used: Iterable[str] = (), where: str = "--set") -> dict[str, FormValue]:
    """Return PVE's keys for the options; ``used`` are keys that the VM has already, which new disks and cards leave.

    Raises UsageError where a value cannot be used, or an option and --set name the same key.
    """
    found: dict[str, FormValue] = {}
    _plain_keys(options, found)
    taken = {*used, *options.settings}
    if options.efi is not None:
        found["efidisk0"] = _small_disk(options.efi, "--efi", "efitype=4m,pre-enrolled-keys=1")
    if options.tpm is not None:
        found["tpmstate0"] = _small_disk(options.tpm, "--tpm", "version=v2.0")
    for written in options.disks:
        key, value = new_disk(written, {*taken, *found})
        found[key] = value
    for number, written in enumerate(options.nics):
        found[f"net{number}"] = new_nic(written)
    if options.iso is not None:
        found["ide2"] = f"{options.iso},media=cdrom"
    if options.cloudinit is not None:
        found[_free_key("ide", {*taken, *found}, prefer="ide2")] = f"{options.cloudinit}:cloudinit"
    for key, text in options.settings.items():
        if key in found:
            raise UsageError(f"{key} is said twice: by --set and by an option of its own")
        found[key] = text
    rules = vm_rules()
    return {key: checked(rules, key, str(value), where) if isinstance(value, (str, int, float)) else value
            for key, value in found.items()}  # fmt: skip


def _plain_keys(options: VmOptions, found: dict[str, FormValue]) -> None:
    """Add the keys that hold one value each."""
    same: dict[str, Plain | None] = {
        "name": options.name, "cores": options.cores, "sockets": options.sockets, "cpu": options.cpu,
        "boot": options.boot if options.boot is None or "=" in options.boot else f"order={_devices(options.boot)}",
        "machine": options.machine, "bios": options.bios, "ostype": options.ostype, "ciuser": options.ciuser,
        "description": options.description, "nameserver": options.nameserver, "searchdomain": options.searchdomain,
    }  # fmt: skip
    found |= {key: value for key, value in same.items() if value is not None}
    for key, flag in (("agent", options.agent), ("onboot", options.onboot), ("protection", options.protection)):
        if flag is not None:
            found[key] = int(flag)
    for key, size in (("memory", options.memory), ("balloon", options.balloon)):
        if size is not None:
            found[key] = whole(parse_size(size, "M"), "M", f"--{key}")
    if options.tags:
        found["tags"] = ";".join(options.tags)
    if options.password is not None:
        found["cipassword"] = options.password
    if options.keys is not None:
        found["sshkeys"] = encoded_keys(options.keys)
    for number, written in enumerate(options.ipconfigs):
        found[f"ipconfig{number}"] = address(written)


def _devices(written: str) -> str:
    return ";".join(split_list(written))


def _small_disk(storage: str, option: str, opts: str) -> str:
    """Return the setting of a disk whose size PVE knows itself: ``STORAGE`` or ``STORAGE,opts``."""
    name, _, own = storage.partition(",")
    if ":" in name:
        raise UsageError(f"{option}: {name!r} must be a storage's name", hint=f"as in {option} local-lvm")
    return f"{name}:1,{own or opts}"


def address(written: str) -> str:
    """Return an ``ipconfigN``: ``dhcp`` is short for ``ip=dhcp``, ``10.0.0.5/24`` for ``ip=10.0.0.5/24``."""
    first, comma, rest = written.partition(",")
    if "=" not in first:
        first = f"ip6={first}" if ":" in first else f"ip={first}"
    return f"{first}{comma}{rest}"


def encoded_keys(text: str) -> str:
    """Return public keys percent-encoded as PVE takes them (``%20``, not ``+``); raises UsageError for others."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise UsageError("the file of SSH keys holds no key")
    for line in lines:
        if "PRIVATE KEY" in line:
            raise UsageError("the file holds a private key", hint="name the public one, which ends in .pub")
        if len(line.split()) < 2 or not line.isprintable():
            raise UsageError(f"{line[:30]!r} is no public SSH key", hint="as in: ssh-ed25519 AAAA… me@host")
    return quote("\n".join(lines) + "\n", safe="")


def new_disk(written: str, used: Iterable[str]) -> tuple[str, str]:
    """Return key and setting for ``[KEY=]STORAGE:SIZE[,opts]``; ``bus=virtio`` chooses the bus, sizes are GiB.

    A volume that exists (``local:100/vm-100-disk-1.qcow2``) and ``STORAGE:0,import-from=…`` go through unchanged.
    """
    taken = {*used}
    first, comma, rest = written.partition(",")
    key, equals, place = first.partition("=")
    if not equals:
        key, place = "", first
    read = PropertyString.parse(rest)
    bus = read.get("bus") or DEFAULT_BUS
    if bus not in BUSES:
        raise UsageError(f"--disk: there is no bus {bus!r}", hint=f"one of {', '.join(BUSES)}")
    opts = str(read.without("bus"))
    if key and vm_rules().find(key) is None:
        raise UsageError(f"--disk: {key!r} is no disk of a VM", hint="as in scsi1 or virtio0")
    if key in taken:
        raise UsageError(f"--disk: {key} is in use already")
    return key or _free_key(bus, taken), f"{_volume(place)}{comma if opts else ''}{opts}"


def _volume(place: str) -> str:
    storage, colon, size = place.partition(":")
    if not colon or not storage or not size:
        raise UsageError(f"--disk: {place[:60]!r} is no STORAGE:SIZE", hint="as in local-lvm:32 or local-lvm:512M")
    if not _WRITTEN_SIZE.fullmatch(size):
        return place
    return f"{storage}:{gibibytes(size)}"


def gibibytes(size: str) -> str:
    """Return a size as PVE writes that of a new disk: a number of GiB, with a fraction where need be."""
    count, rest = divmod(parse_size(size, "G"), GIB)
    return str(count) if not rest else f"{count + rest / GIB:.6f}".rstrip("0")


def _free_key(bus: str, taken: set[str], prefer: str = "") -> str:
    if prefer and prefer not in taken:
        return prefer
    for number in range(BUSES[bus]):
        if f"{bus}{number}" not in taken:
            return f"{bus}{number}"
    raise UsageError(f"no {bus} disk is free: a VM has {BUSES[bus]}", hint="use another bus, as in bus=virtio")


def free_nic(used: Iterable[str]) -> str:
    """Return the first network card that is not in use."""
    taken = {*used}
    for number in range(NICS):
        if f"net{number}" not in taken:
            return f"net{number}"
    raise UsageError(f"no network card is free: a VM has {NICS}")


def new_nic(written: str) -> str:
    """Return the setting for ``BRIDGE[,vlan=20,model=e1000,mac=…,link=down]``; the model is virtio if not said."""
    bridge, _, rest = written.partition(",")
    if "=" in bridge or not bridge:
        raise UsageError(f"--nic: {written[:60]!r} names no bridge", hint="as in vmbr0,vlan=20,firewall=1")
    read = nic_words(rest)
    model, mac = read.get("model") or "virtio", read.get("macaddr")
    head = f"{model}={mac}" if mac else model
    opts = str(read.without("model", "macaddr"))
    return f"{head},bridge={bridge}" + (f",{opts}" if opts else "")


def nic_words(written: str) -> PropertyString:
    """Return properties of a network card with people's words (vlan, mac, link=down) turned into PVE's."""
    items: list[tuple[str | None, str]] = []
    for key, value in PropertyString.parse(written).items:
        if key is None:
            raise UsageError(f"--nic: {value[:60]!r} is no PROPERTY=VALUE", hint="as in vlan=20,firewall=1")
        if key == "link":
            if value not in ("up", "down"):
                raise UsageError(f"--nic: link={value[:20]} is neither up nor down")
            items.append(("link_down", str(int(value == "down"))))
        else:
            items.append((_NIC_WORDS.get(key, key), value))
    return PropertyString(tuple(items))
