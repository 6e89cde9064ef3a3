"""High availability: resources, the rules of PVE 9 or the groups of PVE 8, and what the manager is doing."""

from __future__ import annotations

import re

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, split_list, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Reading, Source, Warn
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.privileges import release_of
from proxmox_mpc.services.reads import unknown_to_server, warning_of

_RESOURCE = (
    Field("sid", "string", "the resource: vm:ID or ct:ID"),
    Field("type", "string", "vm or ct", level="wide"),
    Field("vmid", "integer?", "the guest's id", level="wide"),
    Field("requested", "string", "what is wanted: started, stopped, disabled, ignored"),
    Field("state", "string?", "what it is: started, stopped, migrate, error, fence, …"),
    Field("node", "string?", "the node it is on"),
    Field("group", "string?", "its group (PVE 8)"),
    Field("max_restart", "integer", "tries to start it on the same node", level="wide"),
    Field("max_relocate", "integer", "tries to start it on another node", level="wide"),
    Field("failback", "boolean", "whether it goes back to a node of higher priority", level="wide"),
    Field("comment", "string?", "its comment"),
)
_RULE = (
    Field("rule", "string", "the rule's name"),
    Field("type", "string", "node-affinity or resource-affinity"),
    Field("enabled", "boolean", "whether it counts"),
    Field("resources", "list", "the resources it is about"),
    Field("nodes", "list", "the nodes they belong on, with priority (node-affinity)"),
    Field("strict", "boolean?", "whether they may run nowhere else (node-affinity)"),
    Field("affinity", "string?", "positive: together; negative: apart (resource-affinity)"),
    Field("errors", "list", "what PVE finds wrong with it", level="wide"),
    Field("comment", "string?", "its comment"),
)
RESOURCE_ROWS = rows(*_RESOURCE, doc="Resources under high availability, by sid.")
RULE_ROWS = rows(*_RULE, doc="High availability rules (PVE 9), by name.")
RESOURCE_PAGE = item(*_RESOURCE, Field("rules", "rows", "the rules about it", fields=_RULE), doc="One HA resource.")
RULE_PAGE = item(*_RULE, doc="One HA rule.")
GROUP_ROWS = rows(
    Field("group", "string", "the group's name"),
    Field("nodes", "list", "its nodes, with priority"),
    Field("restricted", "boolean", "whether its resources may run nowhere else"),
    Field("nofailback", "boolean", "whether they stay where they were moved to", title="NO FAILBACK"),
    Field("comment", "string?", "its comment"),
    doc="High availability groups (PVE 8), by name.",
)
STATUS_PAGE = item(
    Field("quorate", "boolean?", "whether the cluster is quorate"),
    Field("manager", "string?", "the node whose manager is in charge; null when none is needed"),
    Field("manager_state", "string?", "active, idle, old timestamp - dead?"),
    Field("manager_seen", "time?", "when the manager last reported"),
    Field("fencing", "string?", "whether nodes are armed to be fenced (PVE 9)"),
    Field(
        "nodes",
        "rows",
        "the local resource manager of each node",
        fields=(
            Field("node", "string", "the node"),
            Field("state", "string?", "active, idle, maintenance mode, wait_for_agent_lock, old timestamp - dead?"),
            Field("seen", "time?", "when it last reported"),
        ),
    ),
    Field(
        "services",
        "rows",
        "the managed resources",
        fields=(
            Field("sid", "string", "the resource"),
            Field("node", "string?", "where it is"),
            Field("state", "string?", "what it is"),
            Field("requested", "string?", "what is wanted"),
            Field("crm_state", "string?", "the manager's own view of it", level="wide", title="MANAGER'S STATE"),
        ),
    ),
    doc="What high availability is doing.",
)

