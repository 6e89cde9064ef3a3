"""Changing the subnets of vnets, which wait as all of SDN until they are applied."""

from __future__ import annotations

import ipaddress

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.sdn import configured, zone_path
from proxmox_mpc.simulator.handlers.sdn_writes import known, put, unlocked
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, locked
from proxmox_mpc.simulator.validation import parse_property_string

routes = Routes()


@routes.post("/cluster/sdn/vnets/{vnet}/subnets")
def create_subnet(call: Call) -> Json:
    """Define a subnet of a vnet by its CIDR; its id is made of zone and CIDR."""
    vnet = call.text("vnet")
    call.require(zone_path(call, vnet), "SDN.Allocate")
    with locked("create sdn subnet object failed"):
        unlocked(call)
        zone = str(known(call, "vnets", vnet)["zone"])
        network = _network(call)
        name = f"{zone}-{network.network_address}-{network.prefixlen}"
        if name in configured(call, "subnets"):
            raise failed(f"sdn subnet object ID '{name}' already defined")
        entry: JsonObject = {
            "subnet": name, "type": "subnet", "cidr": str(network), "network": str(network.network_address),
            "mask": str(network.prefixlen), "vnet": vnet, "zone": zone, **_subnet_settings(call),
        }  # fmt: skip
        _check_subnet(call, name, entry)
        put(call, "subnets", name, entry)
    return None


def _network(call: Call) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(call.text("subnet"))
    except ValueError as error:
        raise invalid({"subnet": "invalid format - value does not look like a valid CIDR network\n"}) from error


def _subnet_settings(call: Call) -> JsonObject:
    settings = given(call, "subnet", "vnet", "type")
    if "dhcp-range" in settings:
        ranges = [parse_property_string("pve-sdn-dhcp-range", text) for text in call.texts("dhcp-range")]
        settings["dhcp-range"] = [{**found} for found in ranges]
    return settings


def _check_subnet(call: Call, name: str, subnet: JsonObject) -> None:
    network = ipaddress.ip_network(str(subnet["cidr"]))
    inside = [("gateway", subnet.get("gateway"))]
    ranges = subnet.get("dhcp-range")
    for found in ranges if isinstance(ranges, list) else []:
        if isinstance(found, dict):
            inside += [("dhcp-range", found.get("start-address")), ("dhcp-range", found.get("end-address"))]
    for key, address in inside:
        if address is not None and ipaddress.ip_address(str(address)) not in network:
            raise invalid({key: f"{address} is not in subnet {network}"})
    for other, held in configured(call, "subnets").items():
        same = other != name and held.get("zone") == subnet["zone"]
        if same and ipaddress.ip_network(str(held["cidr"])).overlaps(network):
            raise failed(f"subnet {network} overlaps with {held['cidr']}")
    if subnet.get("dhcp-range") and not configured(call, "zones").get(str(subnet["zone"]), {}).get("dhcp"):
        raise invalid({"dhcp-range": f"zone {subnet['zone']} has no DHCP"})


def _subnet_name(call: Call) -> str:
    wanted, vnet = call.text("subnet"), call.text("vnet")
    for name, row in configured(call, "subnets").items():
        if wanted in {name, row.get("cidr")} and row.get("vnet") == vnet:
            return name
    raise failed(f"sdn '{wanted}' does not exist")


@routes.put("/cluster/sdn/vnets/{vnet}/subnets/{subnet}")
def change_subnet(call: Call) -> Json:
    """Change a subnet."""
    call.require(zone_path(call, call.text("vnet")), "SDN.Allocate")
    with locked("update sdn subnet object failed"):
        unlocked(call)
        name = _subnet_name(call)
        entry = changed(call, known(call, "subnets", name), "subnet", "vnet") | _subnet_settings(call)
        _check_subnet(call, name, entry)
        put(call, "subnets", name, entry)
    return None


@routes.delete("/cluster/sdn/vnets/{vnet}/subnets/{subnet}")
def delete_subnet(call: Call) -> Json:
    """Remove a subnet in which no guest has an address."""
    call.require(zone_path(call, call.text("vnet")), "SDN.Allocate")
    with locked("delete sdn subnet object failed"):
        unlocked(call)
        name = _subnet_name(call)
        cidr = configured(call, "subnets")[name]["cidr"]
        for row in call.world.sdn.allocations:
            if row.get("subnet") == cidr and not row.get("gateway"):
                raise failed(f"cannot delete subnet '{cidr}', not empty")
        put(call, "subnets", name, None)
    return None
