"""Changing the firewall's rules and options on every level."""

from __future__ import annotations

from proxmox_mpc.simulator import firewalls
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.firewall import CLUSTER, GUESTS, NODE, level_name
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Firewall

routes = Routes()
_NOT_A_RULE = frozenset(["node", "vmid", "vnet", "group", "pos", "moveto", "delete", "digest"])
_NOT_AN_OPTION = frozenset(["node", "vmid", "vnet", "delete", "digest"])
_MODIFIED = "detected modified configuration - file changed by other user? Try again."


def kept_level(call: Call) -> Firewall:
    """Return the level of the path, kept from now on."""
    return call.world.firewall.setdefault(level_name(call), Firewall())


def check_digest(call: Call, firewall: Firewall) -> None:
    """Raise PVE's 500 when the caller saw an older state of the level's file."""
    if call.text("digest") and call.text("digest") != firewalls.digest(firewall):
        raise failed(_MODIFIED)


def _rules(call: Call, firewall: Firewall) -> list[JsonObject]:
    """Return the list of rules that the path names: the level's own, or a security group's."""
    if "group" not in call.params:
        return firewall.rules
    name = call.text("group")
    if name not in firewall.groups:
        raise failed(f"security group '{name}' does not exist")
    rules = firewall.groups[name].setdefault("rules", [])
    return rules if isinstance(rules, list) else []  # type: ignore[return-value]


def _given(call: Call) -> JsonObject:
    return {
        name: int(value) if isinstance(value, bool) else call.text(name) if isinstance(value, list) else value
        for name, value in call.params.items()
        if name not in _NOT_A_RULE
    }


def _check_rule(call: Call, rule: JsonObject) -> None:
    """Raise PVE's 400 for a rule that names what is not there or does not fit together."""
    kind, action = str(rule.get("type")), str(rule.get("action"))
    errors: dict[str, str] = {}
    if kind == "group":
        if action.lower() not in {name.lower() for name in call.world.firewall.get("cluster", Firewall()).groups}:
            errors["action"] = f"security group '{action}' does not exist"
    elif action not in {"ACCEPT", "DROP", "REJECT"}:
        errors["action"] = f"unknown action '{action}'"
    ports = [name for name in ("dport", "sport") if rule.get(name)]
    if ports and "proto" not in rule and "macro" not in rule:
        errors["proto"] = f"missing property - '{ports[0]}' requires this property"
    if errors:
        raise invalid(errors)


def create_rule(call: Call) -> Json:
    """Put a new rule before all others (or at ``pos``); it is off unless ``enable`` says otherwise."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    rule = _given(call)
    _check_rule(call, rule)
    rule.setdefault("enable", 0)
    _rules(call, firewall).insert(call.number("pos"), rule)
    return None


def change_rule(call: Call) -> Json:
    """Change a rule, or (``moveto``) its place."""
    firewall, pos = kept_level(call), call.number("pos")
    check_digest(call, firewall)
    rules = _rules(call, firewall)
    if pos >= len(rules):
        raise failed(f"no rule at position {pos}")
    if "moveto" in call.params:
        place = call.number("moveto")
        rule = rules.pop(pos)
        rules.insert(place - 1 if place > pos else place, rule)
        return None
    changed = {**rules[pos], **_given(call)}
    for name in call.texts("delete"):
        changed.pop(name, None)
    _check_rule(call, changed)
    rules[pos] = changed
    return None


def delete_rule(call: Call) -> Json:
    """Remove a rule."""
    firewall, pos = kept_level(call), call.number("pos")
    check_digest(call, firewall)
    rules = _rules(call, firewall)
    if pos >= len(rules):
        raise failed(f"no rule at position {pos}")
    del rules[pos]
    return None


def change_options(call: Call) -> Json:
    """Change a level's options."""
    firewall = kept_level(call)
    check_digest(call, firewall)
    for name in call.texts("delete"):
        firewall.options.pop(name, None)
    for name, value in call.params.items():
        if name not in _NOT_AN_OPTION:
            firewall.options[name] = int(value) if isinstance(value, bool) else call.text(name)
    return None


for _base in (CLUSTER, NODE, *GUESTS.values()):
    routes.post(f"{_base}/rules")(create_rule)
    routes.put(f"{_base}/rules/{{pos}}")(change_rule)
    routes.delete(f"{_base}/rules/{{pos}}")(delete_rule)
    routes.put(f"{_base}/options")(change_options)
routes.post(f"{CLUSTER}/groups/{{group}}")(create_rule)
routes.put(f"{CLUSTER}/groups/{{group}}/{{pos}}")(change_rule)
routes.delete(f"{CLUSTER}/groups/{{group}}/{{pos}}")(delete_rule)
