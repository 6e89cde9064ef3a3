"""The state of everything at a glance: cluster, nodes, storages, guests, failed tasks, certificates, workspace.

A status never hides what it could not read: each such part is null and named in ``unread``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proxmox_mpc.domain.guests import KINDS
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import Now, epoch, iso
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.errors import TlsError, Unreachable
from proxmox_mpc.services.health import Problem, problems_of, ranked, verdict
from proxmox_mpc.services.node_details import certificate_rows
from proxmox_mpc.services.nodes import old_release, usage
from proxmox_mpc.services.reads import Notes, node_states, read_parts, resources, rows_of, silent_nodes
from proxmox_mpc.services.replication import replication_rows, replication_states, source_nodes
from proxmox_mpc.services.status_shape import FULL_FIELDS
from proxmox_mpc.services.storages import storage_rows, without_states
from proxmox_mpc.services.tasks import recent_tasks

_DAY = 86400
_PARTS = (
    "cluster",
    "nodes",
    "guests",
    "full",
    "inactive",
    "failed_tasks",
    "certificates",
    "backups",
    "failing_replication",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the user is: the workspace, if any, and what is known of the database, both as the page shows them."""

    workspace: JsonObject | None = None
    database: JsonObject | None = None


def show_status(connect: Callable[[], Source], place: Place, threshold: float, now: Now) -> Reading[JsonObject]:
    """Return the status page; ``threshold`` is the used fraction from which on a storage counts as nearly full.

    A server that is down is a problem on the page; credentials or a certificate that are refused are errors.
    """
    page: JsonObject = {"health": "ok", "time": iso(now()), "source": "server", "problems": [], "unread": []}
    page |= dict.fromkeys(_PARTS)
    page["workspace"] = {**place.workspace} if place.workspace is not None else None
    page["database"] = {**place.database} if place.database is not None else None
    notes = Notes()
    found: list[Problem] = []
    try:
        source = connect()
        page["source"] = "server" if source.live else "database"
        _read(source, page, threshold, now, notes)
    except TlsError:
        raise
    except Unreachable as error:
        found.append(Problem("critical", "cluster", f"the server does not answer: {error.message}", error.hint))
        notes.add(Warn(error.code, f"the cluster could not be read: {error.message}", error.hint))
    problems = ranked([*found, *problems_of(page)])
    page["problems"] = [problem.row() for problem in problems]
    page["unread"] = [_unread(warn) for warn in notes.warnings]
    page["health"] = verdict(problems)
    return Reading(page, *notes.values())


def _unread(warn: Warn) -> Json:
    what = warn.details.get("what") or warn.details.get("node")
    return {"part": str(what or "cluster"), "reason": warn.message}


def _read(source: Source, page: JsonObject, threshold: float, now: Now, notes: Notes) -> None:
    found = resources(source)
    parts = {
        "the cluster's status": Query("/cluster/status"),
        "the release": Query("/version"),
        "the tasks": Query("/cluster/tasks"),
    }
    if source.live:
        parts["the guests in no backup job"] = Query("/cluster/backup-info/not-backed-up")
        parts["the replication jobs"] = Query("/cluster/replication")
    parts["the backup jobs"] = Query("/cluster/backup")
    states = node_states(found)
    certificates = {
        f"the certificates of {name}": Query(api_path("nodes", name, "certificates", "info"))
        for name, state in states.items()
        if source.live and state != "offline"
    }
    answers = read_parts(source, parts | certificates, notes)
    notes.add(*silent_nodes(states, "what is on it is unknown"))
    if not source.live:
        missing = Warn(
            "not_recorded", "certificates, guests in no backup job and the state of replication are not recorded"
        )
        notes.add(missing, *without_states(rows_of(found, "storage")), partial=False)
    page["cluster"] = _cluster(answers.get("the cluster's status"), answers.get("the release"), states)
    page["nodes"] = [*_nodes(found)]
    page["guests"] = _guests(found)
    page["full"] = [*_full(found, threshold)]
    page["inactive"] = [*_inactive(found, states)]
    if (tasks := answers.get("the tasks")) is not None:
        page["failed_tasks"] = [*_failed(as_rows(tasks, "tasks"), now)]
    if (jobs := answers.get("the replication jobs")) is not None:
        page["failing_replication"] = [*_failing(source, as_rows(jobs), states, notes)]
    if certificates:
        page["certificates"] = [*_certificates(answers, now)]
    page["backups"] = _backups(answers.get("the backup jobs"), answers.get("the guests in no backup job"), found)


def _cluster(status: Json, release: Json, states: dict[str, str]) -> JsonObject:
    members = as_rows(status or [], "/cluster/status")
    cluster = next((row for row in members if row.get("type") == "cluster"), None)
    version = text(as_object(release or {}), "version")
    return {
        "name": text(cluster, "name") if cluster else None,
        "quorate": boolean(cluster, "quorate") if cluster else None,
        "version": version,
        "supported": None if version is None else not old_release(version),
        "nodes_total": len(states),
        "nodes_online": list(states.values()).count("online"),
    }


