"""Changing a node's interfaces: everything waits in interfaces.new until it is applied or dropped."""

from __future__ import annotations

import ipaddress
import re

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import given
from proxmox_mpc.simulator.world import Node

routes = Routes()
NETWORK = "/nodes/{node}/network"
_PORTS = ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds")


def _future(node: Node) -> dict[str, JsonObject]:
    """Return the interfaces as they will be, as a copy to change."""
    known = node.network if node.network_pending is None else node.network_pending
    return {name: dict(row) for name, row in known.items()}


def _keep(node: Node, interfaces: dict[str, JsonObject]) -> None:
    """Keep interfaces.new; one that says what runs already is no change."""
    node.network_pending = None if interfaces == node.network else interfaces


@routes.post(NETWORK)
def create(call: Call) -> Json:
    """Define an interface."""
    node, name = call.node, call.text("iface")
    known = _future(node)
    if name in known:
        raise invalid({"iface": "interface already exists"})
    row: JsonObject = {"type": call.text("type"), "method": "manual", "method6": "manual", "families": ["inet"]}
    if row["type"] == "bridge":
        row |= {"bridge_stp": "off", "bridge_fd": "0", "bridge_ports": ""}
    row |= _settings(call)
    _check(known, name, row)
    highest = max((int(str(other.get("priority", 2))) for other in known.values()), default=2)
    known[name] = {"iface": name, **row, "priority": highest + 1}
    _keep(node, known)
    return None


@routes.put(f"{NETWORK}/{{iface}}")
def change(call: Call) -> Json:
    """Change an interface: settings that are not given stay, those in ``delete`` go."""
    node, name = call.node, call.text("iface")
    known = _future(node)
    if name not in known:
        raise invalid({"iface": "interface does not exist"})
    row = dict(known[name])
    for key in call.texts("delete"):
        _forget(row, key)
    row |= _settings(call) | {"type": call.text("type")}
    _set_method(row)
    _check({key: other for key, other in known.items() if key != name}, name, row)
    known[name] = row
    _keep(node, known)
    return None


@routes.delete(f"{NETWORK}/{{iface}}")
def delete(call: Call) -> Json:
    """Take an interface out of the configuration, and out of the bridges and bonds that hold it."""
    node, name = call.node, call.text("iface")
    known = _future(node)
    if name not in known:
        raise invalid({"iface": "interface does not exist"})
    physical = known[name]["type"] == "eth"
    if physical:  # the hardware stays: what goes is its configuration
        known[name] = {k: v for k, v in known[name].items() if k in {"iface", "type", "exists", "active", "priority"}}
        known[name] |= {"method": "manual", "method6": "manual", "families": ["inet"]}
    else:
        del known[name]
    for row in known.values():
        for key in _PORTS:
            if name in str(row.get(key, "")).split():
                row[key] = " ".join(port for port in str(row[key]).split() if port != name)
    _keep(node, known)
    return None


@routes.delete(NETWORK)
def revert(call: Call) -> Json:
    """Drop what is not applied."""
    call.node.network_pending = None
    return None


@routes.put(NETWORK)
def apply(call: Call) -> Json:
    """Apply what is not applied, in a task."""
    return start_task(call, "srvreload", "networking", {})


def _settings(call: Call) -> JsonObject:
    """Return an interface's settings with what PVE derives: address from CIDR and back, method, comments' line end."""
    row = given(call, "node", "iface", "type")
    for address, mask, cidr in (("address", "netmask", "cidr"), ("address6", "netmask6", "cidr6")):
        if cidr in row:
            _split(row, address, mask, cidr)
        elif address in row:
            row[cidr] = f"{row[address]}/{_bits(row[mask])}"
            row[mask] = _bits(row[mask])
    for key in ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds"):
        if key in row:
            row[key] = " ".join(re.split(r"[,;\s]+", str(row[key]).strip()))
    for key in ("comments", "comments6"):
        if row.get(key):
            row[key] = str(row[key]).rstrip("\n") + "\n"
    _set_method(row)
    return row


def _split(row: JsonObject, address: str, mask: str, cidr: str) -> None:
    shown, _, bits = str(row[cidr]).partition("/")
    for key, value in ((address, shown), (mask, bits)):
        if key in row and str(row[key]) != value and _bits(row[key]) != value:
            raise invalid({cidr: f"{key} conflicts with {cidr}"})
    row |= {address: shown, mask: bits}


def _bits(mask: Json) -> str:
    text = str(mask)
    return text if text.isdigit() else str(ipaddress.ip_network(f"0.0.0.0/{text}").prefixlen)


def _set_method(row: JsonObject) -> None:
    row["method"] = "static" if row.get("address") else "manual"
    row["method6"] = "static" if row.get("address6") else "manual"


def _forget(row: JsonObject, key: str) -> None:
    """Remove a setting; an address goes with all that belongs to it."""
    together = {"cidr": ("cidr", "address", "netmask"), "cidr6": ("cidr6", "address6", "netmask6")}
    groups = {**together, "address": together["cidr"], "netmask": together["cidr"]}
    groups |= {"address6": together["cidr6"], "netmask6": together["cidr6"]}
    for name in groups.get(key, (key,)):
        row.pop(name, None)


def _check(others: dict[str, JsonObject], name: str, row: JsonObject) -> None:
    """Raise PVE's 400 for an interface that does not fit to the others."""
    kind = str(row["type"])
    for gateway in ("gateway", "gateway6"):
        if row.get(gateway) is None:
            continue
        if not row.get("address" if gateway == "gateway" else "address6"):
            raise invalid({gateway: f"gateway requires an address ({'ipv4' if gateway == 'gateway' else 'ipv6'})"})
        for other, held in others.items():
            if held.get(gateway):
                raise invalid({gateway: f"Default gateway already exists on interface '{other}'."})
    if kind == "bond" and not row.get("slaves"):
        raise invalid({"slaves": "no slaves: a bond needs at least one"})
    for key in ("bridge_ports", "slaves"):
        for port in str(row.get(key) or "").split():
            _check_port(others, name, port, key)
    if kind == "vlan":
        _check_vlan(others, name, row)


def _check_port(others: dict[str, JsonObject], name: str, port: str, key: str) -> None:
    parent = port.split(".", 1)[0]
    if parent not in others and port not in others:
        raise failed(f"{'bridge' if key == 'bridge_ports' else 'bond'} '{name}' - unable to find "
                     f"{'bridge port' if key == 'bridge_ports' else 'slave'} '{port}'")  # fmt: skip
    for other, held in others.items():
        if port in [*str(held.get("bridge_ports") or "").split(), *str(held.get("slaves") or "").split()]:
            raise failed(f"interface '{port}' is already used by '{other}'")


def _check_vlan(others: dict[str, JsonObject], name: str, row: JsonObject) -> None:
    base, _, tag = name.partition(".")
    device = str(row.get("vlan-raw-device") or (base if tag else ""))
    if not device:
        raise invalid({"vlan-raw-device": "vlan-raw-device parameter is required"})
    if device not in others:
        raise failed(f"vlan-raw-device interface '{device}' does not exist")
    number = re.fullmatch(r"vlan(\d+)", name)
    found = tag or (number[1] if number else "") or row.get("vlan-id")
    if not found:
        raise invalid({"vlan-id": "vlan-id parameter is required"})
    row |= {"vlan-raw-device": device, "vlan-id": int(str(found))}
