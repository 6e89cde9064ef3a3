"""The firewall's levels, and the rules on each: cluster, node, guest, vnet and security group."""

from __future__ import annotations

from dataclasses import dataclass

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, api_path
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services.guests import find_guest, inventory, reachable
from proxmox_mpc.services.reads import (
    Notes,
    enumerated,
    no_such_node,
    node_states,
    resources,
    silent_nodes,
    unknown_to_server,
)

LEVEL = Field("level", "string", "where it is kept: cluster, node NAME, vm ID, ct ID, vnet NAME, group NAME")
_RULE = (
    Field("pos", "integer", "its place: rules are tried from 0 on", title="#"),
    Field("enabled", "boolean", "whether it counts", title="ON"),
    Field("type", "string", "in, out, forward, or group where it stands for a security group"),
    Field("action", "string", "ACCEPT, DROP, REJECT, or the security group's name"),
    Field("macro", "string?", "the service it is for, by PVE's name (SSH, HTTPS, …)"),
    Field("proto", "string?", "protocol"),
    Field("source", "string?", "where from: address, range, alias or +ipset"),
    Field("dest", "string?", "where to"),
    Field("dport", "string?", "destination ports"),
    Field("sport", "string?", "source ports", level="wide"),
    Field("iface", "string?", "interface", level="wide"),
    Field("icmp_type", "string?", "ICMP type", level="wide"),
    Field("log", "string?", "the level at which it logs", level="wide"),
    Field("comment", "string?", "its comment", level="wide"),
)
RULE_ROWS = rows(LEVEL, *_RULE, doc="Firewall rules, by level and place.")
GROUP_ROWS = rows(
    Field("group", "string", "the security group's name"),
    Field("comment", "string?", "its comment"),
    doc="Security groups, by name.",
)
GROUP_PAGE = item(*GROUP_ROWS.fields, Field("rules", "rows", "its rules", fields=_RULE), doc="One security group.")


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the firewall: its kind, its name and the path of the API it is kept under."""

    kind: str
    name: str
    path: str

    @property
    def label(self) -> str:
        """What output calls it."""
        return f"{self.kind} {self.name}".rstrip()

    @property
    def named(self) -> str:
        """What a sentence calls it."""
        return f"{self.kind} {self.name}" if self.name else f"the {self.kind}"

    @property
    def rules(self) -> str:
        """The path of its rules; a security group's own path is the list of them."""
        return self.path if self.kind == "group" else f"{self.path}/rules"


CLUSTER = Level("cluster", "", api_path("cluster", "firewall"))


def group_level(name: str) -> Level:
    """Return the level of a security group."""
    return Level("group", name, api_path("cluster", "firewall", "groups", name))


def _node_level(name: str) -> Level:
    return Level("node", name, api_path("nodes", name, "firewall"))


def _guest_level(guest: GuestRef) -> Level:
    return Level(guest.kind, str(guest.vmid), guest.path("firewall"))


def _vnet_level(name: str) -> Level:
    return Level("vnet", name, api_path("cluster", "sdn", "vnets", name, "firewall"))


def level_of(
    source: Source,
    *,
    cluster: bool = False,
    node: str | None = None,
    guest: str | None = None,
    vnet: str | None = None,
    group: str | None = None,
) -> Level:
    """Return the one level that the options name, the cluster's when they name none.

    Raises UsageError where they name several, NotFound for a node or guest that does not exist.
    """
    options = {"--cluster": cluster or None, "--node": node, "--guest": guest, "--vnet": vnet, "--group": group}
    given = [option for option, value in options.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} cannot be used together", hint="name one level of the firewall")
    if node is not None:
        if node not in node_states(resources(source)):
            raise no_such_node(node)
        return _node_level(node)
    if guest is not None:
        return _guest_level(reachable(find_guest(source, guest), source))
    if vnet is not None:
        return _vnet_level(vnet)
    return CLUSTER if group is None else group_level(group)