def _nodes(found: Sequence[JsonObject]) -> list[JsonObject]:
    running = Counter(text(row, "node") for row in rows_of(found, *KINDS) if row.get("status") == "running")
    nodes = sorted(rows_of(found, "node"), key=lambda row: text(row, "node") or "")
    states = node_states(found)
    return [
        {
            "node": (name := text(row, "node") or ""),
            "status": states.get(name, "unknown"),
            "cpu": number(row, "cpu"),
            "memory_fraction": usage(integer(row, "maxmem"), integer(row, "mem"))["used_fraction"],
            "disk_fraction": usage(integer(row, "maxdisk"), integer(row, "disk"))["used_fraction"],
            "uptime": integer(row, "uptime"),
            "guests_running": running[name],
        }
        for row in nodes
    ]


def _guests(found: Sequence[JsonObject]) -> JsonObject:
    every = rows_of(found, *KINDS)
    guests = [row for row in every if not boolean(row, "template")]
    states = Counter(text(row, "status") or "unknown" for row in guests)
    known = states["running"] + states["stopped"] + states["unknown"]
    locked: list[Json] = [f"{_label(row)} ({text(row, 'lock')})" for row in every if text(row, "lock")]
    gave_up: list[Json] = [_label(row) for row in every if text(row, "hastate") == "error"]
    return {
        "total": len(guests),
        "running": states["running"],
        "stopped": states["stopped"],
        "paused": len(guests) - known,
        "unknown": states["unknown"],
        "templates": len(every) - len(guests),
        "locked": locked,
        "ha_error": gave_up,
    }


def _label(row: JsonObject) -> str:
    return " ".join(part for part in (text(row, "vmid"), text(row, "name")) if part)


def _full(found: Sequence[JsonObject], threshold: float) -> list[JsonObject]:
    disks: list[JsonObject] = [
        {
            "storage": "root file system",
            "node": text(row, "node"),
            "type": None,
            **usage(integer(row, "maxdisk"), integer(row, "disk")),
        }
        for row in rows_of(found, "node")
    ]
    storages = [{field.key: row[field.key] for field in FULL_FIELDS} for row in storage_rows(found)]
    full = [row for row in (*disks, *storages) if (number(row, "used_fraction") or 0) >= threshold]
    return sorted(full, key=lambda row: -(number(row, "used_fraction") or 0))


def _inactive(found: Sequence[JsonObject], states: dict[str, str]) -> list[JsonObject]:
    """Return storages that no node that answers can use; a node that has not reported yet proves nothing."""
    # Nor does a row without a state, as the database has them of a past moment.
    online = [
        row
        for row in found
        if row.get("type") != "storage" or ("status" in row and states.get(text(row, "node") or "") == "online")
    ]
    return [
        {field.key: row[field.key] for field in FULL_FIELDS[:3]}
        for row in storage_rows(online)
        if row["status"] != "available"
    ]


def _failed(tasks: Sequence[JsonObject], now: Now) -> list[JsonObject]:
    since = now() - _DAY
    keys = ("started", "node", "type", "id", "user", "exitstatus", "upid")
    return [
        {key: row[key] for key in keys}
        for row in recent_tasks(tasks, now)
        if row["status"] == "failed" and epoch(str(row["ended"] or row["started"] or iso(now()))) >= since
    ]


def _failing(source: Source, jobs: list[JsonObject], states: dict[str, str], notes: Notes) -> list[JsonObject]:
    told = replication_states(source, source_nodes(jobs, states), notes) if jobs else {}
    keys = ("id", "source", "target", "last_sync", "failures", "error")
    return [{key: row[key] for key in keys} for row in replication_rows(jobs, told) if row["state"] == "failing"]


def _certificates(answers: dict[str, Json], now: Now) -> list[JsonObject]:
    first: list[JsonObject] = []
    for what, answer in answers.items():
        if not what.startswith("the certificates of "):
            continue
        found = certificate_rows(what.removeprefix("the certificates of "), answer, now)
        dated = [row for row in found if row["days_left"] is not None]
        if dated:
            least = min(dated, key=lambda row: integer(row, "days_left") or 0)
            first.append({key: least[key] for key in ("node", "filename", "valid_until", "days_left")})
    return first


def _backups(jobs: Json, uncovered: Json, found: Sequence[JsonObject]) -> JsonObject | None:
    if jobs is None and uncovered is None:
        return None
    enabled = None if jobs is None else [row for row in as_rows(jobs) if boolean(row, "enabled", default=True)]
    # A template does not change, so that it is in no job is no omission.
    templates = {integer(row, "vmid") for row in rows_of(found, *KINDS) if boolean(row, "template")}
    listed = sorted(as_rows(uncovered or []), key=lambda row: integer(row, "vmid") or 0)
    missing: list[Json] = [_label(row) for row in listed if integer(row, "vmid") not in templates]
    return {"jobs": None if enabled is None else len(enabled), "not_covered": missing}
