"""Software defined networks: zones, vnets, subnets, and what is configured but not applied yet."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import failed, forbidden
from proxmox_mpc.simulator.firewalls import level, options_row, rule_at, rule_rows
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes

routes = Routes()
routes.index("/cluster/sdn", "vnets", "zones", "controllers", "ipams", "dns", "fabrics", key="id")
routes.index("/cluster/sdn/vnets/{vnet}/firewall", "options", "rules", key="name")
routes.index("/nodes/{node}/sdn", "zones", "fabrics", "vnets", key="name")
routes.index("/nodes/{node}/sdn/zones/{zone}", "bridges", "content", "ip-vrf")

_KEYS = {
    "zones": "zone",
    "vnets": "vnet",
    "subnets": "subnet",
    "controllers": "controller",
    "ipams": "ipam",
    "dns": "dns",
}


def applied(call: Call, kind: str) -> dict[str, JsonObject]:
    """Return the objects that run on the nodes."""
    found: dict[str, JsonObject] = getattr(call.world.sdn, kind)
    return found


def configured(call: Call, kind: str) -> dict[str, JsonObject]:
    """Return the objects as configured: what runs, with the changes that are not applied yet."""
    merged = dict(applied(call, kind))
    for name, change in call.world.sdn.pending.get(kind, {}).items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = change
    return merged


def view(call: Call, kind: str) -> dict[str, JsonObject]:
    """Return what the caller asked for: configured, ``running`` or ``pending``."""
    if call.flag("running"):
        return applied(call, kind)
    if not call.flag("pending"):
        return configured(call, kind)
    new, old = configured(call, kind), applied(call, kind)
    return {name: _with_changes(kind, old.get(name), new.get(name)) for name in sorted({*new, *old})}


def _with_changes(kind: str, old: JsonObject | None, new: JsonObject | None) -> JsonObject:
    """Return what runs with what changes under ``pending``, and whether it is new, changed or deleted."""
    names = (_KEYS[kind], "type", "vnet")
    if old is None:
        known = new or {}
        changes = {key: value for key, value in known.items() if key not in names}
        return {**{key: known[key] for key in names if key in known}, "state": "new", "pending": changes}
    if new is None:
        return {**old, "state": "deleted"}
    changes = {key: value for key, value in new.items() if old.get(key) != value}
    changes |= dict.fromkeys((key for key in old if key not in new), "deleted")
    return {**old, "state": "changed", "pending": changes} if changes else dict(old)


def zone_path(call: Call, vnet: str) -> str:
    """Return the path on which rights on a vnet are held: it lies below its zone."""
    known = configured(call, "vnets").get(vnet) or applied(call, "vnets").get(vnet) or {}
    return f"/sdn/zones/{known.get('zone', '')}/{vnet}"


def _listed(call: Call, kind: str, base: str) -> Iterator[JsonObject]:
    """Yield the objects of a kind that the caller may audit, with the file's digest."""
    digest, wanted = digest_of(dict(configured(call, kind))), call.text("type")
    for name, entry in view(call, kind).items():
        path = zone_path(call, name) if kind == "vnets" else f"/sdn/{base}/{name}"
        if call.may(path, "SDN.Audit", "SDN.Allocate") and (not wanted or entry.get("type") == wanted):
            yield {**entry, "digest": digest}


def _one(call: Call, kind: str, name: str) -> JsonObject:
    known = view(call, kind)
    if name not in known:
        raise failed(f"sdn '{name}' does not exist")
    return {**known[name], "digest": digest_of(dict(configured(call, kind)))}


def _register(kind: str) -> None:
    """Register list and single object of one kind."""
    key = _KEYS[kind]

    @routes.get(f"/cluster/sdn/{kind}")
    def index(call: Call) -> Json:
        return rows(_listed(call, kind, kind))

    @routes.get(f"/cluster/sdn/{kind}/{{{key}}}")
    def read(call: Call) -> Json:
        name = call.text(key)
        if kind == "vnets" and not call.may(zone_path(call, name), "SDN.Audit", "SDN.Allocate"):
            raise forbidden(f"{zone_path(call, name)}, SDN.Audit|SDN.Allocate")
        return _one(call, kind, name)


