"""What firewall rules refer to and work under: options, aliases, IP sets, and the log."""

from __future__ import annotations

from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Reading, Source, Warn, api_path
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services.firewall import CLUSTER, LEVEL, Level, read_level

OPTIONS_PAGE = item(
    LEVEL,
    Field("enabled", "boolean", "whether the firewall is on at this level"),
    Field("policy_in", "string?", "what happens to incoming traffic that no rule matches"),
    Field("policy_out", "string?", "what happens to outgoing traffic that no rule matches"),
    Field("policy_forward", "string?", "what happens to forwarded traffic that no rule matches"),
    Field("options", "object", "what is set, in PVE's own keys; all else has PVE's default", title="Options set"),
    doc="The firewall's options at one level; values that are not set are shown with PVE's default.",
)
ALIAS_ROWS = rows(
    LEVEL,
    Field("name", "string", "the alias"),
    Field("cidr", "string?", "the address or network that it stands for"),
    Field("comment", "string?", "its comment"),
    doc="Firewall aliases, by name.",
)
_IPSET = (LEVEL, Field("name", "string", "the IP set's name"), Field("comment", "string?", "its comment"))
IPSET_ROWS = rows(*_IPSET, doc="IP sets, by name.")
IPSET_PAGE = item(
    *_IPSET,
    Field(
        "entries",
        "rows",
        "its members",
        fields=(
            Field("cidr", "string", "address, network or alias"),
            Field("nomatch", "boolean", "whether it is taken out of the set"),
            Field("comment", "string?", "its comment"),
        ),
    ),
    doc="One IP set.",
)
LOG_ROWS = rows(
    Field("line", "integer", "number of the line"),
    Field("text", "string", "what was logged"),
    doc="Lines of a firewall log, oldest first.",
)

# (enable, policy_in, policy_out, policy_forward) where nothing is set; None where a level has no such policy.
_DEFAULTS: dict[str, tuple[bool, str | None, str | None, str | None]] = {
    "cluster": (False, "DROP", "ACCEPT", "ACCEPT"),
    "node": (True, None, None, None),
    "vm": (False, "DROP", "ACCEPT", None),
    "ct": (False, "DROP", "ACCEPT", None),
    "vnet": (False, None, None, "ACCEPT"),
}


def show_options(source: Source, level: Level) -> Reading[JsonObject]:
    """Return the options of a level; for others than the cluster, a warning where the cluster's switch is off."""
    if level.kind == "group":
        raise UsageError("a security group has no options", hint="pmpc firewall group show NAME shows its rules")
    found = as_object(read_level(source, level, f"{level.path}/options"), "the firewall options")
    enabled, *policies = _DEFAULTS[level.kind]
    page: JsonObject = {"level": level.label, "enabled": boolean(found, "enable", enabled)}
    for key, default in zip(("policy_in", "policy_out", "policy_forward"), policies, strict=True):
        page[key] = text(found, key) or default
    page["options"] = {key: found[key] for key in sorted(found) if key != "digest"}
    return Reading(page, _cluster_off(source, level) if page["enabled"] else ())


def _cluster_off(source: Source, level: Level) -> tuple[Warn, ...]:
    """Say that nothing is filtered anywhere while the cluster's firewall is off."""
    if level == CLUSTER:
        return ()
    try:
        cluster = as_object(source.read(f"{CLUSTER.path}/options"), "the firewall options")
    except PmpcError:
        # It is a courtesy: a token that may read a guest alone gets its page without it.
        return ()
    if boolean(cluster, "enable"):
        return ()
    text_ = f"the firewall of {level.named} is on, but the cluster's is off: nothing is filtered"
    return (Warn("firewall_off", text_, hint="pmpc firewall options"),)


def list_aliases(source: Source, level: Level) -> Reading[list[JsonObject]]:
    """Return the aliases of the cluster or a guest, by name."""
    found = as_rows(source.read(f"{_with_sets(level, 'aliases')}/aliases"), "the aliases")
    made: list[JsonObject] = [
        {
            "level": level.label,
            "name": text(row, "name") or "",
            "cidr": text(row, "cidr"),
            "comment": text(row, "comment"),
        }
        for row in found
    ]
    return Reading(sorted(made, key=lambda row: str(row["name"])))


def list_ipsets(source: Source, level: Level) -> Reading[list[JsonObject]]:
    """Return the IP sets of the cluster or a guest, by name."""
    found = as_rows(source.read(f"{_with_sets(level, 'IP sets')}/ipset"), "the IP sets")
    made: list[JsonObject] = [
        {"level": level.label, "name": text(row, "name") or "", "comment": text(row, "comment")} for row in found
    ]
    return Reading(sorted(made, key=lambda row: str(row["name"])))


def show_ipset(source: Source, level: Level, name: str) -> Reading[JsonObject]:
    """Return an IP set with its members; raises NotFound."""
    row = next((row for row in list_ipsets(source, level).value if row["name"] == name), None)
    if row is None:
        raise NotFound(f"{level.named} has no IP set {name!r}", hint="pmpc firewall ipset list")
    # An IP set's name is one segment of the path, whatever is in it.
    members = as_rows(source.read(level.path + "/ipset" + api_path(name)), f"IP set {name}")
    entries: list[JsonObject] = [
        {
            "cidr": text(member, "cidr") or "",
            "nomatch": boolean(member, "nomatch"),
            "comment": text(member, "comment"),
        }
        for member in members
    ]
    return Reading({**row, "entries": [*sorted(entries, key=lambda entry: str(entry["cidr"]))]})


def read_log(source: Source, level: Level, limit: int, since: float | None) -> Reading[list[JsonObject]]:
    """Return the last ``limit`` lines of a node's or guest's firewall log, from ``since`` (epoch seconds) on.

    PVE counts from the log's beginning, so the number of lines is asked for first.
    """
    if level.kind not in ("node", "vm", "ct"):
        raise UsageError(f"{level.named} has no firewall log", hint="name a log with --node NODE or --guest ID")
    path = f"{level.path}/log"
    after = {} if since is None else {"since": int(since)}
    total = source.answer(path, {"start": 0, "limit": 1, **after}).total or 0
    start = max(0, total - limit)
    found = as_rows(source.read(path, {"start": start, "limit": limit, **after}), "the firewall log")
    lines: list[JsonObject] = [{"line": integer(row, "n") or 0, "text": text(row, "t") or ""} for row in found]
    # PVE answers an empty log with one line that says so.
    return Reading([row for row in lines if total > 1 or row["text"] != "no content"])


def _with_sets(level: Level, what: str) -> str:
    if level.kind not in ("cluster", "vm", "ct"):
        raise UsageError(f"{level.named} has no {what} of its own", hint="the cluster and each guest keep some")
    return level.path
