"""Simple formats of parameter values, with the text PVE refuses them with (PVE::JSONSchema and its users)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TypeAlias

from proxmox_mpc.simulator.service_formats import RULES

Check: TypeAlias = Callable[[str], str | None]
"""Returns why a text is not of the format, or None."""

_DNS = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?"
_USER = r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+"
_TOKEN = r"[A-Za-z][A-Za-z0-9.\-_]+"  # noqa: S105 - a pattern
_STORAGE_ID = r"[a-z][a-z0-9\-_.]*[a-z0-9]"
_CONTENT = "images|rootdir|vztmpl|iso|backup|snippets|none|import"


def _regex(pattern: str, text: str, flags: int = 0) -> Check:
    compiled = re.compile(pattern, flags)
    return lambda value: None if compiled.fullmatch(value) else text.format(value)


def _is_ip(value: str, version: int | None = None) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return version in (None, address.version)


def _ip(version: int | None, name: str) -> Check:
    return lambda value: None if _is_ip(value, version) else f"value does not look like a valid {name} address"


def _is_cidr(value: str, version: int | None = None) -> bool:
    address, slash, bits = value.partition("/")
    if not slash or not bits.isdigit() or not _is_ip(address, version):
        return False
    return 7 < int(bits) <= (128 if ":" in address else 32)


def _cidr(version: int | None, name: str) -> Check:
    return lambda value: None if _is_cidr(value, version) else f"value does not look like a valid {name} network"


def _ip_config(version: int, words: str) -> Check:
    def check(value: str) -> str | None:
        if value in words.split() or _is_cidr(value, version):
            return None
        return f"value does not look like a valid ipv{version} network configuration"

    return check


_dns = _regex(rf"(?:{_DNS}\.)*{_DNS}", "value does not look like a valid DNS name")


def _address(value: str) -> str | None:
    known = _is_ip(value) or _dns(value) is None
    return None if known else f"value does not look like a valid address: {value}"


def _startup(value: str) -> str | None:
    parts = [part for part in value.split(",") if part.strip()]
    good = bool(value) and all(re.fullmatch(r"(?:order=)?\d+|up=\d+|down=\d+", part) for part in parts)
    return None if good else "unable to parse startup options"


def _volume(value: str) -> str | None:
    if re.fullmatch(rf"{_STORAGE_ID}:\S+", value, re.I):
        return None
    return f"unable to parse volume ID '{value}'"


def _qm_path(value: str) -> str | None:
    if value in {"none", "cdrom"} or value.startswith("/"):
        return None
    return _volume(value)


def _volume_or_path(value: str) -> str | None:
    return None if value.startswith("/") else _volume(value)


def _mount_source(value: str) -> str | None:
    return None if value.startswith("/") else _volume(value)


SIMPLE: dict[str, Check] = {
    "urlencoded": _regex(r"[-%a-zA-Z0-9_.!~*'()]*", "invalid urlencoded string: {}"),
    "pve-configid": _regex(r"[a-z][a-z0-9_-]+", "invalid configuration ID '{}'", re.I),
    "pve-storage-id": _regex(_STORAGE_ID, "storage ID '{}' contains illegal characters", re.I),
    "pve-bridge-id": _regex(r"[-_.\w]+", "invalid bridge ID '{}'"),
    "pve-vmid": _regex(r"[1-9][0-9]{2,8}", "value does not look like a valid VM ID"),
    "pve-node": _regex(_DNS, "value does not look like a valid node name"),
    "pve-iface": _regex(r"[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?", "invalid network interface name '{}'", re.I),
    "pve-tag": _regex(r"[a-z0-9_][a-z0-9_\-+.]*", "invalid characters in tag", re.I),
    "mac-addr": _regex(
        r"[a-f0-9][02468ace](?::[a-f0-9]{2}){5}", "value does not look like a valid unicast MAC address", re.I
    ),
    "mac-prefix": _regex(
        r"[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?", "value is not a valid unicast MAC address prefix", re.I
    ),
    "ip": _ip(None, "IP"),
    "ipv4": _ip(4, "IPv4"),
    "ipv6": _ip(6, "IPv6"),
    "CIDR": _cidr(None, "CIDR"),
    "CIDRv4": _cidr(4, "IPv4 CIDR"),
    "CIDRv6": _cidr(6, "IPv6 CIDR"),
    "pve-ipv4-config": _ip_config(4, "dhcp manual"),
    "pve-ipv6-config": _ip_config(6, "auto dhcp manual"),
    "dns-name": _dns,
    "address": _address,
    "email": _regex(
        r"[\w+\-~]+(?:\.[\w+\-~]+)*@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*",
        "value does not look like a valid email address",
    ),
    "disk-size": _regex(r"\d+(?:\.\d+)?[KMGT]?", "value does not look like a valid disk size: {}"),
    "pve-startup-order": _startup,
    "pve-volume-id": _volume,
    "pve-volume-id-or-qm-path": _qm_path,
    "pve-volume-id-or-absolute-path": _volume_or_path,
    "pve-lxc-mp-string": _mount_source,
    "pve-userid": _regex(_USER, "value '{}' does not look like a valid user name"),
    "pve-realm": _regex(r"[A-Za-z][A-Za-z0-9.\-_]+", "value '{}' does not look like a valid realm"),
    "pve-tokenid": _regex(rf"{_USER}!{_TOKEN}", "value '{}' does not look like a valid token ID"),
    "pve-groupid": _regex(r"[A-Za-z0-9.\-_]+", "group name '{}' contains invalid characters"),
    "pve-roleid": _regex(r"[A-Za-z0-9.\-_]+", "role name '{}' contains invalid characters"),
    "pve-poolid": _regex(
        r"[A-Za-z0-9.\-_]+(?:/[A-Za-z0-9.\-_]+){0,2}", "pool name '{}' contains invalid characters"
    ),
    "pve-storage-content": _regex(_CONTENT, "invalid content type '{}'"),
    "pve-storage-path": _regex(r"/.*", "value does not look like a valid absolute path"),
    "pve-task-status-type": _regex(r"ok|error|warning|unknown", "invalid status '{}'", re.I),
    "pve-replication-job-id": _regex(r"[1-9][0-9]{2,8}-\d{1,9}", "invalid replication job ID '{}'"),
    "pve-cpuset": _regex(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*", "unable to parse CPU list"),
}  # fmt: skip

ALL: dict[str, Check] = {**SIMPLE, **RULES}


def check_simple(name: str, value: str) -> str | None:
    """Return why ``value`` is not of the simple format ``name``; a format without a rule here accepts everything.

    ``NAME-list`` checks each member (an empty list is allowed), ``NAME-opt`` allows the empty text.
    """
    if name in ALL:
        return ALL[name](value)
    if name.endswith("-list"):
        rule = ALL.get(name[: -len("-list")])
        members = value.split("\0") if "\0" in value else re.split(r"[,;\s]+", value)
        problems = (rule(member) for member in members if member) if rule else ()
        return next((problem for problem in problems if problem), None)
    if name.endswith("-opt") and value:
        rule = ALL.get(name[: -len("-opt")])
        return rule(value) if rule else None
    return None
