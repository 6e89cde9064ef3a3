"""What networks lean on: address management, DNS, addresses given out by hand, and the firewall of vnets."""

from __future__ import annotations

import ipaddress

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.handlers import firewall_writes
from proxmox_mpc.simulator.handlers.sdn import applied, configured, zone_path
from proxmox_mpc.simulator.handlers.sdn_writes import unlocked
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.sections import changed, given, locked, needed

routes = Routes()
VNET = "/cluster/sdn/vnets/{vnet}"


def _register(kind: str, key: str, needs: dict[str, tuple[str, ...]]) -> None:
    """Register the changes of one kind, which are in effect at once."""

    @routes.post(f"/cluster/sdn/{kind}")
    def create(call: Call) -> Json:
        name = call.text(key)
        with locked(f"create sdn {key} object failed"):
            unlocked(call)
            if name in applied(call, kind):
                raise failed(f"sdn {key} object ID '{name}' already defined")
            entry = given(call)
            needed(entry, *needs.get(str(entry["type"]), ()))
            applied(call, kind)[name] = entry
        return None

    @routes.put(f"/cluster/sdn/{kind}/{{{key}}}")
    def change(call: Call) -> Json:
        name = call.text(key)
        with locked(f"update sdn {key} object failed"):
            unlocked(call)
            entry = _known(call, kind, name)
            check_digest(call.text("digest"), dict(applied(call, kind)))
            applied(call, kind)[name] = changed(call, entry, key)
        return None

    @routes.delete(f"/cluster/sdn/{kind}/{{{key}}}")
    def delete(call: Call) -> Json:
        name = call.text(key)
        with locked(f"delete sdn {key} object failed"):
            unlocked(call)
            _known(call, kind, name)
            for zone, entry in configured(call, "zones").items():
                if name in {entry.get(key), entry.get("reversedns")}:
                    raise failed(f"{key} {name} is used by zone {zone}")
            del applied(call, kind)[name]
        return None


def _known(call: Call, kind: str, name: str) -> JsonObject:
    if name not in applied(call, kind):
        raise failed(f"sdn '{name}' does not exist")
    return applied(call, kind)[name]


_register("ipams", "ipam", {"netbox": ("url", "token"), "phpipam": ("url", "token", "section")})
_register("dns", "dns", {"powerdns": ("url", "key")})


def _subnet_of(call: Call) -> JsonObject:
    """Return the running subnet of the vnet that an address lies in."""
    for subnet in applied(call, "subnets").values():
        inside = ipaddress.ip_address(call.text("ip")) in ipaddress.ip_network(str(subnet["cidr"]))
        if inside and subnet.get("vnet") == call.text("vnet"):
            return subnet
    raise failed(f"no subnet found for ip {call.text('ip')}")


@routes.post(f"{VNET}/ips")
def give_address(call: Call) -> Json:
    """Give an address of a vnet out."""
    subnet = _subnet_of(call)
    if any(row["ip"] == call.text("ip") and row["zone"] == call.text("zone") for row in call.world.sdn.allocations):
        raise failed(f"IP {call.text('ip')} already exist in subnet {subnet['cidr']}")
    row: JsonObject = {"zone": call.text("zone"), "vnet": call.text("vnet"), "subnet": subnet["cidr"]}
    call.world.sdn.allocations.append(row | {key: call.text(key) for key in ("ip", "mac") if key in call.params})
    return None


@routes.put(f"{VNET}/ips")
def change_address(call: Call) -> Json:
    """Give the address of a network card (by its MAC) another value."""
    _subnet_of(call)
    for row in call.world.sdn.allocations:
        if row.get("vnet") == call.text("vnet") and row.get("mac", "") == call.text("mac"):
            row["ip"] = call.text("ip")
            return None
    raise failed(f"no address is given out to {call.text('mac')}")


@routes.delete(f"{VNET}/ips")
def take_address(call: Call) -> Json:
    """Take an address back."""
    wanted, mac = (call.text("ip"), call.text("vnet")), call.text("mac")
    mine = [
        row for row in call.world.sdn.allocations
        if (row["ip"], row["vnet"]) == wanted and mac in {"", row.get("mac")}
    ]  # fmt: skip
    if not mine:
        raise failed(f"IP {call.text('ip')} does not exist in vnet {call.text('vnet')}")
    call.world.sdn.allocations = [row for row in call.world.sdn.allocations if row not in mine]
    return None


def _with_right(handler: Handler) -> Handler:
    """Ask for the right to change the vnet before its firewall is changed."""

    def act(call: Call) -> Json:
        name = call.text("vnet")
        call.require(zone_path(call, name), "SDN.Allocate")
        if name not in configured(call, "vnets"):
            raise failed(f"sdn '{name}' does not exist")
        return handler(call)  # type: ignore[return-value]

    return act


routes.put(f"{VNET}/firewall/options")(_with_right(firewall_writes.change_options))
routes.post(f"{VNET}/firewall/rules")(_with_right(firewall_writes.create_rule))
routes.put(f"{VNET}/firewall/rules/{{pos}}")(_with_right(firewall_writes.change_rule))
routes.delete(f"{VNET}/firewall/rules/{{pos}}")(_with_right(firewall_writes.delete_rule))
