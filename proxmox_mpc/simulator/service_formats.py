"""Simple formats of what is no guest: firewall rules, HA, schedules, interfaces; with PVE's refusals."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from proxmox_mpc.simulator.schedule import parse

_NAME = r"[A-Za-z][A-Za-z0-9\-_]+"
_PROTOCOLS = frozenset([
    "tcp", "udp", "icmp", "igmp", "ggp", "ipencap", "st", "egp", "igp", "pup", "hmp", "xns-idp", "rdp", "iso-tp4",
    "dccp", "xtp", "ddp", "idpr-cmtp", "ipv6", "ipv6-route", "ipv6-frag", "idrp", "rsvp", "gre", "esp", "ah", "skip",
    "ipv6-icmp", "ipv6-nonxt", "ipv6-opts", "vmtp", "eigrp", "ospf", "ax.25", "ipip", "etherip", "encap", "pim",
    "ipcomp", "vrrp", "l2tp", "isis", "sctp", "fc", "mobility-header", "udplite", "mpls-in-ip", "hip", "shim6", "wesp",
    "rohc", "icmpv6",
])  # fmt: skip


def _matching(pattern: str, text: str, flags: int = 0) -> Callable[[str], str | None]:
    compiled = re.compile(pattern, flags)
    return lambda value: None if compiled.fullmatch(value) else text.format(value)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_range(text: str) -> bool:
    first, found, last = text.partition("-")
    return bool(found) and "/" not in text and _is_network(first) and _is_network(last)


def _network_or_alias(value: str) -> str | None:
    good = _is_network(value) or re.fullmatch(rf"(?:dc/|guest/)?{_NAME}", value)
    return None if good else "value does not look like a valid address, network or alias"


def _network(value: str) -> str | None:
    return None if _is_network(value) else "value does not look like a valid IP address or network"


def _addresses(value: str) -> str | None:
    """One IP set or alias, else a list of addresses, networks and ranges."""
    if re.fullmatch(rf"\+?(?:dc/|guest/)?{_NAME}", value):
        return None
    for part in value.split(","):
        if not _is_network(part.strip()) and not _is_range(part.strip()):
            return f"invalid IP address: {part.strip()}"
    return None


def _ports(value: str) -> str | None:
    """Ports, ranges (``80:90``) and names of services, joined by commas."""
    for part in value.split(","):
        ends = part.strip().split(":")
        for end in ends:
            if end.isdigit() and int(end) > 65535:
                return f"invalid port '{end}'"
            if not end.isdigit() and (len(ends) > 1 or not re.fullmatch(r"[a-z][a-z0-9\-]*", end)):
                return f"invalid port '{end}'"
        if len(ends) > 2 or (len(ends) == 2 and int(ends[0]) > int(ends[1])):
            return f"invalid port range '{part.strip()}'"
    return None


def _protocol(value: str) -> str | None:
    good = value in _PROTOCOLS or (value.isdigit() and int(value) < 256)
    return None if good else f"unknown protocol '{value}'"


def _schedule(value: str) -> str | None:
    try:
        parse(value)
    except ValueError as error:
        return str(error)
    return None


def _netmask(value: str) -> str | None:
    try:
        ipaddress.ip_network(f"0.0.0.0/{value}")
    except ValueError:
        return "value is not a valid IPv4 netmask"
    return None


def _subnet(value: str) -> str | None:
    network = re.sub(r"^[a-zA-Z][a-zA-Z0-9]{1,7}-(.+)-(\d+)$", r"\1/\2", value)
    return None if "/" in network and _is_network(network) else "value does not look like a valid sdn subnet"


_RESOURCE = r"(?:vm|ct):[1-9][0-9]{2,8}"

RULES: dict[str, Callable[[str], str | None]] = {
    "pve-ha-resource-id": _matching(_RESOURCE, "value does not look like a valid ha resource id"),
    "pve-ha-resource-or-vm-id": _matching(
        rf"{_RESOURCE}|[1-9][0-9]{{2,8}}", "value does not look like a valid ha resource id"
    ),
    "pve-ha-node": _matching(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?(?::\d+)?", "value does not look like a valid ha node specification"
    ),
    "pve-fw-addr-spec": _addresses,
    "pve-fw-dport-spec": _ports,
    "pve-fw-sport-spec": _ports,
    "pve-fw-protocol-spec": _protocol,
    "pve-fw-icmp-type-spec": _matching(r"[a-zA-Z0-9][a-zA-Z0-9\-/]*", "invalid icmp-type '{}'"),
    "IPorCIDR": _network,
    "IPorCIDRorAlias": _network_or_alias,
    "pve-calendar-event": _schedule,
    "pve-day-of-week": _matching(r"mon|tue|wed|thu|fri|sat|sun", "value '{}' is not a valid day of week"),
    "pve-vlan-id-or-range": _matching(r"\d{1,4}(?:-\d{1,4})?", "invalid VLAN configuration '{}'"),
    "ipv4mask": _netmask,
    "pve-sdn-subnet-id": _subnet,
    "storage-pair": _matching(r"[a-zA-Z][\w.\-]*(?::[a-zA-Z][\w.\-]*)?|1", "invalid storage pair '{}'"),
}
"""Format names to checks: each returns why a text is not of the format, or None."""
