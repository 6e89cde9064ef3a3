"""Changing software defined networks: zones, vnets and controllers wait until they are applied."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.sdn import applied, configured, zone_path
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.property_strings import new_uuid
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, listed, locked, needed

routes = Routes()
LOCK = "/sdn/lock"
"""The document of a world that holds the token of whoever has locked SDN."""

_ZONE_NEEDS = {"vlan": ("bridge",), "qinq": ("bridge", "tag"), "evpn": ("controller", "vrf-vxlan")}
_CONTROLLER_NEEDS = {"evpn": ("asn",), "bgp": ("node", "asn"), "isis": ("node", "isis-domain", "isis-net")}
_TAGGED = {"vlan": ("vlan", 4096), "qinq": ("vlan", 4096), "vxlan": ("vxlan", 1 << 24), "evpn": ("vxlan", 1 << 24)}


def unlocked(call: Call) -> None:
    """Raise a 500 when somebody else has locked SDN."""
    held = call.world.documents.get(LOCK)
    if held is not None and call.text("lock-token") != held:
        raise failed("SDN configuration is locked - invalid lock token provided")


def put(call: Call, kind: str, name: str, entry: JsonObject | None) -> None:
    """Keep an object (None: its removal) as pending; what runs already is no change."""
    waiting = call.world.sdn.pending.setdefault(kind, {})
    if applied(call, kind).get(name) == entry:
        waiting.pop(name, None)
    else:
        waiting[name] = entry
    if not waiting:
        del call.world.sdn.pending[kind]


def known(call: Call, kind: str, name: str) -> JsonObject:
    """Return a configured object; raises PVE's 500 when there is none, or when the caller saw an older file."""
    found = configured(call, kind)
    if name not in found:
        raise failed(f"sdn '{name}' does not exist")
    check_digest(call.text("digest"), dict(found))
    return found[name]


def _lists(entry: JsonObject) -> JsonObject:
    """Return an object with arrays as PVE's file keeps them, joined by commas."""
    return {key: ",".join(map(str, value)) if isinstance(value, list) else value for key, value in entry.items()}


@routes.post("/cluster/sdn/zones")
def create_zone(call: Call) -> Json:
    """Define a zone."""
    name = call.text("zone")
    with locked("create sdn zone object failed"):
        unlocked(call)
        if name in configured(call, "zones"):
            raise failed(f"sdn zone object ID '{name}' already defined")
        entry = _lists(given(call))
        entry.setdefault("ipam", "pve")
        _check_zone(call, entry)
        put(call, "zones", name, entry)
    return None


def _check_zone(call: Call, zone: JsonObject) -> None:
    kind = str(zone["type"])
    needed(zone, *_ZONE_NEEDS.get(kind, ()))
    if kind == "vxlan" and not zone.get("peers") and not zone.get("fabric"):
        raise failed("missing value for required option 'peers'")
    controller = zone.get("controller")
    if controller is not None and controller not in configured(call, "controllers"):
        raise failed(f"controller {controller} don't exist")
    for node in listed(zone.get("nodes")):
        if node not in call.world.nodes:
            raise failed(f"no such cluster node '{node}'")
    if zone["ipam"] not in call.world.sdn.ipams and zone["ipam"] != "pve":
        raise failed(f"ipam {zone['ipam']} not existing")


@routes.put("/cluster/sdn/zones/{zone}")
def change_zone(call: Call) -> Json:
    """Change a zone."""
    name = call.text("zone")
    with locked("update sdn zone object failed"):
        unlocked(call)
        entry = _lists(changed(call, known(call, "zones", name), fixed=("type", "zone")))
        entry.setdefault("ipam", "pve")
        _check_zone(call, entry)
        put(call, "zones", name, entry)
    return None


@routes.delete("/cluster/sdn/zones/{zone}")
def delete_zone(call: Call) -> Json:
    """Remove a zone that no vnet uses."""
    name = call.text("zone")
    with locked("delete sdn zone object failed"):
        unlocked(call)
        known(call, "zones", name)
        for vnet, entry in configured(call, "vnets").items():
            if entry.get("zone") == name:
                raise failed(f"zone {name} is used by vnet {vnet}")
        put(call, "zones", name, None)
    return None


@routes.post("/cluster/sdn/vnets")
def create_vnet(call: Call) -> Json:
    """Define a vnet in a zone."""
    name = call.text("vnet")
    with locked("create sdn vnet object failed"):
        unlocked(call)
        if name in configured(call, "vnets"):
            raise failed(f"sdn vnet object ID '{name}' already defined")
        entry = {"type": "vnet", **given(call)}
        _check_vnet(call, name, entry)
        put(call, "vnets", name, entry)
    return None