RESOURCES, RULES, GROUPS, CURRENT = (
    f"/cluster/ha/{name}" for name in ("resources", "rules", "groups", "status/current")
)
_SHOWN_STATE = re.compile(r"\((.*)\)")
_LAST_DATE = re.compile(r",\s*\w{3} \w{3}\s+\d+ [\d:]+ \d{4}$")


def list_resources(source: Source) -> Reading[list[JsonObject]]:
    """Return the resources with their present state; a state that cannot be read costs a warning."""
    found = as_rows(source.read(RESOURCES), "the HA resources")
    now, warnings = _services(source) if found else ({}, ())
    made = [resource_row(row, now.get(text(row, "sid") or "", {})) for row in found]
    return Reading(sorted(made, key=_by_sid), warnings, bool(warnings))


def show_resource(source: Source, named: str) -> Reading[JsonObject]:
    """Return a resource by sid, vmid or the guest's name, with the rules about it; raises NotFound."""
    found = list_resources(source)
    sid = named if ":" in named else _sid_of(source, named, found.value)
    row = next((row for row in found.value if row["sid"] == sid), None)
    if row is None:
        raise NotFound(f"{named} is not managed by high availability", hint="pmpc ha resource list")
    rules: list[JsonObject] = []
    warnings = list(found.warnings)
    try:
        rules = list_rules(source).value
    except UsageError:
        pass  # PVE 8: the group is in the row
    except PmpcError as error:
        warnings.append(warning_of("the HA rules", error))
    about = [rule for rule in rules if isinstance(rule["resources"], list) and sid in rule["resources"]]
    return Reading({**row, "rules": [*about]}, tuple(warnings), bool(warnings))


def _sid_of(source: Source, named: str, found: list[JsonObject]) -> str:
    if named.isdecimal():
        return next((str(row["sid"]) for row in found if str(row["vmid"]) == named), f"vm:{named}")
    guest = find_guest(source, named)
    return f"{guest.kind}:{guest.vmid}"


def list_rules(source: Source) -> Reading[list[JsonObject]]:
    """Return the rules; raises UsageError on PVE 8, which has groups instead."""
    try:
        found = as_rows(source.read(RULES), "the HA rules")
    except PmpcError as error:
        if not unknown_to_server(error):
            raise
        raise UsageError(
            "this server has no HA rules: they came with PVE 9", hint="PVE 8 has groups: pmpc ha group list"
        ) from error
    return Reading(sorted((rule_row(row) for row in found), key=lambda row: str(row["rule"])))


def show_rule(source: Source, name: str) -> Reading[JsonObject]:
    """Return a rule; raises NotFound."""
    row = next((row for row in list_rules(source).value if row["rule"] == name), None)
    if row is None:
        raise NotFound(f"there is no HA rule {name!r}", hint="pmpc ha rule list")
    return Reading(row)


def list_groups(source: Source) -> Reading[list[JsonObject]]:
    """Return the groups; raises UsageError on PVE 9, which has turned them into rules."""
    try:
        found = as_rows(source.read(GROUPS), "the HA groups")
    except PmpcError as error:
        if "migrated to rules" not in error.message:
            raise
        raise _no_groups() from error
    # A pull from PVE 9 records that there are none, and not why.
    if not found and not source.live and release_of(text(as_object(source.read("/version")), "version")) >= 9:
        raise _no_groups()
    made: list[JsonObject] = [
        {
            "group": text(row, "group") or "",
            "nodes": [*split_list(text(row, "nodes"))],
            "restricted": boolean(row, "restricted"),
            "nofailback": boolean(row, "nofailback"),
            "comment": text(row, "comment"),
        }
        for row in found
    ]
    return Reading(sorted(made, key=lambda row: str(row["group"])))


def _no_groups() -> UsageError:
    return UsageError("this server has no HA groups: PVE 9 has turned them into rules", hint="pmpc ha rule list")


