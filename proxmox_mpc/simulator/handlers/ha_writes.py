"""Changing high availability: managed guests, rules (PVE 9) or groups (PVE 8), commands to the manager."""

from __future__ import annotations

import re

from proxmox_mpc.simulator import events
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import ApiError, failed, invalid
from proxmox_mpc.simulator.handlers.ha import sid_of
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.sections import changed, given, listed, locked, missing
from proxmox_mpc.simulator.world import Guest

routes = Routes()
SOON = 1.0
"""Seconds until the manager acts on what it was told."""

_MIGRATED = "ha groups have been migrated to rules"
_WANTS = {"node-affinity": "nodes", "resource-affinity": "affinity"}


def _guest(call: Call, sid: str) -> Guest:
    """Return the guest that a resource id names; raises PVE's 500 when there is none of that kind."""
    found = re.fullmatch(r"(vm|ct):(\d+)", sid)
    if found is None:
        raise failed(f"unable to parse service id '{sid}'")
    guest = call.world.guests.get(int(found[2]))
    if guest is None or guest.kind != {"vm": "qemu", "ct": "lxc"}[found[1]]:
        raise failed(f"resource '{sid}' does not exist in cluster")
    return guest


def _check_group(call: Call, entry: JsonObject) -> None:
    if "group" not in entry:
        return
    if call.world.major >= 9:
        raise invalid({"group": f"invalid parameter 'group': {_MIGRATED}"})
    if entry["group"] not in call.world.ha.groups:
        raise failed(f"HA group '{entry['group']}' does not exist")


def _normal(entry: JsonObject) -> JsonObject:
    """Return a resource with the state that ``enabled`` stands for."""
    return {**entry, **({"state": "started"} if entry.get("state") == "enabled" else {})}


@routes.post("/cluster/ha/resources")
def create_resource(call: Call) -> Json:
    """Let the manager look after a guest."""
    sid = sid_of(call)
    guest = _guest(call, sid)
    if call.text("type") not in {"", sid.split(":", 1)[0]}:
        raise failed("types does not match")
    with locked("create resource failed"):
        if sid in call.world.ha.resources:
            raise failed(f"resource ID '{sid}' already defined")
        entry = _normal(given(call, "sid", "type"))
        _check_group(call, entry)
        defaults: JsonObject = {"state": "started", "max_restart": 1, "max_relocate": 1}
        call.world.ha.resources[sid] = {"sid": sid, "type": sid.split(":", 1)[0], **defaults, **entry}
    call.world.ha.master = call.world.ha.master or call.local_node
    call.world.ha.state[sid] = {"node": guest.node, "state": "queued", "uid": f"u{call.world.count('ha')}"}
    events.expect(call.world, call.clock.now() + SOON, "ha", sid=sid)
    return None


def _resource(call: Call) -> str:
    sid = sid_of(call)
    if sid not in call.world.ha.resources:
        raise failed(f"no such resource '{sid}'")
    return sid


@routes.put("/cluster/ha/resources/{sid}")
def change_resource(call: Call) -> Json:
    """Change what the manager does with a guest; a new state is reached a little later."""
    with locked("update resource failed"):
        sid = _resource(call)
        check_digest(call.text("digest"), dict(call.world.ha.resources))
        entry = _normal(changed(call, call.world.ha.resources[sid], "sid"))
        _check_group(call, given(call))
        call.world.ha.resources[sid] = entry
    events.expect(call.world, call.clock.now() + SOON, "ha", sid=sid)
    return None


@routes.delete("/cluster/ha/resources/{sid}")
def delete_resource(call: Call) -> Json:
    """Let the manager forget a guest; with ``purge`` (the default) rules forget it too."""
    with locked("delete resource failed"):
        sid = sid_of(call)
        if sid not in call.world.ha.resources:
            raise failed(f"cannot delete service '{sid}', not HA managed!")
        _forget_in_rules(call, sid)
        del call.world.ha.resources[sid]
        call.world.ha.state.pop(sid, None)
    return None


def _forget_in_rules(call: Call, sid: str) -> None:
    """Take a guest out of the rules that name it; without ``purge`` they keep naming it."""
    if not call.flag("purge", default=True):
        return
    for name, rule in list(call.world.ha.rules.items()):
        left = [other for other in listed(rule["resources"]) if other != sid]
        if not left:
            del call.world.ha.rules[name]
        elif len(left) < len(listed(rule["resources"])):
            rule["resources"] = ",".join(left)


def _command(name: str) -> Handler:
    def act(call: Call) -> Json:
        sid, target = _resource(call), call.text("node")
        guest = _guest(call, sid)
        if call.world.ha.state.get(sid, {}).get("state") == "error":
            raise failed(f"service '{sid}' in error state, must be disabled and fixed first")
        if target not in call.world.nodes:
            raise failed(f"no such cluster node '{target}'")
        answer: JsonObject = {"sid": sid, "requested-node": target}
        together = _bound(call, sid, "positive")
        apart = [o for o in _bound(call, sid, "negative") if _guest(call, o).node == target]
        if apart:
            causes: list[Json] = [{"sid": other, "cause": "resource-affinity"} for other in apart]
            return {**answer, "blocking-resources": causes}
        for moving in [sid, *together]:
            if _guest(call, moving).node != target:
                events.expect(
                    call.world, call.clock.now() + SOON, "ha-migrate", sid=moving, target=target, relocate=name
                )
        if guest.node == target:
            return answer
        return {**answer, "comigrated-resources": [*together]} if together else answer

    return act


def _bound(call: Call, sid: str, affinity: str) -> list[str]:
    """Return the other guests that rules bind to one, or keep from it."""
    found: list[str] = []
    for rule in call.world.ha.rules.values():
        members = listed(rule["resources"])
        if rule.get("affinity") == affinity and not rule.get("disable") and sid in members:
            found += [other for other in members if other != sid]
    return found


