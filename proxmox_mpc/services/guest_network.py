"""The addresses that a guest has: a VM's from its guest agent, a container's from its node."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, integer, split_list, text
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, NotRecorded, PermissionDenied, PmpcError, ServerError

ADDRESS_FIELDS = (
    Field("interface", "string", "the interface's name inside the guest"),
    Field("mac", "string?", "its MAC address"),
    Field("family", "string", "inet or inet6", choices=("inet", "inet6")),
    Field("address", "string", "the address"),
    Field("prefix", "integer?", "its prefix length"),
    Field("scope", "string", "global, link or host", choices=("global", "link", "host")),
)
ADDRESS_ROWS = rows(*ADDRESS_FIELDS, doc="The addresses of a guest, as the guest itself has them.")

_FAMILIES = {"ipv4": "inet", "ipv6": "inet6", "inet": "inet", "inet6": "inet6"}


def guest_ips(source: Source, ref: GuestRef) -> list[JsonObject]:
    """Return a row for each address; raises Conflict when the guest, or its agent, does not run."""
    must_run(ref)
    if ref.type == "lxc":
        return container_addresses(source.read(ref.path("interfaces")))
    try:
        return agent_addresses(source.read(ref.path("agent", "network-get-interfaces")))
    except (Conflict, ServerError) as error:
        raise silent_agent(ref, error) from error


def must_run(ref: GuestRef) -> None:
    """Raise Conflict for a guest that is stopped: nothing inside it can answer."""
    if ref.status == "stopped":
        raise Conflict(f"{ref.label} is not running", hint=f"what is configured: pmpc {ref.kind} show {ref.vmid}")


def silent_agent(ref: GuestRef, error: PmpcError) -> Conflict:
    """Return the error for a VM whose guest agent is off, not installed or not started."""
    hint = (
        "install qemu-guest-agent in the guest and start it; it must be switched on for the VM, too:"
        f" qm set {ref.vmid} --agent 1, then stop and start the VM"
    )
    return Conflict(f"{ref.label}: {error.message}", hint=hint, details={"vmid": ref.vmid})


def why_no_addresses(ref: GuestRef, error: PmpcError) -> str | None:
    """Return what a page says in place of addresses; None for an error that is not about this one thing."""
    if isinstance(error, PermissionDenied):
        return f"no addresses: {error.message}"
    if isinstance(error, NotRecorded):
        return "no addresses: only the running guest knows them"
    if isinstance(error, (Conflict, ServerError)):
        return (
            "no addresses: the guest agent does not answer" if ref.type == "qemu" else f"no addresses: {error.message}"
        )
    return None


def agent_addresses(answer: Json) -> list[JsonObject]:
    """Read the agent's ``network-get-interfaces``; PVE wraps it in ``result``."""
    result = as_object(answer, "the agent's answer").get("result")
    return [
        row for interface in as_rows(result or [], "the agent's list of interfaces") for row in _addresses(interface)
    ]


def container_addresses(answer: Json) -> list[JsonObject]:
    """Read a container's ``interfaces``: since PVE 9 a list of addresses each, before that only ``inet``, ``inet6``."""
    return [row for interface in as_rows(answer or [], "the list of interfaces") for row in _addresses(interface)]


def _addresses(interface: JsonObject) -> Iterator[JsonObject]:
    name = text(interface, "name") or "-"
    mac = text(interface, "hardware-address") or text(interface, "hwaddr")
    listed = interface.get("ip-addresses")
    if isinstance(listed, list) and listed:
        for one in listed:
            if isinstance(one, dict) and (address := text(one, "ip-address")):
                yield _address(
                    name, mac, _FAMILIES.get(text(one, "ip-address-type") or ""), address, integer(one, "prefix")
                )
        return
    for family in ("inet", "inet6"):
        for cidr in split_list(text(interface, family)):
            address, _, prefix = cidr.partition("/")
            yield _address(name, mac, family, address, int(prefix) if prefix.isdecimal() else None)


def _address(name: str, mac: str | None, family: str | None, address: str, prefix: int | None) -> JsonObject:
    known = family or ("inet6" if ":" in address else "inet")
    return {
        "interface": name,
        "mac": mac.upper() if mac else None,
        "family": known,
        "address": address,
        "prefix": prefix,
        "scope": _scope(address),
    }


def _scope(address: str) -> str:
    lower = address.lower()
    if lower.startswith("127.") or lower == "::1":
        return "host"
    return "link" if lower.startswith(("169.254.", "fe8", "fe9", "fea", "feb")) else "global"
