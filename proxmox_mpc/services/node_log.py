"""The system log of a node."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from proxmox_mpc.domain.json import JsonObject, Param, as_object, as_rows, integer, number, text
from proxmox_mpc.domain.moments import duration
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Answer, Reading, Source, api_path
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.reads import no_such_node, on_node

LOG_ROWS = rows(
    Field("line", "integer", "number of the line, from 1"),
    Field("text", "string", "the line"),
    doc="Lines of a log, oldest first.",
)

# What PVE's parameters since and until take: the node's own time.
_SERVER_TIME = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?")


def log_row(row: JsonObject) -> JsonObject:
    """Turn one ``{n, t}`` of a log into a row of LOG_ROWS."""
    return {"line": integer(row, "n") or 0, "text": (text(row, "t") or "").rstrip("\n")}


def node_log(
    source: Source,
    node: str,
    *,
    limit: int,
    since: str | None = None,
    until: str | None = None,
    service: str | None = None,
) -> Reading[list[JsonObject]]:
    """Return the newest ``limit`` lines of the node's log in order of time; 0 for all of them.

    ``since`` and ``until`` are the node's own time (``2026-11-22 08:00``), ISO 8601 with an offset, or an age (``2h``).
    """
    window: dict[str, Param] = {"service": service}
    for name, value in (("since", since), ("until", until)):
        if value is not None:
            window[name] = _server_time(source, node, value, f"--{name}")
    # PVE gives the lines from the oldest on, and the count of all beside them.
    first = _answer(source, node, {**window, "limit": limit or 500})
    total = first.total if first.total is not None else limit
    wanted = limit or total
    if total > (limit or 500):
        first = _answer(source, node, {**window, "start": max(0, total - wanted), "limit": wanted})
    return Reading([log_row(row) for row in as_rows(first.data, "the log")])


def _answer(source: Source, node: str, params: dict[str, Param]) -> Answer:
    try:
        return source.answer(api_path("nodes", node, "syslog"), params)
    except NotFound as error:
        if "hostname lookup" in error.message:
            raise no_such_node(node) from error
        raise


def _server_time(source: Source, node: str, value: str, option: str) -> str:
    """Return ``value`` in the node's own time, the only one that PVE takes."""
    if _SERVER_TIME.fullmatch(value):
        return value
    clock = as_object(on_node(source, node, "time"), "the node's time")
    here, utc = number(clock, "localtime"), number(clock, "time")
    if here is None or utc is None:
        raise UsageError(f"{option}: the node does not say its time", hint="write it as 2026-11-22 08:00")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        seconds = here - duration(value, option)
    else:
        seconds = moment.timestamp() + (here - utc) if moment.tzinfo else moment.replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
