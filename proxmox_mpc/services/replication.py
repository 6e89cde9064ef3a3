"""Storage replication: the jobs of the cluster, and what each source node last did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Query, Reading, Source, api_path
from proxmox_mpc.services.reads import Notes, node_states, read_parts, resources, silent_nodes

REPLICATION_ROWS = rows(
    Field("id", "string", "the job: vmid and number"),
    Field("source", "string?", "the node it is on"),
    Field("target", "string", "the node it is copied to"),
    Field("enabled", "boolean", "whether it is not disabled"),
    Field("state", "string?", "ok, failing, syncing, never; null where the source node was not asked"),
    Field("last_sync", "time?", "begin of the last run that succeeded"),
    Field("failures", "integer?", "runs that failed since the last success"),
    Field("error", "string?", "why the last run failed"),
    Field("guest", "integer", "the guest that is replicated", level="wide"),
    Field("schedule", "string", "calendar events when it runs", level="wide"),
    Field("next_sync", "time?", "when it runs next", level="wide"),
    Field("duration", "number?", "how long the last run took", unit="seconds", level="wide"),
    Field("rate", "number?", "limit in MB/s", level="wide"),
    Field("comment", "string?", "comment", level="wide"),
    doc="Replication jobs, by guest and number.",
)


def list_replication(source: Source) -> Reading[list[JsonObject]]:
    """Return the jobs with their state; the state is not recorded, so offline it is null."""
    jobs = as_rows(source.read("/cluster/replication"), "/cluster/replication")
    notes = Notes()
    if not source.live or not jobs:
        return Reading(replication_rows(jobs, {}))
    nodes = node_states(resources(source))
    wanted = source_nodes(jobs, nodes)
    notes.add(*silent_nodes(wanted, "the state of the replication from it is unknown"))
    return Reading(replication_rows(jobs, replication_states(source, wanted, notes)), *notes.values())


def replication_rows(jobs: Sequence[JsonObject], states: Mapping[str, JsonObject]) -> list[JsonObject]:
    """Turn jobs into rows of REPLICATION_ROWS; ``states`` are what the source nodes tell, by job."""
    found = [_row(job, states.get(text(job, "id") or "")) for job in jobs]
    return sorted(found, key=lambda row: (integer(row, "guest") or 0, str(row["id"])))


def source_nodes(jobs: Sequence[JsonObject], nodes: Mapping[str, str]) -> dict[str, str]:
    """Return the nodes with their states from which jobs replicate; all where a job does not name its source."""
    wanted = {text(job, "source") for job in jobs}
    return {name: state for name, state in nodes.items() if name in wanted or None in wanted}


def replication_states(source: Source, nodes: Mapping[str, str], notes: Notes) -> dict[str, JsonObject]:
    """Return what the nodes that answer tell of their jobs, by job."""
    parts = {
        f"replication of {name}": Query(api_path("nodes", name, "replication"))
        for name, state in nodes.items()
        if state != "offline"
    }
    answers = read_parts(source, parts, notes)
    return {text(row, "id") or "": row for what, answer in answers.items() for row in as_rows(answer, what)}


def _row(job: JsonObject, state: JsonObject | None) -> JsonObject:
    name = text(job, "id") or ""
    known = state or {}
    return {
        "id": name,
        "guest": integer(job, "guest") or integer({"id": name.partition("-")[0]}, "id") or 0,
        "source": text(job, "source"),
        "target": text(job, "target") or "",
        # PVE leaves out the default (pve-guest-common, ReplicationConfig).
        "schedule": text(job, "schedule") or "*/15",
        "enabled": not boolean(job, "disable"),
        "state": _state(state),
        "last_sync": iso(number(known, "last_sync")),
        "next_sync": iso(number(known, "next_sync")),
        "duration": number(known, "duration"),
        "failures": integer(known, "fail_count"),
        "error": text(known, "error"),
        "rate": number(job, "rate"),
        "comment": text(job, "comment"),
    }


def _state(state: JsonObject | None) -> str | None:
    if state is None:
        return None
    if number(state, "pid"):
        return "syncing"
    if text(state, "error") or integer(state, "fail_count"):
        return "failing"
    return "ok" if number(state, "last_sync") else "never"
