"""What people say about a container, turned into PVE's configuration keys and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.config_rules import Plain, checked
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.sizes import parse_size, whole
from proxmox_mpc.domain.vm_options import gibibytes, nic_words
from proxmox_mpc.errors import UsageError

VOLUMES = 256
NICS = 32
_WRITTEN_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[KMGTPE]i?B?|B)?", re.IGNORECASE | re.ASCII)
_IN_CLEAR = frozenset({"password"})


class CtOptions(NamedTuple):
    """The options of ``ct create`` and ``ct set``; None and empty say nothing.

    ``memory`` and ``swap`` are sizes (bare: MiB), ``rootfs`` and ``mounts`` ``STORAGE:SIZE[,opts]`` (bare: GiB), a
    mount with ``mp=/path``; ``nics`` ``BRIDGE[,opts]``; ``settings`` PVE's own keys and values.
    """

    hostname: str | None = None
    cores: int | None = None
    cpulimit: float | None = None
    cpuunits: int | None = None
    memory: str | None = None
    swap: str | None = None
    rootfs: str | None = None
    mounts: Sequence[str] = ()
    nics: Sequence[str] = ()
    features: str | None = None
    nesting: bool | None = None
    unprivileged: bool | None = None
    onboot: bool | None = None
    protection: bool | None = None
    ostype: str | None = None
    timezone: str | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    nameserver: str | None = None
    searchdomain: str | None = None
    settings: Mapping[str, str] = {}


def keys_of(options: CtOptions, config: Mapping[str, object] | None = None) -> dict[str, FormValue]:
    """Return PVE's keys for the options; ``config`` is what the container has already.

    Raises UsageError where a value cannot be used, or an option and --set name the same key.
    """
    known = config or {}
    found: dict[str, FormValue] = {}
    _plain_keys(options, found)
    _features(options, known, found)
    if options.rootfs is not None:
        found["rootfs"] = volume(options.rootfs, "--rootfs")
    taken = {*known, *options.settings}
    for written in options.mounts:
        key, value = new_mount(written, {*taken, *found})
        found[key] = value
    for written in options.nics:
        key = free_key("net", NICS, {*taken, *found})
        found[key] = new_nic(written, key)
    for key, text in options.settings.items():
        if key in found:
            raise UsageError(f"{key} is said twice: by --set and by an option of its own")
        if key in _IN_CLEAR:
            raise UsageError(
                f"--set: {key} is not given on the command line, which others can read",
                hint="use --password-from env:VARIABLE, file:PATH, command:COMMAND or ask",
            )
        found[key] = text
    rules = ct_rules()
    return {
        key: checked(rules, key, str(value)) if isinstance(value, (str, int, float)) else value
        for key, value in found.items()
    }


def _plain_keys(options: CtOptions, found: dict[str, FormValue]) -> None:
    same: dict[str, Plain | None] = {
        "hostname": options.hostname,
        "cores": options.cores,
        "cpulimit": options.cpulimit,
        "cpuunits": options.cpuunits,
        "ostype": options.ostype,
        "timezone": options.timezone,
        "description": options.description,
        "nameserver": options.nameserver,
        "searchdomain": options.searchdomain,
    }
    found |= {key: value for key, value in same.items() if value is not None}
    flags = {"unprivileged": options.unprivileged, "onboot": options.onboot, "protection": options.protection}
    found |= {key: int(flag) for key, flag in flags.items() if flag is not None}
    for key, size in (("memory", options.memory), ("swap", options.swap)):
        if size is not None:
            found[key] = whole(parse_size(size, "M"), "M", f"--{key}")
    if options.tags:
        found["tags"] = ";".join(options.tags)


def _features(options: CtOptions, known: Mapping[str, object], found: dict[str, FormValue]) -> None:
    """Add ``features``: what --features says, or what is there, with nesting as --nesting says."""
    if options.features is None and options.nesting is None:
        return
    written = options.features if options.features is not None else str(known.get("features") or "")
    read = PropertyString.parse(written)
    if options.nesting is not None:
        read = read.with_("nesting", options.nesting)
    found["features"] = str(read)


def volume(written: str, option: str) -> str:
    """Return the setting of a new volume, ``STORAGE:SIZE[,opts]``; a path and a volume that exists go through."""
    place, comma, opts = written.partition(",")
    storage, colon, size = place.partition(":")
    if place.startswith("/"):
        return written
    if not colon or not storage or not size:
        raise UsageError(f"{option}: {place[:60]!r} is no STORAGE:SIZE", hint=f"as in {option} local-lvm:8")
    if _WRITTEN_SIZE.fullmatch(size):
        place = f"{storage}:{gibibytes(size)}"
    return f"{place}{comma}{opts}"


def new_mount(written: str, used: Iterable[str]) -> tuple[str, str]:
    """Return key and setting for ``[mpN=]STORAGE:SIZE,mp=/path[,opts]``; the first free key where none is named."""
    first, comma, rest = written.partition(",")
    key, equals, place = first.partition("=")
    if not equals:
        key, place = free_key("mp", VOLUMES, used), first
    elif not re.fullmatch(r"mp\d{1,3}", key) or ct_rules().find(key) is None:
        raise UsageError(f"--mp: {key!r} is no mount point", hint="as in mp0=local-lvm:8,mp=/srv")
    elif key in {*used}:
        raise UsageError(f"--mp: {key} is in use already")
    value = volume(f"{place}{comma}{rest}", "--mp")
    if PropertyString.parse(rest).get("mp") is None:
        raise UsageError(f"--mp: {written[:60]!r} does not say where it is mounted", hint="as in local-lvm:8,mp=/srv")
    return key, str(checked(ct_rules(), key, value))


def free_key(stem: str, count: int, used: Iterable[str]) -> str:
    """Return the first key of a numbered kind that is not in use."""
    taken = {*used}
    found = next((f"{stem}{number}" for number in range(count) if f"{stem}{number}" not in taken), None)
    if found is None:
        raise UsageError(f"no {stem} is free: a container has {count}")
    return found


def new_nic(written: str, key: str) -> str:
    """Return the setting for ``BRIDGE[,ip=dhcp,vlan=20,firewall=1,mac=…,link=down]``; its name is ethN if not said."""
    bridge, _, rest = written.partition(",")
    if "=" in bridge or not bridge:
        raise UsageError(f"--nic: {written[:60]!r} names no bridge", hint="as in vmbr0,ip=dhcp,vlan=20")
    read = ct_nic_words(rest)
    name = read.get("name") or f"eth{key.removeprefix('net')}"
    opts = str(read.without("name"))
    return str(checked(ct_rules(), key, f"name={name},bridge={bridge}" + (f",{opts}" if opts else "")))


def ct_nic_words(written: str) -> PropertyString:
    """Return properties of a card with people's words (vlan, mac, link=down) turned into PVE's for a container."""
    words = nic_words(written)
    return PropertyString(tuple(("hwaddr" if key == "macaddr" else key, value) for key, value in words.items))
