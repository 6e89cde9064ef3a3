"""The status page for people: a line for what is well, tables for what is not."""

from __future__ import annotations

from proxmox_mpc.domain.json import JsonObject, integer, text
from proxmox_mpc.domain.shape import Field, Shape, item
from proxmox_mpc.output.human import byte_size, moment, span
from proxmox_mpc.output.tables import page
from proxmox_mpc.services.status_shape import STATUS_PAGE

_LINES = ("health", "cluster", "guests", "backups", "certificates", "workspace", "database", "time")
_TABLES = ("problems", "unread", "nodes", "full", "inactive", "failed_tasks", "failing_replication")
_DECLARED = {field.key: field for field in STATUS_PAGE.fields}
_ROOMY = 110


def _shape(width: int | None) -> Shape:
    """Return the shape of the page: what is wrong must be read in a narrow terminal too, so hints need room."""
    shown = ("level", "message", "hint") if width is None or width >= _ROOMY else ("level", "message")
    problems = _DECLARED["problems"]
    problems = problems._replace(fields=tuple(field for field in problems.fields if field.key in shown))
    tables = (problems, *(_DECLARED[key] for key in _TABLES[1:]))
    return item(*(Field(key, "string?", "") for key in _LINES), *tables)


def status_page(data: JsonObject, width: int | None) -> str:
    """Return the page for the data of STATUS_PAGE; ``width`` as for every table."""
    lines: JsonObject = {
        "health": text(data, "health"),
        "cluster": _cluster(data.get("cluster")),
        "guests": _guests(data.get("guests")),
        "backups": _backups(data.get("backups")),
        "certificates": _certificates(data.get("certificates")),
        "workspace": _workspace(data.get("workspace")),
        "database": _database(data.get("database")),
        "time": f"{moment(text(data, 'time') or '')}, from the {text(data, 'source')}",
    }
    return page(lines | {key: data.get(key) for key in _TABLES}, _shape(width), width=width)


def _cluster(cluster: object) -> str:
    if not isinstance(cluster, dict):
        return "not read"
    quorum = {True: "quorate", False: "NO QUORUM", None: "not a cluster"}[cluster.get("quorate")]
    parts = [
        text(cluster, "name"),
        quorum,
        f"Proxmox VE {text(cluster, 'version') or 'of unknown release'}",
        f"{cluster['nodes_online']} of {cluster['nodes_total']} nodes online",
    ]
    return ", ".join(part for part in parts if part)


def _guests(guests: object) -> str:
    if not isinstance(guests, dict):
        return "not read"
    states = ("running", "stopped", "paused", "unknown", "templates")
    counts = ", ".join(f"{guests[state]} {state}" for state in states if guests[state])
    return counts or "none"


def _backups(backups: object) -> str:
    if not isinstance(backups, dict):
        return "not read"
    missing = backups.get("not_covered")
    uncovered = f"; in none: {', '.join(str(one) for one in missing)}" if isinstance(missing, list) and missing else ""
    jobs = integer(backups, "jobs")
    return f"{'unknown' if jobs is None else jobs} {'job' if jobs == 1 else 'jobs'}{uncovered}"


def _certificates(certificates: object) -> str:
    rows = [row for row in certificates if isinstance(row, dict)] if isinstance(certificates, list) else []
    if not rows:
        return "not read"
    first = min(rows, key=lambda row: integer(row, "days_left") or 0)
    return f"the first expires in {first['days_left']} days ({first['filename']} of {first['node']})"


def _workspace(workspace: object) -> str | None:
    return f"{workspace['name']} ({workspace['path']})" if isinstance(workspace, dict) else None


def _database(database: object) -> str | None:
    if not isinstance(database, dict):
        return None
    if error := text(database, "error"):
        return error
    age = integer(database, "age")
    if age is None:
        return "nothing recorded yet (pmpc sync pull)"
    size = byte_size(integer(database, "size") or 0)
    return f"{integer(database, 'guests')} guests, pulled {span(age)} ago ({text(database, 'last_outcome')}), {size}"
