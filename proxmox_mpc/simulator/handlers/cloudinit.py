"""The files that a VM's cloud-init drive holds."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.world import Guest

routes = Routes()


@routes.get("/nodes/{node}/qemu/{vmid}/cloudinit/dump")
def dump(call: Call) -> Json:
    """Return the user data, the network configuration or the metadata, as text."""
    guest = call.guest("qemu")
    match call.text("type"):
        case "user":
            return _user(guest)
        case "network":
            return _network(guest)
        case _:
            mark = hashlib.sha1((_user(guest) + _network(guest)).encode(), usedforsecurity=False).hexdigest()
            return f"instance-id: {mark}\n"


def _user(guest: Guest) -> str:
    config = guest.config
    lines = ["#cloud-config", f"hostname: {guest.name}", "manage_etc_hosts: true"]
    lines.append(f"fqdn: {guest.name}{'.' + str(config['searchdomain']) if config.get('searchdomain') else ''}")
    if config.get("ciuser"):
        lines.append(f"user: {config['ciuser']}")
    if config.get("cipassword"):
        lines.append("password: '**********'")
    keys = [key for key in unquote(str(config.get("sshkeys", ""))).splitlines() if key.strip()]
    lines += ["ssh_authorized_keys:", *(f"  - {key}" for key in keys)] if keys else []
    lines += ["chpasswd:", "  expire: False", "users:", "  - default"]
    return "\n".join([*lines, f"package_upgrade: {'true' if str(config.get('ciupgrade', 1)) == '1' else 'false'}", ""])


def _network(guest: Guest) -> str:
    lines = ["version: 1", "config:"]
    numbers = sorted(int(key[3:]) for key in guest.config if key.startswith("net") and key[3:].isdigit())
    for number in numbers:
        net = parse_property_string("qemu-net", str(guest.config[f"net{number}"]))
        address = parse_property_string("pve-qm-ipconfig", str(guest.config.get(f"ipconfig{number}", "")))
        lines += ["    - type: physical", f"      name: eth{number}"]
        lines.append(f"      mac_address: '{str(net.get('macaddr', '')).lower()}'")
        lines += _subnets(address)
    lines += ["    - type: nameserver", "      address:"]
    lines += [f"      - '{server}'" for server in str(guest.config.get("nameserver", "")).split()]
    return "\n".join([*lines, "      search:", f"      - '{guest.config.get('searchdomain', '')}'", ""])


def _subnets(address: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for key, gateway, plain in (("ip", "gw", "dhcp4"), ("ip6", "gw6", "dhcp6")):
        value = address.get(key)
        if value in {"dhcp", "auto"}:
            lines.append(f"      - type: {plain if value == 'dhcp' else 'ipv6_slaac'}")
        elif value:
            lines += ["      - type: static" + ("6" if key == "ip6" else ""), f"        address: '{value}'"]
            lines += [f"        gateway: '{address[gateway]}'"] if gateway in address else []
    return ["      subnets:", *lines] if lines else []