for _name in ("migrate", "relocate"):
    routes.post(f"/cluster/ha/resources/{{sid}}/{_name}")(_command(_name))


def _rules(call: Call) -> dict[str, JsonObject]:
    if call.world.major < 9:
        raise ApiError(501, f"Method '{call.method} /cluster/ha/rules' not implemented")
    return call.world.ha.rules


@routes.post("/cluster/ha/rules")
def create_rule(call: Call) -> Json:
    """Make a rule about where managed guests run."""
    known, name = _rules(call), call.text("rule")
    with locked("create ha rule failed"):
        if name in known:
            raise failed(f"HA rule '{name}' already defined")
        entry = given(call)
        _check_rule(call, name, entry)
        known[name] = entry
    return None


@routes.put("/cluster/ha/rules/{rule}")
def change_rule(call: Call) -> Json:
    """Change a rule; its type stays."""
    known, name = _rules(call), call.text("rule")
    with locked("update HA rules failed"):
        if name not in known:
            raise failed(f"HA rule '{name}' does not exist")
        check_digest(call.text("digest"), dict(known))
        if call.text("type") != known[name]["type"]:
            raise invalid({"type": f"HA rule '{name}' is of type {known[name]['type']}"})
        entry = changed(call, known[name], fixed=("resources", _WANTS[call.text("type")]))
        _check_rule(call, name, entry)
        known[name] = entry
    return None


@routes.delete("/cluster/ha/rules/{rule}")
def delete_rule(call: Call) -> Json:
    """Remove a rule."""
    known, name = _rules(call), call.text("rule")
    with locked("delete HA rule failed"):
        if name not in known:
            raise failed(f"HA rule '{name}' does not exist")
        del known[name]
    return None


def _check_rule(call: Call, name: str, rule: JsonObject) -> None:
    """Raise what a rule gives that names what is not there or contradicts another one."""
    kind, members = str(rule["type"]), listed(rule["resources"])
    missing(rule, _WANTS[kind])
    for other, wanted in _WANTS.items():
        if other != kind and wanted in rule:
            raise invalid({wanted: f"property is not defined in schema for type '{kind}'"})
    unmanaged = [sid for sid in members if sid not in call.world.ha.resources]
    if unmanaged:
        raise failed(f"cannot use unmanaged resource(s) {', '.join(unmanaged)}.")
    _check_nodes(call, rule)
    others = [r for key, r in call.world.ha.rules.items() if key != name and not r.get("disable")]
    if kind == "node-affinity":
        for sid in members:
            if any(r["type"] == kind and sid in listed(r["resources"]) for r in others):
                raise invalid({"resources": f"resource '{sid}' is already used in another node affinity rule"})
        return
    if len(members) < 2:
        raise invalid({"resources": "rule is ineffective as there are less than two resources"})
    if rule["affinity"] == "negative" and len(members) > len(call.world.nodes):
        raise invalid({"resources": "rule defines more resources than available nodes"})
    for other_rule in others:
        both = set(members) & set(listed(other_rule["resources"]))
        if other_rule["type"] == kind and other_rule.get("affinity") != rule["affinity"] and len(both) > 1:
            raise invalid({"resources": "rule shares two or more resources with a rule of the opposite affinity"})


def _check_nodes(call: Call, entry: JsonObject) -> None:
    names = [part.split(":", 1)[0] for part in listed(entry.get("nodes"))]
    unknown = [name for name in names if name not in call.world.nodes]
    if unknown:
        raise failed(f"cannot use non-existent node(s) {', '.join(unknown)}.")


def _groups(call: Call, what: str) -> dict[str, JsonObject]:
    if call.world.major >= 9:
        raise failed(f"{what} group failed: {_MIGRATED}")
    return call.world.ha.groups


@routes.post("/cluster/ha/groups")
def create_group(call: Call) -> Json:
    """Make a group of nodes (PVE 8)."""
    known, name = _groups(call, "create"), call.text("group")
    with locked("create ha group failed"):
        if name in known:
            raise failed(f"ha group ID '{name}' already defined")
        entry = {"type": "group", **given(call)}
        _check_nodes(call, entry)
        known[name] = entry
    return None


@routes.put("/cluster/ha/groups/{group}")
def change_group(call: Call) -> Json:
    """Change a group (PVE 8)."""
    known, name = _groups(call, "update"), call.text("group")
    with locked("update ha group failed"):
        if name not in known:
            raise failed(f"no such ha group '{name}'")
        check_digest(call.text("digest"), dict(known))
        entry = changed(call, known[name], fixed=("nodes", "group"))
        _check_nodes(call, entry)
        known[name] = entry
    return None


@routes.delete("/cluster/ha/groups/{group}")
def delete_group(call: Call) -> Json:
    """Remove a group that no managed guest is in (PVE 8)."""
    known, name = _groups(call, "delete"), call.text("group")
    with locked("delete ha group failed"):
        if name not in known:
            raise failed(f"no such ha group '{name}'")
        if any(entry.get("group") == name for entry in call.world.ha.resources.values()):
            raise failed("ha group is used by services")
        del known[name]
    return None


@routes.post("/cluster/ha/status/disarm-ha")
def disarm(call: Call) -> Json:
    """Take the watchdogs off: no node is fenced; guests are frozen or left alone."""
    if call.world.documents.get("/ha/disarmed"):
        raise failed("HA stack is already disarmed")
    call.world.documents["/ha/disarmed"] = call.text("resource-mode")
    return None


@routes.post("/cluster/ha/status/arm-ha")
def arm(call: Call) -> Json:
    """Put the watchdogs on again."""
    call.world.documents.pop("/ha/disarmed", None)
    return None
