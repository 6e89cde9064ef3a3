"""High availability: managed guests, rules (PVE 9) or groups (PVE 8), and the manager's view."""

from __future__ import annotations

from datetime import UTC, datetime

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import ApiError, failed
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes

routes = Routes()
routes.index("/cluster/ha", "status", "resources", "groups", "rules", key="id")
routes.index("/cluster/ha/status", "current", "manager_status", "arm-ha", "disarm-ha", key="name")

_GONE = "cannot index groups: ha groups have been migrated to rules"
_DEFAULTS: JsonObject = {"state": "started", "max_restart": 1, "max_relocate": 1}


def resource_row(call: Call, sid: str, digest: str) -> JsonObject:
    """Return a managed guest with the file's digest."""
    row: JsonObject = {"sid": sid, **_DEFAULTS, **call.world.ha.resources[sid], "digest": digest}
    return row if call.world.major < 9 else {"failback": 1, **row}


def sid_of(call: Call) -> str:
    """Return the resource of the path as ``vm:101``; a bare id is completed by the guest's kind."""
    sid = call.text("sid")
    if sid.isdigit():
        guest = call.world.guests.get(int(sid))
        return f"{'ct' if guest is not None and guest.kind == 'lxc' else 'vm'}:{sid}"
    return sid


@routes.get("/cluster/ha/resources")
def resources(call: Call) -> Json:
    """Return the managed guests; ``type`` is vm or ct."""
    wanted, digest = call.text("type"), digest_of(dict(call.world.ha.resources))
    return rows(
        resource_row(call, sid, digest) for sid in call.world.ha.resources if not wanted or sid.startswith(f"{wanted}:")
    )


@routes.get("/cluster/ha/resources/{sid}")
def resource(call: Call) -> Json:
    """Return one managed guest."""
    sid = sid_of(call)
    if sid not in call.world.ha.resources:
        raise failed(f"no such resource '{sid}'")
    return resource_row(call, sid, digest_of(dict(call.world.ha.resources)))


def _groups(call: Call) -> dict[str, JsonObject]:
    """Return the groups; from PVE 9 on they are gone."""
    if call.world.major >= 9:
        raise failed(_GONE)
    return call.world.ha.groups


@routes.get("/cluster/ha/groups")
def groups(call: Call) -> Json:
    """Return the groups (PVE 8)."""
    known = _groups(call)
    return rows({**group, "digest": digest_of(dict(known))} for group in known.values())


@routes.get("/cluster/ha/groups/{group}")
def group(call: Call) -> Json:
    """Return one group (PVE 8)."""
    known, name = _groups(call), call.text("group")
    if name not in known:
        raise failed(f"no such ha group '{name}'")
    return {**known[name], "digest": digest_of(dict(known))}


def _rules(call: Call) -> dict[str, JsonObject]:
    """Return the rules; before PVE 9 the path does not exist."""
    if call.world.major < 9:
        raise ApiError(501, f"Method '{call.method} /cluster/ha/rules' not implemented")
    return call.world.ha.rules


def rule_row(call: Call, name: str) -> JsonObject:
    """Return a rule with its place in the order of the file."""
    known = call.world.ha.rules
    return {**known[name], "rule": name, "order": [*known].index(name), "digest": digest_of(dict(known))}


@routes.get("/cluster/ha/rules")
def rules(call: Call) -> Json:
    """Return the rules, all or those of one type or one managed guest."""
    kind, sid = call.text("type"), call.text("resource")
    found = [rule_row(call, name) for name in _rules(call)]
    return rows(
        row
        for row in found
        if (not kind or row["type"] == kind) and (not sid or sid in str(row["resources"]).split(","))
    )


@routes.get("/cluster/ha/rules/{rule}")
def rule(call: Call) -> Json:
    """Return one rule."""
    name = call.text("rule")
    if name not in _rules(call):
        raise failed(f"no such ha rule '{name}'")
    return rule_row(call, name)


def _stamp(call: Call) -> str:
    return datetime.fromtimestamp(call.now - 3, UTC).strftime("%a %b %e %H:%M:%S %Y")


@routes.get("/cluster/ha/status/current")
def current(call: Call) -> Json:
    """Return quorum, master, each node's resource manager and each managed guest as the manager sees them."""
    world, ha = call.world, call.world.ha
    quorum = "OK" if world.quorate else "No quorum!"
    found: list[JsonObject] = [
        {"id": "quorum", "type": "quorum", "node": call.local_node, "status": quorum, "quorate": int(world.quorate)}
    ]
    if ha.master:
        found.append({
            "id": "master", "type": "master", "node": ha.master, "timestamp": call.now - 3,
            "status": f"{ha.master} (active, {_stamp(call)})",
        })  # fmt: skip
    if ha.resources:
        busy = {str(state.get("node")) for state in ha.state.values()}
        for node in world.nodes.values():
            mode = ("active" if node.name in busy else "idle") if node.online else "old timestamp - dead?"
            found.append({
                "id": f"lrm:{node.name}", "type": "lrm", "node": node.name, "timestamp": call.now - 3,
                "status": f"{node.name} ({mode}, {_stamp(call)})",
            })  # fmt: skip
    if world.major >= 9:
        armed = "armed" if ha.resources else "standby"
        found.append({
            "id": "fencing", "type": "fencing", "node": ha.master or call.local_node, "armed-state": armed,
            "status": "armed (CRM watchdog active)" if ha.resources else "standby (CRM watchdog standby)",
        })  # fmt: skip
    return rows([*found, *(_service(call, sid) for sid in ha.resources)])


def _service(call: Call, sid: str) -> JsonObject:
    config = resource_row(call, sid, "")
    state = call.world.ha.state.get(sid, {})
    node, seen = str(state.get("node", "")), str(state.get("state", "queued"))
    row: JsonObject = {
        "id": f"service:{sid}", "type": "service", "sid": sid, "node": node, "state": seen, "crm_state": seen,
        "request_state": config["state"], "status": f"{sid} ({node}, {seen})", "max_restart": config["max_restart"],
        "max_relocate": config["max_relocate"],
    }  # fmt: skip
    return row | {key: config[key] for key in ("group", "comment", "failback") if key in config}


@routes.get("/cluster/ha/status/manager_status")
def manager_status(call: Call) -> Json:
    """Return the manager's own notes."""
    world, ha = call.world, call.world.ha
    services: JsonObject = {sid: {**state} for sid, state in ha.state.items()}
    lrm: JsonObject = {
        node.name: {"mode": "active", "state": "active" if node.online else "lost_agent_lock", "results": {},
                    "timestamp": call.now - 3}
        for node in world.nodes.values()
    }  # fmt: skip
    nodes: JsonObject = {node.name: "online" if node.online else "unknown" for node in world.nodes.values()}
    manager: JsonObject = {
        "master_node": ha.master, "node_status": nodes, "service_status": services, "timestamp": call.now - 3,
    }  # fmt: skip
    return {
        "manager_status": manager if ha.master else {},
        "lrm_status": lrm,
        "quorum": {"node": call.local_node, "quorate": "1" if world.quorate else "0"},
    }
