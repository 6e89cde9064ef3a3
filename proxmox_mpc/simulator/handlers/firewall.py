"""The firewall of the datacenter, the nodes and the guests: the same reads on every level."""

from __future__ import annotations

from proxmox_mpc.simulator import firewalls
from proxmox_mpc.simulator.call import Answer, Call, rows
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Firewall

routes = Routes()
CLUSTER, NODE = "/cluster/firewall", "/nodes/{node}/firewall"
GUESTS = {kind: f"/nodes/{{node}}/{kind}/{{vmid}}/firewall" for kind in ("qemu", "lxc")}
routes.index(CLUSTER, "aliases", "groups", "ipset", "macros", "options", "refs", "rules", key="name")
routes.index(NODE, "log", "options", "rules", key="name")

_MACROS = {
    "DNS": "Domain Name System traffic (udp and tcp)",
    "HTTP": "Hypertext Transfer Protocol (WWW)",
    "HTTPS": "Hypertext Transfer Protocol (WWW) over SSL",
    "NFS": "",
    "NTP": "Network Time Protocol (ntpd)",
    "Ping": "ICMP echo request",
    "PostgreSQL": "PostgreSQL server",
    "RDP": "Microsoft Remote Desktop Protocol traffic",
    "SMB": "Microsoft SMB traffic",
    "SMTP": "Simple Mail Transfer Protocol",
    "SSH": "Secure shell traffic",
}


def level_of(call: Call) -> Firewall:
    """Return the level that the path of the request names."""
    return firewalls.level(call.world, level_name(call))


def level_name(call: Call) -> str:
    """Return the name of the level that the path of the request names."""
    parts = call.template.strip("/").split("/")
    if parts[0] == "cluster":
        return f"vnet/{call.text('vnet')}" if "vnet" in call.params else "cluster"
    return f"{parts[2]}/{call.number('vmid')}" if parts[2] in GUESTS else f"node/{call.node.name}"


def _options(call: Call) -> Json:
    return firewalls.options_row(level_of(call))


def _rules(call: Call) -> Json:
    return rows(firewalls.rule_rows(level_of(call)))


def _rule(call: Call) -> Json:
    return firewalls.rule_at(firewalls.rule_rows(level_of(call)), call.number("pos"))


def _log(call: Call) -> Answer:
    """Return a page of the firewall's log; a guest's is what the node's log says of it."""
    lines = level_of(call).log
    if "vmid" in call.params:
        node = firewalls.level(call.world, f"node/{call.node.name}")
        lines = [line for line in node.log if line.startswith(f"{call.number('vmid')} ")]
    start, limit = call.number("start"), call.number("limit", 50)
    page = [*enumerate(lines, 1)][start : start + limit] or [(1, "no content")]
    return Answer(rows({"n": at, "t": line} for at, line in page), {"total": len(lines)})


def _aliases(call: Call) -> Json:
    return rows(firewalls.alias_rows(level_of(call)))


def _alias(call: Call) -> Json:
    for row in firewalls.alias_rows(level_of(call)):
        if str(row["name"]).lower() == call.text("name").lower():
            return row
    raise failed(f"no such alias '{call.text('name')}'")


def _sets(call: Call) -> Json:
    return rows(firewalls.set_rows(level_of(call)))


def _members(call: Call) -> Json:
    return rows(firewalls.member_rows(level_of(call), call.text("name")))


def _member(call: Call) -> Json:
    for row in firewalls.member_rows(level_of(call), call.text("name")):
        if row["cidr"] == call.text("cidr"):
            return row
    raise failed(f"no such IP/Network '{call.text('cidr')}'")


def _references(call: Call) -> Json:
    """Return what rules of this level may name: a guest's may also name the datacenter's."""
    wanted = call.text("type")
    shared = firewalls.reference_rows("dc", firewalls.level(call.world, "cluster"), wanted)
    own = firewalls.reference_rows("guest", level_of(call), wanted) if "vmid" in call.params else []
    return rows([*own, *shared])


for _base in (CLUSTER, NODE, *GUESTS.values()):
    routes.get(f"{_base}/options")(_options)
    routes.get(f"{_base}/rules")(_rules)
    routes.get(f"{_base}/rules/{{pos}}")(_rule)
for _base in (NODE, *GUESTS.values()):
    routes.get(f"{_base}/log")(_log)
for _base in (CLUSTER, *GUESTS.values()):
    routes.get(f"{_base}/aliases")(_aliases)
    routes.get(f"{_base}/aliases/{{name}}")(_alias)
    routes.get(f"{_base}/ipset")(_sets)
    routes.get(f"{_base}/ipset/{{name}}")(_members)
    routes.get(f"{_base}/ipset/{{name}}/{{cidr}}")(_member)
    routes.get(f"{_base}/refs")(_references)
for _base in GUESTS.values():
    routes.index(_base, "aliases", "ipset", "log", "options", "refs", "rules", key="name")


@routes.get(f"{CLUSTER}/groups")
def groups(call: Call) -> Json:
    """Return the security groups."""
    firewall = level_of(call)
    mark = firewalls.digest(firewall)
    return rows(
        {"group": name, **({"comment": entry["comment"]} if entry.get("comment") else {}), "digest": mark}
        for name, entry in sorted(firewall.groups.items())
    )


def group_rules(call: Call) -> list[JsonObject]:
    """Return the rules of the security group of the path; raises PVE's 500 when there is none."""
    firewall, name = level_of(call), call.text("group")
    if name not in firewall.groups:
        raise failed(f"no such security group '{name}'")
    rules = firewall.groups[name].get("rules")
    plain = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return [*firewalls.rule_rows(firewall, plain)]


@routes.get(f"{CLUSTER}/groups/{{group}}")
def group(call: Call) -> Json:
    """Return the rules of a security group."""
    return rows(group_rules(call))


@routes.get(f"{CLUSTER}/groups/{{group}}/{{pos}}")
def group_rule(call: Call) -> Json:
    """Return one rule of a security group."""
    return firewalls.rule_at(iter(group_rules(call)), call.number("pos"))


@routes.get(f"{CLUSTER}/macros")
def macros(_call: Call) -> Json:
    """Return the macros that rules may use: a selection of PVE's."""
    return rows({"macro": name, "descr": text} for name, text in _MACROS.items())
