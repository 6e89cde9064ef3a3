"""Changing the firewall's aliases, IP sets and security groups."""

from __future__ import annotations

from proxmox_mpc.simulator import firewalls
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.firewall import CLUSTER, GUESTS, level_name
from proxmox_mpc.simulator.handlers.firewall_writes import check_digest, kept_level
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Firewall

routes = Routes()


def _find(table: dict[str, JsonObject], name: str) -> str | None:
    """Return the name under which something is kept; upper and lower case are the same."""
    return next((known for known in table if known.lower() == name.lower()), None)


def create_alias(call: Call) -> Json:
    """Name an address."""
    firewall, name = kept_level(call), call.text("name")
    if _find(firewall.aliases, name) is not None:
        raise invalid({"name": f"alias '{name}' already exists"})
    firewall.aliases[name] = _alias(call, {})
    return None


def _alias(call: Call, before: JsonObject) -> JsonObject:
    entry: JsonObject = {**before, "cidr": call.text("cidr")}
    if "comment" in call.params:
        entry["comment"] = call.text("comment")
    return entry


def change_alias(call: Call) -> Json:
    """Change an alias, or (``rename``) its name."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    name = _find(firewall.aliases, call.text("name"))
    if name is None:
        raise invalid({"name": "no such alias"})
    renamed = call.text("rename") or name
    if renamed.lower() != name.lower() and _find(firewall.aliases, renamed) is not None:
        raise invalid({"name": f"alias '{renamed}' already exists"})
    before = firewall.aliases.pop(name)
    firewall.aliases[renamed] = _alias(call, before)
    return None


def delete_alias(call: Call) -> Json:
    """Remove an alias."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    name = _find(firewall.aliases, call.text("name"))
    if name is not None:
        del firewall.aliases[name]
    return None


def create_set(call: Call) -> Json:
    """Make an IP set, or (``rename``) give one another name or comment."""
    firewall, name = kept_level(call), call.text("name")
    check_digest(call, firewall)
    if "rename" not in call.params:
        if _find(firewall.ipsets, name) is not None:
            raise invalid({"name": f"IPSet '{name}' already exists"})
        firewall.ipsets[name] = {"comment": call.text("comment"), "members": []}
        return None
    old = _find(firewall.ipsets, call.text("rename"))
    if old is None:
        raise invalid({"name": f"IPSet '{call.text('rename')}' does not exist"})
    if name.lower() != old.lower() and _find(firewall.ipsets, name) is not None:
        raise invalid({"name": f"IPSet '{name}' already exists"})
    entry = firewall.ipsets.pop(old)
    firewall.ipsets[name] = entry | ({"comment": call.text("comment")} if "comment" in call.params else {})
    return None


def delete_set(call: Call) -> Json:
    """Remove an IP set, which must be empty unless ``force`` is set."""
    firewall = kept_level(call)
    name = _find(firewall.ipsets, call.text("name"))
    if name is None:
        raise failed(f"no such IPSet '{call.text('name')}'")
    if firewall.ipsets[name].get("members") and not call.flag("force"):
        raise failed(f"IPSet '{name}' is not empty")
    del firewall.ipsets[name]
    return None


def _members(call: Call, firewall: Firewall) -> list[Json]:
    name = _find(firewall.ipsets, call.text("name"))
    if name is None:
        raise failed(f"no such IPSet '{call.text('name')}'")
    members = firewall.ipsets[name].setdefault("members", [])
    return members if isinstance(members, list) else []


def add_member(call: Call) -> Json:
    """Add an address, a network or an alias to an IP set."""
    firewall, cidr = kept_level(call), call.text("cidr")
    members = _members(call, firewall)
    if any(isinstance(member, dict) and member["cidr"] == cidr for member in members):
        raise invalid({"cidr": f"address '{cidr}' already exists"})
    if cidr.endswith("/0"):
        raise invalid({"cidr": "a zero prefix is not allowed in ipset entries"})
    _check_address(call, cidr)
    member: JsonObject = {"cidr": cidr}
    if call.flag("nomatch"):
        member["nomatch"] = 1
    if call.text("comment"):
        member["comment"] = call.text("comment")
    members.insert(0, member)
    return None


def _check_address(call: Call, text: str) -> None:
    """Raise a 400 for what is neither an address nor an alias of this level or the datacenter."""
    plain = text.rpartition("/")[2] if text.startswith(("dc/", "guest/")) else text
    own, shared = firewalls.level(call.world, level_name(call)), firewalls.level(call.world, "cluster")
    named = _find(own.aliases, plain) or _find(shared.aliases, plain)
    if named is None and not firewalls.is_address(text):
        raise invalid({"cidr": f"no such alias '{text}'"})


def _member(call: Call, firewall: Firewall) -> JsonObject:
    for member in _members(call, firewall):
        if isinstance(member, dict) and member["cidr"] == call.text("cidr"):
            return member
    raise invalid({"cidr": "no such IP/Network"})


def change_member(call: Call) -> Json:
    """Change a member's comment and whether it is an exception."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    member = _member(call, firewall)
    for key in ("nomatch", "comment"):
        member.pop(key, None)
    if call.flag("nomatch"):
        member["nomatch"] = 1
    if call.text("comment"):
        member["comment"] = call.text("comment")
    return None


def delete_member(call: Call) -> Json:
    """Take a member out of an IP set."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    _members(call, firewall).remove(_member(call, firewall))
    return None


for _base in (CLUSTER, *GUESTS.values()):
    routes.post(f"{_base}/aliases")(create_alias)
    routes.put(f"{_base}/aliases/{{name}}")(change_alias)
    routes.delete(f"{_base}/aliases/{{name}}")(delete_alias)
    routes.post(f"{_base}/ipset")(create_set)
    routes.delete(f"{_base}/ipset/{{name}}")(delete_set)
    routes.post(f"{_base}/ipset/{{name}}")(add_member)
    routes.put(f"{_base}/ipset/{{name}}/{{cidr}}")(change_member)
    routes.delete(f"{_base}/ipset/{{name}}/{{cidr}}")(delete_member)


@routes.post(f"{CLUSTER}/groups")
def create_group(call: Call) -> Json:
    """Make a security group, or (``rename``) give one another name or comment; rules follow a new name."""
    firewall, name = kept_level(call), call.text("group")
    check_digest(call, firewall)
    if "rename" not in call.params:
        if _find(firewall.groups, name) is not None:
            raise invalid({"group": f"Security group '{name}' already exists"})
        firewall.groups[name] = {"comment": call.text("comment"), "rules": []}
        return None
    old = _find(firewall.groups, call.text("rename"))
    if old is None:
        raise invalid({"group": f"Security group '{call.text('rename')}' does not exist"})
    if name.lower() != old.lower() and _find(firewall.groups, name) is not None:
        raise invalid({"group": f"Security group '{name}' already exists"})
    entry = firewall.groups.pop(old)
    firewall.groups[name] = entry | ({"comment": call.text("comment")} if "comment" in call.params else {})
    for level in call.world.firewall.values():
        for rule in level.rules:
            if rule.get("type") == "group" and rule.get("action") == old:
                rule["action"] = name
    return None


@routes.delete(f"{CLUSTER}/groups/{{group}}")
def delete_group(call: Call) -> Json:
    """Remove a security group without rules."""
    firewall, name = kept_level(call), call.text("group")
    if name not in firewall.groups:
        return None
    if firewall.groups[name].get("rules"):
        raise failed(f"Security group '{name}' is not empty")
    del firewall.groups[name]
    return None