for _kind in ("zones", "vnets", "controllers", "ipams", "dns"):
    _register(_kind)


def _audited_vnet(call: Call) -> str:
    """Return the vnet of the path; raises the 403 for one that the caller may not audit, the 500 for none."""
    name = call.text("vnet")
    if not call.may(zone_path(call, name), "SDN.Audit", "SDN.Allocate"):
        raise forbidden(f"{zone_path(call, name)}, SDN.Audit|SDN.Allocate")
    if name not in configured(call, "vnets"):
        raise failed(f"sdn '{name}' does not exist")
    return name


@routes.get("/cluster/sdn/vnets/{vnet}/subnets")
def subnets(call: Call) -> Json:
    """Return the subnets of a vnet."""
    vnet = _audited_vnet(call)
    digest = digest_of(dict(configured(call, "subnets")))
    return rows({**entry, "digest": digest} for entry in view(call, "subnets").values() if entry.get("vnet") == vnet)


@routes.get("/cluster/sdn/vnets/{vnet}/subnets/{subnet}")
def subnet(call: Call) -> Json:
    """Return one subnet; it may be named by its id or its CIDR."""
    vnet, name = _audited_vnet(call), call.text("subnet")
    found = next(
        (k for k, s in view(call, "subnets").items() if name in {k, s.get("cidr")} and s["vnet"] == vnet), name
    )
    return _one(call, "subnets", found)


@routes.get("/cluster/sdn/ipams/{ipam}/status")
def ipam_status(call: Call) -> Json:
    """Return the addresses that PVE's own address management has given out."""
    _one(call, "ipams", call.text("ipam"))
    return rows(
        row
        for row in call.world.sdn.allocations
        if call.may(f"/sdn/zones/{row['zone']}/{row['vnet']}", "SDN.Audit", "SDN.Allocate")
    )


@routes.get("/cluster/sdn/vnets/{vnet}/firewall/options")
def firewall_options(call: Call) -> Json:
    """Return a vnet's firewall options."""
    return options_row(level(call.world, f"vnet/{_audited_vnet(call)}"))


@routes.get("/cluster/sdn/vnets/{vnet}/firewall/rules")
def firewall_rules(call: Call) -> Json:
    """Return a vnet's firewall rules."""
    return rows(rule_rows(level(call.world, f"vnet/{_audited_vnet(call)}")))


@routes.get("/cluster/sdn/vnets/{vnet}/firewall/rules/{pos}")
def firewall_rule(call: Call) -> Json:
    """Return one firewall rule of a vnet."""
    return rule_at(rule_rows(level(call.world, f"vnet/{_audited_vnet(call)}")), call.number("pos"))


def _zones_of(call: Call) -> dict[str, JsonObject]:
    """Return the zones that run on the node of the path."""
    node = call.node.name
    return {
        name: zone for name, zone in applied(call, "zones").items() if node in str(zone.get("nodes") or node).split(",")
    }


@routes.get("/nodes/{node}/sdn/zones")
def node_zones(call: Call) -> Json:
    """Return the state of each zone on a node."""
    return rows(
        {"zone": name, "status": "available"}
        for name in _zones_of(call)
        if call.may(f"/sdn/zones/{name}", "SDN.Audit", "SDN.Allocate")
    )


@routes.get("/nodes/{node}/sdn/zones/{zone}/content")
def node_zone_content(call: Call) -> Json:
    """Return the state of each vnet of a zone on a node."""
    zone = call.text("zone")
    if zone not in _zones_of(call):
        raise failed(f"no such zone '{zone}'")
    vnets = [name for name, vnet in applied(call, "vnets").items() if vnet.get("zone") == zone]
    return rows({"vnet": name, "status": "available"} for name in vnets)
