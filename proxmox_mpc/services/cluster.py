"""The cluster as a whole: quorum and members, datacenter options, its log."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.services.identity import read_identity
from proxmox_mpc.services.nodes import old_release
from proxmox_mpc.services.reads import Notes, read_parts, silent_nodes

_MEMBER = (
    Field("node", "string", "the node"),
    Field("nodeid", "integer?", "its number in the cluster"),
    Field("ip", "string?", "its address in the cluster network"),
    Field("online", "boolean", "whether it answers"),
    Field("local", "boolean", "whether it is the node that was asked"),
    Field("version", "string?", "release of Proxmox VE on it"),
    Field("level", "string?", "subscription level"),
)

CLUSTER_PAGE = item(
    Field("name", "string?", "name of the cluster; null for a node that stands alone"),
    Field("clustered", "boolean", "whether it is a cluster"),
    Field("quorate", "boolean?", "whether more than half of the votes are there; null without a cluster"),
    Field("root_ca", "string?", "fingerprint of its own root certificate, which tells it from any other cluster"),
    Field("version", "string?", "release of Proxmox VE on the node that was asked"),
    Field("config_version", "integer?", "version of the cluster configuration"),
    Field("nodes_total", "integer", "nodes of the cluster"),
    Field("nodes_online", "integer", "nodes that answer"),
    Field("nodes", "rows", "the nodes", fields=_MEMBER),
    doc="The cluster: quorum, release, and its nodes.",
)

OPTIONS_PAGE = item(doc="Datacenter options under PVE's own names, as PVE keeps them.", open=True)

CLUSTER_LOG_ROWS = rows(
    Field("time", "time?", "when"),
    Field("node", "string?", "on which node"),
    Field("user", "string?", "who"),
    Field("tag", "string?", "which part of PVE", level="wide"),
    Field("severity", "string?", "syslog's word: emerg, alert, crit, err, warning, notice, info, debug"),
    Field("message", "string", "what happened"),
    Field("pid", "integer?", "process", level="data"),
    doc="The cluster's log, newest first.",
)
_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


def show_cluster(source: Source) -> Reading[JsonObject]:
    """Return name, quorum, releases and members; what one node does not answer is left out with a warning."""
    status = as_rows(source.read("/cluster/status"), "/cluster/status")
    members = sorted((row for row in status if row.get("type") == "node"), key=lambda row: text(row, "name") or "")
    cluster = next((row for row in status if row.get("type") == "cluster"), None)
    states = {text(row, "name") or "": "online" if boolean(row, "online") else "offline" for row in members}
    notes = Notes()
    notes.add(*silent_nodes(states, "its release is not known"))
    version = text(
        as_object(read_parts(source, {"the release": Query("/version")}, notes).get("the release") or {}), "version"
    )
    versions = _versions(source, members, notes)
    notes.add(*old_release(version), *_mixed(versions), partial=False)
    page: JsonObject = {
        "name": text(cluster, "name") if cluster else None,
        "clustered": cluster is not None,
        "quorate": boolean(cluster, "quorate") if cluster else None,
        "root_ca": read_identity(source).root_ca if source.live else None,
        "version": version,
        "config_version": integer(cluster, "version") if cluster else None,
        "nodes_total": len(members),
        "nodes_online": list(states.values()).count("online"),
        "nodes": [_member(row, versions) for row in members],
    }
    return Reading(page, *notes.values())


def _versions(source: Source, members: Sequence[JsonObject], notes: Notes) -> dict[str, str | None]:
    asked = {
        f"the release of {name}": Query(api_path("nodes", name, "version"))
        for row in members
        if boolean(row, "online") and (name := text(row, "name"))
    }
    found = read_parts(source, asked, notes)
    return {what.removeprefix("the release of "): text(as_object(one), "version") for what, one in found.items()}


def _mixed(versions: dict[str, str | None]) -> tuple[Warn, ...]:
    if len({version for version in versions.values() if version}) < 2:
        return ()
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (Warn("mixed_releases", f"the nodes run different releases: {listed}", "upgrade the older ones soon"),)


def _member(row: JsonObject, versions: dict[str, str | None]) -> Json:
    name = text(row, "name") or ""
    return {
        "node": name,
        "nodeid": integer(row, "nodeid"),
        "ip": text(row, "ip"),
        "online": boolean(row, "online"),
        "local": boolean(row, "local"),
        "version": versions.get(name),
        "level": text(row, "level") or None,
    }


def cluster_options(source: Source) -> Reading[JsonObject]:
    """Return the datacenter options by PVE's names, in order of name."""
    found = as_object(source.read("/cluster/options"), "/cluster/options")
    return Reading({key: found[key] for key in sorted(found) if key != "digest"})


def cluster_log(source: Source, limit: int) -> Reading[list[JsonObject]]:
    """Return the newest ``limit`` entries of the cluster's log."""
    found = as_rows(source.read("/cluster/log", {"max": limit}), "/cluster/log")
    entries = sorted(found, key=lambda row: number(row, "time") or 0, reverse=True)
    return Reading([_entry(row) for row in entries[:limit]])


def _entry(row: JsonObject) -> JsonObject:
    priority = integer(row, "pri")
    return {
        "time": iso(number(row, "time")),
        "node": text(row, "node"),
        "user": text(row, "user"),
        "tag": text(row, "tag"),
        "severity": _SEVERITIES[priority] if priority is not None and 0 <= priority < 8 else None,
        "message": text(row, "msg") or "",
        "pid": integer(row, "pid"),
    }