def _check_vnet(call: Call, name: str, vnet: JsonObject) -> None:
    """Raise what a vnet gives that does not fit its zone: each kind of zone wants a tag or forbids one."""
    zone = configured(call, "zones").get(str(vnet.get("zone")))
    if zone is None:
        raise failed(f"zone {vnet.get('zone')} don't exist")
    tag = vnet.get("tag")
    if zone["type"] not in _TAGGED:
        if tag is not None:
            raise invalid({"tag": "vlan tag is not allowed on simple zone"})
        return
    word, most = _TAGGED[str(zone["type"])]
    if tag is None:
        raise invalid({"tag": f"missing {word} tag"})
    if int(str(tag)) > most:
        raise invalid({"tag": f"{word} tag max value is {most}"})
    for other, entry in configured(call, "vnets").items():
        if other != name and entry.get("zone") == vnet["zone"] and entry.get("tag") == tag:
            raise invalid({"tag": f"tag {tag} already exist in zone {vnet['zone']} in vnet {other}"})


@routes.put("/cluster/sdn/vnets/{vnet}")
def change_vnet(call: Call) -> Json:
    """Change a vnet."""
    name = call.text("vnet")
    call.require(zone_path(call, name), "SDN.Allocate")
    if "zone" in call.params:
        call.require(f"/sdn/zones/{call.text('zone')}", "SDN.Allocate")
    with locked("update sdn vnet object failed"):
        unlocked(call)
        entry = changed(call, known(call, "vnets", name), fixed=("zone", "vnet"))
        _check_vnet(call, name, entry)
        put(call, "vnets", name, entry)
    return None


@routes.delete("/cluster/sdn/vnets/{vnet}")
def delete_vnet(call: Call) -> Json:
    """Remove a vnet that holds no subnet."""
    name = call.text("vnet")
    call.require(zone_path(call, name), "SDN.Allocate")
    with locked("delete sdn vnet object failed"):
        unlocked(call)
        known(call, "vnets", name)
        if any(subnet.get("vnet") == name for subnet in configured(call, "subnets").values()):
            raise invalid({"vnet": "Can't delete vnet if subnets exists"})
        put(call, "vnets", name, None)
    return None


@routes.post("/cluster/sdn/controllers")
def create_controller(call: Call) -> Json:
    """Define a controller."""
    name = call.text("controller")
    with locked("create sdn controller object failed"):
        unlocked(call)
        if name in configured(call, "controllers"):
            raise failed(f"sdn controller object ID '{name}' already defined")
        entry = given(call)
        needed(entry, *_CONTROLLER_NEEDS.get(str(entry["type"]), ()))
        put(call, "controllers", name, entry)
    return None


@routes.put("/cluster/sdn/controllers/{controller}")
def change_controller(call: Call) -> Json:
    """Change a controller."""
    name = call.text("controller")
    with locked("update sdn controller object failed"):
        unlocked(call)
        put(call, "controllers", name, changed(call, known(call, "controllers", name), fixed=("type",)))
    return None


@routes.delete("/cluster/sdn/controllers/{controller}")
def delete_controller(call: Call) -> Json:
    """Remove a controller that no zone uses."""
    name = call.text("controller")
    with locked("delete sdn controller object failed"):
        unlocked(call)
        known(call, "controllers", name)
        for zone, entry in configured(call, "zones").items():
            if entry.get("controller") == name:
                raise failed(f"controller {name} is used by zone {zone}")
        put(call, "controllers", name, None)
    return None


@routes.put("/cluster/sdn")
def apply(call: Call) -> Json:
    """Apply what is pending, on every node, in a task."""
    unlocked(call)
    if call.flag("release-lock", default=True):
        call.world.documents.pop(LOCK, None)
    return tasks.start(
        call.world, call.clock.now(), kind="reloadnetworkall", guest="", user=call.caller.authid,
        node=call.local_node, job={},
    )  # fmt: skip


@routes.post("/cluster/sdn/rollback")
def rollback(call: Call) -> Json:
    """Drop what is pending."""
    unlocked(call)
    call.world.sdn.pending = {}
    if call.flag("release-lock", default=True):
        call.world.documents.pop(LOCK, None)
    return None


@routes.post("/cluster/sdn/lock")
def lock(call: Call) -> Json:
    """Lock SDN; only who has the token changes it then."""
    if call.world.documents.get(LOCK) is not None:
        raise failed("configuration is already locked")
    if call.world.sdn.pending and not call.flag("allow-pending"):
        raise failed("configuration contains uncommitted changes")
    token = new_uuid(call.world.random("sdn-lock"))
    call.world.documents[LOCK] = token
    return token


@routes.delete("/cluster/sdn/lock")
def unlock(call: Call) -> Json:
    """Give the lock up; ``force`` takes it from somebody else."""
    if not call.flag("force"):
        unlocked(call)
    call.world.documents.pop(LOCK, None)
    return None