def every_level(source: Source, notes: Notes) -> list[Level]:
    """Return all levels that can hold rules: cluster, groups, vnets, nodes that answer and the guests on them."""
    known = inventory(source)
    offline = known.offline if source.live else frozenset[str]()
    down = dict.fromkeys(sorted(offline), "offline")
    notes.add(*silent_nodes(down, "its rules and those of its guests are missing"))
    groups = _names(source, "/cluster/firewall/groups", "group", "the security groups", notes)
    vnets = _names(source, "/cluster/sdn/vnets", "vnet", "the vnets", notes)
    return [
        CLUSTER,
        *(group_level(name) for name in groups),
        *(_vnet_level(name) for name in vnets),
        *(_node_level(name) for name in sorted(known.nodes - offline)),
        *(_guest_level(guest) for guest in known.guests if guest.node not in offline),
    ]


def _names(source: Source, path: str, key: str, what: str, notes: Notes) -> list[str]:
    try:
        return sorted(name for row in as_rows(source.read(path), path) if (name := text(row, key)))
    except PmpcError as error:
        # An older server without SDN has no vnets; that hides no rule.
        if not unknown_to_server(error):
            notes.failed(what, error)
        return []


def list_rules(source: Source, level: Level) -> Reading[list[JsonObject]]:
    """Return the rules of one level in their order; raises NotFound for a group or vnet that does not exist."""
    return Reading(_rules(level, as_rows(read_level(source, level, level.rules), f"the rules of {level.label}")))


def list_all_rules(source: Source) -> Reading[list[JsonObject]]:
    """Return the rules of every level; a level that cannot be read costs a warning."""
    notes = Notes()
    levels = every_level(source, notes)
    found: list[JsonObject] = []
    failed: dict[str, list[tuple[str, PmpcError]]] = {}
    for level, read in zip(levels, source.read_many([Query(level.rules) for level in levels]), strict=True):
        if not isinstance(read, PmpcError):
            found += _rules(level, as_rows(read, f"the rules of {level.label}"))
        # Before PVE 8.3 vnets have no firewall.
        elif not (level.kind == "vnet" and unknown_to_server(read)):
            failed.setdefault(read.code, []).append((level.named, read))
    for errors in failed.values():
        notes.failed(f"the rules of {enumerated([named for named, _ in errors])}", errors[0][1])
    return Reading(found, *notes.values())


def list_groups(source: Source) -> Reading[list[JsonObject]]:
    """Return the security groups, by name."""
    found = as_rows(source.read("/cluster/firewall/groups"), "the security groups")
    made: list[JsonObject] = [{"group": text(row, "group") or "", "comment": text(row, "comment")} for row in found]
    return Reading(sorted(made, key=lambda row: str(row["group"])))


def show_group(source: Source, name: str) -> Reading[JsonObject]:
    """Return a security group with its rules; raises NotFound."""
    row = next((row for row in list_groups(source).value if row["group"] == name), None)
    if row is None:
        raise NotFound(f"there is no security group {name!r}", hint="pmpc firewall group list")
    found = as_rows(source.read(group_level(name).rules), f"the rules of group {name}")
    return Reading({**row, "rules": [rule_row(rule) for rule in _ordered(found)]})


def read_level(source: Source, level: Level, path: str) -> Json:
    """Read a path of a level; a vnet or group that does not exist is NotFound with where to look."""
    try:
        return source.read(path)
    except NotFound as error:
        if level.kind == "vnet" and unknown_to_server(error):
            raise NotFound("this server has no firewall for vnets", hint="PVE has it from 8.3 on") from error
        where = {"group": "pmpc firewall group list", "vnet": "pmpc sdn vnet list"}.get(level.kind)
        if where is None or unknown_to_server(error):
            raise
        raise NotFound(f"there is no {level.label}: {error.message}", hint=where, details=error.details) from error


def rule_row(row: JsonObject) -> JsonObject:
    """Turn one rule of PVE into a row, without its level."""
    return {
        "pos": integer(row, "pos") or 0,
        "enabled": boolean(row, "enable"),
        "type": text(row, "type") or "in",
        "action": text(row, "action") or "",
        **{key: text(row, key) for key in ("macro", "proto", "source", "dest", "dport", "sport", "iface")},
        "icmp_type": text(row, "icmp-type"),
        "log": text(row, "log"),
        "comment": text(row, "comment"),
    }


def _rules(level: Level, found: list[JsonObject]) -> list[JsonObject]:
    return [{"level": level.label, **rule_row(row)} for row in _ordered(found)]


def _ordered(found: list[JsonObject]) -> list[JsonObject]:
    return sorted(found, key=lambda row: integer(row, "pos") or 0)