def show_status(source: Source) -> Reading[JsonObject]:
    """Return what manager, nodes and resources are doing, from the one list that PVE shows of it."""
    found = as_rows(source.read(CURRENT), "the HA status")
    first = {str(row.get("type")): row for row in reversed(found)}
    manager, quorum, fencing = (first.get(kind, {}) for kind in ("master", "quorum", "fencing"))
    nodes: list[JsonObject] = [
        {
            "node": text(row, "node") or "",
            "state": _state(text(row, "status")),
            "seen": iso(integer(row, "timestamp")),
        }
        for row in found
        if row.get("type") == "lrm"
    ]
    services: list[JsonObject] = [
        {
            "sid": _sid(row),
            "node": text(row, "node"),
            "state": text(row, "state"),
            "requested": text(row, "request_state"),
            "crm_state": text(row, "crm_state"),
        }
        for row in found
        if row.get("type") == "service"
    ]
    return Reading(
        {
            "quorate": boolean(quorum, "quorate") if quorum else None,
            "manager": text(manager, "node"),
            "manager_state": _state(text(manager, "status")),
            "manager_seen": iso(integer(manager, "timestamp")),
            "fencing": text(fencing, "armed-state") or text(fencing, "status"),
            "nodes": [*sorted(nodes, key=lambda row: str(row["node"]))],
            "services": [*sorted(services, key=_by_sid)],
        }
    )


def resource_row(row: JsonObject, now: JsonObject) -> JsonObject:
    """Turn one resource into a row; ``now`` is its row of the status list, empty where there is none."""
    sid = _sid(row)
    kind, _, vmid = sid.partition(":")
    restart, relocate = integer(row, "max_restart"), integer(row, "max_relocate")
    return {
        "sid": sid,
        "type": text(row, "type") or kind,
        "vmid": int(vmid) if vmid.isdecimal() else None,
        "requested": text(row, "state") or "started",
        "state": text(now, "state"),
        "node": text(now, "node"),
        "group": text(row, "group"),
        "max_restart": 1 if restart is None else restart,
        "max_relocate": 1 if relocate is None else relocate,
        "failback": boolean(row, "failback", True),
        "comment": text(row, "comment"),
    }


def rule_row(row: JsonObject) -> JsonObject:
    """Turn one rule into a row of RULE_ROWS."""
    kind = text(row, "type") or ""
    return {
        "rule": text(row, "rule") or "",
        "type": kind,
        "enabled": not boolean(row, "disable"),
        "resources": [*split_list(text(row, "resources"))],
        "nodes": [*split_list(text(row, "nodes"))],
        "strict": boolean(row, "strict") if kind == "node-affinity" else None,
        "affinity": text(row, "affinity"),
        "errors": _errors(row.get("errors")),
        "comment": text(row, "comment"),
    }


def _services(source: Source) -> tuple[dict[str, JsonObject], tuple[Warn, ...]]:
    try:
        found = as_rows(source.read(CURRENT), "the HA status")
    except PmpcError as error:
        return {}, (warning_of("the state of HA resources", error),)
    return {_sid(row): row for row in found if row.get("type") == "service"}, ()


def _sid(row: JsonObject) -> str:
    # The id of a status row is service:vm:100; older releases send no sid beside it.
    return text(row, "sid") or (text(row, "id") or "").removeprefix("service:")


def _by_sid(row: JsonObject) -> tuple[int, str]:
    number = str(row["sid"]).partition(":")[2]
    return int(number) if number.isdecimal() else 0, str(row["sid"])


def _state(status: str | None) -> str | None:
    """Pick ``active`` out of ``pve1 (active, Sat Nov 22 20:00:00 2026)``; other texts stay as they are."""
    found = _SHOWN_STATE.search(status or "")
    return _LAST_DATE.sub("", found[1]) if found else status


def _errors(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [f"{key}: {_flat(one)}" for key, one in sorted(value.items())]
    return [_flat(one) for one in value] if isinstance(value, list) else []


def _flat(value: Json) -> str:
    return "; ".join(str(one) for one in value) if isinstance(value, list) else str(value)
