"""Writing property strings as PVE does, and normalising settings when they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from proxmox_mpc.simulator.facts import Param, property_format
from proxmox_mpc.simulator.validation import find_param, parse_property_string
from proxmox_mpc.simulator.world import World


def print_property_string(name: str, keys: Mapping[str, str]) -> str:
    """Write keys as one text: the default key first and bare, then those that must be there, then the others by name.

    A key that another stands for is written under that name: model and macaddr become ``virtio=AA:…``.
    """
    params = property_format(name) or {}
    aliased = {param.key_alias: param.alias for param in params.values() if param.key_alias and param.alias}
    left, parts = dict(keys), []
    for model, address in aliased.items():
        if model in left and address in left:
            parts.append(f"{left.pop(model)}={left.pop(address)}")
    ordered = sorted(left, key=lambda key: (*_rank(find_param(params, key)), key))
    return ",".join([*parts, *(left[key] if _bare(params, key) else f"{key}={left[key]}" for key in ordered)])


def _rank(param: Param | None) -> tuple[bool, bool]:
    return (param is None or not param.default_key, param is None or param.optional)


def _bare(params: Mapping[str, Param], key: str) -> bool:
    param = find_param(params, key)
    return param is not None and param.default_key


def new_mac(world: World, random: Random) -> str:
    """Return a new MAC address under the datacenter's prefix."""
    start = str(world.options.get("mac_prefix") or "BC:24:11").upper().rstrip(":").split(":")
    return ":".join([*start, *(f"{random.randrange(256):02X}" for _ in range(6 - len(start)))])


def normal_net(world: World, kind: str, value: str) -> str:
    """Return a NIC as PVE stores it: with a MAC address, its keys in order."""
    name = f"{kind}-net"
    keys = parse_property_string(name, value)
    address = "macaddr" if kind == "qemu" else "hwaddr"
    if address not in keys:
        keys[address] = new_mac(world, world.random("mac"))
    keys[address] = keys[address].upper()
    if kind == "lxc":
        keys.setdefault("type", "veth")
    return print_property_string(name, keys)


def unique_tags(world: World, value: str) -> str:
    """Return tags as PVE stores them: sorted, without doubles, in lower case unless the datacenter cares for case."""
    style = str(world.options.get("tag-style") or "")
    exact = "case-sensitive=1" in style
    names = value.replace(",", ";").replace(" ", ";").split(";")
    return ";".join(sorted({name if exact else name.lower() for name in names if name}))


def new_uuid(random: Random) -> str:
    """Return a random UUID."""
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
